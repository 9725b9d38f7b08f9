"""Columns that several tables share."""

from __future__ import annotations

from etl.contracts.grammar import Column

ROW_VERSION = Column(
    "row_version", "timestamp", "When the source last changed the row; of two rows with one key the newest counts."
)


PERSON_IDS = frozenset(("source_agent_id", "source_supervisor_id", "source_evaluator_id"))
"""Columns with a system's ids of people: names, where ids are made of attributes."""


def agent_id(required: bool = True) -> Column:
    return Column("source_agent_id", "text", "The agent's id in the source; becomes agent_key.", required=required)


INTERACTION_ID = Column(
    "interaction_id",
    "text",
    "The contact it belongs to, as the contact system knows it; NULL when it is not tied to one.",
    needed_for="what came of a contact, and by channel and queue",
)
