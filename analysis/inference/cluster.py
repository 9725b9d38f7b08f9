"""Clustered standard errors from influence columns, t(G - 1) intervals and fixest's small-sample factor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def standard_errors(influence: Floats) -> Floats:
    """Root of the sum of squares of each influence column.

    Parameters
    ----------
    influence : (G, K) array
        One row per cluster, scaled so that the variance is the sum of squares.
    """
    return np.asarray(np.sqrt(np.einsum("gk,gk->k", influence, influence)))


def t_interval(estimate: float, std_error: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided interval from t(df); (NaN, NaN) when the standard error is not available."""
    if not (math.isfinite(estimate) and math.isfinite(std_error) and df >= 1):
        return math.nan, math.nan
    half = float(stdtrit(df, 0.5 + level / 2)) * std_error
    return estimate - half, estimate + half


def small_sample_factor(n_rows: float, n_parameters: float, n_clusters: int) -> float:
    """fixest's default: (N - 1) / (N - K) x G / (G - 1).

    Parameters
    ----------
    n_rows : float
        Rows N of the regression: agent-weeks, which do not depend on the unit of the weights. With no more rows than
        parameters the first factor is N - 1.
    n_parameters : float
        K: coefficients plus fixed effects that are *not nested* in the clusters, plus one for the constant
        they share. Agent effects are nested in team clusters and do not count.
    n_clusters : int
        G.
    """
    return (n_rows - 1) / max(n_rows - n_parameters, 1.0) * n_clusters / (n_clusters - 1)


def jackknife_influence(replicates: Floats, theta: Floats, active: Bools) -> Floats:
    """Influence columns whose sum of squares is the leave-one-cluster-out variance (CV3).

    Parameters
    ----------
    replicates : (C, K) array
        Estimates without each cluster; NaN (the estimate needs that cluster) makes the whole column NaN.
    theta : (K,) array
    active : (C,) bool array
        Clusters that hold any observation; G counts these.

    Source: MacKinnon, Nielsen, Webb (2023), doi:10.1002/jae.2969. Centred on the estimate, not on the replicates' mean.
    """
    n_active = int(active.sum())
    if n_active < 2:
        return np.full(replicates.shape, np.nan)
    deviation = np.where(active[:, None], replicates - theta, 0.0)
    return np.asarray(deviation * np.sqrt((n_active - 1) / n_active))
