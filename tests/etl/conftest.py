"""Landing tables written by hand, so that transforms can be tested without files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from etl.configuration import kpis
from etl.configuration.model import Config, parse
from etl.contracts.tables import CONTRACTS, PROVENANCE
from etl.marts import transform
from etl.sql_text import insert_rows, quoted

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def make_config(folder: Path, **sections: Any) -> Config:
    """A configuration with sources ``hr``, ``calls`` and ``lms`` and one course."""
    sources = {name: {"format": "tabular", "path": f"{name}.csv", "table": "agent"} for name in ("hr", "calls", "lms")}
    document = {
        "project": {"timezone": "Europe/Madrid"},
        "sources": sources,
        "programme": {"courses": [{"id": "EMP101"}]},
        "privacy": {"demo": True},
    }
    return parse({**document, **sections}, folder / "empathy.toml")


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@contextmanager
def emptied() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, of one instance for all tests that only read exports.

    Opening an instance takes as long as reading a small file. All that reading leaves is the catalogue ``landing``.
    """
    for setting in ("threads", "preserve_insertion_order", "timezone"):
        _instance().execute(f"reset {setting}")
    try:
        with _instance().cursor() as con:
            yield con
    finally:
        left = "select database_name from duckdb_databases() where not internal and database_name <> 'memory'"
        for (name,) in _instance().execute(left).fetchall():
            _instance().execute(f'detach "{name}"')
    assert _instance().execute("select table_name from duckdb_tables() where database_name = 'memory'").fetchall() == []


def attach_landing(con: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """The catalogue ``landing`` as extraction leaves it, holding these rows."""
    con.execute("attach ':memory:' as landing")
    con.execute("create table landing.file_order (file_id varchar, position integer)")
    unsaid = "file_id varchar, source varchar, table_name varchar, field varchar"
    con.execute(f"create table landing.unsaid_field ({unsaid})")
    con.execute("create table landing.file_manifest (file_id varchar, source varchar, path varchar)")
    con.execute("create table landing.named_word (source varchar, setting varchar, word varchar, met boolean)")
    for name, contract in CONTRACTS.items():
        columns = (*contract.columns, *PROVENANCE)
        con.execute(
            f"create table landing.{name} (" + ", ".join(f'"{item.name}" {item.sql_type}' for item in columns) + ")"
        )
        defaults = {item.name: item.default.strip("'") for item in contract.columns if item.default != "NULL"}
        whole = (
            {**defaults, "_source": "hr", "_file_id": f"file-{name}", "_line": line, "_run_id": "r1", **given}
            for line, given in enumerate(rows.get(name, ()), start=1)
        )
        for keys, alike in groupby(whole, key=tuple):
            insert_rows(con, f"landing.{name} ({', '.join(map(quoted, keys))})", [list(row.values()) for row in alike])


@dataclass
class Built:
    """A transformed world: its connection, what was done, and what was refused."""

    con: duckdb.DuckDBPyConnection
    done: transform.Transformed
    refused: list[tuple[str, int, str]]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.con.execute(query).fetchall()

    def one(self, query: str) -> Any:
        """The first value of a query."""
        row = self.con.execute(query).fetchone()
        return row[0] if row else None


class ParsedOnce:
    """A connection that parses a statement once in a process: transforms say the same ones in every test.

    Parsing them anew takes a quarter of the time of a transform of a few rows.
    """

    _parsed: ClassVar[dict[str, list[duckdb.Statement]]] = {}

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, query: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        """As a connection does."""
        if parameters:
            return self._con.execute(query, *parameters)
        if query not in self._parsed:
            self._parsed[query] = self._con.extract_statements(query)
        for statement in self._parsed[query]:
            self._con.execute(statement)
        return self._con


def transformed(
    folder: Path, rows: Rows, catalogue: kpis.Catalogue | None = None, as_of: Any = None, **sections: Any
) -> Built:
    """Transform landing rows; keyword arguments are sections of the configuration, which lies in the folder."""
    con = duckdb.connect(":memory:")
    con.execute("set timezone = 'UTC'")
    for schema in ("core", "mart", "meta"):
        con.execute(f"create schema {schema}")
    attach_landing(con, rows)
    refused: list[tuple[str, int, str]] = []

    def refuse(table: str, relation: str, *, dropped: bool = False) -> None:
        refused.extend(
            (table, line, reason)
            for line, reason in con.execute(f"select _line, reason from {relation} order by all").fetchall()
        )

    done = transform.transform(
        ParsedOnce(con),  # type: ignore[arg-type]
        make_config(folder, **sections),
        catalogue or kpis.load(),
        run_id="r1",
        secret=b"a key for tests only",
        refuse=refuse,
        as_of=as_of,
    )
    return Built(con, done, refused)


@pytest.fixture
def build_rows(tmp_path: Path) -> Callable[..., Built]:
    """:func:`transformed` with the test's folder."""
    return partial(transformed, tmp_path)
