"""The marks of the five verdicts, the same shape and colour wherever an effect is drawn."""

from __future__ import annotations

from dashboard.figures.svg import Tree, diamond, el

RADIUS = 5.0


def verdict_mark(x: float, y: float, state: str, tone: str, radius: float = RADIUS) -> Tree:
    """The mark of one verdict.

    Parameters
    ----------
    x, y : float
        Centre in pixels.
    state : str
        Verdict state: a filled circle is clear, a filled diamond clear but small, a ring no meaningful change, a dashed
        ring can't tell yet, a cross don't use.
    tone : str
        ``better``, ``worse`` or ``unsure``: its colour.
    radius : float
    """
    if state == "clear":
        return el("circle", {"cx": x, "cy": y, "r": radius, "class": f"fill-{tone} stroke-surface"})
    if state == "clear_but_small":
        return diamond(x, y, radius + 1, f"fill-{tone} stroke-surface")
    if state == "dont_use":
        kind = "stroke-unsure thick"
        return el(
            "g",
            {"class": kind},
            el("line", {"x1": x - 4, "y1": y - 4, "x2": x + 4, "y2": y + 4}),
            el("line", {"x1": x - 4, "y1": y + 4, "x2": x + 4, "y2": y - 4}),
        )
    dashed = " dash-fine" if state == "cant_tell_yet" else ""
    return el("circle", {"cx": x, "cy": y, "r": radius - 0.5, "class": f"fill-surface stroke-unsure thin{dashed}"})
