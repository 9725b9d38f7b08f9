"""Trained against untrained in the same weeks: what a league table shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.imputation import jackknife_influence
from analysis.estimators.one_number import OneNumber, row_count, trained_side
from analysis.inference import small_sample_factor
from analysis.panel import Panel

Floats = NDArray[np.float64]


def trained_vs_untrained(panel: Panel, anticipation: int = 0) -> OneNumber:
    """Coefficient of "trained by now" with week effects and no agent effects.

    A foil: it credits training with every difference that was there before, so choosing the worst agents first makes
    training look harmful, and volunteers make it look good. Agents in their anticipation weeks are left out.

    Assumptions
    -----------
    1. Trained and untrained agents were alike before. Checked by the balance check, and usually false.
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
    replicates = np.array([_absorbed(mass1, sum1, mass0, sum0, without=c)[0] for c in range(panel.n_clusters)])
    jackknife = jackknife_influence(replicates[:, None], np.array([effect]), active)[:, 0]
    return OneNumber(effect, scores * np.sqrt(factor), jackknife, _ESTIMAND, **side)


_ESTIMAND = "difference between trained and untrained agents in the same weeks, whatever it was before"


def _by_cluster(panel: Panel, values: Floats, shape: tuple[int, int]) -> Floats:
    order = np.argsort(panel.cluster_ix, kind="stable")
    start = np.searchsorted(panel.cluster_ix[order], np.arange(shape[0]))
    return np.asarray(np.add.reduceat(values[order], start, axis=0))


def _absorbed(
    mass1: Floats, sum1: Floats, mass0: Floats, sum0: Floats, without: int | None = None
) -> tuple[float, Floats]:
    """Coefficient and (C,) scores of the week-absorbed regression from cluster x week sums."""
    total1, total0 = mass1.sum(axis=0), mass0.sum(axis=0)
    all1, all0 = sum1.sum(axis=0), sum0.sum(axis=0)
    if without is not None:
        total1, total0 = total1 - mass1[without], total0 - mass0[without]
        all1, all0 = all1 - sum1[without], all0 - sum0[without]
    both = (total1 > 1e-9) & (total0 > 1e-9)
    if not both.any():
        return float("nan"), np.full(mass1.shape[0], np.nan)
    share = total1[both] / (total1 + total0)[both]
    variation = total1[both] * (1 - share)
    mean1, mean0 = all1[both] / total1[both], all0[both] / total0[both]
    effect = float(((mean1 - mean0) * variation).sum() / variation.sum())
    if without is not None:
        return effect, np.zeros(0)
    # Residuals of the regression: week mean of the residual is zero, so level0 = week mean - share x effect.
    level = share * mean1 + (1 - share) * mean0 - share * effect
    on_treated = sum1[:, both] - mass1[:, both] * (level + effect)
    on_control = sum0[:, both] - mass0[:, both] * level
    scores = (on_treated * (1 - share) - on_control * share).sum(axis=1) / variation.sum()
    return effect, scores
