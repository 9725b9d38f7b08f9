"""What is held in memory gives the panels that the warehouse would, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product

import duckdb
import numpy as np
import pytest

from analysis import PanelError, Slice, from_warehouse
from analysis.design import Timing
from analysis.panel.held_weeks import Columns, HeldWeeks, Places
from analysis.panel.slices import CELL_COLUMNS, cells_from_warehouse

MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def cur() -> Iterator[duckdb.DuckDBPyConnection]:
    """Sixty agents x twenty weeks x two channels, with gaps, nulls, cents and a KPI that few agents have."""
    with duckdb.connect() as con:
        con.execute("create schema mart")
        con.execute("select setseed(0.5)")
        con.execute(
            """create table mart.agent_week as
            select a::integer as agent_ix, 'k' || a as agent_key, date '2026-01-05' + 7 * w::integer as week,
                   w::integer as week_ix, case when a % 7 < 6 then 'team-' || a % 7 end as team_id,
                   case a % 3 when 0 then 'north' when 1 then 'south' else 'east' end as site,
                   channel, case when random() < 0.5 then 'billing' else 'sales' end as queue,
                   case when w < 8 then '0-3 months' when w < 16 then '3-12 months' end as tenure_band,
                   case when a % 4 > 0 then date '2026-02-02' + 7 * (a % 4)::integer end as scheduled_week,
                   case when a % 4 > 1 then date '2026-02-09' + 7 * (a % 4)::integer end as trained_week,
                   floor(random() * 9) as calls_num, case when random() < 0.9 then 9.0 else 0 end as calls_den,
                   case when random() < 0.8 then random() end as money_num, 1.0 as money_den,
                   1.0 as rare_num, case when a = 5 then 1.0 else 0.0 end as rare_den
            from range(60) r(a), range(20) s(w), (values ('voice'), ('chat')) c(channel) where random() < 0.8"""
        )
        con.execute(
            """create table mart.agent as select a::integer as agent_ix, 'k' || a as agent_key,
                   case when a % 7 < 6 then 'team-' || a % 7 end as team_id, 'north' as site,
                   case when a % 4 > 0 then date '2026-02-02' + 7 * (a % 4)::integer end as scheduled_week,
                   case when a % 4 > 1 then date '2026-02-09' + 7 * (a % 4)::integer end as trained_week
            from range(60) r(a)"""
        )
        yield con.cursor()


def slices() -> list[Slice]:
    """Every kind of filter alone, and many together."""
    dates = (None, MONDAY + timedelta(weeks=3), MONDAY + timedelta(days=17))
    found = [Slice(start=start, end=end and end + timedelta(weeks=9)) for start, end in product(dates, dates)]
    one = {
        "site": ("south", "north"),
        "team": ("team-2",),
        "channel": ("chat",),
        "queue": ("billing",),
        "tenure_band": ("0-3 months",),
    }
    found += [Slice(**{name: values}) for name, values in one.items()]  # type: ignore[arg-type]
    found.append(Slice(**one, start=dates[2]))  # type: ignore[arg-type]
    found += [Slice(site=("nowhere",)), Slice(cohort=("2026-02-09",), site=("east",))]
    return found


@pytest.mark.parametrize("kpi", ["calls", "money", "rare"])
def test_the_same_rows_in_the_same_order(cur: duckdb.DuckDBPyConnection, kpi: str) -> None:
    held = HeldWeeks.read(cur)
    for slice_ in slices():
        wanted, found = cells_from_warehouse(cur, kpi, slice_), held.cells(kpi, slice_)
        for name in CELL_COLUMNS:
            np.testing.assert_array_equal(wanted[name], found[name], err_msg=f"{name} of {slice_}")


@pytest.mark.parametrize(("timing", "cluster"), list(product(("scheduled", "trained"), ("team", "agent", "site"))))
def test_the_same_panels(cur: duckdb.DuckDBPyConnection, timing: str, cluster: str) -> None:
    held = HeldWeeks.read(cur)
    for slice_ in slices():
        if "nowhere" in slice_.site:
            with pytest.raises(PanelError, match="widen the filter"):
                from_warehouse(cur, "money", slice_, timing, cluster, held)
            continue
        wanted = from_warehouse(cur, "money", slice_, timing, cluster)
        found = from_warehouse(cur, "money", slice_, timing, cluster, held)
        for name in ("num", "den", "cohort_ix", "cluster_ix", "clusters", "units", "times"):
            np.testing.assert_array_equal(getattr(wanted, name), getattr(found, name), err_msg=name)


@pytest.mark.parametrize("timing", ["scheduled", "trained"])
def test_cohorts_are_of_the_week_the_design_counts_from(cur: duckdb.DuckDBPyConnection, timing: Timing) -> None:
    column = f"{timing}_week"
    weeks = cur.execute(
        f"select distinct strftime({column}, '%Y-%m-%d') from mart.agent_week where {column} is not null order by 1"
    ).fetchall()
    places = Places.read(cur, timing)
    assert places.values["cohort"] == tuple(week for (week,) in weeks)
    for week in places.values["cohort"]:
        inside = places.inside(Slice(cohort=(week,)), cohorts=True)
        ((wanted,),) = cur.execute(f"select count(*) from mart.agent_week where {column} = ?", [week]).fetchall()
        assert inside is not None
        assert int(inside.sum()) == wanted > 0


def test_counts_take_half_the_room_and_amounts_keep_their_digits(cur: duckdb.DuckDBPyConnection) -> None:
    places = Places.read(cur)
    assert Columns.read(cur, "calls", places).num.dtype == np.float32
    assert Columns.read(cur, "money", places).num.dtype == np.float64
    assert not Columns.read(cur, "money", places).complete
    assert Columns.read(cur, "calls", places).rows is not None


def test_a_kpi_that_is_not_there_is_named(cur: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PanelError, match=r"no KPI .nothing.: it was built before"):
        HeldWeeks.read(cur).cells("nothing", Slice())


def test_rows_read_for_many_slices_hold_two_kpis(
    cur: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A selection rule asks for its own KPI between the slices of another."""
    read, once = [], Columns.read
    monkeypatch.setattr(
        Columns, "read", lambda cur, kpi_id, places: (read.append(kpi_id), once(cur, kpi_id, places))[1]
    )
    rows = HeldWeeks.read(cur)
    for name in ("calls", "money", "calls", "rare", "calls", "money"):
        for slice_ in (Slice(), Slice(site=("north",))):
            np.testing.assert_array_equal(
                rows.cells(name, slice_)["num"], cells_from_warehouse(cur, name, slice_)["num"]
            )

    assert read == ["calls", "money", "rare", "money"]
