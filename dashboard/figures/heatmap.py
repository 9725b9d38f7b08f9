"""Waves by time since training: the number in every cell, filled only where it is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures import svg
from dashboard.figures.svg import Tree

CELL_HEIGHT = 32.0
MOST_COLUMNS = 18


def heatmap(cells: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any] | None:
    """A heat map with text in its cells.

    Parameters
    ----------
    cells : sequence of mapping
        ``row, row_label, column, column_label, value`` (positive is better), ``tone, words, tip``. A cell that is not
        there is crossed out: not enough data.
    label : str
        What it shows, in words.

    Returns
    -------
    dict or None
        A figure; None without cells.
    """
    if not cells:
        return None
    return {"label": label, "wide": _draw(cells, 860.0, 128.0, 12.0), "narrow": _by_row(cells)}


def _draw(cells: Sequence[Mapping[str, Any]], width: float, left: float, top_pad: float) -> Tree:
    rows = list(dict.fromkeys((str(cell["row"]), str(cell["row_label"])) for cell in cells))
    last = min(MOST_COLUMNS - 1, max(int(cell["column"]) for cell in cells))
    room = (width - left) / (last + 1)
    room = min(room, 76.0)
    top = top_pad + 26
    strongest = max(abs(float(cell["value"])) for cell in cells) or 1.0
    labels = {int(cell["column"]): str(cell["column_label"]) for cell in cells}
    body: list[Any] = [svg.text(left, top_pad, "weeks since training", "tick strong")]
    body += [
        svg.text(left + room * (column + 0.5), top - 6, labels.get(column, ""), "tick small", "middle")
        for column in range(last + 1)
    ]
    there = {(str(cell["row"]), int(cell["column"])): cell for cell in cells}
    for index, (key, name) in enumerate(rows):
        base = top + CELL_HEIGHT * index
        body.append(svg.text(0, base + CELL_HEIGHT / 2 + 4, svg.clip(name, 13, left - 8), "label"))
        for column in range(last + 1):
            cell = there.get((key, column))
            box = {"x": left + room * column + 1, "y": base + 1, "width": room - 2, "height": CELL_HEIGHT - 2, "rx": 2}
            body.append(_cell(cell, box, strongest) if cell else _crossed(box))
    return svg.canvas(width, top + CELL_HEIGHT * len(rows) + 6, *body)


def _cell(cell: Mapping[str, Any], box: Mapping[str, float], strongest: float) -> Tree:
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 4)
    tone = str(cell["tone"])
    if tone == "unsure":
        shape = svg.el("rect", {**box, "class": "fill-surface stroke-line"})
        words = svg.text(*middle, str(cell["words"]), "tick", "middle")
    else:
        depth = 0.18 + 0.34 * min(1.0, abs(float(cell["value"])) / strongest)
        shape = svg.el("rect", {**box, "class": f"fill-{tone}", "opacity": f"{depth:.2f}"})
        words = svg.text(*middle, str(cell["words"]), "strong", "middle")
    return svg.mark(str(cell["tip"]), shape, words)


def _crossed(box: Mapping[str, float]) -> Tree:
    """No number: the wave was not followed for so long, or by too few agents."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return svg.line(x - 5, y, x + 5, y, "grid thick")


def _by_row(cells: Sequence[Mapping[str, Any]]) -> Tree:
    """For a narrow column: the first columns only, wide enough to read."""
    few = [cell for cell in cells if int(cell["column"]) < 5]
    return _draw(few or cells, 358.0, 92.0, 12.0)
