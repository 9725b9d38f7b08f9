"""The small version of benchmarks/coverage_readings.py: few worlds, with limits that luck will not cross."""

from __future__ import annotations

import pytest

from benchmarks.coverage_readings import ROWS, run

WORLDS = 8
LOWEST_HELD = 5
"""With true coverage 95%, 4 or fewer of 8 happens once in 3,000."""


@pytest.mark.parametrize(
    "name",
    [
        "stay: training keeps people, bounds, 20 teams",
        "team-mates: ten points of team-mates, 20 teams",
        "half-life: 20 weeks, 20 teams",
        "who gains: worst third against the others, 20 teams",
    ],
)
def test_intervals_hold_the_truth(name: str) -> None:
    line = run(next(row for row in ROWS if row.name == name), WORLDS)

    assert len(line.found) >= WORLDS - 1
    assert sum(found.held for found in line.found) >= LOWEST_HELD
