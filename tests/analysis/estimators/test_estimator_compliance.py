"""Scheduled, completed, per course: known answers and a wave that moved nobody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from analysis import EstimationError, Panel, estimate
from analysis.effects.completion import completion_effect, dose_effect
from analysis.panel.panel import NEVER

#: Two routes to the same number.
SAME = 1e-9

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


@pytest.fixture(scope="module")
def world(make_rollout: Rollout, to_panel: ToPanel) -> tuple[Panel, np.ndarray]:
    """A schedule that three of four follow, some a week late; completing adds 1, being scheduled adds nothing."""
    panel = to_panel(make_rollout(seed=31, teams=30, effect=0.0, growth=0.0, never=8))
    draw = np.random.default_rng(5)
    comes = draw.random(panel.n_units) < 0.75
    delay = draw.integers(0, 2, panel.n_units)
    completed = np.where(panel.trained_units & comes, panel.cohort_ix + delay, NEVER)
    done = np.arange(panel.n_periods)[None, :] >= completed[:, None]
    return panel.with_outcome(panel.y + done, "y"), completed


def test_effect_of_completion_is_found(world: tuple[Panel, np.ndarray]) -> None:
    panel, completed = world
    result = completion_effect(panel, completed)
    assert result.uptake.estimate == pytest.approx(0.75, abs=0.1)
    assert result.scheduled.ci_low < 0.75 < result.scheduled.ci_high
    assert result.per_unit.ci_low < 1 < result.per_unit.ci_high
    assert result.per_unit.estimate > result.scheduled.estimate
    assert result.ar_low < 1 < result.ar_high
    assert result.first_stage_f > 100


def test_scheduled_is_the_headline_and_the_ratio_its_quotient(world: tuple[Panel, np.ndarray]) -> None:
    panel, completed = world
    result = completion_effect(panel, completed)
    headline = estimate(panel, "imputation").aggregate("simple").overall
    assert result.scheduled.estimate == pytest.approx(headline.estimate, abs=SAME)
    assert result.scheduled.std_error == pytest.approx(headline.std_error, abs=SAME)
    assert result.per_unit.estimate == pytest.approx(result.scheduled.estimate / result.uptake.estimate, abs=SAME)


def test_everybody_complies_at_once(world: tuple[Panel, np.ndarray]) -> None:
    panel, _ = world
    result = completion_effect(panel, panel.cohort_ix)
    assert result.uptake.estimate == pytest.approx(1.0, abs=SAME)
    assert result.per_unit.estimate == pytest.approx(result.scheduled.estimate, abs=SAME)
    assert result.per_unit.std_error == pytest.approx(result.scheduled.std_error, abs=SAME)


def test_dose_divides_by_courses(world: tuple[Panel, np.ndarray]) -> None:
    panel, completed = world
    done = (np.arange(panel.n_periods)[None, :] >= completed[:, None]).astype(float)
    once, twice = completion_effect(panel, completed), dose_effect(panel, 2 * done)
    assert twice.per_unit.estimate == pytest.approx(once.per_unit.estimate / 2, abs=SAME)
    assert "per course" in twice.per_unit.estimand


def test_the_anderson_rubin_ends_are_where_the_adjusted_effect_stops_being_zero(
    world: tuple[Panel, np.ndarray],
) -> None:
    panel, completed = world
    result = completion_effect(panel, completed)
    done = (np.arange(panel.n_periods)[None, :] >= completed[:, None]).astype(float)
    for end in (result.ar_low, result.ar_high):
        rest = estimate(panel.with_outcome(panel.y - end * done, "rest"), "imputation", variance="jackknife")
        overall = rest.aggregate("simple").overall
        assert min(abs(overall.ci_low), abs(overall.ci_high)) == pytest.approx(0, abs=SAME)


def test_a_schedule_nobody_followed_gives_no_effect_of_completion(world: tuple[Panel, np.ndarray]) -> None:
    panel, _ = world
    nobody = completion_effect(panel, np.full(panel.n_units, NEVER))
    assert np.isnan(nobody.per_unit.estimate)
    assert nobody.per_unit.reason is not None
    assert np.isfinite(nobody.scheduled.estimate)
    anybody = np.random.default_rng(6).integers(0, 60, panel.n_units)
    unrelated = completion_effect(panel, anybody)
    assert np.isnan(unrelated.per_unit.estimate)
    assert "below 10" in str(unrelated.per_unit.reason)


def test_a_dose_of_another_shape_is_refused(world: tuple[Panel, np.ndarray]) -> None:
    panel, _ = world
    with pytest.raises(EstimationError, match="dose must be agents x weeks"):
        dose_effect(panel, np.zeros((2, 2)))
    with pytest.raises(EstimationError, match="not finite"):
        dose_effect(panel, np.full(panel.num.shape, np.nan))
