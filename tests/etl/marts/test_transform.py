"""The SQL files: one relation each, run in the order in which they need each other, marts in a portable subset."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from etl.configuration import kpis
from etl.marts.lineage import columns_of, fingerprint, trace_columns
from etl.marts.relations import every_relation, ordered, relations
from etl.marts.zone_offsets import zone_offsets

NOT_PORTABLE = ("asof", "pivot", "unpivot", "at time zone", "qualify", "exclude", "list(", "try_strptime", "merge into")


def test_relations_are_built_after_what_they_read() -> None:
    names = [name for name, _ in ordered(relations())]
    for before, after in (
        ("core.agent_team", "core.agent_place"),
        ("core.escalation", "core.interaction"),
        ("core.interaction", "core.customer_contact"),
        ("core.customer_contact", "mart.agent_week"),
        ("mart.agent_week", "mart.agent"),
        ("mart.agent", "mart.agent_spell"),
    ):
        assert names.index(before) < names.index(after)


def test_a_circle_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"core\.a, core\.b"):
        ordered({"core.a": "select * from core.b", "core.b": "select * from core.a"})


def test_words_in_comments_are_no_references() -> None:
    assert [name for name, _ in ordered({"core.a": "-- see core.b\nselect 1", "core.b": "select * from core.a"})] == [
        "core.a",
        "core.b",
    ]


def test_marts_keep_to_a_portable_subset(build_rows: Callable[..., Any]) -> None:
    queries = {name: sql for name, sql in relations().items() if name.startswith("mart.")}
    queries |= build_rows({}).done.generated
    for name, sql in queries.items():
        text = re.sub(r"--[^\n]*", "", sql).lower()
        assert [word for word in NOT_PORTABLE if word in text] == [], name
        (spark,) = sqlglot.transpile(text, read="duckdb", write="spark")
        assert spark.lower().startswith(("with", "select"))


def test_marts_select_columns_by_name() -> None:
    for name, sql in relations().items():
        if name.startswith("mart.") and name != "mart.agent_week":
            tree = sqlglot.parse_one(sql, read="duckdb")
            assert isinstance(tree, exp.Query)
            assert not any(isinstance(column, exp.Star) for column in tree.selects), name


def test_every_file_begins_with_what_it_is_for() -> None:
    for path in sorted(kpis.SQL_FOLDER.rglob("*.sql")):
        assert path.read_text(encoding="utf-8").startswith("-- "), path


def test_offsets_cover_all_time_and_only_list_changes_within_the_data() -> None:
    import datetime as dt

    stretches = zone_offsets(["Europe/Madrid"], dt.datetime(2024, 3, 1), dt.datetime(2024, 6, 1))
    assert [(s.from_at.year, s.to_at.year, s.offset_s) for s in stretches] == [(1, 2024, 3600), (2024, 9999, 7200)]
    assert stretches[0].to_at == stretches[1].from_at == dt.datetime(2024, 3, 31, 1)


def test_lineage_follows_a_column_through_core(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"interaction": [{"interaction_id": "c", "started_at": "2024-01-01", "channel": "voice"}]})
    queries = {**every_relation(), **built.done.generated}
    edges = trace_columns(queries, columns_of(built.con))
    of = {
        (edge.column_name, f"{edge.source_relation}.{edge.source_column}")
        for edge in edges
        if edge.relation == "core.interaction"
    }
    assert ("handle_s", "landing.interaction.handle_s") in of
    assert ("escalated", "landing.escalation.kind") in of
    assert ("customer_key", "landing.interaction.source_customer_id") in of
    assert fingerprint(queries) != fingerprint({**queries, "core.x": "select 1"})
