"""Before-after comparison of trained agents, without a comparison group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.naive.one_number import OneNumber, row_count, trained_side
from analysis.inference import jackknife_influence, small_sample_factor
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]


def before_after(panel: Panel, anticipation: int = 0) -> OneNumber:
    """Contact-weighted mean after training minus mean before, over agents trained within the window.

    ``sum(w_it y_it : t >= g_i) / sum(w_it : t >= g_i) - sum(w_it y_it : t < g_i - a) / sum(w_it : t < g_i - a)`` with
    ``a = anticipation``.

    Shown for contrast: it credits training with season, learning curve and regression to the mean. The regression of
    the outcome on "after" is fitted by statsmodels on cluster x before/after sums, which reproduces the contact-level
    coefficient and clustered error exactly.

    Assumptions
    -----------
    1. Without training nothing would have changed. Not checked, and not credible.

    Source: Ashenfelter (1978), doi:10.2307/1924332, on why it misleads; errors clustered with fixest's small-sample
    factor, or leave-one-cluster-out.
    """
    waiting = _waiting(panel, anticipation)
    trained = panel.trained_units[:, None] & panel.observed & ~waiting
    after, before = trained & panel.trained_cells, trained & ~panel.trained_cells
    sums = np.stack([_by_cluster(panel, panel.num, side) for side in (before, after)], axis=1)
    mass = np.stack([_by_cluster(panel, panel.den, side) for side in (before, after)], axis=1)
    side = trained_side(panel)
    nothing = np.full(panel.n_clusters, np.nan)
    if np.unique(panel.cohort_ix[panel.observed.any(axis=1)]).size == 1:
        reason = "everybody is trained in the same week, so training cannot be told apart from the weeks"
        return OneNumber(float("nan"), nothing, nothing, _ESTIMAND, reason=reason, **side)
    if mass[:, 0].sum() == 0 or mass[:, 1].sum() == 0:
        reason = "no trained agent is observed both before and after training"
        return OneNumber(float("nan"), nothing, nothing, _ESTIMAND, reason=reason, **side)
    effect, analytic = collapsed_regression(sums, mass, row_count(panel, trained))
    total_sums, total_mass = sums.sum(axis=0), mass.sum(axis=0)
    left = total_mass - mass
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(left > 1e-12 * total_mass, (total_sums - sums) / left, np.nan)
    jackknife = jackknife_influence(
        (means[:, 1] - means[:, 0])[:, None], np.array([effect]), np.asarray(mass.sum(axis=1) > 0)
    )[:, 0]
    return OneNumber(effect, analytic, jackknife, _ESTIMAND, **side, trained_only=True)


_ESTIMAND = "change of the trained agents from before to after, with no comparison group"


def collapsed_regression(sums: Floats, mass: Floats, n_rows: float) -> tuple[float, Floats]:
    """Difference of two weighted means by WLS on cluster x side sums.

    Parameters
    ----------
    sums, mass : (C, 2) arrays
        Outcome sums and weights of the two sides by cluster.
    n_rows : float
        Rows behind the sums, for the small-sample factor.

    Returns
    -------
    float, (C,) array
        Coefficient, and influence scaled with the clustered small-sample factor.
    """
    from statsmodels.regression.linear_model import WLS
    from statsmodels.tools import add_constant

    cluster, side = np.nonzero(mass > 0)
    weight = mass[cluster, side]
    fit = WLS(sums[cluster, side] / weight, add_constant(side.astype(np.float64)), weights=weight).fit()
    scores = (fit.model.wexog * fit.wresid[:, None]) @ fit.normalized_cov_params[:, 1]
    influence = np.zeros(mass.shape[0])
    np.add.at(influence, cluster, scores)
    n_clusters = int(np.unique(cluster).size)
    if n_clusters < 2:
        return float(fit.params[1]), np.full(mass.shape[0], np.nan)
    return float(fit.params[1]), influence * np.sqrt(small_sample_factor(n_rows, 2, n_clusters))


def _waiting(panel: Panel, anticipation: int) -> NDArray[np.bool_]:
    weeks = np.arange(panel.n_periods)[None, :]
    first = panel.cohort_ix[:, None]
    return np.asarray((weeks >= first - anticipation) & (weeks < first))


def _by_cluster(panel: Panel, values: Floats, mask: NDArray[np.bool_]) -> Floats:
    return np.bincount(panel.cluster_ix, (values * mask).sum(axis=1), minlength=panel.n_clusters).astype(np.float64)
