"""Records of a build, schema ``meta``: files, rejects, checks, coverage, restatements, lineage, the run itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

import duckdb

from etl.marts import coverage, history, identity, quality, restatement
from etl.sql_text import insert_rows

RUN = (
    "run_id varchar, started_at timestamp, finished_at timestamp, as_of date, config_sha256 varchar, "
    "engine_version varchar, data_from date, data_to date, seconds double, inputs_sha256 varchar, sql_sha256 varchar"
)
CHECK_RESULT = '"check" varchar, severity varchar, status varchar, violations bigint, sentence varchar, sample varchar'
RECONCILIATION = 'relation varchar, "rows" bigint, from_files bigint, difference bigint, sentence varchar'
IDENTITY_COVERAGE = (
    'source varchar, ids bigint, matched bigint, ambiguous bigint, unknown bigint, "rows" bigint, rows_matched bigint'
)
REPAIR = 'relation varchar, kind varchar, "rows" bigint'
RESTATEMENT = (
    "kpi varchar, week date, old_num double, old_den double, new_num double, new_den double, change double, "
    "moved double"
)
LINEAGE = "relation varchar, column_name varchar, source_relation varchar, source_column varchar"
FIELD_COVERAGE = (
    "relation varchar, source varchar, field varchar, needed_for varchar, files bigint, files_without bigint, "
    '"rows" bigint, filled bigint, sentence varchar'
)
KPI_COVERAGE = (
    "kpi varchar, weeks bigint, known_weeks bigint, first_week date, last_week date, missing varchar[], reason varchar"
)

MOST_DUPLICATES = 10_000
"""Most duplicate, superseded and conflicting records listed per source and kind; the manifest counts all."""


def write(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write one table of ``meta`` anew.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table, columns : str
        Its name, and its columns as in ``CREATE TABLE``.
    rows : iterable of sequence
    """
    con.execute(f"create or replace table meta.{table} ({columns})")
    insert_rows(con, f"meta.{table}", rows)


def write_records(
    con: duckdb.DuckDBPyConnection,
    reconciled: Sequence[quality.Reconciliation],
    matched: Sequence[identity.Coverage],
    repairs: history.Repairs,
) -> None:
    """Write the tables that checks read: files, rejects, duplicates, identities, repairs and coverage.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with core, staging and landing.
    reconciled, matched, repairs
        Results of filling the draft.
    """
    con.execute("create or replace table meta.file_manifest as select * from landing.file_manifest order by all")
    con.execute(
        "create or replace table meta.reject as select * from landing.reject order by source, path, line, table_name"
    )
    con.execute(
        f"create or replace table meta.duplicate as select * from landing.duplicate "
        f"qualify row_number() over (partition by source, kind order by path, line) <= {MOST_DUPLICATES} "
        f"order by source, path, line"
    )
    write(con, "reconciliation", RECONCILIATION, [astuple(relation) for relation in reconciled])
    write(con, "identity_coverage", IDENTITY_COVERAGE, [astuple(source) for source in matched])
    write(con, "repair", REPAIR, [("core.agent_team", kind, rows) for kind, rows in repairs.counts.items()])
    write_coverage(con)


def write_coverage(con: duckdb.DuckDBPyConnection) -> None:
    """Write ``meta.coverage`` and ``meta.field_coverage``: the days and fields that each source covers.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with staging and landing.
    """
    con.execute(
        "create or replace table meta.coverage (relation varchar, source varchar, row_count bigint, first_day date, "
        "last_day date, known_from date, known_to date, from_by varchar, to_by varchar)"
    )
    insert_rows(con, "meta.coverage", [(*astuple(span), None, None, None, None) for span in coverage.spans(con)])
    con.execute(
        "update meta.coverage set known_from = known.known_from, known_to = known.known_to, from_by = known.from_by, "
        "to_by = known.to_by from (select relation, source, max(known_from) as known_from, max(known_to) as known_to, "
        "max(from_by) as from_by, max(to_by) as to_by from staging.coverage group by all) as known "
        "where known.relation = meta.coverage.relation and known.source = meta.coverage.source"
    )
    con.execute(
        "create or replace table meta.coverage_gap as select relation, source, last_seen, next_seen, "
        "cast(contacts as bigint) as contacts from staging.coverage_gap order by all"
    )
    write(
        con,
        "field_coverage",
        FIELD_COVERAGE,
        [(*astuple(found), found.sentence) for found in coverage.fields(con)],
    )


def write_restatement(con: duckdb.DuckDBPyConnection, changes: Iterable[restatement.Change]) -> None:
    """Write the weeks whose KPIs differ from the last version's."""
    write(con, "restatement", RESTATEMENT, [astuple(change) for change in changes])


def write_lineage(con: duckdb.DuckDBPyConnection, edges: Sequence[tuple[Any, ...]]) -> None:
    """Write which column came from which."""
    write(con, "lineage", LINEAGE, [])
    columns = [list(column) for column in zip(*edges, strict=True)]
    if columns:
        con.execute("insert into meta.lineage select unnest(?), unnest(?), unnest(?), unnest(?)", columns)
