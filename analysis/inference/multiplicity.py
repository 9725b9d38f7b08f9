"""p-values adjusted for testing several KPIs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError

Floats = NDArray[np.float64]


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Holm's step-down adjusted p-values; NaN stays NaN and does not count as a test.

    The k-th smallest of K is multiplied by K - k + 1, is no smaller than those before it, and no larger than 1.

    Source: Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70, jstor:4615733.
    """
    values = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    out = np.full(values.shape, np.nan)
    out[order] = np.minimum(np.maximum.accumulate(values[order] * (order.size - np.arange(order.size))), 1.0)
    return out


def benjamini_hochberg(p_values: Sequence[float] | Floats) -> Floats:
    """P-values adjusted for the false discovery rate; NaN stays NaN and does not count as a test.

    The k-th smallest of K is multiplied by K / k, is no larger than those after it, and no larger than 1.

    Rejecting at adjusted p-values up to ``q`` keeps the expected share of false positives among the rejections at most
    ``q``, for independent or positively dependent tests.

    Source: Benjamini, Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; dependence: Benjamini, Yekutieli (2001),
    doi:10.1214/aos/1013699998.
    """
    values = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * (order.size / np.arange(1, order.size + 1))
    out = np.full(values.shape, np.nan)
    out[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return out


def romano_wolf(
    estimates: Floats, influence: Floats, df: float = np.inf, draws: int = 9_999, seed: int = 20_260_101
) -> Floats:
    """Step-down adjusted p-values that use the correlation of the estimates.

    Parameters
    ----------
    estimates : (K,) array
    influence : (G, K) array
        Influence columns of the estimates on the *same* clusters in the same order; zero rows for clusters an
        estimate does not use.
    df : float
        Degrees of freedom of the t statistics.
    draws, seed : int
        Sign-flip draws over clusters.

    Returns
    -------
    (K,) array
        Adjusted p-values; NaN where the estimate or its influence is not available.

    Source: Romano, Wolf (2005), doi:10.1111/j.1468-0262.2005.00615.x; (2016), doi:10.1016/j.spl.2016.02.012.
    """
    theta = np.asarray(estimates, dtype=np.float64)
    if influence.ndim != 2 or influence.shape[1] != theta.size:
        raise EstimationError("influence must have one column per estimate.")
    se = np.sqrt(np.nansum(influence**2, axis=0))
    known = np.isfinite(theta) & np.isfinite(influence).all(axis=0) & (se > 0)
    out = np.full(theta.shape, np.nan)
    if not known.any():
        return out
    t = np.abs(theta[known] / se[known])
    generator = np.random.Generator(np.random.PCG64(seed))
    signs = generator.integers(0, 2, size=(draws, influence.shape[0])) * 2.0 - 1.0
    resampled = np.abs(signs @ (influence[:, known] / se[known]))
    if np.isfinite(df):
        resampled /= np.sqrt(generator.chisquare(df, (draws, 1)) / df)
    order = np.argsort(-t, kind="stable")
    adjusted = np.empty(t.size)
    running = 0.0
    for step, k in enumerate(order):
        largest = resampled[:, order[step:]].max(axis=1)
        running = max(running, float((np.sum(largest >= t[k]) + 1) / (draws + 1)))
        adjusted[k] = running
    out[known] = adjusted
    return out
