"""View model of the skills page: changed skills, changed goals, and the link between them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.effects.slope_grain import GRAIN_WORDS, READABLE
from analysis.panel.evaluations import OVERALL
from analysis.words.mechanism import chain_headline, skills_moved
from analysis.words.numbers import Reader, plural
from analysis.words.verdict import CLAIMED
from dashboard.data.skills import Moved
from dashboard.views.cohorts import Group
from dashboard.views.verdicts import Effect, effect, short
from etl.configuration.kpis import Kpi

STEP = 0.1
"""How much more of a skill a slope is told for; scores lie between 0 and 1."""
LINKED = ("consistent", "supported")
"""Readings in which training moved the skill and the KPI moves with it."""
GOOD_RELIABILITY = 0.7
"""Reliability at which scores need no more evaluations to be read."""


@dataclass(frozen=True)
class Slope:
    """What a goal does where one skill is higher by ``STEP``, before anybody is trained.

    Attributes
    ----------
    skill, label : str
    estimate, low, high : float
        In the reader's unit; NaN where it cannot be read.
    change, span : str
        In words.
    reading, sentence : str
        Of the whole link, as stored.
    linked : bool
    tip : str
    """

    skill: str
    label: str
    estimate: float
    low: float
    high: float
    change: str
    span: str
    reading: str
    sentence: str
    linked: bool
    tip: str

    @property
    def known(self) -> bool:
        """Whether there is a slope with a range."""
        return all(map(math.isfinite, (self.estimate, self.low, self.high)))


def bare(words: str) -> str:
    """A change of a score without its unit: "points" would be read as per cent; the page names the scale."""
    return re.sub(r" points? on the scale$", "", words)


def effects_of(found: Mapping[str, Moved], kpis: Sequence[Kpi], reader: Reader) -> dict[str, Effect]:
    """Skills that were scored, as things to read."""
    return {kpi.id: effect(found[kpi.id].row, kpi, reader) for kpi in kpis if kpi.id in found}


def headline(effects: Mapping[str, Effect], goal: Effect | None, reading: str, reader: Reader) -> str:
    """The answer, first on the page.

    Parameters
    ----------
    effects : mapping
        Skills by id.
    goal : Effect or None
    reading : str
        Of the goal with all skills together; empty where none was made.
    reader : Reader
    """
    overall = effects.get(OVERALL)
    single = [item for name, item in effects.items() if name != OVERALL and item.available]
    clear = [item for item in single if item.verdict.state in CLAIMED]
    risen = sum(item.estimate > 0 for item in clear)
    skills = skills_moved(risen, len(clear) - risen, len(single))
    if not single and overall is not None:
        moved, told = _moved(overall, reader)
        skills = f"{overall.kpi.label} {moved}" if told else f"{overall.kpi.label}: {moved}"
    if goal is None:
        return chain_headline(skills, "", "", told=False, reading="")
    moved, told = _moved(goal, reader)
    return chain_headline(skills, goal.kpi.label, moved, told=told, reading=reading)


def _moved(item: Effect, reader: Reader) -> tuple[str, bool]:
    """What became of a KPI in words, and whether they claim a change."""
    if item.verdict.state not in CLAIMED or not item.available:
        return item.verdict.label, False
    size = bare(reader.size(item.estimate, item.kpi, item.ci_low, item.ci_high))
    return f"clearly {'rose' if item.estimate > 0 else 'fell'} by {size}", True


def groups(
    effects: Mapping[str, Effect], found: Mapping[str, Moved], reader: Reader, leads: Callable[[str], str]
) -> list[Group]:
    """Skills before, expected and after, for :func:`dashboard.figures.dumbbell.dumbbell`; in the catalogue's order."""
    return [_group(item, found[name], reader, leads(name)) for name, item in effects.items()]


def _group(item: Effect, found: Moved, reader: Reader, href: str) -> Group:
    kpi, after, before = item.kpi, found.after, item.baseline
    known, nan = item.available, math.nan
    expected = after - item.estimate if known else nan
    lines = [f"{kpi.label}: {item.counts}" if item.counts else kpi.label]
    if math.isfinite(after):
        lines.append(f"Trained agents before {reader.level(before, kpi)}, after {reader.level(after, kpi)}")
    if math.isfinite(expected):
        lines.append(f"Expected without training {reader.level(expected, kpi)}")
    words = item.verdict.reason or item.verdict.sentence
    lines.append(f"{item.change}, {item.likely} ({item.verdict.label})" if known else words)
    return Group(
        value=kpi.id,
        label=kpi.label,
        name=kpi.label,
        before=before,
        after=after,
        expected=expected,
        estimate=item.estimate,
        low=item.ci_low,
        high=item.ci_high,
        own_estimate=item.estimate,
        own_low=item.ci_low,
        own_high=item.ci_high,
        own_error=nan,
        tone=item.tone,
        n_agents=item.n_agents or 0,
        n_contacts=item.n_contacts or 0,
        change=bare(item.change),
        span=bare(item.span),
        levels=f"{reader.level(before, kpi)} → {reader.level(after, kpi)}",
        tip="\n".join(lines),
        href=href,
    )


def skill_rows(
    effects: Mapping[str, Effect], found: Mapping[str, Moved], slopes: pl.DataFrame, reader: Reader
) -> list[dict[str, Any]]:
    """The table under the skills: levels, change, range, verdict, and the change corrected for raters and forms."""
    corrected = _corrected(slopes)
    rows = []
    for name, item in effects.items():
        after = found[name].after
        fixed = corrected.get(name)
        rows.append(
            {
                "skill": item.kpi.label,
                "before": reader.level(item.baseline, item.kpi) if math.isfinite(item.baseline) else None,
                "expected": reader.level(after - item.estimate, item.kpi)
                if item.available and math.isfinite(after)
                else None,
                "after": reader.level(after, item.kpi) if math.isfinite(after) else None,
                "change": bare(item.change),
                "range": bare(item.span) or "–",
                "corrected": "–" if fixed is None else bare(reader.change(fixed[0], item.kpi, *fixed[1:])),
                "verdict": f"{item.verdict.mark} {item.verdict.label}",
                "agents": item.n_agents,
                "evaluations": item.n_contacts,
            }
        )
    return rows


def _corrected(slopes: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    found: dict[str, tuple[float, float, float]] = {}
    for row in slopes.iter_rows(named=True):
        numbers = [row[f"effect_on_skill{end}"] for end in ("", "_low", "_high")]
        if None not in numbers:
            found.setdefault(row["skill"], (numbers[0], numbers[1], numbers[2]))
    return found


def nothing_drawn(effects: Mapping[str, Effect]) -> str:
    """Why no skill is drawn."""
    reasons = {item.verdict.reason for item in effects.values() if not item.available and item.verdict.reason}
    if len(reasons) == 1 and not any(item.available for item in effects.values()):
        return f"No skill has an estimate. {reasons.pop()}"
    return "No skill was scored both before and after training."


def skills_title(effects: Mapping[str, Effect]) -> str:
    """What the dumbbells show: how many skills clearly moved, and by how much. None is called first: their differences
    are not judged.
    """
    single = [item for name, item in effects.items() if name != OVERALL and item.available]
    sure = sorted((item for item in single if item.verdict.state in CLAIMED), key=lambda item: item.estimate)
    if not sure:
        return "No single skill clearly moved"
    rose, fell = ([item for item in sure if item.estimate * sign > 0] for sign in (1, -1))
    parts = []
    for items, verb in ((rose, "rose"), (fell, "fell")):
        if items:
            ends = [bare(items[0].change), bare(items[-1].change)]
            size = " to ".join(dict.fromkeys(ends))
            who = items[0].kpi.label if len(items) == 1 else f"{len(items)} of {len(single)} skills"
            parts.append(f"{who} {verb}: {size}")
    return f"{'; '.join(parts)} on a scale from 0 to 1"


def slopes_of(rows: pl.DataFrame, goal: Kpi, labels: Mapping[str, str], reader: Reader) -> list[Slope]:
    """The slopes of one goal, all skills together first.

    Parameters
    ----------
    rows : DataFrame
        Columns of ``result.mechanism``.
    goal : Kpi
    labels : mapping
        Skill to its name, in the order to show.
    reader : Reader
    """
    by_skill = {row["skill"]: row for row in rows.filter(pl.col("kpi") == goal.id).iter_rows(named=True)}
    return [_slope(by_skill[name], goal, label, reader) for name, label in labels.items() if name in by_skill]


def _slope(row: Mapping[str, Any], goal: Kpi, label: str, reader: Reader) -> Slope:
    numbers = [row[f"slope{end}"] for end in ("", "_low", "_high")]
    readable = row["state"] != "not_readable" and None not in numbers
    at, low, high = (STEP * number if readable else math.nan for number in (n or 0.0 for n in numbers))
    change = short(reader.change(at, goal, low, high)) if readable else str(row["reading"])
    span = reader.span(low, high, goal) if readable else ""
    lines = [f"{label}: {row['reading']}", str(row["sentence"] or "")]
    if readable:
        lines.insert(1, f"{goal.label} {change} where it is {reader.number(STEP, 1)} higher, likely {span}")
    return Slope(
        skill=str(row["skill"]),
        label=label,
        estimate=reader.shown(at, goal),
        low=reader.shown(low, goal),
        high=reader.shown(high, goal),
        change=change,
        span=span,
        reading=str(row["reading"]),
        sentence=str(row["sentence"] or ""),
        linked=row["state"] in LINKED,
        tip="\n".join(lines),
    )


def slopes_title(slopes: Sequence[Slope], goal: Kpi) -> str:
    """With how many skills a goal moves."""
    single = [item for item in slopes if item.skill != OVERALL] or list(slopes)
    linked = sum(item.linked for item in single)
    name = goal.label
    if not any(item.known for item in single):
        return f"Whether {_small(name)} move with a skill cannot be read"
    if not linked:
        return f"{name}: no skill shows a link"
    return (
        f"{name}: consistent with {linked} of {len(single)} {plural('skill', len(single))}, or with shared good weeks"
    )


def split_words(rows: pl.DataFrame, goal: Kpi, reader: Reader) -> str:
    """The part of a goal's change that would run through the skills, were the assumption right; empty without one."""
    found = rows.filter((pl.col("kpi") == goal.id) & (pl.col("skill") == OVERALL))
    if found.is_empty() or found["state"][0] not in LINKED:
        return ""
    row = found.row(0, named=True)
    numbers = [row["indirect"], row["indirect_low"], row["indirect_high"]]
    if None in numbers:
        return ""
    total = reader.change(row["total"], goal, row["total_low"] or math.nan, row["total_high"] or math.nan)
    part = reader.change(*(numbers[0], goal, numbers[1], numbers[2]))
    span = reader.span(numbers[1], numbers[2], goal, join="and", unit=False)
    return (
        f"If nothing but the skills moved both, {part} of the {total} would run through them (likely between {span}). "
        "That is an assumption, not a finding."
    )


def second_route(rows: pl.DataFrame, goal: Kpi) -> str:
    """Whether the courses, which came at different weeks, say the same; empty where nothing is known."""
    found = rows.filter((pl.col("kpi") == goal.id) & (pl.col("skill") == OVERALL))
    if found.is_empty():
        return ""
    row = found.row(0, named=True)
    if row["second_reason"]:
        return f"A second route, by the weeks in which courses came, says nothing here: {row['second_reason']}."
    if row["state"] == "supported":
        return "A second route, by the weeks in which courses came, agrees."
    return "A second route, by the weeks in which courses came, does not support it."


def trust_rows(
    slopes: pl.DataFrame, spread: pl.DataFrame, labels: Mapping[str, str], reader: Reader
) -> list[dict[str, Any]]:
    """How far each skill's scores can be relied on: evaluations, reliability, raters."""
    reliable = {row["skill"]: row for row in slopes.iter_rows(named=True) if row["reliability"] is not None}
    raters = {row["skill"]: row for row in spread.iter_rows(named=True)}
    rows = []
    for name, label in labels.items():
        known, rater = reliable.get(name), raters.get(name)
        share = None if known is None else float(known["reliability"])
        apart = None if rater is None or rater["sd_between"] is None else float(rater["sd_between"])
        rows.append(
            {
                "skill": label,
                "evaluations": None if rater is None else rater["n_evaluations"],
                "reliability": "–" if share is None else reader.number(share, 2),
                "per": "" if known is None else GRAIN_WORDS.get(known["grain"], known["grain"]),
                "enough": "–" if share is None else needed(share, reader),
                "raters": "–" if apart is None else reader.number(apart, 2),
            }
        )
    return rows


def needed(reliability: float, reader: Reader) -> str:
    """How many more evaluations scores of this reliability need (Spearman and Brown)."""
    if reliability >= GOOD_RELIABILITY:
        return "enough"
    if reliability <= 0:
        return "cannot be read"
    times = GOOD_RELIABILITY / (1 - GOOD_RELIABILITY) * (1 - reliability) / reliability
    words = f"{reader.number(times, 1)} times as many"
    return f"cannot be read; {words}" if reliability < READABLE else words


def rater_words(found: Mapping[str, Moved]) -> str:
    """What the check of raters says of all skills together, once; failures first."""
    order = {"failed": 0, "informational": 1, "passed": 2}
    checks = sorted((m.raters for m in found.values() if m.raters), key=lambda row: order.get(row["status"], 1))
    return str(checks[0]["sentence"]) if checks else ""


def _small(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
