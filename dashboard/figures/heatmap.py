"""Heat map of waves by time since training: a number in every cell, coloured only where clear."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree

ACROSS = "weeks since training"
CELL_HEIGHT = 32.0
MOST_COLUMNS = 18
MOST_NARROW_COLUMNS = 7
"""Columns beside each other where a column of text is narrow; the rest stands below."""


def heatmap(cells: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any] | None:
    """A heat map with text in its cells.

    Parameters
    ----------
    cells : sequence of mapping
        ``row, row_label, column, column_label, value`` (positive is better), ``tone, words, tip`` and, where events
        fell in it, ``events``: their numbers. A cell that is not there is crossed out: not enough data.
    label : str
        What it shows, in words.

    Returns
    -------
    dict or None
        A figure; None without cells.
    """
    if not cells:
        return None
    columns = min(MOST_COLUMNS, 1 + max(int(cell["column"]) for cell in cells))
    parts = math.ceil(columns / MOST_NARROW_COLUMNS)
    return {
        "label": label,
        "wide": _draw(cells, 860.0, 128.0, columns, columns),
        "narrow": _draw(cells, 358.0, 98.0, columns, math.ceil(columns / parts)),
        "plot": plots.tiles([cell for cell in cells if int(cell["column"]) < columns], across=ACROSS),
    }


def _draw(cells: Sequence[Mapping[str, Any]], width: float, left: float, columns: int, at_once: int) -> Tree:
    """The map in strips of ``at_once`` columns, one below the other."""
    rows = list(dict.fromkeys((str(cell["row"]), str(cell["row_label"])) for cell in cells))
    room = min((width - left) / at_once, 76.0)
    strongest = max(abs(float(cell["value"])) for cell in cells) or 1.0
    labels = {int(cell["column"]): str(cell["column_label"]) for cell in cells}
    there = {(str(cell["row"]), int(cell["column"])): cell for cell in cells}
    body: list[Any] = [svg.text(left, 12, ACROSS, "tick strong")]
    top = 12.0
    for first in range(0, columns, at_once):
        top += 26
        strip = range(first, min(first + at_once, columns))
        for column in strip:
            at = left + room * (column - first + 0.5)
            body.append(svg.text(at, top - 6, labels.get(column, ""), "tick small", "middle"))
        for key, name in rows:
            body.append(svg.text(0, top + CELL_HEIGHT / 2 + 4, svg.clip(name, 13, left - 4), "label"))
            for column in strip:
                cell, at = there.get((key, column)), left + room * (column - first) + 1
                box = {"x": at, "y": top + 1, "width": room - 2, "height": CELL_HEIGHT - 2, "rx": 2}
                body.append(_cell(cell, box, strongest) if cell else _crossed(box))
            top += CELL_HEIGHT
    return svg.canvas(width, top + 6, *body)


def _cell(cell: Mapping[str, Any], box: Mapping[str, float], strongest: float) -> Tree:
    numbers, shown = str(cell.get("events", "")), str(cell["words"])
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + (8 if numbers else 4))
    tone, size = str(cell["tone"]), " tiny" if svg.text_width(shown, 12) > box["width"] - 4 else ""
    if tone == "unsure":
        shape = svg.el("rect", {**box, "class": "fill-surface stroke-line"})
        words = svg.text(*middle, shown, f"tick{size}", "middle")
    else:
        depth = 0.18 + 0.34 * min(1.0, abs(float(cell["value"])) / strongest)
        shape = svg.el("rect", {**box, "class": f"fill-{tone}", "opacity": f"{depth:.2f}"})
        words = svg.text(*middle, shown, f"strong{size}", "middle")
    corner = svg.text(box["x"] + box["width"] - 3, box["y"] + 9, numbers, "tick tiny", "end") if numbers else None
    return svg.mark(str(cell["tip"]), shape, words, corner)


def _crossed(box: Mapping[str, float]) -> Tree:
    """No number: the wave was not followed for so long, or by too few agents."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return svg.line(x - 5, y, x + 5, y, "grid thick")
