"""Shared parts of Plotly figures: named colours, escaped text, axes, layers, conversion to a Figure.

A *spec* is a plain dictionary ``{"data": [...], "layout": {...}, "narrow": {...}}``. Its colours are names of
:mod:`dashboard.theme` (``var(--trained)``), so one spec serves light and dark: ``assets/plot.js`` fills them in on a
page, :func:`figure` does in a notebook. ``narrow`` holds the parts of the layout that differ in a column under 560 px.
Specs are plain because a page sends several with each answer, and building ``go.Figure`` takes 20 ms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Any
from unicodedata import combining

from babel.numbers import get_decimal_symbol, get_group_symbol

from dashboard.theme import FONT_STACK, TOKENS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Spec = dict[str, Any]
TIP_CHARACTERS = 64
"""Characters in a line of a tip; Plotly does not break lines itself."""
CHARACTER_PIXELS = 6.6
"""Mean width of a character at 12 px, to leave room for words."""
TIP = "%{customdata[0]}<extra></extra>"
LEAST_HEIGHT = 24
"""Pixels between the margins that words around a low chart leave it; by default Plotly lets words overlap under 64."""
TICK_SHARE = 0.03
"""Height of an event's tick, as a share of the figure."""
_NAMED = re.compile(r"var\(--([a-z-]+)\)")


@dataclass(frozen=True)
class Layer:
    """Part of a figure that its legend entry shows or hides.

    Attributes
    ----------
    name : str
        In words.
    shown : bool
        Whether it is shown at first.
    """

    name: str
    shown: bool = True

    def trace(self) -> dict[str, Any]:
        """Properties of the trace that represents the layer in the legend."""
        return {"name": self.name, "legendgroup": self.name, "visible": True if self.shown else "legendonly"}


def colour(token: str) -> str:
    """A colour by name."""
    return f"var(--{token})"


def said(words: str) -> str:
    """Text for Plotly: without markup, in lines short enough for a tooltip.

    Parameters
    ----------
    words : str
        May hold line breaks.
    """
    lines = [part for line in words.split("\n") for part in _wrapped(line)]
    return "<br>".join(escape(line, quote=False) for line in lines)


def _wrapped(line: str) -> list[str]:
    """Most lines are short, and ``textwrap`` is slow."""
    return [line] if len(line) <= TIP_CHARACTERS and line == line.strip() else wrap(line, TIP_CHARACTERS) or [""]


def label(words: str) -> str:
    """One line of words for an axis or beside a row."""
    return escape(" ".join(words.split()), quote=False)


def cut(words: str, most: int) -> str:
    """Shorten words to ``most`` characters with an ellipsis; accents stay with their letter.

    Parameters
    ----------
    words : str
    most : int
    """
    if len(words) <= most:
        return words
    end = most - 1
    while end > 1 and combining(words[end]):
        end -= 1
    return f"{words[:end].rstrip()}…"


def number(value: float) -> float | None:
    """A number for JSON; None where there is none."""
    return float(value) if math.isfinite(value) else None


def frame(across: str, up: str, locale: str = "en_GB") -> dict[str, Any]:
    """Axes, fonts and margins that every figure shares.

    Parameters
    ----------
    across, up : str
        What the two axes measure; the vertical one is said above the axis, where it can be read.
    locale : str
        For the separators of numbers.
    """
    axis: dict[str, Any] = {
        "gridcolor": colour("line"),
        "linecolor": colour("compare"),
        "zerolinecolor": colour("compare"),
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": colour("muted"), "size": 12},
        "separatethousands": True,
        "exponentformat": "none",
        "automargin": True,
        "ticklabeloverflow": "allow",  # room is made for labels; otherwise each is measured, three times
    }
    over = {"text": label(up), "x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {
        "font": {"family": FONT_STACK, "size": 12, "color": colour("text")},
        "paper_bgcolor": colour("surface"),
        "plot_bgcolor": colour("surface"),
        "margin": {"l": 8, "r": 12, "t": 26, "b": 8},
        "minreducedheight": LEAST_HEIGHT,
        "separators": get_decimal_symbol(locale) + get_group_symbol(locale),
        "showlegend": False,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
        | {"bgcolor": "rgba(0,0,0,0)", "font": {"color": colour("text"), "size": 12}},
        "hovermode": "closest",
        "dragmode": "zoom",
        "hoverlabel": {
            "bgcolor": colour("surface"),
            "bordercolor": colour("control"),
            "font": {"family": FONT_STACK, "size": 13, "color": colour("text")},
            "align": "left",
        },
        "modebar": {"bgcolor": colour("surface"), "color": colour("muted"), "activecolor": colour("accent")},
        "xaxis": {**axis, "showgrid": False, "title": {"text": label(across), "font": {"size": 12}}},
        "yaxis": axis,
        "shapes": [],
        "annotations": [over | {"showarrow": False, "font": {"color": colour("muted"), "size": 12}}] if up else [],
    }


def upright(x: Any, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An upright line with its name, as a shape and an annotation.

    Parameters
    ----------
    x : number or date
    words : str
    """
    shape = {"type": "line", "layer": "below", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}
    line = {"color": colour("text"), "width": 1, "dash": "dot"}
    name = {"x": x, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top", "text": label(words)}
    return shape | {"line": line}, name | {"showarrow": False, "font": {"color": colour("text"), "size": 12}}


def with_events(spec: Spec, ticks: Sequence[tuple[Any, str, str]], foot: float = 0.0) -> Spec:
    """A figure with numbered grey ticks of events on its horizontal axis.

    Parameters
    ----------
    spec : dict
    ticks : sequence of (x, numbers, words)
    foot : float
        Where the axis stands, as a share of the height.
    """
    line = {"color": colour("muted"), "width": 2}
    rise = {"type": "line", "yref": "paper", "y0": foot, "y1": foot + TICK_SHARE, "line": line}
    name = {"yref": "paper", "y": foot + TICK_SHARE, "yanchor": "bottom", "showarrow": False}
    name |= {"font": {"color": colour("muted"), "size": 11}}
    shapes = [{**rise, "x0": x, "x1": x} for x, _, _ in ticks]
    names = [{**name, "x": x, "text": label(numbers), "hovertext": said(words)} for x, numbers, words in ticks]
    layout = dict(spec["layout"])
    layout |= {"shapes": [*layout["shapes"], *shapes], "annotations": [*layout["annotations"], *names]}
    return {**spec, "layout": layout}


def with_limit(spec: Spec, value: float, words: str) -> Spec:
    """A figure with a named dashed line across, and the area below it to zero.

    Parameters
    ----------
    spec : dict
    value : float
    words : str
    """
    across = {"xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "type": "line", "layer": "below"}
    line = across | {"line": {"color": colour("text"), "width": 1, "dash": "dash"}}
    name = {"xref": "paper", "x": 0, "xanchor": "left", "y": value, "yanchor": "top", "text": label(words)}
    name |= {"showarrow": False, "font": {"color": colour("muted"), "size": 11}}
    layout = dict(spec["layout"])
    layout["shapes"] = [*layout["shapes"], area(0, 1, 0, value, "band", xref="paper"), line]
    layout["annotations"] = [*layout["annotations"], name]
    return {**spec, "layout": layout}


def area(x0: Any, x1: Any, y0: Any, y1: Any, token: str, **refs: str) -> dict[str, Any]:
    """A filled rectangle behind the data."""
    where = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
    return {"type": "rect", "layer": "below", "fillcolor": colour(token), "line": {"width": 0}} | where | refs


def room(words: Sequence[str]) -> int:
    """Width in pixels of the longest text at 12 px."""
    return round(max((len(one) for one in words), default=0) * CHARACTER_PIXELS)


def painted(value: Any, tokens: Mapping[str, str]) -> Any:
    """Replace colour names in a spec by the colours of one scheme."""
    if isinstance(value, str):
        named = _NAMED.fullmatch(value)
        return _opaque(tokens[named[1]]) if named else value
    if isinstance(value, dict):
        return {name: painted(part, tokens) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [painted(part, tokens) for part in value]
    return value


def _opaque(found: str) -> str:
    """``#RRGGBBAA`` as Plotly's validators know it."""
    if len(found) != 9:
        return found
    red, green, blue, alpha = (int(found[i : i + 2], 16) for i in (1, 3, 5, 7))
    return f"rgba({red},{green},{blue},{alpha / 255:.3f})"


def figure(spec: Spec, scheme: str = "light", *, width: int = 840, height: int = 420) -> Figure:
    """A spec as a ``plotly.graph_objects.Figure``.

    Parameters
    ----------
    spec : dict
        From a function of :mod:`dashboard.plots`.
    scheme : str
        ``light`` or ``dark``.
    width, height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    made = painted({"data": spec["data"], "layout": spec["layout"]}, TOKENS[scheme])
    found = go.Figure(data=made["data"], layout=made["layout"])
    found.update_layout(width=width, height=height, template="none")
    return found
