"""Joint draws: quantiles of the t that intervals use, spread of correlated sums, stated ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.value import draws

N = 400_000
SIMULATION_ERROR = 0.01
"""Of a quantile or standard deviation from 400,000 draws, relative."""


@pytest.mark.parametrize("df", [7, 11, 37])
def test_the_range_of_drawn_effects_is_the_interval_shown(df: int) -> None:
    drawn = draws.effect_draws(np.array([3.0]), np.array([2.0]), np.eye(1), df, N, np.random.default_rng(df))

    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (high - low) / 4 == pytest.approx(stats.t.ppf(0.975, df), rel=SIMULATION_ERROR)


@pytest.mark.parametrize(("rho", "sd"), [(-0.5, 17.3205), (0.0, 22.3607), (0.5, 26.4575), (1.0, 30.0)])
def test_the_spread_of_a_sum_depends_on_the_correlation(rho: float, sd: float) -> None:
    correlation = np.array([[1.0, rho], [rho, 1.0]])
    drawn = draws.effect_draws(np.zeros(2), np.array([10.0, 20.0]), correlation, math.inf, N, np.random.default_rng(2))

    assert float(drawn.sum(axis=1).std()) == pytest.approx(sd, rel=SIMULATION_ERROR)


@pytest.mark.parametrize(("df", "chance"), [(math.inf, 0.7475), (11, 0.7406)])
def test_the_chance_of_a_gain_uses_t(df: float, chance: float) -> None:
    """Benefit 120 with standard error 60 against a cost of 80."""
    drawn = draws.effect_draws(np.array([120.0]), np.array([60.0]), np.eye(1), df, N, np.random.default_rng(3))

    assert float(np.mean(drawn > 80)) == pytest.approx(chance, abs=0.003)
