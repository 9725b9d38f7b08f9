"""Bars from zero, one a row: counts, and parts of a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.plots.spec import TIP, Spec, colour, cut, frame, label, said

THICK = 0.3
"""Share of a row that its bar takes; words stand above it."""
LONGEST_NAME = 40
"""Characters of a name above its bar; a narrow column has room for them beside the number."""


def bars(rows: Sequence[Mapping[str, Any]], *, token: str, whole: bool, locale: str = "en_GB") -> Spec:
    """Horizontal bars with name and number above each.

    Parameters
    ----------
    rows : sequence of mapping
        ``label, whole, part, words, tip``.
    token : str
        Colour of the filled part.
    whole : bool
        Whether the whole is drawn behind the part.
    locale : str
    """
    at = list(range(len(rows)))
    flat = {"type": "bar", "orientation": "h", "width": THICK, "showlegend": False, "y": at, "hovertemplate": TIP}
    flat["customdata"] = [[said(str(row["tip"]))] for row in rows]
    data: list[dict[str, Any]] = []
    if whole:
        data.append({**flat, "meta": "whole", "x": [float(row["whole"]) for row in rows]})
        data[-1]["marker"] = {"color": colour("line")}
    data.append({**flat, "meta": "points", "x": [float(row["part"] or 0) for row in rows]})
    data[-1]["marker"] = {"color": colour(token)}
    layout = frame("", "", locale)
    layout["barmode"] = "overlay"
    layout["xaxis"] |= {"rangemode": "tozero", "visible": False}
    layout["yaxis"] |= {"visible": False, "range": [len(rows) - 0.75, -1.05], "fixedrange": True}
    layout["annotations"] += [
        {"xref": "paper", "y": y - THICK / 2, "yanchor": "bottom", "showarrow": False, "font": {"size": 11}, **part}
        for y, row in zip(at, rows, strict=True)
        for part in (
            {"x": 0, "xanchor": "left", "text": label(cut(str(row["label"]), LONGEST_NAME))},
            {"x": 1, "xanchor": "right", "text": label(str(row["words"]))},
        )
    ]
    layout["margin"] |= {"l": 2, "r": 2, "t": 0, "b": 0}
    return {"data": data, "layout": layout}
