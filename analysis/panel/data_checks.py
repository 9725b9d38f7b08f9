"""Data-check results of a version that verdicts depend on."""

from __future__ import annotations

import duckdb


def contacts_counted_twice(cur: duckdb.DuckDBPyConnection) -> int:
    """Return how many contact ids occur in two sources without a rule for them in the configuration.

    Parameters
    ----------
    cur : duckdb.DuckDBPyConnection
        On a version; 0 where it records no checks.
    """
    try:
        row = cur.execute(
            "select violations from meta.check_result where \"check\" = 'contact_in_two_sources' and status = 'failed'"
        ).fetchone()
    except duckdb.CatalogException:
        return 0
    return int(row[0]) if row else 0
