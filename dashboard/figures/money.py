"""Money lines: what each KPI brings, what the programme costs, what is left; always with a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.units import Reader
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, scale, text, ticks
from dashboard.views.overview import Money

ROW = 40.0


def money_bars(lines: Sequence[Money], reader: Reader) -> dict[str, Any] | None:
    """Bars from zero with their ranges.

    Parameters
    ----------
    lines : sequence of Money
    reader : Reader

    Returns
    -------
    dict or None
        A figure; None without lines.
    """
    if not lines:
        return None
    spoken = "; ".join(f"{item.label} {item.shown}" for item in lines)
    return {"label": f"Estimated money: {spoken}", "wide": _draw(lines, reader, 400.0), "narrow": None}


def _draw(lines: Sequence[Money], reader: Reader, width: float) -> Tree:
    height = 6 + len(lines) * ROW + 24
    ends = [0.0, *(item.low for item in lines), *(item.high for item in lines)]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.04 or 1.0
    x = scale((low - margin, high + margin), (2, width - 2))
    bottom = height - 24
    marks = ticks(low - margin, high + margin, 3)
    parts: list[Any] = [line(x(t), 4, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    for t in marks:
        anchor = "start" if x(t) < 30 else "end" if x(t) > width - 30 else "middle"
        parts.append(text(x(t), bottom + 16, reader.money(t) if t else "0", "tick small", anchor))
    for number, item in enumerate(lines):
        y = 6 + number * ROW
        start, end = sorted((x(0), x(item.likely)))
        tone = "better" if item.likely >= 0 else "compare"
        between = " and ".join(_money(amount, item, reader) for amount in (item.low, item.high))
        tip = f"{item.label}: {item.shown}, likely between {between}."
        parts.append(
            mark(
                tip,
                el("rect", {"x": 0, "y": y, "width": width, "height": ROW, "class": "hit hit-shown"}),
                text(2, y + 13, clip(item.label, 13, 240), "label strong" if item.total else "label"),
                text(width - 2, y + 13, item.shown, "label strong" if item.total else "label", "end"),
                el(
                    "rect",
                    {"x": start, "y": y + 20, "width": max(end - start, 1.0), "height": 10, "class": f"fill-{tone}"},
                ),
                line(x(item.low), y + 25, x(item.high), y + 25, "stroke-text thin"),
                line(x(item.low), y + 21, x(item.low), y + 29, "stroke-text thin"),
                line(x(item.high), y + 21, x(item.high), y + 29, "stroke-text thin"),
            )
        )
    return canvas(width, height, *parts)


def _money(amount: float, item: Money, reader: Reader) -> str:
    return reader.money(amount, (item.high - item.low) / 2 or None)
