"""Money chart: benefit by KPI, cost and net, each with its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, scale, text, text_width, ticks
from dashboard.views.overview import Money

ROW, WIDE_ROW = 40.0, 28.0


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
    return {
        "label": f"Estimated money: {spoken}",
        "wide": _draw(lines, reader, 820.0, (190.0, 700.0), WIDE_ROW),
        "narrow": _draw(lines, reader, 400.0, (2.0, 398.0), ROW),
        "plot": _plot(lines, reader),
    }


def _plot(lines: Sequence[Money], reader: Reader) -> plots.Spec:
    rows = [
        plots.Row(
            item.label,
            item.shown,
            _tip(item, reader),
            item.likely,
            item.low,
            item.high,
            tone=_plot_tone(item),
            strong=item.total,
        )
        for item in lines
    ]
    return plots.ranges(rows, span=_domain(lines), across=reader.currency, bars=True, locale=reader.locale)


def _plot_tone(item: Money) -> str:
    if item.spent:
        return "compare"
    if item.unsure or item.low <= 0 <= item.high:
        return "unsure"
    return "better" if item.low > 0 else "worse"


def _tip(item: Money, reader: Reader) -> str:
    between = " and ".join(_money(amount, item, reader) for amount in (item.low, item.high))
    return f"{item.label}{f', {item.each}' if item.each else ''}: {item.shown}, likely between {between}."


def _domain(lines: Sequence[Money]) -> tuple[float, float]:
    ends = [0.0, *(item.low for item in lines), *(item.high for item in lines)]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.04 or 1.0
    return low - margin, high + margin


def _draw(lines: Sequence[Money], reader: Reader, width: float, across: tuple[float, float], row: float) -> Tree:
    """Bars between ``across``; words stand beside them where there is room, else above."""
    height = 6 + len(lines) * row + 24
    beside = across[0] > 100
    low, high = _domain(lines)
    x = scale((low, high), across)
    bottom = height - 24
    marks = ticks(low, high, 3)
    parts: list[Any] = [line(x(t), 4, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    for t in marks:
        anchor = "start" if x(t) < 30 else "end" if x(t) > width - 30 else "middle"
        parts.append(text(x(t), bottom + 16, reader.money(t) if t else "0", "tick small", anchor))
    for number, item in enumerate(lines):
        y = 6 + number * row
        words_y, middle = (y + row / 2 + 4.5, y + row / 2) if beside else (y + 13, y + 25)
        room = across[0] - 8 if beside else width - 2 - text_width(item.shown, 13.5) - 10
        start, end = sorted((x(0), x(item.likely)))
        tone = _tone(item)
        bar = {"x": start, "y": middle - 5, "width": max(end - start, 1.0), "height": 10, "class": tone}
        parts.append(
            mark(
                _tip(item, reader),
                el("rect", {"x": 0, "y": y, "width": width, "height": row, "class": "hit hit-shown"}),
                text(2, words_y, clip(item.label, 13, room), "label strong" if item.total else "label"),
                _each(item, words_y, room, beside=beside),
                text(width - 2, words_y, item.shown, "label strong" if item.total else "label", "end"),
                el("rect", bar),
                line(x(item.low), middle, x(item.high), middle, "stroke-text thin"),
                line(x(item.low), middle - 4, x(item.low), middle + 4, "stroke-text thin"),
                line(x(item.high), middle - 4, x(item.high), middle + 4, "stroke-text thin"),
            )
        )
    return canvas(width, height, *parts)


def _each(item: Money, y: float, room: float, *, beside: bool) -> Tree | None:
    """What one unit is worth, behind the name, where there is room."""
    start = 2 + text_width(item.label, 13) + 8
    if not item.each or beside or start + text_width(item.each, 11) > room:
        return None
    return text(start, y, item.each, "tick small halo")


def _tone(item: Money) -> str:
    """Colour is kept for what the range supports: where it holds zero the bar is hollow."""
    if item.spent:
        return "fill-compare"
    if item.unsure:
        return "fill-surface stroke-unsure dash-fine"
    if item.low > 0:
        return "fill-better"
    return "fill-worse" if item.high < 0 else "fill-surface stroke-unsure dash-fine"


def _money(amount: float, item: Money, reader: Reader) -> str:
    return reader.money(amount, (item.high - item.low) / 2 or None)
