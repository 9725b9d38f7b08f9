"""Data: every row added up, checks and rejects told as they are, and nothing about small groups taken along."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.words.numbers import Reader
from dashboard.data import data_quality as data
from dashboard.data.versions import About
from dashboard.page import Context
from dashboard.pages import data as page
from dashboard.state import Filters
from dashboard.views import data_quality as view

READER = Reader("en_GB", "EUR")
counts = st.integers(0, 10**9)


def manifest(*rows: tuple[str, int, int, int, int]) -> pl.DataFrame:
    names = ["source", "read", "loaded", "rejected", "duplicate"]
    made = pl.DataFrame(rows, schema=names, orient="row")
    path = pl.concat_str(pl.lit("f"), pl.int_range(pl.len()).cast(pl.String))
    return made.with_columns(path.alias("path"), pl.lit("tabular").alias("format"))


def about(failed: int = 0, warned: int = 0) -> About:
    published = datetime(2026, 3, 9, 6, tzinfo=UTC)
    return About("r1", published, date(2025, 6, 2), date(2026, 3, 8), 0, 0, failed, warned, 0)


@given(st.lists(st.tuples(st.sampled_from("ab"), counts, counts, counts), max_size=8))
def test_a_ledger_adds_up_to_the_row(parts: list[tuple[str, int, int, int]]) -> None:
    found = view.ledger(manifest(*((s, a + b + c, a, b, c) for s, a, b, c in parts)))
    assert found.adds_up
    assert found.total["read"] == sum(a + b + c for _, a, b, c in parts)
    assert sum(row["read"] for row in found.sources) == found.total["read"]
    assert found.total["difference"] == 0


def test_two_errors_that_cancel_do_not_add_up() -> None:
    found = view.ledger(manifest(("a", 10, 9, 0, 0), ("a", 10, 11, 0, 0)))
    assert not found.adds_up
    assert found.total["difference"] == 0
    assert found.total["unequal"] == 2
    assert view.sentence(found, about(), READER).startswith("2 of 20 rows read are not accounted for, in 2 files")


@pytest.mark.parametrize(
    ("failed", "warned", "words"),
    [
        (0, 0, "All 10 rows read are accounted for, and every data check passed."),
        (0, 1, "All 10 rows read are accounted for; 1 check has something to look at."),
        (2, 1, "All 10 rows read are accounted for, but 2 data checks failed."),
    ],
)
def test_the_sentence_tells_rows_and_checks(failed: int, warned: int, words: str) -> None:
    found = view.ledger(manifest(("a", 10, 8, 1, 1)))
    assert view.sentence(found, about(failed, warned), READER) == words


def test_failures_stand_first_and_never_look_like_passes() -> None:
    rows = pl.DataFrame(
        [
            {"check": "b", "severity": "error", "status": "passed", "violations": 0, "sentence": ""},
            {"check": "a", "severity": "warning", "status": "failed", "violations": 3, "sentence": ""},
            {"check": "c", "severity": "error", "status": "failed", "violations": 1, "sentence": ""},
        ]
    )
    found = view.checks(rows)
    assert [(row["check"], row["mark"]) for row in found] == [("c", "⊘"), ("a", "◐"), ("b", "●")]
    assert view.checks_title(found) == "1 of 3 data checks passed"


def test_nearly_all_rows_matched_is_not_rounded_to_all() -> None:
    coverage = pl.DataFrame(
        [{"source": "a", "ids": 9, "matched": 9, "ambiguous": 0, "unknown": 1, "rows": 100_000, "rows_matched": 99_999}]
    )
    assert view.coverage_title(coverage, READER) == "99.9% of 100,000 rows found their agent"
    assert view.coverage_rows(coverage, READER)[0]["words"].startswith("99.9%")


def test_rows_left_out_on_purpose_are_not_called_faulty() -> None:
    rows = pl.DataFrame([{"source": "t", "reason": "no escalation", "on_purpose": True, "rows": 985}])
    assert view.rejects_title(rows, 985, READER) == "No row was faulty; some were left out on purpose"
    fault = pl.DataFrame([{"source": "t", "reason": "late", "on_purpose": False, "rows": 15}])
    assert view.rejects_title(pl.concat([rows, fault]), 1000, READER) == "Every faulty row has the same fault: late"
    assert view.rejects_title(pl.DataFrame(), 0, READER) == "No row was rejected"


def test_rejects_count_under_each_of_their_reasons(world: Context) -> None:
    rows = {row["reason"]: row["rows"] for row in data.rejects_by_reason(world.queries).iter_rows(named=True)}
    assert rows == {"ended_at is before started_at": 90, "queue is missing": 30}
    assert "raw" not in data.rejects(world.queries).columns


def test_restatements_in_the_units_of_the_kpi(world: Context) -> None:
    rows = view.restatements(data.meta(world.queries, "restatement"), world.settings.catalogue, READER)
    assert [row["kpi"] for row in rows] == ["Escalations", "Satisfied customers"]  # larger change first
    assert (rows[0]["before"], rows[0]["after"], rows[0]["rows"]) == ("10.0%", "11.7%", "100 → 120")
    assert [row["moved"] for row in rows] == ["7%", "none"]
    assert "2 weekly numbers of 2 KPIs" in view.restated_title(rows, READER)


def test_a_kpi_is_followed_back_to_fields(world: Context) -> None:
    steps = data.lineage(world.queries, "escalation_rate")
    ends = {(step.source_relation, step.source_column) for step in steps}
    assert ("tickets (zendesk)", "tags") in ends
    layers = view.lineage_layers(steps)
    assert [layer["title"] for layer in layers] == ["Mart", "Core tables", "As loaded", "Fields of the exports"]
    assert data.lineage(world.queries, "csat_top2") == []


def test_a_lineage_that_bites_its_tail_ends(world: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = pl.DataFrame(
        [("mart.agent_week", "x_num", "core.a", "b"), ("core.a", "b", "core.a", "b")],
        schema=["relation", "column_name", "source_relation", "source_column"],
        orient="row",
    )
    monkeypatch.setattr(data, "meta", lambda *_: loop)
    assert len(data.lineage(world.queries, "x")) == 2


def test_the_last_step_comes_from_the_mapping_of_each_source(world: Context) -> None:
    from etl.configuration.model import Source

    sources = {
        "tickets": Source(format="zendesk", path="t/*.jsonl"),
        "offers": Source(format="tabular", path="o.csv", table="offer", columns={"amount": "Amount"}),
    }
    config = world.settings.config.model_copy(update={"sources": sources})
    found = data.fields(config)
    assert found[("landing.offer", "amount")] == [("offers (tabular)", "Amount")]
    assert ("tickets (zendesk)", "tags") in found[("landing.escalation", "kind")]
    only = data.fields(config, lambda table: set() if table == "escalation" else None)
    assert ("landing.escalation", "kind") not in only


def test_team_weeks_are_the_sums_of_agent_weeks_where_they_may_be(world: Context) -> None:
    rows = data.take(world.queries, data.TEAM_WEEK)
    shown = rows.filter(~pl.col("suppressed"))
    assert (shown["n_agents"] >= world.settings.min_group).all()
    one = shown.row(0, named=True)
    direct = world.queries.frame(
        "select sum(escalation_rate_num) from mart.agent_week where week = ? and team_id = ?",
        (one["week"], one["team_id"]),
    ).item()
    assert one["escalation_rate_num"] == direct
    small = rows.filter(pl.col("team_id") == "Porto-8")
    assert small.height > 0
    assert small["escalation_rate_num"].is_null().all()
    beside = rows.filter("suppressed").group_by("week", "site").len()
    assert (beside["len"] >= 2).all()  # one blank alone would be the site's total minus the others


def test_no_table_of_single_agents_is_offered(world: Context) -> None:
    offered = data.tables(world.queries)["relation"].to_list()
    assert not {"mart.agent", "mart.agent_week", "mart.agent_spell", "meta.reject"} & set(offered)
    for relation in ("mart.agent_week", "core.training", "mart.nonsense", 'mart.x"; drop table y; --'):
        with pytest.raises(data.DownloadError, match="cannot be downloaded here"):
            data.take(world.queries, relation)


def test_every_table_offered_can_be_taken(world: Context) -> None:
    for relation in data.tables(world.queries)["relation"]:
        frame = data.take(world.queries, relation)
        assert "agent_key" not in frame.columns, relation
        for name in ("n_agents", "at_risk"):
            if name in frame.columns:
                small = pl.col(name) < world.settings.min_group
                assert frame.filter(small & (pl.col(name) > 0)).is_empty(), relation


def test_the_page_stands_on_a_warehouse_with_nothing_to_tell(context: Context) -> None:
    assert "headline" in str(page.answer(context, Filters()))


def test_the_page_survives_every_kpi(world: Context) -> None:
    for kpi in ("escalation_rate", "csat_top2", "nonsense"):
        assert "headline" in str(page.answer(world, Filters(), kpi))
