"""Study of a KPI of agents leaving: hazard model, with results in the same rows as other KPIs.

Leaving cannot be estimated with agent effects like a share of escalations: an agent leaves once, in the last week
observed, so the agent effects would explain all of it. The hazard model of :mod:`analysis.effects.hazard` is used
instead.

As for every KPI, training counts from the planned week where waves were planned (intention to treat), else from
completion. Agents about to leave do not finish a course, so counting from completion alone keeps leavers among the
untrained and makes training look protective when it has no effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.comparison.setting import Setting
from analysis.effects.hazard import LEAVE_TYPES, HazardRatio, hazard_ratio, person_weeks, survival
from analysis.inference import holm
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.facts import PACE_WEEKS, Volumes
from analysis.panel.panel import NEVER
from analysis.panel.slices import EVERYTHING, Slice
from analysis.results import EffectEstimate
from analysis.study.kpi_study import Judgement, KpiStudy, no_study, nothing_seen
from analysis.study.request import Request
from analysis.words.numbers import Reader
from analysis.words.verdict import CLAIMED, MIN_TRAINED_CLUSTERS
from etl.marts.tenure import TENURE_BANDS

if TYPE_CHECKING:
    from analysis.design import Timing

MANY_WEEKS = 1e9
"""Weeks before training in the waiting-time formula: infinite, because in a hazard model both sides gain weeks over
time."""
MANY_TIMES = 3.0
"""From this hazard ratio on, the sentence gives a multiple instead of a percentage such as "7,900% more likely"."""
MODELS: dict[Timing, str] = {
    "scheduled": "discrete-time proportional hazards, training from the planned week",
    "trained": "discrete-time proportional hazards, training from completion",
}
"""Name of the model in ``result.hazard``, by the design's timing."""


def spell_weeks(weeks: AgentWeeks, slice_: Slice, setting: Setting) -> pl.DataFrame | None:
    """Person-weeks of a slice, ``trained`` from the week the design counts from.

    Parameters
    ----------
    weeks
        Where spells come from.
    slice_
        Channel and queue do not exist for employment.
    setting
        Its design's timing and the cohort of each agent are used.

    Returns
    -------
    polars.DataFrame or None
        ``None`` when the slice asks for a channel or queue, or when there are no spells.
    """
    if slice_.channel or slice_.queue:
        return None
    timing = setting.design.timing
    spells = weeks.spells(slice_, timing)
    if spells is None or spells.is_empty():
        return None
    if slice_.cohort:
        trained_in = set(slice_.cohort)
        roster = setting.roster
        week = roster.scheduled if timing == "scheduled" else roster.trained
        other = {
            key
            for key, w in zip(roster.agent_key.tolist(), week.tolist(), strict=True)
            if w < NEVER and str(roster.monday(w)) not in trained_in
        }
        spells = spells.filter(~(pl.col("trained") & pl.col("agent_key").is_in(list(other))))
    found = person_weeks(spells)
    if slice_.tenure_band:
        bands = [band for band in TENURE_BANDS if band.name in slice_.tenure_band]
        tenure = pl.col("tenure_week")
        inside = [
            tenure >= band.first_week
            if band.end_week is None
            else tenure.is_between(band.first_week, band.end_week - 1)
            for band in bands
        ]
        found = found.filter(pl.any_horizontal(inside)) if inside else found.clear()
    if slice_.start is not None:
        found = found.filter(pl.col("on") >= slice_.start)
    if slice_.end is not None:
        found = found.filter(pl.col("on") <= pl.lit(slice_.end) + pl.duration(days=6))
    return None if found.is_empty() else found


def ratio_of_everybody(weeks: AgentWeeks, setting: Setting) -> HazardRatio | None:
    """The hazard ratio of all leavers of the whole programme, fitted once; ``None`` where there are no spells."""

    def make() -> HazardRatio | None:
        found = spell_weeks(weeks, EVERYTHING, setting)
        return None if found is None else hazard_ratio(found, ci_level=setting.ci_level)

    ratio: HazardRatio | None = weeks.once("hazard_ratio", make)
    return ratio


def study_leaving(weeks: AgentWeeks, request: Request, setting: Setting) -> KpiStudy:
    """Estimate a KPI of people leaving in one slice; see :func:`analysis.study.averages.study_average`."""
    kpi, slice_ = request.kpi, request.slice
    found = spell_weeks(weeks, slice_, setting)
    if found is None:
        if slice_.channel or slice_.queue:
            return no_study(request, setting, "Leaving cannot be looked at by channel or queue.")
        return no_study(request, setting, missing=nothing_seen(slice_))
    if kpi.first_days:
        found = found.filter(pl.col("tenure_week") < math.ceil(kpi.first_days / 7))
        if found.is_empty():
            missing = f"Nobody was seen in their first {kpi.first_days} days of employment."
            return no_study(request, setting, missing=missing)
    everybody = request.is_overall and not kpi.first_days
    whole = ratio_of_everybody(weeks, setting) if everybody else None
    ratio = whole or hazard_ratio(found, ci_level=setting.ci_level)
    effect = as_effect(ratio, setting.ci_level, setting.design.timing)
    trained = found.filter("trained")
    judgement = Judgement(
        kpi=kpi,
        setting=setting,
        checks=(),
        n_trained_clusters=ratio.n_trained_clusters,
        n_control_clusters=None,
        post_weeks=trained.height / max(ratio.n_trained_agents, 1),
        pre_weeks=MANY_WEEKS,
        unusable=f"There is no estimate for this selection: {ratio.reason}" if ratio.reason else "",
        too_few=ratio.reason if ratio.too_few else "",
    )
    return KpiStudy(
        request=request,
        headline=effect,
        second=None,
        completion=None,
        tables={},
        checks=(),
        verdict=judgement.decide(effect),
        baseline=ratio.baseline,
        context=judgement,
        influence=ratio.influence,
        volumes=_volumes(found),
    )


def as_effect(found: HazardRatio, ci_level: float, timing: Timing = "trained") -> EffectEstimate:
    """The change of the weekly chance of leaving, as an effect."""
    planned = timing == "scheduled"
    return EffectEstimate(
        estimate=found.effect,
        std_error=found.effect_std_error,
        ci_low=found.effect_low,
        ci_high=found.effect_high,
        df=found.df,
        ci_level=ci_level,
        estimator="hazard",
        estimand="change of the weekly chance of leaving, averaged over agent-weeks "
        + ("from the planned week on, whether completed or not" if planned else "after completed training"),
        control=f"agents {'whose planned week has not come' if planned else 'untrained'} of the same tenure, month and "
        "site",
        variance="jackknife",
        n_cells=found.n_weeks,
        n_contacts=float(found.n_weeks),
        n_agents=found.n_agents,
        n_trained_agents=found.n_trained_agents,
        n_clusters=found.n_clusters,
        n_trained_clusters=found.n_trained_clusters,
        reason=found.reason or None,
    )


def hazard_rows(
    weeks: pl.DataFrame,
    reader: Reader,
    *,
    ci_level: float,
    limited: bool = False,
    timing: Timing = "trained",
    goal: str = "",
    everybody: HazardRatio | None = None,
    of_kind: Mapping[str, pl.DataFrame] | None = None,
) -> list[dict[str, Any]]:
    """Rows of ``result.hazard``: all leavers, then by kind.

    Parameters
    ----------
    weeks, reader
        Person-weeks, and number format of the sentences.
    ci_level
        Level of the intervals.
    limited, timing
        As in :func:`hazard_words`.
    goal
        Verdict state of the KPI of all leavers, corrected among the goals: the row of all leavers claims no more than
        it. Empty where not known. The two kinds of leaving are judged together (Holm).
    everybody
        The hazard ratio of all leavers of these person-weeks, where already fitted.
    of_kind
        Person-weeks of a kind of leaving, where they are fewer than all.
    """
    fewer = of_kind or {}
    ratios = [
        everybody
        if everybody is not None and leave_type == everybody.leave_type
        else hazard_ratio(fewer.get(leave_type, weeks), leave_type=leave_type, ci_level=ci_level)
        for leave_type in LEAVE_TYPES
    ]
    kinds = [i for i, found in enumerate(ratios) if found.leave_type != "any"]
    adjusted = dict(zip(kinds, holm([ratios[i].p_value for i in kinds]), strict=True))
    rows = []
    for i, found in enumerate(ratios):
        excludes = adjusted[i] <= 1 - ci_level if i in adjusted else goal in ("", *CLAIMED)
        state, words = hazard_words(found, reader, limited=limited, timing=timing, excludes=bool(excludes))
        if i not in adjusted and state in CLAIMED and goal:
            state = goal
        rows.append(
            {
                "model": MODELS[timing],
                "leave_type": found.leave_type,
                "hazard_ratio": found.hazard_ratio,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "n_events": found.n_events,
                "n_agents": found.n_agents,
                "n_clusters": found.n_clusters,
                "verdict": state,
                "sentence": words,
            }
        )
    return rows


def by_plan(hazard: pl.DataFrame) -> bool:
    """Whether rows of ``result.hazard`` count training from the planned week rather than from completion."""
    return not hazard.is_empty() and hazard["model"][0] == MODELS["scheduled"]


def hazard_words(
    found: HazardRatio, reader: Reader, *, limited: bool = False, timing: Timing = "trained", excludes: bool = True
) -> tuple[str, str]:
    """Verdict and sentence of a hazard ratio: how much more or less likely trained agents are to leave in a week.

    Parameters
    ----------
    found, reader
        The ratio, and number format of the sentence.
    limited
        True when agents chose themselves or nobody recorded how they were chosen: no check shows that they would have
        stayed like the others, so no verdict is clear.
    timing
        From when an agent counts as trained: planned week or completion.
    excludes
        Whether the interval excludes a ratio of one after correction for multiple testing.
    """
    who = "agents whose planned week of training has come" if timing == "scheduled" else "trained agents"
    kind = {"any": "to leave", "voluntary": "to resign", "involuntary": "to be let go"}[found.leave_type]
    if found.too_few:
        return "cant_tell_yet", f"We can't tell yet: {found.reason[:1].lower()}{found.reason[1:]}"
    if found.reason:
        return "dont_use", f"Don't use this one: {found.reason[:1].lower()}{found.reason[1:]}"
    if found.n_trained_clusters < MIN_TRAINED_CLUSTERS:
        return "cant_tell_yet", f"Only {found.n_trained_clusters} teams have trained agents: too few to tell."
    low, high = 100 * (found.ci_low - 1), 100 * (found.ci_high - 1)
    if high < 0 or low > 0:
        likely, span = _likelihood(found, reader)
        if limited:
            return (
                "cant_tell_yet",
                f"We can't tell yet: {who} are {likely} {kind} in a given week, but training was "
                "not assigned by a plan, and whoever means to stay may be the one who gets trained.",
            )
        if not excludes:
            return (
                "cant_tell_yet",
                f"We can't tell yet: {who} are {likely} {kind} in a given week by this number alone, but several were "
                "tested together and one of them can look like this by chance.",
            )
        first = who[:1].upper() + who[1:]
        return "clear", f"{first} are an estimated {likely} {kind} in a given week ({span})."
    return (
        "cant_tell_yet",
        f"We can't tell yet: {who} may be anything from {reader.number(-low)}% less to "
        f"{reader.number(high)}% more "
        f"likely {kind} in a given week.",
    )


def _likelihood(found: HazardRatio, reader: Reader) -> tuple[str, str]:
    """A ratio other than one in words, and its likely range: in percent, or as a multiple where large."""
    if found.hazard_ratio >= MANY_TIMES:
        ends = (reader.number(found.ci_low), reader.number(found.ci_high))
        return f"{reader.number(found.hazard_ratio)} times as likely", f"likely between {ends[0]} and {ends[1]} times"
    changes = [100 * (ratio - 1) for ratio in (found.ci_low, found.hazard_ratio, found.ci_high)]
    low, size, high = (reader.number(abs(change)) for change in sorted(changes, key=abs))
    way = "less" if found.hazard_ratio < 1 else "more"
    return f"{size}% {way} likely", f"likely between {low}% and {high}%"


def survival_frame(weeks: pl.DataFrame, *, ci_level: float) -> pl.DataFrame:
    """``result.survival``."""
    return survival(weeks, ci_level=ci_level)


def _volumes(weeks: pl.DataFrame) -> Volumes:
    """Agent-weeks: of the trained and of all, in a week of the last eight; of the trained so far."""
    recent = weeks.filter(pl.col("on") > pl.lit(weeks["on"].max()) - pl.duration(days=7 * PACE_WEEKS))
    trained = recent.filter("trained")["days"].sum()
    so_far = weeks.filter("trained")["days"].sum()
    days = 7.0 * PACE_WEEKS
    return Volumes(float(trained) / days, float(so_far) / 7.0, float(recent["days"].sum()) / days)
