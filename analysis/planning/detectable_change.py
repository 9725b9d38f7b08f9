"""Power of a t interval, and the smallest change it can detect."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

USUAL_POWER = 0.8


def power(
    effect: float,
    std_error: float,
    df: float = math.inf,
    level: float = 0.95,
    *,
    inflation: float = 1.0,
    df_shown: float | None = None,
) -> float:
    """Probability that the interval excludes zero on the side of the true effect.

    Parameters
    ----------
    effect, std_error
        True effect and the standard error of its estimate, in one unit.
    df
        Degrees of freedom of the estimated standard error; infinity for a known one.
    level
        Of the interval.
    inflation
        Root mean square of the estimated standard error over ``std_error``.
    df_shown
        Degrees of freedom used for the interval; ``df`` when absent.

    Examples
    --------
    >>> round(power(0.3, 0.006048520710059172**0.5), 6)
    0.971116
    """
    if not math.isfinite(df):
        critical = ndtri((1 + level) / 2)
        shift = abs(effect) / std_error
        return float(ndtr(shift - critical))
    critical = inflation * float(stdtrit(df if df_shown is None else df_shown, (1 + level) / 2))
    shift = abs(effect) / std_error
    missed = float(nctdtr(df, shift, critical))  # quick, but not a number far out
    if math.isfinite(missed):
        return 1.0 - missed
    from scipy import stats  # takes a second to load, and is rarely needed

    return float(stats.nct.sf(critical, df, shift))


def minimum_detectable_effect(
    std_error: float,
    df: float = math.inf,
    wanted: float = USUAL_POWER,
    level: float = 0.95,
    *,
    inflation: float = 1.0,
    df_shown: float | None = None,
) -> float:
    """The smallest effect detected with power ``wanted``.

    Parameters
    ----------
    std_error
        Of the estimate; the result is in its unit.
    df, inflation, df_shown
        As in :func:`power`.
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
    if not (math.isfinite(std_error) and std_error > 0 and df >= 1 and inflation > 0):
        return math.nan
    return std_error * _errors_away(df, wanted, level, inflation, df if df_shown is None else df_shown)


@lru_cache(maxsize=1024)
def _errors_away(df: float, wanted: float, level: float, inflation: float, df_shown: float) -> float:
    """Distance of the true effect from zero, in standard errors."""

    def short(ratio: float) -> float:
        return power(ratio, 1.0, df, level, inflation=inflation, df_shown=df_shown) - wanted

    upper = 4.0
    while short(upper) < 0:
        upper *= 2
    return float(brentq(short, 0.0, upper, xtol=1e-8))
