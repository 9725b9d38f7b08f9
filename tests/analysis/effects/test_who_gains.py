"""Who gains more: differences with their own errors, chance that does not look like a gain, harm said plainly."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analysis import Panel
from analysis.effects.who_gains import Gain, by_starting_level, compared, gains_of_groups, harmed, stands_out
from analysis.study.gain_rows import gain_rows
from analysis.words import gains as words
from analysis.words.numbers import Reader
from tests.analysis.worlds import words as kpi_words


def world(seed: int, gain: np.ndarray | float, *, teams: int = 16, size: int = 6, weeks: int = 30) -> Panel:
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    start = np.array([14, 18, 22, 99])[np.arange(teams) % 4][team]
    trained = np.arange(weeks)[None, :] >= start[:, None]
    level = 0.5 * draw.normal(size=team.size)[:, None] + draw.normal(size=weeks)[None, :]
    y = level + np.broadcast_to(gain, team.shape)[:, None] * trained + draw.normal(size=trained.shape)
    agent, week = (grid.ravel() for grid in np.mgrid[: team.size, :weeks])
    frame = pl.DataFrame({"agent": agent, "week": week, "team": team[agent], "start": start[agent], "y": y.ravel()})
    return Panel.from_frame(frame, "agent", "week", "start", "y", cluster="team", never=99)


@pytest.fixture(scope="module")
def gains() -> list[Gain]:
    """Agents of even number gain 1, the others lose 0.5."""
    panel = world(1, np.where(np.arange(96) % 2 == 0, 1.0, -0.5))
    return gains_of_groups(panel, np.where(panel.units % 2 == 0, "even", "odd"))


def test_two_groups_that_differ_stand_out_and_the_one_that_lost_is_harmed(gains: list[Gain]) -> None:
    assert [gain.name for gain in gains] == ["even", "odd"]
    assert gains[0].difference == pytest.approx(1.5, abs=0.4)
    assert gains[0].difference == pytest.approx(-gains[1].difference)
    assert stands_out(gains) == [True, True]
    assert harmed(gains, "higher") == [False, True]
    assert harmed(gains, "lower") == [True, False]


def test_the_error_of_a_difference_is_that_of_fits_without_each_team(gains: list[Gain]) -> None:
    panel = world(1, np.where(np.arange(96) % 2 == 0, 1.0, -0.5))
    without = []
    for cluster in range(panel.n_clusters):
        rest = panel.take(panel.cluster_ix != cluster)
        found = gains_of_groups(rest, np.where(rest.units % 2 == 0, "even", "odd"))
        without.append([found[0].difference, found[0].estimate])
    n = panel.n_clusters
    moved = np.array(without) - [gains[0].difference, gains[0].estimate]
    errors = np.sqrt((n - 1) / n * (moved**2).sum(axis=0))
    half = (gains[0].difference_high - gains[0].difference_low) / 2
    whole = (gains[0].ci_high - gains[0].ci_low) / 2
    assert half / whole == pytest.approx(errors[0] / errors[1], rel=1e-6)


def test_groups_that_hardly_differ_are_shrunk_to_one_number() -> None:
    psi = np.eye(30)[:, :5] * 0.1
    found = compared(list("abcde"), [20] * 5, np.array([0.5, 0.51, 0.49, 0.5, 0.5]), psi, np.ones(5), 29.0)
    assert max(gain.shrunk for gain in found) - min(gain.shrunk for gain in found) < 0.01
    assert found[0].shrunk_high - found[0].shrunk_low < found[0].ci_high - found[0].ci_low
    assert stands_out(found) == [False] * 5
    assert compared(["a"], [20], np.array([0.5]), psi[:, :1], np.ones(1), 7.0) == []


def test_regression_to_the_mean_is_not_taken_for_a_gain() -> None:
    """Training does nothing. Thirds by the level before training, counted with it, make the worst third gain."""
    clean, naive = [], []
    for seed in range(12):
        panel = world(seed, 0.0, teams=24, size=10)
        clean.append(by_starting_level(panel, better="higher")[0].difference)
        early = panel.y[:, :14].mean(axis=1)
        third = np.searchsorted(np.quantile(early, [1 / 3, 2 / 3]), early).astype(str)
        naive.append(gains_of_groups(panel, third)[0].difference)
    error = np.std(clean, ddof=1) / np.sqrt(len(clean))
    assert abs(np.mean(clean)) < 3.5 * error
    assert np.mean(naive) > np.mean(clean) + 3 * error


def test_too_few_weeks_or_agents_make_no_groups() -> None:
    panel = world(2, 0.5, weeks=26)
    assert by_starting_level(panel.take(None, start=8), better="higher") == []
    assert gains_of_groups(panel, np.where(panel.units < 5, "few", "")) == []


def test_the_words_name_harm_first() -> None:
    kpi = kpi_words(unit="score", better="higher", per="answer", label="Satisfaction")
    row = {
        "state": words.HARMED, "value": "Chat", "estimate": -0.5, "estimate_low": -0.8, "estimate_high": -0.2,
        "difference": -1.5, "difference_low": -2.0, "difference_high": -1.0,
    }  # fmt: skip
    assert words.sentence(row, kpi, Reader()).startswith("Got worse: −0.5")
    assert words.title([{**row, "state": words.MORE, "value": "Voice"}, row]) == (
        "Got worse for Chat; gains are larger for Voice"
    )
    assert words.title([]).startswith("No group is told apart")
    assert gain_rows([], 0.95) == []
