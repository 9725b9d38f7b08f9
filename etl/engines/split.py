"""One connection over two engines: contacts stay in the other engine, small relations are computed in DuckDB.

A statement that reads no relation of the other engine runs in DuckDB unchanged. Otherwise it runs in the other engine:
its other inputs are sent there first, and its result comes back, unless it has a row per contact
(:data:`CONTACT_LEVEL`). DuckDB has an empty relation with the same columns for each one that stays there, so that types
agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from etl.errors import EmpathyError
from etl.sql_text import literal

if TYPE_CHECKING:
    import pyarrow as pa

CONTACT_TABLES = ("interaction", "escalation", "survey_response", "offer", "qa_evaluation", "customer_event")
"""Canonical tables that may be in another engine: those whose size grows with contacts and customers."""

CONTACT_LEVEL = frozenset(
    (
        *(f"landing.{table}" for table in CONTACT_TABLES),
        *(f"staging.landed_{table}" for table in CONTACT_TABLES),
        *(f"core.{table}" for table in CONTACT_TABLES if table != "qa_evaluation"),
        "core.customer_contact",
        "staging.customer_key",
        "staging.contact_link",
        "staging.contact_outcome",
        "staging.multi_leg",
        "staging.first_answer",
        "staging.survey_pair",
    )
)
"""Relations that stay in the other engine once it holds them; all others come back."""

_HERE = frozenset(("staging.spoken", "staging.placed"))
"""Relations always computed in DuckDB: transcripts are there, with the contacts they belong to."""

_REFERENCE = re.compile(r'\b(landing|staging|core|mart|meta)\."?([a-z_][a-z0-9_]*)"?', re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_CREATE = re.compile(r"\s*create\s+(?:or\s+replace\s+)?(table|view)\s+([\w.\"]+)\s+as\b(.*)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(r"\s*insert\s+into\s+([\w.\"]+)(.*)", re.IGNORECASE | re.DOTALL)
_DELETE = re.compile(r"\s*delete\s+from\s+([\w.\"]+)\s+where\b(.*)", re.IGNORECASE | re.DOTALL)
_DROP = re.compile(r"\s*drop\s+(?:table|view)\s+([\w.\"]+)", re.IGNORECASE)
_CHANGE = re.compile(
    r"\s*(?:create\s+(?:or\s+replace\s+)?(?:table|view)|insert\s+into|delete\s+from|update|drop\s+(?:table|view))\s+"
    r"(?:if\s+(?:not\s+)?exists\s+)?([\w.\"]+)",
    re.IGNORECASE,
)
_TEXT_OR_MARK = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\?")
_VARIABLE = re.compile(r"getvariable\('(\w+)'\)", re.IGNORECASE)


_WIDE = ("HUGEINT", "UHUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT")


class Remote(Protocol):
    """Interface of another engine. Queries are in the SQL of DuckDB; relations are ``schema.name``."""

    def ship(self, relation: str, rows: pa.Table) -> None:
        """Send rows of DuckDB as a relation, replacing one of the same name."""

    def define(self, relation: str, query: str, *, kept: bool) -> None:
        """Create a relation from a query: computed once with ``kept``, else at each use."""

    def read(self, query: str) -> pa.Table:
        """Return the rows of a query."""


class SplitError(EmpathyError):
    """A statement that cannot be split between two engines."""


class Rows:
    """Rows of a query of the other engine, with the fetch methods of a DuckDB connection.

    Parameters
    ----------
    table : pyarrow.Table
    """

    def __init__(self, table: pa.Table) -> None:
        columns = [column.to_pylist() for column in table.columns]
        self._rows: list[tuple[Any, ...]] = list(zip(*columns, strict=True)) if columns else []
        self.description = [(name,) for name in table.column_names]

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows


class SplitConnection:
    """A connection for building core and marts where some landing tables are in another engine.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached, including empty ones for those in the other engine.
    remote : Remote
        Holding ``landing.<table>`` of each of them.
    tables : sequence of str
        Canonical tables in the other engine.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, remote: Remote, tables: Sequence[str]) -> None:
        self.local = con
        self.remote = remote
        self._there = {f"landing.{table}" for table in tables}
        self._shipped: set[str] = set()

    @property
    def left_there(self) -> tuple[str, ...]:
        """Names of the relations that stayed in the other engine; DuckDB has them without rows."""
        return tuple(sorted(self._there))

    def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> Any:
        """Run a statement in the engine whose relations it reads.

        Parameters
        ----------
        statement : str
        parameters : sequence, optional
            Values for its question marks.
        """
        read = {f"{schema}.{name}".lower() for schema, name in _REFERENCE.findall(_COMMENT.sub("", statement))}
        changed = _CHANGE.match(statement)
        target = _plain(changed[1]) if changed else ""
        if _DROP.match(statement):
            self._there.discard(target)
        elif target in _HERE or statement.lstrip()[:8].lower() == "describe":
            read = set()
        if not (read - ({target} if _CREATE.match(statement) else set())) & self._there:
            if _CREATE.match(statement):
                self._there.discard(target)
            self._shipped.discard(target)
            return self.local.execute(statement, parameters) if parameters else self.local.execute(statement)
        bound = _bound(statement, parameters or ())
        self._shipped.discard(target)
        if created := _CREATE.match(bound):
            return self._create(created[1].lower(), target, created[3])
        if deleted := _DELETE.match(bound):
            self._query(f"select * from {target} where not coalesce({deleted[2]}, false)", into=target)
            return None
        if inserted := _INSERT.match(bound):
            return self._fill(target, self._query(inserted[2]))
        return Rows(self._query(bound))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of DuckDB, to read its relations."""
        return self.local.cursor()

    def _create(self, kind: str, relation: str, query: str) -> None:
        empty = query if kind == "view" else f"select * from ({query}) limit 0"
        self.local.execute(f"create or replace {kind} {relation} as {empty}")
        if relation in CONTACT_LEVEL or kind == "view":
            self._query(query, into=relation, kept=kind == "table")
            self._there.add(relation)
        else:
            rows = self._query(query)
            names = [str(row[0]) for row in self.local.execute(f"describe {relation}").fetchall()]
            if sorted(names) == sorted(rows.column_names):  # the order of a star after USING differs by engine
                rows = rows.select(names)
            self._fill(relation, rows)
            self._there.discard(relation)

    def _query(self, query: str, *, into: str = "", kept: bool = True) -> pa.Table:
        query = _VARIABLE.sub(lambda found: f"(select value from staging.variable where name = '{found[1]}')", query)
        names = {f"{schema}.{name}".lower() for schema, name in _REFERENCE.findall(_COMMENT.sub("", query))}
        for name in sorted(names - self._there - self._shipped - {into}):
            self.remote.ship(name, self._variables() if name == "staging.variable" else _rows_of(self.local, name))
            self._shipped.add(name)
        if into:
            import pyarrow as pa

            self.remote.define(into, query, kept=kept)
            return pa.table({})
        return self.remote.read(query)

    def _fill(self, relation: str, rows: pa.Table) -> None:
        """Add rows that came back, column by column in their order, as the types DuckDB gave the relation."""
        numbered = rows.rename_columns([f"c{number}" for number in range(rows.num_columns)])
        self.local.register("came_back", numbered)
        try:
            self.local.execute(f"insert into {relation} select * from came_back")
        finally:
            self.local.unregister("came_back")

    def _variables(self) -> pa.Table:
        """Send the padded key of the pseudonyms as a relation: as a value in a statement it would appear in plans and
        logs."""
        import pyarrow as pa

        names = ("pseudonym_inner", "pseudonym_outer")
        found = self.local.execute("select " + ", ".join(f"getvariable('{name}')" for name in names)).fetchone()
        return pa.table({"name": list(names), "value": pa.array(list(found or (None, None)), pa.binary())})


def _rows_of(con: duckdb.DuckDBPyConnection, relation: str) -> pa.Table:
    """All rows of a relation; integer types missing in Arrow or Spark become decimals."""
    kinds = con.execute(f"describe select * from {relation}").fetchall()
    wide = [f'cast("{name}" as decimal(38, 0)) as "{name}"' for name, kind, *_ in kinds if kind in _WIDE]
    replaced = f" replace ({', '.join(wide)})" if wide else ""
    return con.sql(f"select *{replaced} from {relation}").to_arrow_table()


def _plain(name: str) -> str:
    return name.replace('"', "").lower()


def _bound(statement: str, parameters: Sequence[Any]) -> str:
    """The statement with values inlined: only names and dates of the program, never texts of a file."""
    left = list(parameters)

    def value(found: re.Match[str]) -> str:
        return _literal(left.pop(0)) if found[0] == "?" else found[0]

    return _TEXT_OR_MARK.sub(value, statement) if left else statement


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, str):
        return literal(value)
    raise SplitError(f"A value of type {type(value).__name__} cannot be sent to another engine.")
