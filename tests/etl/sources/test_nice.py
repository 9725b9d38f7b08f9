"""NICE contact details: local times, durations by report, contacts nobody handled."""

from __future__ import annotations

from datetime import datetime

SECTION = {"timezone": "America/Denver", "options": {"escalation_dispositions": {"12": "supervisor"}}}


def test_contacts(load):
    loaded = load("nice", "nice_contact_detail.csv", **SECTION)
    assert loaded.counts == (8, 4, 3, 1)
    first, second, none, gap = loaded.rows("interaction", "interaction_id")
    assert first == {
        "interaction_id": "1001",
        "leg": 1,
        "source_agent_id": "501",
        "source_customer_id": "34600111222",
        "started_at": datetime(2025, 3, 9, 16, 0),
        "ended_at": datetime(2025, 3, 9, 16, 6, 40),
        "channel": "voice",
        "queue": "Billing",
        "reason": "Invoices",
        "handle_s": 300 + 20 + 40,
    }
    assert (second["parent_id"], second["channel"], second["handle_s"]) == ("1001", "chat", 320 + 40)
    assert none["channel"] == "other"
    assert not {"source_agent_id", "handle_s"} & set(none)
    assert gap["started_at"] == datetime(2025, 3, 30, 8, 30)


def test_a_disposition_is_an_escalation_when_the_section_says_so(load):
    (escalation,) = load("nice", "nice_contact_detail.csv", **SECTION).rows("escalation")
    assert (escalation["interaction_id"], escalation["kind"]) == ("1002", "supervisor")
    assert escalation["at"] == datetime(2025, 3, 9, 16, 6, 40)


def test_damaged_rows_are_refused_with_their_reasons(load):
    loaded = load("nice", "nice_contact_detail.csv", **SECTION)
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert 'started_at (Start_Date + Start_Time): "30/03/2025 10:00:00"' in said[6]
    assert 'ACW_Seconds: "40s" is not a number' in said[7]
    assert "interaction_id (Contact_ID): empty" in said[9]


def test_a_shorter_report_is_read_for_what_it_has(load, tmp_path):
    export = tmp_path / "short.csv"
    export.write_text("Agent_No,Start_Time,Start_Date,Contact_ID\n7,09:00:00,01/02/2025,55\n", encoding="utf-8")
    (row,) = load("nice", export, timezone="UTC", constants={"channel": "voice"}).rows("interaction")
    assert row == {
        "interaction_id": "55",
        "leg": 1,
        "source_agent_id": "7",
        "started_at": datetime(2025, 1, 2, 9),
        "channel": "voice",
    }
