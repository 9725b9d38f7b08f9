"""Lines over time or tenure: survival, adoption, and one group against its own comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.plots.spec import TIP, Spec, colour, cut, frame, label, said, upright

LONGEST_NAME = 28
"""Characters of a name in the legend."""
MOST_BESIDE = 2
"""Names in the legend that leave room for the axis's name beside them; with more it stands along the axis."""


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes
    ----------
    name : str
        In the legend; empty for none.
    xs, ys : sequence
    tips : sequence of str
        One per point; empty for none.
    lows, highs : sequence of float
        Ends of the band around it; empty for none.
    token, soft : str
        Colour of the line, and of its band or of the area under it.
    dash : str
    step : bool
        Whether it stays until the next point and then jumps.
    marks : bool
        Whether its points are drawn too.
    under : bool
        Whether the area down to zero is filled.
    width : float
    meta : str
        What the trace is, for tests and scripts.
    """

    name: str
    xs: Sequence[Any]
    ys: Sequence[float | None]
    tips: Sequence[str] = ()
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    token: str = "trained"
    soft: str = "trained-soft"
    dash: str = "solid"
    step: bool = False
    marks: bool = False
    under: bool = False
    width: float = 2.0
    meta: str = "line"


def curves(
    lines: Sequence[Line],
    *,
    across: str,
    up: str,
    percent: bool = False,
    from_zero: bool = False,
    span: tuple[float, float] | None = None,
    marked: Sequence[tuple[Any, str]] = (),
    dates: bool = False,
    locale: str = "en_GB",
) -> Spec:
    """Lines that share their axes.

    Parameters
    ----------
    lines : sequence of Line
    across, up : str
        What the axes measure.
    percent : bool
        Whether the vertical axis is a share.
    from_zero : bool
        Whether the vertical axis starts at zero.
    span : tuple of float, optional
        Ends of the vertical axis.
    marked : sequence of (x, words)
        Upright lines with a name.
    dates : bool
        Whether the horizontal axis is one of days.
    locale : str
    """
    data: list[dict[str, Any]] = []
    for line in lines:
        data += _band(line) if len(line.lows) else []
        data.append(_line(line))
    layout = frame(across, up, locale)
    named = sum(bool(line.name) for line in lines)
    layout["showlegend"] = named > 0
    if up and named > MOST_BESIDE:
        layout["annotations"] = []
        layout["yaxis"] |= {"title": {"text": label(up), "font": {"size": 12}}}
    layout["hovermode"] = "closest"
    if percent:
        layout["yaxis"] |= {"tickformat": ".0%"}
    if from_zero:
        layout["yaxis"] |= {"rangemode": "tozero"}
    if span:
        layout["yaxis"] |= {"range": list(span)}
    if dates:
        layout["xaxis"] |= {"type": "date"} | ({} if locale.startswith("en") else {"tickformat": "%Y-%m-%d"})
        days = {str(x) for line in lines for x in line.xs}
        if len(days) == 1:  # by itself Plotly shows the milliseconds around it
            layout["xaxis"] |= {"tickvals": sorted(days), "tickformat": "%Y-%m-%d"}
    for x, words in marked:
        shape, name = upright(x, words)
        layout["shapes"].append(shape)
        layout["annotations"].append(name)
    return {"data": data, "layout": layout}


def _shape(line: Line) -> dict[str, Any]:
    return {"shape": "hv"} if line.step else {}


def _band(line: Line) -> list[dict[str, Any]]:
    flat = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "meta": "band", "showlegend": False}
    flat |= {"legendgroup": label(line.name), "x": list(line.xs), "line": {"width": 0, **_shape(line)}}
    return [
        {**flat, "y": list(line.lows)},
        {**flat, "y": list(line.highs), "fill": "tonexty", "fillcolor": colour(line.soft)},
    ]


def _line(line: Line) -> dict[str, Any]:
    alone = sum(y is not None for y in line.ys) == 1  # a line of one point draws nothing
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers" if line.marks or alone else "lines",
        "meta": line.meta,
        "name": label(cut(line.name, LONGEST_NAME)),
        "legendgroup": label(line.name),
        "showlegend": bool(line.name),
        "x": list(line.xs),
        "y": list(line.ys),
        "line": {"color": colour(line.token), "width": line.width, "dash": line.dash, **_shape(line)},
    }
    if line.marks or alone:
        trace["marker"] = {"color": colour(line.token), "size": 5 if line.marks else 8}
    if line.under:
        trace |= {"fill": "tozeroy", "fillcolor": colour(line.soft)}
    if line.tips:
        trace |= {"customdata": [[said(tip)] for tip in line.tips], "hovertemplate": TIP}
    else:
        trace |= {"hoverinfo": "skip"}
    return trace
