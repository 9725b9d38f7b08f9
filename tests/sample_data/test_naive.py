"""Naive comparisons are wrong by the amount that docs/sample-world.md says, in each assignment mode."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from sample_data.naive import FIGURES, Comparison, before_after, row, trained_vs_untrained
from sample_data.panel import PanelWorld
from sample_data.parameters import ASSIGNMENT_MODES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sample-world.md"
SEEDS = 6
SIGMAS = 4.0
"""Standard errors that a re-measured figure may lie from the documented one."""

ROUNDING = 0.005
"""Points: the page gives two decimals."""


def _documented() -> dict[tuple[str, str], list[tuple[float, float] | None]]:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("<!-- naive table: begin -->")[1].split("<!-- naive table: end -->")[0]
    rows = {}
    for line in table.strip().splitlines()[2:]:
        mode, effects, *figures = (cell.strip() for cell in line.strip("|").split("|"))
        found = [re.fullmatch(r"([+-][\d.]+) ± ([\d.]+)", figure) for figure in figures]
        rows[mode.strip("`"), effects] = [(float(m[1]), float(m[2])) if m else None for m in found]
    return rows


def test_every_mode_is_documented() -> None:
    documented = _documented()
    assert {mode for mode, _ in documented} == set(ASSIGNMENT_MODES)
    assert len(documented) == 2 * len(ASSIGNMENT_MODES) - 1


@pytest.mark.parametrize(("mode", "effects"), sorted(_documented()))
def test_naive_comparisons_are_as_wrong_as_documented(mode: str, effects: str) -> None:
    worlds = int(re.search(r"mean over (\d+) worlds", PAGE.read_text(encoding="utf-8"))[1])  # type: ignore[index]
    measured = row(mode, 0.0 if effects == "none" else 1.0, SEEDS)
    for name, told in zip(FIGURES, _documented()[mode, effects], strict=True):
        if told is None:
            continue
        between_worlds = (told[1] + ROUNDING) * worlds**0.5
        allowed = SIGMAS * between_worlds * (1 / SEEDS + 1 / worlds) ** 0.5 + ROUNDING
        assert abs(measured.figures[name][0] - told[0]) < allowed, name


def test_documented_lessons_hold() -> None:
    """The sentences under the table."""
    told = _documented()

    def error(mode: str, effects: str, name: str) -> float:
        figure = told[mode, effects][FIGURES.index(name)]
        assert figure is not None
        return figure[0]

    truth = error("lowest_performers", "default", "truth")
    assert error("lowest_performers", "default", "error_12") < 0.4 * truth, "overstates by more than 40%"
    assert error("lowest_performers", "none", "error_12") < -0.8, "a phantom where training does nothing"
    assert truth + error("lowest_performers", "default", "error_groups") > -0.6
    assert error("volunteers", "none", "error_groups") < -1.5
    assert abs(error("none", "default", "error_12")) > 0.3, "weeks alone move the figure"


def _frame() -> PanelWorld:
    frame = pl.DataFrame(
        {
            "agent": [0, 0, 0, 1, 1, 1],
            "week": [0, 1, 2, 0, 1, 2],
            "trained_week": [1, 1, 1, None, None, None],
            "y": [0.2, 0.1, 0.1, 0.3, 0.3, 0.4],
            "n": [10, 10, 30, 10, 10, 10],
        }
    )
    truth = frame.select("agent", "week", "n").with_columns(
        pl.Series("tau", [0.0, -0.02, -0.04, 0.0, 0.0, 0.0]), pl.Series("trained", [False, True, True] + [False] * 3)
    )
    return PanelWorld(frame=frame, truth=truth)


def test_before_after_by_hand() -> None:
    found = before_after(_frame(), 2)
    assert found.naive == pytest.approx(0.1 - 0.2)
    assert found.truth == pytest.approx((-0.02 * 10 - 0.04 * 30) / 40)
    assert found.error == pytest.approx(found.naive - found.truth)


def test_trained_vs_untrained_by_hand() -> None:
    found = trained_vs_untrained(_frame(), 1)
    assert found == Comparison(naive=pytest.approx(0.1 - 0.4), truth=pytest.approx(-0.04))
