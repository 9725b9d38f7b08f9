"""The formats of ``[sources.NAME] format = "..."``, and their modules.

The table holds names only, so that a configuration can be checked without importing a reader.
"""

from __future__ import annotations

FORMATS: dict[str, str] = {
    "tabular": "etl.sources.tabular",
    "genesys": "etl.sources.genesys",
    "amazon_connect": "etl.sources.amazon_connect",
    "zendesk": "etl.sources.zendesk",
    "salesforce": "etl.sources.salesforce",
    "qualtrics": "etl.sources.qualtrics",
    "moodle": "etl.sources.moodle",
    "xapi": "etl.sources.xapi",
    "bamboohr": "etl.sources.bamboohr",
    "workday": "etl.sources.workday",
    "nice": "etl.sources.nice",
    "contact_lens": "etl.sources.contact_lens",
    "genesys_transcripts": "etl.sources.genesys_transcripts",
    "transcribe": "etl.sources.transcribe",
    "zendesk_comments": "etl.sources.zendesk_comments",
    "zendesk_conversation_log": "etl.sources.zendesk_conversation_log",
    "salesforce_conversation": "etl.sources.salesforce_conversation",
    "twilio_sentences": "etl.sources.twilio_sentences",
    "vcon": "etl.sources.vcon",
}

TRANSCRIPT_FORMATS = frozenset(
    (
        "contact_lens", "genesys_transcripts", "transcribe", "zendesk_comments", "zendesk_conversation_log",
        "salesforce_conversation", "twilio_sentences", "vcon",
    )
)  # fmt: skip
"""Formats of conversations, which are read only where ``[conversations] read`` says so."""
