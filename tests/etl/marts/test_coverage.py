"""Where no export speaks, nothing is known: neither zero nor less than there was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from etl.marts import coverage

MONDAY = dt.datetime(2024, 1, 1, 10)
STAFF = [{"source_agent_id": "1", "employee_number": "1", "hired_on": "2023-01-01"}]


def contacts(days: int, a_day: int = 5) -> list[dict[str, Any]]:
    return [
        {
            "interaction_id": f"c{day}-{n}", "source_agent_id": "1", "channel": "voice",
            "started_at": MONDAY + dt.timedelta(days=day, minutes=n),
        }
        for day in range(days) for n in range(a_day)
    ]  # fmt: skip


def escalations(days: range, kind: str = "tier2", a_day: int = 1, source: str = "hr") -> list[dict[str, Any]]:
    return [
        {
            "escalation_id": f"{source}{kind}{day}-{n}", "interaction_id": f"c{day}-{n}", "source_agent_id": "1",
            "kind": kind, "at": MONDAY + dt.timedelta(days=day, hours=1), "_source": source,
        }
        for day in days for n in range(a_day)
    ]  # fmt: skip


def weekly(built: Any, kpi: str) -> list[tuple[float | None, float | None]]:
    return built.rows(f"select sum({kpi}_num), sum({kpi}_den) from mart.agent_week group by week order by week")


def test_before_an_export_begins_an_outcome_is_unknown(build_rows: Callable[..., Any]) -> None:
    """35 contacts a week; an escalation a day from the third week on."""
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": escalations(range(14, 28))})
    assert weekly(built, "escalation_rate") == [(0, 0), (0, 0), (7, 35), (7, 35)]
    assert built.rows("select known_from, from_by, known_to from staging.coverage") == [
        (dt.date(2024, 1, 15), "first row", None)
    ]


def test_after_an_export_ends_an_outcome_is_unknown(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": escalations(range(14))})
    assert weekly(built, "escalation_rate") == [(7, 35), (7, 35), (0, 0), (0, 0)]


def test_a_week_is_cut_where_its_empty_days_are_improbable_too(build_rows: Callable[..., Any]) -> None:
    """Six escalations a day from Thursday: three days without one are no chance; one every other day would be."""
    many = escalations(range(17, 28), a_day=5)
    built = build_rows({"agent": STAFF, "interaction": contacts(28, 6), "escalation": many})
    assert weekly(built, "escalation_rate") == [(0, 0), (0, 0), (20, 24), (35, 42)]


def test_rare_events_do_not_shorten_a_series(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": escalations(range(14, 28, 7))})
    assert weekly(built, "escalation_rate") == [(0, 35), (0, 35), (1, 35), (1, 35)]


def test_complaints_per_contact_count_no_contact_of_an_unknown_time(build_rows: Callable[..., Any]) -> None:
    rows = escalations(range(14, 28), "complaint")
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": rows})
    assert weekly(built, "complaints_per_1000") == [(None, 0), (None, 0), (7, 35), (7, 35)]


def test_offers_are_unknown_before_their_export_begins(build_rows: Callable[..., Any]) -> None:
    offers = [
        {
            "offer_id": f"o{day}", "interaction_id": f"c{day}-0", "kind": "upsell", "accepted": True, "amount": 10,
            "made_at": MONDAY + dt.timedelta(days=day, minutes=1),
        }
        for day in range(14, 28)
    ]  # fmt: skip
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "offer": offers})
    for kpi in ("upsell_conversion", "offer_rate"):
        assert weekly(built, kpi) == [(0, 0), (0, 0), (7, 35), (7, 35)]
    assert weekly(built, "upsell_revenue")[1:3] == [(None, 0), (70, 35)]


def test_contacts_before_evaluations_or_recording_began_are_not_left_out_of_them_on_purpose(
    build_rows: Callable[..., Any],
) -> None:
    """No evaluation and no transcript of the first two weeks: their shares are unknown there, not zero."""
    evaluations = [
        {
            "evaluation_id": f"q{day}", "interaction_id": f"c{day}-0", "source_agent_id": "1", "empathy_score": 70,
            "evaluated_at": MONDAY + dt.timedelta(days=day + 1),
        }
        for day in range(14, 28)
    ]  # fmt: skip
    turns = [
        {
            "interaction_id": f"c{day}-{n}", "turn": turn, "speaker": speaker, "text": "How are you today?", "leg": 1,
            "language": "en", "at": MONDAY + dt.timedelta(days=day, minutes=n),
        }
        for day in range(14, 28) for n in range(2) for turn, speaker in ((1, "customer"), (2, "agent"))
    ]  # fmt: skip
    rows = {"agent": STAFF, "interaction": contacts(28), "qa_evaluation": evaluations, "utterance": turns}
    built = build_rows(rows)
    assert weekly(built, "evaluated_share") == [(None, 0), (None, 0), (7, 35), (7, 35)]
    assert weekly(built, "transcript_share") == [(None, 0), (None, 0), (14, 35), (14, 35)]
    known = built.rows("select relation, known_from, known_to from staging.coverage order by relation")
    first = dt.date(2024, 1, 15)
    assert known == [("qa_evaluation", first, None), ("utterance", first, None)]


def test_what_the_configuration_says_holds_against_the_rows(build_rows: Callable[..., Any]) -> None:
    sources = {name: {"format": "tabular", "path": "x.csv", "table": "agent"} for name in ("hr", "calls")}
    sources["hr"]["begins"], sources["hr"]["ends"] = dt.date(2024, 1, 8), dt.date(2024, 1, 21)
    built = build_rows(
        {"agent": STAFF, "interaction": contacts(28), "escalation": escalations(range(14, 28))}, sources=sources
    )
    assert weekly(built, "escalation_rate") == [(0, 0), (0, 35), (7, 35), (0, 0)]


def test_escalations_tied_to_no_contact_make_no_contact_unescalated(build_rows: Callable[..., Any]) -> None:
    loose = [{**row, "interaction_id": None} for row in escalations(range(28))]
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": loose})
    assert weekly(built, "escalation_rate") == [(None, None)] * 4
    wrong = [{**row, "interaction_id": f"case {n}"} for n, row in enumerate(escalations(range(28)))]
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": wrong})
    assert weekly(built, "escalation_rate") == [(None, None)] * 4


def test_two_systems_one_after_the_other_cover_both_times(build_rows: Callable[..., Any]) -> None:
    rows = [*escalations(range(14), source="hr"), *escalations(range(14, 28), source="calls")]
    built = build_rows({"agent": STAFF, "interaction": contacts(28), "escalation": rows})
    assert weekly(built, "escalation_rate") == [(7, 35)] * 4


def people(n: int, leavers: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "source_agent_id": str(k), "employee_number": str(k), "hired_on": "2023-01-01", "left_on": leavers.get(k),
        }
        for k in range(1, n + 1)
    ]  # fmt: skip


def test_an_export_of_current_staff_says_nothing_of_the_time_before_it(build_rows: Callable[..., Any]) -> None:
    """Twelve leave in the last two of six weeks, and nobody before: the export forgets who left earlier."""
    left = {k: str((MONDAY + dt.timedelta(days=28 + k)).date()) for k in range(1, 13)}
    calls = [
        {**row, "source_agent_id": str(1 + n % 40), "interaction_id": f"x{n}"} for n, row in enumerate(contacts(42))
    ]
    built = build_rows({"agent": people(40, left), "interaction": calls})
    known = weekly(built, "agent_attrition")
    assert known[:4] == [(0, 0)] * 4
    assert [number for number, _ in known[4:]] == [6, 6]
    assert built.one("select count(*) from mart.agent_spell where start_on < date '2024-01-29'") == 0


def test_leavers_before_the_first_contact_prove_that_an_export_remembers(build_rows: Callable[..., Any]) -> None:
    left = {1: "2023-12-01", **{k: str((MONDAY + dt.timedelta(days=28 + k)).date()) for k in range(2, 13)}}
    calls = [
        {**row, "source_agent_id": str(2 + n % 39), "interaction_id": f"x{n}"} for n, row in enumerate(contacts(42))
    ]
    built = build_rows({"agent": people(40, left), "interaction": calls})
    assert [number for number, _ in weekly(built, "agent_attrition")][:4] == [0] * 4
    assert all(cases > 0 for _, cases in weekly(built, "agent_attrition"))


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("cases_2025-01-01_2025-03-31.csv", (dt.date(2025, 1, 1), dt.date(2025, 3, 31))),
        ("cases 20250101-20250131.csv", (dt.date(2025, 1, 1), dt.date(2025, 1, 31))),
        ("cases_from_2025.02.01_to_2025.02.28.xlsx", (dt.date(2025, 2, 1), dt.date(2025, 2, 28))),
        ("cases-2024-02.csv", (dt.date(2024, 2, 1), dt.date(2024, 2, 29))),
        ("cases_2025_11.csv", (dt.date(2025, 11, 1), dt.date(2025, 11, 30))),
        ("cases-2025-01-01.csv", None),
        ("cases_20250101.csv", None),
        ("cases-2025-13.csv", None),
        ("cases_2025-03-31_2025-01-01.csv", None),
        ("cases_12345.csv", None),
    ],
)
def test_a_file_name_says_which_days_it_covers(name: str, span: tuple[dt.date, dt.date] | None) -> None:
    assert coverage.named_span(name) == span
