"""Rows with an estimate and its range: the forest, the ladder, hazards, money, and gains by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.plots.spec import TIP, Spec, area, colour, cut, frame, label, number, room, said

SYMBOLS = {"clear": "circle", "clear_but_small": "circle-open-dot"}
"""Verdict state to marker; any other is an open circle."""
LONGEST_LABEL, NARROW_LABEL = 40, 48
"""Characters of a name beside its row, and above it where columns are narrow; a longer one is whole in its tip."""
NARROW_LINE, SHORTEST_LABEL = 46, 16
"""Characters of name and words in one line above a row, and of a name that gives way to long words."""
THICK, ABOVE = 0.45, 5
"""Share of a row that a bar takes, and pixels between the middle of a mark and words above it."""
BELOW = 24
"""Pixels below the chart for the numbers of an axis without a name."""
LONGEST_WORDS = 30
"""Characters at the right of a row; more of them would leave no room for the chart."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes
    ----------
    name, words : str
        At the left and at the right of the row.
    tip : str
    estimate, low, high : float
        In the unit of the axis; NaN for none.
    tone : str
        Colour by its name.
    symbol : str
        Plotly marker.
    strong : bool
        Whether the row is written bold.
    group : str
        Heading under which it stands.
    href : str
        Where it leads.
    before, after, expected : float
        Levels of a dumbbell on the left axis; NaN for none.
    """

    name: str
    words: str
    tip: str
    estimate: float
    low: float
    high: float
    tone: str = "unsure"
    symbol: str = "circle-open"
    strong: bool = False
    group: str = ""
    href: str = ""
    before: float = math.nan
    after: float = math.nan
    expected: float = math.nan


def ranges(
    rows: Sequence[Row],
    *,
    span: tuple[float, float],
    across: str,
    band: float | None = None,
    band_around: float = 0.0,
    mean: float = math.nan,
    log: bool = False,
    bars: bool = False,
    suffix: str = "",
    ticks: Sequence[tuple[float, str]] = (),
    level_title: str = "",
    locale: str = "en_GB",
) -> Spec:
    """Rows from top to bottom, each with a mark and its range.

    Parameters
    ----------
    rows : sequence of Row
    span : tuple of float
        Ends of the axis at first; a reader may zoom out.
    across : str
        What the axis measures.
    band, band_around : float, optional
        Half-width and middle of the grey band of what would not matter.
    mean : float
        A dashed upright line; NaN for none.
    log : bool
        Whether the axis is one of ratios.
    bars : bool
        Bars from zero instead of marks.
    suffix : str
        Behind the numbers of the axis.
    ticks : sequence of (value, words)
        Named places of the axis, in place of numbers.
    level_title : str
        With levels (a dumbbell): what the left axis measures.
    locale : str
    """
    places, heads = _places(rows)
    data: list[dict[str, Any]] = []
    dumbbells = any(math.isfinite(row.before) for row in rows)
    effect = {"xaxis": "x2"} if dumbbells else {}
    for kind in dict.fromkeys((row.tone, row.symbol) for row in rows if math.isfinite(row.estimate)):
        members = [
            (row, y)
            for row, y in zip(rows, places, strict=True)
            if (row.tone, row.symbol) == kind and math.isfinite(row.estimate)
        ]
        data.append(_marks(members, *kind, bars=bars) | effect)
    layout = frame(across, "", locale)
    axis = layout["xaxis"]
    axis |= {"range": [math.log10(end) for end in span] if log else list(span), "ticksuffix": suffix, "showgrid": True}
    axis |= {"type": "log"} if log else {"zeroline": True}
    if ticks:
        axis |= {"tickvals": [value for value, _ in ticks], "ticktext": [label(words) for _, words in ticks]}
    if dumbbells:
        layout["xaxis2"] = {**axis, "domain": [0.52, 1]}
        layout["xaxis"] = {**axis, "domain": [0, 0.46], "zeroline": False, "ticksuffix": ""}
        layout["xaxis"].pop("range")
        layout["xaxis"]["title"] = {"text": label(level_title), "font": {"size": 12}}
        data += _levels(rows, places)
    ref = {"xref": "x2" if dumbbells else "x"}
    if band:
        layout["shapes"].append(area(band_around - band, band_around + band, 0, 1, "band", yref="paper", **ref))
    if math.isfinite(mean):
        line = {"color": colour("text"), "width": 1, "dash": "dash"}
        layout["shapes"].append(
            {"type": "line", "x0": mean, "x1": mean, "y0": 0, "y1": 1, "yref": "paper", "layer": "below", "line": line}
            | ref
        )
    bottom = max([*places, 0.0]) + 0.6
    layout["yaxis"] |= {
        "range": [bottom, -0.6 if not heads else min(heads.values()) - 0.5],
        "tickvals": list(places),
        "ticktext": [_name(row) for row in rows],
        "tickfont": {"color": colour("text"), "size": 12},
        "showgrid": False,
        "fixedrange": True,
    }
    layout["annotations"] += [_head(words, y) for words, y in heads.items()]
    beside = [replace(row, words=cut(row.words, LONGEST_WORDS)) for row in rows]
    told = [_words(row, y, {"x": 1.01, "xanchor": "left"}) for row, y in zip(beside, places, strict=True) if row.words]
    above = {"yanchor": "bottom", "yshift": 0 if bars else ABOVE, "font": {"size": 11}}
    narrow_words = [
        part | above | {"y": y - THICK / 2 if bars else y}
        for row, y in zip(rows, places, strict=True)
        for part in (
            _words(row, y, {"x": 0, "xanchor": "left"}) | {"text": _name(row, _narrow_label(row))},
            _words(row, y, {"x": 1, "xanchor": "right"}),
        )
    ]
    narrow: dict[str, Any] = {
        "annotations": [*layout["annotations"], *narrow_words],
        "yaxis": {"showticklabels": False, "range": [bottom, layout["yaxis"]["range"][1] - 0.3]},
        "margin": {"r": 8},
    }
    if dumbbells:
        narrow |= {"xaxis": {"visible": False, "domain": [0, 0.001]}, "xaxis2": {"domain": [0, 1]}}
    layout["annotations"] = [*layout["annotations"], *told]
    layout["margin"] = {**layout["margin"], "t": 10, "r": 16 + room([row.words for row in beside])}
    if bars:  # the words of each row have the unit
        axis["title"] = {"text": ""}
        layout["margin"]["b"] = narrow["margin"]["b"] = BELOW
    return {"data": data, "layout": layout, "narrow": narrow}


def _places(rows: Sequence[Row]) -> tuple[list[float], dict[str, float]]:
    """Where each row and each heading stands, from the top down."""
    places, heads, y, last = [], {}, 0.0, ""
    for row in rows:
        if row.group and row.group != last:
            heads[row.group] = y
            y, last = y + 1, row.group
        places.append(y)
        y += 1
    return places, heads


def _name(row: Row, most: int = LONGEST_LABEL) -> str:
    words = label(cut(row.name, most))
    return f"<b>{words}</b>" if row.strong else words


def _narrow_label(row: Row) -> int:
    return min(NARROW_LABEL, max(SHORTEST_LABEL, NARROW_LINE - len(row.words)))


def _words(row: Row, y: float, where: dict[str, Any]) -> dict[str, Any]:
    words = f"<b>{label(row.words)}</b>" if row.strong else label(row.words)
    return {"y": y, "xref": "paper", "text": words, "showarrow": False, "yanchor": "middle"} | where


def _head(words: str, y: float) -> dict[str, Any]:
    place = {"x": 0, "xref": "paper", "xanchor": "left", "y": y, "yanchor": "middle"}
    return {"text": label(words), "showarrow": False, "font": {"color": colour("muted"), "size": 12}} | place


def _marks(members: Sequence[tuple[Row, float]], tone: str, symbol: str, *, bars: bool) -> dict[str, Any]:
    rows = [row for row, _ in members]
    error = {
        "type": "data",
        "symmetric": False,
        "array": [number(row.high - row.estimate) for row in rows],
        "arrayminus": [number(row.estimate - row.low) for row in rows],
        "color": colour("text" if bars else tone),
        "thickness": 1.5 if bars else 2,
        "width": 4 if bars else 0,
    }
    trace: dict[str, Any] = {
        "meta": "points",
        "showlegend": False,
        "x": [row.estimate for row in rows],
        "y": [y for _, y in members],
        "customdata": [[said(row.tip), row.href] if row.href else [said(row.tip)] for row in rows],
        "hovertemplate": TIP,
        "error_x": error,
    }
    if bars:
        hollow = {"color": colour("surface"), "line": {"color": colour("unsure"), "width": 1}}
        return trace | {
            "type": "bar",
            "orientation": "h",
            "width": THICK,
            "marker": hollow if tone == "unsure" else {"color": colour(tone)},
        }
    marker = {"color": colour(tone), "symbol": symbol, "size": 10, "line": {"width": 1.5, "color": colour(tone)}}
    return trace | {"type": "scatter", "mode": "markers", "marker": marker}


def _levels(rows: Sequence[Row], places: Sequence[float]) -> list[dict[str, Any]]:
    """Before, after and expected of every row, on the left axis."""
    both = [(row, y) for row, y in zip(rows, places, strict=True) if math.isfinite(row.before)]
    line = {
        "type": "scatter",
        "mode": "lines",
        "meta": "levels",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [value for row, _ in both for value in (row.before, row.after, None)],
        "y": [value for _, y in both for value in (y, y, None)],
        "line": {"color": colour("compare"), "width": 1.5},
    }
    kinds = (
        ("before", "before", {"symbol": "circle-open", "size": 9, "color": colour("before"), "line": {"width": 2}}),
        ("expected", "expected", {"symbol": "line-ns-open", "size": 14, "color": colour("text"), "line": {"width": 2}}),
        ("after", "after", {"symbol": "circle", "size": 10, "color": colour("trained")}),
    )
    return [line] + [
        {
            "type": "scatter",
            "mode": "markers",
            "meta": meta,
            "showlegend": False,
            "x": [number(getattr(row, field)) for row, _ in both],
            "y": [y for _, y in both],
            "customdata": [[said(row.tip), row.href] if row.href else [said(row.tip)] for row, _ in both],
            "hovertemplate": TIP,
            "marker": marker,
        }
        for meta, field, marker in kinds
    ]
