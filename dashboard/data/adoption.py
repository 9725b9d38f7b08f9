"""Who was planned, who began, who finished: ``mart.adoption`` for a selection, small teams left out."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

from dashboard.data.queries import Queries
from dashboard.data.suppression import suppress
from dashboard.state import Filters
from etl.warehouse import frame

COUNTS = ("planned", "started", "completed", "overdue")
APPLIES = ("site", "team", "from", "to")
"""Filters that mean something for a training plan."""


def courses(queries: Queries) -> list[str]:
    """Course ids with a plan or a completion."""
    if not queries.has("mart.adoption"):
        return []
    rows = queries.frame("select distinct course_id from mart.adoption where course_id is not null order by 1")
    return [str(value) for value in rows.to_series().to_list()]


def progress(queries: Queries, filters: Filters, course: str) -> pl.DataFrame:
    """Cumulative counts of agents by week: ``week, planned, started, completed, overdue``.

    Weeks in which fewer agents than the minimum are on the list are left out: who among three has not finished is told
    by name soon enough.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection; only site, team and period apply.
    course : str
        A course id.
    """
    where, values = _where(filters, course)
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in COUNTS)
    sql = f"select week, {sums} from mart.adoption where {where} group by week order by week"
    people = pl.max_horizontal(COUNTS)
    enough = (people == 0) | (people >= queries.settings.min_group)
    return queries.ask(("adoption", filters, course), lambda cursor: frame(cursor, sql, values).filter(enough))


def by_group(queries: Queries, filters: Filters, course: str, by: str) -> pl.DataFrame:
    """The last week's counts by site or team: ``label, site, planned, started, completed, overdue, suppressed``.

    Parameters
    ----------
    queries : Queries
    filters : Filters
    course : str
    by : {"site", "team"}
        A group with fewer planned agents than the minimum has no numbers, nor has the one that would reveal it.
    """
    where, values = _where(filters, course)
    column = {"site": "site", "team": "team_id"}[by]
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in COUNTS)
    sql = (
        f"select {column} as label, any_value(site) as site, {sums} from mart.adoption "
        f"where {where} and week = (select max(week) from mart.adoption where {where}) and {column} is not null "
        "group by 1 order by 1"
    )

    def make(cursor: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        rows = frame(cursor, sql, [*values, *values])
        within = ("site",) if by == "team" else ()
        return suppress(
            rows,
            count="planned",
            minimum=queries.settings.min_group,
            hide=COUNTS,
            within=within,
            label="label",
        )

    return queries.ask(("adoption_by", filters, course, by), make)


def _where(filters: Filters, course: str) -> tuple[str, list[Any]]:
    parts: list[str] = ["course_id = ?"]
    values: list[Any] = [course]
    for column, chosen in (("site", filters.site), ("team_id", filters.team)):
        if chosen:
            parts.append(f"{column} in ({', '.join('?' * len(chosen))})")
            values += list(chosen)
    for test, day in (("week >= ?", filters.start), ("week <= ?", filters.end)):
        if day is not None:
            parts.append(test)
            values.append(day)
    return " and ".join(parts), values
