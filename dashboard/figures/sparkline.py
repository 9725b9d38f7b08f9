"""A level week by week, small, with the week training began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from dashboard.figures.event_ticks import beside, event_ticks
from dashboard.figures.svg import canvas, el, line, mark, path, scale, text
from dashboard.views.events import Tick
from dashboard.views.overview import Week

WIDTH, HEIGHT = 260.0, 52.0
TOP, BOTTOM = 6.0, 38.0
EVENTS = 12.0
"""Further height where events are marked, below the curve."""


def sparkline(
    trend: Sequence[Week],
    *,
    label: str,
    show: Callable[[float], str],
    show_day: Callable[[date], str],
    trained_from: date | None = None,
    target: float | None = None,
    ticks: Sequence[Tick] = (),
) -> dict[str, Any] | None:
    """The trend of a KPI card.

    Parameters
    ----------
    trend : sequence of Week
    label : str
        What is drawn, in words.
    show, show_day : callable
        From a level and a day to words.
    trained_from : date, optional
        First week of training.
    target : float, optional
        Level aimed at; drawn when it lies near the data.
    ticks : sequence of Tick
        Events, by day.
    """
    known = [point.value for point in trend if point.value is not None]
    if len(known) < 2:
        return None
    foot = EVENTS if ticks else 0.0
    height = HEIGHT + foot
    low, high = min(known), max(known)
    margin = (high - low) * 0.12 or abs(high) * 0.05 or 1.0
    if target is not None and low - (high - low) <= target <= high + (high - low):
        low, high = min(low, target), max(high, target)
    x = scale((0, len(trend) - 1), (4, WIDTH - 8))
    y = scale((low - margin, high + margin), (BOTTOM, TOP))
    parts: list[Any] = []
    if target is not None and low <= target <= high:
        parts.append(line(4, y(target), WIDTH - 8, y(target), "stroke-muted dash"))
    start = next((i for i, point in enumerate(trend) if trained_from and point.week >= trained_from), None)
    if start:
        parts += [
            line(x(start), TOP - 4, x(start), BOTTOM, "stroke-muted"),
            text(x(start) + 3, height - 3, "training starts", "tick small")
            if x(start) < WIDTH - 90
            else text(x(start), height - 3, "training starts", "tick small", "end"),
        ]
    points = [None if p.value is None else (x(i), y(p.value)) for i, p in enumerate(trend)]
    split = len(points) - 1 if start is None else start  # whoever is not trained has no trained colour
    parts.append(path(points[: split + 1], "stroke-compare thin"))
    if start is not None:
        parts.append(path(points[split:], "stroke-trained thick"))
    last = max(i for i, p in enumerate(trend) if p.value is not None)
    end = trend[last]
    assert end.value is not None
    dot = "fill-compare" if start is None else "fill-trained"
    parts.append(el("circle", {"cx": x(last), "cy": y(end.value), "r": 3, "class": dot}))
    first = next(p for p in trend if p.value is not None)
    assert first.value is not None
    tip = (
        f"{label}: {show(first.value)} in the week of {show_day(first.week)}, "
        f"{show(end.value)} in the week of {show_day(end.week)}."
    )
    hit = el("rect", {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT - 14, "class": "hit"})
    at = beside([point.week for point in trend])
    grey = event_ticks(ticks, lambda day: None if (place := at(day)) is None else x(place), BOTTOM + 6, beside=True)
    return {"label": tip, "wide": canvas(WIDTH, height, mark(tip, *parts, hit), *grey), "narrow": None}
