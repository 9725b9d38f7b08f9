"""The interval that is shown covers the truth: small simulations, always run.

Agents with persistent noise, team-week shocks, leavers: the setting in which plain clustered errors are too small. The
full study on the sample world is a benchmark; here a narrow world must be covered about as often as promised.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis import Panel, estimate
from analysis.panel.panel import NEVER

#: Worlds per test; the bounds below leave three binomial standard errors around the promised 95%.
WORLDS = 300
LOWEST, HIGHEST = 0.91, 0.985


def world(seed: int, teams: int, size: int = 8, weeks: int = 24, rho: float = 0.7) -> tuple[Panel, float]:
    """A roll-out of whole teams in three waves with autocorrelated agents, and its true average effect."""
    draw = np.random.default_rng([seed, teams])
    n_agents = teams * size
    team = np.repeat(np.arange(teams), size)
    wave = np.full(teams, NEVER, dtype=np.int64)
    order = draw.permutation(teams)
    for k, members in enumerate(np.array_split(order[: round(0.75 * teams)], 3)):
        wave[members] = 8 + 4 * k
    cohort = wave[team]
    noise = np.zeros((n_agents, weeks))
    for t in range(1, weeks):
        noise[:, t] = rho * noise[:, t - 1] + draw.normal(size=n_agents)
    since = np.arange(weeks)[None, :] - np.where(cohort == NEVER, weeks + 1, cohort)[:, None]
    tau = np.where(since >= 0, 0.3 + 0.02 * since, 0.0) * (1 + 0.3 * draw.normal(size=n_agents))[:, None]
    shocks = draw.normal(scale=0.3, size=(teams, weeks))[team]
    y = draw.normal(size=n_agents)[:, None] + 0.2 * draw.normal(size=weeks).cumsum() + noise + shocks + tau
    leaves = draw.geometric(0.01, size=n_agents)
    den = np.where(np.arange(weeks)[None, :] < leaves[:, None] + 3, draw.integers(5, 40, size=y.shape), 0).astype(float)
    panel = Panel(
        num=y * den,
        den=den,
        cohort_ix=cohort,
        cluster_ix=team,
        units=np.arange(n_agents),
        times=np.arange(weeks),
        clusters=np.arange(teams),
    )
    trained = (since >= 0) & (den > 0)
    return panel, float(np.average(tau[trained], weights=den[trained]))


@pytest.mark.parametrize("teams", [15, 40])
def test_the_headline_interval_covers_the_truth(teams: int) -> None:
    covered, analytic, errors = [], [], []
    for seed in range(WORLDS):
        panel, truth = world(seed, teams)
        shown = estimate(panel, "imputation").aggregate("simple").overall
        covered.append(shown.ci_low <= truth <= shown.ci_high)
        plain = estimate(panel, "imputation", variance="analytic").aggregate("simple").overall
        analytic.append(plain.ci_low <= truth <= plain.ci_high)
        errors.append(shown.estimate - truth)
    assert shown.variance == "jackknife"
    assert LOWEST <= np.mean(covered) <= HIGHEST
    assert np.mean(analytic) < np.mean(covered)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(WORLDS)


def test_the_second_opinion_covers_the_truth() -> None:
    covered = []
    for seed in range(WORLDS):
        panel, _ = world(seed, 15)
        even = panel.equal_agents()
        trained = even.observed & even.trained_cells
        shown = estimate(even, "group_time").aggregate("simple").overall
        since = (np.arange(24)[None, :] - np.minimum(even.cohort_ix, 99)[:, None])[trained]
        truth = float(np.mean(0.3 + 0.02 * since))
        covered.append(shown.ci_low <= truth <= shown.ci_high)
    assert 0.90 <= np.mean(covered) <= 0.99
