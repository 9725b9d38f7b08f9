"""Spillover on untrained team-mates: found where it is, not where it is not."""

from __future__ import annotations

import numpy as np

from analysis.checks import spillover
from analysis.effects.exposure import exposure_effects
from analysis.effects.spillover import spillover_effect
from analysis.panel.panel import NEVER, Panel
from analysis.words.numbers import Reader
from benchmarks.claim_worlds import drawn_inside_teams
from sample_data.panel import PanelWorld
from tests.analysis.worlds import flat_world, panel_of, words

WORLDS = 8


def started(panel: Panel) -> np.ndarray:
    start = np.full(panel.n_clusters, NEVER)
    np.minimum.at(start, panel.cluster_ix, panel.cohort_ix)
    return start[panel.cluster_ix]


def draw(seed: int, share: float) -> PanelWorld:
    return flat_world(seed, teams=40, seats=10, assignment="randomised", spillover=share, effect_scale=2.0)


def test_it_is_centred_on_the_true_spillover() -> None:
    errors, truths = [], []
    for seed in range(WORLDS):
        world = draw(seed, 0.5)
        panel = panel_of(world)
        found = spillover_effect(panel, started(panel))
        assert found is not None
        cells = world.truth.filter(world.truth["spillover"] != 0)
        truths.append(float(np.average(cells["spillover"].to_numpy(), weights=cells["n"].to_numpy())))
        errors.append(found.estimate - truths[-1])

    assert abs(np.mean(errors)) < 3.5 * np.std(errors) / np.sqrt(WORLDS)
    assert np.mean(truths) < -0.005


def test_without_spillover_intervals_hold_zero() -> None:
    held = 0
    for seed in range(WORLDS):
        panel = panel_of(draw(100 + seed, 0.0))
        found = spillover_effect(panel, started(panel))
        assert found is not None
        held += found.ci_low <= 0 <= found.ci_high

    assert held >= WORLDS - 2


def test_whole_teams_leave_nobody_to_look_at() -> None:
    panel = panel_of(flat_world(1))

    assert spillover_effect(panel, started(panel)) is None
    assert spillover.check(None, words(), Reader()).status == "informational"


def test_the_check_says_who_is_not_used_as_comparison() -> None:
    panel = panel_of(draw(1, 0.5))
    found = spillover.check(spillover_effect(panel, started(panel)), words(), Reader())

    assert "not used as comparison" in found.sentence
    assert found.status in ("passed", "informational")


def test_what_team_mates_caught_is_bounded_where_teams_were_reached_in_different_weeks() -> None:
    """Over 60 worlds the range of both together held in 93 to 98 of 100."""
    held = []
    for seed in range(8):
        panel, effect = drawn_inside_teams(seed, waves=3, caught=0.05)
        made = exposure_effects(panel, started(panel))
        assert made is not None
        held.append(made.everybody.ci_low <= effect + 0.05 <= made.everybody.ci_high)
    assert sum(held) >= 7
    caught = spillover_effect(panel, started(panel))
    said = spillover.check(
        caught, words(better="higher"), Reader(), within_teams=True, everybody=made.everybody
    ).sentence
    assert "They are the comparison, so what they caught is missing from the effect shown" in said
    assert "not used as comparison" not in said


def test_teams_reached_at_once_tell_nothing_of_what_team_mates_caught() -> None:
    panel, _ = drawn_inside_teams(1, caught=0.05)
    assert exposure_effects(panel, started(panel)) is None
    said = spillover.check(spillover_effect(panel, started(panel)), words(), Reader(), within_teams=True)
    assert said.status == "informational"
    assert "no team tells whether those changed too" in said.sentence
