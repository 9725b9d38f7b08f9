"""The effect week by week around training, with its uniform band and how many agents each week rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.words.numbers import MINUS, Reader
from dashboard import plots
from dashboard.figures.event_ticks import event_ticks, plotted
from dashboard.figures.svg import Tree, area, canvas, el, line, mark, scale, text, tick_decimals, ticks
from dashboard.views.effects import EventPoint
from dashboard.views.events import Tick
from dashboard.views.verdicts import Effect
from etl.configuration.kpis import Kpi

PLOT_FOOT = 0.15
"""Where the axis of the interactive figure stands: its bars of agents lie below."""
STRIP = 26.0
"""Height of the strip that shows how many agents each week rests on."""


def event_study(
    events: Sequence[EventPoint],
    effect: Effect,
    reader: Reader,
    second: Effect | None = None,
    ticks: Sequence[Tick] = (),
) -> dict[str, Any] | None:
    """Weeks relative to training against the change, in the reader's unit.

    Parameters
    ----------
    events : sequence of EventPoint
        In order.
    effect : Effect
        The overall effect, drawn as a dashed line over the weeks after training.
    reader : Reader
    second : Effect, optional
        The overall effect by the second opinion; a layer of the interactive figure.
    ticks : sequence of Tick
        What else happened, by week from training.

    Returns
    -------
    dict or None
        A figure; None with fewer than two weeks.
    """
    if len(events) < 2:
        return None
    label = f"Estimated change of {effect.kpi.label.lower()} by week before and after training"
    tips = [_tip(point, effect, reader) for point in events]
    return {
        "label": label,
        "wide": _draw(events, tips, ticks, effect, reader, 840.0, 380.0, 56.0),
        "narrow": _draw(events, tips, ticks, effect, reader, 358.0, 300.0, 40.0),
        "plot": plotted(_plot(events, tips, effect, second, reader), ticks, PLOT_FOOT),
    }


def _plot(
    events: Sequence[EventPoint], tips: Sequence[str], effect: Effect, second: Effect | None, reader: Reader
) -> plots.Spec:
    kpi = effect.kpi

    def shown(value: float) -> float:
        return reader.shown(value, kpi)

    weeks = [
        plots.Week(
            point.week,
            estimate=shown(point.estimate),
            low=shown(point.ci_low),
            high=shown(point.ci_high),
            band_low=shown(point.band_low),
            band_high=shown(point.band_high),
            n=point.n_agents,
            tip=tip,
        )
        for point, tip in zip(events, tips, strict=True)
    ]

    def level(item: Effect | None, name: str) -> plots.Level | None:
        if item is None or not item.available:
            return None
        words = f"{name}: {item.change}, {item.likely}"
        return plots.Level(shown(item.estimate), shown(item.ci_low), shown(item.ci_high), words)

    return plots.course(
        weeks,
        unit=_unit(kpi, reader),
        matters=shown(kpi.smallest_effect),
        overall=level(effect, "All weeks after training"),
        second=level(second, "Second opinion, all weeks"),
        span=domain(events, kpi, reader),
        locale=reader.locale,
    )


def _unit(kpi: Kpi, reader: Reader) -> str:
    return f"{reader.change_unit(kpi)}, {'up' if kpi.better == 'higher' else 'down'} is better"


def _draw(
    events: Sequence[EventPoint],
    tips: Sequence[str],
    ticks_of_events: Sequence[Tick],
    effect: Effect,
    reader: Reader,
    width: float,
    height: float,
    left: float,
) -> Tree:
    kpi = effect.kpi
    top, bottom, right = 28.0, height - 48.0 - STRIP, width - 10.0
    low, high = domain(events, kpi, reader)
    x = scale((events[0].week - 0.7, events[-1].week + 0.7), (left, right))
    y = scale((low, high), (bottom, top))
    parts: list[Any] = [*_grid(low, high, y, left, right, top, kpi, reader)]
    band = reader.shown(kpi.smallest_effect, kpi)
    lower, upper = max(low, -band), min(high, band)
    parts.append(
        el(
            "rect",
            {"x": left, "y": y(upper), "width": right - left, "height": y(lower) - y(upper), "class": "fill-band"},
        )
    )
    shown = [[max(low, min(high, reader.shown(v, kpi))) for v in (p.band_low, p.band_high)] for p in events]
    xs = [x(p.week) for p in events]
    parts.append(area(xs, [y(pair[0]) for pair in shown], [y(pair[1]) for pair in shown], "fill-trained-soft"))
    if low < 0 < high:
        parts.append(line(left, y(0), right, y(0), "axis"))
    if events[0].week < 0 <= events[-1].week:
        start = x(-0.5)
        parts.append(line(start, top - 8, start, bottom, "stroke-text dash"))
        parts.append(text(start + 5, top - 2, "training", "strong"))
    after = [p for p in events if p.week >= 0]
    if after and effect.available:
        level = reader.shown(effect.estimate, kpi)
        if low <= level <= high:
            parts.append(
                line(x(after[0].week - 0.5), y(level), x(after[-1].week + 0.5), y(level), "stroke-trained dash")
            )
    peak = max((p.n_agents or 0) for p in events) or 1
    parts += [
        _point(p, tip, effect, reader, x, y, (low, high), bottom, peak, height)
        for p, tip in zip(events, tips, strict=True)
    ]
    parts += _weeks(events, x, bottom, width)
    parts += event_ticks(ticks_of_events, x, bottom)
    parts.append(text(left, height - 4, f"Bars: agents per week, at most {reader.count(peak)}", "tick small"))
    return canvas(width, height, *parts)


def domain(events: Sequence[EventPoint], kpi: Kpi, reader: Reader) -> tuple[float, float]:
    """All intervals of the weeks; bands are cut where they go further than twice the intervals."""
    ends = [reader.shown(v, kpi) for p in events for v in (p.ci_low, p.ci_high)]
    band = reader.shown(kpi.smallest_effect, kpi)
    low, high = min(*ends, -1.3 * band), max(*ends, 1.3 * band)
    margin = (high - low) * 0.05
    return low - margin, high + margin


def _grid(
    low: float, high: float, y: Any, left: float, right: float, top: float, kpi: Kpi, reader: Reader
) -> list[Any]:
    marks = ticks(low, high, 6)
    decimals = tick_decimals(marks)
    parts: list[Any] = []
    for t in marks:
        parts.append(line(left, y(t), right, y(t), "grid"))
        parts.append(text(left - 6, y(t) + 4, ("+" if t > 0 else "") + reader.number(t, decimals), "tick", "end"))
    parts.append(text(0, top - 16, _unit(kpi, reader), "tick"))
    return parts


def _point(
    point: EventPoint,
    tip: str,
    effect: Effect,
    reader: Reader,
    x: Any,
    y: Any,
    domain: tuple[float, float],
    bottom: float,
    peak: int,
    height: float,
) -> Tree:
    kpi = effect.kpi
    low, high = (max(domain[0], min(domain[1], reader.shown(v, kpi))) for v in (point.ci_low, point.ci_high))
    centre = reader.shown(point.estimate, kpi)
    before = point.week < 0
    tone = "compare" if before else "trained"
    where = "" if domain[0] <= centre <= domain[1] else None
    at = x(point.week)
    step = x(1) - x(0)
    share = (point.n_agents or 0) / peak
    base = bottom + 20 + STRIP
    dot = el(
        "circle",
        {
            "cx": at,
            "cy": y(centre),
            "r": min(4.0, step * 0.34),
            "class": f"fill-surface stroke-{tone} thin" if before else f"fill-{tone}",
        },
    )
    return mark(
        tip,
        el("rect", {"x": at - step / 2, "y": 28, "width": step, "height": height - 28 - 18, "class": "hit hit-shown"}),
        line(at, y(low), at, y(high), f"stroke-{tone} thin"),
        dot if where is not None else None,
        el(
            "rect",
            {
                "x": at - step * 0.35,
                "y": base - STRIP * share,
                "width": step * 0.7,
                "height": STRIP * share,
                "class": "fill-line",
            },
        ),
    )


def _weeks(events: Sequence[EventPoint], x: Any, bottom: float, width: float) -> list[Any]:
    first, last = events[0].week, events[-1].week
    steps = (1, 2, 4, 8, 13, *(26 * 2**k for k in range(12)))
    every = next(step for step in steps if (last - first) / step * 34 <= width - 60)
    return [
        text(
            x(week),
            bottom + 15,
            str(week).replace("-", MINUS) if week <= 0 else f"+{week}",
            "tick",
            "middle",
        )
        for week in range(first, last + 1)
        if week % every == 0
    ]


def when(week: int) -> str:
    """A week around training in words."""
    if week == 0:
        return "Week of training"
    return f"{-week} weeks before training" if week < 0 else f"{week} weeks after training"


def _tip(point: EventPoint, effect: Effect, reader: Reader) -> str:
    kpi = effect.kpi
    change = reader.change(point.estimate, kpi, point.ci_low, point.ci_high)
    span = reader.span(point.ci_low, point.ci_high, kpi, join="and")
    agents = "" if point.n_agents is None else f" {reader.count(point.n_agents)} agents."
    return f"{when(point.week)}: {change}, likely between {span}.{agents}"
