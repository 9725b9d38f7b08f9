"""docs/sources.md is what the modules say, and what they say is what they read."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import duckdb
import pytest

from etl.configuration.formats import FORMATS
from etl.configuration.model import Source
from etl.contracts.tables import CONTRACTS
from etl.reading import opened
from etl.sources.documentation import document, mapping_tables
from etl.sources.format import Context, get

DATA = Path(__file__).parent / "data"
DOCS = Path(__file__).parents[3] / "docs" / "sources.md"

EVERY_TABLE = {
    "amazon_connect": [("amazon_connect.jsonl", {"escalation_attribute": "escalation"})],
    "genesys": [("genesys.json", {"escalation_wrapups": ["ESC_L2"]})],
    "zendesk": [
        ("zendesk_tickets.jsonl", {"escalation_tags": ["angry"], "contact_field": 77}),
        ("zendesk_tickets.jsonl", {"tickets_are": "contacts", "escalation_tags": ["angry"]}),
        ("zendesk_satisfaction_ratings.json", {"tickets_are": "contacts"}),
    ],
    "salesforce": [
        ("salesforce_case.csv", {}),
        ("salesforce_case.csv", {"cases_are": "contacts"}),
        ("salesforce_opportunity_line_item.csv", {}),
    ],
    "qualtrics": [("qualtrics_plain.csv", {})],
    "moodle": [("completion-emp101.csv", {})],
    "xapi": [("xapi.jsonl", {})],
    "bamboohr": [("bamboohr_employees.csv", {}), ("bamboohr_job_history.csv", {})],
    "workday": [
        ("workday_worker_history.csv", {}),
        ("workday_worker_position_organization_history.csv", {}),
    ],
    "contact_lens": [("contact_lens.json", {})],
    "genesys_transcripts": [("genesys_transcripts.json", {})],
    "transcribe": [("transcribe.json", {"contact_pattern": "call-(.*)"})],
    "zendesk_comments": [("zendesk_comments.json", {})],
    "zendesk_conversation_log": [("zendesk_conversation_log.json", {})],
    "salesforce_conversation": [("salesforce_conversation.csv", {})],
    "twilio_sentences": [("twilio_sentences.json", {"agent_channel": 1})],
    "vcon": [("vcon.json", {})],
    "nice": [("nice_contact_detail.csv", {"escalation_dispositions": ["12"]})],
}
"""Files and options that between them make every table a format can give."""

ALIASES = {("zendesk", "escalation", "interaction_id"): "id", ("salesforce", "escalation", "interaction_id"): "Id"}
"""Columns that have another source when tickets or cases are the contacts; the notes say so."""


def read_fields(name: str) -> dict[str, dict[str, set[str]]]:
    """Canonical table -> column -> source fields, as the module's plans have them."""
    known = get(name)
    found: dict[str, dict[str, set[str]]] = {}
    for file, options in EVERY_TABLE[name]:
        sample = opened.sample(duckdb.connect(), DATA / file)
        plan = known.plan(Context("s", Source(format=name, path=file, options=options), "UTC", sample))
        for table in plan.tables:
            for column, mapped in table.fields.items():
                found.setdefault(table.table, {}).setdefault(column, set()).add(mapped.source)
    return found


def test_the_page_is_current():
    assert DOCS.read_text(encoding="utf-8") == document(), (
        "docs/sources.md is not what the modules say; run: python -m etl.sources.documentation > docs/sources.md"
    )


@pytest.mark.parametrize("name", EVERY_TABLE)
def test_every_mapping_table_is_what_is_read(name):
    said = mapping_tables(importlib.import_module(FORMATS[name]).__doc__ or "")
    read = read_fields(name)
    assert set(said) == set(read) == set(get(name).tables)
    for table, columns in said.items():
        assert set(columns) == set(read[table]), table
        for column, source in columns.items():
            other = ALIASES.get((name, table, column))
            assert read[table][column] - {other} == {source}, f"{table}.{column}"


@pytest.mark.parametrize("name", EVERY_TABLE)
def test_only_canonical_columns_are_filled_and_required_ones_are(name):
    for table, columns in read_fields(name).items():
        contract = CONTRACTS[table]
        assert set(columns) <= set(contract.column_names)
        required = {item.name for item in contract if item.required and item.default == "NULL"}
        assert required <= set(columns), table


@pytest.mark.parametrize("name", FORMATS)
def test_every_option_is_documented(name):
    page = DOCS.read_text(encoding="utf-8")
    for option in get(name).options:
        assert f"| `{option}` |" in page


@pytest.mark.parametrize("name", EVERY_TABLE)
def test_no_expression_may_become_a_join(name):
    """DuckDB turns a long IN into a join, which does not keep the order of rows; lines are counted in that order."""
    known = get(name)
    for file, options in EVERY_TABLE[name]:
        sample = opened.sample(duckdb.connect(), DATA / file)
        plan = known.plan(Context("s", Source(format=name, path=file, options=options), "UTC", sample))
        assert not re.search(r"\bin \(", repr(plan), re.IGNORECASE)
