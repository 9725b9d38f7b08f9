"""Names, texts and rows of the program, written as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

ROWS_AT_ONCE = 10_000
"""Rows that one INSERT takes: each statement is planned anew, so one a row costs far more than the rows do."""


class Executes(Protocol):
    """A connection of DuckDB, or what stands for one."""

    def execute(self, query: str, parameters: Any = ..., /) -> Any:
        """Run a statement."""


def insert_rows(con: Executes, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of values into a table, many at once.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
        Its name with its schema; it has a column for each value of a row.
    rows : iterable of sequence
        Rows of equal length; may be empty.

    Examples
    --------
    >>> import duckdb
    >>> with duckdb.connect() as con:
    ...     _ = con.execute("create table day (name varchar, on_day date)")
    ...     insert_rows(con, "day", [("first", "2026-01-01"), ("none", None)])
    ...     con.execute("from day").fetchall()
    [('first', datetime.date(2026, 1, 1)), ('none', None)]
    """
    listed = list(rows)
    for first in range(0, len(listed), ROWS_AT_ONCE):
        columns = [list(column) for column in zip(*listed[first : first + ROWS_AT_ONCE], strict=True)]
        # A parameter a column: with one a value, planning takes most of the time.
        con.execute(f"insert into {table} select {', '.join(['unnest(?)'] * len(columns))}", columns)


def quoted(name: str) -> str:
    """Return a column name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as a SQL literal; only for names and patterns of the program, never for values of a file."""
    return "'" + value.replace("'", "''") + "'"


def json_path(dotted: str) -> str:
    """Return the JSON path of dotted names: ``Agent.Username`` becomes ``$."Agent"."Username"``."""
    steps = []
    for part in dotted.split("."):
        name, bracket, index = part.partition("[")
        steps.append('."' + name.replace('"', "") + '"' + bracket + index)
    return "$" + "".join(steps)
