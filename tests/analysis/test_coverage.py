"""The small version of benchmarks/coverage.py: always run, on few worlds, with limits that luck will not cross."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

WORLDS = 24
LOWEST_COVERED = 19
"""With true coverage 95%, 18 or fewer of 24 happens once in 3,000."""
LARGEST_BIAS_ERRORS = 3.5
"""Mean error over worlds in units of its own standard error."""


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_study", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_study"] = module
    spec.loader.exec_module(module)
    return module


def row(coverage: ModuleType, name: str) -> object:
    return next(r for r in coverage.ROWS if r.name == name)


@pytest.mark.parametrize(
    "name",
    [
        "agents drawn at random, 40 teams",
        "team waves, 40 teams",
        "team waves, 15 teams",
        "worst first, rule recorded, 40 teams",
    ],
)
def test_intervals_cover_and_estimates_are_centred(coverage: ModuleType, name: str) -> None:
    line = coverage.run(row(coverage, name), WORLDS)

    assert line.coverage * WORLDS >= LOWEST_COVERED
    assert abs(line.bias) < LARGEST_BIAS_ERRORS * line.spread / WORLDS**0.5


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("no effect, worst first, rule recorded, 40 teams", 5),
        ("no effect, worst first, recorded as unknown, 40 teams", 0),
        ("no effect, worst first, recorded as team waves, 40 teams", 2),
    ],
)
def test_a_programme_that_does_nothing_is_not_called_clear(coverage: ModuleType, name: str, most: int) -> None:
    """At a true rate of 5%, 6 or more of 24 happens twice in 1,000."""
    line = coverage.run(row(coverage, name), WORLDS)

    assert round(line.clear * WORLDS) <= most


def test_the_naive_numbers_are_wrong_where_the_table_says(coverage: ModuleType) -> None:
    """Before/after takes half a year of other changes for the effect; the usual regression takes the rebound for it."""
    line = coverage.run(row(coverage, "no effect, worst first, rule recorded, 40 teams"), 8)

    assert line.before_after < -0.01
    assert line.twfe < -0.003


def test_the_table_has_a_line_for_every_row(coverage: ModuleType) -> None:
    lines = [coverage.run(r, 2, seats_per_team=4, weeks=40) for r in coverage.ROWS[1:3]]
    text = coverage.markdown(lines)

    assert text.count("\n") == 4
    assert "team waves, 15 teams" in text
