"""Randomisation inference: re-estimate after permuting the waves over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import NEVER, Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Fewer draws than this give no interval: both its ends must lie inside the permutation distribution.
FEWEST_DRAWS_FOR_INTERVAL = 99


@dataclass(frozen=True)
class Randomisation:
    """Result of permuting the waves.

    Attributes
    ----------
    p_value : float
        Share of permutations with an estimate at least as far from zero as the actual one, which is counted too.
    ci_low, ci_high : float
        Constant effects not rejected at the level, by inversion; NaN when a side is unbounded.
    draws : int
        Permutations that gave an estimate.
    reason : str or None
        Why it is not available.
    by_plan : bool
        Whether the permutations are orders that the accepted plan could have drawn.
    """

    p_value: float
    ci_low: float
    ci_high: float
    draws: int
    reason: str | None = None
    by_plan: bool = False


def randomisation_test(
    panel: Panel,
    statistic: Callable[[Panel], float] | None = None,
    level: float = 0.95,
    draws: int = 499,
    seed: int = 20_260_101,
    anticipation: int = 0,
    interval: bool = True,
    orders: Ints | None = None,
) -> Randomisation:
    """Test the sharp null of no effect by permuting waves over clusters.

    Waves are exchanged between whole clusters when every agent of a cluster has the same wave, as when teams were
    assigned; between agents when every cluster is one agent. Agents who left before their team's wave count in that
    wave. Where agents were picked inside teams, the panel does not tell which assignments were possible, so the test is
    not available.

    Parameters
    ----------
    panel : Panel
    statistic : callable, optional
        Panel -> float, linear in the outcome. Default: the overall imputation estimate.
    level : float
    draws, seed : int
    anticipation : int
    interval : bool
        Compute the interval too, which doubles the time.
    orders : (R, C) array, optional
        Waves (week indices) of every cluster in each order that the accepted plan could have drawn; permutations are
        then drawn from these only.

    Notes
    -----
    The statistic is linear in the outcome, so its value under any constant effect b is ``T(y) - b T(D)`` and one pass
    over the permutations inverts the test. Valid in finite samples when waves were drawn at random; otherwise an
    approximation. Source: Fisher (1935); Young (2019), doi:10.1093/qje/qjy029.
    """
    measure = statistic or _imputation(anticipation)
    nan = float("nan")
    waves = _cluster_waves(panel)
    if waves is None:
        return Randomisation(nan, nan, nan, 0, "agents of one team were trained in different weeks: nothing to re-deal")
    if np.unique(waves).size < 2:
        return Randomisation(nan, nan, nan, 0, "all clusters have the same wave")
    panel = panel.with_cohorts(waves[panel.cluster_ix])
    observed = measure(panel)
    if not np.isfinite(observed):
        return Randomisation(nan, nan, nan, 0, "the estimate itself is not available")
    exposure = panel.with_outcome(panel.trained_cells.astype(np.float64), "trained")
    generator = np.random.Generator(np.random.PCG64(seed))
    on_outcome, on_training = [], []
    if orders is not None and (orders.ndim != 2 or orders.shape[1] != waves.size):
        return Randomisation(nan, nan, nan, 0, "the orders of the plan are for other teams than these")
    for _ in range(draws):
        again = generator.permutation(waves) if orders is None else orders[generator.integers(orders.shape[0])]
        permuted = again[panel.cluster_ix]
        value = measure(panel.with_cohorts(permuted))
        if np.isfinite(value):
            on_outcome.append(value)
            on_training.append(measure(exposure.with_cohorts(permuted)) if interval else 0.0)
    if not on_outcome:
        return Randomisation(nan, nan, nan, 0, "no other deal of the waves gives an estimate")
    outcome, training = np.array(on_outcome), np.array(on_training)
    p_value = _p_value(outcome, training, observed, 0.0)
    low, high = _interval(outcome, training, observed, 1 - level) if interval else (nan, nan)
    return Randomisation(p_value, low, high, outcome.size, by_plan=orders is not None)


def _imputation(anticipation: int) -> Callable[[Panel], float]:
    from analysis.estimators.imputation import Imputation

    def overall(panel: Panel) -> float:
        return float(Imputation(panel, anticipation, leads=0).point("simple")[1][0])

    return overall


def _cluster_waves(panel: Panel) -> Ints | None:
    """(C,) wave of every cluster; None when an agent seen in or after the cluster's wave has another one."""
    waves = np.full(panel.n_clusters, NEVER, dtype=np.int64)
    np.minimum.at(waves, panel.cluster_ix, panel.cohort_ix)
    wave = waves[panel.cluster_ix]
    after = np.arange(panel.n_periods)[None, :] >= wave[:, None]
    other = (panel.cohort_ix != wave) & (panel.observed & after).any(axis=1)
    return None if other.any() else waves


def _p_value(outcome: Floats, training: Floats, observed: float, effect: float) -> float:
    permuted = np.abs(outcome - effect * training)
    return float((np.sum(permuted >= abs(observed - effect) * (1 - 1e-12)) + 1) / (outcome.size + 1))


def _interval(outcome: Floats, training: Floats, observed: float, size: float) -> tuple[float, float]:
    """Ends of the set of constant effects whose p-value exceeds ``size``."""
    nan = float("nan")
    if outcome.size < FEWEST_DRAWS_FOR_INTERVAL:
        return nan, nan
    spread = float(np.std(outcome)) or 1.0
    ends = []
    for direction in (-1.0, 1.0):
        inside, outside = observed, observed
        for step in range(1, 60):
            outside = observed + direction * spread * 0.25 * step
            if _p_value(outcome, training, observed, outside) <= size:
                break
            inside = outside
        else:
            ends.append(nan)
            continue
        for _ in range(40):
            middle = (inside + outside) / 2
            if _p_value(outcome, training, observed, middle) <= size:
                outside = middle
            else:
                inside = middle
        ends.append(inside)
    return ends[0], ends[1]
