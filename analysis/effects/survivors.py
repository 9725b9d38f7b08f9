"""Effect on a KPI corrected for attrition: bounds and weights when training changes who stays.

Training that keeps people also keeps their contacts in the data, and training that drives people away takes theirs out.
The effect over observed contacts then compares different people. Three numbers show how much that matters: the effect
among those who stayed throughout, the effect with every agent weighted by the inverse probability of still being there,
and bounds for those who stay either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.effects.bounds import Bounds, interval_of_bounds
from analysis.effects.hazard import HazardRatio
from analysis.estimators.fitted import Study
from analysis.estimators.imputation import Imputation
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.words.survivors import Measured

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOVED_LEVEL = 0.10
"""Level of the test whether training changes leaving; the same as for the response rate
(:mod:`analysis.effects.answering`)."""
LAST_WEEKS = 4
"""An agent observed in this many last weeks counts as staying."""
LEVEL_GROUPS = 3
"""Weights are estimated within this many groups by level before training; finer groups have too few leavers."""
MOST_WEIGHT = 5.0
"""Largest weight of an agent."""


@dataclass(frozen=True, eq=False)
class Staying:
    """Effect of training on leaving, estimated once for all KPIs.

    Attributes
    ----------
    log_ratio, std_error, df
        Log hazard ratio of leaving.
    clusters, influence
        Teams and their (G,) influence on ``log_ratio``.
    moved
        Whether the ratio differs from one at ``MOVED_LEVEL``.
    """

    log_ratio: float
    std_error: float
    df: float
    clusters: NDArray[Any]
    influence: Floats
    moved: bool

    @classmethod
    def of(cls, ratio: HazardRatio) -> Staying | None:
        """From the hazard ratio of all leavers; ``None`` where there is none."""
        if ratio.influence is None or not ratio.std_error > 0:
            return None
        teams, psi = ratio.influence
        scale = ratio.std_error / ratio.effect_std_error if ratio.effect_std_error > 0 else math.nan
        if not math.isfinite(scale):
            return None
        moved = bool(ratio.p_value <= MOVED_LEVEL)
        return cls(ratio.log_ratio, ratio.std_error, ratio.df, teams, psi * scale, moved)


@dataclass(frozen=True)
class Survivors:
    """An effect on a KPI, with bounds and weights for leaving.

    Attributes
    ----------
    staying
        Effect of training on leaving.
    excess
        Share of trained contacts from agents who stayed only because of training; negative: share of the comparison's
        contacts from agents whom training would have made leave.
    headline
        The effect over all observed contacts.
    weighted
        The effect with trained agents weighted by the inverse probability of still being there.
    bounds
        Of the effect among those who stay either way.
    """

    staying: Staying
    excess: float
    headline: EffectEstimate
    weighted: EffectEstimate
    bounds: Bounds

    def measured(self, smallest_effect: float) -> Measured:
        """The numbers needed for the sentence; bounds matter from half the smallest effect on, natural unit."""
        beyond = self.headline.ci_low > 0 or self.headline.ci_high < 0
        nothing = beyond and self.bounds.ci_low <= 0 <= self.bounds.ci_high
        far = max(self.headline.estimate - self.bounds.low, self.bounds.high - self.headline.estimate)
        return Measured(
            ratio=math.exp(self.staying.log_ratio),
            moved=self.staying.moved,
            excess=self.excess,
            weighted=self.weighted.estimate,
            low=self.bounds.low,
            high=self.bounds.high,
            matters=nothing or far >= smallest_effect / 2,
            could_be_nothing=nothing,
        )


def survivors(study: Study, staying: Staying, last: NDArray[np.int64] | None = None) -> Survivors | None:
    """Bounds of Lee (2009) for leaving, and the effect weighted by inverse probability of staying.

    By the hazard ratio, a share ``1 - S(t) ** (1 / ratio - 1)`` of the agents still there ``t`` weeks after training
    stayed only because of it. Removing that share of agents with the largest (smallest) individual effects gives the
    lower (upper) bound for those who stay either way. Where training makes agents leave, the comparison holds the
    excess, and the same share is trimmed from a distribution as wide as that of the trained agents' effects.

    Parameters
    ----------
    study
        The headline, estimated by imputation.
    staying
        :meth:`Staying.of` the hazard ratio of the same population.
    last
        (A,) last week in which each agent of the panel worked, whatever is measured; by default the last week with an
        outcome. Whoever worked in the last ``LAST_WEEKS`` has not left.

    Returns
    -------
    Survivors or None
        ``None`` without an imputation estimate, or where nobody trained left.

    Notes
    -----
    Assumptions:

    1. Monotone leaving: training makes nobody leave, or makes nobody stay. Not checkable.
    2. The hazard ratio is the same for all agents and weeks; those of :func:`analysis.effects.hazard.hazard_ratio`.
    3. What an agent gains does not change at the week in which the agent would have left. Not checked.
    4. For the weighted effect: among agents of one third of the level before training, leaving has nothing to do with
       what they gain. Not checkable.

    Individual effects are noisy, so bounds are too wide, never too narrow. The standard error of a bound includes that
    of the hazard ratio (delta method, same teams).

    Source: Lee (2009), doi:10.1111/j.1467-937X.2009.00536.x; Robins, Rotnitzky, Zhao (1995),
    doi:10.1080/01621459.1995.10476493 (inverse probability of censoring).
    """
    source = study.source
    found = study.aggregate("simple")
    if not isinstance(source, Imputation) or not found.overall.available:
        return None
    panel = source.panel
    mass, gained = _trained_weeks(source)
    last = _last_week(panel, last)
    total = float(mass.sum())
    low_cut = high_cut = excess = 0.0
    low_slope = high_slope = 0.0
    for cohort in panel.cohorts.tolist():
        rows = np.flatnonzero((panel.cohort_ix == cohort) & (mass.sum(axis=1) > 0))
        if not rows.size:
            continue
        share, slope = _excess(mass[rows].sum(axis=0), last[rows], int(cohort), staying.log_ratio)
        own = mass[rows].sum(axis=1)
        effect = (mass[rows] * gained[rows]).sum(axis=1) / own
        part = float(own.sum()) / total
        top, top_slope = _trimmed(-effect, own, share)
        bottom, bottom_slope = _trimmed(effect, own, share)
        excess += part * share
        low_cut, low_slope = low_cut + part * top, low_slope + part * top_slope * slope
        high_cut, high_slope = high_cut + part * bottom, high_slope + part * bottom_slope * slope
    effect_, df = found.overall, min(found.overall.df, staying.df)
    bounds = interval_of_bounds(
        effect_,
        (panel.clusters, found.overall_influence),
        (low_cut, high_cut),
        (staying.clusters, low_slope * staying.influence, high_slope * staying.influence),
        df,
    )
    reweighed = replace(study, source=source.weighing(_weights(panel, last, source.anticipation)), _cache={})
    return Survivors(
        staying=staying,
        excess=excess if staying.log_ratio < 0 else -excess,
        headline=effect_,
        weighted=reweighed.aggregate("simple").overall,
        bounds=bounds,
    )


def _trained_weeks(source: Imputation) -> tuple[Floats, Floats]:
    """(A, T) weights of trained weeks with a comparison, and imputed effects, in the panel's order."""
    panel, order = source.panel, source.layout.order
    mass, gained = np.zeros(panel.den.shape), np.zeros(panel.den.shape)
    mass[order], gained[order] = source.trained_weights, source.effects
    return np.where(panel.trained_cells, mass, 0.0), gained


def _last_week(panel: Panel, worked: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """(A,) last week seen; T for those seen in the last weeks, who have not left."""
    last = panel.n_periods - 1 - panel.observed[:, ::-1].argmax(axis=1)
    last = last if worked is None else np.maximum(last, worked)
    return np.where(last >= panel.n_periods - LAST_WEEKS, panel.n_periods, last)


def _excess(mass: Floats, last: NDArray[np.int64], start: int, log_ratio: float) -> tuple[float, float]:
    """Excess share of a cohort's trained contacts, and its derivative by the log ratio."""
    weeks = np.arange(start, mass.size)
    stay = (last[None, :] >= weeks[:, None]).mean(axis=1)
    ratio = math.exp(log_ratio)
    power = 1 / ratio - 1 if ratio < 1 else 1 - 1 / ratio
    kept = stay**power
    by_week = mass[start:]
    total = float(by_week.sum())
    share = float((by_week * (1 - kept)).sum()) / total
    steep = float((by_week * -kept * np.log(np.maximum(stay, 1e-12))).sum()) / total / ratio
    return share, -steep if ratio < 1 else steep


def _trimmed(values: Floats, weights: Floats, share: float) -> tuple[float, float]:
    """How far a mean rises when its lowest ``share`` is removed, at least 0, and its derivative by the share."""
    order = np.argsort(values, kind="stable")
    value, weight = values[order], weights[order] / weights.sum()
    mean = float(value @ weight)
    upto = np.cumsum(weight)
    share = min(share, 1 - 1e-9)
    edge = min(int(np.searchsorted(upto, share, side="right")), value.size - 1)
    gone = float((value[:edge] * weight[:edge]).sum()) + float(value[edge]) * (share - float(weight[:edge].sum()))
    kept = (mean - gone) / (1 - share)
    return max(kept - mean, 0.0), (kept - float(value[edge])) / (1 - share)


def _weights(panel: Panel, last: NDArray[np.int64], anticipation: int) -> Floats:
    """(A, T) contacts of trained weeks over the probability of still being there, relative to all trained agents.

    Staying is counted within thirds of the level before training, by week since training (Kaplan-Meier).
    """
    trained = panel.trained_units
    third = _thirds(panel, anticipation)
    cohort = panel.cohort_ix
    until = np.where(trained, last - cohort, 0)
    left = trained & (last < panel.n_periods)
    horizon = panel.n_periods
    everybody = _kept(until, left, trained, horizon)
    weights = np.zeros(panel.den.shape)
    since = np.arange(panel.n_periods)[None, :] - np.where(trained, cohort, panel.n_periods)[:, None]
    inside = since >= 0
    for group in range(LEVEL_GROUPS):
        rows = trained & (third == group)
        own = _kept(until, left, rows, horizon)
        factor = np.clip(np.divide(everybody, own, out=np.ones(horizon), where=own > 0), 1 / MOST_WEIGHT, MOST_WEIGHT)
        cells = inside & rows[:, None]
        weights[cells] = (panel.den * factor[np.clip(since, 0, horizon - 1)])[cells]
    return weights


def _thirds(panel: Panel, anticipation: int) -> NDArray[np.int64]:
    """(A,) third of the level before training, against all agents of the same weeks; 1 where nothing was seen."""
    weeks = np.arange(panel.n_periods)[None, :]
    before = np.where(weeks < panel.cohort_ix[:, None] - anticipation, panel.den, 0.0)
    by_week = before.sum(axis=0)
    common = np.divide((before * panel.y).sum(axis=0), by_week, out=np.zeros(panel.n_periods), where=by_week > 0)
    own = before.sum(axis=1)
    level = np.divide((before * (panel.y - common)).sum(axis=1), own, out=np.full(own.size, np.nan), where=own > 0)
    known = panel.trained_units & np.isfinite(level)
    if not known.any():
        return np.ones(own.size, dtype=np.int64)
    edges = np.quantile(level[known], np.arange(1, LEVEL_GROUPS) / LEVEL_GROUPS)
    return np.where(np.isfinite(level), np.searchsorted(edges, np.nan_to_num(level)), 1).astype(np.int64)


def _kept(until: NDArray[np.int64], left: Bools, rows: Bools, horizon: int) -> Floats:
    """(T,) probability of still being there in each week since training: agents who have not left are censored."""
    weeks = np.arange(horizon)
    inside = rows & (until >= 0)
    at_risk = (until[inside][None, :] >= weeks[:, None]).sum(axis=1)
    gone = np.bincount(np.clip(until[inside & left], 0, horizon - 1), minlength=horizon)
    stay = 1 - np.divide(gone, at_risk, out=np.zeros(horizon), where=at_risk > 0)
    return np.concatenate([[1.0], np.cumprod(stay)[:-1]])
