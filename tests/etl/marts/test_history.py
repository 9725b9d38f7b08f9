"""Team history: every fault repaired by the one rule, flagged and counted."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.marts import history

Spell = tuple[str, str, str | None]


def team_rows(spells: list[Spell]) -> dict[str, list[dict[str, Any]]]:
    return {
        "agent": [{"source_agent_id": "1", "employee_number": "1", "hired_on": "2019-01-01"}],
        "agent_team": [
            {"source_agent_id": "1", "team_id": team, "valid_from": start, "valid_to": end}
            for team, start, end in spells
        ],
    }


def repaired(build_rows: Callable[..., Any], spells: list[Spell]) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    built = build_rows(team_rows(spells))
    rows = built.rows(
        "select team_id, cast(valid_from as varchar), cast(valid_to as varchar), repaired "
        "from core.agent_team order by valid_from"
    )
    return rows, {kind: n for kind, n in history.count_repairs(built.con).counts.items() if n}


def test_clean_history_is_left_alone(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", "2024-03-01"), ("B", "2024-03-01", None)])
    assert rows == [("A", "2024-01-01", "2024-03-01", None), ("B", "2024-03-01", None, None)]
    assert counts == {}


def test_a_history_of_starts_only_needs_no_repair(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", None), ("B", "2024-03-01", None)])
    assert rows == [("A", "2024-01-01", "2024-03-01", None), ("B", "2024-03-01", None, None)]
    assert counts == {}


def test_gap_is_filled_by_the_spell_before(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", "2024-02-01"), ("B", "2024-03-01", None)])
    assert rows == [("A", "2024-01-01", "2024-03-01", "gap"), ("B", "2024-03-01", None, None)]
    assert counts == {"gap": 1}


def test_reversed_spell_lasts_until_the_next_start(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", "2023-06-01"), ("B", "2024-03-01", None)])
    assert rows == [("A", "2024-01-01", "2024-03-01", "reversed"), ("B", "2024-03-01", None, None)]
    assert counts == {"reversed": 1}


def test_open_spell_with_a_successor_is_closed_by_it(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", None), ("B", "2024-03-01", "2024-05-01")])
    assert rows == [
        ("A", "2024-01-01", "2024-03-01", "open_with_successor"),
        ("B", "2024-03-01", "2024-05-01", None),
    ]
    assert counts == {"open_with_successor": 1}


def test_loan_inside_a_longer_spell_ends_where_it_says(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", "2024-12-01"), ("B", "2024-03-01", "2024-04-01")])
    assert [row[:3] for row in rows] == [
        ("A", "2024-01-01", "2024-03-01"),
        ("B", "2024-03-01", "2024-04-01"),
        ("A", "2024-04-01", "2024-12-01"),
    ]
    assert rows[1][3] == "overlap"
    assert counts == {"overlap": 1}


def test_of_two_spells_with_one_start_the_believable_one_counts(build_rows: Callable[..., Any]) -> None:
    rows, counts = repaired(build_rows, [("A", "2024-01-01", "2024-06-01"), ("B", "2024-01-01", "2023-12-31")])
    assert rows == [("A", "2024-01-01", "2024-06-01", None)]
    assert counts == {"reversed": 1, "same_start": 1}


def test_a_spell_closed_in_a_later_export_stays_closed(build_rows: Callable[..., Any]) -> None:
    rows, _ = repaired(build_rows, [("A", "2024-01-01", None), ("A", "2024-01-01", "2024-06-01")])
    assert [row[:3] for row in rows] == [("A", "2024-01-01", "2024-06-01")]


days = st.dates(dt.date(2023, 1, 1), dt.date(2024, 12, 31))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), days, st.none() | days), min_size=1, max_size=8))
def test_any_history_becomes_one_team_a_day(spells: list[tuple[str, dt.date, dt.date | None]]) -> None:
    """Property: no overlap, no hole, nothing before the first start, no team that was not exported."""
    import duckdb

    from etl.configuration.kpis import SQL_FOLDER

    con = duckdb.connect(":memory:")
    con.execute("create schema staging; create schema core")
    con.execute("create table staging.parameter as select 'r1' as run_id")
    con.execute(
        "create table staging.agent_team (agent_key varchar, valid_from date, valid_to date, team_id varchar, "
        "supervisor_key varchar, site varchar, _source varchar, _file_id varchar, _line bigint)"
    )
    con.executemany(
        "insert into staging.agent_team values ('a', ?, ?, ?, null, 's', 'hr', 'f', ?)",
        [[start, end, team, line] for line, (team, start, end) in enumerate(spells)],
    )
    for schema, name in (("staging", "team_spell"), ("core", "agent_team")):
        query = (SQL_FOLDER / schema / f"{name}.sql").read_text(encoding="utf-8")
        con.execute(f"create table {schema}.{name} as {query}")
    rows = con.execute("select valid_from, valid_to, team_id from core.agent_team order by valid_from").fetchall()
    assert rows[0][0] == min(start for _, start, _ in spells)
    for before, after in itertools.pairwise(rows):
        assert before[1] == after[0]
    assert all(end is None or start < end for start, end, _ in rows)
    assert {team for _, _, team in rows} <= {team for team, _, _ in spells}
    assert {start for start, _, _ in rows} >= {start for _, start, _ in spells}
