"""Genesys conversation details: legs per agent, surveys, released evaluations, escalations by wrap-up code."""

from __future__ import annotations

from datetime import datetime

OPTIONS = {"escalation_wrapups": {"ESC_L2": "supervisor"}, "qa_forms": ["Empathy QA"]}


def test_each_agent_who_took_part_is_a_leg_and_an_unanswered_alert_is_none(load):
    loaded = load("genesys", "genesys.json", options=OPTIONS)
    assert loaded.counts == (2, 2, 0, 0)
    first, second, none = loaded.rows("interaction", "interaction_id, leg")
    assert first == {
        "interaction_id": "g-1",
        "leg": 1,
        "source_agent_id": "u-1",
        "source_customer_id": "x-5",
        "started_at": datetime(2025, 3, 10, 9, 0, 40),
        "ended_at": datetime(2025, 3, 10, 9, 5, 50),
        "channel": "voice",
        "queue": "q-1",
        "reason": "INVOICE",
        "handle_s": 250.5,
        "transferred": True,
    }
    assert (second["leg"], second["source_agent_id"], second["handle_s"]) == (2, "u-3", 150.0)
    assert (second["transferred"], second["reason"]) == (False, "REFUND")
    assert none["interaction_id"] == "g-2"
    assert none["channel"] == "chat"
    assert not {"source_agent_id", "handle_s"} & set(none)


def test_surveys_count_as_answered_only_when_finished(load):
    answered, silent = load("genesys", "genesys.json", options=OPTIONS).rows("survey_response", "response_id")
    assert (answered["csat_raw"], answered["scale_min"], answered["scale_max"], answered["nps"]) == (60, 0, 100, 9)
    assert answered["answered_at"] == datetime(2025, 3, 11, 10)
    assert silent["invited_at"] == datetime(2025, 3, 10, 9, 20)
    assert not {"answered_at", "csat_raw"} & set(silent)


def test_evaluations_count_when_released_and_not_deleted_and_on_the_right_form(load):
    (evaluation,) = load("genesys", "genesys.json", options=OPTIONS).rows("qa_evaluation")
    assert evaluation["evaluation_id"] == "e-1"
    assert evaluation["empathy_score"] == 0.725
    assert evaluation["critical_fail"] is True
    assert evaluation["source_evaluator_id"] == "u-9"
    everything = load("genesys", "genesys.json").rows("qa_evaluation", "evaluation_id")
    assert [row["evaluation_id"] for row in everything] == ["e-1", "e-4"]


def test_a_wrap_up_code_is_an_escalation_when_the_section_says_so(load):
    (escalation,) = load("genesys", "genesys.json", options=OPTIONS).rows("escalation")
    assert (escalation["escalation_id"], escalation["kind"], escalation["source_agent_id"]) == (
        "g-1:2",
        "supervisor",
        "u-3",
    )
    assert load("genesys", "genesys.json").rows("escalation") == []


def test_every_damaged_conversation_is_refused_once(load):
    loaded = load("genesys", "genesys_damaged.jsonl")
    assert loaded.counts == (6, 2, 3, 1)
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "participants is not a list" in said[2]
    assert "telepathy" in said[3]
    assert "not a number" in said[3]
    assert '"xxxx" is not a date and time' in said[4]  # what was written may be a name, and is not shown
    assert "csat_raw is off its scale" in said[4]
    assert set(said) == {2, 3, 4}


def test_a_leg_starts_when_its_agent_joins_even_where_the_conversation_has_no_start(load):
    rows = load("genesys", "genesys_damaged.jsonl").rows("interaction", "interaction_id")
    assert rows[-1]["interaction_id"] == "h-5"
    assert rows[-1]["started_at"] == datetime(2025, 3, 10, 9, 0, 40)
