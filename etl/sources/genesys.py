"""Genesys Cloud conversation details: a JSON document with ``conversations``, or one conversation a line.

A conversation gives one leg for each agent participant that took part (one that was only alerted, and neither talked
nor handled, is no leg), its surveys, and its evaluations once released. A conversation that reached no agent is one leg
without an agent. Of several exports of a conversation the one that tells of the latest instant counts (a conversation
still running was exported before it ended). A survey counts as an invitation unless its status says that it was never
put before the customer: opted out, in error, deleted. All times carry ``Z``.

| interaction | field of the record | notes |
|---|---|---|
| interaction_id | conversationId | |
| leg | participants | number of the agent participant among those that took part, from 1 |
| source_agent_id | participants.userId | |
| source_customer_id | participants.externalContactId | of the first customer or external participant |
| started_at | participants.sessions.segments.segmentStart + conversationStart | first interact segment, UTC |
| ended_at | participants.sessions.segments.segmentEnd + conversationEnd | last segment of the leg, UTC |
| channel | participants.sessions.mediaType | of the first session; callback is voice |
| queue | participants.sessions.segments.queueId | first queue of the leg |
| reason | participants.sessions.segments.wrapUpCode | first code that is not an escalation |
| handle_s | participants.sessions.metrics.tHandle | milliseconds, added up over sessions |
| transferred | participants.sessions.metrics.nTransferred + participants.sessions.segments.disconnectType | \
more than 0, or a transfer |

| survey_response | field of the record | notes |
|---|---|---|
| response_id | surveys.surveyId | |
| interaction_id | conversationId | |
| source_agent_id | surveys.userId | |
| invited_at | conversationEnd + conversationStart | the invitation goes out when the conversation ends, UTC |
| answered_at | surveys.surveyCompletedDate | only when surveyStatus is Finished, UTC |
| csat_raw | surveys.oSurveyTotalScore | 0 to 100, only when Finished |
| scale_min | surveys.oSurveyTotalScore | 0 |
| scale_max | surveys.oSurveyTotalScore | 100 |
| nps | surveys.surveyPromoterScore | 0 to 10, only when Finished |

| qa_evaluation | field of the record | notes |
|---|---|---|
| evaluation_id | evaluations.evaluationId | only when released and not deleted |
| source_agent_id | evaluations.userId | |
| interaction_id | conversationId | |
| source_evaluator_id | evaluations.evaluatorId | |
| form_version | evaluations.formName | option `qa_forms` keeps only these |
| evaluated_at | evaluations.eventTime | UTC |
| empathy_score | evaluations.oTotalScore | 0 to 100, divided by 100 |
| critical_fail | evaluations.oTotalCriticalScore | true below 100 |

| escalation | field of the record | notes |
|---|---|---|
| escalation_id | conversationId + participants | conversation and leg; only with option `escalation_wrapups` |
| interaction_id | conversationId | |
| source_agent_id | participants.userId | |
| kind | participants.sessions.segments.wrapUpCode | as option `escalation_wrapups` says |
| at | participants.sessions.segments.segmentEnd + conversationEnd | end of the leg, UTC |
"""

from __future__ import annotations

import re

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Check, Field, JsonShape, Named, Plan, TableMap, path
from etl.sources.words import escalation_words, kinds_by_word, one_of
from etl.sql_text import literal

CHANNELS = {
    "callback": "voice",
    "message": "message",
    "webmessaging": "message",
    "sms": "message",
    "socialexpression": "social",
    "cobrowse": "other",
    "screenshare": "other",
    "video": "other",
    "internalmessage": "other",
    "unknown": "other",
}

TRANSFERS = ("transfer", "conferenceTransfer", "consultTransfer", "forwardTransfer")
"""Values of disconnectType by which an agent hands a conversation on (an unanswered alert is not one)."""

NOT_OFFERED = ("optout", "error", "deleted", "abandoned", "undeliverable")
"""Values of surveyStatus, in lower case, of surveys that never reached the customer."""

_METRICS = "json_extract({inside}, '$.sessions[*].metrics[*]')::JSON[]"
_ALL_METRICS = "json_extract(j, '$.participants[*].sessions[*].metrics[*]')::JSON[]"
_PARTICIPANTS = "json_extract(j, '$.participants[*]')::JSON[]"


def _texts(name: str, inside: str = "item") -> str:
    """SQL list of the texts of a field of all segments."""
    return f"list_filter(json_extract_string({inside}, '$.sessions[*].segments[*].{name}'), lambda x: x is not null)"


def _metric(name: str, inside: str = "item") -> str:
    """SQL list of the numbers of a metric over all sessions."""
    named = f"list_filter({_METRICS.format(inside=inside)}, lambda m: (m ->> '$.name') = {literal(name)})"
    return f"list_transform({named}, lambda m: try_cast(m ->> '$.value' as double))"


def _took_part(participant: str) -> str:
    names = f"list_transform({_METRICS.format(inside=participant)}, lambda m: m ->> '$.name')"
    handled = f"list_has_any({names}, ['tHandle', 'tTalk'])"
    return f"({handled} or list_contains({_texts('segmentType', participant)}, 'interact'))"


def _legs() -> str:
    """SQL list of the agent participants that took part; one empty object when there is none."""
    agents = f"list_filter({_PARTICIPANTS}, lambda p: (p ->> '$.purpose') = 'agent' and {_took_part('p')})"
    return f"case when len({agents}) > 0 then {agents} else ['{{}}'::JSON] end"


def _first_interaction() -> Field:
    segments = "json_extract(item, '$.sessions[*].segments[*]')::JSON[]"
    interact = f"list_filter({segments}, lambda s: (s ->> '$.segmentType') = 'interact')"
    first = f"list_min(list_transform({interact}, lambda s: s ->> '$.segmentStart'))"
    return Field(
        f"coalesce({first}, j ->> '$.conversationStart')",
        "participants.sessions.segments.segmentStart + conversationStart",
    )


def _last_end() -> Field:
    return Field(
        f"coalesce(list_max({_texts('segmentEnd')}), j ->> '$.conversationEnd')",
        "participants.sessions.segments.segmentEnd + conversationEnd",
    )


def _customer() -> Field:
    is_customer = one_of("p ->> '$.purpose'", ("customer", "external"))
    customers = f"list_filter({_PARTICIPANTS}, lambda p: {is_customer})"
    return Field(f"{customers}[1] ->> '$.externalContactId'", "participants.externalContactId")


def _channel() -> Field:
    own = "json_extract_string(item, '$.sessions[0].mediaType')"
    first = "json_extract_string(j, '$.participants[0].sessions[0].mediaType')"
    return Field(f"coalesce({own}, {first})", "participants.sessions.mediaType", values=CHANNELS)


def _leg_agent() -> Field:
    return path("userId", inside="item")


def plan(context: Context) -> Plan:
    """Return how a file of conversations is read."""
    codes = kinds_by_word(context, "escalation_wrapups", ("tier2", "supervisor", "complaint"))
    conversation = path("conversationId")
    agent = Field(_leg_agent().sql, "participants.userId")
    escalation_codes = ", ".join(literal(code) for code in codes)
    all_codes = _texts("wrapUpCode")
    other_codes = f"list_filter({all_codes}, lambda c: not {one_of('c', codes)})" if codes else all_codes
    transfers = ", ".join(literal(word) for word in TRANSFERS)
    interaction = TableMap(
        "interaction",
        {
            "interaction_id": conversation,
            "leg": Field("item_no", "participants", typed=True),
            "source_agent_id": agent,
            "source_customer_id": _customer(),
            "started_at": _first_interaction(),
            "ended_at": _last_end(),
            "channel": _channel(),
            "queue": Field(f"{_texts('queueId')}[1]", "participants.sessions.segments.queueId"),
            "reason": Field(f"{other_codes}[1]", "participants.sessions.segments.wrapUpCode"),
            "handle_s": Field(
                f"list_sum({_metric('tHandle')}) / 1000", "participants.sessions.metrics.tHandle", typed=True
            ),
            "transferred": Field(
                f"coalesce(list_sum({_metric('nTransferred')}), 0) > 0"
                f" or list_has_any({_texts('disconnectType')}, [{transfers}])",
                "participants.sessions.metrics.nTransferred + participants.sessions.segments.disconnectType",
                typed=True,
            ),
        },
        each=_legs(),
    )
    tables = [interaction, _survey(conversation), _evaluation(conversation, context)]
    if codes:
        cases = " ".join(
            f"when list_contains({_texts('wrapUpCode')}, {literal(code)}) then {literal(kind)}"
            for code, kind in codes.items()
        )
        tables.append(
            TableMap(
                "escalation",
                {
                    "escalation_id": Field(f"{conversation.sql} || ':' || item_no", "conversationId + participants"),
                    "interaction_id": conversation,
                    "source_agent_id": agent,
                    "kind": Field(f"case {cases} end", "participants.sessions.segments.wrapUpCode"),
                    "at": _last_end(),
                },
                when=f"list_has_any({_texts('wrapUpCode')}, [{escalation_codes}])",
                each=_legs(),
            )
        )
    values = f"list_transform({_ALL_METRICS}, lambda m: m ->> '$.value')"
    unreadable = f"list_filter({values}, lambda v: v is not null and try_cast(v as double) is null)"
    checks = (
        *shape(
            lists=("participants", "surveys", "evaluations"),
            scalars=("conversationId", "conversationStart", "conversationEnd"),
        ),
        Check(f"len({unreadable}) > 0", "a value in participants.sessions.metrics is not a number"),
    )
    forms = "json_extract_string(j, '$.evaluations[*].formName')"
    named = tuple(
        Named("options.qa_forms", str(form), f"list_contains({forms}, {literal(str(form))})")
        for form in context.option("qa_forms", [])
    )
    return Plan(
        JsonShape(("conversations",)), tuple(tables), checks, key=(conversation.sql,), version=_latest(), named=named
    )


def _latest() -> str:
    """SQL of the latest instant of which a conversation tells."""
    places = (
        "$.conversationEnd", "$.participants[*].sessions[*].segments[*].segmentEnd",
        "$.participants[*].sessions[*].segments[*].segmentStart", "$.participants[*].sessions[*].metrics[*].emitDate",
        "$.surveys[*].surveyCompletedDate", "$.surveys[*].eventTime", "$.evaluations[*].eventTime",
    )  # fmt: skip
    wildcards = [f"json_extract_string(j, {literal(place)})" for place in places[1:]]
    return f"list_max(list_concat([j ->> '$.conversationEnd'], {', '.join(wildcards)}))"


def _survey(conversation: Field) -> TableMap:
    status = "lower(item ->> '$.surveyStatus')"
    finished = f"{status} = 'finished'"

    def answer(name: str) -> Field:
        return Field(f"case when {finished} then item ->> '$.{name}' end", f"surveys.{name}")

    return TableMap(
        "survey_response",
        {
            "response_id": Field("item ->> '$.surveyId'", "surveys.surveyId"),
            "interaction_id": conversation,
            "source_agent_id": Field("item ->> '$.userId'", "surveys.userId"),
            "invited_at": Field(
                "coalesce(j ->> '$.conversationEnd', j ->> '$.conversationStart')",
                "conversationEnd + conversationStart",
            ),
            "answered_at": answer("surveyCompletedDate"),
            "csat_raw": answer("oSurveyTotalScore"),
            "scale_min": Field("0.0", "surveys.oSurveyTotalScore", typed=True),
            "scale_max": Field("100.0", "surveys.oSurveyTotalScore", typed=True),
            "nps": answer("surveyPromoterScore"),
        },
        when=f"not coalesce({one_of(status, NOT_OFFERED)}, false)",
        each="json_extract(j, '$.surveys[*]')::JSON[]",
    )


def _evaluation(conversation: Field, context: Context) -> TableMap:
    when = "(item ->> '$.released') = 'true' and coalesce(item ->> '$.deleted', 'false') <> 'true'"
    forms = [str(form) for form in context.option("qa_forms", [])]
    if forms:
        form = "item ->> '$.formName'"
        when += f" and {one_of(form, forms)}"
    score, critical = "(item ->> '$.oTotalScore')", "(item ->> '$.oTotalCriticalScore')"
    return TableMap(
        "qa_evaluation",
        {
            "evaluation_id": Field("item ->> '$.evaluationId'", "evaluations.evaluationId"),
            "source_agent_id": Field("item ->> '$.userId'", "evaluations.userId"),
            "interaction_id": conversation,
            "source_evaluator_id": Field("item ->> '$.evaluatorId'", "evaluations.evaluatorId"),
            "form_version": Field("item ->> '$.formName'", "evaluations.formName"),
            "evaluated_at": Field("item ->> '$.eventTime'", "evaluations.eventTime"),
            "empathy_score": Field(
                f"coalesce((try_cast({score} as double) / 100)::varchar, {score})", "evaluations.oTotalScore"
            ),
            "critical_fail": Field(
                f"coalesce((try_cast({critical} as double) < 100)::varchar, {critical})",
                "evaluations.oTotalCriticalScore",
            ),
        },
        when=when,
        each="json_extract(j, '$.evaluations[*]')::JSON[]",
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise conversations by their ids and participants."""
    if not sample.is_json:
        return None
    key = "options.escalation_wrapups"
    if sample.rows and {"conversationId", "participants"} <= set(sample.rows[0]):
        codes = tuple(dict.fromkeys(re.findall(r"'wrapUpCode': '([^']+)'", str(sample.rows))))
        meant = escalation_words(codes)
        options = {"escalation_wrapups": meant} if meant else {}
        return Recognition(0.99, "conversations, surveys and evaluations", (key,), options, seen={key: codes})
    return Recognition(0.6, "conversations", (key,)) if "conversations" in sample.lists else None


FORMAT = SourceFormat(
    name="genesys",
    label="Genesys Cloud conversation details",
    tables=("interaction", "survey_response", "qa_evaluation", "escalation"),
    plan=plan,
    recognise=recognise,
    options={
        "escalation_wrapups": 'wrap-up codes that mean an escalation: a list (all tier2), or `{ CODE = "supervisor" }`',
        "qa_forms": "names of the evaluation forms that score empathy; all forms when not given",
    },
)
