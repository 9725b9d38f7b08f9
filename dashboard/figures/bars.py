"""Bar charts of counts and of parts of a whole, one labelled row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree

ROW, LINE = 34.0, 15.0
MOST_LINES = 3
"""Lines of a name; the tip and the table have all of it."""
WIDTH, NARROW = 640.0, 400.0
MOST_ROWS = 24
"""Rows drawn; the table beside a chart has all of them."""


def part_bars(rows: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any] | None:
    """One bar per row: the whole as a pale track, the part filled.

    Parameters
    ----------
    rows : sequence of mapping
        ``label, whole, part, words`` (written at the right) and ``strong`` (whether the words matter); rows without a
        ``whole`` are left out.
    label : str
        What it shows, in words.

    Returns
    -------
    dict or None
        A figure, see :mod:`dashboard.figures`; None when no row may be drawn.
    """
    shown = [row for row in rows if row["whole"]][:MOST_ROWS]
    if not shown:
        return None
    return {
        "label": label,
        "wide": _draw(shown, "trained", WIDTH),
        "narrow": _draw(shown, "trained", NARROW),
        "plot": plots.bars([{**row, "tip": _tip(row)} for row in shown], token="trained", whole=True),
    }


def count_bars(
    rows: Sequence[Mapping[str, Any]], *, label: str, count: Callable[[float], str]
) -> dict[str, Any] | None:
    """One bar per row, as long as its count.

    Parameters
    ----------
    rows : sequence of mapping
        ``label, value``.
    label : str
    count : callable
        From a number to text.
    """
    most = max((float(row["value"]) for row in rows), default=0.0)
    if most <= 0:
        return None
    shown = [
        {"label": row["label"], "whole": most, "part": row["value"], "words": count(row["value"]), "strong": False}
        for row in rows
    ][:MOST_ROWS]
    return {
        "label": label,
        "wide": _draw(shown, "compare", WIDTH, track=False),
        "narrow": _draw(shown, "compare", NARROW, track=False),
        "plot": plots.bars([{**row, "tip": _tip(row)} for row in shown], token="compare", whole=False),
    }


def _tip(row: Mapping[str, Any]) -> str:
    return f"{row['label']}: {row['words']}"


def _draw(rows: Sequence[Mapping[str, Any]], colour: str, width: float, *, track: bool = True) -> Tree:
    edge, top = 4.0, 4.0
    x = svg.scale((0, max(float(row["whole"]) for row in rows)), (edge, width - edge))
    body: list[Any] = []
    base = top
    for row in rows:
        whole, part = float(row["whole"]), min(float(row["part"] or 0), float(row["whole"]))
        words = str(row["words"])
        room = width - 2 * edge - svg.text_width(words, 12.5) - 12
        lines = [svg.clip(line, 12, room) for line in svg.wrap(str(row["label"]), 12, room)]
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], svg.clip(" ".join(lines[MOST_LINES - 1 :]), 12, room)]
        below = LINE * (len(lines) - 1)
        bar = {"x": edge, "y": base + below + 18, "height": 8, "rx": 2}
        row_box = {"x": 0, "y": base, "width": width, "height": ROW + below, "class": "hit", "fill": "transparent"}
        body.append(
            svg.mark(
                _tip(row),
                svg.el("rect", row_box),
                *(svg.text(edge, base + 12 + LINE * number, line) for number, line in enumerate(lines)),
                svg.text(width - edge, base + 12, words, "strong" if row["strong"] else "tick", "end"),
                svg.el("rect", {**bar, "width": x(whole) - edge, "class": "fill-line"}) if track else None,
                svg.el("rect", {**bar, "width": max(1.0, x(part) - edge), "class": f"fill-{colour}"}) if part else None,
            )
        )
        base += ROW + below
    return svg.canvas(width, base + 4, *body)
