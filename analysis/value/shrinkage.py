"""Shrink estimates of several programmes to their mean before their money is summed (winner's curse)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
FEWEST_PROGRAMMES = 6
"""With fewer programmes the spread between them cannot be estimated, and nothing is shrunk."""


@dataclass(frozen=True)
class Shrunk:
    """Estimates after shrinkage.

    Attributes
    ----------
    estimates
        (k,) shrunk.
    std_errors
        (k,) empirical-Bayes standard errors, the uncertainty of the mean included.
    kept
        (k,) share of the distance from the mean that is kept, 0 to 1.
    mean
        Mean to which they are shrunk.
    variance_between
        Estimated variance of the true effects; 0 where the estimates differ by no more than sampling error.
    error_of_mean
        Standard error of ``mean``, which all shrunk estimates share.
    applied
        False with fewer than :data:`FEWEST_PROGRAMMES`: everything is returned as given.
    """

    estimates: Array
    std_errors: Array
    kept: Array
    mean: float
    variance_between: float
    error_of_mean: float
    applied: bool


def shrink(estimates: Array, std_errors: Array) -> Shrunk:
    """Positive-part James-Stein estimates for unequal standard errors.

    Parameters
    ----------
    estimates, std_errors
        (k,) effects of as many programmes on one KPI, in its natural unit, independent of each other.

    Returns
    -------
    Shrunk

    Notes
    -----
    With ``V_i`` the squared errors, ``tau^2 >= 0`` solves ``sum (x_i - m)^2 / (V_i + tau^2) = k - 3``, ``m`` the mean
    weighted by ``1 / (V_i + tau^2)``, and is 0 where no ``tau^2 > 0`` does (the positive part). Then
    ``theta_i = m + (1 - B_i)(x_i - m)`` with ``B_i = V_i / (V_i + tau^2)``, and
    ``se_i^2 = V_i (1 - B_i) + B_i^2 / sum 1 / (V_j + tau^2)``. With equal errors this is the positive-part James-Stein
    estimate towards the mean, ``B = min(1, (k - 3) V / S)``.

    Assumptions: 1. programmes are independent (not checked); 2. their true effects scatter around one mean (not
    checked); 3. no programme was left out because of its result (not checked; a holdout would show it).

    Sources: B. Efron, C. Morris (1975), doi:10.1080/01621459.1975.10479864; for unequal errors G. M. Carter,
    J. E. Rolph (1974), doi:10.1080/01621459.1974.10480222.

    Examples
    --------
    >>> made = shrink(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.ones(6))  # S = 17.5, so B = 3 / 17.5
    >>> [round(float(v), 4) for v in made.estimates[:2]]
    [1.4286, 2.2571]
    """
    given, variances = np.asarray(estimates, dtype=np.float64), np.asarray(std_errors, dtype=np.float64) ** 2
    k = given.size
    if k < FEWEST_PROGRAMMES:
        mean = _mean(given, variances) if k else float("nan")
        return Shrunk(given, np.sqrt(variances), np.ones(k), mean, float("nan"), float("nan"), False)

    def excess(between: float) -> float:
        total = variances + between
        return float(np.sum((given - _mean(given, total)) ** 2 / total)) - (k - 3)

    between = 0.0
    if excess(0.0) > 0:
        upper = float(np.sum((given - given.mean()) ** 2)) + float(variances.max())
        between = float(brentq(excess, 0.0, upper, xtol=1e-300, rtol=1e-14))
    total = variances + between
    mean, lost = _mean(given, total), variances / total
    of_mean = float(1 / np.sum(1 / total))
    errors = np.sqrt(variances * (1 - lost) + lost**2 * of_mean)
    return Shrunk(mean + (1 - lost) * (given - mean), errors, 1 - lost, mean, between, float(np.sqrt(of_mean)), True)


def _mean(values: Array, variances: Array) -> float:
    return float(np.sum(values / variances) / np.sum(1 / variances))
