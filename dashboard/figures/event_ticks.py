"""Numbered ticks of events on charts over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from dashboard import plots
from dashboard.figures.svg import Tree, el, line, mark, text, text_width
from dashboard.views.events import Tick

HEIGHT, SHORT = 9.0, 6.0
SIZE = 11.0
APART = 4.0


def event_ticks(
    ticks: Sequence[Tick], x: Callable[[Any], float | None], base: float, *, beside: bool = False
) -> list[Tree]:
    """Grey ticks that stand on ``base``, with their numbers above them where those do not overlap.

    Parameters
    ----------
    ticks : sequence of Tick
    x : callable
        From a tick's day or week to pixels; None where it is off the axis.
    base : float
        Height of the axis, in pixels.
    beside : bool
        Whether numbers stand beside short ticks that hang from the axis, for drawings without room above it.
    """
    found, free = [], -1e9
    for tick in ticks:
        at = x(tick.at)
        if at is None:
            continue
        width = text_width(tick.numbers, SIZE)
        rise = SHORT if beside else HEIGHT
        start, up, anchor = (at + 3, base + 1, "start") if beside else (at - width / 2, base - HEIGHT - 3, "middle")
        parts = [
            el("rect", {"x": at - 6, "y": base - HEIGHT - 12, "width": 12, "height": HEIGHT + 12, "class": "hit"}),
            line(at, base - rise, at, base, "stroke-muted thick"),
        ]
        if start > free:
            parts.append(text(at + 3 if beside else at, up, tick.numbers, "tick small", anchor))
            free = start + width + APART
        found.append(mark(tick.words, *parts))
    return found


def beside(days: Sequence[date]) -> Callable[[Any], float | None]:
    """From a day to its place on an axis of numbered points, each of which begins at a day.

    Parameters
    ----------
    days : sequence of date
        First day of every point, in order.
    """

    def place(day: Any) -> float | None:
        after = bisect_right(days, day)
        if after == 0 or not days:
            return None
        begin = days[after - 1]
        length = (days[after] - begin).days if after < len(days) else _usual(days)
        part = (day - begin).days / length
        return after - 1 + part if part < 1 else None

    return place


def plotted(spec: plots.Spec, ticks: Sequence[Tick], foot: float = 0.0) -> plots.Spec:
    """A Plotly figure with the same ticks.

    Parameters
    ----------
    spec : dict
        From a function of :mod:`dashboard.plots`.
    ticks : sequence of Tick
    foot : float
        Where the axis stands, as a share of the height.
    """
    made = [(tick.at.isoformat() if isinstance(tick.at, date) else tick.at, tick) for tick in ticks]
    return plots.with_events(spec, [(at, tick.numbers, tick.words) for at, tick in made], foot)


def _usual(days: Sequence[date]) -> int:
    return (days[-1] - days[-2]).days if len(days) > 1 else 7
