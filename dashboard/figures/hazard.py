"""How much more or less likely trained agents are to leave: one row per kind of leaving, on a ratio axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree

TICKS = ((0.25, "a quarter"), (0.5, "half"), (1.0, "the same"), (2.0, "double"), (4.0, "four times"))
"""Ratios that have a word."""
ACROSS = "chance of leaving in a week, trained against untrained"
ROW = 64.0
WIDTH, NARROW = 640.0, 380.0


def hazard(rows: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any]:
    """A forest of hazard ratios on a logarithmic axis.

    Parameters
    ----------
    rows : sequence of mapping
        ``name, hazard_ratio, ci_low, ci_high, tone`` (``better``, ``worse``, ``unsure``), ``words`` (the ratio in
        words) and ``tip``; rows without numbers show their words alone.
    label : str
        What it shows, in words.

    Returns
    -------
    dict
        A figure, see :mod:`dashboard.figures`.
    """
    return {"label": label, "wide": _draw(rows, WIDTH), "narrow": _draw(rows, NARROW), "plot": _plot(rows)}


def _plot(rows: Sequence[Mapping[str, Any]]) -> plots.Spec:
    drawn = [
        plots.Row(
            str(row["name"]),
            "",
            str(row["tip"]),
            estimate=_number(row["hazard_ratio"]),
            low=_number(row["ci_low"]),
            high=_number(row["ci_high"]),
            tone=str(row["tone"]),
            symbol="circle-open" if row["tone"] == "unsure" else "circle",
        )
        for row in rows
    ]
    return plots.ranges(drawn, span=_reach(rows), across=ACROSS, log=True, ticks=TICKS)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _reach(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Ends of the axis."""
    numbers = [
        value
        for row in rows
        for value in (row["ci_low"], row["ci_high"])
        if value is not None and math.isfinite(value) and value > 0
    ]
    return max(min([0.5, *numbers]), 0.125), min(max([2.0, *numbers]), 8.0)


def _draw(rows: Sequence[Mapping[str, Any]], width: float) -> Tree:
    left, right, top = 12.0, width - 12, 8.0
    low, high = _reach(rows)
    x = svg.scale((math.log(low), math.log(high)), (left, right))

    def at(ratio: float) -> float:
        return x(math.log(min(max(ratio, low), high)))

    bottom = top + ROW * len(rows)
    body: list[Any] = []
    shown = [(ratio, words) for ratio, words in TICKS if low * 0.99 <= ratio <= high * 1.01]
    for ratio, words in shown:
        kind = "axis" if ratio == 1.0 else "grid"
        anchor = "middle"
        if at(ratio) - svg.text_width(words, 12) / 2 < 0:
            anchor = "start"
        elif at(ratio) + svg.text_width(words, 12) / 2 > width:
            anchor = "end"
        body += [svg.line(at(ratio), top + ROW * k + 22, at(ratio), top + ROW * k + 42, kind) for k in range(len(rows))]
        body.append(svg.text(at(ratio), bottom + 18, words, "tick", anchor))
    for index, row in enumerate(rows):
        base = top + ROW * index
        body.append(svg.text(left, base + 16, svg.clip(row["name"], 13, width - 2 * left), "label strong"))
        parts: list[Any] = [
            svg.el("rect", {"x": 0, "y": base, "width": width, "height": ROW, "class": "hit", "fill": "transparent"})
        ]
        ratio = row["hazard_ratio"]
        if ratio is None or not math.isfinite(ratio):
            parts.append(svg.text(left, base + 40, row["words"], "tick"))
        else:
            tone, y = row["tone"], base + 32
            parts += [
                svg.line(at(row["ci_low"]), y, at(row["ci_high"]), y, f"stroke-{tone} thick"),
                svg.el(
                    "circle",
                    {
                        "cx": at(ratio),
                        "cy": y,
                        "r": 5,
                        "class": f"stroke-{tone} thick fill-{'surface' if tone == 'unsure' else tone}",
                    },
                ),
                svg.text(left, base + 54, row["words"], "tick"),
            ]
        body.append(svg.mark(row["tip"], *parts))
    body.append(svg.text(left, bottom + 38, ACROSS, "tick"))
    return svg.canvas(width, bottom + 48, *body)
