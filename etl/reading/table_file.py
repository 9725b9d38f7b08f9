"""Parquet and XLSX: typed tables, brought to the shape of every other record relation."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from etl.reading.workbook_bounds import check_bounds
from etl.sources.format import SourceError
from etl.sql_text import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import fastexcel
    import polars as pl

ROW_NUMBER = "file_row_number"
LINE = "_line"
"""Columns of these names are our own."""

LONGEST_NUMBER = 1e15
"""From here on a cell's number has more digits than a workbook keeps."""

LONG_DIGITS = r"^-?[0-9]{16,}$"
"""What such a number becomes as a text."""


def parquet_columns(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Return the columns of a Parquet file with their DuckDB types.

    Raises
    ------
    SourceError
        When the file is not Parquet or is cut short.
    """
    try:
        rows = con.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise SourceError(
            f"{path}: not a readable Parquet file ({first_sentence(error)}). It is cut short or damaged; "
            f"export it again; nothing of it was used."
        ) from None
    columns = {str(row[0]): str(row[1]) for row in rows if row[0] != LINE}
    if ROW_NUMBER in columns:
        raise SourceError(
            f'{path}: the column "{ROW_NUMBER}" has the name under which the database numbers rows; export the file '
            f"without it."
        )
    return columns


def is_nested(kind: str) -> bool:
    """Whether a DuckDB type holds several values: a list, a struct, a map or a union."""
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def as_text(name: str, kind: str) -> str:
    """Return SQL of a typed column as text, times with zone in UTC."""
    column = quoted(name)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%fZ') AS {column}"
    return f"{column}::VARCHAR AS {column}"


def sheet_names(path: Path) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises
    ------
    SourceError
        When the file is not a workbook.
    """
    import fastexcel

    check_bounds(path)
    try:
        return list(fastexcel.read_excel(path).sheet_names)
    except Exception as error:
        raise SourceError(f"{path}: {_no_workbook(path, error)}") from None


def _no_workbook(path: Path, error: Exception) -> str:
    """Why a file is no workbook, and what to do: many systems save web pages or text under the name of one."""
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style")):
        return "this is a web page under the name of a workbook. Open it in Excel and save it as .xlsx."
    if start.startswith(b"<"):
        return "this is XML under the name of a workbook. Open it in Excel and save it as .xlsx."
    if start and b"\0" not in start and not start.startswith(b"pk"):
        return f"this is text under the name of a workbook. Rename it to {path.stem}.csv."
    return f"not a readable workbook ({first_sentence(error)}). Save it again as .xlsx."


def _quietly() -> None:
    """Keep the reader's own remarks about types of cells from the screen: every cell is read as text besides."""
    logging.getLogger("fastexcel").setLevel(logging.ERROR)


def read_workbook(path: Path, sheet: str, header_row: int = 1) -> pl.DataFrame:
    """Read one sheet of a workbook, every column text.

    Parameters
    ----------
    path : Path
    sheet : str
        Name; the first when empty.
    header_row : int
        Row of the header, from 1.

    Raises
    ------
    SourceError
        When the file is not a workbook, or has no such sheet.
    """
    import fastexcel
    import polars as pl

    _quietly()
    check_bounds(path)
    try:
        workbook = fastexcel.read_excel(path)
        names = workbook.sheet_names
    except Exception as error:
        raise SourceError(f"{path}: {_no_workbook(path, error)}") from None
    if sheet and sheet not in names:
        raise SourceError(f'{path}: there is no sheet "{sheet}". The sheets are: {", ".join(names)}.')
    try:
        row = header_row - 1
        texts = workbook.load_sheet(sheet or 0, dtypes="string", header_row=row, whitespace_as_null=True).to_polars()
        typed = _typed(workbook, sheet, row, texts)
        frame = _without_precision_lost(texts, typed)
        mixed = [place for place, kind in enumerate(typed.dtypes) if kind.is_(pl.String) and _has_long(frame, place)]
        if mixed:  # beside texts a number has become a text: as a truth value it is one, and a text is none
            kinds: fastexcel.DTypeMap = {}
            for place in range(texts.width):
                kinds[place] = "boolean" if place in mixed else "string"
            numbers = workbook.load_sheet(
                sheet or 0, dtypes=kinds, header_row=row, whitespace_as_null=True
            ).to_polars()  # fmt: skip
            frame = _numbers_among_texts(frame, numbers, mixed)
    except Exception as error:
        raise SourceError(f'{path}, sheet "{sheet or names[0]}": cannot be read ({first_sentence(error)}).') from None
    if frame.width == 0:
        raise SourceError(f'{path}, sheet "{sheet or names[0]}": the sheet is empty; there is not even a header.')
    return frame.rename({name: name.strip() for name in frame.columns})


def _typed(workbook: fastexcel.ExcelReader, sheet: str, header_row: int, texts: pl.DataFrame) -> pl.DataFrame:
    """Cells with their types; a column of cells that cannot stand together (times beside words) is text."""
    import fastexcel
    import polars as pl

    load = partial(workbook.load_sheet, sheet or 0, header_row=header_row, whitespace_as_null=True)
    try:
        return load().to_polars()
    except fastexcel.UnsupportedColumnTypeCombinationError:
        columns = []
        for place, name in enumerate(texts.columns):
            try:
                own = load(use_columns=[place]).to_polars().to_series(0)
            except fastexcel.UnsupportedColumnTypeCombinationError:
                own = texts.to_series(place)
            columns.append(own.rename(name))
        return pl.DataFrame(columns)


def _without_precision_lost(texts: pl.DataFrame, typed: pl.DataFrame) -> pl.DataFrame:
    """Texts of cells; of a number too long for a workbook what it shows, since it made up what follows 15 digits."""
    import polars as pl

    for place, (name, kind) in enumerate(typed.schema.items()):
        if not kind.is_numeric():
            continue
        numbers = typed[name].cast(pl.Float64).abs()
        if not (numbers >= LONGEST_NUMBER).any():
            continue
        shown = pl.Series([None if number is None else f"{number:.5E}" for number in numbers])
        own = texts.columns[place]
        texts = texts.with_columns(pl.when(numbers >= LONGEST_NUMBER).then(shown).otherwise(texts[own]).alias(own))
    return texts


def _has_long(texts: pl.DataFrame, place: int) -> bool:
    return bool(texts.to_series(place).str.contains(LONG_DIGITS).any())


def _numbers_among_texts(texts: pl.DataFrame, numbers: pl.DataFrame, places: Sequence[int]) -> pl.DataFrame:
    """The same for numbers in columns that hold texts as well, such as a word below the ids."""
    import polars as pl

    for place in places:
        own = texts.to_series(place)
        too_long = own.str.contains(LONG_DIGITS) & numbers.to_series(place).is_not_null()
        long_only = pl.when(too_long).then(own).otherwise(None)
        shown = texts.select(long_only.alias("long")).to_series().map_elements(
            lambda text: f"{float(text):.5E}", return_dtype=pl.String
        )  # fmt: skip
        texts = texts.with_columns(shown.fill_null(own).alias(own.name))
    return texts


def first_sentence(error: Exception) -> str:
    """Return the first line of an error, without its class and without advice for programmers."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line.split("Error: ", 1)[-1].rstrip(".")[:200]
