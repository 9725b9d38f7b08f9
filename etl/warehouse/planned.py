"""The accepted plan by agent, for enrolment in the learning system.

Assumptions
-----------
1. Rows are about single agents: they must stay on the machine that holds the warehouse.
2. "Now" is the last day of the last week of the data: a plan lists teams, and its agents are the members of these teams
   on that day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from etl.warehouse.overdue import REACHED, STILL_HERE, in_words
from etl.warehouse.reader import frame

if TYPE_CHECKING:
    import duckdb

RELATION = "planned"
"""Name of the list in ``empathy export``; it is not a table of the version."""
NEEDED = ("core.accepted_plan", "core.agent_team", "core.week", "core.training", "mart.agent")
"""Relations of a version that the list needs."""
_SQL = f"""
with {REACHED},

plan as (
    select plan_id, accepted_at, team_id, wave, starts_on
    from core.accepted_plan
    where accepted_at = (select max(accepted_at) from core.accepted_plan)
),

members as (
    select spell.agent_key, spell.team_id
    from core.agent_team as spell
    inner join mart.agent as agent on agent.agent_key = spell.agent_key
    cross join reached
    where spell.valid_from <= reached.last_day
        and coalesce(spell.valid_to > reached.last_day, true)
        and {STILL_HERE}
        and agent.trained_week is null
)

select
    plan.plan_id,
    plan.accepted_at,
    plan.team_id,
    plan.wave,
    plan.starts_on,
    members.agent_key
from plan
inner join members on members.team_id = plan.team_id
order by plan.wave nulls last, plan.team_id, members.agent_key
"""


def planned(cursor: duckdb.DuckDBPyConnection, ids: pl.DataFrame | None = None) -> pl.DataFrame:
    """Untrained agents of the teams of the newest accepted plan, in the order of its waves.

    Parameters
    ----------
    cursor : DuckDBPyConnection
        On a version.
    ids : DataFrame, optional
        ``_source, source_agent_id, agent_key``; agents' ids, which a version does not hold.

    Returns
    -------
    DataFrame
        ``plan_id, accepted_at, team_id, wave, starts_on`` (both missing for teams that stay untrained), ``agent_key``
        (the pseudonym) and, with ``ids``, ``training_system_ids``: the agent's ids where courses are recorded.
    """
    rows = frame(cursor, _SQL)
    if ids is None:
        return rows
    systems = frame(cursor, "select distinct _source from core.training")
    told = in_words(ids.join(systems, on="_source"), "agent_key")
    return rows.join(told, on="agent_key", how="left", maintain_order="left")
