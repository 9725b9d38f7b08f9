"""Before, after, and expected without training: one row per group, and beside it the estimated change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.svg import Tree
from dashboard.views.cohorts import Group
from dashboard.views.verdicts import short
from etl.configuration.kpis import Kpi

ROW, TOP, FOOT = 30.0, 42.0, 38.0
NARROW_ROW = 58.0
MOST_ROWS = 40
"""Groups drawn; of more, the best and the worst half of this number."""


def dumbbell(groups: Sequence[Group], *, label: str, kpi: Kpi, mean: float, reader: Reader) -> dict[str, Any] | None:
    """Levels as a dumbbell, the effect as a dot with its range.

    Parameters
    ----------
    groups : sequence of Group
        In the order to draw.
    label : str
        What it shows, in words.
    kpi : Kpi
    mean : float
        Average effect of all groups, drawn as a dashed line; NaN for none.
    reader : Reader

    Returns
    -------
    dict or None
        A figure; None without groups.
    """
    rows = [g for g in groups if math.isfinite(g.before) and math.isfinite(g.after)]
    if not rows:
        return None
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS // 2], *rows[-MOST_ROWS // 2 :]]
    return {
        "label": label,
        "wide": _wide(rows, kpi, mean, reader),
        "narrow": _narrow(rows, kpi, mean, reader),
        "plot": _plot(rows, kpi, mean, reader),
    }


def _plot(rows: Sequence[Group], kpi: Kpi, mean: float, reader: Reader) -> plots.Spec:
    def shown(value: float) -> float:
        return reader.shown(value, kpi)

    drawn = [
        plots.Row(
            g.label,
            short(g.change),
            g.tip,
            estimate=shown(g.estimate) if g.known else math.nan,
            low=shown(g.low),
            high=shown(g.high),
            tone=g.tone,
            symbol="circle-open" if g.tone == "unsure" else "circle",
            strong=g.tone != "unsure",
            before=shown(g.before),
            after=shown(g.after),
            expected=shown(g.expected),
            href=g.href,
        )
        for g in rows
    ]
    reach = shown(_effect_reach(rows, kpi))
    return plots.ranges(
        drawn,
        span=(-reach, reach) if kpi.better == "higher" else (reach, -reach),
        across=f"estimated change ({reader.change_unit(kpi)}), {_sides()}",
        band=shown(kpi.smallest_effect),
        mean=shown(mean),
        level_title=f"level ({unit})" if (unit := reader.level_unit(kpi)) else "level",
        locale=reader.locale,
    )


def _wide(rows: Sequence[Group], kpi: Kpi, mean: float, reader: Reader) -> Tree:
    width, left, middle, effect, right = 860.0, 176.0, 450.0, 486.0, 684.0
    bottom = TOP + ROW * len(rows)
    x = _level_scale(rows, (left, middle))
    z = _effect_scale(rows, kpi, (effect, right))
    body: list[Any] = [
        svg.text(left, 14, "level", "tick strong"),
        svg.text(effect, 14, "estimated change, with its range", "tick strong"),
    ]
    for value in svg.ticks(*_level_span(rows), 4):
        body += [
            svg.line(x(value), TOP - 6, x(value), bottom, "grid"),
            svg.text(x(value), TOP - 12, reader.on_axis(value, kpi), "tick small", "middle"),
        ]
    body += _effect_axis(rows, kpi, mean, z, TOP - 6, bottom, reader)
    for index, g in enumerate(rows):
        base = TOP + ROW * index
        y = base + ROW / 2
        parts = [
            svg.el("rect", {"x": 0, "y": base, "width": width, "height": ROW, "class": "hit", "fill": "transparent"}),
            svg.text(0, y + 4, svg.clip(g.label, 13, left - 10), "label"),
            *_dumbbell(g, x, y),
            *_effect(g, z, y, _effect_reach(rows, kpi)),
            svg.text(right + 14, y + 4, short(g.change), f"label {'strong' if g.tone != 'unsure' else 'tick'}"),
        ]
        body.append(svg.mark(g.tip, *parts, data_href=g.href or None))
    if len(rows) == MOST_ROWS:
        half = TOP + ROW * MOST_ROWS / 2
        body.append(svg.line(0, half, width, half, "axis dash"))
    body.append(svg.text((effect + right) / 2, bottom + 30, _sides(), "tick", "middle"))
    return svg.canvas(width, bottom + FOOT, *body)


def _narrow(rows: Sequence[Group], kpi: Kpi, mean: float, reader: Reader) -> Tree:
    width, left, right, top = 358.0, 8.0, 350.0, 20.0
    bottom = top + NARROW_ROW * len(rows)
    z = _effect_scale(rows, kpi, (left, right))
    body: list[Any] = _effect_axis(rows, kpi, mean, z, top, bottom, reader, about=3)
    for index, g in enumerate(rows):
        base = top + NARROW_ROW * index
        name = svg.clip(g.label, 13, width - svg.text_width(short(g.change), 13) - 16)
        body.append(
            svg.mark(
                g.tip,
                svg.el(
                    "rect",
                    {"x": 0, "y": base, "width": width, "height": NARROW_ROW, "class": "hit", "fill": "transparent"},
                ),
                svg.text(0, base + 18, name, "label strong"),
                svg.text(
                    width, base + 18, short(g.change), f"label {'strong' if g.tone != 'unsure' else 'tick'}", "end"
                ),
                svg.text(0, base + 34, f"{g.levels}, {g.n_agents} agents", "tick"),
                *_effect(g, z, base + 46, _effect_reach(rows, kpi)),
                data_href=g.href or None,
            )
        )
    body.append(svg.text((left + right) / 2, bottom + 30, _sides(), "tick", "middle"))
    return svg.canvas(width, bottom + FOOT, *body)


def _dumbbell(g: Group, x: Any, y: float) -> list[Any]:
    parts = [
        svg.line(x(g.before), y, x(g.after), y, "stroke-compare thin"),
        svg.el("circle", {"cx": x(g.before), "cy": y, "r": 4.5, "class": "fill-surface stroke-before thick"}),
        svg.el("circle", {"cx": x(g.after), "cy": y, "r": 5, "class": "fill-trained"}),
    ]
    if math.isfinite(g.expected):
        parts.append(svg.line(x(g.expected), y - 8, x(g.expected), y + 8, "stroke-text thick"))
    return parts


def _effect(g: Group, z: Any, y: float, reach: float) -> list[Any]:
    if not g.known:
        return []
    tone = f"stroke-{g.tone} thick"
    low, high = max(g.low, -reach), min(g.high, reach)
    parts: list[Any] = [svg.line(z(low), y, z(high), y, tone)] if low < high else []
    for end, edge in ((g.low, -reach), (g.high, reach)):
        if abs(end) > reach and end * edge > 0:
            back = -6 if z(edge) > z(0) else 6  # the range goes on: an arrow that points outwards
            parts.append(svg.path([(z(edge) + back, y - 4), (z(edge), y), (z(edge) + back, y + 4)], tone))
    if abs(g.estimate) <= reach:
        fill = "surface" if g.tone == "unsure" else g.tone
        parts.append(svg.el("circle", {"cx": z(g.estimate), "cy": y, "r": 5, "class": f"fill-{fill} {tone}"}))
    return parts


def _effect_axis(
    rows: Sequence[Group], kpi: Kpi, mean: float, z: Any, top: float, bottom: float, reader: Reader, about: int = 6
) -> list[Any]:
    band, reach = kpi.smallest_effect, _effect_reach(rows, kpi)
    shown = min(band, reach)
    scaled = [reader.shown(v, kpi) for v in (-reach, reach)]
    factor = scaled[1] / reach
    marks = svg.ticks(scaled[0], scaled[1], about)
    decimals = svg.tick_decimals(marks)
    edges = sorted((z(-shown), z(shown)))
    parts: list[Any] = [
        svg.el(
            "rect",
            {"x": edges[0], "y": top, "width": edges[1] - edges[0], "height": bottom - top, "class": "fill-band"},
        )
    ]
    for value in marks:
        sign = "+" if value > 0 else "−" if value < 0 else ""
        words = f"{sign}{reader.number(abs(value), decimals)}"
        parts += [
            svg.line(z(value / factor), top, z(value / factor), bottom, "axis" if value == 0 else "grid"),
            svg.text(z(value / factor), top - 6, words, "tick small", "middle"),
        ]
    if math.isfinite(mean) and abs(mean) <= reach:
        parts += [
            svg.line(z(mean), top, z(mean), bottom, "stroke-text dash"),
            svg.text(z(mean), bottom + 12, "average", "tick small", "middle"),
        ]
    return parts


def _effect_reach(rows: Sequence[Group], kpi: Kpi) -> float:
    """How far the axis goes: every estimate and most ranges; longer ranges end in an arrow."""
    ends = sorted(max(abs(g.low), abs(g.high)) for g in rows if g.known)
    centers = [abs(g.estimate) for g in rows if g.known]
    most = ends[int(0.9 * (len(ends) - 1))] if ends else 0.0
    return 1.05 * max(1.5 * kpi.smallest_effect, most, *(1.1 * c for c in centers), 0.0)


def _effect_scale(rows: Sequence[Group], kpi: Kpi, span: tuple[float, float]) -> Any:
    """Right is better, whichever way the KPI goes."""
    reach = _effect_reach(rows, kpi)
    return svg.scale((-reach, reach), span if kpi.better == "higher" else (span[1], span[0]))


def _level_span(rows: Sequence[Group]) -> tuple[float, float]:
    values = [v for g in rows for v in (g.before, g.after, g.expected) if math.isfinite(v)]
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - pad, high + pad


def _level_scale(rows: Sequence[Group], span: tuple[float, float]) -> Any:
    return svg.scale(_level_span(rows), span)


def _sides() -> str:
    return "← worse · better →"
