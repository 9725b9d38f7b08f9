"""Sortable, printable and accessible tables; numbers are formatted, the CSV has raw values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash.development.base_component import Component

from analysis.words.numbers import Reader

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
    words : str
        Key under which a row says how its value is written, where that differs by row.
    """

    key: str
    label: str
    numeric: bool = False
    show: Callable[[Any], Any] | None = None
    help: str = ""
    words: str = ""


class Table(Component):
    """A table in the page; put together by ``assets/table.js``.

    A cell as a component of its own costs the server and the browser as much as a paragraph does, and a chart's table
    has hundreds of them, mostly folded away; so the cells are one list of texts.

    Parameters
    ----------
    columns : list
        ``[label, numeric, help]`` of every column.
    rows : list
        Rows of cells: a text, ``[text, value]`` for a number, None for what may not be shown.
    caption, hidden : str
        Read out before the table; what stands in place of None.
    more : str, optional
        A last line.
    sortable : bool
    id : str, optional
    """

    _children_props: list[str] = []  # noqa: RUF012
    _base_nodes: list[str] = ["children"]  # noqa: RUF012
    _namespace = "empathy_lift"
    _type = "Table"
    _prop_names: list[str] = ["id", "columns", "rows", "caption", "hidden", "more", "sortable"]  # noqa: RUF012
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012
    available_properties: list[str] = _prop_names
    available_wildcard_properties: list[str] = []  # noqa: RUF012

    def __init__(
        self,
        columns: Any = None,
        rows: Any = None,
        caption: str = "",
        hidden: str = HIDDEN,
        more: str | None = None,
        sortable: bool = True,
        id: str | None = None,
    ) -> None:
        given = {
            "columns": columns,
            "rows": rows,
            "caption": caption,
            "hidden": hidden,
            "more": more,
            "sortable": sortable,
            "id": id,
        }
        super().__init__(**{name: value for name, value in given.items() if value is not None})  # type: ignore[no-untyped-call]


def table(
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
    *,
    reader: Reader,
    caption: str = "",
    limit: int = 500,
    id: str | None = None,
    sortable: bool = True,
) -> Table:
    """A table; the first column heads its row.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of dict
        A row with ``"suppressed": True`` shows ``HIDDEN`` in place of every missing number.
    reader : Reader
        Writes whole numbers with the separators of the reader's locale; other numbers need ``show``.
    caption : str
        Read out before the table.
    limit : int
        Rows shown; the rest is counted in a last line.
    id : str, optional
    sortable : bool
        Whether headings sort (done in the browser by ``assets/page.js``).
    """
    return Table(
        columns=[[column.label, column.numeric, column.help] for column in columns],
        rows=[[_cell(column, row, reader) for column in columns] for row in rows[:limit]],
        caption=caption,
        more=f"{reader.count(len(rows) - limit)} more rows are in the download." if len(rows) > limit else None,
        sortable=sortable,
        id=id,
    )


def _cell(column: Column, row: dict[str, Any], reader: Reader) -> Any:
    value = row.get(column.key)
    if value is None:
        return None if row.get("suppressed") and column.numeric else "–"
    number = isinstance(value, int | float)
    if column.words:
        content = str(row[column.words])
    elif column.show:
        content = str(column.show(value))
    else:
        content = reader.count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return [content, value] if column.numeric and number else content
