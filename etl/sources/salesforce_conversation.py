"""Salesforce messaging: ``ConversationEntry`` as a CSV export, one row an entry.

Who speaks is ``ActorType`` (``Agent``, ``Bot``, ``EndUser``, ``Supervisor``, ``System``); a row of any other is
rejected, nobody is guessed. Only entries of type ``Text`` are turns; others are dropped and counted. Turns stand in the
order of ``EntryTime``. Ids of 15 characters are lengthened to 18. Files are read only where ``[conversations] read``
is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | ConversationId | |
| turn | EntryTime | milliseconds |
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
_MILLISECONDS = f"coalesce(try_cast({_TIME} as bigint), epoch_ms(try_cast({_TIME} as timestamptz)))"


def plan(context: Context) -> Plan:
    """Return how the export is read."""
    fields = {
        "interaction_id": Field(salesforce_id(quoted("ConversationId")), "ConversationId"),
        "turn": Field(_MILLISECONDS, "EntryTime", typed=True),
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
