"""The variance that the product's own estimator will have in a proposed roll-out, week by week."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.planning.detectable_change import USUAL_POWER, minimum_detectable_effect
from analysis.planning.variance_components import Components

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """What a roll-out can tell after a number of weeks.

    Attributes
    ----------
    weeks
        Since the first wave.
    std_error
        Of the effect; NaN where it cannot be estimated yet.
    detectable
        The smallest change detected in 80% of cases.
    """

    weeks: int
    std_error: float
    detectable: float


def imputation_weights(starts: Ints, weeks: int) -> Array | None:
    """Weights with which the imputation estimator takes team-weeks, or None when it has no estimate.

    Parameters
    ----------
    starts
        (J,) week in which each team starts; ``weeks`` or more for never.
    weeks
        Weeks T of the panel.

    Returns
    -------
    (J, T) array
        ``estimate = sum(weights * means)``: trained cells of weeks with somebody untrained weigh alike.
    """
    waves, wave_of, counts = np.unique(np.minimum(starts, weeks), return_inverse=True, return_counts=True)
    found = _weights_by_wave(waves, counts.astype(np.float64), weeks)
    return None if found is None else np.asarray(found[wave_of])


def _weights_by_wave(waves: Ints, counts: Array, weeks: int) -> Array | None:
    """(waves, T) weight of each team of a wave: teams that start together are taken alike, so one row stands for all.

    The normal equations of team and week effects on untrained cells hold sums only, so no design matrix is built.
    """
    untrained = np.arange(weeks)[None, :] < waves[:, None]
    with_control = np.asarray(untrained.any(axis=0))
    wanted = ~untrained & with_control[None, :] & (waves > 0)[:, None]
    n_wanted = float(counts @ wanted.sum(axis=1))
    if n_wanted == 0:
        return None
    cells, n_waves = untrained.astype(np.float64), waves.size
    normal = np.zeros((n_waves + weeks, n_waves + weeks))
    normal[:n_waves, :n_waves] = np.diag(cells.sum(axis=1) * counts)
    normal[:n_waves, n_waves:] = counts[:, None] * cells
    normal[n_waves:, :n_waves] = normal[:n_waves, n_waves:].T
    normal[n_waves:, n_waves:] = np.diag(counts @ cells)
    target = np.concatenate([counts * wanted.sum(axis=1), counts @ wanted]) / n_wanted
    solution = np.linalg.lstsq(normal, target, rcond=None)[0]
    fitted = solution[:n_waves, None] + solution[None, n_waves:]
    return np.asarray(np.where(wanted, 1.0 / n_wanted, np.where(untrained, -fitted, 0.0)))


def standard_error(starts: Ints, weeks: int, components: Components) -> float:
    """Of the imputation estimate under a team's own covariance over time; NaN without a comparison.

    Parameters
    ----------
    starts
        (J,) week in which each team starts, history counted.
    weeks
        Weeks T, history included.
    components
        Of a team's weekly mean.
    """
    waves, counts = np.unique(np.minimum(starts, weeks), return_counts=True)
    weights = _weights_by_wave(waves, counts.astype(np.float64), weeks)
    if weights is None:
        return math.nan
    spread = np.sum((weights @ components.covariance(weeks)) * weights, axis=1)
    return math.sqrt(float(counts @ spread))


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
    """What can be told after each number of weeks since the first wave.

    Parameters
    ----------
    starts
        (J,) weeks after the first wave in which each team starts, from 0; a negative number stands for never.
    history
        Weeks before the first wave.
    after
        Weeks to look ahead.
    components
        Of a team's weekly mean.
    level, wanted
        Of the interval, and power.
    step
        Every how many weeks.

    Notes
    -----
    The degrees of freedom are teams less one, as those of the interval that will be shown. Assumptions: 1. the effect
    is there at once and stays (not checked: one that grows is told later); 2. teams keep their size (not checked).
    """
    if starts.size < 2:
        raise EstimationError("One team cannot be compared with any other; plan for more.")
    begins = np.where(starts < 0, history + after + 1, history + starts)
    found = []
    for weeks in range(step, after + 1, step):
        error = standard_error(begins, history + weeks, components)
        found.append(Reach(weeks, error, minimum_detectable_effect(error, starts.size - 1, wanted, level)))
    return found


def weeks_to_detect(found: list[Reach], change: float) -> float:
    """Weeks until a change can be detected; infinity when it never is in the weeks looked at."""
    for point in found:
        if math.isfinite(point.detectable) and point.detectable <= abs(change):
            return float(point.weeks)
    return math.inf
