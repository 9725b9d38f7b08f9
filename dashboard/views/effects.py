"""View model of the effects page: verdict, event study, checks, and ladder of one KPI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.words.estimators import label as estimator_label
from analysis.words.numbers import Reader, plural
from analysis.words.verdict import CLAIMED, whole_weeks
from dashboard.views.verdicts import MEANINGS, UNUSABLE, Effect, two_parts
from dashboard.views.verdicts import effect as read_effect
from etl.configuration.kpis import Kpi

SHARE_OF_PEAK = 0.2
"""Weeks with fewer agents than this share of the fullest week are left out: they say little and stretch the axis."""
ARRIVED_SHARE = 0.5
"""A change counts as having come when the mean of three weeks reaches this share of its later level."""
HOLDS_SHARE = 0.6
"""A change counts as lasting when its last weeks keep this share of its level."""
MIN_WEEKS_FOR_COURSE = 6
CHANGES_IF, CHANGES_WITH = "The answer would change if ", "The answer would change with "
"""How the sentence of the check of sensitivity begins when it names a condition."""

CHECK_MARKS = {"passed": ("✓", "passed"), "failed": ("✕", "failed"), "informational": ("i", "for information")}
ABOUT_THE_ESTIMATE = frozenset(
    {"estimator_gap", "few_clusters", "composition", "sensitivity", "decomposition", "spillover"}
)
"""Checks that judge the estimate and quote it, or one like it; the others look at what was before training."""


@dataclass(frozen=True)
class EventPoint:
    """One week before or after training, natural units."""

    week: int
    estimate: float
    ci_low: float
    ci_high: float
    band_low: float
    band_high: float
    n_agents: int | None
    n_contacts: int | None


@dataclass(frozen=True)
class CheckLine:
    """One diagnostic: mark, name, plain words."""

    check: str
    mark: str
    status: str
    label: str
    sentence: str


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder, natural units."""

    estimator: str
    label: str
    estimate: float
    ci_low: float
    ci_high: float
    shown: str
    note: str
    preferred: bool


@dataclass(frozen=True)
class EffectsPage:
    """Everything on the page; ``second`` is the second opinion in words, ``other`` its numbers.

    Where the comparison is broken there are the weeks before training and the checks, which show how, and no other
    number.
    """

    effect: Effect
    sentence: str
    detail: str
    why: str
    course_title: str
    events: tuple[EventPoint, ...]
    checks: tuple[CheckLine, ...]
    checks_title: str
    rungs: tuple[Rung, ...]
    ladder_title: str
    second: str
    completion: str
    other: Effect | None
    facts: tuple[tuple[str, str], ...]
    would_change: tuple[str, ...]
    beside: tuple[tuple[str, str], ...] = ()


def build(
    kpi: Kpi, frames: dict[str, pl.DataFrame], reader: Reader, assigned: str = "Teams", fell: str = ""
) -> EffectsPage | None:
    """The page of one KPI.

    Parameters
    ----------
    kpi : Kpi
    frames : dict
        Result tables of this KPI and selection, as :meth:`dashboard.data.queries.Queries.study` gives them.
    reader : Reader
    assigned : str
        What was assigned to training together.
    fell : str
        What a title adds where an event fell on a wave.

    Returns
    -------
    EffectsPage or None
        None when nothing was estimated.
    """
    by_role = _by_role(frames.get("effect"))
    if "headline" not in by_role:
        return None
    row = by_role["headline"]
    effect = read_effect(row, kpi, reader)
    events = event_points(frames.get("event_time"), str(row["estimator"]))
    if effect.verdict.state == UNUSABLE:
        events = tuple(point for point in events if point.week < 0)
    broken = effect.verdict.state == UNUSABLE
    checks = check_lines(frames.get("check"), broken=broken)
    rungs = () if not effect.available else _rungs(frames.get("ladder"), kpi, reader, str(row["estimator"]))
    sentence, detail = two_parts(effect.verdict.sentence)
    course = _only(frames.get("course"))
    return EffectsPage(
        effect=effect,
        sentence=sentence,
        detail=detail,
        why=effect.verdict.reason or MEANINGS.get(effect.verdict.state, ""),
        course_title=course_title(effect, events, reader, str(course.get("state") or "")) + (fell if events else ""),
        events=events,
        checks=checks,
        checks_title=_checks_title(checks),
        rungs=rungs,
        ladder_title=_ladder_title(rungs, kpi),
        second=_second(by_role.get("second_opinion"), checks, effect, reader),
        completion="" if broken else _completion(by_role.get("completion"), by_role.get("dose"), kpi, reader),
        other=None if broken else _other(by_role.get("second_opinion"), kpi, reader),
        facts=_facts(row, effect, reader, assigned),
        would_change=would_change(effect, checks, reader),
        beside=() if broken or not effect.available else _beside(frames, course),
    )


def event_points(rows: pl.DataFrame | None, estimator: str) -> tuple[EventPoint, ...]:
    """Event weeks that have enough agents, in order."""
    if rows is None or rows.is_empty():
        return ()
    rows = rows.filter(pl.col("estimator") == estimator) if "estimator" in rows.columns else rows
    if rows.is_empty():
        return ()
    peak = rows["n_agents"].max() or 0
    kept = rows.filter((pl.col("n_agents") >= SHARE_OF_PEAK * float(peak)) & pl.col("estimate").is_finite())  # type: ignore[arg-type]
    points = []
    for row in kept.sort("event_time").iter_rows(named=True):
        at = float(row["estimate"])
        points.append(
            EventPoint(
                week=int(row["event_time"]),
                estimate=at,
                ci_low=_or(row.get("ci_low"), at),
                ci_high=_or(row.get("ci_high"), at),
                band_low=_or(row.get("band_low"), at),
                band_high=_or(row.get("band_high"), at),
                n_agents=_count(row.get("n_agents")),
                n_contacts=_count(row.get("n_contacts")),
            )
        )
    return tuple(points)


def _only(rows: pl.DataFrame | None) -> dict[str, Any]:
    return {} if rows is None or rows.is_empty() else rows.row(0, named=True)


def _beside(frames: dict[str, pl.DataFrame], course: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What stands beside the number and changes how it is read: its course, team-mates, who is left."""
    who = _only(frames.get("survivor"))  # where leaving did not move, the check says all there is to say
    found = (
        ("How long it lasts", course),
        ("What team-mates catch", _only(frames.get("spillover"))),
        ("Who is left to be measured", who if who.get("state") != "same_people" else {}),
    )
    return tuple((name, str(row["sentence"])) for name, row in found if row.get("sentence"))


def course_title(effect: Effect, events: Sequence[EventPoint], reader: Reader, state: str = "") -> str:
    """The course over time as a sentence.

    Parameters
    ----------
    effect : Effect
    events : sequence of EventPoint
    reader : Reader
    state : str
        Of the fitted course (:mod:`analysis.words.course`), which then decides whether a change is said to last; empty
        where none was fitted.
    """
    name = effect.kpi.label
    after = [point for point in events if point.week >= 0]
    if not effect.available and effect.verdict.state != UNUSABLE:
        return f"{name} after training: too little was observed to say anything yet"
    if effect.tone == "unsure" or not effect.available:
        if effect.verdict.state == "cant_tell_yet" and effect.available and (effect.ci_low > 0 or effect.ci_high < 0):
            return f"{name} after training: a change, but not one that can be credited to training yet"
        words = {
            "no_meaningful_change": f"{name} stayed close to what it would have been",
            "dont_use": f"{name}: the comparison does not hold, so nothing is shown after training",
        }
        return words.get(effect.verdict.state, f"{name} after training: the range still holds no change")
    verb = "rose" if effect.estimate > 0 else "fell"
    size = reader.size(effect.estimate, effect.kpi, effect.ci_low, effect.ci_high)
    if len(after) < MIN_WEEKS_FOR_COURSE:
        return f"{name} {verb} by about {size} after training"
    third = max(2, len(after) // 3)
    level = _mean(after[third:])
    if level == 0 or (level > 0) != (effect.estimate > 0):
        return f"{name} {verb} by about {size} on average, but not steadily"
    smooth = [_mean(after[max(0, i - 1) : i + 2]) for i in range(len(after))]
    arrived = next((after[i].week for i, value in enumerate(smooth) if value / level >= ARRIVED_SHARE), None)
    lasting = _mean(after[-third:]) / level >= HOLDS_SHARE
    first = f"{name} {verb} by about {size}"
    if arrived is not None:
        first += ", half of it at once" if arrived < 2 else f", half of it within {arrived} weeks"
    if state:
        return first + {"lasting": ", and it lasted", "fading": ", but the change is fading"}.get(state, "")
    return f"{first}, and it lasted" if lasting else f"{first}, but the change is fading"


def check_lines(rows: pl.DataFrame | None, *, broken: bool = False) -> tuple[CheckLine, ...]:
    """Diagnostics: failed first, then passed, then those for information.

    Parameters
    ----------
    rows : DataFrame or None
    broken : bool
        Whether the comparison is broken: checks that judge its estimate then have nothing to judge and would quote,
        in other words, the number that may not be read. One that failed stays, for it is a reason.
    """
    if rows is None or rows.is_empty():
        return ()
    order = {"failed": 0, "passed": 1, "informational": 2}
    found = []
    for row in rows.iter_rows(named=True):
        status = str(row["status"])
        if broken and row["check"] in ABOUT_THE_ESTIMATE and status != "failed":
            continue
        mark, words = CHECK_MARKS.get(status, ("i", status))
        found.append(CheckLine(row["check"], mark, words, str(row["label"]), str(row["sentence"])))
    return tuple(sorted(found, key=lambda line: order.get(_status(line), 3)))


def would_change(effect: Effect, checks: Sequence[CheckLine], reader: Reader) -> tuple[str, ...]:
    """What would have to be different for the verdict to be another one.

    Parameters
    ----------
    effect : Effect
    checks : sequence of CheckLine
    reader : Reader
    """
    kpi, words = effect.kpi, []
    if effect.verdict.state == UNUSABLE:
        return ()
    if effect.available:
        half = (effect.ci_high - effect.ci_low) / 2
        margin = max(effect.ci_low, -effect.ci_high)
        size = reader.size(effect.estimate, kpi, effect.ci_low, effect.ci_high)
        state = effect.verdict.state
        if state in CLAIMED and half > 0 and margin > 0:
            wider = 100 * ((half + margin) / half - 1)
            words.append(f"…the range were {reader.count(wider)}% wider: then it would hold no change.")
        if state == "clear":
            words.append(f"…we had said that only more than {size} matters: then it would be clear but small.")
        if state == "clear_but_small":
            words.append(f"…we had said that {size} matters: then it would be clear.")
        if state == "no_meaningful_change":
            far = max(abs(effect.ci_low), abs(effect.ci_high))
            words.append(f"…less than {reader.size(far, kpi, effect.ci_low, effect.ci_high)} mattered to us.")
        if state == "cant_tell_yet" and effect.verdict.weeks_to_know is not None:
            weeks = whole_weeks(effect.verdict.weeks_to_know)
            words.append(f"…we had about {weeks} more {plural('week', weeks)} of data at the present pace.")
    drift = next((line.sentence for line in checks if line.check == "sensitivity"), "")
    if drift.startswith(CHANGES_IF):
        words.append(f"…{drift.removeprefix(CHANGES_IF)}")
    elif drift.startswith(CHANGES_WITH):
        words.append(f"…there were {drift.removeprefix(CHANGES_WITH)}")
    elif drift and words:
        words.append(drift)
    return tuple(words)


def _by_role(rows: pl.DataFrame | None) -> dict[str, dict[str, Any]]:
    if rows is None or rows.is_empty():
        return {}
    return {row["role"]: row for row in rows.iter_rows(named=True)}


def _rungs(rows: pl.DataFrame | None, kpi: Kpi, reader: Reader, preferred: str) -> tuple[Rung, ...]:
    if rows is None or rows.is_empty():
        return ()
    found = []
    for row in rows.sort("position").iter_rows(named=True):
        estimate, low, high = (_or(row[name], math.nan) for name in ("estimate", "ci_low", "ci_high"))
        name = str(row["estimator"])
        found.append(
            Rung(
                estimator=name,
                label=estimator_label(name),
                estimate=estimate,
                ci_low=low,
                ci_high=high,
                shown=reader.change(estimate, kpi, low, high) if math.isfinite(estimate) else "no answer",
                note=str(row["note"] or ""),
                preferred=name == preferred,
            )
        )
    return tuple(found)


def _ladder_title(rungs: Sequence[Rung], kpi: Kpi) -> str:
    naive = next((rung for rung in rungs if rung.estimator == "before_after" and math.isfinite(rung.estimate)), None)
    best = next((rung for rung in rungs if rung.preferred and math.isfinite(rung.estimate)), None)
    if naive is None or best is None:
        return "Why not simply compare before and after?"
    gap = abs(naive.estimate - best.estimate)
    if gap < kpi.smallest_effect / 2:
        return f"Here, before against after ({naive.shown}) happens to agree with the fair comparison ({best.shown})"
    return f"Before against after would have said {naive.shown}; the fair comparison says {best.shown}"


def _second(row: dict[str, Any] | None, checks: Sequence[CheckLine], effect: Effect, reader: Reader) -> str:
    """The second opinion; whether it agrees is what the check of the gap says, here and in the list of checks."""
    if row is None or not effect.available:
        return ""
    other = read_effect(row, effect.kpi, reader)
    if not other.available:
        return f"The second opinion has no answer here. {other.verdict.reason}".strip()
    name = estimator_label(str(row["estimator"]))
    judged = next((_status(line) for line in checks if line.check == "estimator_gap"), "")
    beside = {"passed": ", in line with the first", "failed": ", which is not the same; see the checks"}.get(judged, "")
    return f"{name}: {other.change}, {other.likely}{beside}."


def _other(row: dict[str, Any] | None, kpi: Kpi, reader: Reader) -> Effect | None:
    found = None if row is None else read_effect(row, kpi, reader)
    return found if found is not None and found.available else None


def _completion(row: dict[str, Any] | None, dose: dict[str, Any] | None, kpi: Kpi, reader: Reader) -> str:
    """The effect of completing, and of each course where agents completed several."""
    if row is None:
        return ""
    other = read_effect(row, kpi, reader)
    if not other.available:
        return other.verdict.reason
    words = f"For those who completed the training: {other.change}, {other.likely}."
    each = None if dose is None else read_effect(dose, kpi, reader)
    if each is None or not each.available:
        return words
    return f"{words} For each course completed: {each.change}, {each.likely}."


def _facts(row: dict[str, Any], effect: Effect, reader: Reader, assigned: str) -> tuple[tuple[str, str], ...]:
    kpi = effect.kpi
    found: list[tuple[str, str]] = []
    if math.isfinite(effect.baseline):
        found.append(("Level before training", reader.level(effect.baseline, kpi)))
    found.append(("Smallest change that matters", reader.size(kpi.smallest_effect, kpi)))
    if effect.counts:
        found.append(("Based on", effect.counts))
    trained, clusters = _count(row.get("n_trained_agents")), _count(row.get("n_clusters"))
    if trained is not None:
        found.append(("Trained agents", reader.count(trained)))
    if clusters is not None:
        of = _count(row.get("n_trained_clusters"))
        text = (
            f"{reader.count(clusters)}, {reader.count(of)} of them trained"
            if of is not None
            else reader.count(clusters)
        )
        found.append((f"{assigned} compared", text))
    found.append(("Compared with", str(row.get("control") or "").replace("_", " ")))
    found.append(("What is measured", str(row.get("estimand") or "").replace("_", " ")))
    return tuple((name, words) for name, words in found if words)


def _checks_title(checks: Sequence[CheckLine]) -> str:
    failed = sum(_status(line) == "failed" for line in checks)
    passed = sum(_status(line) == "passed" for line in checks)
    if not checks:
        return "No checks were possible"
    if failed:
        return f"{failed} of {len(checks)} checks failed"
    told = len(checks) - passed
    return f"No check failed: {passed} passed" + (f", {told} for information" if told else "")


def _status(line: CheckLine) -> str:
    return next((key for key, (mark, _) in CHECK_MARKS.items() if mark == line.mark), "informational")


def _mean(points: Sequence[EventPoint]) -> float:
    return sum(point.estimate for point in points) / len(points) if points else 0.0


def _or(value: Any, otherwise: float) -> float:
    return float(value) if value is not None and math.isfinite(value) else float(otherwise)


def _count(value: Any) -> int | None:
    return None if value is None or not math.isfinite(value) else int(value)
