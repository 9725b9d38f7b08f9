"""Zendesk tickets and ratings: versions, tags, the contact's custom field, invitations without answer."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

OPTIONS = {"escalation_tags": {"to_tier2": "tier2", "angry": "complaint"}, "contact_field": 77}


def test_a_tagged_ticket_is_an_escalation_of_its_contact_as_it_was_last(load):
    loaded = load("zendesk", "zendesk_tickets.jsonl", options=OPTIONS)
    assert loaded.counts[0] == 4
    first, second = loaded.rows("escalation", "escalation_id")
    assert first == {
        "escalation_id": "1",
        "interaction_id": "k-1",
        "source_agent_id": "417",
        "kind": "tier2",
        "at": datetime(2025, 3, 10, 9, 5),
        "row_version": datetime(2025, 3, 11, 11),
    }
    assert (second["source_agent_id"], second["kind"]) == ("418", "tier2"), "the first tag listed counts"
    assert "interaction_id" not in second, "no custom field, so tied by its agent"


def test_tickets_without_a_tag_are_left_out_and_counted(load):
    loaded = load("zendesk", "zendesk_tickets.jsonl", options=OPTIONS)
    assert loaded.counts == (4, 2, 1, 1)
    assert [(reject["line"], reject["status"]) for reject in loaded.rejects] == [(4, "dropped")]


def test_a_list_of_tags_means_tier2(load):
    loaded = load("zendesk", "zendesk_tickets.jsonl", options={"escalation_tags": ["angry"], "contact_field": 77})
    assert [row["kind"] for row in loaded.rows("escalation")] == ["tier2"]


def test_tickets_can_be_the_contacts(load):
    loaded = load("zendesk", "zendesk_tickets.jsonl", options={**OPTIONS, "tickets_are": "contacts"})
    assert loaded.counts == (4, 3, 0, 1)
    rows = loaded.rows("interaction", "interaction_id")
    assert [(row["interaction_id"], row["channel"], row.get("parent_id")) for row in rows] == [
        ("1", "voice", None),
        ("2", "voice", None),
        ("3", "other", None),  # shares a problem with ticket 2, which is another customer's
    ]
    assert [row["interaction_id"] for row in loaded.rows("escalation", "escalation_id")] == ["1", "2"]


def test_ratings_answered_and_not(load):
    loaded = load("zendesk", "zendesk_satisfaction_ratings.json")
    bad, good, offered = loaded.rows("survey_response", "response_id")
    assert (bad["csat_raw"], bad["scale_min"], bad["scale_max"]) == (0, 0, 1)
    assert good["csat_raw"] == 1
    assert bad["answered_at"] == datetime(2025, 3, 11, 12, 5)
    assert "600" not in bad["comment"]
    assert offered["invited_at"] == datetime(2025, 3, 11, 12)
    assert not {"answered_at", "csat_raw", "interaction_id"} & set(offered)
    assert loaded.counts == (5, 3, 2, 0)
    assert [reject["status"] for reject in loaded.rejects] == ["dropped", "open"]
    assert '"great" is not good, bad, offered or unoffered' in loaded.rejects[1]["reasons"][0]


def test_a_rating_belongs_to_its_ticket_when_tickets_are_contacts(load):
    files = ["zendesk_tickets.jsonl", "zendesk_satisfaction_ratings.json"]
    loaded = load("zendesk", files, options={**OPTIONS, "tickets_are": "contacts"})
    assert loaded.counts == (9, 6, 2, 1), "ticket 1 and rating 1 are not the same record"
    assert {row["interaction_id"] for row in loaded.rows("survey_response")} == {"1"}


def test_every_damaged_ticket_is_refused_once(load):
    loaded = load("zendesk", "zendesk_tickets_damaged.jsonl", options=OPTIONS)
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "neither interaction_id nor source_agent_id is given" in said[4]
    assert "at (created_at)" in said[3]
    assert "id is not a single value" in said[5]
    assert loaded.counts == (6, 1, 4, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "options.escalation_tags is missing"),
        ({"escalation_tags": {"a": "tier3"}}, '"a" means "tier3", which is not one of tier2, supervisor, complaint'),
        ({"tickets_are": "calls"}, 'options.tickets_are is "calls"'),
        ({"escalation_tags": 3}, "must be a list of words"),
    ],
)
def test_what_a_section_must_decide_is_asked_for(load, options, words):
    from etl.errors import EmpathyError

    with pytest.raises(EmpathyError, match=words):
        load("zendesk", "zendesk_tickets.jsonl", options=options)


@pytest.mark.parametrize("meaning", ["contacts", "escalations"])
def test_a_deleted_ticket_takes_its_earlier_versions_along(load, tmp_path, meaning):
    ticket = {"id": 9, "created_at": "2025-03-10T09:00:00Z", "assignee_id": 1, "tags": ["angry"], "custom_fields": []}
    versions = [("open", "2025-03-10T09:00:00Z"), ("deleted", "2025-03-11T09:00:00Z")]
    export = tmp_path / "tickets.jsonl"
    export.write_text(
        "\n".join(json.dumps({**ticket, "status": status, "updated_at": at}) for status, at in versions),
        encoding="utf-8",
    )
    loaded = load("zendesk", export, options={**OPTIONS, "tickets_are": meaning}, optional=True)
    assert loaded.counts == (2, 0, 1, 1)
    assert loaded.rows("interaction") == loaded.rows("escalation") == []
