"""Zendesk conversation log: the document of each ticket from ``/api/v2/tickets/{id}/conversation_log``.

Who speaks is ``author.type`` of the event (``agent``, ``user``, ``bot``, ``system``); a ticket with a message of
any other author is rejected, nobody is guessed. Events without a text (assignments, files) are no turns. Internal notes
are kept apart and not scored. The document needs the ticket's number in ``ticket_id``, which the API does not repeat:
write it when downloading. Files are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | ticket_id | |
| turn | events[] | position among those with a text |
| speaker | events[].author.type | user is the customer; not public: a note |
| source_agent_id | events[].author.zen:support:user_id | agents only |
| at | events[].created_at | |
| text | events[].content.body | scrubbed; stays in landing |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Field, JsonShape, Plan, TableMap, path

AUTHORS = {"agent": "agent", "user": "customer", "bot": "bot", "system": "system", "note": "note"}

_TICKET = path("ticket_id")
_AUTHOR = path("author.type", inside="item").sql
_NOTE = "((item ->> '$.public') = 'false' or (item ->> '$.metadata.public') = 'false')"
_MESSAGES = "list_filter(json_extract(j, '$.events[*]')::JSON[], lambda e: (e ->> '$.content.body') is not null)"


def plan(context: Context) -> Plan:
    """Return how the document of a ticket is read."""
    fields = {
        "interaction_id": _TICKET,
        "turn": Field("item_no", "events[]", typed=True),
        "speaker": Field(f"case when {_NOTE} then 'note' else {_AUTHOR} end", "events[].author.type", values=AUTHORS),
        "source_agent_id": Field(
            f"case when {_AUTHOR} = 'agent' then item ->> '$.author.\"zen:support:user_id\"' end",
            "events[].author.zen:support:user_id",
        ),
        "at": Field(path("created_at", inside="item").sql, "events[].created_at"),
        "text": Field(path("content.body", inside="item").sql, "events[].content.body"),
    }
    messages = TableMap("utterance", fields, each=_MESSAGES)
    checks = shape(lists=("events",), scalars=("ticket_id",))
    return Plan(JsonShape(), (messages,), checks, key=(_TICKET.sql,))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise logs by their events."""
    if sample.is_json and sample.rows and {"ticket_id", "events"} <= set(sample.rows[0]):
        return Recognition(0.9, "conversation logs")
    return None


FORMAT = SourceFormat(
    name="zendesk_conversation_log",
    label="Zendesk conversation log",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
)
