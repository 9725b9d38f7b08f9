"""The course of an effect: what is told, what is not, and the test behind the ranges against statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.api import OLS

from analysis import estimate
from analysis.effects import course as module
from analysis.effects.course import STEPS, Path, PathNumber, effect_path, paths_of
from analysis.words import course as words
from benchmarks.coverage_readings import fading_world


def made(half_life: float, *, size: float = 1.0, seed: int = 1, weeks: int = 60) -> Path | None:
    events = estimate(fading_world(seed, teams=20, half_life=half_life, size=size, weeks=weeks)).aggregate("event_time")
    return effect_path(events)


def test_a_fading_effect_is_told_with_its_half_life() -> None:
    found = made(12.0)
    assert found is not None
    assert words.state(found) == "fading"
    assert found.half_life.low < 12.0 < found.half_life.high
    assert words.sentence(found).startswith("The effect fades: half of it is gone about ")


@pytest.mark.parametrize("size", [20.0, 60.0, 200.0])
def test_the_clearer_an_effect_the_closer_its_half_life(size: float) -> None:
    """Values between those of a grid are told too, however clear the effect."""
    found = made(13.1, size=size)
    assert found is not None
    assert found.half_life.low < 13.1 < found.half_life.high
    assert found.half_life.high - found.half_life.low < 4
    assert found.ramp.identified


def test_a_lasting_effect_is_not_said_to_fade_and_its_half_life_is_open_above() -> None:
    found = made(math.inf)
    assert found is not None
    assert not found.fades
    assert math.isnan(found.half_life.high)
    assert found.half_life.low > 12
    assert "no fading fits" in words.sentence(found) or "does not visibly fade" in words.sentence(found)


def test_without_an_effect_there_is_no_course() -> None:
    assert made(math.inf, size=0.0) is None
    assert words.state(None) == "cannot_tell"
    assert words.sentence(None) == words.NO_COURSE


def test_the_score_test_is_the_t_test_of_least_squares() -> None:
    """Weeks of equal and independent errors, of known size one: the statistic is that of statsmodels with scale one."""
    draw = np.random.default_rng(5)
    week = np.arange(30.0)
    theta = paths_of(week, np.array([[1 / 15, 2.0, 0.0]]))[0] * 8 + draw.normal(size=30)
    point = np.array([1 / 40, 2.0, 0.0])

    def kept(critical: float) -> bool:
        return module._Fits(week, theta, np.eye(30), np.eye(30), critical)._kept(point, (1, 0))

    path, faster, later = paths_of(week, point + np.diag(STEPS)[[2, 0, 1]] * [[0], [1], [1]])
    design = np.column_stack([path, (later - path) / STEPS[1], (faster - path) / STEPS[0]])
    fitted = OLS(theta, design).fit(cov_type="fixed scale", cov_kwds={"scale": 1.0})
    statistic = abs(float(fitted.tvalues[-1]))
    assert not kept(statistic * (1 - 1e-6))
    assert kept(statistic * (1 + 1e-6))


def test_the_words_of_open_ranges() -> None:
    nothing = PathNumber(math.nan, math.nan, math.nan, identified=False)

    def said(half: PathNumber, *, fades: bool, floor: PathNumber = nothing, ramp: PathNumber = nothing) -> str:
        return words.sentence(Path(ramp, half, floor, fades, 30, 1.0))

    assert said(PathNumber(20, 10, 40, identified=True), fades=True) == (
        "The effect fades: half of it is gone about 20 weeks (likely between 10 and 40 weeks) after training; what "
        "stays for good cannot be told."
    )
    assert "at least 40% of it stays" in said(
        PathNumber(9, 5, 20, identified=True), fades=True, floor=PathNumber(0.6, 0.4, 0.8, identified=True)
    )
    assert said(PathNumber(math.inf, 50, math.nan, identified=True), fades=False).startswith(
        "The effect does not visibly fade"
    )
    assert said(PathNumber(30, math.nan, math.nan, identified=False), fades=False) == (
        "Whether the effect fades cannot be told from the 30 weeks seen after training."
    )
    assert said(
        PathNumber(30, 8, math.nan, identified=True), fades=False, ramp=PathNumber(3, 2, 5, identified=True)
    ).endswith("Half of it had come after about 3 weeks (likely between 2 and 5 weeks).")
