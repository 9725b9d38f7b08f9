"""Coverage, power and false alarms of phrase calibration in simulated worlds.

``python -m benchmarks.heard [RUNS]`` prints the figures of docs/conversations.md; a smaller number of runs is a test.
Worlds: 24 teams of 10 agents, half of the teams trained, 400 transcripts and 8 labelled contacts an agent and period.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.effects.heard import calibrate, corrected, same_accuracy

TEAMS, AGENTS, TRANSCRIPTS, LABELS = 24, 10, 400, 8
LEVEL, EFFECT = 0.35, 0.10
SENSITIVITY, SPECIFICITY = 0.75, 0.93
TEAM_SD, AGENT_SD, TEAM_WEEK_SD = 0.05, 0.06, 0.02


@dataclass(frozen=True)
class World:
    """Labelled contacts, and shares heard by team and period, shape (teams, 2)."""

    heard: np.ndarray
    labelled: np.ndarray
    team: np.ndarray
    after: np.ndarray
    shares_heard: np.ndarray
    shares_labelled: np.ndarray


def world(rng: np.random.Generator, effect: float, taught: float = 0.0) -> World:
    """Draw one world; ``taught`` is the fall of specificity where training teaches empty phrases."""
    trained = np.arange(TEAMS) < TEAMS // 2
    base = LEVEL + rng.normal(0, TEAM_SD, (TEAMS, 1, 1)) + rng.normal(0, AGENT_SD, (TEAMS, AGENTS, 1))
    period = rng.normal(0, TEAM_WEEK_SD, (TEAMS, 1, 2))
    late = np.zeros((TEAMS, 1, 2), bool)
    late[trained, :, 1] = True
    rate = np.clip(base + period + effect * late, 0.01, 0.99)
    specificity = np.where(late, SPECIFICITY - taught, SPECIFICITY)
    shown = rng.binomial(TRANSCRIPTS, rate)
    false = np.broadcast_to(1 - specificity, shown.shape)
    heard = rng.binomial(shown, SENSITIVITY) + rng.binomial(TRANSCRIPTS - shown, false)
    shape = (TEAMS, AGENTS, 2, LABELS)
    truth = rng.random(shape) < rate[..., None]
    hits = rng.random(shape) < np.where(truth, SENSITIVITY, np.broadcast_to(false[..., None], shape))
    return World(
        hits.ravel(),
        truth.ravel(),
        np.broadcast_to(np.arange(TEAMS)[:, None, None, None], shape).ravel(),
        np.broadcast_to(late[..., None], shape).ravel(),
        heard.sum(1) / (AGENTS * TRANSCRIPTS),
        truth.mean((1, 3)),
    )


def difference(shares: np.ndarray) -> tuple[float, float]:
    """Effect and error of a difference in differences over teams, half of them trained."""
    change = shares[:, 1] - shares[:, 0]
    first, second = change[: TEAMS // 2], change[TEAMS // 2 :]
    return float(first.mean() - second.mean()), float(np.sqrt(first.var(ddof=1) / 12 + second.var(ddof=1) / 12))


def simulate(runs: int, seed: int = 20) -> dict[str, float]:
    """Coverage and bias after correction, power with phrases and with labels, and how often the check blocks."""
    rng = np.random.default_rng(seed)
    covered, estimates, power_heard, power_labels, alarms, caught = [], [], [], [], [], []
    threshold = stats.t.ppf(0.975, TEAMS - 2)
    for _ in range(runs):
        drawn = world(rng, EFFECT)
        effect, error = difference(drawn.shares_heard)
        result = corrected(effect, error, calibrate(drawn.heard, drawn.labelled, drawn.team), TEAMS)
        covered.append(result.ci_low <= EFFECT <= result.ci_high)
        estimates.append(result.estimate)
        weak = world(rng, EFFECT / 3)
        phrases, labels = difference(weak.shares_heard), difference(weak.shares_labelled)
        power_heard.append(abs(phrases[0]) > threshold * phrases[1])
        power_labels.append(abs(labels[0]) > threshold * labels[1])
        alarms.append(_blocks(drawn, rng))
        caught.append(_blocks(world(rng, EFFECT, taught=0.10), rng))
    return {
        "coverage": float(np.mean(covered)),
        "mean": float(np.mean(estimates)),
        "power of phrases": float(np.mean(power_heard)),
        "power of labels": float(np.mean(power_labels)),
        "blocks where nothing changed": float(np.mean(alarms)),
        "blocks where specificity fell": float(np.mean(caught)),
    }


def _blocks(drawn: World, rng: np.random.Generator, negatives: int = 400) -> bool:
    """The check with 400 labelled negatives after training and as many otherwise."""
    kept = []
    for late in (True, False):
        mine = np.flatnonzero(drawn.after == late)
        negative = mine[~drawn.labelled[mine]]
        share = min(1.0, negatives / len(negative))
        kept.append(mine[rng.random(len(mine)) < share])
    index = np.concatenate(kept)
    return same_accuracy(drawn.heard[index], drawn.labelled[index], drawn.team[index], drawn.after[index]).blocks


if __name__ == "__main__":
    for name, value in simulate(int(sys.argv[1]) if len(sys.argv) > 1 else 1000).items():
        print(f"{name:32} {value:.3f}")
