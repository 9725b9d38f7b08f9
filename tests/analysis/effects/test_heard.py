"""Phrases against labels: formulas by hand, refusals, and what is promised where the truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.effects.heard import Calibration, Rate, calibrate, corrected, level, same_accuracy
from analysis.errors import EstimationError
from benchmarks.heard import simulate


def _calibration(sharpness: float, error: float, clusters: int = 24) -> Calibration:
    rate = Rate(0.8, 0.02, 0.7, 0.9, 400, clusters)
    return Calibration(rate, rate, sharpness, error, 0.5)


def test_sensitivity_specificity_and_their_errors_are_those_worked_out_by_hand() -> None:
    heard = [1, 1, 1, 0] * 10 + [1, 0] * 20
    labelled = [1] * 40 + [0] * 40
    cluster = ([0] * 20 + [1] * 20) * 2
    found = calibrate(heard, labelled, cluster)
    assert (found.sensitivity.estimate, found.specificity.estimate, found.sharpness) == (0.75, 0.5, 0.25)
    assert found.sensitivity.std_error == pytest.approx(0, abs=1e-12)  # both teams have the same
    uneven = calibrate([1] * 20 + [0] * 20 + [0] * 40, labelled, cluster)
    assert uneven.sensitivity.estimate == 0.5
    assert uneven.sensitivity.std_error == pytest.approx(0.5)  # two teams at 1 and 0: sd of two values over sqrt(2)


def test_the_corrected_effect_carries_the_error_of_both() -> None:
    result = corrected(0.03, 0.01, _calibration(0.6, 0.05), 24)
    assert result.estimate == pytest.approx(0.05)
    assert result.std_error == pytest.approx(math.hypot(0.01 / 0.6, 0.03 * 0.05 / 0.36))


@pytest.mark.parametrize(("sharpness", "error"), [(0.1, 0.05), (0.0, 0.0), (-0.2, 0.01)])
def test_no_size_is_told_where_phrases_are_hardly_better_than_chance(sharpness: float, error: float) -> None:
    with pytest.raises(EstimationError, match="Label more contacts"):
        corrected(0.03, 0.01, _calibration(sharpness, error), 24)


def test_too_few_labels_and_a_single_team_are_refused() -> None:
    with pytest.raises(EstimationError, match="too few"):
        calibrate([1, 0] * 10, [1, 0] * 10, list(range(20)))
    with pytest.raises(EstimationError, match="one team"):
        calibrate([1, 0] * 50, [1, 0] * 50, ["a"] * 100)


def test_where_phrases_tell_nothing_the_level_is_that_of_the_labels() -> None:
    rng = np.random.default_rng(1)
    truth, noise, team = rng.random(400) < 0.3, rng.random(400) < 0.5, np.arange(400) % 20
    found = level(noise, truth, team, rng.random(4000) < 0.5, np.arange(4000) % 20)
    assert found.estimate == pytest.approx(truth.mean(), abs=0.02)
    sharp = level(truth, truth, team, rng.random(40_000) < 0.3, np.arange(40_000) % 20)
    assert sharp.std_error < 0.4 * found.std_error


def test_levels_cover_the_truth() -> None:
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(300):
        base = np.clip(0.3 + rng.normal(0, 0.05, 24), 0.01, 0.99)
        team, team_all = np.repeat(np.arange(24), 12), np.repeat(np.arange(24), 200)
        truth, truth_all = rng.random(288) < base[team], rng.random(4800) < base[team_all]
        heard = rng.random(288) < np.where(truth, 0.8, 0.1)
        heard_all = rng.random(4800) < np.where(truth_all, 0.8, 0.1)
        found = level(heard, truth, team, heard_all, team_all)
        covered.append(found.ci_low <= 0.3 <= found.ci_high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_promises_hold_where_the_truth_is_known() -> None:
    found = simulate(150)
    assert 0.91 <= found["coverage"] <= 0.99  # 150 runs: 95% give or take two errors
    assert found["mean"] == pytest.approx(0.10, abs=0.005)
    assert found["power of phrases"] >= found["power of labels"]
    assert found["blocks where specificity fell"] >= 0.90
    assert found["blocks where nothing changed"] <= 0.09


def test_the_check_says_which_of_both_moved() -> None:
    rng = np.random.default_rng(3)
    truth, after, team = rng.random(4000) < 0.5, np.arange(4000) % 2 == 0, np.arange(4000) % 24
    heard = rng.random(4000) < np.where(truth, 0.8, np.where(after, 0.4, 0.1))
    check = same_accuracy(heard, truth, team, after)
    assert check.blocks
    assert check.specificity_change.estimate == pytest.approx(-0.3, abs=0.05)
    assert "more or less often without the skill" in check.sentence
