"""One group over time: level by four weeks, the training, the level before it, after it, and expected without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.event_ticks import event_ticks, plotted
from dashboard.figures.svg import Tree
from dashboard.views.events import Tick


def pair_lines(
    points: Sequence[Mapping[str, Any]],
    *,
    label: str,
    span: tuple[float, float],
    period: tuple[date, date],
    trained_from: date | None,
    before: float,
    after: float,
    expected: float,
    show: Callable[[float], str],
    show_day: Callable[[Any], str],
    locale: str = "en_GB",
    ticks: Sequence[Tick] = (),
) -> dict[str, Any] | None:
    """A small line chart, on the axes it shares with its neighbour.

    Parameters
    ----------
    points : sequence of mapping
        ``week, level`` in order.
    label : str
    span : tuple of float
        Ends of the level axis, the same for both groups of a pair.
    period : tuple of date
        Ends of the time axis.
    trained_from : date or None
        When training began.
    before, after, expected : float
        Levels drawn as lines over the time before and after; NaN for none.
    show, show_day : callable
        To text in the reader's locale.
    locale : str
        For the numbers of the interactive figure.
    ticks : sequence of Tick
        Events, by day.

    Returns
    -------
    dict or None
        A figure; None with fewer than two points.
    """
    if len(points) < 2:
        return None
    rest = (points, span, period, trained_from, (before, after, expected), show, show_day)
    return {
        "label": label,
        "wide": _draw(560.0, 168.0, ticks, *rest),
        "narrow": _draw(330.0, 190.0, ticks, *rest),
        "plot": plotted(_plot(*rest, locale), ticks),
    }


def _plot(
    points: Sequence[Mapping[str, Any]],
    span: tuple[float, float],
    period: tuple[date, date],
    trained_from: date | None,
    levels: tuple[float, float, float],
    show: Callable[[float], str],
    show_day: Callable[[Any], str],
    locale: str,
) -> plots.Spec:
    first, last = period
    weeks, values = [f"{row['week']:%Y-%m-%d}" for row in points], [float(row["level"]) for row in points]
    tips = [_tip(row, show, show_day) for row in points]
    lines = [plots.Line("", weeks, values, tips, token="muted", marks=True, width=1.5, meta="points")]
    marked: list[tuple[Any, str]] = []
    if trained_from is not None and first < trained_from < last:
        before, after, expected = levels
        marked = [(f"{trained_from:%Y-%m-%d}", "trained")]
        for name, value, start, end, token, dash in (
            ("before", before, first, trained_from, "before", "solid"),
            ("expected", expected, trained_from, last, "compare", "dash"),
            ("after", after, trained_from, last, "trained", "solid"),
        ):
            if math.isfinite(value):
                ends = [f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}"]
                lines.append(plots.Line("", ends, [value, value], token=token, dash=dash, meta=f"level {name}"))
    made = plots.curves(lines, across="", up="", span=span, marked=marked, dates=True, locale=locale)
    marks = svg.ticks(*span, 5)
    made["layout"]["yaxis"] |= {"tickvals": marks, "ticktext": [show(value) for value in marks]}
    made["layout"]["margin"] |= {"t": 8}
    return made


def _tip(row: Mapping[str, Any], show: Callable[[float], str], show_day: Callable[[Any], str]) -> str:
    return f"Four weeks from {show_day(row['week'])}: {show(row['level'])}"


def _draw(
    width: float,
    height: float,
    ticks: Sequence[Tick],
    points: Sequence[Mapping[str, Any]],
    span: tuple[float, float],
    period: tuple[date, date],
    trained_from: date | None,
    levels: tuple[float, float, float],
    show: Callable[[float], str],
    show_day: Callable[[Any], str],
) -> Tree:
    left, right, top = 64.0, 8.0, 24.0
    bottom = height - 28
    first, last = period
    x_of = svg.scale((0.0, max(1.0, float((last - first).days))), (left, width - right))

    def x(when: date) -> float:
        return x_of(float((when - first).days))

    y = svg.scale(span, (bottom, top))
    body: list[Any] = []
    for value in svg.ticks(*span, 5):
        body += [
            svg.line(left, y(value), width - right, y(value), "grid"),
            svg.text(left - 8, y(value) + 4, show(value), "tick", "end"),
        ]
    body += [
        svg.text(left, bottom + 18, show_day(first), "tick"),
        svg.text(width - right, bottom + 18, show_day(last), "tick", "end"),
    ]
    before, after, expected = levels
    if trained_from is not None and first < trained_from < last:
        body += [
            svg.line(x(trained_from), top - 16, x(trained_from), bottom, "axis"),
            svg.text(x(trained_from) + 5, top - 8, "trained", "tick"),
        ]
        for value, start, end, kind in (
            (before, first, trained_from, "stroke-before thick"),
            (expected, trained_from, last, "stroke-compare thick dash"),
            (after, trained_from, last, "stroke-trained heavy"),
        ):
            if math.isfinite(value):
                body.append(svg.line(x(start), y(value), x(end), y(value), kind))
    body.append(svg.path([(x(row["week"]), y(row["level"])) for row in points], "stroke-muted thin"))
    for row in points:
        tip = _tip(row, show, show_day)
        body.append(
            svg.mark(
                tip, svg.el("circle", {"cx": x(row["week"]), "cy": y(row["level"]), "r": 2.5, "class": "fill-muted"})
            )
        )
    body += event_ticks(ticks, lambda day: x(day) if first <= day <= last else None, bottom + 7, beside=True)
    return svg.canvas(width, height, *body)
