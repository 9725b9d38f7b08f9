"""One effect with its range around zero and the band that does not matter; right is better."""

from __future__ import annotations

from typing import Any

from dashboard.figures.marks import verdict_mark
from dashboard.figures.svg import canvas, el, line, mark, scale, text
from dashboard.views.verdicts import Effect

WIDTH, HEIGHT = 260.0, 46.0
AXIS_Y = 14.0


def range_bar(effect: Effect) -> dict[str, Any] | None:
    """The bar of a KPI card.

    Parameters
    ----------
    effect : Effect

    Returns
    -------
    dict or None
        A figure; None when there is no number to draw.
    """
    if not effect.available:
        return None
    sign, band = effect.sign, effect.kpi.smallest_effect
    low, high = sorted((sign * effect.ci_low, sign * effect.ci_high))
    reach = 1.12 * max(abs(low), abs(high), 1.6 * band)
    x = scale((-reach, reach), (6, WIDTH - 6))
    tip = f"{effect.kpi.label}: {effect.change}, {effect.likely}. Grey band: less than would matter."
    parts = [
        el("rect", {"x": x(-band), "y": AXIS_Y - 9, "width": x(band) - x(-band), "height": 18, "class": "fill-band"}),
        line(6, AXIS_Y, WIDTH - 6, AXIS_Y, "grid"),
        line(x(0), AXIS_Y - 11, x(0), AXIS_Y + 11, "axis"),
        line(x(low), AXIS_Y, x(high), AXIS_Y, f"stroke-{effect.tone} heavy"),
        verdict_mark(x(sign * effect.estimate), AXIS_Y, effect.verdict.state, effect.tone, 6),
        el("rect", {"x": 0, "y": 0, "width": WIDTH, "height": 28, "class": "hit"}),
    ]
    words = [
        text(6, 40, "← worse", "tick small"),
        text(x(0), 40, "no change", "tick small", "middle"),
        text(WIDTH - 6, 40, "better →", "tick small", "end"),
    ]
    return {"label": tip, "wide": canvas(WIDTH, HEIGHT, mark(tip, *parts), *words), "narrow": None}
