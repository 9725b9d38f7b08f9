"""Joint draws of effects and of stated ranges, to get the range of a sum."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def correlations(influences: Sequence[Array | None]) -> Array:
    """Correlation of estimates whose cluster influences are known.

    Parameters
    ----------
    influences
        Per estimate the (n_clusters,) influence on a common list of clusters; ``None`` counts as independent.

    Returns
    -------
    (K, K) array
        Symmetric, 1 on the diagonal.
    """
    correlation = np.eye(len(influences))
    for i, first in enumerate(influences):
        for j, second in enumerate(influences[:i]):
            if first is not None and second is not None and first.shape == second.shape:
                size = math.sqrt(float(first @ first) * float(second @ second))
                correlation[i, j] = correlation[j, i] = float(first @ second) / size if size > 0 else 0.0
    return correlation


def effect_draws(
    effects: Array, std_errors: Array, correlation: Array, df: float, draws: int, rng: np.random.Generator
) -> Array:
    """Joint draws of effects from a multivariate t whose marginal ranges are the intervals shown.

    Parameters
    ----------
    effects, std_errors
        (K,) in natural units.
    correlation
        (K, K), from :func:`correlations`.
    df
        Degrees of freedom of all of them; infinity gives the normal. Use the smallest of the estimates.
    draws
        Number of rows.
    rng
        Random generator.

    Returns
    -------
    (draws, K) array

    Notes
    -----
    One chi-square divisor is drawn for all effects: the standard error of a sum rests on the same few clusters as that
    of each estimate, so it has the same degrees of freedom. Assumption: 1. clusters are independent (not checked).

    Examples
    --------
    >>> import numpy as np
    >>> drawn = effect_draws(np.zeros(1), np.ones(1), np.eye(1), 7, 400_000, np.random.default_rng(1))
    >>> bool(abs(np.quantile(drawn, 0.975) - 2.365) < 0.02)  # t with 7 degrees of freedom; the normal has 1.960
    True
    """
    if effects.size == 0:
        return np.zeros((draws, 0))
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    errors = rng.standard_normal((draws, effects.size)) @ root.T
    if math.isfinite(df) and df > 0:
        errors /= np.sqrt(rng.chisquare(df, draws) / df)[:, None]
    return np.asarray(effects + errors * std_errors)


def triangular(first: float, likely: float, last: float, draws: int, rng: np.random.Generator) -> Array:
    """A stated range as a triangular distribution with its mode at ``likely``; the ends in either order."""
    low, high = min(first, last), max(first, last)
    return rng.triangular(low, likely, high, draws) if high > low else np.full(draws, likely)
