"""Stored courses (fading) of the effects on goals, from the last estimation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from analysis.words.refreshers import Fading

if TYPE_CHECKING:
    import duckdb


def stored_fading(cur: duckdb.DuckDBPyConnection, goals: Collection[str]) -> list[Fading]:
    """The course of the effect on each goal with a believed headline; empty when there are no results yet.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    goals
        Ids of KPIs.
    """
    import duckdb

    try:
        rows = cur.execute(
            "select kpi, course.state, half_life, half_life_low, half_life_high "
            "from result.course as course join result.effect as effect using (kpi, slice_kind, slice_value) "
            "where effect.role = 'headline' and effect.believed and slice_kind = 'overall' order by half_life, kpi"
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [Fading(*row) for row in rows if row[0] in goals]


def last_week(cur: duckdb.DuckDBPyConnection) -> date | None:
    """Monday of the last week in which an agent was seen."""
    found: date | None = cur.execute("select max(last_week) from mart.agent").fetchall()[0][0]
    return found
