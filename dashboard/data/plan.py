"""Inputs of a plan, read once per version: untrained teams and variance components of the goals."""

from __future__ import annotations

import math
from dataclasses import replace

import duckdb
import polars as pl

from analysis.panel.panel import from_warehouse
from analysis.panel.stored_courses import stored_fading
from analysis.panel.teams import teams_from_warehouse
from analysis.planning.ground import LEVEL_WEEKS, Ground, ground
from analysis.words.refreshers import Fading
from dashboard.data.published import BLOCK_WEEKS
from dashboard.data.queries import Queries
from dashboard.privacy.redaction import to_digits
from dashboard.privacy.viewer import current
from dashboard.state import Filters


def plan_ground(queries: Queries) -> Ground:
    """Untrained teams, goals and history of the version being served.

    For readers of a shared dashboard neither an order by need nor the lot, which balances levels and sizes, goes by
    what they are not told of a team, and trials go by no team's own weeks: from many orders, or many trials with known
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

    Orders of many seeds, asked for one after the other, tell the levels and sizes that balance goes by. So a level is
    what readers are told of the team by four weeks anyway, or not known; and teams smaller than the smallest group are
    of one size.

    Parameters
    ----------
    queries : Queries
    found : Ground
    """
    minimum = queries.settings.min_group
    teams = [team if team.n_agents >= minimum else replace(team, n_agents=minimum // 2) for team in found.teams]
    levels = [math.nan if found.ranked_by is None else _told(queries, found.ranked_by.id, team.name) for team in teams]
    told = tuple(replace(team, level=level) for team, level in zip(teams, levels, strict=True))
    return replace(found, teams=told, blocks={})


def _told(queries: Queries, kpi: str, team: str) -> float:
    """Level of a team over the last weeks, of blocks that are all told; NaN otherwise."""
    filters = Filters(team=(team,))
    if not queries.decision(filters).allowed:
        return math.nan
    last = queries.weekly(kpi, filters).tail(LEVEL_WEEKS // BLOCK_WEEKS)
    if last.height < LEVEL_WEEKS // BLOCK_WEEKS or last["suppressed"].any():
        return math.nan
    num, den = last.select(pl.col("num", "den").sum()).row(0)
    return num / den if den else math.nan


def fading(queries: Queries) -> list[Fading]:
    """How the effects of goals fade, in the version being served."""
    goals = {kpi.id for kpi in queries.goals() if queries.publishes(kpi.id, Filters())}
    found = queries.ask(("plan fading",), lambda cursor: stored_fading(cursor, goals))
    return [Fading(**row) for row in to_digits(pl.DataFrame(found)).to_dicts()] if current().restricted else found
