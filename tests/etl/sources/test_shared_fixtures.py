"""The public example files of each system, where they are at hand beside the reference data."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = Path(os.environ.get("EMPATHY_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
FIXTURES = REFERENCE.parent / "fixtures"

pytestmark = [
    pytest.mark.reference_data,
    pytest.mark.skipif(
        not FIXTURES.is_dir(), reason=f"no example files at {FIXTURES} (EMPATHY_REFERENCE_DATA/../fixtures)"
    ),
]


def test_amazon_connect(load):
    loaded = load("amazon_connect", FIXTURES / "amazon_connect_ctr.jsonl")
    assert loaded.counts == (3, 2, 0, 1)
    handled, given_up = loaded.rows("interaction", "interaction_id")
    assert (handled["handle_s"], handled["source_agent_id"], handled["transferred"]) == (475, "mroy", True)
    assert "source_agent_id" not in given_up
    assert [(row["product"], row["accepted"]) for row in loaded.rows("offer")] == [("UPG-5G", True)]


def test_genesys(load):
    options = {"escalation_wrapups": ["ESCALATED_TIER2"]}
    loaded = load("genesys", FIXTURES / "genesys_conversation_details.json", options=options)
    assert loaded.counts == (1, 1, 0, 0)
    (leg,) = loaded.rows("interaction")
    assert (leg["handle_s"], leg["source_agent_id"], leg["transferred"]) == (372, "u-17", True)
    assert loaded.rows("survey_response")[0]["csat_raw"] == 80
    assert loaded.rows("qa_evaluation")[0]["empathy_score"] == pytest.approx(0.865, abs=1e-12)
    assert loaded.rows("escalation")[0]["kind"] == "tier2"


def test_zendesk(load):
    options = {"escalation_tags": {"escalated_l2": "tier2"}, "contact_field": 360001}
    loaded = load("zendesk", FIXTURES / "zendesk_tickets.jsonl", options=options)
    assert loaded.counts == (2, 1, 0, 1)
    assert loaded.rows("escalation")[0]["interaction_id"] == "g-1"
    ratings = load("zendesk", FIXTURES / "zendesk_satisfaction_ratings.json")
    assert ratings.counts == (2, 2, 0, 0)
    assert [row.get("csat_raw") for row in ratings.rows("survey_response", "response_id")] == [0, None]


def test_qualtrics(load):
    loaded = load("qualtrics", FIXTURES / "qualtrics_csat.csv")
    assert loaded.counts == (2, 1, 1, 0)
    (row,) = loaded.rows("survey_response")
    assert row["answered_at"] == datetime(2025, 3, 9, 8, 31, 5)
    assert (row["csat_raw"], row["interaction_id"]) == (2, "c-0001")


def test_salesforce(load):
    cases = load("salesforce", FIXTURES / "salesforce_case.csv")
    assert [row["interaction_id"] for row in cases.rows("escalation")] == ["c-0001"]
    items = load("salesforce", FIXTURES / "salesforce_opportunity_line_item.csv")
    assert [(row["product"], row["accepted"]) for row in items.rows("offer")] == [("UPG-5G", True)]


def test_learning(load):
    moodle = load("moodle", FIXTURES / "moodle_completion-emp101.csv", timezone="Europe/Madrid")
    done, open_ = moodle.rows("training")
    assert (done["course_id"], done["completed_at"]) == ("EMP101", datetime(2025, 2, 14, 9, 31))
    assert open_["status"] == "assigned"
    statements = load("xapi", FIXTURES / "xapi_statements.jsonl")
    assert [row["status"] for row in statements.rows("training")] == ["completed", "failed"]


def test_personnel(load):
    files = [FIXTURES / "bamboohr_employees.csv", FIXTURES / "bamboohr_job_info_history.csv"]
    loaded = load("bamboohr", files)
    assert loaded.counts == (4, 4, 0, 0)
    assert [row.get("left_on") for row in loaded.rows("agent")] == [None, date(2025, 3, 20)]
    assert [row["team_id"] for row in loaded.rows("agent_team", "valid_from")] == ["Retention", "Billing Support"]
