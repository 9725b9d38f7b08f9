"""One relation of the served version as a file that says where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.configuration.model import Config
from etl.errors import EmpathyError
from etl.hints import did_you_mean
from etl.warehouse import overdue, planned
from etl.warehouse.delimited import write_csv
from etl.warehouse.reader import Warehouse, frame

if TYPE_CHECKING:
    import duckdb

SCHEMAS = ("core", "mart", "meta", "result")
LISTS: dict[str, tuple[tuple[str, ...], Callable[[duckdb.DuckDBPyConnection, pl.DataFrame | None], pl.DataFrame]]] = {
    overdue.RELATION: (overdue.NEEDED, overdue.overdue),
    planned.RELATION: (planned.NEEDED, planned.planned),
}
"""Lists of agents by name, with the relations they need."""
XLSX_ROWS = 1_048_576
"""Rows of one Excel sheet, its header included."""
XLSX_FLOAT, XLSX_WHOLE = "General", "#,##0"
"""How numbers are shown: an effect of 0.0002 is no 0.000, and a fall is not red, which may be the better way."""
MOST_CHARACTERS, NUMBER_CHARACTERS, HEADING_CHARACTERS = 60, 20, 4
"""Widest column of words, of anything else, and what the arrow of a heading's filter takes."""


class ExportError(EmpathyError):
    """Nothing was written; the message says what can be exported, or to which kind of file."""


def export(config: Config, relation: str, out: Path, ids: Callable[[Config], pl.DataFrame] | None = None) -> int:
    """Write one relation of the served version to a file, with a header that says where it comes from.

    Parameters
    ----------
    config : Config
        Names the warehouse.
    relation : str
        Such as ``mart.agent_week`` or ``result.effect``; ``overdue`` lists who has to be reminded of a course, and
        ``planned`` the agents of the accepted plan, with their ids in the systems it is taken in.
    out : Path
        A file ending in ``.csv``, ``.parquet`` or ``.xlsx``. In CSV the header is lines that begin with ``#``; in
        Parquet it is the file's key-value metadata; in Excel it is a second sheet, ``about``.
    ids : callable, optional
        Gives ``_source, source_agent_id, agent_key`` for a list of agents, which a version does not hold; without it
        a list has pseudonyms alone.

    Returns
    -------
    int
        Rows written. Columns keep their types: numbers are numbers, in the unit they are stored in.

    Raises
    ------
    ExportError
        When the relation does not exist, or the file's kind is unknown or too small for it.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise ExportError(f'"{out}" ends in none of {", ".join(writers)}; the ending says which kind of file to write.')
    warehouse = Warehouse(config.warehouse)
    version = warehouse.current()
    with warehouse.reader(version.run_id) as cursor:
        known = relations(cursor)
        known += [name for name, (needed, _) in LISTS.items() if set(needed) <= set(known)]
        if relation not in known:
            if relation.startswith("result.") and not any(name.startswith("result.") for name in known):
                raise ExportError("The version served has no estimates yet. Run `empathy estimate` first.")
            near = did_you_mean(relation, known)
            raise ExportError(f'The warehouse has no relation "{relation}".{near} It has: {", ".join(known)}.')
        schema, _, name = relation.partition(".")
        data = (
            LISTS[relation][1](cursor, None if ids is None else ids(config))
            if relation in LISTS
            else frame(cursor, f'select * from "{schema}"."{name}" order by all')
        )
    about = {
        "project": config.project.name,
        "relation": relation,
        "run_id": version.run_id,
        "published_at": version.created_at.isoformat(),
        "rows": str(data.height),
        "units": "as stored: shares are 0 to 1, time is in seconds, money in " + config.project.currency,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        writer(data, about, out)
    except OSError as error:
        raise ExportError(f"{out} cannot be written ({error.strerror}).") from None
    return data.height


def relations(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Every relation of a version that holds data, as ``schema.name``, in order."""
    rows = cursor.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_catalog = current_database() and list_contains(?, table_schema) order by all",
        [list(SCHEMAS)],
    ).fetchall()
    return [row[0] for row in rows]


def _write_csv(data: pl.DataFrame, about: dict[str, str], out: Path) -> None:
    with out.open("wb") as file:
        write_csv(data, about, file)


def _write_parquet(data: pl.DataFrame, about: dict[str, str], out: Path) -> None:
    data.write_parquet(out, metadata=about)


def _widths(data: pl.DataFrame) -> list[int]:
    """Characters that each column of a sheet takes; long sentences go on under the next column's cell."""
    found = []
    for column in data:
        words = column.dtype == pl.String
        length = 0 if column.dtype.is_nested() else column.cast(pl.String).str.len_chars().max() or 0
        most = min(int(str(length)) + 2, MOST_CHARACTERS if words else NUMBER_CHARACTERS)
        found.append(max(len(column.name) + HEADING_CHARACTERS, most))
    return found


def _formats(data: pl.DataFrame) -> dict[Any, str]:
    kinds = {
        name: XLSX_FLOAT if kind.is_float() else XLSX_WHOLE for name, kind in data.schema.items() if kind.is_numeric()
    }
    return {name: form for name, form in kinds.items() if not data.schema[name].is_decimal()}


def _write_xlsx(data: pl.DataFrame, about: dict[str, str], out: Path) -> None:
    import xlsxwriter

    if data.height >= XLSX_ROWS:
        raise ExportError(f"{data.height:,} rows do not fit into an Excel sheet; export to .parquet or .csv instead.")
    # Write text as text: a queue may be called "=1+1", and an address in a comment must not become a link.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        data.write_excel(book, worksheet="data", column_formats=_formats(data), freeze_panes=(1, 0))
        for place, width in enumerate(_widths(data)):
            book.get_worksheet_by_name("data").set_column(place, place, width)
        sheet = book.add_worksheet("about")
        sheet.set_column(0, 0, 16)
        for row, (key, value) in enumerate(about.items()):
            sheet.write_string(row, 0, key)
            sheet.write_string(row, 1, value)
