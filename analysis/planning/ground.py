"""Inputs of a plan: untrained teams, variance components of each goal, and weeks of history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, NothingObserved, PanelError
from analysis.panel.panel import Panel
from analysis.panel.teams import TeamNow
from analysis.planning.plan import Goal, untrained_clusters
from analysis.planning.variance_components import estimate_components, untreated_block
from analysis.words.numbers import Wording

Array = NDArray[np.float64]
LEVEL_WEEKS = 12
"""A team's level is its mean over this many last weeks."""


NOTHING_TO_COUNT = "The exports that were loaded hold nothing it can be counted from."


@dataclass(frozen=True)
class Team:
    """An untrained team.

    Attributes
    ----------
    name, site
        As in the marts.
    n_agents
        Agents observed in the last weeks.
    level
        Of the first goal over the last weeks, natural unit; NaN where it is not known, and the team then comes last in
        an order by need.
    """

    name: str
    site: str
    n_agents: int
    level: float


@dataclass(frozen=True, eq=False)
class Ground:
    """What a plan starts from.

    Attributes
    ----------
    goals
        Goals whose variance components could be estimated.
    unknown
        Labels of the other goals, with the reason.
    teams
        Untrained teams, by name.
    history_weeks
        Untrained weeks that these teams have in common.
    blocks
        KPI id to weekly means and sizes of untrained teams, for simulations.
    ranked_by
        Goal that the levels of teams are of; None where no goal could be read.
    """

    goals: tuple[Goal, ...]
    unknown: tuple[tuple[str, str], ...]
    teams: tuple[Team, ...]
    history_weeks: int
    blocks: Mapping[str, tuple[Array, Array]]
    ranked_by: PlannedKpi | None = None

    @property
    def not_planned(self) -> str:
        """Sentence on goals that cannot be planned for, each reason once; empty where all can."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self.unknown:
            by_reason.setdefault(why, []).append(name)
        return " ".join(f"Not planned for: {', '.join(names)}. {why}" for why, names in by_reason.items())

    def covariates(self) -> Array:
        """(teams, K) site, agents and level, for balance."""
        sites = sorted({team.site for team in self.teams})
        levels = np.array([team.level for team in self.teams])
        known = np.where(np.isfinite(levels), levels, np.nanmean(levels) if np.isfinite(levels).any() else 0.0)
        columns = [[float(team.site == site) for team in self.teams] for site in sites[1:]]
        return np.column_stack([*columns, [float(team.n_agents) for team in self.teams], known])


class PlannedKpi(Wording, Protocol):
    """A KPI with the change that matters (``etl.configuration.kpis.Kpi`` satisfies it)."""

    @property
    def smallest_effect(self) -> float: ...


def ground(kpis: Sequence[PlannedKpi], panel_of: Callable[[str], Panel], now: Mapping[str, TeamNow]) -> Ground:
    """Read the inputs of a plan.

    Parameters
    ----------
    kpis
        Goals, in the order of the catalogue.
    panel_of
        KPI id to its panel, clustered by team.
    now
        Teams at the end of the data.
    """
    goals, unknown, blocks = [], [], {}
    free: dict[str, float] = {}
    ranked_by = None
    weeks: list[int] = []
    for kpi in kpis:
        try:
            panel = panel_of(kpi.id)
            names, behind = untrained_clusters(panel)
            if not weeks:
                free, ranked_by = _levels(panel, names), kpi
                weeks.append(behind)
            means, sizes = untreated_block(panel)
            goals.append(Goal(kpi, kpi.smallest_effect, estimate_components(means)))
            blocks[kpi.id] = (means, sizes)
        except NothingObserved:
            unknown.append((kpi.label, NOTHING_TO_COUNT))
        except (PanelError, EstimationError) as reason:
            unknown.append((kpi.label, str(reason)))
    teams = tuple(
        Team(name, now[name].site, now[name].n_agents, level) for name, level in sorted(free.items()) if name in now
    )
    return Ground(tuple(goals), tuple(unknown), teams, weeks[0] if weeks else 0, blocks, ranked_by)


def _levels(panel: Panel, names: Sequence[str]) -> dict[str, float]:
    wanted = set(names)
    found = {}
    for k, label in enumerate(panel.clusters):
        if str(label) in wanted:
            rows = panel.cluster_ix == k
            den = float(panel.den[rows, -LEVEL_WEEKS:].sum())
            found[str(label)] = float(panel.num[rows, -LEVEL_WEEKS:].sum()) / den if den > 0 else float("nan")
    return found
