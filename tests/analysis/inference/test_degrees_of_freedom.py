"""Degrees of freedom of the jackknife against two-sample theory, brute force and worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis import estimate
from analysis.inference import degrees_of_freedom, jackknife_degrees_of_freedom
from benchmarks.claim_worlds import drifting_teams


def two_samples(trained: int, never: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    before, after = np.ones((trained + never, 2)), np.zeros((trained + never, 2))
    before[:trained, 1], after[:trained, 1] = 0.0, 1.0
    return before, after, np.arange(trained + never)


def df_of(trained: int, never: int) -> float:
    before, after, cluster = two_samples(trained, never)
    return jackknife_degrees_of_freedom(before, after, cluster, cluster.size)


@pytest.mark.parametrize(("trained", "never"), [(10, 10), (16, 4), (40, 4), (100, 100), (60, 8)])
def test_it_is_between_the_smaller_group_and_all(trained: int, never: int) -> None:
    found = df_of(trained, never)

    assert min(trained, never) - 1 <= found <= trained + never - 1
    if trained == never:
        assert found == pytest.approx(trained + never - 1, rel=0.06)


@pytest.mark.parametrize(("trained", "never"), [(16, 4), (4, 16), (40, 4)])
def test_the_interval_is_as_wide_as_welchs_with_equal_variances(trained: int, never: int) -> None:
    """Differences of two stretches are two samples; Satterthwaite's interval on the unbiased error is the reference."""
    v1, v0 = 1 / trained, 1 / never
    df = (v1 + v0) ** 2 / (v1**2 / (trained - 1) + v0**2 / (never - 1))
    groups = trained + never
    jackknife = (v1 * trained / (trained - 1) + v0 * never / (never - 1)) * (groups - 1) / groups
    wide = stats.t.ppf(0.975, df_of(trained, never)) * np.sqrt(jackknife)
    assert wide == pytest.approx(stats.t.ppf(0.975, df) * np.sqrt(v1 + v0), rel=0.05)


def test_the_moments_are_those_of_simulated_jackknives() -> None:
    """The working model by brute force: mean of the jackknife variance over the true one, on staggered waves."""
    rng = np.random.default_rng(5)
    rows, stretches = 9, 4
    start = 1 + np.arange(rows) // 3
    before = (np.arange(stretches)[None, :] < start[:, None]).astype(float)
    after = (1 - before) * (np.arange(stretches) < 3)  # nobody is left to compare with in the last stretch
    kept = np.vstack([np.ones(rows), 1 - np.eye(rows)])
    weights = degrees_of_freedom._weights(before, after, kept)
    y = rng.standard_normal((20_000, rows, stretches))
    theta = np.einsum("npb,rpb->nr", y, weights)
    variance = ((theta[:, 1:] - theta[:, :1]) ** 2).sum(axis=1)
    moved = (weights[1:] - weights[0]).reshape(rows, -1)
    products = moved @ moved.T

    assert variance.mean() == pytest.approx(np.trace(products), rel=0.03)
    assert variance.var() == pytest.approx(2 * (products**2).sum(), rel=0.08)
    assert theta[:, 0].var() == pytest.approx((weights[0] ** 2).sum(), rel=0.03)


def test_weights_make_the_estimate_of_the_estimator() -> None:
    panel = drifting_teams(3, trained=6, never=3, waves=3, seats=1, weeks=12)
    model = estimate(panel).source
    layout = model.layout  # type: ignore[union-attr]
    trained = model.trained_weights * (np.arange(12)[None, :] >= panel.cohort_ix[layout.order][:, None])  # type: ignore[union-attr]
    weights = degrees_of_freedom._weights(model.fit.weights, trained, np.ones((1, 9)))[0]  # type: ignore[union-attr]
    assert (weights * panel.y[layout.order]).sum() == pytest.approx(estimate(panel).aggregate().overall.estimate)


def test_without_a_trained_week_or_a_second_cluster_there_are_no_degrees_of_freedom() -> None:
    before, after, cluster = two_samples(3, 3)

    assert np.isnan(jackknife_degrees_of_freedom(before, np.zeros_like(after), cluster, 6))
    assert np.isnan(jackknife_degrees_of_freedom(before, after, np.zeros(6, dtype=int), 1))


def test_it_changes_little_where_clusters_begin_to_be_counted() -> None:
    assert df_of(496, 4) == pytest.approx(df_of(495, 4), rel=0.35)
    assert df_of(252, 250) == pytest.approx(501, rel=0.01)


@pytest.mark.parametrize(
    "shape", [{"trained": 16, "never": 4}, {"trained": 8, "never": 0, "waves": 4}, {"trained": 6, "never": 3}]
)
def test_intervals_of_few_teams_cover(shape: dict[str, int]) -> None:
    """Over 600 worlds 96 to 97% (docs/coverage.md); at 95%, 69 or fewer of 80 happens once in 800."""
    covered = 0
    for seed in range(80):
        found = estimate(drifting_teams(seed, seats=3, weeks=24, **shape)).aggregate("simple").overall
        covered += found.ci_low <= 0 <= found.ci_high
    assert covered >= 70


def test_stacked_with_one_wave_has_those_of_imputation() -> None:
    """Sixteen teams in one shot beside four: one experiment, so the same comparison and the same degrees of freedom."""
    one = drifting_teams(1, trained=16, never=4, waves=1)
    stacked, imputed = (estimate(one, name).aggregate("simple").overall for name in ("stacked", "imputation"))

    assert stacked.df == pytest.approx(imputed.df)
    assert stacked.df < 12
