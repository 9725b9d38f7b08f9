"""The marks of the five verdicts, the same shape and colour wherever an effect is drawn."""

from __future__ import annotations

from dashboard.figures.svg import Tree, el

RADIUS = 5.0


def verdict_mark(x: float, y: float, state: str, tone: str, radius: float = RADIUS) -> Tree:
    """The mark of one verdict.

    Parameters
    ----------
    x, y : float
        Centre in pixels.
    state : str
        Verdict state: a filled circle is clear, a half-filled one clear but small, a ring no meaningful change, a
        dashed ring can't tell yet; "don't use" has no place on an axis, so no mark is drawn for it.
    tone : str
        ``better``, ``worse`` or ``unsure``: its colour.
    radius : float
    """
    if state == "clear":
        return el("circle", {"cx": x, "cy": y, "r": radius, "class": f"fill-{tone} stroke-surface"})
    if state == "clear_but_small":
        half = f"M{x:g} {y - radius:g}A{radius:g} {radius:g} 0 0 0 {x:g} {y + radius:g}Z"
        return el(
            "g",
            {},
            el("circle", {"cx": x, "cy": y, "r": radius, "class": f"fill-surface stroke-{tone} thin"}),
            el("path", {"d": half, "class": f"fill-{tone}"}),
        )
    dashed = " dash-fine" if state == "cant_tell_yet" else ""
    return el("circle", {"cx": x, "cy": y, "r": radius - 0.5, "class": f"fill-surface stroke-unsure thin{dashed}"})
