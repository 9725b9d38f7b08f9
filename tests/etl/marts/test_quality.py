"""Checks: each fires on what it is for, and says so in words."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.configuration import kpis
from etl.contracts.tables import CONTRACTS
from etl.marts import agent_week, history, quality
from tests.etl.conftest import transformed

META = {
    "reconciliation": 'relation varchar, "rows" bigint, from_files bigint, difference bigint',
    "reject": "file_id varchar, line bigint",
    "file_manifest": 'file_id varchar, path varchar, "read" bigint, loaded bigint, rejected bigint, duplicate bigint',
    "field_coverage": 'relation varchar, source varchar, field varchar, "rows" bigint, filled bigint, sentence varchar',
    "identity_coverage": 'source varchar, "rows" bigint, rows_matched bigint, ambiguous bigint, unknown bigint',
}


def run(built: Any) -> dict[str, quality.DataCheckResult]:
    for table, columns in META.items():
        built.con.execute(f"create table if not exists meta.{table} ({columns})")
    return {result.check: result for result in quality.run_checks(built.con, kpis.load())}


def call(number: int, at: str, agent: str | None = "1", **more: Any) -> dict[str, Any]:
    row = {
        "interaction_id": f"c{number}",
        "source_agent_id": agent,
        "started_at": at,
        "channel": "voice",
        "handle_s": 60,
    }
    return {**row, **more}


STAFF = [{"source_agent_id": "1", "employee_number": "1", "hired_on": "2024-01-08", "left_on": "2024-03-01"}]


def test_clean_data_pass_every_check(build_rows: Callable[..., Any]) -> None:
    staff = [{**STAFF[0], "hired_on": "2023-01-01", "left_on": None}]
    training = [{"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": "2024-01-20"}]
    results = run(
        build_rows(
            {"agent": staff, "training": training, "interaction": [call(1, "2024-01-10"), call(2, "2024-02-10")]}
        )
    )
    assert {name for name, result in results.items() if result.status == "failed"} == set()


def test_work_outside_employment_is_seen(build_rows: Callable[..., Any]) -> None:
    results = run(build_rows({"agent": STAFF, "interaction": [call(1, "2023-12-20"), call(2, "2024-04-20")]}))
    assert results["work_before_hiring"].violations == 1
    assert results["work_after_leaving"].violations == 1
    assert results["work_after_leaving"].severity == "warning"
    assert json.loads(results["work_after_leaving"].sample)[0]["left_on"] == "2024-03-01"


def test_contacts_in_no_week_of_their_agent_are_seen(build_rows: Callable[..., Any]) -> None:
    rows = {"agent": STAFF, "interaction": [call(1, "2024-01-10"), call(2, "2024-02-20"), call(3, "2024-02-21", None)]}
    built = build_rows(rows)
    assert run(built)["outside_weeks"].status == "passed"
    built.con.execute("delete from mart.agent_week where week = '2024-02-19'")
    result = run(built)["outside_weeks"]
    assert (result.violations, result.severity) == (1, "warning")

    programme = {"courses": [{"id": "EMP101"}], "study_from": "2024-02-01"}
    assert run(build_rows(rows, programme=programme))["outside_weeks"].status == "passed"


def test_events_about_contacts_nobody_loaded_are_seen(build_rows: Callable[..., Any]) -> None:
    rows = {
        "agent": STAFF,
        "interaction": [call(1, "2024-01-10"), call(2, "2024-02-20")],
        "survey_response": [{"response_id": "s", "interaction_id": "zz", "answered_at": "2024-02-19", "csat_raw": 3}],
    }
    results = run(build_rows(rows))
    assert results["survey_response_contact"].violations == 1
    assert results["unplaced_events"].violations == 1


def test_a_missing_day_and_a_doubled_day_are_seen(build_rows: Callable[..., Any]) -> None:
    first = dt.date(2024, 1, 1)
    contacts = []
    for day in range(70):
        usual = 20 if (first + dt.timedelta(days=day)).isoweekday() < 6 else 0
        noon = f"{first + dt.timedelta(days=day)} 12:00"
        contacts += [call(1000 * day + n, noon) for n in range({30: 3, 38: 60}.get(day, usual))]
    result = run(build_rows({"interaction": contacts}))["volume_by_weekday"]
    assert result.violations == 2
    assert {row["local_date"] for row in json.loads(result.sample)} == {"2024-01-31", "2024-02-08"}


def test_a_missing_day_is_one_of_the_project_s_zone(build_rows: Callable[..., Any]) -> None:
    """Evenings in New York lie on the next day in UTC; a day of theirs is missing, not two halves."""
    first = dt.date(2024, 1, 1)
    evenings = [first + dt.timedelta(days=day + 1) for day in range(70) if day != 30]
    contacts = [
        call(100 * number + n, f"{day} {1 + n % 4:02}:{n:02}") for number, day in enumerate(evenings) for n in range(24)
    ]
    zone = {"name": "x", "timezone": "America/New_York", "warehouse": "w"}
    result = run(build_rows({"interaction": contacts}, project=zone))["volume_by_weekday"]
    assert [row["local_date"] for row in json.loads(result.sample)] == ["2024-01-31"]


def test_stale_kinds_of_data_are_seen(build_rows: Callable[..., Any]) -> None:
    rows = {
        "interaction": [call(1, "2024-01-10"), call(2, "2024-03-10")],
        "offer": [
            {"offer_id": "o", "interaction_id": "c1", "kind": "upsell", "made_at": "2024-01-10", "accepted": True}
        ],
    }
    results = run(build_rows(rows))
    assert results["freshness"].violations == 1
    assert results["foreign_currency"].violations == 1


KEYS = ", ".join(agent_week.KEYS)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Data of one agent that pass every check of severity error."""
    team = [{"source_agent_id": "1", "team_id": "A", "valid_from": "2023-01-01"}]
    rows = {"agent": STAFF, "agent_team": team, "interaction": [call(1, "2024-01-10")]}
    built = transformed(tmp_path_factory.mktemp("healthy"), rows)
    assert {result.status for result in run(built).values() if result.severity == "error"} == {"passed"}
    return built


@pytest.mark.parametrize(
    ("check", "damage"),
    [
        ("agent_week_grain", f"insert into mart.agent_week by name select {KEYS} from mart.agent_week"),
        ("agent_week_keys", "update mart.agent_week set week = week + 1"),
        ("agent_week_totals", "update mart.agent_week set aht_seconds_num = aht_seconds_num * (1 + 1e-6)"),
        ("agent_week_totals", "delete from mart.agent_week where aht_seconds_num is not null"),
        ("agent_grain", "insert into mart.agent select * from mart.agent"),
        ("agent_week_reference", "delete from mart.agent"),
        ("kpi_possible", "update mart.agent_week set aht_seconds_den = -1"),
        ("kpi_possible", "update mart.agent_week set aht_seconds_num = 'nan'"),
        ("kpi_possible", "update mart.agent_week set aht_seconds_sq = 'inf'"),
        ("agent_spell_order", "update mart.agent_spell set exit_day = entry_day"),
        ("agent_team_overlap", "update core.agent_team set valid_to = valid_from"),
        ("identity_overlap", "insert into staging.identity select * from staging.identity"),
        (
            "manifest",
            "insert into meta.file_manifest values ('1', 'f', 3, 1, 1, 0); insert into meta.reject values ('1', 2)",
        ),
        ("manifest", "insert into meta.file_manifest values ('1', 'f', 3, 2, 1, 0)"),
        ("reconciliation", "insert into meta.reconciliation values ('core.offer', 3, 4, -1)"),
    ],
)
def test_damage_fails_the_check_that_is_for_it(healthy: Any, check: str, damage: str) -> None:
    healthy.con.execute("begin")
    try:
        healthy.con.execute(damage)
        found = {result.check: result for result in quality.run_checks(healthy.con, kpis.load())}
    finally:
        healthy.con.execute("rollback")
    result = found[check]
    assert (result.status, result.severity) == ("failed", "error")
    assert "{n}" not in result.sentence


def test_sales_and_refunds_that_cancel_are_the_same_total_in_any_order(build_rows: Callable[..., Any]) -> None:
    days = ("2024-01-10", "2024-01-17", "2024-01-24")
    offers = [
        {"offer_id": day, "interaction_id": f"c{n}", "kind": "upsell", "made_at": day, "accepted": True, "amount": paid}
        for n, (day, paid) in enumerate(zip(days, ("0.1", "0.2", "-0.3"), strict=True))
    ]
    calls = [call(n, day) for n, day in enumerate(days)]
    built = build_rows({"agent": STAFF, "interaction": calls, "offer": offers})
    table = "staging.interaction_by_week"
    for order in ("week", "week desc"):
        built.con.execute(f"create or replace table {table} as from {table} order by {order}")
        assert run(built)["agent_week_totals"].status == "passed"
    built.con.execute(f"update {table} set upsell_revenue_num = 0.1 where upsell_revenue_num = 0.2")
    assert run(built)["agent_week_totals"].violations == 1


@pytest.mark.parametrize("check", quality.checks(), ids=lambda check: check.name)
def test_a_sentence_counts_one_and_many(check: quality.DataCheck) -> None:
    one, many = quality.counted(check.sentence, 1), quality.counted(check.sentence, 1_234)
    assert "1 " in one
    assert "1,234 " in many
    assert one.replace("1", "") != many.replace("1,234", ""), "one and several need other words"
    assert not re.search(r"[{}|]", one + many)
    assert not re.search(r"[{}|]", quality.counted(check.advice, 1) + quality.counted(check.advice, 2))


def test_a_contact_id_in_two_sources_is_seen(build_rows: Callable[..., Any]) -> None:
    twice = [{**call(1, "2024-01-10"), "_source": source} for source in ("hr", "calls")]
    other = {**call(2, "2024-01-11"), "_source": "calls"}
    built = build_rows({"agent": STAFF, "interaction": [twice[0], other]})
    assert run(built)["contact_in_two_sources"].violations == 0
    rows = {"agent": STAFF, "interaction": [*twice, other]}
    assert run(build_rows(rows))["contact_in_two_sources"].violations == 1
    apart = build_rows(rows, identity={"separate_contacts": [["hr", "calls"]]})
    assert run(apart)["contact_in_two_sources"].violations == 0


def test_sources_said_to_hold_the_same_contacts_count_each_once(build_rows: Callable[..., Any]) -> None:
    rows = [
        {**call(number, "2024-01-10"), "_source": source, "queue": source, "_line": line}
        for line, (number, source) in enumerate(((1, "hr"), (2, "hr"), (2, "calls"), (3, "calls")))
    ]
    staff = [{**STAFF[0], "_source": source} for source in ("hr", "calls")]
    built = build_rows({"agent": staff, "interaction": rows}, identity={"same_contacts": [["hr", "calls"]]})
    assert run(built)["contact_in_two_sources"].violations == 0
    assert built.rows("select interaction_id, queue from core.interaction order by 1") == [
        ("c1", "hr"), ("c2", "calls"), ("c3", "calls"),
    ]  # fmt: skip


def test_local_times_are_looked_at_wherever_a_source_gives_times() -> None:
    (check,) = (check for check in quality.checks() if check.name == "local_times")
    timed = {
        name
        for name, contract in CONTRACTS.items()
        if any(column.type == "timestamp" and column.name != "row_version" for column in contract)
    }
    assert set(re.findall(r"landing\.(\w+)", check.query)) == timed


def test_a_survey_answered_in_a_skipped_hour_is_seen(build_rows: Callable[..., Any]) -> None:
    survey = {"response_id": "r", "source_agent_id": "1", "answered_at": "2024-03-31 02:30:00", "csat_raw": 4}
    survey |= {"scale_min": 1, "scale_max": 5, "_time_flag": "answered_at:gap"}
    result = run(build_rows({"agent": STAFF, "survey_response": [survey]}))["local_times"]
    assert (result.status, result.violations) == ("failed", 1)
    assert json.loads(result.sample)[0]["relation"] == "survey_response"


def test_an_example_is_told_in_words(build_rows: Callable[..., Any]) -> None:
    training = [{"source_agent_id": "1", "course_id": "EMP150", "status": "completed", "completed_at": "2024-01-20"}]
    built = build_rows(
        {"agent": STAFF, "training": training, "interaction": [call(1, "2024-01-10")]},
        programme={"courses": [{"id": "EMP101"}]},
    )
    result = run(built)["training_unknown_course"]
    assert quality.example(result.sample).startswith("For example: course_id EMP150")
    assert quality.example(run(built)["agent_grain"].sample) == ""


def test_what_can_be_done_is_said_of_violations_only(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": STAFF, "interaction": [call(1, "2024-01-10")]})
    assert "Remove the folder landing" not in run(built)["manifest"].sentence
    built.con.execute("insert into meta.file_manifest values ('1', 'f', 3, 2, 1, 0)")
    assert run(built)["manifest"].sentence.endswith("build again: the files are then read again.")


def test_every_check_says_how_grave_it_is_and_what_it_means(tmp_path: Path) -> None:
    assert len(quality.checks()) >= 20
    (tmp_path / "vague.sql").write_text("select 1", encoding="utf-8")
    with pytest.raises(ValueError, match="severity"):
        quality.checks(tmp_path)


def test_a_row_lost_on_the_way_shows_as_a_difference(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"interaction": [call(1, "2024-01-10"), call(2, "2024-01-11")]})
    books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
    assert {book.difference for book in books} == {0}
    built.con.execute("delete from core.interaction where interaction_id = 'c1'")
    books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
    assert {book.relation: book.difference for book in books if book.difference} == {"core.interaction": -1}


def test_a_line_of_the_crosswalk_that_is_lost_shows_as_a_difference(build_rows: Callable[..., Any]) -> None:
    line = {"identity_source": "s", "source_agent_id": "1", "employee_number": "1"}
    later = {**line, "valid_from": "2024-01-05"}
    built = build_rows({"agent": STAFF, "agent_identity": [line, later], "interaction": [call(1, "2024-01-10")]})

    def difference() -> int:
        books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
        return next(book.difference for book in books if book.relation == "core.agent_identity")

    assert difference() == 0
    built.con.execute("delete from staging.crosswalk where valid_from > timestamp '2000-01-01'")
    assert difference() == -1


def test_refused_rows_and_later_rows_are_told_apart_and_a_row_lost_besides_is_seen(
    build_rows: Callable[..., Any],
) -> None:
    calls = [
        call(1, "2024-01-10"), call(2, "2024-01-10", "nobody"), call(3, "2024-02-20", "nobody"), call(4, "2024-02-20"),
        call(5, "2024-01-11"),
    ]  # fmt: skip
    built = build_rows({"agent": STAFF, "interaction": calls}, as_of=dt.date(2024, 1, 31))

    def contacts() -> quality.Reconciliation:
        books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
        return next(relation for relation in books if relation.relation == "core.interaction")

    assert contacts().difference == 0
    assert contacts().sentence == "5 rows from files, less 2 of refused records, less 1 after the day asked for."
    built.con.execute("create or replace view staging.landed_interaction as from landing.interaction limit 1")
    built.con.execute("create or replace table core.interaction as from core.interaction limit 1")
    assert contacts().difference == -1


def test_every_relation_says_in_words_where_its_rows_came_from(build_rows: Callable[..., Any]) -> None:
    at = dt.datetime(2024, 1, 10, 12)
    asked = {"response_id": "i1", "interaction_id": "c1", "invited_at": at, "_source": "calls"}
    answered = {"response_id": "r1", "interaction_id": "c1", "answered_at": at, "csat_raw": 4, "_source": "lms"}
    spell = {"source_agent_id": "1", "team_id": "A", "site": "Madrid"}
    spells = [{**spell, "valid_from": dt.date(2024, 1, day)} for day in (8, 8)]
    line = {"identity_source": "hr", "source_agent_id": "1", "employee_number": "1"}
    rows = {"agent": STAFF, "agent_identity": [line], "interaction": [call(1, "2024-01-10")], "agent_team": spells}

    def sentences(built: Any) -> dict[str, str]:
        books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
        assert {book.difference for book in books} == {0}
        return {book.relation: book.sentence for book in books}

    plain = sentences(build_rows({**rows, "survey_response": [answered]}))
    assert plain["core.agent"] == "1 row from files, describing 1 person with an id in use."
    assert plain["core.agent_identity"].startswith("1 row from files, used to match ")
    assert plain["core.agent_team"] == "2 rows from files, repaired to 1 spell without overlap or gap."
    assert plain["core.interaction"] == "1 row from files."
    assert plain["core.survey_response"] == "1 row from files."
    assert plain["core.event"] == "0 rows from files."
    assert plain["core.conversation"] == "0 rows from files, turns of 0 transcripts."

    event = {"event_id": "e1", "label": "Pay round", "at": dt.date(2024, 1, 9)}
    stated = [{"label": "New desk", "at": dt.date(2024, 1, 11)}, {"label": "Move", "at": dt.date(2024, 1, 12)}]
    built = build_rows({**rows, "survey_response": [asked, answered], "event": [event]}, events=stated)
    said = sentences(built)
    paired = "2 rows from files, 1 of them invitations whose answer is in another export."
    assert said["core.survey_response"] == paired
    assert said["core.event"] == "1 row from files, beside 2 that the configuration states."
