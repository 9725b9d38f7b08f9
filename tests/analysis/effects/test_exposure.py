"""Direct effect and spillover: against least squares by hand, against the check, and where they cannot be told."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analysis import Panel
from analysis.effects.exposure import exposure_effects, share_of_mates
from analysis.effects.spillover import spillover_effect
from analysis.panel.panel import NEVER
from analysis.words import spillover as words
from analysis.words.numbers import Reader
from tests.analysis.worlds import flat_world, panel_of
from tests.analysis.worlds import words as kpi_words

DIRECT, SPILLOVER = 0.5, 0.4


def made(seed: int = 1, *, teams: int = 16, size: int = 8, weeks: int = 30, noise: float = 1.0) -> Panel:
    """Half of the agents of three teams in four are trained, two at a time, every second week from the team's start."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    began = np.where(np.arange(teams) % 4 == 3, NEVER, 8 + 3 * (np.arange(teams) % 4))
    seat = np.tile(np.arange(size), teams)
    own = np.where((seat < size // 2) & (began[team] < NEVER), began[team] + 2 * (seat // 2), NEVER)
    week = np.arange(weeks)
    trained = week[None, :] >= own[:, None]
    sums = np.zeros((teams, weeks))
    np.add.at(sums, team, trained.astype(float))
    mates = (sums[team] - trained) / (size - 1)
    level = draw.normal(size=team.size)[:, None] + draw.normal(size=weeks)[None, :]
    y = level + DIRECT * trained + SPILLOVER * mates + noise * draw.normal(size=trained.shape)
    agent, at = (grid.ravel() for grid in np.mgrid[: team.size, :weeks])
    frame = pl.DataFrame({"agent": agent, "week": at, "team": team[agent], "start": own[agent], "y": y.ravel()})
    return Panel.from_frame(frame, "agent", "week", "start", "y", cluster="team", never=NEVER)


def started(panel: Panel) -> np.ndarray:
    start = np.full(panel.n_clusters, NEVER)
    np.minimum.at(start, panel.cluster_ix, panel.cohort_ix)
    return start[panel.cluster_ix]


def test_without_noise_the_truth_comes_out_to_rounding() -> None:
    panel = made(noise=0.0)
    found = exposure_effects(panel, started(panel))
    assert found is not None
    assert found.direct.estimate == pytest.approx(DIRECT, abs=1e-10)
    assert found.per_ten.estimate == pytest.approx(SPILLOVER / 10, abs=1e-11)
    assert found.everybody.estimate == pytest.approx(DIRECT + SPILLOVER, abs=1e-10)
    mates = share_of_mates(panel)
    after = np.arange(panel.n_periods)[None, :] >= started(panel)[:, None]
    expected = (DIRECT * panel.trained_cells + SPILLOVER * mates)[after].mean()
    assert found.as_run.estimate == pytest.approx(expected, abs=1e-10)
    assert found.naive < DIRECT + SPILLOVER * found.mates_trained - 0.05


def test_the_interval_is_that_of_fits_without_each_team() -> None:
    panel = made(seed=4)
    found = exposure_effects(panel, started(panel))
    assert found is not None
    without = []
    for cluster in range(panel.n_clusters):
        rest = panel.take(panel.cluster_ix != cluster)
        again = exposure_effects(rest, started(rest))
        assert again is not None
        without.append([getattr(again, name).estimate for name in ("direct", "per_ten", "as_run", "everybody")])
    n = panel.n_clusters
    point = np.array([getattr(found, name).estimate for name in ("direct", "per_ten", "as_run", "everybody")])
    errors = np.sqrt((n - 1) / n * ((np.array(without) - point) ** 2).sum(axis=0))
    shown = [getattr(found, name).std_error for name in ("direct", "per_ten", "as_run", "everybody")]
    assert shown == pytest.approx(errors, rel=1e-6)


def test_untrained_team_mates_move_as_the_check_says() -> None:
    """The check's average over untrained team-mates is the spillover times their share of trained team-mates."""
    panel = made(noise=0.0)
    found, check = exposure_effects(panel, started(panel)), spillover_effect(panel, started(panel))
    assert found is not None
    assert check is not None
    beside = (np.arange(panel.n_periods)[None, :] >= started(panel)[:, None]) & ~panel.trained_cells
    beside &= (panel.cohort_ix >= panel.n_periods)[:, None]
    assert check.estimate == pytest.approx(10 * found.per_ten.estimate * share_of_mates(panel)[beside].mean(), abs=1e-9)


def test_whole_teams_have_a_total_and_no_more() -> None:
    panel = panel_of(flat_world(1, teams=12, seats=4, weeks=30, pre_weeks=10))
    assert exposure_effects(panel, started(panel)) is None
    assert words.WHOLE_TEAMS.startswith("Total only")


def test_the_sentence_parts_the_own_effect_from_that_of_team_mates() -> None:
    panel = made(seed=2)
    found = exposure_effects(panel, started(panel))
    assert found is not None
    kpi = kpi_words(unit="score", better="higher", per="answer", label="Satisfaction")
    said = words.sentence(found.direct, found.per_ten, found.everybody, found.naive, kpi, Reader())
    assert said.startswith("By itself training changes an agent by +0.5")
    assert "every ten points of team-mates trained add +0.0" in said
    assert "untrained team-mates" in said
