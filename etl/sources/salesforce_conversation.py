"""Salesforce messaging: ``ConversationEntry`` as a CSV export, one row an entry.

Who speaks is ``ActorType`` (``Agent``, ``Bot``, ``EndUser``, ``Supervisor``, ``System``); a row of any other is
rejected, nobody is guessed. Only entries of type ``Text`` are turns; others are dropped and counted. Turns stand in the
order of ``EntryTime``; entries of one second stay apart by their ids. Ids of 15 characters are lengthened to 18. Files
are read only where ``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | ConversationId | |
| turn | EntryTime + Id | |
| speaker | ActorType | EndUser is the customer |
| source_agent_id | ActorId | agents only |
| at | EntryTime | |
| text | Message | scrubbed; stays in landing |
"""

from __future__ import annotations

from etl.sources.csv_shape import shape
from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.plan import Drop, Field, Plan, TableMap, column
from etl.sources.words import salesforce_id
from etl.sql_text import quoted

ACTORS = {"Agent": "agent", "Bot": "bot", "EndUser": "customer", "Supervisor": "supervisor", "System": "system"}
REQUIRED = ("ConversationId", "ActorType", "EntryTime", "EntryType", "Message")
OPTIONAL = ("ActorId", "Id")

_TIME = quoted("EntryTime")
_EPOCH_MS = f"coalesce(try_cast({_TIME} as bigint), epoch_ms(try_cast({_TIME} as timestamptz)))"
_MARK = f"hash(coalesce({quoted('Id')}, {quoted('Message')}))"
_PLACE = (
    f"4000 * ({_EPOCH_MS} // 1000) + case when {_EPOCH_MS} % 1000 = 0 then cast({_MARK} % 4000 as bigint) "
    f"else 4 * ({_EPOCH_MS} % 1000) + cast({_MARK} % 4 as bigint) end"
)
"""Entries by their time; those of one moment stay apart by their ids, since most exports write whole seconds."""


def plan(context: Context) -> Plan:
    """Return how the export is read."""
    fields = {
        "interaction_id": Field(salesforce_id(quoted("ConversationId")), "ConversationId"),
        "turn": Field(_PLACE, "EntryTime + Id", typed=True),
        "speaker": column("ActorType", values=ACTORS),
        "source_agent_id": Field(
            f"case when {quoted('ActorType')} = 'Agent' then {salesforce_id(quoted('ActorId'))} end", "ActorId"
        ),
        "at": column("EntryTime"),
        "text": column("Message"),
    }
    drops = (Drop(f"coalesce({quoted('EntryType')}, '') <> 'Text'", "an entry that is no text"),)
    return Plan(shape(context, REQUIRED, OPTIONAL), (TableMap("utterance", fields),), drops=drops)


def recognise(sample: Sample) -> Recognition | None:
    """Recognise the export by its columns."""
    if not sample.is_json and set(REQUIRED) <= set(sample.header):
        return Recognition(0.97, "messaging entries")
    return None


FORMAT = SourceFormat(
    name="salesforce_conversation",
    label="Salesforce messaging entries",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
    options={"delimiter": "sign between columns", "encoding": "encoding of the file"},
)
