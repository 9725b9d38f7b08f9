"""Variance of a difference in differences with autocorrelated errors.

Assuming independent weeks understates the detectable change by a factor of two or three where teams have good and bad
months.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def difference_in_differences_variance(
    units: int,
    share_treated: float,
    pre: int,
    post: int,
    variance: float,
    covariance_before: float,
    covariance_after: float,
    covariance_across: float,
) -> float:
    """Variance of the effect when all treated units start together.

    Parameters
    ----------
    units, share_treated
        Units J, and the share P of them that is treated.
    pre, post
        Periods before and after, m and r.
    variance
        Of a unit's error in one period.
    covariance_before, covariance_after, covariance_across
        Mean covariance of two different periods of a unit: both before, both after, one of each.

    Notes
    -----
    ``1/(P(1-P)J) [ (m+r)/(mr) s2 + (m-1)/m psi_B + (r-1)/r psi_A - 2 psi_X ]``. Source: F. Burlig, L. Preonas,
    M. Woerman (2020), doi:10.1016/j.jdeveco.2020.102458.

    Examples
    --------
    >>> psi = mean_covariances(ar1(38, 0.8), 26)
    >>> round(difference_in_differences_variance(60, 0.5, 26, 12, 1.0, *psi) ** 0.5, 4)
    0.2097
    """
    scale = 1.0 / (share_treated * (1.0 - share_treated) * units)
    inside = (
        (pre + post) / (pre * post) * variance
        + (pre - 1) / pre * covariance_before
        + (post - 1) / post * covariance_after
        - 2.0 * covariance_across
    )
    return float(scale * inside)


def ar1(periods: int, autocorrelation: float, variance: float = 1.0) -> Array:
    """(T, T) covariance of errors that keep ``autocorrelation`` of themselves from one period to the next."""
    apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    return np.asarray(variance * float(autocorrelation) ** apart)


def mean_covariances(covariance: Array, pre: int) -> tuple[float, float, float]:
    """Mean covariance of two periods before, two after, and one of each; 0 where there are no two."""
    before, after = covariance[:pre, :pre], covariance[pre:, pre:]
    return _off_diagonal(before), _off_diagonal(after), float(covariance[:pre, pre:].mean())


def _off_diagonal(block: Array) -> float:
    n = block.shape[0]
    return float((block.sum() - np.trace(block)) / (n * (n - 1))) if n > 1 else 0.0
