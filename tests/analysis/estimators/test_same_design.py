"""Outcomes of one design share what does not hang on them: the numbers stay, and nothing else is ever taken over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import Panel, estimate
from analysis.estimators import same_design
from analysis.estimators.imputation import Imputation
from analysis.estimators.same_design import designs_shared
from analysis.solver.layout import Layout
from tests.analysis.estimators.test_many_outcomes import panel_of

KINDS = ("simple", "event_time", "cohort", "calendar_time")


def _outcomes(panel: Panel) -> list[Panel]:
    rng = np.random.default_rng(5)
    others = [np.floor(panel.num * rng.uniform(0, 2, panel.num.shape)) for _ in range(3)]
    return [panel, *(replace(panel, num=num, outcome=f"other {k}") for k, num in enumerate(others))]


def _numbers(panel: Panel, variance: str, anticipation: int) -> list[Any]:
    study = estimate(panel, anticipation=anticipation, variance=variance)
    found = [study.aggregate(kind) for kind in KINDS]
    columns = [np.asarray(made.columns[name], dtype=float) for made in found for name in ("estimate", "std_error", "n")]
    overall = [[made.overall.estimate, made.overall.std_error, made.overall.df] for made in found]
    return [*columns, *overall]


@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("anticipation", [0, 2])
def test_shared_numbers_are_those_of_each_outcome_alone(variance: str, anticipation: int) -> None:
    outcomes = _outcomes(panel_of(3))
    alone = [_numbers(panel, variance, anticipation) for panel in outcomes]
    with designs_shared():
        shared = [_numbers(panel, variance, anticipation) for panel in outcomes]
    for one, other in zip(alone, shared, strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)


def test_only_equal_designs_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[int] = []
    whole = Layout.of
    monkeypatch.setattr(Layout, "of", lambda panel: (solved.append(1), whole(panel))[1])
    panel = panel_of(3)
    seen = panel.den.copy()
    seen[0, :3] = 0.0  # one agent was not seen in three weeks
    later = np.where(panel.cohort_ix == 8, 9, panel.cohort_ix)
    moved = np.where(panel.cluster_ix == 0, 1, panel.cluster_ix)
    others = [
        replace(panel, den=seen, num=np.where(seen > 0, panel.num, 0.0)),
        replace(panel, cohort_ix=later),
        replace(panel, cluster_ix=moved),
        replace(panel, times=panel.times + 1),
    ]
    for other in others:
        alone = _numbers(other, "jackknife", 0)
        with designs_shared():
            _numbers(panel, "jackknife", 0)
            after = _numbers(other, "jackknife", 0)
        for left, right in zip(alone, after, strict=True):
            np.testing.assert_array_equal(left, right)
    solved.clear()
    with designs_shared():
        for one in _outcomes(panel):
            estimate(one).aggregate("simple")
    assert len(solved) == 1


def test_nothing_is_kept_after_the_block() -> None:
    panel = panel_of(3)
    with designs_shared():
        known = same_design.known_of(panel)
        assert same_design.known_of(replace(panel, num=panel.num + 1)) is known
    assert same_design.known_of(panel) is not known


@pytest.mark.parametrize("control", ["not_yet_trained", "never_trained"])
@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("anticipation", [0, 2])
def test_an_average_needs_no_weeks_before_training(control: str, variance: str, anticipation: int) -> None:
    panel = panel_of(4)
    alone = estimate(panel, "group_time", control, anticipation, variance=variance).aggregate("simple")
    whole = estimate(panel, "group_time", control, anticipation, variance=variance)
    whole.aggregate("event_time")  # all weeks, and with them the average
    assert alone.overall == whole.aggregate("simple").overall
    np.testing.assert_array_equal(alone.overall_influence, whole.aggregate("simple").overall_influence)


def test_sums_by_pair_and_cluster_are_sums() -> None:
    layout = Layout.of(panel_of(3))
    rows = np.random.default_rng(1).normal(size=(layout.order.size, 7))
    pairs = np.add.reduceat(rows, layout.pair_start, axis=0)
    np.testing.assert_allclose(layout.by_pair(rows), pairs, rtol=0, atol=1e-13)
    clusters = np.zeros((layout.n_clusters, 7))
    np.add.at(clusters, layout.pair_cluster, pairs)
    np.testing.assert_allclose(layout.by_cluster(pairs), clusters, rtol=0, atol=1e-13)


def test_sums_of_rows_times_a_factor_are_sums_of_their_products() -> None:
    layout = Layout.of(panel_of(3))
    rng = np.random.default_rng(2)
    rows, factor = rng.normal(size=(layout.order.size, 7)), rng.normal(size=layout.order.size)
    made = layout.by_pair_times(rows, factor)
    np.testing.assert_allclose(made, layout.by_pair(rows * factor[:, None]), rtol=0, atol=1e-13)


@pytest.mark.parametrize("level", [0.0, 1e4])
def test_scores_are_sums_of_weighted_residuals(level: float) -> None:
    panel = panel_of(3)
    made = Imputation(replace(panel, num=panel.num + level * panel.den), 0)
    fit, (_, y, _) = made.fit, made._arrays
    effects = np.nan_to_num(fit.unit_effects)[:, None] + np.nan_to_num(fit.week_effects)
    residual = fit.weights * (y - effects)
    np.testing.assert_allclose(fit.pair_scores, made.layout.by_pair(residual), rtol=0, atol=1e-12 * max(level, 1.0))
