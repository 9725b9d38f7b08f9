"""Training records: agents planned for a course, completion, and course scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import duckdb

SCHEMA = {
    "agent_key": pl.String,
    "course_id": pl.String,
    "completed": pl.Boolean,
    "score": pl.Float64,
}


def training_records(cur: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per agent and course that was planned, started or completed.

    Returns
    -------
    polars.DataFrame
        ``agent_key, course_id, completed`` and ``score``: the best score on record, null where none is. Empty where no
        training is recorded.
    """
    import duckdb

    try:
        rows = cur.execute(
            "select agent_key, course_id, bool_or(status = 'completed' and completed_on is not null) as completed, "
            "max(score)::double as score from core.training where agent_key is not null "
            "group by agent_key, course_id order by agent_key, course_id"
        ).fetchall()
    except duckdb.CatalogException:
        rows = []
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
