"""Chart of the ladder: estimates from the naive to the preferred."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, scale, text, text_width, tick_decimals, ticks
from dashboard.views.effects import Rung
from dashboard.views.verdicts import short
from etl.configuration.kpis import Kpi


def ladder(rungs: Sequence[Rung], kpi: Kpi, reader: Reader) -> dict[str, Any] | None:
    """Rungs with their ranges, the preferred one in colour.

    Parameters
    ----------
    rungs : sequence of Rung
        From the naive to the preferred.
    kpi : Kpi
    reader : Reader

    Returns
    -------
    dict or None
        A figure; None when no rung has an answer.
    """
    if not any(math.isfinite(rung.estimate) for rung in rungs):
        return None
    label = "; ".join(f"{rung.label}: {rung.shown}" for rung in rungs)
    return {
        "label": label,
        "wide": _draw(rungs, kpi, reader, 840.0, 250.0, 700.0, 30.0),
        "narrow": _draw(rungs, kpi, reader, 358.0, 8.0, 350.0, 42.0),
        "plot": _plot(rungs, kpi, reader),
    }


def _plot(rungs: Sequence[Rung], kpi: Kpi, reader: Reader) -> plots.Spec:
    rows = [
        plots.Row(
            rung.label,
            short(rung.shown),
            _tip(rung),
            estimate=reader.shown(rung.estimate, kpi),
            low=reader.shown(rung.ci_low, kpi),
            high=reader.shown(rung.ci_high, kpi),
            tone="trained" if rung.preferred else "compare",
            symbol="circle" if rung.preferred else "circle-open",
            strong=rung.preferred,
        )
        for rung in rungs
    ]
    return plots.ranges(rows, span=_domain(rungs, kpi, reader), across=reader.change_unit(kpi), locale=reader.locale)


def _tip(rung: Rung) -> str:
    return f"{rung.label}: {rung.shown}. {rung.note}"


def _domain(rungs: Sequence[Rung], kpi: Kpi, reader: Reader) -> tuple[float, float]:
    ends = [reader.shown(v, kpi) for r in rungs for v in (r.ci_low, r.ci_high, r.estimate) if math.isfinite(v)]
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    margin = (high - low) * 0.05
    return low - margin, high + margin


def _draw(rungs: Sequence[Rung], kpi: Kpi, reader: Reader, width: float, left: float, right: float, row: float) -> Tree:
    low, high = _domain(rungs, kpi, reader)
    height = 6 + len(rungs) * row + 24
    bottom = height - 24
    x = scale((low, high), (left, right))
    marks = ticks(low, high, 5 if width > 500 else 3)
    decimals = tick_decimals(marks)
    stacked = left < 100
    parts: list[Any] = [line(x(t), 4, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    for i, t in enumerate(marks):
        unit = f" {reader.change_unit(kpi)}" if i == len(marks) - 1 and width > 500 else ""
        words = f"{'+' if t > 0 else ''}{reader.number(t, decimals)}{unit}"
        parts.append(text(x(t), bottom + 16, words, "tick", "middle"))
    for number, rung in enumerate(rungs):
        parts.append(_row(rung, kpi, reader, x, 6 + number * row, row, width, left, right, stacked))
    return canvas(width, height, *parts)


def _row(
    rung: Rung,
    kpi: Kpi,
    reader: Reader,
    x: Any,
    y: float,
    row: float,
    width: float,
    left: float,
    right: float,
    stacked: bool,
) -> Tree:
    tone = "trained" if rung.preferred else "compare"
    middle = y + (row - 12 if stacked else row / 2)
    weight = "label strong" if rung.preferred else "label"
    words_y = y + 14 if stacked else middle + 4.5
    room = width - text_width(short(rung.shown), 13.5) - 8 if stacked else left - 12
    parts: list[Any] = [
        el("rect", {"x": 0, "y": y, "width": width, "height": row, "class": "hit hit-shown"}),
        text(0, words_y, clip(rung.label, 13, room), weight),
        text(width, words_y, short(rung.shown), weight, "end")
        if stacked
        else text(right + 12, words_y, clip(short(rung.shown), 13, width - right), weight),
    ]
    if math.isfinite(rung.estimate):
        if math.isfinite(rung.ci_low) and math.isfinite(rung.ci_high):
            ends = [x(reader.shown(v, kpi)) for v in (rung.ci_low, rung.ci_high)]
            parts.append(line(ends[0], middle, ends[1], middle, f"stroke-{tone} thick"))
        centre = x(reader.shown(rung.estimate, kpi))
        kind = f"fill-{tone} stroke-surface" if rung.preferred else f"fill-surface stroke-{tone} thick"
        parts.append(el("circle", {"cx": centre, "cy": middle, "r": 5, "class": kind}))
    return mark(_tip(rung), *parts)
