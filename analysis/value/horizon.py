"""Months of full benefit in a horizon, after fading and discounting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def horizon_factor(months: int, half_life_months: Any, lasting_share: Any, discount_rate: Any) -> Array:
    """Months of full benefit that the horizon is equivalent to.

    Parameters
    ----------
    months
        Length of the horizon, T.
    half_life_months
        Months in which half of what fades has faded, h; infinity where nothing fades. Scalar or array.
    lasting_share
        Share of the effect that never fades, f. Scalar or array.
    discount_rate
        Per year, r. Scalar or array.

    Returns
    -------
    array
        ``sum over t = 1..T of (f + (1 - f) 2^(-(t - 1) / h)) / (1 + r)^(t / 12)``, broadcast.

    Examples
    --------
    >>> round(1000 * float(horizon_factor(12, 6.0, 0.4, 0.10)), 4)
    8520.3462
    """
    lasting = np.asarray(lasting_share, dtype=np.float64)
    log_discount = -np.log1p(np.asarray(discount_rate, dtype=np.float64)) / 12.0
    log_fading = -np.log(2.0) / np.asarray(half_life_months, dtype=np.float64)
    steady = lasting * _geometric(log_discount, months)
    fading = (1.0 - lasting) * _geometric(log_discount + log_fading, months)
    return np.asarray(np.exp(log_discount) * (steady + fading))


def monthly_factors(months: int, half_life_months: float, lasting_share: float, discount_rate: float) -> Array:
    """(months,) share of the full monthly benefit in each month; their sum is :func:`horizon_factor`."""
    t = np.arange(months, dtype=np.float64)
    kept = lasting_share + (1.0 - lasting_share) * 2.0 ** (-t / half_life_months)
    return np.asarray(kept * (1.0 + discount_rate) ** (-(t + 1.0) / 12.0))


def _geometric(log_ratio: Array, terms: int) -> Array:
    """``1 + q + ... + q^(terms - 1)`` for ``q = exp(log_ratio)``, exact near ``q = 1``."""
    steady = np.abs(log_ratio) < 1e-300
    safe = np.where(steady, -1.0, log_ratio)
    return np.where(steady, float(terms), np.expm1(terms * safe) / np.expm1(safe))
