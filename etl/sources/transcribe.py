"""Amazon Transcribe Call Analytics: the JSON document of each job, one a call.

The job's name is the id of the contact; where it only holds it, say where with option ``contact_pattern``, a regular
expression whose first group is the id. A call with a turn whose role is neither AGENT nor CUSTOMER is rejected, nobody
is guessed. Files are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | JobName | option `contact_pattern` |
| turn | Transcript[] | position |
| speaker | Transcript[].ParticipantRole | AGENT, CUSTOMER |
| started_ms | Transcript[].BeginOffsetMillis | |
| ended_ms | Transcript[].EndOffsetMillis | |
| language | LanguageCode | |
| text | Transcript[].Content | scrubbed; stays in landing |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Check, Field, JsonShape, Plan, TableMap, path
from etl.sql_text import literal

ROLES = {"AGENT": "agent", "CUSTOMER": "customer"}


def _of_turn(name: str) -> Field:
    return Field(path(name, inside="item").sql, f"Transcript[].{name}")


def plan(context: Context) -> Plan:
    """Return how the document of a job is read."""
    pattern = str(context.option("contact_pattern", ""))
    name = path("JobName").sql
    contact = f"nullif(regexp_extract({name}, {literal(pattern)}, 1), '')" if pattern else name
    role = _of_turn("ParticipantRole")
    fields = {
        "interaction_id": Field(contact, "JobName"),
        "turn": Field("item_no", "Transcript[]", typed=True),
        "speaker": Field(role.sql, role.source, values=ROLES),
        "started_ms": _of_turn("BeginOffsetMillis"),
        "ended_ms": _of_turn("EndOffsetMillis"),
        "language": path("LanguageCode"),
        "text": _of_turn("Content"),
    }
    turns = TableMap("utterance", fields, each="json_extract(j, '$.Transcript[*]')::JSON[]")
    status = path("JobStatus").sql
    checks = (
        *shape(lists=("Transcript",), scalars=("JobName",)),
        Check(f"coalesce({status}, 'COMPLETED') <> 'COMPLETED'", "JobStatus is not COMPLETED; there is no transcript"),
    )
    return Plan(JsonShape(), (turns,), checks, key=(contact,))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise documents of jobs by their name and transcript."""
    if sample.is_json and sample.rows and {"JobName", "Transcript"} <= set(sample.rows[0]):
        return Recognition(0.97, "calls", ("options.contact_pattern",))
    return None


FORMAT = SourceFormat(
    name="transcribe",
    label="Amazon Transcribe Call Analytics",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
    options={"contact_pattern": "regular expression whose first group, in the job's name, is the id of the contact"},
)
