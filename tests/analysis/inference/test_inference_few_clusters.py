"""Bands, bootstrap, randomisation and multiplicity: against closed forms and by their coverage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, t
from statsmodels.stats.multitest import multipletests

from analysis import EstimationError, Panel, estimate
from analysis.checks.randomisation import randomisation_test
from analysis.inference import (
    holm,
    romano_wolf,
    small_sample_factor,
    standard_errors,
    sup_t_critical_value,
    t_interval,
    wild_cluster_bootstrap,
)
from analysis.panel.panel import NEVER

#: Simulated quantiles with this many draws.
SIMULATED, DRAWS = 0.02, 200_000

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def test_one_estimate_needs_no_wider_band() -> None:
    psi = np.random.default_rng(0).normal(size=(40, 1))
    assert sup_t_critical_value(psi, draws=DRAWS) == pytest.approx(norm.ppf(0.975), abs=SIMULATED)
    assert sup_t_critical_value(psi, df=10, draws=DRAWS) == pytest.approx(t.ppf(0.975, 10), abs=2 * SIMULATED)


def test_independent_estimates_have_the_sidak_band() -> None:
    psi = np.eye(6)
    expected = norm.ppf(0.5 + 0.5 * 0.95 ** (1 / 6))
    assert sup_t_critical_value(psi, draws=DRAWS) == pytest.approx(expected, abs=SIMULATED)


def test_copies_of_one_estimate_share_its_band_and_blanks_are_left_out() -> None:
    column = np.random.default_rng(1).normal(size=(40, 1))
    psi = np.column_stack([column, 3 * column, np.full((40, 1), np.nan), np.zeros((40, 1))])
    assert sup_t_critical_value(psi, draws=DRAWS) == pytest.approx(norm.ppf(0.975), abs=SIMULATED)
    assert np.isnan(sup_t_critical_value(np.full((40, 2), np.nan)))


def test_bands_contain_the_pointwise_intervals(make_rollout: Rollout, to_panel: ToPanel) -> None:
    parts = estimate(to_panel(make_rollout(seed=41)), "imputation").aggregate("event_time").parts.drop_nulls("estimate")
    assert (parts["band_low"] < parts["ci_low"]).all()
    assert (parts["band_high"] > parts["ci_high"]).all()


def test_factors_errors_and_intervals_of_small_samples() -> None:
    assert small_sample_factor(100, 3, 10) == pytest.approx(99 / 97 * 10 / 9)
    np.testing.assert_allclose(standard_errors(np.array([[3.0, 1.0], [4.0, 0.0]])), [5, 1])
    low, high = t_interval(1.0, 2.0, 9, 0.9)
    assert (low, high) == pytest.approx((1 - 2 * t.ppf(0.95, 9), 1 + 2 * t.ppf(0.95, 9)))
    assert np.isnan(t_interval(1.0, float("nan"), 9)).all()
    assert np.isnan(t_interval(1.0, 2.0, 0.5)).all()


def test_wild_bootstrap_of_a_mean_is_close_to_t() -> None:
    draw = np.random.default_rng(2)
    values = draw.normal(size=30)
    psi = (values - values.mean()) / 30
    error = float(np.sqrt((psi**2).sum()))
    result = wild_cluster_bootstrap(psi, float(values.mean()) + 0.4, error)
    assert result.critical_value == pytest.approx(t.ppf(0.975, 29), abs=0.12)
    assert result.p_value == pytest.approx(2 * t.sf(abs(values.mean() + 0.4) / error, 29), abs=0.03)
    assert result.ci_low < values.mean() + 0.4 < result.ci_high


def test_wild_bootstrap_enumerates_few_clusters_and_knows_webb() -> None:
    psi = np.array([0.3, -0.2, 0.4, -0.5, 0.1])
    error = float(np.sqrt((psi**2).sum()))
    all_signs = wild_cluster_bootstrap(psi, 0.1, error)
    assert all_signs.draws <= 32
    assert all_signs == wild_cluster_bootstrap(psi, 0.1, error, seed=9)
    webb = wild_cluster_bootstrap(psi, 0.1, error, weights="webb", draws=999)
    assert webb.draws == 999
    with pytest.raises(EstimationError, match="at least two clusters"):
        wild_cluster_bootstrap(psi[:1], 0.1, error)
    with pytest.raises(EstimationError, match="weights 'normal'"):
        wild_cluster_bootstrap(psi, 0.1, error, weights="normal")
    assert np.isnan(wild_cluster_bootstrap(psi * np.nan, 0.1, error).p_value)


def test_wild_bootstrap_rejects_a_true_null_about_one_time_in_twenty() -> None:
    draw = np.random.default_rng(3)
    rejected = 0
    for _ in range(300):
        values = draw.normal(size=12)
        psi = (values - values.mean()) / 12
        result = wild_cluster_bootstrap(psi, float(values.mean()), float(np.sqrt((psi**2).sum())), draws=399)
        rejected += result.p_value <= 0.05
    assert 5 <= rejected <= 27


def test_randomisation_finds_an_effect_and_brackets_it(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=42, effect=1.0, growth=0.0))
    result = randomisation_test(panel, draws=199)
    overall = estimate(panel, "imputation").aggregate("simple").overall
    assert result.p_value <= 0.02
    assert result.ci_low < overall.estimate < result.ci_high
    assert 0 < result.ci_low < 1.0 < result.ci_high
    assert result == randomisation_test(panel, draws=199)


def test_randomisation_p_values_are_uniform_without_an_effect(make_rollout: Rollout, to_panel: ToPanel) -> None:
    p_values = []
    for seed in range(40):
        frame = make_rollout(seed=100 + seed, teams=10, size=2, weeks=14, first=5, gap=3, waves=2, effect=0, growth=0)
        p_values.append(randomisation_test(to_panel(frame), draws=29).p_value)
    assert 0.35 < np.mean(p_values) < 0.65
    assert np.mean(np.array(p_values) <= 0.1) <= 0.25


def test_randomisation_needs_whole_teams(make_rollout: Rollout, to_panel: ToPanel) -> None:
    result = randomisation_test(to_panel(make_rollout(seed=43, mixed=0.4)), draws=19)
    assert np.isnan(result.p_value)
    assert "nothing to re-deal" in str(result.reason)


def test_who_left_before_the_wave_shares_it_and_who_came_after_does_not(
    make_rollout: Rollout, to_panel: ToPanel
) -> None:
    """Agents without a plan of their own: seen before their team's wave only they are no obstacle, later they are."""
    panel = to_panel(make_rollout(seed=44, effect=1.0, growth=0.0, missing=0.0))
    early = np.flatnonzero(panel.cohort_ix == 14)[:3]
    gone = (np.isin(np.arange(panel.n_units), early))[:, None] & (np.arange(panel.n_periods)[None, :] >= 14)
    unplanned = np.where(np.isin(np.arange(panel.n_units), early), NEVER, panel.cohort_ix)
    left = replace(panel, num=np.where(gone, 0.0, panel.num), den=np.where(gone, 0.0, panel.den), cohort_ix=unplanned)
    result = randomisation_test(left, draws=99, interval=False)

    assert result.p_value <= 0.03
    assert np.isnan(result.ci_low)
    assert result.p_value == randomisation_test(left.with_cohorts(panel.cohort_ix), draws=99, interval=False).p_value
    assert np.isnan(randomisation_test(panel.with_cohorts(unplanned), draws=19).p_value)


def test_the_deals_are_all_deals_where_they_can_be_counted() -> None:
    """Two of six teams trained: 15 deals, and the real one is the only one with that much difference."""
    team = np.repeat(np.arange(6), 3)
    y = np.zeros((18, 8)) + 0.01 * np.random.default_rng(1).normal(size=(18, 8))
    y[team < 2, 4:] += 1.0
    panel = Panel(
        num=y,
        den=np.ones_like(y),
        cohort_ix=np.where(team < 2, 4, NEVER).astype(np.int64),
        cluster_ix=team,
        units=np.arange(18),
        times=np.arange(8),
        clusters=np.arange(6),
    )
    result = randomisation_test(panel, draws=2_000, interval=False)

    assert result.p_value == pytest.approx(1 / 15, abs=3 * np.sqrt(14 / 15 / 15 / 2_000))


def test_holm_is_statsmodels_and_skips_blanks() -> None:
    p_values = np.array([0.01, 0.04, np.nan, 0.03, 0.5])
    known = np.isfinite(p_values)
    expected = multipletests(p_values[known], method="holm")[1]
    np.testing.assert_allclose(holm(p_values)[known], expected)
    assert np.isnan(holm(p_values)[2])
    assert np.isnan(holm([float("nan")])).all()


def test_romano_wolf_is_holm_for_independent_and_gentler_for_dependent_estimates() -> None:
    draw = np.random.default_rng(4)
    independent = np.kron(np.eye(4), draw.normal(size=(100, 1)))
    se = standard_errors(independent)
    t_values = np.array([2.6, 2.4, 1.0, 3.2])
    adjusted = romano_wolf(t_values * se, independent)
    np.testing.assert_allclose(adjusted, holm(2 * norm.sf(t_values)), atol=0.02)
    column = draw.normal(size=(100, 1))
    same = column @ np.ones((1, 4))
    copies = romano_wolf(np.full(4, 2.4) * standard_errors(same), same)
    np.testing.assert_allclose(copies, 2 * norm.sf(2.4), atol=0.01)
    assert np.all(np.diff(adjusted[np.argsort(-t_values)]) >= 0)


def test_romano_wolf_never_ranks_a_weaker_estimate_above_a_stronger_one() -> None:
    """Ten independent estimates, nearly alike: the later steps look at fewer and would fall without the running
    maximum."""
    psi = np.kron(np.eye(10), np.ones((40, 1)))
    t_values = 2.0 - 0.001 * np.arange(10)
    adjusted = romano_wolf(t_values * standard_errors(psi), psi)
    assert np.all(np.diff(adjusted) >= 0)
    assert adjusted[-1] > 0.2


def test_romano_wolf_leaves_blanks_blank() -> None:
    psi = np.random.default_rng(5).normal(size=(50, 3))
    psi[:, 1] = np.nan
    adjusted = romano_wolf(np.array([1.0, 2.0, np.nan]), psi)
    assert np.isfinite(adjusted).tolist() == [True, False, False]
    with pytest.raises(EstimationError, match="one column per estimate"):
        romano_wolf(np.array([1.0]), psi)
