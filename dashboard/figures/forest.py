"""All KPIs side by side: estimated change as a share of the level before training; right is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.marks import verdict_mark
from dashboard.figures.svg import Tree, canvas, clip, el, line, mark, path, scale, text, text_width, ticks, wrap
from dashboard.views.verdicts import Effect

ROW, GAP, TOP, FOOT = 21.0, 8.0, 8.0, 40.0
NARROW_ROW = 36.0
CLAIM_LINE, CLAIM_ROOM = 15.0, 148.0
"""Height of a line of a claim's name, and how wide it may be."""
CLAIM_HEAD = 28.0
"""Height of a claim's name above its KPIs where columns are narrow."""
SHARE_INSIDE = 0.75
"""Share of the ranges that fit on the axis; a KPI counted from near zero must not press all others to the middle."""
MOST_BEYOND = 3.0
"""The interactive figure reaches every estimate, up to this many times as far as the drawing."""
SMALLEST_REACH = 0.04
"""The axis reaches at least this far to both sides, so that small noise does not look large."""


def forest(
    effects: Sequence[Effect], reader: Reader, leads: Callable[[str], str] = lambda _: ""
) -> dict[str, Any] | None:
    """The forest of the overview.

    Parameters
    ----------
    effects : sequence of Effect
        In catalogue order, so that KPIs of one claim stand together. Those without a number get a line of words.
    reader : Reader
    leads : callable
        From a KPI's id to the address its row leads to; empty for none.

    Returns
    -------
    dict or None
        A figure; None without effects.
    """
    if not effects:
        return None
    reach = _reach(effects)
    label = "Estimated change of every KPI as a share of its level before training, better to the right"
    return {
        "label": label,
        "wide": _wide(effects, reach, reader, leads),
        "narrow": _narrow(effects, reach, reader, leads),
        "plot": _plot(effects, reach, reader, leads),
    }


def _plot(effects: Sequence[Effect], reach: float, reader: Reader, leads: Callable[[str], str]) -> plots.Spec:
    rows = []
    for item in effects:
        low, high = sorted((100 * item.relative(item.ci_low), 100 * item.relative(item.ci_high)))
        rows.append(
            plots.Row(
                item.kpi.label,
                item.short_change,
                _tip(item, reader),
                100 * item.relative(item.estimate) if item.available else math.nan,
                low,
                high,
                tone=item.tone,
                symbol=plots.SYMBOLS.get(item.verdict.state, "circle-open"),
                strong=item.tone != "unsure",
                group=item.kpi.claim,
                href=leads(item.kpi.id),
            )
        )
    centres = [abs(row.estimate) for row in rows if math.isfinite(row.estimate)]
    ends = min(max([100 * reach, *(1.08 * centre for centre in centres)]), 100 * reach * MOST_BEYOND)
    across = "share of the level before, right is better"
    return plots.ranges(rows, span=(-ends, ends), across=across, suffix="%", locale=reader.locale)


def _reach(effects: Sequence[Effect]) -> float:
    """How far the axis goes: three quarters of the ranges fit, longer ones end in an arrow."""
    ends = sorted(
        max(far)
        for item in effects
        if item.available
        and all(map(math.isfinite, far := [abs(item.relative(e)) for e in (item.ci_low, item.ci_high)]))
    )
    most = ends[round(SHARE_INSIDE * (len(ends) - 1))] if ends else 0.0
    return 1.08 * max(SMALLEST_REACH, most)


def _by_claim(effects: Sequence[Effect]) -> dict[str, list[Effect]]:
    claims: dict[str, list[Effect]] = {}
    for item in effects:
        claims.setdefault(item.kpi.claim, []).append(item)
    return claims


def _wide(effects: Sequence[Effect], reach: float, reader: Reader, leads: Callable[[str], str]) -> Tree:
    width, left, right = 860.0, 412.0, 712.0
    claims = _by_claim(effects)
    names = {claim: wrap(claim, 12, CLAIM_ROOM) for claim in claims}
    heights = {claim: max(len(members) * ROW, len(names[claim]) * CLAIM_LINE + 4) for claim, members in claims.items()}
    height = TOP + sum(heights.values()) + (len(claims) - 1) * GAP + FOOT
    x = scale((-reach, reach), (left, right))
    bottom = height - FOOT
    parts: list[Any] = _axis(x, reach, TOP - 4, bottom, reader)
    y = TOP
    for number, (claim, members) in enumerate(claims.items()):
        if number:
            parts.append(line(0, y + GAP / 2, width, y + GAP / 2, "grid"))
            y += GAP
        for k, words in enumerate(names[claim]):
            parts.append(text(0, y + CLAIM_LINE * (k + 1), words, "tick"))
        for k, item in enumerate(members):
            href = leads(item.kpi.id)
            parts.append(_row(item, reader, x, reach, y + k * ROW, ROW, 160, left - 8, right + 10, width, href))
        y += heights[claim]
    return canvas(width, height, *parts)


def _narrow(effects: Sequence[Effect], reach: float, reader: Reader, leads: Callable[[str], str]) -> Tree:
    width, left, right = 358.0, 8.0, 350.0
    claims = _by_claim(effects)
    height = TOP + len(effects) * NARROW_ROW + len(claims) * CLAIM_HEAD + FOOT
    x = scale((-reach, reach), (left, right))
    parts = _axis(x, reach, TOP - 4, height - FOOT, reader)
    y, places = TOP, []
    for claim, members in claims.items():
        parts.append(text(0, y + 20, clip(claim, 12, width), "label tick"))
        y += CLAIM_HEAD
        for item in members:
            places.append((y, item))
            y += NARROW_ROW
    for y, item in places:
        words = [
            text(0, y + 12, clip(item.kpi.label, 13, width - text_width(item.short_change, 12.5) - 12), "label"),
            text(
                width,
                y + 12,
                clip(item.short_change, 12, 150),
                "tick strong" if item.tone != "unsure" else "tick",
                "end",
            ),
        ]
        inside = (_hit(0, y, width, NARROW_ROW), *words, *_bar(item, x, reach, y + 24))
        parts.append(mark(_tip(item, reader), *inside, data_href=leads(item.kpi.id) or None))
    return canvas(width, height, *parts)


def _row(
    item: Effect,
    reader: Reader,
    x: Any,
    reach: float,
    y: float,
    row: float,
    at: float,
    until: float,
    words_at: float,
    width: float,
    href: str,
) -> Tree:
    middle = y + row / 2
    strong = item.tone != "unsure"
    return mark(
        _tip(item, reader),
        _hit(at - 6, y, width - at + 6, row),
        text(at, middle + 4.5, clip(item.kpi.label, 12, until - at), "label strong" if strong else "label"),
        *_bar(item, x, reach, middle),
        text(
            words_at,
            middle + 4.5,
            clip(item.short_change, 12.5, width - words_at + 12),
            "label" if strong else "label tick",
        ),
        data_href=href or None,
    )


def _bar(item: Effect, x: Any, reach: float, y: float) -> list[Any]:
    if not item.available or not math.isfinite(item.relative(item.estimate)):
        return []
    low, high = sorted((item.relative(item.ci_low), item.relative(item.ci_high)))
    band = abs(item.relative(item.kpi.smallest_effect))
    shown = min(band, reach)
    parts: list[Any] = [
        el("rect", {"x": x(-shown), "y": y - 7, "width": x(shown) - x(-shown), "height": 14, "class": "fill-band"})
    ]
    tone = f"stroke-{item.tone} thick"
    ends = [max(-reach, min(reach, end)) for end in (low, high)]
    if ends[0] < ends[1]:
        parts.append(line(x(ends[0]), y, x(ends[1]), y, tone))
    for end, edge, way in ((low, -reach, 1), (high, reach, -1)):
        if abs(end) > reach and (end < 0) == (edge < 0):
            tip = x(edge)
            parts.append(path([(tip + 6 * way, y - 4), (tip, y), (tip + 6 * way, y + 4)], tone))
    centre = item.relative(item.estimate)
    at = x(centre) if abs(centre) <= reach else x(math.copysign(reach, centre)) - math.copysign(12, centre)
    parts.append(verdict_mark(at, y, item.verdict.state, item.tone))
    return parts


def _axis(x: Any, reach: float, top: float, bottom: float, reader: Reader) -> list[Any]:
    marks = ticks(-reach, reach, 5)
    parts: list[Any] = [line(x(t), top, x(t), bottom, "axis" if t == 0 else "grid") for t in marks]
    step = abs(marks[1] - marks[0]) * 100 if len(marks) > 1 else 1
    decimals = 0 if step >= 1 else 1
    for t in marks:
        words = "0" if t == 0 else f"{'+' if t > 0 else '−'}{reader.number(abs(t) * 100, decimals)}%"
        parts.append(text(x(t), bottom + 15, words, "tick", "middle"))
    left, right = x(-reach), x(reach)
    parts.append(text(left, bottom + 33, "← worse", "tick"))
    parts.append(text(right, bottom + 33, "better →", "tick", "end"))
    parts.append(text((left + right) / 2, bottom + 33, "share of the level before", "tick", "middle"))
    return parts


def _hit(x: float, y: float, width: float, height: float) -> Tree:
    return el("rect", {"x": x, "y": y, "width": width, "height": height, "class": "hit hit-shown"})


def _tip(item: Effect, reader: Reader) -> str:
    if not item.available:
        return f"{item.kpi.label}: {item.verdict.reason or item.verdict.sentence}"
    share = item.relative(item.estimate)
    beside = ""
    if math.isfinite(share):
        side = "better" if share > 0 else "worse"
        beside = f" That is {reader.number(abs(share) * 100, 1)}% {side} than before training."
    return f"{item.kpi.label}: {item.change}, {item.likely} ({item.verdict.label}).{beside} {item.counts}."
