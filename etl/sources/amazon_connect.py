"""Amazon Connect contact records: JSON, one delivery of one contact a line, or without line ends as streams write them.

Records are delivered at least once: of several with one ``ContactId`` the one with the newest ``LastUpdateTimestamp``
counts, the others are duplicates. A transfer is a contact of its own, tied to the one it continues. A contact whose
``Agent`` is null (given up in the queue, or handled by the menu) is loaded without an agent. A supervisor who listens
in has a record too (``InitiationMethod`` is ``MONITOR``); it is left out and counted. ``Attributes`` are set by the
contact flow, so their names are options. All times carry ``Z``.

| interaction | field of the record | notes |
|---|---|---|
| interaction_id | ContactId | |
| source_agent_id | Agent.Username | NULL when Agent is null |
| source_customer_id | Attributes.customer_id | option `customer_attribute` |
| started_at | InitiationTimestamp | UTC |
| ended_at | DisconnectTimestamp | UTC |
| channel | Channel | VOICE, CHAT, EMAIL, SMS; TASK is other |
| queue | Queue.Name | |
| reason | Attributes.reason | option `reason_attribute` |
| handle_s | Agent.AgentInteractionDuration + Agent.CustomerHoldDuration + Agent.AfterContactWorkDuration | seconds; \
a duration that is not given is 0; NULL without an agent; also where a flattened export has them beside ContactId |
| transferred | TransferCompletedTimestamp | true when there is one |
| hostile | Attributes.hostile | option `hostile_attribute` |
| eligible | Attributes.eligible | option `eligible_attribute` |
| parent_id | PreviousContactId + InitialContactId | the first that is given and is not the contact itself |
| row_version | LastUpdateTimestamp | UTC |

| offer | field of the record | notes |
|---|---|---|
| offer_id | ContactId + Attributes.offer_id | contact and product: one offer of a product a contact |
| interaction_id | ContactId | |
| source_agent_id | Agent.Username | |
| kind | Attributes.offer_kind | option `offer_kind` when the attribute is not set |
| product | Attributes.offer_id | option `offer_attribute`; no offer when it is not set |
| made_at | Agent.ConnectedToAgentTimestamp + InitiationTimestamp | the first that is given, UTC |
| accepted | Attributes.offer_result | option `offer_result_attribute`; not set means not accepted |
| amount | Attributes.offer_amount | option `offer_amount_attribute`, project currency |
| row_version | LastUpdateTimestamp | UTC |

| escalation | field of the record | notes |
|---|---|---|
| escalation_id | ContactId | only with option `escalation_attribute` |
| interaction_id | ContactId | |
| source_agent_id | Agent.Username | |
| kind | Attributes.escalation | tier2, supervisor or complaint; yes, true and 1 mean tier2 |
| at | DisconnectTimestamp + InitiationTimestamp | the first that is given, UTC |
| row_version | LastUpdateTimestamp | UTC |
"""

from __future__ import annotations

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Check, Drop, Field, JsonShape, Named, Plan, TableMap, numeric, path
from etl.sources.words import one_of
from etl.sql_text import literal

CHANNELS = {
    "VOICE": "voice",
    "TELEPHONY": "voice",
    "CHAT": "chat",
    "EMAIL": "email",
    "SMS": "message",
    "MESSAGING": "message",
    "TASK": "other",
}

RESULTS = {
    **dict.fromkeys(("accepted", "sold", "won", "yes"), "true"),
    **dict.fromkeys(("declined", "rejected", "refused", "lost", "no"), "false"),
}
"""Words of ``offer_result``; others are refused unless option ``offer_results`` says what they mean."""

ATTRIBUTES = {
    "customer": "customer_id",
    "reason": "reason",
    "hostile": "hostile",
    "eligible": "eligible",
    "offer": "offer_id",
    "offer_result": "offer_result",
    "offer_kind": "offer_kind",
    "offer_amount": "offer_amount",
}
"""Meaning of an attribute to its usual name; option ``<meaning>_attribute`` gives another name."""

_HANDLE = tuple(
    Field(f"coalesce({path(f'Agent.{name}').sql}, {path(name).sql})", f"Agent.{name}")
    for name in ("AgentInteractionDuration", "CustomerHoldDuration", "AfterContactWorkDuration")
)
"""Parts of handling: of the agent, or where a flattened export puts them, of the contact."""
_CONTACT = path("ContactId")
_AGENT = path("Agent.Username")
_STARTED = path("InitiationTimestamp")
_ENDED = path("DisconnectTimestamp")
_UPDATED = path("LastUpdateTimestamp")


def _attribute(name: str) -> Field:
    key = literal('$."Attributes"."' + name.replace('"', "") + '"')
    return Field(f"(j ->> {key})", f"Attributes.{name}")


def _first(*fields: Field) -> Field:
    return Field(f"coalesce({', '.join(field.sql for field in fields)})", " + ".join(field.source for field in fields))


def _with(field: Field, values: dict[str, str]) -> Field:
    return Field(field.sql, field.source, values=values)


def _handle_seconds() -> Field:
    parts = [f"try_cast({part.sql} as double)" for part in _HANDLE]
    given = f"coalesce({', '.join(parts)})"
    total = " + ".join(f"coalesce({part}, 0)" for part in parts)
    return Field(f"case when {given} is not null then {total} end", " + ".join(p.source for p in _HANDLE), typed=True)


def _parent() -> Field:
    previous, initial = path("PreviousContactId"), path("InitialContactId")
    return Field(
        f"coalesce(nullif({previous.sql}, {_CONTACT.sql}), nullif({initial.sql}, {_CONTACT.sql}))",
        f"{previous.source} + {initial.source}",
    )


def plan(context: Context) -> Plan:
    """Return how a file of contact records is read."""
    named = {
        meaning: _attribute(str(context.option(f"{meaning}_attribute", usual))) for meaning, usual in ATTRIBUTES.items()
    }
    transferred = path("TransferCompletedTimestamp")
    interaction = TableMap(
        "interaction",
        {
            "interaction_id": _CONTACT,
            "source_agent_id": _AGENT,
            "source_customer_id": named["customer"],
            "started_at": _STARTED,
            "ended_at": _ENDED,
            "channel": path("Channel", values=CHANNELS),
            "queue": path("Queue.Name"),
            "reason": named["reason"],
            "handle_s": _handle_seconds(),
            "transferred": Field(f"{transferred.sql} is not null", transferred.source, typed=True),
            "hostile": named["hostile"],
            "eligible": named["eligible"],
            "parent_id": _parent(),
            "row_version": _UPDATED,
        },
    )
    kind = literal(str(context.option("offer_kind", "upsell")))
    product = named["offer"]
    results = {**RESULTS, **{str(k): str(v) for k, v in context.option("offer_results", {}).items()}}
    offer = TableMap(
        "offer",
        {
            "offer_id": Field(f"{_CONTACT.sql} || ':' || {product.sql}", f"{_CONTACT.source} + {product.source}"),
            "interaction_id": _CONTACT,
            "source_agent_id": _AGENT,
            "kind": Field(f"coalesce({named['offer_kind'].sql}, {kind})", named["offer_kind"].source),
            "product": product,
            "made_at": _first(path("Agent.ConnectedToAgentTimestamp"), _STARTED),
            "accepted": Field(
                f"coalesce({named['offer_result'].sql}, 'false')", named["offer_result"].source, values=results
            ),
            "amount": named["offer_amount"],
            "row_version": _UPDATED,
        },
        when=f"{product.sql} is not null",
    )
    tables = [interaction, offer]
    escalation = str(context.option("escalation_attribute", ""))
    if escalation:
        tables.append(_escalation(_attribute(escalation)))
    objects = {"Agent": "Agent.Username", "Queue": "Queue.Name", "Attributes": named["customer"].source}
    scalars = ("ContactId", "Agent.Username", "Queue.Name", "PreviousContactId", "InitialContactId", "Channel")
    checks = [*shape(objects=objects, scalars=scalars), *numeric(*_HANDLE)]
    if "source_agent_id" not in context.source.columns:
        given = f"coalesce({', '.join(part.sql for part in _HANDLE)}) is not null"
        checks.append(
            Check(f"{_AGENT.sql} is null and {given}", "Agent.Username is missing though an agent handled it")
        )
    drops = (Drop("(j ->> '$.InitiationMethod') = 'MONITOR'", "a supervisor listening in, not a contact"),)
    own = [f"{meaning}_attribute" for meaning in (*ATTRIBUTES, "escalation")]
    said = {option: str(context.option(option, "")) for option in own if context.option(option, "")}
    watched = [Named(f"options.{option}", name, f"{_attribute(name).sql} is not null") for option, name in said.items()]
    return Plan(
        JsonShape(),
        tuple(tables),
        tuple(checks),
        drops,
        key=(_CONTACT.sql,),
        version=_UPDATED.sql,
        named=tuple(watched),
    )


def _escalation(level: Field) -> TableMap:
    return TableMap(
        "escalation",
        {
            "escalation_id": _CONTACT,
            "interaction_id": _CONTACT,
            "source_agent_id": _AGENT,
            "kind": _with(Field(f"lower({level.sql})", level.source), dict.fromkeys(("yes", "true", "1"), "tier2")),
            "at": _first(_ENDED, _STARTED),
            "row_version": _UPDATED,
        },
        when=f"not {one_of(f'lower({level.sql})', ('', 'no', 'false', '0', 'none'))}",
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise contact records by their ids and times."""
    if not sample.is_json or not sample.rows:
        return None
    record = sample.rows[0]
    if not {"ContactId", "InitiationTimestamp"} <= set(record):
        return None
    held = [row["Attributes"] for row in sample.rows if isinstance(row.get("Attributes"), dict)]
    attributes = tuple(dict.fromkeys(name for attributes in held for name in attributes))
    undecided = [] if ATTRIBUTES["customer"] in attributes else ["options.customer_attribute"]
    options = {}
    if ATTRIBUTES["offer"] in attributes and ATTRIBUTES["offer_kind"] not in attributes:
        undecided.append("options.offer_kind")
        options["offer_kind"] = "upsell"
    return Recognition(
        0.99, "contact records", tuple(undecided), options, seen={"options.customer_attribute": attributes}
    )


FORMAT = SourceFormat(
    name="amazon_connect",
    label="Amazon Connect contact records",
    tables=("interaction", "offer", "escalation"),
    plan=plan,
    recognise=recognise,
    options={
        "customer_attribute": "attribute that holds the customer's id; `customer_id` when not given",
        "reason_attribute": "attribute that holds the reason of the contact; `reason` when not given",
        "hostile_attribute": "attribute that marks conflict; `hostile` when not given",
        "eligible_attribute": "attribute that says an offer could have been made; `eligible` when not given",
        "offer_attribute": "attribute that holds the product offered; `offer_id` when not given",
        "offer_result_attribute": "attribute that holds the answer to the offer; `offer_result` when not given",
        "offer_results": 'further answers, such as `{ ok = "true" }`',
        "offer_kind_attribute": "attribute that holds upsell or cross_sell; `offer_kind` when not given",
        "offer_kind": "kind of offers whose record does not say; `upsell` when not given",
        "offer_amount_attribute": "attribute that holds the price; `offer_amount` when not given",
        "escalation_attribute": "attribute that marks an escalation; no escalations are read when not given",
    },
)
