"""Amazon Connect Contact Lens output files: one JSON document a contact, voice or chat, as they lie in the bucket.

Who speaks is the ``ParticipantRole`` of the turn or, where a turn has only a ``ParticipantId``, that of the participant
in ``Participants``; a contact with a turn without a role is rejected, nobody is guessed. Raw and redacted files of
a contact are one: the redacted one is loaded, the other is a duplicate. A file whose job is not ``COMPLETED`` is
rejected. Files are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | CustomerMetadata.ContactId | else ContactId |
| turn | Transcript[] | position |
| speaker | Transcript[].ParticipantRole + Participants[].ParticipantRole | who has which role |
| at | Transcript[].AbsoluteTime | chat only, UTC |
| started_ms | Transcript[].BeginOffsetMillis | voice only |
| ended_ms | Transcript[].EndOffsetMillis | voice only |
| language | LanguageCode | |
| text | Transcript[].Content | scrubbed; stays in landing |
| redacted | ContentMetadata.Output | Redacted |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Check, Field, JsonShape, Plan, TableMap, named_by, path

ROLES = {
    "AGENT": "agent",
    "CUSTOMER": "customer",
    "SYSTEM": "system",
    "CUSTOM_BOT": "bot",
    "SUPERVISOR": "supervisor",
}

_CONTACT = Field("coalesce(j ->> '$.CustomerMetadata.ContactId', j ->> '$.ContactId')", "CustomerMetadata.ContactId")
_PARTICIPANT = named_by(
    "json_extract(j, '$.Participants[*]')::JSON[]", "ParticipantId", "ParticipantRole", "(item ->> '$.ParticipantId')"
)
_REDACTED = "(j ->> '$.ContentMetadata.Output') = 'Redacted'"


def _of_turn(name: str) -> Field:
    return Field(path(name, inside="item").sql, f"Transcript[].{name}")


def plan(context: Context) -> Plan:
    """Return how an output file is read."""
    fields = {
        "interaction_id": _CONTACT,
        "turn": Field("item_no", "Transcript[]", typed=True),
        "speaker": Field(
            f"coalesce(item ->> '$.ParticipantRole', {_PARTICIPANT})",
            "Transcript[].ParticipantRole + Participants[].ParticipantRole",
            values=ROLES,
        ),
        "at": _of_turn("AbsoluteTime"),
        "started_ms": _of_turn("BeginOffsetMillis"),
        "ended_ms": _of_turn("EndOffsetMillis"),
        "language": path("LanguageCode"),
        "text": _of_turn("Content"),
        "redacted": Field(_REDACTED, "ContentMetadata.Output", typed=True),
    }
    turns = TableMap("utterance", fields, each="json_extract(j, '$.Transcript[*]')::JSON[]")
    status = path("JobStatus").sql
    checks = (
        *shape(objects={"CustomerMetadata": "CustomerMetadata.ContactId"}, lists=("Transcript", "Participants")),
        Check(f"coalesce({status}, 'COMPLETED') <> 'COMPLETED'", "JobStatus is not COMPLETED; there is no transcript"),
    )
    version = f"case when {_REDACTED} then '2000-01-02' else '2000-01-01' end"
    return Plan(JsonShape(), (turns,), checks, key=(_CONTACT.sql,), version=version)


def recognise(sample: Sample) -> Recognition | None:
    """Recognise output files by their participants and transcript."""
    if not sample.is_json or not sample.rows:
        return None
    first = set(sample.rows[0])
    if {"Transcript", "Participants"} <= first and "JobName" not in first:  # what Transcribe alone writes has one
        return Recognition(0.98, "conversations")
    return None


FORMAT = SourceFormat(
    name="contact_lens",
    label="Amazon Connect Contact Lens transcripts",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
)
