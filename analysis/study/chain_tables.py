"""The chain from training to money, link by link (Kirkpatrick levels 1 to 5).

planned -> completed -> learned (course score) -> applied (skill) -> KPI -> money; for the whole programme, by wave and
by course. Effects and verdicts are taken from their own studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from analysis.comparison.setting import Setting
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.evaluations import OVERALL
from analysis.panel.panel import NEVER
from analysis.study.by_kpi import VersionAtHand, asked_of
from analysis.study.kpi_study import KpiStudy
from analysis.study.mechanism_rows import (
    Skills,
    course_event_rows,
    course_rows,
    mechanism_rows,
    mechanisms_of,
    rater_rows,
    read_together,
)
from analysis.study.processes import Processes
from analysis.study.result_tables import table

LINKS = ("planned", "completed", "learned", "applied", "kpi", "money")
"""Links in the order of the chain; ``position`` in ``result.chain`` is the index in this tuple."""
CHAIN_TABLES = ("mechanism", "course_skill", "course_event", "rater", "chain")
"""Result tables built here."""


def chain_tables(
    version: VersionAtHand,
    workers: Processes[VersionAtHand],
    judged: Mapping[str, KpiStudy],
    by_wave: Iterable[KpiStudy],
    value: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """``mechanism``, ``course_skill``, ``course_event``, ``rater`` and ``chain``.

    Parameters
    ----------
    version
        Where panels and records come from.
    workers
        Processes that share the goals and the skills.
    judged
        Studies of the whole programme, by KPI.
    by_wave
        Studies of the cohorts.
    value
        ``result.value``.
    """
    setting = version.setting
    skills = Skills.of(version, judged)
    measured = [judged[name].kpi for name in skills.by_id]
    goals = read_together(judged, skills)
    asked: list[Callable[[VersionAtHand], Any]] = [
        *(partial(mechanisms_of, goal=goal, skills=measured) for goal in goals),
        *(partial(course_rows, skill=kpi) for kpi in measured),
        *(partial(course_event_rows, skill=kpi) for kpi in measured),
    ]
    found = workers.map(asked_of, asked)
    mechanisms = {goal.id: made for goal, made in zip(goals, found[: len(goals)], strict=True)}
    by_course = len(goals) + len(measured)
    courses = [row for rows in found[len(goals) : by_course] for row in rows]
    events = [row for rows in found[by_course:] for row in rows]
    links = [
        *_records(version.weeks, setting),
        *_effects("", judged.values()),
        *(row for study in by_wave for row in _effects(study.request.slice.label[1], [study])),
        *(_course_effect(row) for row in courses if row["skill"] == OVERALL),
        *_money(value),
    ]
    links.sort(key=lambda row: (row["wave"], row["course"], row["position"]))
    return {
        "mechanism": table("mechanism", mechanism_rows(mechanisms, skills, judged, setting)),
        "course_skill": table("course_skill", courses),
        "course_event": table("course_event", events),
        "rater": table("rater", rater_rows(skills)),
        "chain": table("chain", links),
    }


def _link(
    link: str, n: int | None, value: float = math.nan, *, wave: str = "", course: str = "", **more: Any
) -> dict[str, Any]:
    return {"wave": wave, "course": course, "position": LINKS.index(link), "link": link, "n": n, "value": value, **more}


def _records(weeks: AgentWeeks, setting: Setting) -> list[dict[str, Any]]:
    """Planned, completed and learned: for everybody, by wave, by course."""
    roster, records = setting.roster, weeks.training()
    start = roster.scheduled if setting.design.timing == "scheduled" else roster.trained
    wave = {
        str(key): str(roster.monday(int(week))) if week < NEVER else ""
        for key, week in zip(roster.agent_key.tolist(), start.tolist(), strict=True)
    }
    if setting.courses:
        records = records.filter(pl.col("course_id").is_in(list(setting.courses)))
    records = records.with_columns(
        wave=pl.col("agent_key").replace_strict(wave, default="", return_dtype=pl.String)
    ).filter(pl.col("wave") != "")
    rows = []
    for name in sorted({"", *records["wave"].to_list()}):
        inside = np.array([(w != "") if name == "" else w == name for w in wave.values()], dtype=bool)
        planned = int(inside.sum())
        if not planned:
            continue
        done = int((roster.trained[inside] < NEVER).sum())
        part = records if name == "" else records.filter(pl.col("wave") == name)
        rows += [_link("planned", planned, wave=name), _link("completed", done, done / planned, wave=name)]
        rows += _learned(part, wave=name)
    for (course,), part in records.group_by("course_id", maintain_order=True):
        planned, done = part.height, int(part["completed"].sum())
        rows += [
            _link("planned", planned, course=str(course)),
            _link("completed", done, done / planned, course=str(course)),
            *_learned(part, course=str(course)),
        ]
    return rows


def _learned(records: pl.DataFrame, **where: str) -> list[dict[str, Any]]:
    """Mean best score of those who completed, with the spread of that mean over agents."""
    scored = records.filter(pl.col("completed") & pl.col("score").is_not_null())
    by_agent = scored.group_by("agent_key").agg(pl.col("score").mean()).sort("agent_key")["score"].to_numpy()
    if not by_agent.size:
        return []
    mean = float(by_agent.mean())
    half = 1.96 * float(by_agent.std(ddof=1)) / math.sqrt(by_agent.size) if by_agent.size > 1 else math.nan
    return [_link("learned", int(by_agent.size), mean, ci_low=mean - half, ci_high=mean + half, **where)]


def _effects(wave: str, studies: Iterable[KpiStudy]) -> list[dict[str, Any]]:
    """Effects of training on skills and goals, from their own studies."""
    rows = []
    for study in studies:
        found, link = study.headline, "applied" if study.kpi.id == OVERALL else "kpi"
        if study.kpi.role != "primary" and study.kpi.id != OVERALL:
            continue
        row = _link(
            link,
            0 if found is None else found.n_trained_agents,
            about=study.kpi.id,
            wave=wave,
            verdict=study.verdict.state,
            sentence=study.verdict.sentence,
        )
        if found is not None and found.available and study.verdict.state != "dont_use":
            row |= {"value": found.estimate, "ci_low": found.ci_low, "ci_high": found.ci_high}
        rows.append(row)
    return rows


def _course_effect(row: Mapping[str, Any]) -> dict[str, Any]:
    ends = {"ci_low": row["ci_low"], "ci_high": row["ci_high"], "about": OVERALL}
    return _link("applied", row["n_agents"], row["estimate"], course=row["course"], **ends)


def _money(value: pl.DataFrame) -> list[dict[str, Any]]:
    """The net of the whole programme, where unit values are given."""
    net = value.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely"))
    return [
        _link(
            "money", None, row["amount"], about="net", ci_low=row["amount_low"], ci_high=row["amount_high"],
            sentence=row["sentence"],
        )
        for row in net.iter_rows(named=True)
    ]  # fmt: skip
