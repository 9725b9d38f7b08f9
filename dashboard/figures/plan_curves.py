"""The smallest detectable change by week, a line per goal, in multiples of the change that matters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, path, scale, text, text_width, ticks
from dashboard.views.plan import Curve

TONES = ("trained", "better", "before", "worse", "accent", "compare")
BELOW = "below the line: the change that matters can be detected"
BELOW_SHORT = "below: can be detected"
"""For a narrow column too, where the name of the axis says what of."""
HIGHEST = 12.0
"""Multiples beyond this are drawn at the edge."""
APART = 17.0
WIDE, MOST_NAME = 500.0, 200.0
"""From this width on names stand beside the lines, in at most so much room; else they stand below."""


def plan_curves(curves: Sequence[Curve], reader: Reader) -> dict[str, Any] | None:
    """Lines over weeks since the first wave; where one falls below 1 the goal can be told.

    Parameters
    ----------
    curves : sequence of Curve
    reader : Reader

    Returns
    -------
    dict or None
        A figure; None without curves.
    """
    if not curves:
        return None
    spoken = "; ".join(f"{curve.name}: {curve.words}" for curve in curves)
    return {
        "label": f"Smallest detectable change by week, as a multiple of the change that matters. {spoken}",
        "wide": _draw(curves, reader, 820.0, 320.0),
        "narrow": _draw(curves, reader, 400.0, 300.0),
        "plot": _plot(curves, reader),
    }


def _plot(curves: Sequence[Curve], reader: Reader) -> plots.Spec:
    lines = [
        plots.Line(
            curve.name,
            list(curve.weeks),
            list(curve.multiples),
            [_tip(curve, k, reader) for k in range(len(curve.weeks))],
            token=TONES[number % len(TONES)],
            meta=curve.name,
        )
        for number, curve in enumerate(curves)
    ]
    made = plots.curves(
        lines,
        across="weeks since the first wave",
        up="times the change that matters",
        span=(0.0, 1.04 * _most(curves)),
        locale=reader.locale,
    )
    return plots.with_limit(made, 1.0, BELOW_SHORT)


def _most(curves: Sequence[Curve]) -> float:
    """The multiple at the upper edge; a reader of the Plotly figure may zoom out."""
    return min(HIGHEST, max(2.0, *(value for curve in curves for value in curve.multiples)))


def _tip(curve: Curve, k: int, reader: Reader) -> str:
    multiple = reader.number(curve.multiples[k], 1)
    return f"{curve.name}, week {curve.weeks[k]}: {multiple} times the change that matters can be detected."


def _draw(curves: Sequence[Curve], reader: Reader, width: float, height: float) -> Tree:
    names = min(MOST_NAME, max(text_width(curve.name, 12) for curve in curves) + 13) if width > WIDE else 0.0
    left, right, top, bottom = 40.0, names + 12.0, 14.0, height - 40.0
    most = _most(curves)
    last = max(week for curve in curves for week in curve.weeks)
    x, y = scale((1, max(2, last)), (left, width - right)), scale((0, most), (bottom, top))
    parts: list[Any] = [
        el(
            "rect",
            {"x": left, "y": y(1.0), "width": width - left - right, "height": bottom - y(1.0), "class": "fill-band"},
        )
    ]
    for value in ticks(0, most, 4):
        parts += [
            line(left, y(value), width - right, y(value), "axis" if value == 0 else "grid"),
            text(left - 6, y(value) + 4, reader.number(value, 0 if value >= 1 or value == 0 else 1), "tick", "end"),
        ]
    if any(value > most for curve in curves for value in curve.multiples):  # drawn along the top edge
        parts.append(text(left - 6, y(most) + 4, f"{reader.number(most, 0)}+", "tick", "end"))
    parts += [
        line(left, y(1.0), width - right, y(1.0), "stroke-text dash"),
        text(left + 4, y(1.0) + 15, BELOW, "tick small"),
    ]
    for value in ticks(1, last, 6 if width > 500 else 4):
        if value == int(value):
            parts.append(text(x(value), bottom + 18, str(int(value)), "tick", "middle"))
    parts.append(text(width - right, bottom + 34, "weeks since the first wave", "tick small", "end"))
    for number, curve in enumerate(curves):
        tone = TONES[number % len(TONES)]
        points = [(x(week), y(min(value, most))) for week, value in zip(curve.weeks, curve.multiples, strict=True)]
        parts.append(path(points, f"stroke-{tone} thick"))
        dots = [
            mark(
                _tip(curve, k, reader), el("circle", {"cx": point[0], "cy": point[1], "r": 3, "class": f"fill-{tone}"})
            )
            for k, point in enumerate(points)
            if k % max(1, len(points) // 13) == 0 or k == len(points) - 1
        ]
        parts += dots
    ends = [y(min(curve.multiples[-1], most)) for curve in curves]
    if names:
        return canvas(width, height, *parts, *_beside(curves, ends, width - right + 10, names))
    for number, curve in enumerate(curves):
        parts += _name(curve.name, number, left, height + APART * number + 6, width - left)
    return canvas(width, height + APART * len(curves), *parts)


def _beside(curves: Sequence[Curve], ends: Sequence[float], left: float, room: float) -> list[Any]:
    """Names beside the ends of the lines, moved apart."""
    found: list[Any] = []
    free = -math.inf
    for k in sorted(range(len(curves)), key=lambda k: ends[k]):
        at = max(ends[k] + 4, free + APART)
        found += _name(curves[k].name, k, left, at, room)
        free = at
    return found


def _name(name: str, number: int, left: float, at: float, room: float) -> list[Any]:
    box = {"x": left, "y": at - 9, "width": 8, "height": 8, "class": f"fill-{TONES[number % len(TONES)]}"}
    return [el("rect", box), text(left + 13, at, clip(name, 12, room - 13), "tick")]
