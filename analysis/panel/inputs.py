"""Fingerprints of the rows that studies read from a version, and studies stored by an earlier run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from analysis.panel.slices import identifier

if TYPE_CHECKING:
    import duckdb

TABLES = (
    "mart.agent",
    "mart.agent_spell",
    "mart.rule_week",
    "core.accepted_order",
    "core.accepted_plan",
    "core.conversation",
    "core.place",
    "core.qa_evaluation",
    "core.training",
)
"""Relations that studies read besides ``mart.agent_week``; a test checks that there are no others."""
KEPT = "kept_study"
"""Table of ``meta`` that holds studies for the next run."""
_SUMS = ("num", "den", "sq")


def fingerprints(cur: duckdb.DuckDBPyConnection, kpis: Iterable[str]) -> dict[str, str]:
    """Fingerprint of a version's rows by KPI, and under the empty name for the rows that all KPIs share.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpis
        Ids; one that the version lacks has the fingerprint of nothing.

    Returns
    -------
    dict
        Equal where every row and its place in its table are equal. Columns about a run and its files (``_run_id`` and
        the like) are left out.
    """
    names = list(kpis)
    there = _columns(cur, "mart.agent_week")
    sums = {name: [c for c in (f"{name}_{end}" for end in _SUMS) if c in there] for name in names}
    own = {column for columns in sums.values() for column in columns}
    shared = [column for column in there if column not in own and not column.endswith(tuple(f"_{s}" for s in _SUMS))]
    parts = [_hashed(shared), *(_hashed(sums[name]) for name in names)]
    row = cur.execute(f"select count(*), {', '.join(parts)} from mart.agent_week").fetchone() or ()
    found = {name: str(value) for name, value in zip(names, row[2:], strict=True)}
    of_tables = []
    for table in TABLES:
        columns = _columns(cur, table)
        counted = cur.execute(f"select count(*), {_hashed(columns)} from {table}").fetchone() if columns else None
        of_tables.append((table, columns, counted))
    return {**found, "": str((shared, row[:2], of_tables))}


def kept_rows(cur: duckdb.DuckDBPyConnection) -> Mapping[str, tuple[str, bytes]]:
    """KPI to fingerprint and studies, as an earlier run left them; empty where none did."""
    import duckdb

    try:
        rows = cur.execute(f"select kpi, fingerprint, studies from meta.{KEPT}").fetchall()
    except duckdb.Error:
        return {}
    return {str(kpi): (str(fingerprint), bytes(studies)) for kpi, fingerprint, studies in rows}


def _columns(cur: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    schema, _, table = relation.partition(".")
    rows = cur.execute(
        "select column_name from duckdb_columns() where database_name = current_database() and schema_name = ? "
        "and table_name = ? and not starts_with(column_name, '_') order by column_index",
        [schema, table],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _hashed(columns: Iterable[str]) -> str:
    """A fingerprint of columns over all rows, places included: independent of the order of reading."""
    hashed = f"hash({', '.join(['rowid', *map(identifier, columns)])})"
    return f"(bit_xor({hashed}), sum({hashed}::hugeint))::varchar"
