"""The small version of benchmarks/coverage_readings.py: few worlds, with limits that chance will not cross."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import worlds_kept
from benchmarks.coverage_readings import ROWS, run

WORLDS = 8
ENOUGH = 1000
"""Worlds from which on a row decides."""
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


def test_every_row_stands_in_the_document_with_its_luck() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    part = text[text.index("<!-- readings -->") : text.index("<!-- /readings -->")]
    cells = {line.split("|")[1].strip(): line.split("|") for line in part.splitlines() if line.startswith("| ")}
    for row in ROWS:
        worlds = int(cells[row.name][2])
        told = round(worlds * float(cells[row.name][3].strip().strip("%")) / 100)
        held, luck = (float(value) for value in cells[row.name][5].replace("%", "").split("±"))
        assert luck == pytest.approx(258 * math.sqrt(held / 100 * (1 - held / 100) / told), abs=0.3), row.name
        assert worlds >= ENOUGH, row.name
        assert held >= 93.0, row.name


@dataclass(frozen=True)
class Drawn:
    """An outcome of one world."""

    number: float
    told: bool


def test_worlds_that_were_kept_are_used_while_the_code_makes_the_same_of_them(tmp_path: Path) -> None:
    made: list[int] = []

    def judge(seed: int, shift: float = 0.0) -> Drawn:
        made.append(seed)
        return Drawn(np.float64(seed / 3 + shift) if seed else math.nan, np.bool_(seed > 1))  # type: ignore[arg-type]

    first = worlds_kept.worlds(judge, Drawn, "A row", range(4), keep=tmp_path)
    made.clear()
    again = worlds_kept.worlds(judge, Drawn, "A row", range(6), keep=tmp_path)
    assert [one.told for one in again] == [False, False, True, True, True, True]
    assert again[1:4] == first[1:4]
    assert sorted(made) == [0, 3, 4, 5]  # the first and the last that were there, and the two that were not
    assert worlds_kept.worlds(partial(judge, shift=1e-13), Drawn, "A row", range(6), keep=tmp_path)[1:] == again[1:]
    with pytest.raises(worlds_kept.OtherCodeError, match="world 5 is not what today's code makes of it"):
        worlds_kept.worlds(partial(judge, shift=1e-6), Drawn, "A row", range(6), keep=tmp_path)
