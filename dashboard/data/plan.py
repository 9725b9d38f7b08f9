"""Inputs of a plan, read once per version: untrained teams and variance components of the goals."""

from __future__ import annotations

import math
from dataclasses import replace

import duckdb

from analysis.panel.panel import from_warehouse
from analysis.panel.stored_courses import stored_fading
from analysis.panel.teams import teams_from_warehouse
from analysis.planning.ground import Ground, ground
from analysis.words.refreshers import Fading
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import current
from dashboard.state import Filters


def plan_ground(queries: Queries) -> Ground:
    """Untrained teams, goals and history of the version being served.

    For readers of a shared dashboard neither an order by need nor the lot, which balances levels, goes by the level of
    a team that is not published, and trials go by no team's own weeks: from many orders, or many trials with known
    seeds, both could be worked out.
    """
    goals = [kpi for kpi in queries.goals() if kpi.kind.estimation == "average"]
    timing, rows = queries.setting().design.timing, queries.held_weeks()

    def make(cursor: duckdb.DuckDBPyConnection) -> Ground:
        return ground(
            goals,
            lambda kpi: from_warehouse(cursor, kpi, timing=timing, cluster="team", rows=rows),
            teams_from_warehouse(cursor),
        )

    found = queries.ask(("plan ground",), make)
    if not current().restricted:
        return found
    return without_own_weeks(queries, found)


def without_own_weeks(queries: Queries, found: Ground) -> Ground:
    """What a plan starts from, as readers of a shared dashboard may be told of it.

    Parameters
    ----------
    queries : Queries
    found : Ground
    """
    teams = tuple(
        team if queries.decision(Filters(team=(team.name,))).allowed else replace(team, ranked=False, level=math.nan)
        for team in found.teams
    )
    return replace(found, teams=teams, blocks={})


def fading(queries: Queries) -> list[Fading]:
    """How the effects of goals fade, in the version being served."""
    goals = {kpi.id for kpi in queries.goals() if queries.publishes(kpi.id, Filters())}
    return queries.ask(("plan fading",), lambda cursor: stored_fading(cursor, goals))
