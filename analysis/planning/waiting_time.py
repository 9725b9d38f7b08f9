"""Weeks until an effect can be detected, from how its standard error shrinks over time.

The rest of planning (power before a roll-out, wave plans) is not here.
"""

from __future__ import annotations

import math

from scipy.special import stdtrit


def decisive_std_error(
    estimate: float, smallest_effect: float, df: float, ci_level: float = 0.95, n_tested: int = 1
) -> float:
    """The largest standard error at which the current estimate would give a decided verdict.

    Either the interval excludes zero, or it lies inside the band that does not matter; whichever comes first.

    Parameters
    ----------
    estimate, smallest_effect
        In the KPI's natural unit.
    df
        Degrees of freedom of the t distribution.
    ci_level
        Level of the interval.
    n_tested
        KPIs tested together: zero must be excluded after Bonferroni correction (the strictest step of Holm, so that no
        date is too early).

    Returns
    -------
    float
        Standard error, natural unit.
    """
    inside = float(stdtrit(max(df, 1.0), 0.5 + ci_level / 2))
    outside = float(stdtrit(max(df, 1.0), 1 - (1 - ci_level) / 2 / max(n_tested, 1)))
    return max(abs(estimate) / outside, (abs(smallest_effect) - abs(estimate)) / inside)


def weeks_to_decide(
    estimate: float,
    std_error: float,
    smallest_effect: float,
    df: float,
    *,
    ci_level: float,
    n_tested: int,
    post_weeks: float,
    pre_weeks: float,
) -> float:
    """Further weeks until an estimate, as it stands, would give a decided verdict; ``nan`` when it cannot be judged.

    Parameters
    ----------
    estimate, std_error, smallest_effect, df, ci_level, n_tested
        As of :func:`decisive_std_error`.
    post_weeks, pre_weeks
        As of :func:`weeks_to_know`.
    """
    target = decisive_std_error(estimate, smallest_effect, df, ci_level, n_tested)
    return weeks_to_know(std_error, target, post_weeks=post_weeks, pre_weeks=pre_weeks)


def weeks_to_know(
    std_error: float, target: float, *, post_weeks: float, pre_weeks: float, weeks_per_week: float = 1.0
) -> float:
    """Further weeks until the standard error has fallen to ``target`` at the current pace.

    An effect is a difference between a mean after and a mean before, so its variance is proportional to
    ``1 / post_weeks + 1 / pre_weeks`` per agent; only the first part shrinks as time passes. When the second part alone
    exceeds the target, no number of weeks suffices.

    Parameters
    ----------
    std_error, target
        Standard error now and the one needed, same unit.
    post_weeks, pre_weeks
        Mean observed weeks per trained agent after and before training.
    weeks_per_week
        Trained agent-weeks gained per trained agent and calendar week (1 when everybody stays).

    Returns
    -------
    float
        Weeks, 0 when already reached, ``inf`` when more weeks alone never reach it, ``nan`` when it cannot be judged.

    Notes
    -----
    Assumptions: 1. the estimate stays where it is (not checked); 2. weeks are about equally informative (not checked:
    optimistic where team shocks last for months); 3. no further agents are trained (pessimistic).
    """
    if not all(math.isfinite(v) and v > 0 for v in (std_error, target, post_weeks, pre_weeks)):
        return math.nan
    if std_error <= target:
        return 0.0
    now = 1.0 / post_weeks + 1.0 / pre_weeks
    needed = now * (target / std_error) ** 2 - 1.0 / pre_weeks
    if needed <= 0:
        return math.inf
    return (1.0 / needed - post_weeks) / weeks_per_week
