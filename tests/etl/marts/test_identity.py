"""Agent ids to people: matched by rule, in order; ambiguous and unknown ones refused, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from etl.marts import quality

PEOPLE = [
    {"source_agent_id": "101", "employee_number": "E1", "email": "Ana@Example.com", "hired_on": "2023-01-01"},
    {"source_agent_id": "102", "employee_number": "E2", "email": "ben@example.com", "hired_on": "2023-01-01"},
]


def contact(number: int, agent: str, at: str = "2024-01-10 10:00", source: str = "calls") -> dict[str, Any]:
    row = {"interaction_id": f"c{number}", "source_agent_id": agent, "started_at": at, "channel": "voice"}
    return {**row, "_source": source}


def keys(built: Any) -> dict[str, str]:
    return dict(built.rows("select interaction_id, agent_key from core.interaction"))


def test_rules_lead_to_one_person_whatever_the_system(build_rows: Callable[..., Any]) -> None:
    built = build_rows(
        {
            "agent": PEOPLE,
            "agent_identity": [{"identity_source": "calls", "source_agent_id": "u-1", "employee_number": "E1"}],
            "interaction": [
                contact(1, "u-1"),
                contact(2, "E1"),
                contact(3, "mailto:ana@example.com"),
                contact(4, "E2"),
            ],
        }
    )
    found = keys(built)
    assert found["c1"] == found["c2"] == found["c3"] != found["c4"]
    assert built.refused == []
    methods = dict(built.rows("select source_agent_id, method from core.agent_identity where _source = 'calls'"))
    assert methods == {"u-1": "crosswalk", "E1": "employee_number", "***@example.com": "email", "E2": "employee_number"}


def test_colleagues_with_addresses_in_one_domain_are_not_taken_for_one_id(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": PEOPLE, "interaction": [contact(1, "ana@example.com"), contact(2, "ben@example.com")]})
    assert built.rows("select count(*) from core.agent_identity where source_agent_id = '***@example.com'") == [(2,)]
    overlap = next(check for check in quality.checks() if check.name == "identity_overlap")
    assert built.rows(overlap.query) == []


def test_the_crosswalk_wins_over_an_employee_number(build_rows: Callable[..., Any]) -> None:
    built = build_rows(
        {
            "agent": PEOPLE,
            "agent_identity": [{"identity_source": "calls", "source_agent_id": "E1", "employee_number": "E2"}],
            "interaction": [contact(1, "E1"), contact(2, "E2")],
        }
    )
    found = keys(built)
    assert found["c1"] == found["c2"]


def test_an_unknown_id_is_refused_with_what_to_do(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": PEOPLE, "interaction": [contact(1, "E1"), contact(2, "zz")]})
    assert [(table, line) for table, line, _ in built.refused] == [("interaction", 2)]
    assert '"***" is unknown' in built.refused[0][2]
    assert "crosswalk" in built.refused[0][2]
    assert set(keys(built)) == {"c1"}
    (coverage,) = [source for source in built.done.coverage if source.source == "calls"]
    assert (coverage.ids, coverage.matched, coverage.unknown, coverage.rows, coverage.rows_matched) == (2, 1, 1, 2, 1)


def test_an_ambiguous_mail_is_refused_with_its_candidates(build_rows: Callable[..., Any]) -> None:
    twins = [*PEOPLE, {"source_agent_id": "103", "employee_number": "E3", "email": "ana@example.com"}]
    built = build_rows({"agent": twins, "interaction": [contact(1, "ana@example.com"), contact(2, "E3")]})
    assert len(built.refused) == 1
    reason = built.refused[0][2]
    assert "is ambiguous" in reason
    assert "ana@" not in reason
    candidates = {key[:8] for (key,) in built.rows("select agent_key from core.agent where hired_on is not null")}
    assert any(key in reason for key in candidates)


def test_a_login_handed_on_belongs_to_each_in_turn(build_rows: Callable[..., Any]) -> None:
    lines = [
        {"identity_source": "calls", "source_agent_id": "u", "employee_number": "E1", "valid_from": "2024-01-01"},
        {"identity_source": "calls", "source_agent_id": "u", "employee_number": "E2", "valid_from": "2024-02-01"},
    ]
    contacts = [
        contact(1, "u", "2024-01-15"), contact(2, "u", "2024-02-15"), contact(3, "E1", "2024-01-15"),
        contact(4, "u", "2023-12-15"),
    ]  # fmt: skip
    built = build_rows({"agent": PEOPLE, "agent_identity": lines, "interaction": contacts})
    found = keys(built)
    assert found["c1"] == found["c3"] != found["c2"]
    assert [(table, line) for table, line, _ in built.refused] == [("interaction", 4)]
    assert "nobody at that time" in built.refused[0][2]


def test_two_people_at_once_in_the_crosswalk_are_ambiguous(build_rows: Callable[..., Any]) -> None:
    lines = [{"identity_source": "calls", "source_agent_id": "u", "employee_number": n} for n in ("E1", "E2")]
    built = build_rows({"agent": PEOPLE, "agent_identity": lines, "interaction": [contact(1, "u")]})
    assert "is ambiguous" in built.refused[0][2]


def test_two_lines_that_end_as_they_say_and_overlap_are_ambiguous(build_rows: Callable[..., Any]) -> None:
    def line(number: str, first: str, last: str) -> dict[str, str]:
        named = {"identity_source": "calls", "source_agent_id": "u", "employee_number": number}
        return {**named, "valid_from": first, "valid_to": last}

    lines = [line("E1", "2024-01-01", "2024-02-10"), line("E2", "2024-02-01", "2024-03-01")]
    built = build_rows({"agent": PEOPLE, "agent_identity": lines, "interaction": [contact(1, "u", "2024-02-05")]})
    assert "is ambiguous" in built.refused[0][2]

    of_one = [line("E1", "2024-01-01", "2024-02-10"), line("E1", "2024-02-01", "2024-03-01")]
    built = build_rows({"agent": PEOPLE, "agent_identity": of_one, "interaction": [contact(1, "u", "2024-02-05")]})
    assert set(keys(built)) == {"c1"}


def test_attributes_match_whoever_agrees_where_both_are_known(build_rows: Callable[..., Any]) -> None:
    officers = [
        {"source_agent_id": "smith/J/1990", "hired_on": "1990-01-01"},
        {"source_agent_id": "smith/K/1991", "hired_on": "1991-01-01"},
        {"source_agent_id": "jones//1992", "hired_on": "1992-01-01"},
        {"source_agent_id": "brown/A/1993", "hired_on": "1993-01-01"},
    ]
    ids = ["smith/J", "smith/NA", "jones/Q", "brown//1993", "brown//1994", "green"]
    built = build_rows(
        {"agent": officers, "interaction": [contact(number, id_) for number, id_ in enumerate(ids)]},
        identity={"match": ["attributes"], "attributes": ["name", "initial", "appointed"], "unknown": ["NA"]},
    )
    assert set(keys(built)) == {"c0", "c2", "c3"}
    shown = built.rows("select distinct source_agent_id from core.agent_identity where method = 'attributes'")
    assert shown == [("***",)]
    assert built.rows("select count(*) from core.agent_identity where source_agent_id ilike '%smith%'") == [(0,)]
    assert not any(name in reason for _, _, reason in built.refused for name in ("smith", "brown", "green"))
    reasons = {line: reason for _, line, reason in built.refused}
    assert "is ambiguous" in reasons[2]
    assert "is unknown" in reasons[5]
    assert "is unknown" in reasons[6]


def test_without_directory_and_crosswalk_ids_are_taken_as_they_are(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"interaction": [contact(1, "a"), contact(2, "b"), contact(3, "a", source="lms")]})
    found = keys(built)
    assert built.refused == []
    assert found["c1"] == found["c3"] != found["c2"]
    assert built.rows("select distinct method from core.agent_identity") == [("as_is",)]


def test_an_evaluation_of_nobody_known_is_refused(build_rows: Callable[..., Any]) -> None:
    """A score belongs to the agent it names, whoever handled the contact."""
    scores = [
        {"evaluation_id": f"q{i}", "source_agent_id": agent, "evaluated_at": "2024-01-10", "active_listening": 0.5}
        for i, agent in enumerate(["E1", "nobody"])
    ]
    built = build_rows({"agent": PEOPLE, "interaction": [contact(1, "E1")], "qa_evaluation": scores})

    assert [(table, line) for table, line, _ in built.refused] == [("qa_evaluation", 2)]
    assert built.rows("select evaluation_id from core.qa_evaluation") == [("q0",)]


def test_an_escalation_needs_no_agent_of_its_own_when_its_contact_has_one(build_rows: Callable[..., Any]) -> None:
    escalations = [
        {
            "escalation_id": "e1",
            "interaction_id": "c1",
            "source_agent_id": "tier2-desk",
            "kind": "tier2",
            "at": "2024-01-10",
        },
        {"escalation_id": "e2", "source_agent_id": "nobody", "kind": "complaint", "at": "2024-01-10"},
    ]
    built = build_rows({"agent": PEOPLE, "interaction": [contact(1, "E1")], "escalation": escalations})
    assert [(table, line) for table, line, _ in built.refused] == [("escalation", 2)]
    assert built.rows("select escalation_id, agent_key from core.escalation") == [("e1", keys(built)["c1"])]


def test_pseudonyms_depend_on_the_key_and_nothing_plain_is_kept(build_rows: Callable[..., Any]) -> None:
    built = build_rows({"agent": PEOPLE, "interaction": [contact(1, "E1")]})
    for relation in ("core.agent", "mart.agent", "mart.agent_week"):
        text = str(built.rows(f"from {relation}"))
        assert "Ana" not in text
        assert "example.com" not in text
        assert "'E1'" not in text
