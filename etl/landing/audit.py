"""Check the fast reader: compare its records with the lines of the file.

Rows that DuckDB reads in parallel have no line number. Lines are derived from the order of the rows and checked twice:
the counts must agree, and sampled rows over the whole file must equal the text of their lines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from etl.landing.compile import Statement
from etl.reading import text_file
from etl.reading.delimited_records import Structural
from etl.reading.opened import Reading, refused_lines
from etl.sql_text import literal, quoted

PARQUET_MARK = b"PAR1"
"""How a Parquet file begins and ends."""

AS_PARQUET = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION uncompressed, WRITE_BLOOM_FILTER false"
"""How what was read is written: differences of numbers and dictionaries of words need no compression besides."""

WITNESS_ROWS = 64
"""Rows compared with the text of their lines, spread evenly over a file."""

MOST_GAPS = 4_096
"""Lines refused by the fast reader beyond this many leave the file to the careful one."""


class AuditError(Exception):
    """The fast reader's records do not agree with the file's lines."""


def audit_csv(
    con: duckdb.DuckDBPyConnection, reading: Reading, statement: Statement, target: Path, total: int
) -> int | None:
    """Give every record of a delimited file its line, and check it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    reading : Reading
        Read by DuckDB; lines it refused are added to ``reading.structural``.
    statement : Statement
        Names the columns that can be compared with the file's text.
    target : Path
        ``records.parquet``; written anew with ``_line`` when the order of rows alone does not give it.
    total : int
        Its rows.

    Returns
    -------
    int or None
        The first line, when records stand one per line from there; ``None`` when ``_line`` was written.

    Raises
    ------
    AuditError
        When records and lines do not agree: then the careful reader decides.
    """
    plain, header = reading.plain, reading.header
    if plain is None or header is None:
        raise AuditError
    refused = refused_lines(con, reading)
    rows = f"read_parquet({literal(str(target))}, file_row_number = true)"
    lines = total + len(refused) + (_line_breaks(con, rows) if plain.has_quote else 0)
    if lines + header.lines != max(plain.lines, header.lines) or (refused and plain.has_quote):
        raise AuditError
    first = header.lines + 1
    line = f"file_row_number + {first}"
    if plain.has_quote:
        before = "sum(_line) OVER (ORDER BY file_row_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        numbered = f"(file_row_number + {first} + coalesce({before}, 0))::BIGINT AS _line"
        _rewrite(con, target, f"* EXCLUDE (file_row_number) REPLACE ({numbered})")
        line = "_line"
    elif refused:
        reading.structural += _described(reading, refused)
        shift = _shift_sql([item.line for item in refused], first)
        _rewrite(con, target, f"(file_row_number + {first} + {shift})::BIGINT AS _line, * EXCLUDE (file_row_number)")
        line = "_line"
    _compare(con, reading, statement, rows, line, total)
    return first if line != "_line" else None


def audit_json(reading: Reading, total: int) -> None:
    """Compare the records of JSON lines with the lines counted: a blank line among them would shift all others.

    Parameters
    ----------
    reading : Reading
    total : int
        Records written.

    Raises
    ------
    AuditError
    """
    if reading.plain is None or total != reading.plain.lines:
        raise AuditError


def _line_breaks(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    """Line breaks inside fields, which ``_line`` holds for each row until lines are numbered."""
    row = con.execute(f"SELECT coalesce(sum(_line), 0) FROM {rows}").fetchone()
    return int(row[0]) if row else 0


def _rewrite(con: duckdb.DuckDBPyConnection, target: Path, selected: str) -> None:
    moved = target.with_name("numbered.parquet")
    con.execute(
        f"COPY (SELECT {selected} FROM read_parquet({literal(str(target))}, file_row_number = true)) "
        f"TO {literal(str(moved))} ({AS_PARQUET})"
    )
    os.replace(moved, target)


def _described(reading: Reading, refused: Sequence[Structural]) -> list[Structural]:
    """The refused lines with their text, and a reason in the words of the careful reader.

    Raises
    ------
    AuditError
        When a line is refused for anything but its number of fields.
    """
    plain, header = reading.plain, reading.header
    if plain is None or header is None or len(refused) > MOST_GAPS:
        raise AuditError
    texts = text_file.raw_lines(plain, {item.line for item in refused})
    width = len(header.names)
    described = []
    for item in refused:
        text = texts.get(item.line, "")
        fields = text.count(header.delimiter) + 1
        if fields == width or not text.strip():
            raise AuditError
        described.append(Structural(item.line, f"{fields} fields where the header has {width}", text))
    return described


def _shift_sql(refused: Sequence[int], first: int) -> str:
    """SQL of the number of refused lines before a row: a balanced CASE over ``file_row_number``."""
    starts = [line - first - index for index, line in enumerate(refused)]

    def tree(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        return (
            f"case when file_row_number < {starts[middle]} then {tree(low, middle)} else {tree(middle + 1, high)} end"
        )

    return tree(0, len(starts))


def _compare(
    con: duckdb.DuckDBPyConnection, reading: Reading, statement: Statement, rows: str, line: str, total: int
) -> None:
    """Compare sampled rows with the text of the lines assigned to them.

    A query plan that loses the order of rows would shift whole blocks of them, so rows spread evenly over the file are
    enough to see it.

    Raises
    ------
    AuditError
        When a row is not the line it should be.
    """
    plain, header = reading.plain, reading.header
    named = [name for name, said in statement.witnesses.items() if said in reading.columns][:1]
    if plain is None or header is None or not total or not named:
        return
    step = max(total // WITNESS_ROWS, 1)
    found = con.execute(f"SELECT {line}, {quoted(named[0])} FROM {rows} WHERE file_row_number % {step} = 0").fetchall()
    texts = text_file.raw_lines(plain, {int(number) for number, _ in found})
    place = reading.columns.index(statement.witnesses[named[0]])
    for number, value in found:
        if not _stands_on(value, texts.get(int(number), ""), header.delimiter, place, plain.has_quote):
            raise AuditError


def _stands_on(value: str | None, text: str, delimiter: str, place: int, has_quote: bool) -> bool:
    """Whether a field is in a line: at its place where nothing is quoted, else its first line anywhere."""
    if has_quote:
        return (value or "").split("\n")[0].strip().replace('"', '""') in text
    fields = text.split(delimiter)
    return place < len(fields) and fields[place].strip() == (value or "").strip()


def check_parquet(path: Path) -> None:
    """Raise ValueError for a file that was cut off or overwritten."""
    with path.open("rb") as file:
        opening = file.read(len(PARQUET_MARK))
        file.seek(-min(len(PARQUET_MARK), os.fstat(file.fileno()).st_size), os.SEEK_END)
        if not opening == file.read() == PARQUET_MARK:
            raise ValueError(f"{path} is damaged")
