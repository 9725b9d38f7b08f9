"""Bounds of an effect on an outcome known only for respondents, when training changes the response rate.

Satisfaction is known for the customers who answer a survey, acceptance for those who are made an offer. When training
changes who answers, the mean of the answers moves although nobody's opinion did. Trimming the answers that training
added (or removed) gives bounds of the effect on those who answer either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.effects.bounds import interval_of_bounds
from analysis.effects.hierarchical import between_variance
from analysis.estimators.fitted import Study
from analysis.inference import t_interval
from analysis.panel.panel import Panel
from analysis.results import Aggregation, EffectEstimate

Floats = NDArray[np.float64]

MOVED_LEVEL = 0.04
"""Level of the test whether training changes the response rate. False positives widen the range of a KPI whose response
rate did not change: at 4% this costs three points of power at 80%, at 10% seven. Shifts too small to detect can still
look like an effect (docs/decisions.md), so a claim says how large they may be."""
MIN_COHORTS = 3
"""With fewer cohorts the spread of their shifts cannot be estimated: one shift is then used for all."""


@dataclass(frozen=True)
class AnswerBounds:
    """Bounds of the effect on those who answer with and without training.

    Attributes
    ----------
    shift
        Effect of training on the response rate.
    moved
        Whether the shift is significant at ``MOVED_LEVEL``.
    low, high
        Bounds of the effect on the outcome, natural unit.
    ci_low, ci_high
        Interval that covers the effect, wherever between the bounds it lies, at the headline's level; never narrower
        than the headline's.
    p_value
        Of no effect, given the bounds; below one minus the level exactly where the interval excludes zero.
    hidden
        Largest change of the outcome that an undetectable shift could cause.
    unseen
        Smallest detectable shift of the response rate.
    answered
        Response rate in trained weeks.
    weighted
        The effect with every answer weighted by the inverse of the answer rate of its agent and week; NaN when there
        is none.
    """

    shift: EffectEstimate
    moved: bool
    low: float
    high: float
    ci_low: float
    ci_high: float
    p_value: float
    hidden: float
    unseen: float = math.nan
    answered: float = math.nan
    weighted: float = math.nan

    def overturning(self, low: float, high: float) -> float:
        """Shift of the response rate, all of it at one end of the scale, that would make the interval include zero.

        Parameters
        ----------
        low, high
            Interval of the outcome.

        Returns
        -------
        float
            0 where the interval includes zero already; NaN where it is not known.
        """
        if low <= 0 <= high:
            return 0.0
        return min(abs(low), abs(high)) / self.hidden * self.unseen if self.hidden > 0 else math.nan


@dataclass(frozen=True)
class _Cohort:
    """Levels of one cohort's trained weeks: share of all answers, mean outcome, response rate."""

    share: float
    mean: float
    answered: float


def answer_bounds(
    outcome: Study, answering: Study, scale: tuple[float, float], *, weighted: float = math.nan
) -> AnswerBounds | None:
    """Bounds of Lee (2009), trimmed within each cohort's trained weeks, with clustered errors.

    Where training adds answers, the share ``shift / answered`` of the trained answers is trimmed from the top for the
    lower bound, from the bottom for the upper one. Where it takes answers away, the same share of the answers that
    would have come without it is trimmed instead. For a binary outcome the trimmed mean is exact; on a scale the
    trimmed answers are assumed to be at its end, so bounds are never too narrow.

    Parameters
    ----------
    outcome
        The headline estimator fitted to the outcome, weighted by answers.
    answering
        The same estimator fitted to the response rate, weighted by the number of people asked; same agents and weeks.
    scale
        Lowest and highest value of one answer.
    weighted
        See :attr:`AnswerBounds.weighted`.

    Returns
    -------
    AnswerBounds or None
        ``None`` when either effect has no estimate.

    Notes
    -----
    Assumptions:

    1. Monotone answering: training brings some to answer, or keeps some from it, and not both at once in one cohort.
       Not checkable: shifts that offset each other (satisfied customers answer more, others less) leave the response
       rate unchanged.
    2. Those of the headline, for the share that answers and for the outcome among answers without training.
    3. Shifts of cohorts are shrunk to their mean as far as their differences are sampling error.

    The interval is that of Imbens and Manski (2004) for the effect itself: wide bounds take the one-sided quantile,
    bounds that shrink to a point the two-sided one.

    The standard error of a bound includes that of the shift (delta method on the cluster influences, same clusters),
    not that of the levels, which is negligible. Where there is no shift the bounds are too wide, not too narrow.

    Source: Lee (2009), Training, Wages, and Sample Selection, doi:10.1111/j.1467-937X.2009.00536.x; Imbens,
    Manski (2004), Confidence Intervals for Partially Identified Parameters, doi:10.1111/j.1468-0262.2004.00555.x.
    """
    found, moved_by = outcome.aggregate("simple"), answering.aggregate("simple")
    effect, shift = found.overall, moved_by.overall
    if not (effect.available and shift.available):
        return None
    shifts, influences, cohorts = _by_cohort(outcome, answering, moved_by)
    low_cut = high_cut = 0.0
    low_slope = np.zeros(answering.panel.n_clusters)
    high_slope = low_slope.copy()
    least, most = scale
    for move, influence, cohort in zip(shifts, influences, cohorts, strict=True):
        without = cohort.mean - effect.estimate
        if move >= 0:  # trained answers are trimmed; share / (1 - share) = move / the share that would have answered
            base = max(cohort.answered - move, 1e-12)
            cuts = (most - cohort.mean, cohort.mean - least)
            ends = (cohort.mean - least, most - cohort.mean)
        else:  # answers that would have come without training are trimmed
            base = max(cohort.answered, 1e-12)
            cuts = (without - least, most - without)
            ends = (most - without, without - least)
        ratio = abs(move) / base
        sign = 1.0 if move >= 0 else -1.0
        low_cut += cohort.share * float(np.clip(ratio * cuts[0], 0.0, max(ends[0], 0.0)))
        high_cut += cohort.share * float(np.clip(ratio * cuts[1], 0.0, max(ends[1], 0.0)))
        low_slope += cohort.share * sign * cuts[0] / base * influence
        high_slope += cohort.share * sign * cuts[1] / base * influence
    df = min(effect.df, shift.df)
    bounds = interval_of_bounds(
        effect,
        (outcome.panel.clusters, found.overall_influence),
        (low_cut, high_cut),
        (answering.panel.clusters, low_slope, high_slope),
        df,
    )
    unseen = t_interval(0.0, 1.0, df, 1 - MOVED_LEVEL)[1] * shift.std_error
    answered = sum(c.share * c.answered for c in cohorts)
    steepest = max(sum(c.share * max(most - c.mean, c.mean - least) for c in cohorts) / max(answered, 1e-12), 0.0)
    return AnswerBounds(
        shift=shift,
        moved=bool(abs(shift.estimate) > unseen),
        low=bounds.low,
        high=bounds.high,
        ci_low=bounds.ci_low,
        ci_high=bounds.ci_high,
        p_value=bounds.p_value,
        hidden=unseen * steepest,
        unseen=unseen,
        answered=answered,
        weighted=weighted,
    )


def weighted_by_answering(outcome: Panel, answering: Panel) -> Panel:
    """The outcome with every answer weighted by the inverse of the answer rate of its agent and week.

    An agent-week then counts by the people asked instead of those who answered, so differences in response rate between
    agents and weeks no longer move the mean. Those inside one agent-week still do.

    Parameters
    ----------
    outcome, answering
        Panels of the same agents and weeks.
    """
    asked = _aligned(answering, outcome)
    weight = np.where(outcome.observed, asked, 0.0)
    return outcome.reweighted(weight)


def _by_cohort(outcome: Study, answering: Study, overall: Aggregation) -> tuple[Floats, list[Floats], list[_Cohort]]:
    """Shift, its cluster influence and levels of every cohort; shifts shrunk to their mean."""
    panel = outcome.panel
    parts = answering.aggregate("cohort")
    keys = [str(key) for key in parts.columns["key"]]
    estimate, error = np.asarray(parts.columns["estimate"]), np.asarray(parts.columns["std_error"])
    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    spread = between_variance(estimate[known], error[known] ** 2) if known.sum() >= MIN_COHORTS else 0.0
    common, common_psi = overall.overall.estimate, np.nan_to_num(overall.overall_influence)
    asked_total, answers_total = _levels(answering.panel), _levels(panel)
    shifts, influences, cohorts = [], [], []
    total = sum(mass for mass, _ in answers_total.values())
    for label, (mass, mean) in answers_total.items():
        if mass <= 0 or label not in asked_total:
            continue
        k = keys.index(label) if label in keys else -1
        pull = spread / (spread + error[k] ** 2) if k >= 0 and known[k] else 0.0
        own = estimate[k] if pull > 0 else 0.0
        own_psi = np.nan_to_num(parts.influence[:, k]) if pull > 0 else 0.0
        shifts.append(common + pull * (own - common))
        influences.append(np.asarray(common_psi + pull * (own_psi - common_psi)))
        cohorts.append(_Cohort(mass / total, mean, asked_total[label][1]))
    return np.asarray(shifts), influences, cohorts


def _levels(panel: Panel) -> dict[str, tuple[float, float]]:
    """Cohort label to weight and mean of its trained weeks."""
    out = {}
    for cohort in panel.cohorts.tolist():
        cells = panel.trained_cells & (panel.cohort_ix == cohort)[:, None]
        mass = float(panel.den[cells].sum())
        mean = float(panel.num[cells].sum()) / mass if mass > 0 else math.nan
        out[str(panel.cohort_label(cohort))] = (mass, mean)
    return out


def _aligned(source: Panel, target: Panel) -> Floats:
    """(A, T) weights of ``source`` at the agents and weeks of ``target``; 0 where it has none."""
    rows = {str(unit): i for i, unit in enumerate(source.units.tolist())}
    weeks = {str(week): i for i, week in enumerate(source.times.tolist())}
    row = np.array([rows.get(str(unit), -1) for unit in target.units.tolist()], dtype=np.int64)
    week = np.array([weeks.get(str(t), -1) for t in target.times.tolist()], dtype=np.int64)
    out = source.den[np.maximum(row, 0)][:, np.maximum(week, 0)]
    return np.where((row >= 0)[:, None] & (week >= 0)[None, :], out, 0.0)
