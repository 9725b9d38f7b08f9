"""Trained against untrained agents in the same weeks, ignoring their levels before training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.fitted import NO_WEIGHT
from analysis.estimators.naive.one_number import OneNumber, row_count, trained_side
from analysis.inference import jackknife_influence, small_sample_factor
from analysis.panel.panel import Panel
from analysis.solver.layout import sum_by
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]


def trained_vs_untrained(panel: Panel, anticipation: int = 0) -> OneNumber:
    """Coefficient of "trained by now" with week effects and no agent effects.

    ``y_it = lambda_t + beta D_it + e_it`` by least squares weighted by contacts.

    Shown for contrast: it credits training with differences that existed before, so training the worst agents first
    looks harmful, and training volunteers looks good. Agents in their anticipation weeks are left out.

    Assumptions
    -----------
    1. Trained and untrained agents were alike before. Checked by the balance check, and usually false.

    Source: Dehejia, Wahba (1999), doi:10.1080/01621459.1999.10473858, on how far such comparisons miss an experiment;
    errors as for :func:`analysis.estimators.naive.twfe.twfe`.
    """
    weeks = np.arange(panel.n_periods)[None, :]
    first = panel.cohort_ix[:, None]
    used = panel.observed & ~((weeks >= first - anticipation) & (weeks < first))
    trained = used & panel.trained_cells
    shape = (panel.n_clusters, panel.n_periods)
    mass1, sum1 = _by_cluster(panel, panel.den * trained, shape), _by_cluster(panel, panel.num * trained, shape)
    mass0 = _by_cluster(panel, panel.den * (used & ~trained), shape)
    sum0 = _by_cluster(panel, panel.num * (used & ~trained), shape)
    side = trained_side(panel)
    effect, scores = _absorbed(mass1, sum1, mass0, sum0)
    nothing = np.full(panel.n_clusters, np.nan)
    active = (mass1 + mass0).sum(axis=1) > 0
    n_clusters = int(active.sum())
    if not np.isfinite(effect):
        reason = "in no week are trained and untrained agents both observed"
        return OneNumber(effect, nothing, nothing, _ESTIMAND, reason=reason, **side)
    if n_clusters < 2:
        return OneNumber(effect, nothing, nothing, _ESTIMAND, **side)
    n_weeks = int((((mass1 + mass0).sum(axis=0)) > 0).sum())
    factor = small_sample_factor(row_count(panel, used), n_weeks + 1, n_clusters)
    replicates = _left_out(mass1, sum1, mass0, sum0)
    jackknife = jackknife_influence(replicates[:, None], np.array([effect]), active)[:, 0]
    return OneNumber(effect, scores * np.sqrt(factor), jackknife, _ESTIMAND, **side)


_ESTIMAND = "difference between trained and untrained agents in the same weeks, whatever it was before"


def _by_cluster(panel: Panel, values: Floats, shape: tuple[int, int]) -> Floats:
    return sum_by(panel.cluster_ix, values, shape[0])


def _week_difference(total1: Floats, all1: Floats, total0: Floats, all0: Floats) -> tuple[Floats, Floats]:
    """Difference of means in every week and its weight in the week-absorbed regression; 0 without both sides."""
    least = NO_WEIGHT * max(float(np.max(total1, initial=0.0)), float(np.max(total0, initial=0.0)))
    both = (total1 > least) & (total0 > least)
    weight = np.where(both, ratio(total1 * total0, total1 + total0, 0.0), 0.0)
    return np.where(both, ratio(all1, total1, 0.0) - ratio(all0, total0, 0.0), 0.0), weight


def _left_out(mass1: Floats, sum1: Floats, mass0: Floats, sum0: Floats) -> Floats:
    """(C,) coefficient without each cluster."""
    difference, weight = _week_difference(
        mass1.sum(axis=0) - mass1, sum1.sum(axis=0) - sum1, mass0.sum(axis=0) - mass0, sum0.sum(axis=0) - sum0
    )
    return ratio((difference * weight).sum(axis=1), weight.sum(axis=1))


def _absorbed(mass1: Floats, sum1: Floats, mass0: Floats, sum0: Floats) -> tuple[float, Floats]:
    """Coefficient and (C,) scores of the week-absorbed regression from cluster x week sums."""
    total1, total0 = mass1.sum(axis=0), mass0.sum(axis=0)
    all1, all0 = sum1.sum(axis=0), sum0.sum(axis=0)
    difference, weight = _week_difference(total1, all1, total0, all0)
    if not weight.sum() > 0:
        return float("nan"), np.full(mass1.shape[0], np.nan)
    effect = float((difference * weight).sum() / weight.sum())
    both = weight > 0
    share = total1[both] / (total1 + total0)[both]
    # The residual has mean zero in every week, so the untrained level is the week's mean less share x effect.
    level = (all1 + all0)[both] / (total1 + total0)[both] - share * effect
    on_treated = sum1[:, both] - mass1[:, both] * (level + effect)
    on_control = sum0[:, both] - mass0[:, both] * level
    return effect, (on_treated * (1 - share) - on_control * share).sum(axis=1) / weight.sum()
