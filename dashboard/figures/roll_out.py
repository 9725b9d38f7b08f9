"""A roll-out as a grid: teams by weeks, trained or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard import plots
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, text
from dashboard.views.plan import Place

ROW = 18.0
MOST_ROWS = 60


def roll_out(places: Sequence[Place], gap_weeks: int, after_weeks: int, locale: str = "en_GB") -> dict[str, Any] | None:
    """Who is trained from which week on, and who stays untrained.

    Parameters
    ----------
    places : sequence of Place
        In the order of the waves.
    gap_weeks, after_weeks : int
        Weeks between waves, and weeks shown.
    locale : str
        For the numbers of the interactive figure.

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
    rows = [
        plots.Stay(_name(place), f"{place.team}: {_when(place, gap_weeks)}", _start(place, gap_weeks))
        for place in places[:MOST_ROWS]
    ]
    return {
        "label": label,
        "wide": _draw(places, gap_weeks, after_weeks, 400.0),
        "narrow": None,
        "plot": plots.timeline(rows, end=after_weeks, across="weeks since the first wave", locale=locale),
    }


def _name(place: Place) -> str:
    return f"{'▪ ' if place.locked else ''}{place.team}"


def _start(place: Place, gap: int) -> int | None:
    return None if place.wave is None else (place.wave - 1) * gap


def _when(place: Place, gap: int) -> str:
    start = _start(place, gap)
    return "stays untrained" if start is None else f"wave {place.wave}, from week {start}"


def _draw(places: Sequence[Place], gap: int, after: int, width: float) -> Tree:
    left, shown = 130.0, places[:MOST_ROWS]
    beyond = len(places) - len(shown)
    height = 20 + len(shown) * ROW + 4 + (16 if beyond else 0)
    unit = (width - left - 4) / after
    parts: list[Any] = [
        text(left, 12, "week 0", "tick small"),
        text(width - 4, 12, f"week {after}", "tick small", "end"),
    ]
    for number, place in enumerate(shown):
        y = 20 + number * ROW
        start = _start(place, gap)
        bars = [el("rect", {"x": left, "y": y + 3, "width": after * unit, "height": ROW - 6, "class": "fill-band"})]
        if start is not None:
            at = {"x": left + start * unit, "y": y + 3, "width": (after - start) * unit, "height": ROW - 6}
            bars.append(el("rect", {**at, "class": "fill-trained"}))
        name = clip(_name(place), 12, left - 6)
        parts.append(mark(f"{place.team}: {_when(place, gap)}", text(0, y + 13, name, "tick"), *bars))
    parts.append(line(left, 18, left, 20 + len(shown) * ROW + 2, "axis"))
    if beyond:
        parts.append(text(0, height - 4, f"and {beyond} more, in the table", "tick small"))
    return canvas(width, height, *parts)
