"""Agents still employed who have not completed a course by its planned day, for reminders.

Assumptions
-----------
1. Rows are about single agents: they must stay on the machine that holds the warehouse.
2. "Now" is the last day of the last week of the data, as in ``mart.adoption``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from etl.warehouse.reader import frame

if TYPE_CHECKING:
    import duckdb

RELATION = "overdue"
"""Name of the list in ``empathy export``; it is not a table of the version."""
NEEDED = ("core.training", "core.week", "mart.agent")
"""Relations of a version that the list needs."""
REACHED = """reached as (
    select max(week) + 6 as last_day from core.week
)"""
"""Common table expression with one row: ``last_day``, which is "now" in lists of agents."""
STILL_HERE = "coalesce(agent.left_on > reached.last_day, true)"
"""Condition over ``mart.agent as agent`` and ``reached``: agents without a day of leaving are still employed."""
_SQL = f"""
with {REACHED},

attempts as (
    select
        agent_key,
        course_id,
        min(planned_on) as planned_on,
        min(coalesce(started_on, completed_on)) as started_on,
        min(completed_on) filter (where status = 'completed') as completed_on,
        list_distinct(list(_source)) as sources
    from core.training
    group by agent_key, course_id
),

late as (
    select
        attempts.course_id,
        agent.site,
        agent.team_id,
        attempts.agent_key,
        attempts.planned_on,
        date_diff('day', attempts.planned_on, reached.last_day) as days_overdue,
        attempts.started_on is not null and attempts.started_on <= reached.last_day as has_started,
        attempts.sources
    from attempts
    inner join mart.agent as agent on agent.agent_key = attempts.agent_key
    cross join reached
    where attempts.planned_on <= reached.last_day
        and coalesce(attempts.completed_on > reached.last_day, true)
        and {STILL_HERE}
)

select
    late.course_id,
    late.site,
    late.team_id,
    late.agent_key,
    late.planned_on,
    late.days_overdue,
    late.has_started,
    late.sources
from late
order by late.days_overdue desc, late.has_started, late.course_id, late.team_id, late.agent_key
"""


def overdue(cursor: duckdb.DuckDBPyConnection, ids: pl.DataFrame | None = None) -> pl.DataFrame:
    """Overdue agents, sorted by days overdue (longest first), then those who have not started first.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        On a version.
    ids : DataFrame, optional
        ``_source, source_agent_id, agent_key``; agents' ids, which a version does not hold.

    Returns
    -------
    DataFrame
        ``course_id, site, team_id, agent_key`` (the pseudonym), ``planned_on, days_overdue, has_started`` and, with
        ``ids``, ``training_system_ids``: the agent's ids in the systems the course was planned or recorded in.
    """
    late = frame(cursor, _SQL)
    rows = late.drop("sources")
    if ids is None:
        return rows
    recorded = late.select("agent_key", "course_id", pl.col("sources").alias("_source")).explode("_source")
    told = in_words(recorded.join(ids, on=["agent_key", "_source"]), "agent_key", "course_id")
    return rows.join(told, on=["agent_key", "course_id"], how="left", maintain_order="left")


def in_words(ids: pl.DataFrame, *of: str) -> pl.DataFrame:
    """Join ids with their systems to one text, ``training_system_ids``, per group of some columns."""
    words = pl.concat_str("_source", pl.lit(": "), "source_agent_id").unique().sort().str.join("; ")
    return ids.group_by(of).agg(words.alias("training_system_ids"))
