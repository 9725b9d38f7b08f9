"""Failed checks of the whole programme, as the last estimation stored them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

StoredCheck = tuple[str, str, float | None, float | None, str]
"""Check, label, statistic, threshold, sentence."""


def failed_checks(cur: duckdb.DuckDBPyConnection, kpi: str, checks: Sequence[str]) -> list[StoredCheck]:
    """The named checks that failed for a KPI overall; empty when there are no results yet."""
    import duckdb

    marks = ", ".join("?" * len(checks))
    try:
        return cur.execute(
            'select "check", label, statistic, threshold, sentence from result."check" where kpi = ? and '
            f"slice_kind = 'overall' and status = 'failed' and \"check\" in ({marks})",
            [kpi, *checks],
        ).fetchall()
    except duckdb.CatalogException:
        return []
