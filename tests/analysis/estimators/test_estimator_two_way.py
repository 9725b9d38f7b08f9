"""The absorbed two-way model against the same regression with every dummy written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from analysis import Panel, estimate
from analysis.solver.components import components
from analysis.solver.layout import Layout
from analysis.solver.two_way import fit_two_way

#: Normal equations against a dense least squares solver.
DUMMIES = 1e-9
#: A leave-one-out solution against the refit without the cluster.
REFIT = 1e-9

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def dummy_columns(codes: np.ndarray, drop_first: bool) -> np.ndarray:
    return (codes[:, None] == np.unique(codes)[None, int(drop_first) :]).astype(float)


def dummy_regression(frame: pl.DataFrame, extra: np.ndarray) -> sm.regression.linear_model.RegressionResults:
    """WLS on ``extra`` columns, agent dummies and week dummies."""
    design = np.column_stack(
        [extra, dummy_columns(frame["agent"].to_numpy(), False), dummy_columns(frame["week"].to_numpy(), True)]
    )
    return sm.WLS(frame["y"].to_numpy(), design, weights=frame["n"].to_numpy().astype(float)).fit()


def nested_clustered_error(result: sm.regression.linear_model.RegressionResults, frame: pl.DataFrame) -> float:
    """statsmodels' clustered error with the agent effects, nested in teams, taken out of the degrees of freedom."""
    teams = frame["team"].to_numpy()
    plain = result.get_robustcov_results("cluster", groups=teams, use_correction=False, df_correction=False)
    groups, rows = np.unique(teams).size, frame.height
    parameters = 1 + frame["week"].n_unique()
    return float(plain.bse[0] * np.sqrt((rows - 1) / (rows - parameters) * groups / (groups - 1)))


@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize("mixed", [0.0, 0.3])
def test_twfe_is_the_dummy_regression(make_rollout: Rollout, to_panel: ToPanel, missing: float, mixed: float) -> None:
    frame = make_rollout(seed=4, teams=8, size=4, weeks=16, first=5, gap=2, missing=missing, mixed=mixed)
    trained = (frame["week"] >= frame["trained_week"]).fill_null(False).cast(pl.Float64).to_numpy()
    expected = dummy_regression(frame, trained[:, None])
    overall = estimate(to_panel(frame), "twfe", variance="analytic").aggregate("simple").overall
    assert overall.estimate == pytest.approx(expected.params[0], abs=DUMMIES)
    assert overall.std_error == pytest.approx(nested_clustered_error(expected, frame), abs=DUMMIES)


def test_weights_in_another_unit_leave_the_error(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=5, teams=8, size=4, weeks=16, first=5, gap=2)
    contacts = estimate(to_panel(frame), "twfe", variance="analytic").aggregate("simple").overall
    scaled = frame.with_columns(n=pl.col("n") / 7.5)
    shares = estimate(to_panel(scaled), "twfe", variance="analytic").aggregate("simple").overall
    assert shares.estimate == pytest.approx(contacts.estimate, abs=DUMMIES)
    assert shares.std_error == pytest.approx(contacts.std_error, rel=1e-9)


def test_week_and_agent_effects_reproduce_the_fit(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=6, teams=6, size=3, weeks=12, first=4, gap=2)
    panel = to_panel(frame)
    layout = Layout.of(panel)
    weights, y = panel.den[layout.order], panel.y[layout.order]
    fit = fit_two_way(layout, weights, y)
    fitted = fit.unit_effects[:, None] + fit.week_effects[None, :]
    expected = dummy_regression(frame, np.zeros((frame.height, 0)))
    lookup = np.full(panel.num.shape, np.nan)
    lookup[layout.order] = fitted
    ours = lookup[frame["agent"].to_numpy(), frame["week"].to_numpy()]
    np.testing.assert_allclose(ours, expected.fittedvalues, atol=DUMMIES)


def test_leaving_a_cluster_out_is_the_refit(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=7, mixed=0.2))
    layout = Layout.of(panel)
    table = np.where(np.arange(panel.n_periods)[None, :] >= layout.cohort_values[:, None], 0, -1)
    fit = fit_two_way(layout, panel.den[layout.order], panel.y[layout.order], table, 1)
    shift, refit = fit.leave_one_out()
    assert not refit.any()
    for cluster in range(panel.n_clusters):
        rest = panel.take(panel.cluster_ix != cluster)
        smaller = Layout.of(rest)
        table = np.where(np.arange(rest.n_periods)[None, :] >= smaller.cohort_values[:, None], 0, -1)
        again = fit_two_way(smaller, rest.den[smaller.order], rest.y[smaller.order], table, 1)
        weeks = fit.week_effects + shift[cluster, :-1]
        np.testing.assert_allclose(np.diff(weeks), np.diff(again.week_effects), atol=REFIT)
        assert fit.coefficients[0] + shift[cluster, -1] == pytest.approx(again.coefficients[0], abs=REFIT)


def test_a_dummy_the_fixed_effects_explain_is_not_identified(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=8, never=0, waves=1))
    overall = estimate(panel, "twfe").aggregate("simple").overall
    assert np.isnan(overall.estimate)
    assert overall.reason is not None
    assert "same week" in overall.reason


def test_components_of_a_panel_that_falls_apart() -> None:
    inside = np.zeros((4, 6), dtype=bool)
    inside[:2, :3] = True
    inside[2:, 4:] = True
    weeks, units = components(inside)
    assert weeks[3] == -1
    assert weeks[0] == weeks[2] != weeks[4] == weeks[5]
    assert units[0] == units[1] == weeks[0]
    assert units[2] == units[3] == weeks[4]


def test_components_joined_by_one_agent_are_one() -> None:
    inside = np.zeros((3, 5), dtype=bool)
    inside[0, :2] = True
    inside[1, 3:] = True
    inside[2, [1, 3]] = True
    weeks, _ = components(inside)
    assert weeks[0] == weeks[1] == weeks[3] == weeks[4]
    assert weeks[2] == -1


def test_a_cluster_that_alone_links_two_halves_must_be_refitted(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=9, teams=9, weeks=20, missing=0.0)
    early = (pl.col("team") < 4) & (pl.col("week") < 10)
    late = (pl.col("team") > 4) & (pl.col("week") >= 10)
    panel = to_panel(frame.filter(early | late | (pl.col("team") == 4)))
    layout = Layout.of(panel)
    fit = fit_two_way(layout, panel.den[layout.order], panel.y[layout.order])
    assert np.flatnonzero(fit.fragile_clusters()).tolist() == [4]
    assert np.flatnonzero(fit.leave_one_out()[1]).tolist() == [4]


def test_matrices_held_and_passes_over_agents_are_the_same_map(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=3, missing=0.2))
    layout = Layout.of(panel)
    table = np.full((layout.cohort_values.size, panel.n_periods), -1, dtype=np.int64)
    table[0, 2:5] = [0, 1, 1]
    table[1, 3] = 0
    order = layout.order
    fit = fit_two_way(layout, panel.den[order], panel.y[order], table, 2)
    vectors = np.random.default_rng(1).normal(size=(layout.n_clusters, fit.n_weeks + fit.n_dummies))
    np.testing.assert_allclose(fit._own_part(True)(vectors), fit._own_part(False)(vectors), rtol=1e-9, atol=1e-9)
