"""Lineage: trace a column of core or mart to the export fields it is computed from.

The SELECTs of sql/ are parsed with sqlglot and followed column by column through staging and core. The last step, from
a landing column to a field of an export, comes from the mapping of the source modules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:  # sqlglot is slow to import, and most builds need no tracing
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope
    from sqlglot.schema import MappingSchema

Origins = frozenset[tuple[str, str]]
"""Pairs of relation and column."""


PREPARED_FROM: dict[tuple[str, str], Origins] = {
    ("staging.customer_key", "pseudonym"): frozenset({("landing.interaction", "source_customer_id")}),
    ("staging.person_key", "agent_key"): frozenset({("landing.agent", "employee_number")}),
    ("staging.evaluator", "evaluator_key"): frozenset({("landing.qa_evaluation", "source_evaluator_id")}),
}
"""Columns filled by Python, with the columns they are computed from."""


@dataclass(frozen=True)
class Edge:
    """A column of core or mart and one landing column it is computed from."""

    relation: str
    column_name: str
    source_relation: str
    source_column: str


def fingerprint(queries: Mapping[str, str]) -> str:
    """Hash of the SELECTs: lineage need only be traced again when it changes.

    Parameters
    ----------
    queries : mapping of str to str
        Relation to SELECT.
    """
    digest = hashlib.sha256()
    for relation in sorted(queries):
        digest.update(f"{relation}\n{queries[relation]}\n".encode())
    return digest.hexdigest()


def columns_of(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Columns and types of every relation a SELECT may read, by ``schema.relation``.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the draft current and the catalogues staging and landing attached.
    """
    found: dict[str, dict[str, str]] = {}
    rows = con.execute(
        """
        select
            case when database_name in ('staging', 'landing') then database_name else schema_name end,
            table_name, column_name, data_type
        from duckdb_columns()
        where not internal
            and (database_name in ('staging', 'landing') or database_name = current_database())
        order by all
        """
    ).fetchall()
    for schema, table, column, kind in rows:
        found.setdefault(f"{schema}.{table}", {})[column] = kind
    return found


def trace_columns(queries: Mapping[str, str], columns: Mapping[str, Mapping[str, str]]) -> tuple[Edge, ...]:
    """Trace every column of core and mart to the landing columns behind it.

    Parameters
    ----------
    queries : mapping of str to str
        Relation to SELECT, for all relations that are built; tracing ends at all others.
    columns : mapping
        From :func:`columns_of`.

    Returns
    -------
    tuple of Edge
        Sorted. A column that is computed from nothing (a constant, a count of rows) has no edge.
    """
    kept = json.dumps(columns)
    direct = {relation: _direct(query, kept) for relation, query in queries.items()}
    known: dict[tuple[str, str], Origins] = {}
    edges = {
        Edge(relation, column, *origin)
        for relation, by_column in direct.items()
        if relation.startswith(("core.", "mart."))
        for column in by_column
        for origin in _follow(relation, column, direct, known)
    }
    return tuple(
        sorted(edges, key=lambda edge: (edge.relation, edge.column_name, edge.source_relation, edge.source_column))
    )


@lru_cache(maxsize=2)
def _schema(columns: str) -> MappingSchema:
    """Return sqlglot's schema for :func:`columns_of`, given as JSON so that it can be cached: building it is slow."""
    from sqlglot.schema import MappingSchema

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for relation, kinds in json.loads(columns).items():
        schema_name, _, table = relation.partition(".")
        schema.setdefault(schema_name, {})[table] = kinds
    return MappingSchema(dict(schema), dialect="duckdb")


@lru_cache(maxsize=256)
def _direct(query: str, columns: str) -> Mapping[str, Origins]:
    """Columns of one SELECT and the columns of tables they are computed from.

    Cached for processes that build more than once, since tracing takes a third of a small build.
    """
    import sqlglot
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    tree = qualify(
        sqlglot.parse_one(query, read="duckdb"),
        schema=_schema(columns),
        dialect="duckdb",
        validate_qualify_columns=False,
        quote_identifiers=False,
        identify=False,
    )
    root = build_scope(tree)
    return _by_column(root, {}) if root is not None else {}


def _by_column(scope: Scope, known: dict[int, dict[str, Origins]]) -> dict[str, Origins]:
    """Origins of a scope's output columns; a UNION takes names from its first part."""
    from sqlglot import exp

    if id(scope) in known:
        return known[id(scope)]
    known[id(scope)] = {}
    found: dict[str, Origins] = {}
    if scope.set_operation_scopes:
        parts = [_by_column(part, known) for part in scope.set_operation_scopes]
        for position, name in enumerate(parts[0]):
            found[name] = frozenset().union(*(list(part.values())[position] for part in parts))
    else:
        query = scope.expression
        for projection in query.selects if isinstance(query, exp.Query) else ():
            found[projection.alias_or_name] = _origins(projection, scope, known)
    known[id(scope)] = found
    return found


def _origins(expression: exp.Expr, scope: Scope, known: dict[int, dict[str, Origins]]) -> Origins:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    origins: set[tuple[str, str]] = set()
    for column in expression.find_all(exp.Column):
        source = scope.sources.get(column.table)
        if isinstance(source, exp.Table):
            origins.add((f"{source.db}.{source.name}", column.name))
        elif isinstance(source, Scope):
            origins |= _by_column(source, known).get(column.name, frozenset())
    return frozenset(origins)


def _follow(
    relation: str,
    column: str,
    direct: Mapping[str, Mapping[str, Origins]],
    known: dict[tuple[str, str], Origins],
) -> Origins:
    """Landing columns behind a column, followed through intermediate relations."""
    at = (relation, column)
    if at in known:
        return known[at]
    known[at] = frozenset()  # a column that depends on itself ends here
    ends: set[tuple[str, str]] = set()
    for source, source_column in direct[relation].get(column, frozenset()):
        if source.startswith("staging.landed_"):
            ends.add((source.replace("staging.landed_", "landing."), source_column))
        elif (source, source_column) in PREPARED_FROM:
            ends |= PREPARED_FROM[source, source_column]
        elif source in direct:
            ends |= _follow(source, source_column, direct, known)
        elif source.startswith("landing."):
            ends.add((source, source_column))
    known[at] = frozenset(ends)
    return known[at]
