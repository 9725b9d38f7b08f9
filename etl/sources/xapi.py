"""xAPI statements from a learning record store: JSON lines, an array, or a document with ``statements``.

One statement says one thing of one person: that a course was completed, passed, failed, begun. What is said by verbs
that do not speak of progress in a course (answered, interacted, terminated) is left out and counted, as are
statements about other statements. A statement that voids another takes its place: the voided one is superseded and
does not count. Times carry an offset. A completion that says ``success: false`` is a failure. Statements without an
``id`` (the store gives them one) are told apart by all they say.

| training | field of the statement | notes |
|---|---|---|
| source_agent_id | actor.account.name + actor.mbox | the account's name, else the e-mail in lower case |
| course_id | object.id | what option `course_pattern` matches: the last part of the path when not given |
| assigned_at | timestamp + stored | of registered, assigned, enrolled, UTC |
| started_at | timestamp + stored | of attempted, initialized, launched, progressed, resumed, UTC |
| completed_at | timestamp + stored | of completed, passed, mastered, satisfied, UTC |
| status | verb.id + result.success | completed, failed, in_progress, assigned, withdrawn (abandoned) |
| score | result.score.scaled | 0 to 1 |
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.json_shape import shape
from etl.sources.plan import Drop, Field, JsonShape, Plan, TableMap, path
from etl.sources.words import one_of
from etl.sql_text import literal

STATUS = {
    **dict.fromkeys(("completed", "passed", "mastered", "satisfied"), "completed"),
    "failed": "failed",
    **dict.fromkeys(("attempted", "initialized", "launched", "progressed", "resumed", "started"), "in_progress"),
    **dict.fromkeys(("registered", "assigned", "enrolled"), "assigned"),
    "abandoned": "withdrawn",
}
"""Last part of a verb's id: what it says of a course."""

LAST_PART = r"([^/#?]+)/*(?:[#?].*)?$"
"""The last part of the path of an activity's id."""

_VERB = "lower(regexp_extract(j ->> '$.verb.id', '([^/#]+)/*$', 1))"
_AT = "coalesce(j ->> '$.timestamp', j ->> '$.stored')"


def _status() -> str:
    by_status: dict[str, list[str]] = {}
    for verb, status in STATUS.items():
        by_status.setdefault(status, []).append(verb)
    cases = " ".join(f"when {one_of(_VERB, verbs)} then '{status}'" for status, verbs in by_status.items())
    unsuccessful = f"{one_of(_VERB, ('completed', 'satisfied'))} and (j ->> '$.result.success') = 'false'"
    return f"case when {unsuccessful} then 'failed' {cases} end"


def _agent() -> Field:
    mail = r"lower(regexp_replace(j ->> '$.actor.mbox', '^mailto:', '', 'i'))"
    return Field(f"coalesce(j ->> '$.actor.account.name', {mail})", "actor.account.name + actor.mbox")


def plan(context: Context) -> Plan:
    """Return how a file of statements is read."""
    pattern = literal(str(context.option("course_pattern", LAST_PART)))
    status = _status()

    def when(name: str) -> Field:
        return Field(f"case when ({status}) = {literal(name)} then {_AT} end", "timestamp + stored")

    training = TableMap(
        "training",
        {
            "source_agent_id": _agent(),
            "course_id": Field(f"nullif(regexp_extract(j ->> '$.object.id', {pattern}, 1), '')", "object.id"),
            "assigned_at": when("assigned"),
            "started_at": when("in_progress"),
            "completed_at": when("completed"),
            "status": Field(status, "verb.id + result.success"),
            "score": path("result.score.scaled"),
        },
    )
    about = "coalesce(j ->> '$.object.objectType', 'Activity')"
    voids = f"({_VERB} = 'voided' and {about} = 'StatementRef')"
    drops = (
        Drop(voids, "voids another statement"),
        Drop(f"{about} <> 'Activity'", "about another statement or a person, not about a course"),
        Drop(f"{_VERB} <> '' and ({status}) is null", "its verb does not speak of progress in a course"),
    )
    checks = shape(
        objects={
            "actor": "actor.account.name",
            "actor.account": "actor.account.name",
            "verb": "verb.id",
            "object": "object.id",
            "result": "result.score.scaled",
            "result.score": "result.score.scaled",
        },
        scalars=("id", "actor.account.name", "actor.mbox", "verb.id", "object.id", "timestamp", "stored"),
    )
    return Plan(
        JsonShape(("statements",)),
        (training,),
        checks,
        drops,
        key=(f"coalesce(case when {voids} then j ->> '$.object.id' end, j ->> '$.id', md5(j::varchar))",),
        version=f"case when {voids} then '9999-01-01T00:00:00Z' else j ->> '$.stored' end",
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise statements by actor, verb and object."""
    first: Mapping[str, object] = sample.rows[0] if sample.rows else {}
    if sample.is_json and {"actor", "verb", "object"} <= set(first):
        key = "options.course_pattern"
        about = [row["object"].get("id") for row in sample.rows if isinstance(row.get("object"), dict)]
        plain = all(re.search(r"/[A-Za-z][\w.-]*/?$", str(item)) for item in about if item)
        return Recognition(
            0.99,
            "learning statements",
            () if plain else (key,),
            seen={key: tuple(dict.fromkeys(str(item) for item in about if item))},
        )
    return None


FORMAT = SourceFormat(
    name="xapi",
    label="xAPI statements",
    tables=("training",),
    plan=plan,
    recognise=recognise,
    options={
        "course_pattern": "pattern whose first group is the course in an activity's id; its last part when not given",
    },
)
