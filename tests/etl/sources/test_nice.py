"""NICE contact details: local times, durations by report, contacts nobody handled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

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


def test_a_contact_lasts_as_long_as_it_says_when_clocks_change(load, tmp_path):
    """In Denver clocks go from 2 to 3 o'clock on 9 March, from 2 to 1 on 2 November 2025."""
    header = "Contact_ID,Agent_No,Start_Date,Start_Time,Total_Time,Disposition_Code"
    rows = [
        "1,7,3/9/2025,1:50:00,4800,12",
        "2,7,11/2/2025,00:50:00,10800,",
        "3,7,11/2/2025,01:50:00,1200,",
        "4,7,11/3/2025,9:00:00,,12",
    ]
    export = tmp_path / "nice.csv"
    export.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    loaded = load("nice", export, **SECTION, constants={"channel": "voice"})
    lasted = [
        row["ended_at"] - row["started_at"] if "ended_at" in row else None
        for row in loaded.rows("interaction", "interaction_id")
    ]
    assert lasted == [timedelta(seconds=4800), timedelta(seconds=10800), timedelta(seconds=1200), None]
    ends = [row["at"] for row in loaded.rows("escalation", "escalation_id")]
    assert ends == [datetime(2025, 3, 9, 10, 10), datetime(2025, 11, 3, 16)]


@pytest.mark.parametrize("said", ["99999999999", "1e300", "nan", "-5"])
def test_an_impossible_duration_costs_its_record_and_not_the_build(load, tmp_path, said):
    export = tmp_path / "nice.csv"
    header = "Contact_ID,Agent_No,Start_Date,Start_Time,Total_Time"
    export.write_text(f"{header}\n1,7,3/3/2025,9:00:00,{said}\n2,7,3/3/2025,9:00:00,60\n", encoding="utf-8")
    loaded = load("nice", export, timezone="America/Denver", constants={"channel": "voice"})
    assert loaded.counts == (2, 1, 1, 0)
    assert f'Total_Time: "{said}" is not a duration in seconds' in loaded.reasons()[2]
