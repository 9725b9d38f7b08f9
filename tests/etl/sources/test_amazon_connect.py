"""Amazon Connect contact records: at-least-once delivery, contacts without agent, attributes, damage."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal


def test_a_contact_delivered_twice_counts_once_as_it_was_last(load):
    loaded = load("amazon_connect", "amazon_connect.jsonl")
    assert loaded.counts == (5, 4, 0, 1)
    first = loaded.rows("interaction", "interaction_id")[0]
    assert first == {
        "interaction_id": "k-1",
        "leg": 1,
        "source_agent_id": "ag1",
        "source_customer_id": "K9",
        "started_at": datetime(2025, 3, 10, 8, 0),
        "ended_at": datetime(2025, 3, 10, 8, 6),
        "channel": "voice",
        "queue": "Billing",
        "reason": "invoice",
        "handle_s": 300 + 15 + 45,
        "transferred": True,
        "hostile": True,
        "eligible": True,
        "row_version": datetime(2025, 3, 10, 8, 10),
    }


def test_a_contact_without_agent_is_loaded_without_agent(load):
    rows = load("amazon_connect", "amazon_connect.jsonl").rows("interaction", "interaction_id")
    given_up = rows[1]
    assert given_up["interaction_id"] == "k-2"
    assert given_up["channel"] == "chat"
    assert not {"source_agent_id", "handle_s"} & set(given_up)


def test_a_transfer_continues_the_contact_before_it_and_no_contact_continues_itself(load):
    rows = load("amazon_connect", "amazon_connect.jsonl").rows("interaction", "interaction_id")
    assert [row.get("parent_id") for row in rows] == [None, None, "k-1", None]
    assert rows[3]["channel"] == "other"
    assert "handle_s" not in rows[3], "no duration was given"


def test_offers_come_from_attributes(load):
    offers = load("amazon_connect", "amazon_connect.jsonl").rows("offer", "offer_id")
    assert offers[0] == {
        "offer_id": "k-1:UPG-5G",
        "interaction_id": "k-1",
        "source_agent_id": "ag1",
        "kind": "cross_sell",
        "product": "UPG-5G",
        "made_at": datetime(2025, 3, 10, 8, 0, 40),
        "accepted": True,
        "amount": Decimal("12.50"),
        "row_version": datetime(2025, 3, 10, 8, 10),
    }
    assert (offers[1]["kind"], offers[1]["accepted"]) == ("upsell", False)


def test_attributes_have_the_names_the_section_gives_them(load):
    options = {"customer_attribute": "reason", "offer_attribute": "nothing", "escalation_attribute": "escalation"}
    loaded = load("amazon_connect", "amazon_connect.jsonl", options=options)
    assert loaded.rows("interaction", "interaction_id")[0]["source_customer_id"] == "invoice"
    assert loaded.rows("offer") == []
    (escalation,) = loaded.rows("escalation")
    assert (escalation["interaction_id"], escalation["kind"]) == ("k-3", "supervisor")
    assert escalation["at"] == datetime(2025, 3, 10, 8, 6)


def test_every_damaged_record_is_refused_once_with_all_its_reasons(load):
    loaded = load("amazon_connect", "amazon_connect_damaged.jsonl")
    assert loaded.counts == (11, 1, 9, 1)
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "Agent is not an object" in said[2]
    assert "Agent.Username is not a single value" in said[3]
    assert 'Agent.AgentInteractionDuration: "5 min" is not a number' in said[3]
    assert "started_at" in said[4]
    assert "channel" in said[4]
    assert "interaction_id" in said[5]
    assert "not valid JSON" in said[6]
    assert "not a JSON object" in said[7]
    assert "Agent.Username is missing" in said[8]
    assert "ended_at is before started_at" in said[9]
    assert '"xxxx" is not true or false' in said[10]  # what was written may be a name, and is not shown
    assert set(said) == {2, 3, 4, 5, 6, 7, 8, 9, 10}


def test_a_supervisor_who_listens_in_is_no_second_contact(load, tmp_path):
    call = {
        "ContactId": "k-1", "InitiationMethod": "INBOUND", "Channel": "VOICE",
        "InitiationTimestamp": "2025-03-10T08:00:00Z", "Agent": {"Username": "ag1", "AgentInteractionDuration": 60},
    }  # fmt: skip
    heard = {
        **call, "ContactId": "k-2", "InitiationMethod": "MONITOR", "PreviousContactId": "k-1",
        "Agent": {"Username": "lead", "AgentInteractionDuration": 50},
    }  # fmt: skip
    export = tmp_path / "contacts.jsonl"
    export.write_text(f"{json.dumps(call)}\n{json.dumps(heard)}\n", encoding="utf-8")
    loaded = load("amazon_connect", export)
    assert [row["interaction_id"] for row in loaded.rows("interaction")] == ["k-1"]
    assert [(reject["line"], reject["status"]) for reject in loaded.rejects] == [(2, "dropped")]


def test_a_zone_named_by_letters_is_refused_with_what_to_do(load, tmp_path):
    record = {"ContactId": "k-1", "Channel": "VOICE", "InitiationTimestamp": "2025-07-01 08:00:00 BST"}
    export = tmp_path / "contacts.jsonl"
    export.write_text(json.dumps(record) + "\n", encoding="utf-8")
    ((reason,),) = load("amazon_connect", export).reasons().values()
    assert reason.endswith("is not a date and time: its zone is named by letters; export it with an offset, or in UTC")


def test_parts_of_handling_may_stand_beside_the_contact(load, tmp_path):
    record = {
        "ContactId": "k-9", "InitiationTimestamp": "2025-03-10T08:00:00Z", "Channel": "VOICE",
        "Agent": {"Username": "ag1", "AfterContactWorkDuration": 30}, "AgentInteractionDuration": 200,
        "CustomerHoldDuration": 10,
    }  # fmt: skip
    export = tmp_path / "ctr.jsonl"
    export.write_text(json.dumps(record), encoding="utf-8")
    (row,) = load("amazon_connect", export).rows("interaction")
    assert row["handle_s"] == 240
