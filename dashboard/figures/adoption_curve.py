"""Completion against plan, week by week."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.event_ticks import beside, event_ticks, plotted
from dashboard.figures.svg import Tree
from dashboard.views.events import Tick


def adoption_curve(
    rows: Sequence[Mapping[str, Any]],
    *,
    label: str,
    count: Callable[[float], str],
    show_day: Callable[[Any], str],
    locale: str = "en_GB",
    ticks: Sequence[Tick] = (),
) -> dict[str, Any]:
    """Cumulative agents planned and completed; the gap between the lines is who is behind.

    Parameters
    ----------
    rows : sequence of mapping
        ``week, planned, started, completed, overdue``, one per week, in order.
    label : str
        What it shows, in words.
    count, show_day : callable
        To text in the reader's locale.
    locale : str
        For the numbers of the interactive figure.
    ticks : sequence of Tick
        Events, by day.

    Returns
    -------
    dict
        A figure, see :mod:`dashboard.figures`.
    """
    return {
        "label": label,
        "wide": _curve(rows, ticks, 760, 320, 128, count, show_day),
        "narrow": _curve(rows, ticks, 360, 300, 16, count, show_day),
        "plot": plotted(_plot(rows, count, show_day, locale), ticks),
    }


def _plot(
    rows: Sequence[Mapping[str, Any]], count: Callable[[float], str], show_day: Callable[[Any], str], locale: str
) -> plots.Spec:
    weeks, tips = [str(row["week"])[:10] for row in rows], [_tip(row, count, show_day) for row in rows]

    def numbers(name: str) -> list[float]:
        return [float(row[name] or 0) for row in rows]

    lines = [
        plots.Line("completed", weeks, numbers("completed"), tips, step=True, under=True, meta="completed"),
        plots.Line("planned", weeks, numbers("planned"), tips, token="compare", dash="dash", step=True, meta="planned"),
    ]
    return plots.curves(lines, across="", up="agents, counted up", from_zero=True, dates=True, locale=locale)


def _tip(row: Mapping[str, Any], count: Callable[[float], str], show_day: Callable[[Any], str]) -> str:
    overdue = "" if row["overdue"] is None else f", {count(row['overdue'])} overdue"
    return (
        f"Week of {show_day(row['week'])}\n{count(row['planned'] or 0)} planned, "
        f"{count(row['started'] or 0)} started, {count(row['completed'] or 0)} completed{overdue}"
    )


def _curve(
    rows: Sequence[Mapping[str, Any]],
    ticks: Sequence[Tick],
    width: float,
    height: float,
    right: float,
    count: Callable[[float], str],
    show_day: Callable[[Any], str],
) -> Tree:
    left, top, bottom = 52.0, 16.0, height - 36
    most = max(1.0, *(float(row[name] or 0) for row in rows for name in ("planned", "completed")))
    x = svg.scale((0, max(1, len(rows) - 1)), (left, width - right))
    y = svg.scale((0, most), (bottom, top))
    body: list[Any] = []
    for value in svg.ticks(0, most, 4):
        body += [
            svg.line(left, y(value), width - right, y(value), "grid"),
            svg.text(left - 8, y(value) + 4, count(value), "tick", "end"),
        ]
    shown = [0, len(rows) - 1] if width < 500 or len(rows) < 8 else [0, len(rows) // 2, len(rows) - 1]
    for index in shown:
        anchor = "start" if index == 0 else "end" if index == len(rows) - 1 else "middle"
        body.append(svg.text(x(index), bottom + 20, show_day(rows[index]["week"]), "tick", anchor))
    body.append(svg.line(left, bottom, width - right, bottom, "axis"))
    planned = [(x(i), y(float(row["planned"] or 0))) for i, row in enumerate(rows)]
    completed = [(x(i), y(float(row["completed"] or 0))) for i, row in enumerate(rows)]
    stepped = _steps(completed)
    body += [
        svg.area([p[0] for p in stepped], [bottom] * len(stepped), [p[1] for p in stepped], "fill-trained-soft"),
        svg.path(_steps(planned), "stroke-compare thick dash"),
        svg.path(stepped, "stroke-trained thick"),
    ]
    body += _names(rows[-1], y, width, right, top, count)
    step = max(1, len(rows) // 40)
    for index in range(0, len(rows), step):
        row = rows[index]
        tip = _tip(row, count, show_day)
        start, end = x(max(0, index - step / 2)), x(min(len(rows) - 1, index + step / 2))
        box = {"x": start, "y": top, "width": max(1.0, end - start), "height": bottom - top}
        body.append(svg.mark(tip, svg.el("rect", {**box, "class": "hit hit-shown", "fill": "transparent"})))
    at = beside([row["week"] for row in rows])
    body += event_ticks(ticks, lambda day: None if (place := at(day)) is None else x(place), bottom)
    return svg.canvas(width, height, *body)


def _names(
    last: Mapping[str, Any],
    y: Callable[[float], float],
    width: float,
    right: float,
    top: float,
    count: Callable[[float], str],
) -> list[Tree]:
    planned, completed = float(last["planned"] or 0), float(last["completed"] or 0)
    words = ((f"{count(planned)} planned", planned, "compare"), (f"{count(completed)} completed", completed, "trained"))
    if right < 60:  # cumulative lines leave the upper left corner free
        return [
            svg.text(60, top + 10 + 18 * k, name, f"strong fill-{colour}") for k, (name, _, colour) in enumerate(words)
        ]
    ordered = sorted(words, key=lambda item: -item[1])
    placed: list[Tree] = []
    above = -1e9
    for name, value, colour in ordered:
        above = max(y(value) + 4, above + 18)
        placed.append(svg.text(width - right + 10, above, name, f"strong fill-{colour}"))
    return placed


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A line that stays until the next week and then jumps: counts do not grow between weeks."""
    found: list[tuple[float, float]] = []
    for index, (x, y) in enumerate(points):
        if index:
            found.append((x, points[index - 1][1]))
        found.append((x, y))
    return found
