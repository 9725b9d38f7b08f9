"""Rows by weeks: who is in a state from which week on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.plots.spec import TIP, Spec, colour, cut, frame, label, said

LONGEST_NAME = 22
"""Characters of a row's name; a longer one is whole in its tip."""


@dataclass(frozen=True)
class Stay:
    """One row; ``start`` is the week from which it is in the state, None for never."""

    name: str
    tip: str
    start: int | None


def timeline(rows: Sequence[Stay], *, end: int, across: str, locale: str = "en_GB") -> Spec:
    """A bar a row, from its start to the end, over a pale bar of the whole time.

    Parameters
    ----------
    rows : sequence of Stay
        From top to bottom.
    end : int
        Weeks drawn.
    across : str
        What the axis measures.
    locale : str
    """
    at = list(range(len(rows)))
    flat = {"type": "bar", "orientation": "h", "width": 0.66, "showlegend": False, "hovertemplate": TIP}
    there = [(y, row, row.start) for y, row in zip(at, rows, strict=True) if row.start is not None]
    data: list[dict[str, Any]] = [
        {
            **flat,
            "meta": "whole",
            "y": at,
            "x": [end] * len(rows),
            "customdata": [[said(row.tip)] for row in rows],
            "marker": {"color": colour("band")},
        },
        {
            **flat,
            "meta": "points",
            "y": [y for y, _, _ in there],
            "base": [start for _, _, start in there],
            "x": [end - start for _, _, start in there],
            "customdata": [[said(row.tip)] for _, row, _ in there],
            "marker": {"color": colour("trained")},
        },
    ]
    layout = frame(across, "", locale)
    layout["barmode"] = "overlay"
    layout["xaxis"] |= {"range": [0, end]}
    layout["yaxis"] |= {
        "tickvals": at,
        "ticktext": [label(cut(row.name, LONGEST_NAME)) for row in rows],
        "range": [len(rows) - 0.4, -0.6],
        "fixedrange": True,
        "showgrid": False,
    }
    layout["margin"] |= {"t": 8}
    narrow = {"yaxis": {"tickfont": {"size": 9}}, "xaxis": {"tickfont": {"size": 10}, "title": {"standoff": 4}}}
    return {"data": data, "layout": layout, "narrow": narrow}
