"""The slope within agents and weeks: against dummies, without each team against refits, with the noise taken out."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.effects.sampling_noise import single_values
from analysis.effects.within_slope import Regressor, WithinSlope, within_slope


def cells(seed: int = 0, units: int = 40, periods: int = 9, missing: float = 0.2) -> tuple[np.ndarray, ...]:
    """x, y, weights (0 where missing), cluster of every unit."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(2, units, periods)) + draw.normal(size=(2, units, 1))
    y = 0.7 * x[0] - 0.3 * x[1] + draw.normal(size=(units, 1)) + draw.normal(size=periods) + x[0] * 0
    y = y + draw.normal(size=y.shape)
    weight = draw.integers(1, 9, size=y.shape) * (draw.random(y.shape) > missing)
    return x, y, weight.astype(float), np.arange(units) // 5


exact = Regressor.exact


def slope_of(x: np.ndarray, y: np.ndarray, weight: np.ndarray, cluster: np.ndarray, **more: object) -> WithinSlope:
    known = [exact(one, (weight > 0).astype(float)) for one in x]
    return within_slope(exact(y, weight), known, cluster, int(cluster.max()) + 1, **more)


def by_dummies(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    units, periods = y.shape
    used = weight.ravel() > 0
    design = [one.ravel() for one in x]
    design += [np.repeat(np.eye(units)[:, u], periods) for u in range(units)]
    design += [np.tile(np.eye(periods)[:, p], units) for p in range(1, periods)]
    root = np.sqrt(weight.ravel()[used])
    matrix = np.column_stack(design)[used] * root[:, None]
    return np.linalg.lstsq(matrix, y.ravel()[used] * root, rcond=None)[0][: len(x)]


def test_without_noise_it_is_least_squares_with_a_dummy_for_every_agent_and_week() -> None:
    x, y, weight, cluster = cells()

    found = slope_of(x, y, weight, cluster)

    np.testing.assert_allclose(found.slope, by_dummies(x, y, weight), rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.plain, found.slope, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.reliability, 1.0)


def test_without_each_team_it_is_the_slope_of_the_others() -> None:
    x, y, weight, cluster = cells()

    found = slope_of(x, y, weight, cluster)

    for c in range(8):
        rest = cluster != c
        np.testing.assert_allclose(found.replicates[c], by_dummies(x[:, rest], y[rest], weight[rest]), atol=1e-10)


def test_a_control_is_another_regressor() -> None:
    x, y, weight, cluster = cells()

    both = slope_of(x, y, weight, cluster)
    one = slope_of(x[:1], y, weight, cluster, controls=[x[1]])

    assert one.slope[0] == pytest.approx(both.slope[0], abs=1e-12)
    np.testing.assert_allclose(one.replicates[:, 0], both.replicates[:, 0], atol=1e-12)


def test_noise_of_known_size_is_taken_out_and_so_is_what_the_period_effects_take_up() -> None:
    """Few units, so that the period effects take up an eighth of the noise: left in, the slope is too large."""
    slopes, plain, times_noise = [], [], []
    for seed in range(300):
        draw = np.random.default_rng(seed)
        real = draw.normal(size=(8, 12))
        y = 0.5 * real + 0.1 * draw.normal(size=real.shape)
        seen = Regressor(real + 0.7 * draw.normal(size=real.shape), np.ones(real.shape), np.full(8, 0.49))
        found = within_slope(exact(y, np.ones(y.shape)), [seen], np.arange(8), 8)
        slopes.append(found.slope[0])
        plain.append(found.plain[0])
        times_noise.append(1 / (1 - found.reliability[0]))

    assert np.mean(plain) == pytest.approx(0.5 / 1.49, abs=0.01)
    assert np.mean(times_noise) == pytest.approx(1.49 / 0.49, abs=0.08)
    assert np.median(slopes) == pytest.approx(0.5, abs=0.012)


def test_noise_shared_by_two_skills_is_taken_out_of_both() -> None:
    draw = np.random.default_rng(5)
    real = draw.normal(size=(2, 400, 12))
    y = 0.6 * real[0] + 0.05 * draw.normal(size=real[0].shape)
    halo = draw.normal(size=real[0].shape)
    seen = real + 0.8 * (0.8 * halo + 0.6 * draw.normal(size=real.shape))
    regressors = [Regressor(one, np.ones(y.shape), np.full(400, 0.64)) for one in seen]
    apart = np.array([[1, 0.64], [0.64, 1]])

    told = within_slope(exact(y, np.ones(y.shape)), regressors, np.arange(400) // 20, 20, error_correlation=apart)
    untold = within_slope(exact(y, np.ones(y.shape)), regressors, np.arange(400) // 20, 20)

    np.testing.assert_allclose(told.slope, [0.6, 0.0], atol=0.03)
    assert abs(untold.slope[1]) > 0.1


def test_the_shared_shock_is_the_correlation_of_the_true_values() -> None:
    draw = np.random.default_rng(2)
    real = draw.normal(size=(500, 12))
    level = 0.4 * real + np.sqrt(1 - 0.16) * draw.normal(size=real.shape)
    y = Regressor(level + 1.5 * draw.normal(size=real.shape), np.ones(real.shape), np.full(500, 2.25))
    x = Regressor(real + draw.normal(size=real.shape), np.ones(real.shape), np.full(500, 1.0))

    assert within_slope(y, [x], np.arange(500) // 20, 25).correlation == pytest.approx(0.4, abs=0.05)


def test_what_is_nothing_but_noise_has_no_slope() -> None:
    draw = np.random.default_rng(3)
    x = Regressor(draw.normal(size=(60, 10)), np.ones((60, 10)), np.full(60, 1.1))

    found = within_slope(exact(draw.normal(size=(60, 10)), np.ones((60, 10))), [x], np.arange(60) // 6, 10)

    assert np.isnan(found.slope).all()
    assert not found.readable
    assert np.isfinite(found.plain).all()


def test_few_cells_give_nothing() -> None:
    x, y, weight, cluster = cells()
    weight[4:] = 0

    found = slope_of(x, y, weight, cluster)

    assert not found.readable
    assert found.n_cells < 40


def test_how_single_values_scatter_is_learned_with_an_error_that_the_slope_carries() -> None:
    """Few cells hold two scores, so the noise itself is uncertain: replicates must move with it."""
    draw = np.random.default_rng(12)
    real = draw.normal(size=(120, 15))
    count = 1.0 + (draw.random(real.shape) < 0.1)
    first, second = (real + 1.4 * draw.normal(size=real.shape) for _ in range(2))
    num = np.where(count > 1, first + second, first)
    sq = np.where(count > 1, first**2 + second**2, first**2)
    cluster = np.arange(120) // 6
    one = single_values(num, count, sq, cluster, 20)
    assert one is not None
    rest = cluster != 3
    again = single_values(num[rest], count[rest], sq[rest], cluster[rest], 20)
    assert again is not None
    y = exact(0.5 * real + draw.normal(size=real.shape), np.ones(real.shape))

    told = within_slope(y, [Regressor(num / count, count, one.variance, one.without)], cluster, 20)
    untold = within_slope(y, [Regressor(num / count, count, one.variance)], cluster, 20)

    assert np.average(one.variance) == pytest.approx(1.96, rel=0.15)
    assert again.variance.mean() / one.variance[rest].mean() == pytest.approx(one.without[3], rel=0.003)
    assert told.slope[0] == untold.slope[0]
    assert told.replicates[:, 0].std() > 1.1 * untold.replicates[:, 0].std()


def test_one_score_a_cell_says_nothing_about_scatter() -> None:
    ones = np.ones((5, 4))
    assert single_values(ones, ones, ones, np.arange(5), 5) is None
