"""Spillover on untrained team-mates: found where it is, not where it is not."""

from __future__ import annotations

import numpy as np

from analysis.checks import spillover
from analysis.effects.spillover import spillover_effect
from analysis.panel.panel import NEVER, Panel
from analysis.words.numbers import Reader
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


def test_the_words() -> None:
    panel = panel_of(draw(1, 0.5))
    found = spillover.check(spillover_effect(panel, started(panel)), words(), Reader())

    assert "not used as comparison" in found.sentence
    assert found.status in ("passed", "informational")
