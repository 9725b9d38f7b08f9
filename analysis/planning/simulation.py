"""Power of a plan by simulation: placebo waves on real untrained weeks, with the headline estimator and its
interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.planning.variance_components import Components

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
SIMULATIONS = 400
FEWEST_HISTORY = 12
"""Real weeks are used where at least this many remain before the first wave."""


@dataclass(frozen=True)
class Simulated:
    """Results of the simulated roll-outs.

    Attributes
    ----------
    power, error
        Share in which the interval excluded zero on the side of the true change, and the standard error of that share.
    false_alarms
        Share in which the interval excluded zero without any true change; nominally one minus the level.
    n
        Number of simulated roll-outs.
    own_weeks
        True when whole paths of real teams were used; False when paths were simulated from the variance components,
        because fewer untrained weeks are known than the plan has.
    """

    power: float
    error: float
    false_alarms: float
    n: int
    own_weeks: bool


def simulate(
    starts: Ints,
    history: int,
    after: int,
    change: float,
    *,
    means: Array | None,
    sizes: Array | None,
    components: Components,
    level: float = 0.95,
    simulations: int = SIMULATIONS,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Simulated:
    """Simulate a plan on weeks in which nobody was trained.

    Parameters
    ----------
    starts
        (J,) weeks after the first wave in which each team starts; negative for never.
    history, after
        Weeks before the first wave and after it.
    change
        True change of trained team-weeks.
    means, sizes
        (teams, weeks) of the own untrained weeks, from
        :func:`analysis.planning.variance_components.untreated_block`; None for none.
    components
        Variance components, used to simulate paths where there are fewer real weeks than the plan has.
    level
        Of the interval.
    simulations, seed
        Number of simulations, and seed.
    progress
        Called with the share done.

    Notes
    -----
    Teams are sampled with replacement and keep their whole path over time, which preserves autocorrelation; waves are
    assigned anew each time. The estimate is linear in the outcome, so a constant change shifts the interval by exactly
    that change, and one estimate serves with and without it. Assumption: 1. the untrained weeks are like those to come
    (not checked).
    """
    from analysis.estimators.registry import estimate
    from analysis.panel.panel import Panel

    known = means.shape[1] if means is not None else 0
    if known >= after + FEWEST_HISTORY:  # real weeks, if fewer, beat simulated ones
        history = min(history, known - after)
    weeks, teams = history + after, starts.size
    if teams < 2:
        raise EstimationError("One team cannot be compared with any other; plan for more.")
    rng = np.random.default_rng(seed)
    begins = np.where(starts < 0, weeks + 1, history + starts).astype(np.int64)
    own = means is not None and sizes is not None and means.shape[1] >= weeks
    root = None if own else np.linalg.cholesky(components.covariance(weeks) + 1e-18 * np.eye(weeks))
    ix = np.arange(teams)
    told = alarms = 0
    for number in range(simulations):
        if own and means is not None and sizes is not None:
            first = int(rng.integers(means.shape[1] - weeks + 1))
            drawn = rng.integers(means.shape[0], size=teams)
            y, den = means[drawn, first : first + weeks], sizes[drawn, first : first + weeks]
        else:
            assert root is not None
            y, den = rng.standard_normal((teams, weeks)) @ root.T, np.ones((teams, weeks))
        cohort = rng.permutation(begins)
        panel = Panel(y * den, den, cohort, ix, ix, np.arange(weeks), ix)
        found = estimate(panel, "imputation", ci_level=level).aggregate("simple").overall
        told += found.ci_low + change > 0 if change > 0 else found.ci_high + change < 0
        alarms += found.ci_low > 0 or found.ci_high < 0
        if progress is not None:
            progress((number + 1) / simulations)
    share = told / simulations
    return Simulated(share, math.sqrt(share * (1 - share) / simulations), alarms / simulations, simulations, own)
