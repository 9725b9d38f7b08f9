"""Sensitivity of an indirect effect: how strong a shared shock of skill and KPI would have to be to explain it.

The slope of the KPI on the skill cannot distinguish a causal link from shocks (good weeks) that raise both. These
functions say how strong such shocks would have to be.
"""

from __future__ import annotations

import math


def acme(effect_on_skill: float, sd_outcome: float, sd_skill: float, correlation: float, rho: float) -> float:
    """Average causal mediation effect if the errors of skill and outcome had correlation ``rho``.

    Parameters
    ----------
    effect_on_skill : float
        Effect of training on the skill.
    sd_outcome : float
        Residual sd of the outcome given training, without the skill.
    sd_skill : float
        Residual sd of the skill given training.
    correlation : float
        Of those residuals.
    rho : float
        Supposed correlation of the structural errors, within (-1, 1).

    Returns
    -------
    float
        ``effect_on_skill * sd_outcome / sd_skill * (r - rho * sqrt((1 - r^2) / (1 - rho^2)))``: the product of
        coefficients at ``rho = 0``, nothing at ``rho = r``.

    Raises
    ------
    ValueError
        ``rho`` or the correlation is not within (-1, 1), or an sd is not positive.

    Notes
    -----
    Assumptions: 1. linear, without an interaction of training and skill; 2. training as good as random given the
    design. Source: Imai, Keele, Yamamoto (2010), theorem 4, doi:10.1214/10-STS321.

    Examples
    --------
    >>> acme(0.5, 1.0, 1.0, 0.4, 0.0)
    0.2
    >>> acme(0.5, 1.0, 1.0, 0.4, 0.4)
    0.0
    """
    if not (-1 < rho < 1 and -1 < correlation < 1):
        raise ValueError(f"correlations must lie between -1 and 1; they are {correlation} and {rho}.")
    if sd_outcome <= 0 or sd_skill <= 0:
        raise ValueError("standard deviations must be positive.")
    left = correlation - rho * math.sqrt((1 - correlation**2) / (1 - rho**2))
    return effect_on_skill * sd_outcome / sd_skill * left


def robustness_value(correlation: float, share: float = 1.0) -> float:
    """Share of the residual variance of skill and KPI that a shock must explain to explain away ``share`` of the slope.

    Parameters
    ----------
    correlation : float
        Partial correlation of skill and KPI (given everything in the regression).
    share : float
        Part of the slope to be explained away; 1 is all of it.

    Returns
    -------
    float
        Between 0 and 1; NaN when the correlation is not known.

    Notes
    -----
    ``RV = (sqrt(f^4 + 4 f^2) - f^2) / 2`` with ``f = share * |r| / sqrt(1 - r^2)``. Source: Cinelli, Hazlett (2020),
    equation 18, doi:10.1111/rssb.12348.

    Examples
    --------
    >>> round(robustness_value(0.5), 3)
    0.434
    """
    if not math.isfinite(correlation):
        return math.nan
    if abs(correlation) >= 1:
        return 1.0
    f2 = share**2 * correlation**2 / (1 - correlation**2)
    return 0.5 * (math.sqrt(f2**2 + 4 * f2) - f2)
