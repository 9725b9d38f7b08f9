"""Tornado chart: effect of each uncertain number on the net, largest on top, with zero marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, scale, text, text_width, ticks
from dashboard.views.value import SwingRow
from dashboard.views.verdicts import short

ROW = 40.0


def tornado(rows: Sequence[SwingRow], net: float, reader: Reader) -> dict[str, Any] | None:
    """Bars from the net at one end of a number to the net at its other end.

    Parameters
    ----------
    rows : sequence of SwingRow
        Largest first.
    net : float
        With everything at its estimate or likely value.
    reader : Reader

    Returns
    -------
    dict or None
        A figure; None without rows.
    """
    if not rows:
        return None
    spoken = "; ".join(f"{row.name} from {row.at_low} to {row.at_high}" for row in rows)
    return {
        "label": f"Net by what each number alone does to it: {spoken}",
        "wide": _draw(rows, net, reader, 820.0),
        "narrow": _draw(rows, net, reader, 400.0),
        "plot": _plot(rows, net, reader),
    }


def _plot(rows: Sequence[SwingRow], net: float, reader: Reader) -> plots.Spec:
    """Each bar as a range from the net at one end of a number to the net at its other end."""
    drawn = []
    for row in rows:
        first, last = sorted((row.swing.net_at_low, row.swing.net_at_high))
        tone = "trained" if row.swing.kind == "effect" else "compare"
        drawn.append(plots.Row(row.name, _ends_words(row), _tip(row), net, first, last, tone=tone, symbol="line-ns"))
    low, high = _domain(rows, net)
    return plots.ranges(drawn, span=(low, high), across=reader.currency, mean=net, locale=reader.locale)


def _tip(row: SwingRow) -> str:
    return (
        f"{row.name}: {row.low} gives {row.at_low}, {row.high} gives {row.at_high}. "
        f"The net is zero at {row.break_even}."
    )


def _ends_words(row: SwingRow) -> str:
    """Both ends of a number, with what they have in common once: “−1.4 to +1.5 leavers”."""
    low, high = short(row.low), short(row.high)
    number, space, unit = low.partition(" ")
    return f"{number} to {high}" if space and high.endswith(f" {unit}") else f"{low} to {high}"


def _domain(rows: Sequence[SwingRow], net: float) -> tuple[float, float]:
    ends = [0.0, net, *(row.swing.net_at_low for row in rows), *(row.swing.net_at_high for row in rows)]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.04 or 1.0
    return low - margin, high + margin


def _draw(rows: Sequence[SwingRow], net: float, reader: Reader, width: float) -> Tree:
    height = 8 + len(rows) * ROW + 24
    bottom = height - 24
    low, high = _domain(rows, net)
    x = scale((low, high), (4.0, width - 4.0))
    marks = ticks(low, high, 3 if width < 500 else 5)
    parts: list[Any] = [line(x(t), 4, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    for t in marks:
        anchor = "start" if x(t) < 30 else "end" if x(t) > width - 30 else "middle"
        parts.append(text(x(t), bottom + 16, reader.money(t) if t else "0", "tick small", anchor))
    parts.append(line(x(net), 4, x(net), bottom, "stroke-accent dash"))
    for number, row in enumerate(rows):
        y = 8 + number * ROW
        first, last = sorted((x(row.swing.net_at_low), x(row.swing.net_at_high)))
        kind = "fill-trained" if row.swing.kind == "effect" else "fill-compare"
        tip, ends = _tip(row), _ends_words(row)
        bar = {"x": first, "y": y + 19, "width": max(last - first, 1.0), "height": 10, "class": kind}
        parts.append(
            mark(
                tip,
                el("rect", {"x": 0, "y": y, "width": width, "height": ROW, "class": "hit hit-shown"}),
                text(4, y + 13, clip(row.name, 13, width - 18 - text_width(ends, 12)), "label"),
                text(width - 4, y + 13, clip(ends, 12, width * 0.5), "tick small halo", "end"),
                el("rect", bar),
            )
        )
    return canvas(width, height, *parts)
