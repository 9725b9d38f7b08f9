"""Twilio Conversational Intelligence: the sentences of each transcript, with the transcript they are of.

A sentence has a channel and no role, so who is on which channel must be written: ``options = { agent_channel = 1 }``
(the other channel is then the customer's). Without it the file is not read, nobody is guessed; a transcript with
sentences on one channel only, as a recording in mono gives, is rejected. The document holds ``sentences`` as the API
gives them and, from the transcript, ``customer_key`` (the id of the contact; else ``sid``). Files are read only where
``[conversations] read`` is true.

| utterance | field of the record | notes |
|---|---|---|
| interaction_id | customer_key | else sid |
| turn | sentences[] | position |
| speaker | sentences[].media_channel | option `agent_channel` |
| started_ms | sentences[].start_time | seconds |
| ended_ms | sentences[].end_time | seconds |
| language | language_code | |
| text | sentences[].transcript | scrubbed; stays in landing |
| confidence | sentences[].confidence | |
| redacted | redaction | |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Check, Field, JsonShape, Plan, TableMap, path

CHANNELS = ("1", "2")

_CONTACT = Field("coalesce(j ->> '$.customer_key', j ->> '$.sid')", "customer_key")


def _of_sentence(name: str) -> Field:
    return Field(path(name, inside="item").sql, f"sentences[].{name}")


def _milliseconds(name: str) -> Field:
    return Field(f"1000 * try_cast({path(name, inside='item').sql} as double)", f"sentences[].{name}", typed=True)


def plan(context: Context) -> Plan:
    """Return how the document of a transcript is read.

    Raises
    ------
    SourceError
        When nobody wrote on which channel the agent is.
    """
    channel = str(context.option("agent_channel", ""))
    if channel not in CHANNELS:
        raise SourceError(
            f"[sources.{context.name}] options.agent_channel must say on which channel the agent is, 1 or 2: sentences "
            "name a channel and no role, and nobody is guessed."
        )
    other = next(name for name in CHANNELS if name != channel)
    spoken = _of_sentence("media_channel")
    fields = {
        "interaction_id": _CONTACT,
        "turn": Field("item_no", "sentences[]", typed=True),
        "speaker": Field(spoken.sql, spoken.source, values={channel: "agent", other: "customer"}),
        "started_ms": _milliseconds("start_time"),
        "ended_ms": _milliseconds("end_time"),
        "language": path("language_code"),
        "text": _of_sentence("transcript"),
        "confidence": _of_sentence("confidence"),
        "redacted": Field("(j ->> '$.redaction') = 'true'", "redaction", typed=True),
    }
    sentences = TableMap("utterance", fields, each="json_extract(j, '$.sentences[*]')::JSON[]")
    channels = "len(list_distinct(json_extract_string(j, '$.sentences[*].media_channel')))"
    checks = (
        *shape(lists=("sentences",), scalars=("customer_key", "sid")),
        Check(f"{channels} = 1", "all sentences are on one channel; who speaks cannot be told"),
    )
    return Plan(JsonShape(), (sentences,), checks, key=(_CONTACT.sql,))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise transcripts by their sentences and channels."""
    if sample.is_json and sample.rows and "sentences" in sample.rows[0]:
        return Recognition(0.9, "sentences", ("options.agent_channel",))
    return None


FORMAT = SourceFormat(
    name="twilio_sentences",
    label="Twilio Conversational Intelligence sentences",
    tables=("utterance",),
    plan=plan,
    recognise=recognise,
    options={"agent_channel": "channel of the agent, 1 or 2; the other is the customer's"},
)
