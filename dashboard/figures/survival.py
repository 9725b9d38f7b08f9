"""Survival curves of trained and untrained agents, with the numbers at risk under the axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree

WEEKS_PER_MONTH = 365.25 / 12 / 7
ARMS = ("trained", "untrained")
_COLOUR = {"trained": "trained", "untrained": "compare"}
_SOFT = {"trained": "fill-trained-soft", "untrained": "fill-band"}


@dataclass(frozen=True)
class Size:
    """Measures of one drawing, in pixels of its own coordinates."""

    width: float
    height: float
    left: float
    right: float
    rows: int
    """Columns of numbers at risk that fit."""


WIDE = Size(width=760, height=400, left=76, right=112, rows=9)
NARROW = Size(width=360, height=380, left=62, right=16, rows=5)


def survival(
    rows: Sequence[Mapping[str, Any]],
    *,
    label: str,
    names: Mapping[str, str],
    percent: Callable[[float], str],
    count: Callable[[float], str],
    locale: str = "en_GB",
) -> dict[str, Any]:
    """Kaplan-Meier curves with pointwise bands.

    Parameters
    ----------
    rows : sequence of mapping
        One per arm and tenure week: ``arm, tenure_week, at_risk, survival, ci_low, ci_high`` (shares 0 to 1).
    label : str
        What it shows, in words.
    names : mapping
        Arm to the name written beside its curve.
    percent, count : callable
        From a share and from a number of agents to text in the reader's locale.
    locale : str
        For the numbers of the interactive figure.

    Returns
    -------
    dict
        A figure, see :mod:`dashboard.figures`.
    """
    curves = {arm: sorted((r for r in rows if r["arm"] == arm), key=lambda r: r["tenure_week"]) for arm in ARMS}
    curves = {arm: points for arm, points in curves.items() if points}
    wide, narrow = (_draw(curves, size, names, percent, count) for size in (WIDE, NARROW))
    return {"label": label, "wide": wide, "narrow": narrow, "plot": _plot(curves, names, percent, count, locale)}


def _plot(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, str],
    percent: Callable[[float], str],
    count: Callable[[float], str],
    locale: str,
) -> plots.Spec:
    lines = [
        plots.Line(
            names[arm],
            [row["tenure_week"] / WEEKS_PER_MONTH for row in points],
            [row["survival"] for row in points],
            tips=[
                f"{row['tenure_week']} weeks after hire\n{_at_words(row, names[arm], percent, count)}" for row in points
            ],
            lows=[row["ci_low"] for row in points],
            highs=[row["ci_high"] for row in points],
            token=_COLOUR[arm],
            soft="trained-soft" if arm == "trained" else "band",
            dash="solid" if arm == "trained" else "dash",
            step=True,
            meta=arm,
        )
        for arm, points in reversed(list(curves.items()))
    ]
    return plots.curves(lines, across="months since hire", up="still here", percent=True, locale=locale)


def _at_words(row: Mapping[str, Any], name: str, percent: Callable[[float], str], count: Callable[[float], str]) -> str:
    return (
        f"{name}: {percent(row['survival'])} still here, likely {percent(row['ci_low'] or 0.0)} to "
        f"{percent(row['ci_high'] or 0.0)}; {count(row['at_risk'] or 0)} at risk"
    )


def _draw(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    size: Size,
    names: Mapping[str, str],
    percent: Callable[[float], str],
    count: Callable[[float], str],
) -> Tree:
    first = min(points[0]["tenure_week"] for points in curves.values())
    last = max(points[-1]["tenure_week"] for points in curves.values())
    lowest = min(row["ci_low"] for points in curves.values() for row in points)
    floor = max(0.0, min(0.9, int(lowest * 10) / 10))
    risk_top = size.height - 22.0 * len(curves) - 16
    top, bottom = 14.0, risk_top - 48
    x = svg.scale((first, max(last, first + 1)), (size.left, size.width - size.right))
    y = svg.scale((floor, 1.0), (bottom, top))
    body: list[Any] = []
    for value in svg.ticks(floor, 1.0, 5):
        body += [
            svg.line(size.left, y(value), size.width - size.right, y(value), "grid"),
            svg.text(size.left - 8, y(value) + 4, percent(value), "tick", "end"),
        ]
    step = _month_step(first, last, size.rows)
    months = [m for m in range(0, int(last / WEEKS_PER_MONTH) + 1, step) if m * WEEKS_PER_MONTH >= first - 0.5]
    weeks = [max(float(first), m * WEEKS_PER_MONTH) for m in months]
    for month, week in zip(months, weeks, strict=True):
        body += [
            svg.line(x(week), bottom, x(week), bottom + 4, "axis"),
            svg.text(x(week), bottom + 18, str(month), "tick", "middle"),
        ]
    middle = (size.left + size.width - size.right) / 2
    body.append(svg.text(middle, bottom + 34, "months since hire", "tick", "middle"))
    body.append(svg.line(size.left, bottom, size.width - size.right, bottom, "axis"))
    for arm in reversed(list(curves)):
        body += _curve(curves[arm], arm, x, y)
    body += _end_labels(curves, size, x, y, names, percent)
    body.append(svg.text(8, risk_top - 2, "agents at risk", "tick"))
    for line_no, (arm, points) in enumerate(curves.items()):
        base = risk_top + 18 + 20 * line_no
        body.append(svg.text(8, base, svg.clip(names[arm], 11, size.left - 8), f"small fill-{_COLOUR[arm]}"))
        for week in weeks:
            n = _at(points, week, "at_risk")
            if n is not None and x(week) > size.left + 14:
                body.append(svg.text(x(week), base, count(n), "tick small", "middle"))
    body += _tips(curves, x, top, bottom, first, last, names, percent, count)
    return svg.canvas(size.width, size.height, *body)


def _curve(
    points: Sequence[Mapping[str, Any]], arm: str, x: Callable[[float], float], y: Callable[[float], float]
) -> list[Tree]:
    xs: list[float] = []
    lows: list[float] = []
    highs: list[float] = []
    line: list[tuple[float, float] | None] = []
    for index, row in enumerate(points):
        if index:
            before = points[index - 1]
            xs.append(x(row["tenure_week"]))
            lows.append(y(before["ci_low"]))
            highs.append(y(before["ci_high"]))
            line.append((x(row["tenure_week"]), y(before["survival"])))
        xs.append(x(row["tenure_week"]))
        lows.append(y(row["ci_low"]))
        highs.append(y(row["ci_high"]))
        line.append((x(row["tenure_week"]), y(row["survival"])))
    dash = "" if arm == "trained" else " dash"
    return [svg.area(xs, lows, highs, _SOFT[arm]), svg.path(line, f"stroke-{_COLOUR[arm]} thick{dash}")]


def _end_labels(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    size: Size,
    x: Callable[[float], float],
    y: Callable[[float], float],
    names: Mapping[str, str],
    percent: Callable[[float], str],
) -> list[Tree]:
    """The name of each curve at its end, or above it where there is no room beside it.

    The share stands with curves that end together alone: shares at different tenures are no comparison.
    """
    found: list[tuple[float, float, str, str]] = []
    shortest = min(points[-1]["tenure_week"] for points in curves.values())
    room = size.right - 8 if size.right >= 60 else size.width / 2
    for arm, points in curves.items():
        end = points[-1]
        left = f" {percent(end['survival'])}" if end["tenure_week"] == shortest else ""
        name = svg.clip(names[arm], 13, room - svg.text_width(left, 13))
        found.append((x(end["tenure_week"]), y(end["survival"]), f"{name}{left}", _COLOUR[arm]))
    found.sort(key=lambda item: item[1])
    if size.right < 60:  # no room beside the curves: they fall, so the upper right corner is free
        return [
            svg.text(size.width - size.right - 4, 30 + 18 * k, words, f"strong fill-{colour}", "end")
            for k, (_, _, words, colour) in enumerate(found)
        ]
    placed: list[Tree] = []
    above = -1e9
    for end_x, end_y, words, colour in found:
        above = max(end_y + 4, above + 16)
        placed.append(svg.text(min(end_x + 8, size.width - size.right + 8), above, words, f"strong fill-{colour}"))
    return placed


def _tips(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    x: Callable[[float], float],
    top: float,
    bottom: float,
    first: int,
    last: int,
    names: Mapping[str, str],
    percent: Callable[[float], str],
    count: Callable[[float], str],
) -> list[Tree]:
    """Upright strips that say both levels at one tenure; about forty, however long the axis."""
    step = max(1, round((last - first) / 40))
    marks: list[Tree] = []
    for week in range(first, last + 1, step):
        lines = [f"{week} weeks after hire"]
        for arm, points in curves.items():
            there = {key: _at(points, week, key) for key in ("survival", "ci_low", "ci_high", "at_risk")}
            if there["survival"] is not None:
                lines.append(_at_words(there, names[arm], percent, count))
        left, right = x(max(first, week - step / 2)), x(min(last, week + step / 2))
        box = {
            "x": left,
            "y": top,
            "width": max(1.0, right - left),
            "height": bottom - top,
            "class": "hit hit-shown",
            "fill": "transparent",
        }
        marks.append(svg.mark("\n".join(lines), svg.el("rect", box)))
    return marks


def _at(points: Sequence[Mapping[str, Any]], week: float, key: str) -> float | None:
    """A value of the step function at ``week``; None outside its reach."""
    if not points or week < points[0]["tenure_week"] or week > points[-1]["tenure_week"]:
        return None
    found: float | None = None
    for row in points:
        if row["tenure_week"] > week:
            break
        found = row[key]
    return found


def _month_step(first: float, last: float, most: int) -> int:
    months = (last - first) / WEEKS_PER_MONTH
    return next((step for step in (1, 2, 3, 6, 12, 24) if months / step <= most), 36)
