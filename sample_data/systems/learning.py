"""Training records: the base course in Moodle's completion report, the rest as xAPI statements."""

from __future__ import annotations

import json
import uuid

import numpy as np
import polars as pl

from sample_data import identity, moments
from sample_data.parameters import SKILLS
from sample_data.programme import BASE_COURSE, COURSE_DELAY_WEEKS, REFRESHER_COURSE, SKILL_COURSES
from sample_data.staff import NEVER
from sample_data.streams import stream
from sample_data.world import World

MOODLE_ZONE = "Europe/Madrid"
"""The server's zone; Moodle writes local times and does not say whose."""

COURSE_NAMES = {
    BASE_COURSE: "Empathy foundations",
    REFRESHER_COURSE: "Empathy refresher",
    **dict(zip(SKILL_COURSES, (skill.replace("_", " ").capitalize() for skill in SKILLS), strict=True)),
}
VERBS = "http://adlnet.gov/expapi/verbs/"


def completions(world: World) -> pl.DataFrame:
    """Return every course taken or failed to come to, one row each.

    Columns: ``agent`` (int), ``course`` (text), ``week`` (int, ``NEVER`` when not completed), ``at`` (UTC seconds or
    null), ``score`` (0-1), ``failed_first`` (bool: the first attempt, a day earlier, was failed).
    """
    params, programme, staff = world.params, world.centre.programme, world.centre.staff
    agents = np.flatnonzero(programme.scheduled[: staff.count] < params.weeks)
    courses = (BASE_COURSE, *SKILL_COURSES, REFRESHER_COURSE)
    weeks = np.column_stack([programme.base_week, programme.skill_week, programme.refresher_week])[agents]
    last = np.minimum(staff.left[agents], params.weeks - 1)[:, None]
    weeks = np.where(weeks <= last, weeks, NEVER)
    uniform = stream(params.seed, "course times").random((staff.hired.size, len(courses), 2))[agents]
    day = 1 + (uniform[..., 0] * 3).astype(np.int64)
    second = 10 * 3600 + (uniform[..., 1] * 6 * 3600).astype(np.int64)
    site = np.array([_site_at(world, int(agent)) for agent in agents], dtype=np.int64)
    done = weeks < NEVER
    when = np.where(done, weeks, 0) * 7 + day
    site_of = np.broadcast_to(np.reshape(site, (-1, 1)), when.shape)
    moment = moments.utc_seconds(params, site_of.ravel(), when.ravel(), second.ravel()).reshape(when.shape)
    failed = np.zeros_like(done)
    failed[:, 1] = programme.retaken[agents]
    return pl.DataFrame(
        {
            "agent": np.repeat(agents, len(courses)),
            "course": np.tile(np.array(courses), agents.size),
            "week": weeks.ravel(),
            "at": moment.ravel(),
            "score": np.round(0.7 + 0.3 * uniform[..., 0], 2).ravel(),
            "failed_first": (failed & done).ravel(),
        }
    ).with_columns(pl.when(pl.col("week") < NEVER).then(pl.col("at")))


def _site_at(world: World, agent: int) -> int:
    staff = world.centre.staff
    scheduled = world.centre.programme.scheduled[agent]
    team = next(t for who, week, t in reversed(staff.history) if who == agent and week <= scheduled)
    return int(staff.team_site[team])


def moodle(taken: pl.DataFrame) -> pl.DataFrame:
    """Return Moodle's completion report of the base course: everybody enrolled, completed or not."""
    base = taken.filter(pl.col("course") == BASE_COURSE).sort("agent")
    at = moments.written(pl.col("at"), "%d/%m/%y, %H:%M", MOODLE_ZONE)
    code = pl.lit("A") + (pl.col("agent") + 1).cast(pl.String).str.zfill(identity.PAD)
    passed = pl.lit("Completed (achieved pass grade)")
    return base.select(
        (pl.col("agent") + 401).cast(pl.String).alias("ID"),
        (pl.lit("Agent ") + code).alias("Name"),
        identity.employee_number(pl.col("agent")).alias("ID number"),
        identity.email(pl.col("agent")).alias("Email address"),
        pl.when(pl.col("at").is_null()).then(pl.lit("Not completed")).otherwise(passed).alias("Empathy quiz"),
        at.alias("Empathy quiz - Completion date"),
        at.alias("Course complete"),
    )


def statements(world: World, taken: pl.DataFrame) -> list[dict[str, object]]:
    """Return the xAPI statements of the skill courses and the refresher, in the order they were stored."""
    told = taken.filter((pl.col("course") != BASE_COURSE) & pl.col("at").is_not_null()).sort("at", "agent", "course")
    names = told.select(identity.employee_number(pl.col("agent")).alias("name"))["name"].to_list()
    said: list[tuple[int, dict[str, object]]] = []
    for name, row in zip(names, told.iter_rows(named=True), strict=True):
        attempts = [(row["at"] - moments.DAY, "failed", 0.4)] if row["failed_first"] else []
        for at, verb, score in [*attempts, (row["at"], "completed", row["score"])]:
            said.append((at - 4200, _statement(world, name, row["course"], at - 4200, "initialized", None)))
            said.append((at, _statement(world, name, row["course"], at, verb, score)))
    said.sort(key=lambda pair: pair[0])
    return [statement for _, statement in said]


def _statement(world: World, name: str, course: str, at: int, verb: str, score: float | None) -> dict[str, object]:
    token = uuid.uuid5(uuid.NAMESPACE_URL, f"{world.params.seed}/{name}/{course}/{verb}/{at}")
    statement: dict[str, object] = {
        "id": str(token),
        "actor": {"objectType": "Agent", "account": {"homePage": "https://hris.example.com", "name": name}},
        "verb": {"id": VERBS + verb, "display": {"en-US": verb}},
        "object": {
            "id": f"https://lms.example.com/courses/{course}",
            "definition": {"name": {"en-US": COURSE_NAMES[course]}},
        },
    }
    if score is not None:
        statement["result"] = {
            "completion": True, "success": verb == "completed", "score": {"scaled": score}, "duration": "PT1H10M",
        }
    moment = np.datetime64(at, "s")
    statement["timestamp"] = f"{moment}Z"
    statement["stored"] = f"{moment + np.timedelta64(2, 's')}.000Z"
    return statement


def as_lines(said: list[dict[str, object]]) -> str:
    """Return one JSON line per statement."""
    return "".join(json.dumps(statement, separators=(",", ":")) + "\n" for statement in said)


def plan(world: World) -> pl.DataFrame:
    """Return the training plan: every chosen agent, course by course, with wave and planned week."""
    params, programme, staff = world.params, world.centre.programme, world.centre.staff
    agents = np.flatnonzero(programme.scheduled[: staff.count] < params.weeks)
    wave = programme.wave[agents]
    start = programme.scheduled[agents]
    parts = []
    for place, course in enumerate((BASE_COURSE, *SKILL_COURSES)):
        week = start + (0 if place == 0 else int(COURSE_DELAY_WEEKS[place - 1]))
        parts.append(
            pl.DataFrame({"agent": agents, "wave": wave, "day": week * 7, "assigned": start * 7 - 10}).with_columns(
                pl.lit(course).alias("course")
            )
        )
    return pl.concat(parts).sort("agent", "course").select(
        identity.employee_number(pl.col("agent")).alias("Employee number"),
        pl.col("course").alias("Course"),
        (moments.day_text(params, pl.col("assigned")) + pl.lit("T09:00:00")).alias("Assigned at"),
        (pl.lit("Wave ") + (pl.col("wave") + 1).cast(pl.String)).alias("Wave"),
        moments.day_text(params, pl.col("day")).alias("Planned week"),
    )

