"""What the data checks of a version found that bears on whether its counts may be believed."""

from __future__ import annotations

import duckdb


def contacts_counted_twice(cur: duckdb.DuckDBPyConnection) -> int:
    """Return how many contact ids two sources have without the configuration saying what they are.

    Parameters
    ----------
    cur : duckdb.DuckDBPyConnection
        On a version; 0 where it records no checks.
    """
    there = cur.execute(
        "select 1 from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'meta' and table_name = 'check_result'"
    ).fetchone()
    if there is None:
        return 0
    row = cur.execute(
        "select violations from meta.check_result where \"check\" = 'contact_in_two_sources' and status = 'failed'"
    ).fetchone()
    return int(row[0]) if row else 0
