"""Chart of the slopes of a KPI on skills, one row per skill, with ranges around zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree
from dashboard.views.skills import Slope

ROW, FOOT = 52.0, 44.0
WIDTH, NARROW = 420.0, 358.0


def slopes(rows: Sequence[Slope], *, label: str, across: str, locale: str = "en_GB") -> dict[str, Any] | None:
    """Slopes of one KPI on several skills.

    Parameters
    ----------
    rows : sequence of Slope
        Numbers in the unit of the axis.
    label : str
        What it shows, in words.
    across : str
        What the axis measures.
    locale : str

    Returns
    -------
    dict or None
        A figure; None where no slope has a number.
    """
    if not any(row.known for row in rows):
        return None
    return {
        "label": label,
        "wide": _draw(rows, across, WIDTH),
        "narrow": _draw(rows, across, NARROW),
        "plot": _plot(rows, across, locale),
    }


def _plot(rows: Sequence[Slope], across: str, locale: str) -> plots.Spec:
    drawn = [
        plots.Row(
            row.label,
            row.change,
            row.tip,
            row.estimate,
            row.low,
            row.high,
            tone="compare" if row.linked else "unsure",
            symbol="circle" if row.linked else "circle-open",
            strong=row.linked,
        )
        for row in rows
    ]
    reach = _reach(rows)
    return plots.ranges(drawn, span=(-reach, reach), across=across, locale=locale)


def _reach(rows: Sequence[Slope]) -> float:
    return 1.08 * max(max(abs(row.low), abs(row.high)) for row in rows if row.known) or 1.0


def _draw(rows: Sequence[Slope], across: str, width: float) -> Tree:
    reach, bottom = _reach(rows), ROW * len(rows)
    x = svg.scale((-reach, reach), (10.0, width - 10.0))
    marks = svg.ticks(-reach, reach, 4)
    decimals = svg.tick_decimals(marks)
    body: list[Any] = [svg.line(x(t), 4, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    for t in marks:
        sign = "+" if t > 0 else "−" if t < 0 else ""
        body.append(svg.text(x(t), bottom + 16, f"{sign}{abs(t):.{decimals}f}", "tick small", "middle"))
    body.append(svg.text(width / 2, bottom + 36, svg.clip(across, 12, width), "tick", "middle"))
    for k, row in enumerate(rows):
        top, y = ROW * k, ROW * k + 36
        beside = svg.text_width(row.change, 12.5) + 14
        parts: list[Any] = [
            svg.el("rect", {"x": 0, "y": top, "width": width, "height": ROW, "class": "hit", "fill": "transparent"}),
            svg.text(0, top + 17, svg.clip(row.label, 13, width - beside), "label strong" if row.linked else "label"),
            svg.text(width, top + 17, row.change, "label strong" if row.linked else "label tick", "end"),
        ]
        if row.known:
            tone = "stroke-compare thick" if row.linked else "stroke-unsure thick"
            fill = "fill-compare" if row.linked else "fill-surface"
            parts += [
                svg.line(x(row.low), y, x(row.high), y, tone),
                svg.el("circle", {"cx": x(row.estimate), "cy": y, "r": 5, "class": f"{fill} {tone}"}),
            ]
        body.append(svg.mark(row.tip, *parts))
    return svg.canvas(width, bottom + FOOT, *body)
