"""Contacts hold what their SELECT gives, as a table and as a view, with every column that has data and without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.marts.relations import every_relation
from tests.etl.conftest import transformed

STAFF = [{"source_agent_id": "1", "employee_number": "1"}]
START = datetime(2024, 1, 1, 9)
FILLED = {
    "source_customer_id": "C1",
    "ended_at": START + timedelta(hours=1),
    "queue": "sales",
    "reason": "bill",
    "handle_s": 61.5,
    "transferred": False,
    "hostile": True,
    "eligible": False,
    "parent_id": "p",
}
"""A value for every field of contacts that may be absent."""

OUTCOMES: dict[str, tuple[str, dict[str, Any]]] = {
    "escalation": ("escalation", {"escalation_id": "e", "kind": "tier2", "at": START}),
    "complaint": ("escalation", {"escalation_id": "c", "kind": "complaint", "at": START}),
    "upsell": ("offer", {"offer_id": "u", "kind": "upsell", "made_at": START, "accepted": True, "amount": 7}),
    "cross-sell": ("offer", {"offer_id": "x", "kind": "cross_sell", "made_at": START, "accepted": False}),
    "evaluation": ("qa_evaluation", {"evaluation_id": "q", "evaluated_at": START, "empathy_score": 80}),
}


def world(fields: dict[str, int], outcomes: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Three contacts; the one whose number stands beside a field has it, and the first has the outcomes."""
    contacts: list[dict[str, Any]] = [
        {
            "interaction_id": f"c{number}", "started_at": START + timedelta(days=number), "channel": "voice",
            "source_agent_id": None if number == 2 else "1",
            **{field: FILLED[field] for field, at in fields.items() if at == number},
        }
        for number in range(3)
    ]  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {"agent": STAFF, "interaction": contacts}
    for outcome in sorted(outcomes):
        table, row = OUTCOMES[outcome]
        rows.setdefault(table, []).append({**row, "interaction_id": "c0"})
    return rows


def agrees(built: Any) -> set[str]:
    """Hold the relation against its SELECT, row by row and column by column; the columns that are virtual."""
    query = every_relation()["core.interaction"]
    described = built.rows(f"describe {query}")
    assert [row[:2] for row in built.rows("describe core.interaction")] == [row[:2] for row in described]
    for one, other in (("core.interaction", f"({query})"), (f"({query})", "core.interaction")):
        assert built.rows(f"select * from {one} except all select * from {other}") == []
    found = built.rows("select column_name from duckdb_columns() where table_name = 'interaction' and is_generated")
    return {name for (name,) in found}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(st.sampled_from(sorted(FILLED)), st.integers(0, 2)),
    outcomes=st.sets(st.sampled_from(sorted(OUTCOMES))),
    contacts=st.sampled_from(["keep", "reduce"]),
)
def test_whatever_is_exported_the_relation_is_what_its_select_gives(
    fields: dict[str, int], outcomes: set[str], contacts: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = {"options": {"contacts": contacts}}
    built = transformed(tmp_path_factory.mktemp("world"), world(fields, outcomes), engine=engine)
    virtual = agrees(built)
    built.con.close()
    if contacts == "reduce":
        assert virtual == set()
        return
    given_columns = {"customer_key" if field == "source_customer_id" else field for field in fields}
    assert not virtual & given_columns
    assert {"customer_key" if field == "source_customer_id" else field for field in FILLED} - given_columns < virtual


def test_columns_that_nothing_fills_are_not_written(build_rows: Callable[..., Any]) -> None:
    assert {"queue", "escalated", "transcripts_known", "_run_id"} < agrees(build_rows(world({}, set())))
