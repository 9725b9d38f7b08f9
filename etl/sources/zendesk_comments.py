"""Zendesk ticket comments: the document of each ticket, ``comments`` beside ``users`` (``?include=users``).

Who speaks is the role of the comment's author among the document's ``users``: an agent or admin is the agent, an
end user the customer. A ticket with a comment whose author is not among them is rejected, nobody is guessed. Private
notes (``public`` is false) are kept apart and not scored. The document needs the ticket's number in ``ticket_id``,
which the API does not repeat: write it when downloading. Files are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | ticket_id | |
| turn | comments[] | position |
| speaker | comments[].author_id + users[].role | agent or admin, end-user; private: a note |
| source_agent_id | comments[].author_id | agents only |
| at | comments[].created_at | |
| text | comments[].plain_body | else body; scrubbed; stays in landing |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Field, JsonShape, Plan, TableMap, named_by, path
from etl.sources.words import one_of

ROLES = {"agent": "agent", "admin": "agent", "end-user": "customer", "note": "note"}

_TICKET = path("ticket_id")
_AUTHOR = path("author_id", inside="item").sql
_ROLE = named_by("json_extract(j, '$.users[*]')::JSON[]", "id", "role", _AUTHOR)
_IS_AGENT = one_of(_ROLE, ("agent", "admin"))
_PRIVATE = "(item ->> '$.public') = 'false'"


def plan(context: Context) -> Plan:
    """Return how the document of a ticket is read."""
    said = f"coalesce({path('plain_body', inside='item').sql}, {path('body', inside='item').sql})"
    fields = {
        "interaction_id": _TICKET,
        "turn": Field("item_no", "comments[]", typed=True),
        "speaker": Field(
            f"case when {_PRIVATE} then 'note' else {_ROLE} end", "comments[].author_id + users[].role", values=ROLES
        ),
        "source_agent_id": Field(f"case when {_IS_AGENT} then {_AUTHOR} end", "comments[].author_id"),
        "at": Field(path("created_at", inside="item").sql, "comments[].created_at"),
        "text": Field(said, "comments[].plain_body"),
    }
    comments = TableMap("utterance", fields, each="json_extract(j, '$.comments[*]')::JSON[]")
    checks = shape(lists=("comments", "users"), scalars=("ticket_id",))
    return Plan(JsonShape(), (comments,), checks, key=(_TICKET.sql,))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise tickets' documents by their comments and users."""
    if sample.is_json and sample.rows and {"comments", "users"} <= set(sample.rows[0]):
        return Recognition(0.96, "ticket comments")
    return None


FORMAT = SourceFormat(
    name="zendesk_comments",
    label="Zendesk ticket comments",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
)
