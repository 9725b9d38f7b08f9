"""A roll-out as a grid: teams by weeks, trained or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, text
from dashboard.views.plan import Place

ROW = 18.0
MOST_ROWS = 60


def roll_out(places: Sequence[Place], gap_weeks: int, after_weeks: int) -> dict[str, Any] | None:
    """Who is trained from which week on, and who stays untrained.

    Parameters
    ----------
    places : sequence of Place
        In the order of the waves.
    gap_weeks, after_weeks : int
        Weeks between waves, and weeks shown.

    Returns
    -------
    dict or None
        A figure; None without teams.
    """
    if not places:
        return None
    waves = len({place.wave for place in places if place.wave is not None})
    untrained = sum(place.wave is None for place in places)
    label = f"{len(places)} teams by week: {waves} waves, {untrained} teams stay untrained."
    return {"label": label, "wide": _draw(places, gap_weeks, after_weeks, 400.0), "narrow": None}


def _draw(places: Sequence[Place], gap: int, after: int, width: float) -> Tree:
    left, shown = 130.0, places[:MOST_ROWS]
    height = 20 + len(shown) * ROW + 4
    unit = (width - left - 4) / after
    parts: list[Any] = [
        text(left, 12, "week 0", "tick small"),
        text(width - 4, 12, f"week {after}", "tick small", "end"),
    ]
    for number, place in enumerate(shown):
        y = 20 + number * ROW
        start = None if place.wave is None else (place.wave - 1) * gap
        when = "stays untrained" if start is None else f"wave {place.wave}, from week {start}"
        bars = [el("rect", {"x": left, "y": y + 3, "width": after * unit, "height": ROW - 6, "class": "fill-band"})]
        if start is not None:
            at = {"x": left + start * unit, "y": y + 3, "width": (after - start) * unit, "height": ROW - 6}
            bars.append(el("rect", {**at, "class": "fill-trained"}))
        name = clip(f"{'▪ ' if place.locked else ''}{place.team}", 12, left - 6)
        parts.append(mark(f"{place.team}: {when}", text(0, y + 13, name, "tick"), *bars))
    parts.append(line(left, 18, left, height - 2, "axis"))
    return canvas(width, height, *parts)
