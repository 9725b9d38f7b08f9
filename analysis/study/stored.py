"""Stored results that an interactive study reuses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.checks.result import CheckResult
from analysis.panel.stored_checks import failed_checks

if TYPE_CHECKING:
    import duckdb


def stored_failures(cur: duckdb.DuckDBPyConnection, kpi: str, checks: Sequence[str]) -> tuple[CheckResult, ...]:
    """Slow checks of the whole programme that failed, from the stored results; empty when there are no results yet.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi
        Id in the catalogue.
    checks
        Ids of the checks.
    """
    nan = math.nan
    return tuple(
        CheckResult(name, label, "failed", nan if s is None else s, nan if t is None else t, words)
        for name, label, s, t, words in failed_checks(cur, kpi, checks)
    )
