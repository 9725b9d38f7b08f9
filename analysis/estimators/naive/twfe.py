"""Two-way fixed effects with one coefficient: the usual regression, shown as a naive rung of the ladder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.naive.one_number import OneNumber, row_count, trained_side
from analysis.inference import jackknife_influence, small_sample_factor
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout
from analysis.solver.two_way import TwoWayFit, fit_two_way

Floats = NDArray[np.float64]

#: With fewer clusters the effect may be identified by a single cluster, which only a refit shows.
REFIT_BELOW = 12


def twfe(panel: Panel, anticipation: int = 0) -> OneNumber:
    """``y_it = alpha_i + lambda_t + beta D_it + e_it`` by weighted least squares.

    With staggered training and effects that grow, beta compares newly trained agents with agents trained before,
    and can be far from (even of opposite sign to) every effect; ``analysis.estimators.naive.bacon`` takes it apart.

    Assumptions
    -----------
    1. Parallel trends. Checked in part.
    2. The effect is the same for every cohort and week. Not true of training that ramps up and fades.

    Errors: clustered with fixest's small-sample factor (agent effects nested in the clusters do not count), or
    the exact leave-one-cluster-out jackknife (CV3). Source: Goodman-Bacon (2021), doi:10.1016/j.jeconom.2021.03.014.
    """
    fit = _fit(panel, anticipation)
    effect = float(fit.coefficients[0])
    analytic = fit.dummy_influence()[:, 0]
    n_clusters = int(np.unique(panel.cluster_ix[panel.observed.any(axis=1)]).size)
    jackknife = np.full(panel.n_clusters, np.nan)
    reason: str | None = None
    if not np.isfinite(effect):
        reason = "training cannot be told apart from the weeks: everybody is trained in the same week, or nobody is"
    elif n_clusters > 1:
        n_weeks = int((fit.week_component >= 0).sum())
        factor = small_sample_factor(row_count(panel), n_weeks + 1, n_clusters)
        analytic = analytic * np.sqrt(factor)
        jackknife = _leave_one_out(panel, fit, anticipation)
    else:
        analytic = np.full(panel.n_clusters, np.nan)
    return OneNumber(
        effect=effect,
        analytic=analytic,
        jackknife=jackknife,
        estimand="one coefficient for all trained weeks (a weighted mixture, weights can be negative)",
        reason=reason,
        **trained_side(panel),
    )


def _fit(panel: Panel, anticipation: int) -> TwoWayFit:
    layout = Layout.of(panel)
    weeks, first = np.arange(panel.n_periods)[None, :], panel.cohort_ix[layout.order][:, None]
    waiting = (weeks >= first - anticipation) & (weeks < first)
    weights = np.where(waiting, 0.0, panel.den[layout.order])
    table = np.where(weeks >= layout.cohort_values[:, None], 0, -1)
    return fit_two_way(layout, weights, panel.y[layout.order], table, 1)


def _leave_one_out(panel: Panel, fit: TwoWayFit, anticipation: int) -> Floats:
    """(C,) leave-one-cluster-out influence."""
    if panel.n_clusters < REFIT_BELOW:
        replicates, refit = np.full(panel.n_clusters, np.nan), np.ones(panel.n_clusters, dtype=bool)
    else:
        shift, refit = fit.leave_one_out()
        replicates = fit.coefficients[0] + shift[:, fit.n_weeks]
    for cluster in np.flatnonzero(refit):
        rest = panel.take(panel.cluster_ix != cluster)
        replicates[cluster] = _fit(rest, anticipation).coefficients[0]
    active = np.zeros(panel.n_clusters, dtype=bool)
    active[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    return jackknife_influence(replicates[:, None], fit.coefficients, active)[:, 0]
