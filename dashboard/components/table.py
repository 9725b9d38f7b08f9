"""A table people can sort, print and hear; numbers are formatted for reading, the CSV beside it carries them raw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard.components.attributes import attributes

HIDDEN = "too few agents"
"""What stands in a cell that may not be shown."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key : str
        Name in the rows.
    label : str
        Heading; with the unit when it is a number.
    numeric : bool
        Right-aligned with figures of equal width, and sorted by value.
    show : callable, optional
        From the value to what is written; the value itself by default.
    help : str
        Explanation on hover.
    """

    key: str
    label: str
    numeric: bool = False
    show: Callable[[Any], Any] | None = None
    help: str = ""


def table(
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
    *,
    caption: str = "",
    limit: int = 500,
    id: str | None = None,
    sortable: bool = True,
) -> html.Div:
    """A table; the first column heads its row.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of dict
        A row with ``"suppressed": True`` shows ``HIDDEN`` in place of every missing number.
    caption : str
        Read out before the table.
    limit : int
        Rows shown; the rest is counted in a last line.
    id : str, optional
    sortable : bool
        Whether headings sort (done in the browser by ``assets/page.js``).
    """
    shown = list(rows[:limit])
    head = html.Tr([_heading(column, sortable) for column in columns])
    body = [html.Tr([_cell(column, row, first=i == 0) for i, column in enumerate(columns)]) for row in shown]
    if len(rows) > limit:
        words = f"{len(rows) - limit:,} more rows are in the download."
        body.append(html.Tr([html.Td(words, colSpan=len(columns), className="muted")]))
    extra: dict[str, Any] = {"id": id} if id else {}
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="visually-hidden") if caption else None,
                html.Thead(head),
                html.Tbody(body),
            ],
            className="data-table",
            **extra,
        ),
        className="table-scroll",
        tabIndex=0,
        role="region",
        **attributes({"aria-label": caption or "Table"}),
    )


def _heading(column: Column, sortable: bool) -> html.Th:
    words: Any = column.label
    if sortable:
        words = html.Button(
            column.label,
            type="button",
            className="sort",
            **attributes({"data-sort": "number" if column.numeric else "text"}),
        )
    extra = attributes({"data-tip": column.help} if column.help else {})
    return html.Th(words, scope="col", className="num" if column.numeric else None, **extra)


def _cell(column: Column, row: dict[str, Any], *, first: bool) -> html.Td | html.Th:
    value = row.get(column.key)
    if value is None and row.get("suppressed") and column.numeric:
        content: Any = html.Span(HIDDEN, className="muted")
    elif value is None:
        content = "–"
    else:
        content = (
            column.show(value)
            if column.show
            else (f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))
        )
    raw = attributes({"data-value": value} if column.numeric and isinstance(value, int | float) else {})
    kind = html.Th if first else html.Td
    scope = attributes({"scope": "row"} if first else {})
    return kind(content, className="num" if column.numeric else None, **raw, **scope)
