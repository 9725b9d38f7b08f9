"""Variance of the headline estimator in a proposed roll-out, by week since the first wave."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.planning.detectable_change import USUAL_POWER, minimum_detectable_effect, power
from analysis.planning.shown_interval import ShownInterval, shown_interval, stretch_weights
from analysis.planning.variance_components import Components

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """Precision of a roll-out after a number of weeks.

    Attributes
    ----------
    weeks
        Since the first wave.
    std_error
        Standard error of the effect; NaN where it cannot be estimated yet.
    detectable
        The smallest change detected with power 0.8.
    interval
        The interval that the verdict will use.
    """

    weeks: int
    std_error: float
    detectable: float
    interval: ShownInterval


def imputation_weights(starts: Ints, weeks: int) -> Array | None:
    """Weights of team-weeks in the imputation estimate; None when there is no estimate.

    Parameters
    ----------
    starts
        (J,) week in which each team starts; ``weeks`` or more for never.
    weeks
        Weeks T of the panel.

    Returns
    -------
    (J, T) array
        ``estimate = sum(weights * means)``: trained cells of weeks with an untrained team have equal weights.
    """
    waves, wave_of, counts = np.unique(np.minimum(starts, weeks), return_inverse=True, return_counts=True)
    edges = np.unique(np.concatenate([[0], waves[(waves > 0) & (waves < weeks)]]))
    lengths = np.diff(np.append(edges, weeks))
    found = stretch_weights(waves, counts.astype(np.float64), edges, lengths.astype(np.float64))
    return None if found is None else np.asarray(np.repeat(found[wave_of], lengths, axis=1))


def standard_error(starts: Ints, weeks: int, components: Components) -> float:
    """Standard error of the imputation estimate, given a team's covariance over time; NaN without a comparison.

    Parameters
    ----------
    starts
        (J,) week in which each team starts, history counted.
    weeks
        Weeks T, history included.
    components
        Variance components of a team's weekly mean.
    """
    weights = imputation_weights(starts, weeks)
    if weights is None:
        return math.nan
    return math.sqrt(float(np.sum((weights @ components.covariance(weeks)) * weights)))


def reach(
    starts: Ints,
    history: int,
    after: int,
    components: Components,
    *,
    level: float = 0.95,
    wanted: float = USUAL_POWER,
    step: int = 1,
) -> list[Reach]:
    """Precision after each number of weeks since the first wave.

    Parameters
    ----------
    starts
        (J,) weeks after the first wave in which each team starts, from 0; a negative number stands for never.
    history
        Weeks before the first wave.
    after
        Weeks to look ahead.
    components
        Variance components of a team's weekly mean.
    level, wanted
        Of the interval, and power.
    step
        Every how many weeks.

    Notes
    -----
    Standard error and degrees of freedom are those of the interval that will be shown. Assumptions: 1. the effect is
    immediate and constant (not checked: one that grows is detected later); 2. teams keep their size (not checked).
    """
    if starts.size < 2:
        raise EstimationError("One team cannot be compared with any other; plan for more.")
    begins = np.where(starts < 0, history + after + 1, history + starts)
    found = []
    for weeks in range(step, after + 1, step):
        interval = shown_interval(begins, history + weeks, components)
        found.append(Reach(weeks, interval.std_error, detectable(interval, wanted, level), interval))
    return found


def detectable(interval: ShownInterval, wanted: float = USUAL_POWER, level: float = 0.95) -> float:
    """The smallest effect detected with power ``wanted``; NaN where there is no interval."""
    shape = (interval.df_error, interval.inflation, interval.df_shown)
    return minimum_detectable_effect(interval.std_error, shape[0], wanted, level, inflation=shape[1], df_shown=shape[2])


def chance(effect: float, interval: ShownInterval, level: float = 0.95) -> float:
    """Power: probability that the interval excludes zero on the side of the true effect."""
    shape = (interval.df_error, interval.inflation, interval.df_shown)
    return power(effect, interval.std_error, shape[0], level, inflation=shape[1], df_shown=shape[2])


def weeks_to_detect(found: list[Reach], change: float) -> float:
    """Weeks until a change can be detected; infinity when it never is in the weeks looked at."""
    for point in found:
        if math.isfinite(point.detectable) and point.detectable <= abs(change):
            return float(point.weeks)
    return math.inf
