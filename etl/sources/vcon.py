"""vCon, the IETF's container of conversations: what Webex Contact Center writes, and what converters of others do.

A turn is a ``dialog`` of type ``text``; who speaks is the ``role`` of its party (``originator``, else the first of
``parties``). A container with a text of a party without a known role is rejected, nobody is guessed. Recordings are no
turns; a container without any text gives none and is rejected: texts under ``analysis`` have no fixed form. The
contact is ``subject`` or, where option ``contact_attachment`` names a type of attachment, the ``body`` of the
first of that type. Files are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | subject | option `contact_attachment`; else uuid |
| turn | dialog[] | position among the texts |
| speaker | dialog[].originator + parties[].role | agent, customer, bot, supervisor, system |
| at | dialog[].start | |
| text | dialog[].body | scrubbed; stays in landing |
| redacted | redacted | where the container says that it is a redacted one |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Field, JsonShape, Plan, TableMap, path
from etl.sql_text import literal

ROLES = {
    "agent": "agent",
    "customer": "customer",
    "caller": "customer",
    "bot": "bot",
    "virtual agent": "bot",
    "supervisor": "supervisor",
    "system": "system",
}

_PARTY = (
    "coalesce(item ->> '$.originator', item ->> '$.parties[0]', "
    "case when json_type(item, '$.parties') <> 'ARRAY' then item ->> '$.parties' end)"
)
_ROLE = f"lower((json_extract(j, '$.parties[*]')::JSON[])[try_cast({_PARTY} as integer) + 1] ->> '$.role')"
_TEXTS = "list_filter(json_extract(j, '$.dialog[*]')::JSON[], lambda d: (d ->> '$.type') = 'text')"


def plan(context: Context) -> Plan:
    """Return how a container is read."""
    kind = str(context.option("contact_attachment", ""))
    attached = (
        "list_filter(json_extract(j, '$.attachments[*]')::JSON[], "
        f"lambda a: coalesce(a ->> '$.type', a ->> '$.purpose') = {literal(kind)})[1] ->> '$.body', "
    )
    contact = Field(f"coalesce({attached if kind else ''}j ->> '$.subject', j ->> '$.uuid')", "subject")
    fields = {
        "interaction_id": contact,
        "turn": Field("item_no", "dialog[]", typed=True),
        "speaker": Field(_ROLE, "dialog[].originator + parties[].role", values=ROLES),
        "at": Field(path("start", inside="item").sql, "dialog[].start"),
        "text": Field(path("body", inside="item").sql, "dialog[].body"),
        "redacted": Field("json_type(j, '$.redacted') = 'OBJECT'", "redacted", typed=True),
    }
    texts = TableMap("utterance", fields, each=_TEXTS)
    checks = shape(lists=("parties", "dialog"), scalars=("uuid", "subject"))
    version = "case when json_type(j, '$.redacted') = 'OBJECT' then '2000-01-02' else '2000-01-01' end"
    return Plan(JsonShape(), (texts,), checks, key=(contact.sql,), version=version)


def recognise(sample: Sample) -> Recognition | None:
    """Recognise containers by their version and dialogs."""
    if sample.is_json and sample.rows and {"vcon", "dialog"} <= set(sample.rows[0]):
        return Recognition(0.98, "conversations", ("options.contact_attachment",))
    return None


FORMAT = SourceFormat(
    name="vcon",
    label="vCon containers (Webex Contact Center and others)",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
    options={"contact_attachment": "type of the attachment whose body is the id of the contact"},
)
