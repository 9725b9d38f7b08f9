"""The small version of benchmarks/coverage.py: always run, on few worlds, with limits that chance will not cross."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

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
    simulate, drawn = module.simulate_panel, {}

    def drawn_once(params: Any) -> Any:
        """Rows without effects differ in what was recorded about the same worlds."""
        if params.effect_scale:
            return simulate(params)
        if repr(params) not in drawn:
            drawn[repr(params)] = simulate(params)
        return drawn[repr(params)]

    module.simulate_panel = drawn_once
    module.one_world = cache(module.one_world)  # of one row two tests run the same worlds
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


def test_every_row_that_was_promised_is_made(coverage: ModuleType) -> None:
    names = [r.name for r in coverage.ROWS]

    for way in ("agents drawn at random", "team waves"):
        assert [f"{way}, {teams} teams" in names for teams in (200, 40, 15)] == [True] * 3
    assert "worst first, rule recorded, 40 teams" in names


def test_a_row_is_put_in_its_place_and_the_others_stay(coverage: ModuleType) -> None:
    text = "Before.\n<!-- table -->\n<!-- /table -->\nAfter.\n"
    for name in ("team waves, 15 teams", "agents drawn at random, 40 teams", "team waves, 15 teams"):
        text = coverage.with_row(text, coverage.run(row(coverage, name), 2, seats_per_team=4, weeks=40))
    table = [line for line in text.splitlines() if line.startswith("|")]

    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "agents drawn at random, 40 teams",
        "team waves, 15 teams",
    ]
    assert {line.count("|") for line in table} == {table[0].count("|")}
    assert text.startswith("Before.")
    assert text.endswith("After.\n")


def test_the_document_has_every_row_with_at_least_500_worlds_in_the_band(coverage: ModuleType) -> None:
    """docs/coverage.md is what the intervals are believed on, so it is held to what it says itself."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    cells = {line.split("|")[1].strip(): line.split("|") for line in text.splitlines() if line.startswith("| ")}

    for r in coverage.ROWS:
        assert int(cells[r.name][2]) >= 500 * r.times, r.name
        if r.world_mode == r.recorded_mode:
            assert 93.0 <= float(cells[r.name][4].split("%")[0]) <= 97.0, r.name
        elif not r.effect_scale:
            assert float(cells[r.name][10].strip().strip("%")) <= 5.0, r.name
