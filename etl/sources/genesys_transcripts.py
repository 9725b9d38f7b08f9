"""Genesys Cloud transcripts: the JSON document behind each ``transcripturl``, one a communication.

``participantPurpose`` is ``internal`` on the agent's side and ``external`` on the customer's; a communication with a
phrase of any other is rejected, nobody is guessed. A conversation with transfers has a document a communication: number
them with ``constants = { leg = 2 }`` of a source of their own, or export conversations without transfers. Files are
read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | conversationId | |
| turn | transcripts[].phrases[] | position |
| speaker | transcripts[].phrases[].participantPurpose | internal is the agent, external the customer |
| at | transcripts[].phrases[].startTimeMs | UTC |
| language | transcripts[].language | of the first |
| text | transcripts[].phrases[].text | scrubbed; stays in landing |
| confidence | transcripts[].phrases[].confidence | |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Field, JsonShape, Plan, TableMap, path

SIDES = {"internal": "agent", "external": "customer"}

_CONVERSATION = path("conversationId")


def _of_phrase(name: str) -> Field:
    return Field(path(name, inside="item").sql, f"transcripts[].phrases[].{name}")


def plan(context: Context) -> Plan:
    """Return how the document of a communication is read."""
    side, began = _of_phrase("participantPurpose"), _of_phrase("startTimeMs")
    fields = {
        "interaction_id": _CONVERSATION,
        "turn": Field("item_no", "transcripts[].phrases[]", typed=True),
        "speaker": Field(side.sql, side.source, values=SIDES),
        "at": began,
        "language": Field("(j ->> '$.transcripts[0].language')", "transcripts[].language"),
        "text": _of_phrase("text"),
        "confidence": _of_phrase("confidence"),
    }
    phrases = TableMap("utterance", fields, each="json_extract(j, '$.transcripts[*].phrases[*]')::JSON[]")
    checks = shape(lists=("transcripts",), scalars=("conversationId", "communicationId"))
    return Plan(JsonShape(), (phrases,), checks, key=(_CONVERSATION.sql, path("communicationId").sql))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise transcripts by their conversation and phrases."""
    if sample.is_json and sample.rows and {"conversationId", "transcripts"} <= set(sample.rows[0]):
        return Recognition(0.97, "conversations")
    return None


FORMAT = SourceFormat(
    name="genesys_transcripts",
    label="Genesys Cloud transcripts",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
)
