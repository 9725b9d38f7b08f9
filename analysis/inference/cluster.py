"""Clustered errors from influence columns, t(G - 1) intervals and fixest's small-sample factor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]


def standard_errors(influence: Floats) -> Floats:
    """Root of the sum of squares of each influence column.

    Parameters
    ----------
    influence : (G, K) array
        One row per cluster, scaled so that the variance is the sum of squares.
    """
    return np.asarray(np.sqrt(np.einsum("gk,gk->k", influence, influence)))


def t_interval(estimate: float, std_error: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided interval from t(df); (NaN, NaN) when the error is not available."""
    if not (math.isfinite(estimate) and math.isfinite(std_error) and df >= 1):
        return math.nan, math.nan
    half = float(student.ppf(0.5 + level / 2, df)) * std_error
    return estimate - half, estimate + half


def small_sample_factor(n_rows: float, n_parameters: float, n_clusters: int) -> float:
    """fixest's default: (N - 1) / (N - K) x G / (G - 1).

    Parameters
    ----------
    n_rows : float
        Rows N (contacts, not collapsed cells, when rows were collapsed).
    n_parameters : float
        K: coefficients plus fixed effects that are *not nested* in the clusters, plus one for the constant
        they share. Agent effects are nested in team clusters and do not count.
    n_clusters : int
        G.
    """
    return (n_rows - 1) / (n_rows - n_parameters) * n_clusters / (n_clusters - 1)
