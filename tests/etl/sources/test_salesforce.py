"""Salesforce cases and opportunity line items: modes, deleted records, newest versions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal


def test_escalated_cases_and_complaints_are_escalations(load):
    loaded = load("salesforce", "salesforce_case.csv", options={"complaint_types": ["Complaint"]})
    rows = loaded.rows("escalation", "escalation_id")
    assert [(row["escalation_id"], row["kind"]) for row in rows] == [("500A", "tier2"), ("500C", "complaint")]
    assert rows[0] == {
        "escalation_id": "500A",
        "interaction_id": "k-1",
        "source_agent_id": "005A",
        "kind": "tier2",
        "at": datetime(2025, 3, 9, 7, 6),
        "row_version": datetime(2025, 3, 10),
    }
    assert loaded.counts[0] == 8


def test_cases_left_out_and_cases_refused_are_told_apart(load):
    loaded = load("salesforce", "salesforce_case.csv")
    status = {reject["line"]: reject["status"] for reject in loaded.rejects}
    assert status[4] == status[5] == status[6] == "dropped"
    assert status[8] == status[9] == "open"
    said = loaded.reasons()
    assert "at (CreatedDate)" in said[8][0]
    assert "escalation_id (Id): empty" in said[9][0]
    assert loaded.counts == (8, 1, 6, 1)


def test_cases_can_be_the_contacts(load):
    loaded = load("salesforce", "salesforce_case.csv", options={"cases_are": "contacts"})
    rows = loaded.rows("interaction", "interaction_id")
    assert [row["interaction_id"] for row in rows] == ["500A", "500B", "500C"]
    assert rows[0]["channel"] == "voice"
    assert rows[0]["ended_at"] == datetime(2025, 3, 9, 8)
    assert [row["interaction_id"] for row in loaded.rows("escalation")] == ["500A"]


def test_line_items_are_offers(load):
    loaded = load("salesforce", "salesforce_opportunity_line_item.csv", options={"offer_kinds": {"TV": "cross_sell"}})
    won, lost = loaded.rows("offer", "offer_id")
    assert won == {
        "offer_id": "00kA",
        "interaction_id": "k-1",
        "source_agent_id": "005A",
        "kind": "upsell",
        "product": "UPG",
        "made_at": datetime(2025, 3, 9, 7, 10),
        "accepted": True,
        "amount": Decimal("25.00"),
        "currency": "EUR",
        "row_version": datetime(2025, 3, 9, 7, 10),
    }
    assert (lost["kind"], lost["accepted"]) == ("cross_sell", False)
    assert loaded.counts == (7, 2, 4, 1)
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "deleted in Salesforce" in said[4]
    assert "1.234,56" in said[6]
    assert '"xxxx" is not true or false' in said[7]  # what was written may be a name, and is not shown
    assert "currency" in said[8]
