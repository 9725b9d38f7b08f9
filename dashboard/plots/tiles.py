"""Heat map: a number in each cell, coloured only where its effect is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.plots.spec import Spec, colour, cut, frame, label, said

LONGEST_NAME = 22
"""Characters of a row's name."""
MANY_COLUMNS = 6
"""From here on their names are written smaller."""
NARROW_NAMES = 5
"""Names of columns that stand side by side where a column of text is narrow."""


def _written(cell: Mapping[str, Any]) -> str:
    """The number of a cell, with those of the events that fell in it."""
    numbers = str(cell.get("events", ""))
    return label(str(cell["words"])) + (f"<sup> {label(numbers)}</sup>" if numbers else "")


def tiles(cells: Sequence[Mapping[str, Any]], *, across: str, locale: str = "en_GB") -> Spec:
    """A heat map.

    Parameters
    ----------
    cells : sequence of mapping
        ``row, row_label, column, column_label, value`` (positive is better), ``tone, words, tip``; what is not there is
        left empty.
    across : str
        What the columns are.
    locale : str
    """
    rows = list(dict.fromkeys((str(cell.get("row", cell["row_label"])), str(cell["row_label"])) for cell in cells))
    names = {int(cell["column"]): str(cell["column_label"]) for cell in cells}
    there = {(str(cell.get("row", cell["row_label"])), int(cell["column"])): cell for cell in cells}
    columns = sorted(names)

    def grid(take: Any, nothing: Any = "") -> list[list[Any]]:
        found = [[there.get((key, column)) for column in columns] for key, _ in rows]
        return [[nothing if cell is None else take(cell) for cell in line] for line in found]

    strongest = max(abs(float(cell["value"])) for cell in cells) or 1.0
    trace = {
        "type": "heatmap",
        "meta": "points",
        "x": list(range(len(columns))),
        "y": list(range(len(rows))),
        "z": grid(lambda cell: 0.0 if cell.get("tone") == "unsure" else float(cell["value"]), None),
        "text": grid(_written),
        "customdata": grid(lambda cell: said(str(cell["tip"]))),
        "texttemplate": "%{text}",
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "zmin": -2 * strongest,
        "zmax": 2 * strongest,
        "colorscale": [[0, colour("worse")], [0.5, colour("surface")], [1, colour("better")]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    layout = frame(across, "", locale)
    layout["xaxis"] |= {
        "tickvals": trace["x"],
        "ticktext": [label(names[column]) for column in columns],
        "side": "top",
        "tickangle": 0,
        "tickfont": {"color": colour("muted"), "size": 10 if len(columns) > MANY_COLUMNS else 12},
    }
    layout["yaxis"] |= {
        "tickvals": trace["y"],
        "ticktext": [label(cut(name, LONGEST_NAME)) for _, name in rows],
        "autorange": "reversed",
        "showgrid": False,
    }
    layout["margin"] |= {"t": 8}
    every = -(-len(columns) // NARROW_NAMES)
    narrow = {"xaxis": {name: layout["xaxis"][name][::every] for name in ("tickvals", "ticktext")}}
    return {"data": [trace], "layout": layout, "narrow": narrow}
