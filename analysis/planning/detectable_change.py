"""Power of an interval, and the smallest change it can detect: t with the degrees of freedom it will have."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy import stats
from scipy.optimize import brentq

USUAL_POWER = 0.8


def power(effect: float, std_error: float, df: float = math.inf, level: float = 0.95) -> float:
    """Chance that an interval lies on the right side of zero; one on the wrong side detects nothing.

    Parameters
    ----------
    effect, std_error
        True effect and the standard error of its estimate, in one unit.
    df
        Degrees of freedom of the interval; infinity for a normal one.
    level
        Of the interval.

    Examples
    --------
    >>> round(power(0.3, 0.006048520710059172**0.5), 6)
    0.971116
    """
    if not math.isfinite(df):
        critical = stats.norm.ppf((1 + level) / 2)
        shift = abs(effect) / std_error
        return float(stats.norm.cdf(shift - critical))
    critical = stats.t.ppf((1 + level) / 2, df)
    shift = abs(effect) / std_error
    return float(stats.nct.sf(critical, df, shift))


def minimum_detectable_effect(
    std_error: float, df: float = math.inf, wanted: float = USUAL_POWER, level: float = 0.95
) -> float:
    """The smallest effect that is told from zero in a share ``wanted`` of cases.

    Parameters
    ----------
    std_error
        Of the estimate; the result is in its unit.
    df
        Degrees of freedom of the interval.
    wanted
        Power, 0.8 by default.
    level
        Of the interval.

    Returns
    -------
    float
        NaN where there is no standard error or fewer than one degree of freedom.

    Examples
    --------
    >>> round(minimum_detectable_effect(1.0), 4)  # 1.9600 + 0.8416, to the other tail
    2.8016
    """
    if not (math.isfinite(std_error) and std_error > 0 and df >= 1):
        return math.nan
    return std_error * _errors_away(df, wanted, level)


@lru_cache(maxsize=256)
def _errors_away(df: float, wanted: float, level: float) -> float:
    """Standard errors that the true effect must lie from zero."""

    def short(ratio: float) -> float:
        return power(ratio, 1.0, df, level) - wanted

    return float(brentq(short, 0.0, 400.0, xtol=1e-8))
