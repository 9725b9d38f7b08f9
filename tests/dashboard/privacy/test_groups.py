"""Counts from held rows are the counts that a query gives: what may be shown hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis.panel.held_weeks import Columns, Places
from analysis.panel.slices import Slice
from dashboard.privacy import group_counts as groups
from dashboard.privacy.group_counts import Combinations, agents_by_week, distinct, sizes_by_week, weekly_level
from dashboard.privacy.suppression import UNASSIGNED

MONDAY = date(2026, 1, 5)
COLUMN = {"team": "team_id", "cohort": "strftime(scheduled_week, '%Y-%m-%d')"}
SLICES = [
    Slice(),
    Slice(site=("north", "east")),
    Slice(channel=("chat",), tenure_band=("0-3 months",)),
    Slice(cohort=("2026-02-09", "2026-02-16"), start=MONDAY + timedelta(days=10)),
    Slice(team=("team-1", "team-2"), end=MONDAY + timedelta(weeks=6)),
    Slice(site=("nowhere",)),
]


@pytest.fixture(scope="module")
def cur() -> Iterator[duckdb.DuckDBPyConnection]:
    """Eighty agents who change team, site and band, twelve weeks, two channels; some answers are not known."""
    with duckdb.connect() as con:
        con.execute("create schema mart")
        con.execute("select setseed(0.25)")
        con.execute(
            """create table mart.agent_week as
            select a::integer as agent_ix, date '2026-01-05' + 7 * w::integer as week, w::integer as week_ix,
                   case when a % 9 < 8 then 'team-' || ((a + (random() * 1.2)::integer) % 8) end as team_id,
                   case a % 3 when 0 then 'north' when 1 then 'south' else 'east' end as site,
                   channel, 'billing' as queue,
                   case when w < 5 then '0-3 months' when a % 2 = 0 then '3-12 months' end as tenure_band,
                   case when a % 4 > 0 then date '2026-02-02' + 7 * (a % 4)::integer end as scheduled_week,
                   case when a % 4 > 2 then date '2026-02-02' end as trained_week,
                   case when random() < 0.7 then floor(random() * 9) end as some_num,
                   case when random() < 0.9 then 9.0 else 0 end as some_den,
                   1.0 as all_num, 2.0 as all_den,
                   case when w > 2 then 4.0 end as late_num, case when w > 1 then 9.0 else 0 end as late_den
            from range(80) r(a), range(12) s(w), (values ('voice'), ('chat')) c(channel) where random() < 0.4"""
        )
        yield con.cursor()


def where(slice_: Slice) -> tuple[str, list[object]]:
    """The selection as SQL, cohorts among it."""
    text, values = slice_.where()
    if slice_.cohort:
        text += f" and scheduled_week in ({', '.join('?' * len(slice_.cohort))})"
        values = [*values, *(date.fromisoformat(cohort) for cohort in slice_.cohort)]
    return text, values


@pytest.mark.parametrize("slice_", SLICES)
def test_agents_by_week(cur: duckdb.DuckDBPyConnection, slice_: Slice) -> None:
    text, values = where(slice_)
    wanted = cur.execute(
        f"select week, count(distinct agent_ix) from mart.agent_week where {text} group by week", values
    ).fetchall()
    places = Places.read(cur)
    assert agents_by_week(places, places.inside(slice_, cohorts=True)) == dict(wanted)


@pytest.mark.parametrize("kpi", ["some", "all", "late"])
@pytest.mark.parametrize("slice_", SLICES)
def test_levels_by_week(cur: duckdb.DuckDBPyConnection, slice_: Slice, kpi: str) -> None:
    text, values = where(slice_)
    wanted = pl.from_arrow(
        cur.sql(
            f"select week, sum({kpi}_num)::double as num, sum({kpi}_den)::double as den, "
            f"count(distinct agent_ix)::bigint as n_agents from mart.agent_week where {kpi}_den > 0 and {text} "
            "group by week order by week",
            params=values,
        ).to_arrow_table()
    )
    places = Places.read(cur)
    found = weekly_level(places, Columns.read(cur, kpi, places), places.inside(slice_, cohorts=True))
    assert isinstance(wanted, pl.DataFrame)
    assert found.equals(wanted.with_columns(pl.col("week").cast(pl.Date)))


@pytest.mark.parametrize("most_cells", [groups.MOST_CELLS, 0], ids=["marked", "apart"])
@pytest.mark.parametrize("name", ["site", "team", "channel", "tenure_band", "cohort"])
@pytest.mark.parametrize("slice_", SLICES)
def test_sizes_by_week_and_value(
    cur: duckdb.DuckDBPyConnection, slice_: Slice, name: str, most_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_CELLS", most_cells)
    text, values = where(slice_)
    wanted: dict[date, dict[str, int]] = {}
    rows = cur.execute(
        f"select week, coalesce({COLUMN.get(name, name)}, ?), count(distinct agent_ix) from mart.agent_week "
        f"where some_den > 0 and {text} group by all",
        [UNASSIGNED, *values],
    ).fetchall()
    for week, value, n in rows:
        wanted.setdefault(week, {})[value] = n
    places = Places.read(cur)
    mask = places.inside(slice_, cohorts=True)
    assert sizes_by_week(places, Columns.read(cur, "some", places), name, mask) == wanted


def test_sizes_of_combinations(cur: duckdb.DuckDBPyConnection) -> None:
    names = ("site", "team", "channel", "queue", "tenure_band", "cohort")
    listed = ", ".join(f"{COLUMN.get(name, name)} as {name}" for name in names)
    rows = pl.from_arrow(
        cur.sql(
            f"select agent_ix, {listed}, min(week) as first_week, max(week) as last_week from mart.agent_week "
            "group by all"
        ).to_arrow_table()
    )
    assert isinstance(rows, pl.DataFrame)
    held = Combinations.of(rows, names)
    start, end = MONDAY + timedelta(weeks=4), MONDAY + timedelta(weeks=6)
    mask = held.overlapping(start, end) & held.having("site", ("north", "south"))
    kept = rows.filter(
        (pl.col("last_week") >= start) & (pl.col("first_week") <= end), pl.col("site").is_in(["north", "south"])
    )
    assert held.n_agents(mask) == kept["agent_ix"].n_unique()
    for name in names:
        counted = kept.with_columns(pl.col(name).fill_null(UNASSIGNED)).group_by(name)
        assert held.sizes(name, mask) == dict(counted.agg(pl.col("agent_ix").n_unique()).iter_rows())


def test_distinct_counts_agents_not_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    agent, code = np.array([0, 0, 1, 5, 5]), np.array([2, 2, 2, 0, 1])
    assert distinct(agent, code, 4).tolist() == [1, 1, 2, 0]
    monkeypatch.setattr(groups, "MOST_CELLS", 0)
    assert distinct(agent, code, 4).tolist() == [1, 1, 2, 0]
    assert distinct(agent[:0], code[:0], 2).tolist() == [0, 0]
