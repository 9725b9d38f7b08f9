"""Teams as they stand: site and agents, for planning who is trained next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class TeamNow:
    """A team at the end of the data.

    Attributes
    ----------
    name, site
        As in the marts; the site is empty where it is not known.
    n_agents
        Agents seen in the last four weeks.
    """

    name: str
    site: str
    n_agents: int


def teams_from_warehouse(cur: duckdb.DuckDBPyConnection) -> dict[str, TeamNow]:
    """Teams with agents seen in the last four weeks, by name."""
    rows = cur.execute(
        """
        with last as (select max(last_week) as week from mart.agent)
        select team_id, coalesce(min(site), '') as site, count(*)::integer as n_agents
        from mart.agent, last
        where team_id is not null and last_week > last.week - 28
        group by team_id order by team_id
        """
    ).fetchall()
    return {str(name): TeamNow(str(name), str(site), int(n)) for name, site, n in rows}
