"""Zendesk tickets and satisfaction ratings: JSON lines, or documents with ``tickets`` or ``satisfaction_ratings``.

Tickets are exported again whenever they change: the newest ``updated_at`` counts, earlier versions are duplicates.
The incremental export goes on naming deleted tickets: they are left out and counted, and so are tickets that were
merged into another one (tag ``closed_by_merge``), which live on in it.

What a ticket stands for is option ``tickets_are``. With ``"escalations"`` (the usual case: contacts come from the
telephone system) a ticket with one of the tags of ``escalation_tags`` is an escalation of the contact whose id stands
in the custom field ``contact_field``; other tickets are left out and counted. With ``"contacts"`` every ticket is a
contact of its own, and a tagged one an escalation besides; tickets that share a `problem_id` are contacts of
different customers about one fault, and are not tied together. A reopened ticket is still one contact, from its first
opening: for first-contact resolution only another ticket or call of the customer is a repeat.

A rating with score good or bad is an answer; ``offered`` is an invitation nobody answered; ``unoffered`` (the customer
was never asked) is left out and counted, as it would dilute the response rate.

| escalation | field of the record | notes |
|---|---|---|
| escalation_id | id | |
| interaction_id | custom_fields | value of the field `contact_field`; the ticket's id when tickets are contacts |
| source_agent_id | assignee_id | |
| kind | tags | as option `escalation_tags` says; the first of its tags that the ticket has |
| at | created_at | UTC |
| row_version | updated_at | UTC |

| interaction | field of the record | notes |
|---|---|---|
| interaction_id | id | only with option `tickets_are = "contacts"` |
| source_agent_id | assignee_id | |
| source_customer_id | requester_id | |
| started_at | created_at | UTC |
| channel | via.channel | phone, voice, chat, email, messaging, social media; anything else is other |
| queue | group_id | |
| reason | type | |
| row_version | updated_at | UTC |

| survey_response | field of the record | notes |
|---|---|---|
| response_id | id | |
| interaction_id | ticket_id | only when tickets are contacts |
| source_agent_id | assignee_id | |
| invited_at | created_at | UTC |
| answered_at | updated_at | only for good and bad, UTC |
| csat_raw | score | good is 1, bad is 0 |
| scale_min | score | 0 |
| scale_max | score | 1 |
| comment | comment | |
| row_version | updated_at | UTC |
"""

from __future__ import annotations

from collections.abc import Mapping

from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Drop, Field, JsonShape, Named, Plan, TableMap, path
from etl.sources.words import escalation_words, folded, kinds_by_word, one_of, unreadable
from etl.sql_text import literal

KINDS = ("tier2", "supervisor", "complaint")

CHANNELS = {
    "phone": "voice",
    "voice": "voice",
    "chat": "chat",
    "email": "email",
    "sms": "message",
    "native_messaging": "message",
    "messaging": "message",
    "whatsapp": "message",
    "line": "message",
    "facebook": "social",
    "twitter": "social",
    "x": "social",
    "instagram_dm": "social",
}
"""Values of via.channel; anything else (web form, API, help centre) is ``other``."""

MERGED = "closed_by_merge"
"""The tag that Zendesk gives a ticket that was merged into another one."""

LISTS = ("tickets", "satisfaction_ratings")

_ID = path("id")
_AGENT = path("assignee_id")
_CREATED = path("created_at")
_UPDATED = path("updated_at")


def _holds_ratings(sample: Sample) -> bool:
    if sample.rows:
        return {"score", "ticket_id"} <= set(sample.rows[0])
    return "satisfaction_ratings" in sample.lists


def _tickets_are_contacts(context: Context) -> bool:
    meaning = context.option("tickets_are", "escalations")
    if meaning not in ("contacts", "escalations"):
        raise SourceError(
            f'[sources.{context.name}] options.tickets_are is "{meaning}"; write "contacts" or "escalations".'
        )
    return bool(meaning == "contacts")


def plan(context: Context) -> Plan:
    """Return how a file of tickets or of ratings is read."""
    if _holds_ratings(context.sample):
        return _ratings(_tickets_are_contacts(context))
    return _tickets(context)


def _tickets(context: Context) -> Plan:
    are_contacts = _tickets_are_contacts(context)
    tags = kinds_by_word(context, "escalation_tags", KINDS)
    if not tags and not are_contacts:
        raise SourceError(
            f"[sources.{context.name}] options.escalation_tags is missing: say which tags mean an escalation, such as "
            f'{{ escalated_l2 = "tier2", complaint = "complaint" }}, or set tickets_are = "contacts".'
        )
    tables: list[TableMap] = []
    own_tags = "json_extract_string(j, '$.tags[*]')"
    drops = [
        Drop("(j ->> '$.status') = 'deleted'", "deleted in Zendesk"),
        Drop(f"list_contains({own_tags}, {literal(MERGED)})", "merged into another ticket"),
    ]
    listed = "[" + ", ".join(literal(tag) for tag in tags) + "]"
    tagged = f"list_has_any({own_tags}, {listed})" if tags else "false"
    if are_contacts:
        tables.append(_contact(context))
        about = path("id")
    else:
        about = _custom_field(str(context.option("contact_field", "")))
        drops.append(Drop(f"not coalesce({tagged}, false)", "not an escalation: none of the tags of escalation_tags"))
    if tags:
        cases = " ".join(
            f"when list_contains({own_tags}, {literal(tag)}) then {literal(kind)}" for tag, kind in tags.items()
        )
        tables.append(
            TableMap(
                "escalation",
                {
                    "escalation_id": _ID,
                    "interaction_id": about,
                    "source_agent_id": _AGENT,
                    "kind": Field(f"case {cases} end", "tags"),
                    "at": _CREATED,
                    "row_version": _UPDATED,
                },
                when=tagged,
            )
        )
    checks = shape(
        objects={"via": "via.channel"},
        lists=("tags", "custom_fields"),
        scalars=("id", "assignee_id", "requester_id"),
    )
    named = [
        Named("options.escalation_tags", tag, f"list_contains({own_tags}, {literal(tag)})") for tag in tags
    ]
    field = str(context.option("contact_field", ""))
    if field and not are_contacts:
        named.append(Named("options.contact_field", field, f"{_custom_field(field).sql} is not null"))
    return Plan(
        JsonShape(LISTS),
        tuple(tables),
        checks,
        tuple(drops),
        key=("'ticket'", _ID.sql),
        version=_UPDATED.sql,
        named=tuple(named),
    )


def _custom_field(number: str) -> Field:
    if not number:
        return Field("NULL::VARCHAR", "custom_fields")
    fields = "json_extract(j, '$.custom_fields[*]')::JSON[]"
    own = f"list_filter({fields}, lambda f: (f ->> '$.id') = {literal(number)})"
    return Field(f"{own}[1] ->> '$.value'", "custom_fields")


def _contact(context: Context) -> TableMap:
    channel = path("via.channel")
    return TableMap(
        "interaction",
        {
            "interaction_id": _ID,
            "source_agent_id": _AGENT,
            "source_customer_id": path("requester_id"),
            "started_at": _CREATED,
            "channel": folded(context, "channel", channel.sql, channel.source, CHANNELS, empty="other"),
            "queue": path("group_id"),
            "reason": path("type"),
            "row_version": _UPDATED,
        },
    )


def _ratings(tickets_are_contacts: bool) -> Plan:
    score = path("score")
    answered = one_of(score.sql, ("good", "bad"))
    fields = {
        "response_id": _ID,
        "source_agent_id": _AGENT,
        "invited_at": _CREATED,
        "answered_at": Field(f"case when {answered} then {_UPDATED.sql} end", _UPDATED.source),
        "csat_raw": Field(f"case {score.sql} when 'good' then 1.0 when 'bad' then 0.0 end", score.source, typed=True),
        "scale_min": Field("0.0", score.source, typed=True),
        "scale_max": Field("1.0", score.source, typed=True),
        "comment": path("comment"),
        "row_version": _UPDATED,
    }
    if tickets_are_contacts:
        fields["interaction_id"] = path("ticket_id")
    said = f"coalesce({score.sql}, '')"
    known = one_of(said, ("good", "bad", "offered", "unoffered"))
    checks = (
        *shape(scalars=("id", "ticket_id", "assignee_id", "score", "comment")),
        unreadable(said, score.source, f"not {known}", "is not good, bad, offered or unoffered"),
    )
    return Plan(
        JsonShape(LISTS),
        (TableMap("survey_response", fields),),
        checks,
        (Drop(f"{score.sql} = 'unoffered'", "unoffered: the customer was never asked"),),
        key=("'rating'", _ID.sql),
        version=_UPDATED.sql,
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise tickets and ratings by their fields."""
    if not sample.is_json:
        return None
    first: Mapping[str, object] = sample.rows[0] if sample.rows else {}
    if _holds_ratings(sample):
        return Recognition(0.97, "satisfaction ratings")
    if {"id", "created_at", "tags"} <= set(first) and {"custom_fields", "via", "assignee_id"} & set(first):
        return _recognised_tickets(sample)
    return None


def _recognised_tickets(sample: Sample) -> Recognition:
    tags = tuple(dict.fromkeys(str(tag) for row in sample.rows for tag in row.get("tags") or ()))
    meant = escalation_words(tags)
    fields = [item for row in sample.rows for item in row.get("custom_fields") or () if isinstance(item, dict)]
    filled = tuple(dict.fromkeys(str(item.get("id")) for item in fields if item.get("value") not in (None, "")))
    options: dict[str, object] = {"tickets_are": "escalations"}
    if meant:
        options["escalation_tags"] = meant
    if len(filled) == 1:
        options["contact_field"] = int(filled[0]) if filled[0].isdecimal() else filled[0]
    return Recognition(
        0.97,
        "tickets",
        ("options.tickets_are", "options.escalation_tags", "options.contact_field"),
        options,
        seen={"options.escalation_tags": tags, "options.contact_field": filled},
    )


FORMAT = SourceFormat(
    name="zendesk",
    label="Zendesk tickets and satisfaction ratings",
    tables=("escalation", "interaction", "survey_response"),
    plan=plan,
    recognise=recognise,
    options={
        "tickets_are": "`escalations` (when not given) or `contacts`",
        "escalation_tags": 'tags that mean an escalation: a list (all tier2), or `{ complaint = "complaint" }`',
        "contact_field": "number of the custom field that holds the id of the contact",
    },
)
