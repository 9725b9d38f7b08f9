"""Check that the smallest detectable change is detected in 80% of worlds with autocorrelated team shocks.

The plan uses the variance components of the worlds; the headline estimator and its interval are then applied to each
world, with the change that the plan calls detectable.

    python -m benchmarks.planning --worlds 1000
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from analysis import Panel, estimate
from analysis.planning.rollout import reach
from analysis.planning.variance_components import Components, estimate_components

COMPONENTS = Components(0.0004, 0.8, 0.0004)
HISTORY, AFTER = 26, 12
STARTS = {
    "24 teams, three waves and six untrained": np.repeat([0, 3, 6, -1], 6),
    "40 teams, half at once": np.repeat([0, -1], 20),
}


@dataclass(frozen=True)
class Line:
    """Share of worlds in which the change was detected, with the change."""

    plan: str
    change: float
    power: float
    estimated_autocorrelation: float


def run(plan: str, worlds: int, seed: int = 1) -> Line:
    """Detect the plan's smallest change in worlds made anew."""
    starts = STARTS[plan]
    change = reach(starts, HISTORY, AFTER, COMPONENTS)[-1].detectable
    weeks, teams = HISTORY + AFTER, starts.size
    cohort = np.where(starts < 0, weeks + 1, HISTORY + starts).astype(np.int64)
    trained = np.arange(weeks)[None, :] >= cohort[:, None]
    root = np.linalg.cholesky(COMPONENTS.covariance(weeks))
    rng = np.random.default_rng(seed)
    told, lasting = 0, []
    for _ in range(worlds):
        plain = rng.standard_normal((teams, weeks)) @ root.T
        plain += 0.1 * rng.standard_normal((teams, 1)) + 0.02 * rng.standard_normal((1, weeks))
        if len(lasting) < 20:
            lasting.append(estimate_components(plain[:, :HISTORY]).autocorrelation)
        y = plain + change * trained
        ix = np.arange(teams)
        panel = Panel(y, np.ones_like(y), cohort, ix, ix, np.arange(weeks), ix)
        told += estimate(panel, "imputation").aggregate("simple").overall.ci_low > 0
    return Line(plan, float(change), told / worlds, float(np.median(lasting)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000)
    given = parser.parse_args()
    for name in STARTS:
        print(run(name, given.worlds))
