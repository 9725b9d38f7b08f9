"""A KPI without the contacts that were scored: to the contact, and with the learning curve still taken out."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis import Panel
from analysis.panel.scored_contacts import scored_contacts, without_contacts
from etl.configuration.kpis import load

MONDAY = date(2024, 1, 1)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Two agents, three weeks, four contacts a week; the first of each week is scored, one other in a calibration."""
    rows = [
        (f"c{agent}{week}{n}", f"a{agent}", MONDAY + timedelta(weeks=week), n % 2 == agent, n == 0)
        for agent in range(2)
        for week in range(3)
        for n in range(4)
    ]
    frame = pl.DataFrame(rows, schema=["interaction_id", "agent_key", "week", "escalated", "scored"], orient="row")
    con = duckdb.connect()
    con.execute("create schema core")
    con.register("rows", frame.to_arrow())
    con.execute("create table core.interaction as select *, 'acd' as _source, 1 as leg, 0 as place_ix from rows")
    con.execute(
        "create table core.qa_evaluation as select 'acd' as contact_source, interaction_id, 1 as leg, not scored as "
        "calibration from rows where scored or interaction_id = 'c003'"
    )
    return con


def test_the_sums_are_those_of_the_scored_contacts(con: duckdb.DuckDBPyConnection) -> None:
    found = scored_contacts(con, load()["escalation_rate"])
    assert found.height == 6
    assert set(found["den"]) == {1.0}
    assert found.filter(pl.col("agent_key") == "a0")["num"].to_list() == [1.0, 1.0, 1.0]
    assert found.filter(pl.col("agent_key") == "a1")["num"].to_list() == [0.0, 0.0, 0.0]


def test_where_no_contact_is_named_nothing_is_taken_out(con: duckdb.DuckDBPyConnection) -> None:
    assert scored_contacts(con, load()["csat_top2"]).is_empty()
    con.execute("update core.qa_evaluation set interaction_id = null")
    assert scored_contacts(con, load()["escalation_rate"]).is_empty()


def test_what_is_left_is_the_other_contacts_less_the_learning_curve() -> None:
    weeks = [MONDAY + timedelta(weeks=w) for w in range(3)]
    frame = pl.DataFrame(
        {
            "agent": ["a", "a", "a", "b", "b"],
            "week": [*weeks, *weeks[:2]],
            "y": [0.5, 0.25, 0.5, 0.5, 1.0],
            "n": [4, 4, 4, 2, 1],
        }
    ).with_columns(start=pl.lit(None, pl.Date))
    raw = Panel.from_frame(frame, "agent", "week", "start", "y", weight="n")
    panel = raw.with_outcome(raw.y - 0.1, "y")
    scored = pl.DataFrame(
        [("a", weeks[0], 1.0, 1.0), ("b", weeks[1], 1.0, 1.0), ("c", weeks[0], 1.0, 1.0)],
        schema=["agent_key", "week", "num", "den"], orient="row",
    )  # fmt: skip

    left = without_contacts(raw, panel, scored)

    assert left is not None
    assert left.den.tolist() == [[3.0, 4.0, 4.0], [2.0, 0.0, 0.0]]
    assert left.y[0] == pytest.approx([1 / 3 - 0.1, 0.15, 0.4])
    assert not left.observed[1, 1]
    assert np.allclose(left.num[1, 1], 0.0)
    assert without_contacts(raw, panel, scored.filter(pl.col("agent_key") == "c")) is None
