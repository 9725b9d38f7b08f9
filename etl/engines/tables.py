"""Map tables of another engine to canonical tables: check their contracts and record their row counts.

Rows of such a table are not read, repaired or rejected here. A row that breaks the contract stops the build, because
there is no reject list for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

import duckdb

from etl.configuration.model import Config
from etl.contracts.grammar import TYPE_WORDS, Column, Contract
from etl.contracts.tables import CONTRACTS
from etl.engines.split import Remote, SplitConnection
from etl.errors import EmpathyError, StopRuleError
from etl.hints import listed
from etl.sql_text import literal, quoted

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_KINDS: dict[str, tuple[str, ...]] = {
    "text": ("string", "varchar", "char"),
    "integer": _WHOLE,
    "number": ("double", "float", "decimal", *_WHOLE),
    "money": ("decimal", *_WHOLE),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamp_ntz"),
}
"""Types of Spark that a column of each logical type may have."""


class MappedRemote(Remote, Protocol):
    """An engine whose tables can be given the name of a relation."""

    def map(self, relation: str, table: str) -> dict[str, str]:
        """Give a table the name of a relation; return its columns and types."""

    def close(self) -> None:
        """Free cached rows."""


class TableError(EmpathyError):
    """A table of ``[engine.tables]`` that does not satisfy its contract."""


@contextmanager
def connection(con: duckdb.DuckDBPyConnection, config: Config) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection for building core and marts: DuckDB's own, or a split one where contacts are in another engine.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached, and the run's records.
    config : Config

    Raises
    ------
    TableError
        When a mapped table lacks a column, has one of another type, or stands beside exports of the same table.
    etl.errors.StopRuleError
        When rows of a mapped table break its contract.
    etl.engines.spark.EngineError
        When the engine cannot be reached.
    """
    if config.engine.kind == "duckdb":
        yield con
        return
    from etl.engines.spark import Spark, session

    with mapped(con, config, Spark(session(config.engine.url))) as split:
        yield split


@contextmanager
def mapped(
    con: duckdb.DuckDBPyConnection, config: Config, remote: MappedRemote
) -> Iterator[duckdb.DuckDBPyConnection]:
    """As :func:`connection`, with an engine that is already open.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    config : Config
    remote : MappedRemote
    """
    tables = config.engine.tables
    try:
        for table, name in tables.items():
            row = con.execute(f"select _source from landing.{table} limit 1").fetchone()
            if row:
                raise TableError(
                    f"[engine.tables] {table}: source {row[0]} exports rows of the same table; leave out one of the "
                    "two. Nothing was published."
                )
            file_id = _view(remote, CONTRACTS[table], name)
            _hold_to_contract(remote, CONTRACTS[table], name, config)
            _enter(con, remote, table, name, file_id)
        # the build only calls execute, which the split connection has too
        yield cast(duckdb.DuckDBPyConnection, SplitConnection(con, remote, tuple(tables)))
    finally:
        remote.close()


def drop_left_there(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the relations of ``core`` whose rows stayed in another engine: empty relations would be misleading.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        As :func:`connection` gave it.
    """
    if isinstance(con, SplitConnection):
        for relation in con.left_there:
            if relation.startswith("core."):
                kind = con.local.execute(
                    "select count(*) from duckdb_views() where schema_name = 'core' and view_name = ?",
                    [relation.removeprefix("core.")],
                ).fetchone()
                con.execute(f"drop {'view' if kind and kind[0] else 'table'} {relation}")


def _view(remote: MappedRemote, contract: Contract, name: str) -> str:
    """``landing.<table>`` over the mapped table, in the types of the contract; returns SQL of its ``_file_id``."""
    held = {column.lower(): kind for column, kind in remote.map(f"landing.mapped_{contract.name}", name).items()}
    source = Column("_source", "text", "")
    missing = [item.name for item in (*contract.columns, source) if item.name not in held]
    if missing:
        raise TableError(
            f"[engine.tables] {contract.name} = {name!r}: the table lacks {listed(missing)}; a column of which nothing "
            "is known is one of NULLs. Nothing was published."
        )
    for item in (*contract.columns, source):
        kind = held[item.name].split("(")[0]
        if kind not in _KINDS[item.type] and kind != "void":
            raise TableError(
                f"[engine.tables] {contract.name} = {name!r}: {item.name} is {held[item.name]} and must be "
                f"{TYPE_WORDS[item.type]}. Nothing was published."
            )
    columns = [f"cast({quoted(item.name)} as {item.sql_type}) as {quoted(item.name)}" for item in contract.columns]
    key = ", ".join(quoted(column) for column in ("_source", *contract.key))
    file_id = "cast(_file_id as varchar)" if "_file_id" in held else f"{literal(f'{contract.name}@')} || _source"
    line = "_line" if "_line" in held else f"row_number() over (order by {key})"
    flag = "_time_flag" if "_time_flag" in held else "null"
    provenance = (
        f"cast(_source as varchar) as _source, {file_id} as _file_id, cast({line} as bigint) as _line, "
        f"cast(null as varchar) as _run_id, cast({flag} as varchar) as _time_flag"
    )
    remote.define(
        f"landing.{contract.name}",
        f"select {', '.join(columns)}, {provenance} from landing.mapped_{contract.name}",
        kept=False,
    )
    return file_id


def _hold_to_contract(remote: Remote, contract: Contract, name: str, config: Config) -> None:
    relation = f"landing.{contract.name}"
    faults = {"_source is empty": "_source is null"}
    for item in contract.columns:
        column = quoted(item.name)
        if item.required:
            faults[f"{item.name} is empty"] = f"{column} is null"
        if item.domain:
            words = ", ".join(literal(word) for word in item.domain)
            faults[f"{item.name} is none of {', '.join(item.domain)}"] = f"{column} not in ({words})"
        if item.low is not None:
            faults[f"{item.name} is below {item.low:g}"] = f"{column} < {item.low!r}"
        if item.high is not None:
            faults[f"{item.name} is above {item.high:g}"] = f"{column} > {item.high!r}"
    faults |= {rule.message: rule.broken_when for rule in contract.rules}
    counted = ", ".join(f"count(*) filter (where {condition}) as f{n}" for n, condition in enumerate(faults.values()))
    found = remote.read(f"select {counted} from {relation}").to_pylist()[0]
    broken = [f"{rows:,} rows in which {fault}" for fault, rows in zip(faults, found.values(), strict=True) if rows]
    key = ", ".join(quoted(column) for column in ("_source", *contract.key))
    repeated = remote.read(
        f"select count(*) as n from (select {key} from {relation} group by {key} having count(*) > 1)"
    ).to_pylist()[0]["n"]
    if repeated:
        broken.append(f"{repeated:,} keys ({key.replace(chr(34), '')}) that several rows have")
    sources = {str(row["_source"]) for row in remote.read(f"select distinct _source from {relation}").to_pylist()}
    unknown = sorted(sources - set(config.sources) - {"None"})
    if unknown:
        broken.append(f"a _source that [sources] does not have: {listed(unknown)}")
    if broken:
        said = "; ".join(broken)
        raise StopRuleError(f"[engine.tables] {contract.name} = {name!r} has {said}. Nothing was published.")


def _enter(con: duckdb.DuckDBPyConnection, remote: Remote, table: str, name: str, file_id: str) -> None:
    """Record a mapped table's row counts: rows of the table, and rows of its view, counted separately."""
    by = "_source, _file_id"
    held = remote.read(
        f"select {by}, count(*) as n from (select _source, {file_id} as _file_id from landing.mapped_{table}) "
        f"group by {by}"
    ).to_pylist()
    given = remote.read(f"select {by}, count(*) as n from landing.{table} group by {by}").to_pylist()
    loaded = {(row["_source"], row["_file_id"]): int(row["n"]) for row in given}
    for row in sorted(held, key=lambda row: (row["_source"], row["_file_id"])):
        con.execute(
            "insert into landing._file (file_id, source, format, path, sha256, bytes, read, refused, dropped, lost, "
            "given) values (?, ?, 'table', ?, '', 0, ?, 0, 0, 0, ?)",
            [
                row["_file_id"], row["_source"], name, int(row["n"]),
                loaded.get((row["_source"], row["_file_id"]), 0),
            ],
        )  # fmt: skip
