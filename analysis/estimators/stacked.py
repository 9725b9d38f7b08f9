"""Stacked comparison: every wave with its own controls, picked by the same rule as the trained agents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import block_diag

from analysis.errors import EstimationError
from analysis.estimators.cell_families import CellFamilies, CohortEffects
from analysis.estimators.fitted import Family
from analysis.estimators.imputation import Imputation
from analysis.estimators.interaction_weighted import att_gt_frame
from analysis.estimators.untrained_leads import imputation_leads, pooled_leads
from analysis.inference import jackknife_degrees_of_freedom
from analysis.panel.panel import NEVER, Panel
from analysis.solver.layout import sum_by
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
LARGEST_JACKKNIFE = 4_000_000
"""Largest matrix of all experiments (elements) for which the jackknife's degrees of freedom are computed; above it,
with many teams and waves, they are set to G - 1, which the computation also gave wherever there were several waves."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """The agents and results that the rule ranked, where they differ from the panel being estimated (a slice, or
    another KPI).

    Agents were picked among all with a result of the rule's KPI; ranking only those in a slice would pick others.

    Attributes
    ----------
    panel : Panel
        The rule's KPI for all B agents.
    groups : (B,) array
        The group inside which each was ranked.
    rows : (A,) int array
        Row in ``panel`` of every agent of the panel being estimated; -1 when never ranked.
    offset : int
        Week of ``panel`` in which the panel being estimated begins.
    """

    panel: Panel
    groups: NDArray[Any]
    rows: Ints
    offset: int


@dataclass(frozen=True, eq=False)
class SelectionRule:
    """How agents were picked inside a group: the worst ``share`` on the mean of the last ``lookback`` weeks.

    Ranked are the agents with a result in the lookback who are still there in the week of training.

    Attributes
    ----------
    share : float
        Share of the group that is picked, between 0 and 1.
    lookback : int
        Weeks of results that were looked at.
    worst : {"high", "low"}
        Whether a high or a low value is bad.
    lead : int
        Weeks between the last week looked at and the week of training.
    groups : (A,) array, optional
        The group inside which agents were ranked; default the panel's cluster.
    ranking : Ranking, optional
        Who was ranked on which results; default the panel itself on its outcome.
    """

    share: float
    lookback: int
    worst: str = "high"
    lead: int = 0
    groups: NDArray[Any] | None = None
    ranking: Ranking | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise EstimationError(f"rule.share must lie between 0 and 1; it is {self.share}.")
        if self.lookback < 1:
            raise EstimationError(f"rule.lookback must be at least one week; it is {self.lookback}.")
        if self.worst not in ("high", "low"):
            raise EstimationError(f"rule.worst is 'high' or 'low'; it is {self.worst!r}.")

    def of(self, units: Bools) -> SelectionRule:
        """The rule for a part of the panel; ``units``: (A,) mask of the agents kept."""
        among = self.ranking
        return replace(
            self,
            groups=None if self.groups is None else self.groups[units],
            ranking=None if among is None else replace(among, rows=among.rows[units]),
        )

    def picked(self, panel: Panel, week: int) -> Bools:
        """(A,) agents the rule would pick in every group for a training in ``week``."""
        if self.ranking is not None:
            among = self.ranking
            everywhere = replace(self, groups=among.groups, ranking=None).picked(among.panel, week + among.offset)
            return np.asarray((among.rows >= 0) & everywhere[among.rows])
        num, den = panel.num, panel.den
        stop = week - self.lead
        start = max(stop - self.lookback, 0)
        chosen = np.zeros(panel.n_units, dtype=bool)
        if stop <= start:
            return chosen
        mass = den[:, start:stop].sum(axis=1)
        score = ratio(num[:, start:stop].sum(axis=1), mass)
        badness = score if self.worst == "high" else -score
        _, group = np.unique(panel.cluster_ix if self.groups is None else self.groups, return_inverse=True)
        still_here = (panel.den[:, week:] > 0).any(axis=1)
        known = np.flatnonzero(np.isfinite(badness) & still_here)
        order = known[np.lexsort((known, -badness[known], group[known]))]
        counts = np.bincount(group[order], minlength=int(group.max()) + 1)
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        rank = np.arange(order.size) - first[group[order]]
        quota = np.floor(self.share * counts + 0.5)
        chosen[order[rank < quota[group[order]]]] = True
        return chosen


@dataclass(frozen=True, eq=False)
class Stacked:
    """Every cohort as an experiment of its own, then averaged by trained contacts.

    For cohort g the trained are its agents; controls are agents of groups that have not started, counted only until
    their group starts; with a rule, only those of them the *same rule* would have picked in week g. Inside each
    experiment effects are imputed from untrained weeks (agent effects and the experiment's own week effects). When the
    worst performers are picked, both sides show the same regression to the mean, so it is not credited to training.

    ``theta = sum_g M_g theta_g / sum_g M_g`` with ``M_g`` the trained contacts of cohort g that have a comparison and
    ``theta_g`` the contact-weighted mean of ``y_it - alpha_ig - lambda_tg`` over them: agent and week effects of
    experiment g, from its untrained weeks.

    Assumptions
    -----------
    1. The rule is the one that was used (share, weeks, measure, group). Not checkable from the panel alone; if it is
       wrong the comparison can be badly wrong.
    2. Groups that start later would have moved as groups that start now. Checked in part by leads: inside each
       experiment both sides were picked by the same rule in the same week, so their difference in every week before it,
       the weeks of the low point included, is sampling error. A drift between them counts against the comparison.
    3. No anticipation beyond the window (checked in part by the leads); no effect of others' training across groups
       (not checked here).

    Source: Cengiz, Dube, Lindner, Zipperer (2019), doi:10.1093/qje/qjz014 (stacking); Borusyak et al. (2024) inside
    each experiment.
    """

    panel: Panel
    anticipation: int
    rule: SelectionRule | None = None
    window: tuple[int | None, int | None] = (None, None)

    @cached_property
    def groups(self) -> Ints:
        """(A,) group of every agent: the rule's, or the cluster."""
        labels = self.panel.cluster_ix if self.rule is None or self.rule.groups is None else self.rule.groups
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def group_start(self) -> Ints:
        """(A,) first trained week in the agent's group, in the slice or not; NEVER when nobody in it is trained."""
        start = np.full(int(self.groups.max()) + 1, NEVER, dtype=np.int64)
        np.minimum.at(start, self.groups, self.panel.cohort_ix)
        found = start[self.groups]
        if self.rule is None or self.rule.ranking is None or self.rule.groups is None:
            return found
        among = self.rule.ranking
        begun: dict[Any, int] = {}
        for group, week in zip(among.groups.tolist(), among.panel.cohort_ix.tolist(), strict=True):
            if week != NEVER:
                begun[group] = min(begun.get(group, NEVER), week - among.offset)
        everywhere = np.array([begun.get(group, NEVER) for group in self.rule.groups.tolist()], dtype=np.int64)
        return np.minimum(found, everywhere)

    def experiment(self, cohort: int) -> tuple[Panel, int] | None:
        """Panel of one cohort and its controls, and the panel week of its first column; None without controls."""
        panel = self.panel
        trained = panel.cohort_ix == cohort
        control = self.group_start > cohort + self.anticipation
        if self.rule is not None:
            control &= self.rule.picked(panel, cohort)
        if not control.any():
            return None
        before, after = self.window
        start = 0 if before is None else max(cohort - before, 0)
        stop = panel.n_periods if after is None else min(cohort + after + 1, panel.n_periods)
        rows = np.flatnonzero(trained | control)
        weeks = np.arange(panel.n_periods)
        limit = np.where(trained, NEVER, np.minimum(self.group_start, panel.cohort_ix))[rows]
        usable = weeks[None, :] < np.where(limit == NEVER, NEVER, limit - self.anticipation)[:, None]
        part = panel.take(rows)
        part = replace(
            part,
            den=np.where(usable, part.den, 0.0),
            num=np.where(usable, part.num, 0.0),
            cohort_ix=np.where(trained[rows], cohort, NEVER),
            cluster_ix=panel.cluster_ix[rows],
            clusters=panel.clusters,
        )
        cut = part.take(None, start, stop)
        return replace(cut, cluster_ix=part.cluster_ix, clusters=panel.clusters), start

    @cached_property
    def models(self) -> list[tuple[int, Imputation, int]]:
        """Cohort, imputation inside its experiment, and the panel week of the experiment's first column."""
        made = ((int(cohort), self.experiment(int(cohort))) for cohort in self.panel.cohorts)
        return [(cohort, Imputation(it[0], self.anticipation), it[1]) for cohort, it in made if it is not None]

    def cells(self, variance: str) -> Iterator[CohortEffects]:
        """Effects cohort by cohort."""
        for cohort, model, start in self.models:
            yield self._effects(cohort, model, start, variance)

    def _effects(self, cohort: int, model: Imputation, start: int, variance: str) -> CohortEffects:
        panel = self.panel
        family = model.effects_by("event_time", "analytic")
        weeks = cohort + np.array(family.keys, dtype=np.int64)
        inside = (weeks >= 0) & (weeks < panel.n_periods)
        weeks = weeks[inside]
        effect, mass, agents = np.full(panel.n_periods, np.nan), np.zeros(panel.n_periods), np.zeros(panel.n_periods)
        effect[weeks], mass[weeks] = family.theta[inside], family.n_contacts[inside]
        agents[weeks] = family.n_agents[inside]
        influence = np.zeros((panel.n_clusters, panel.n_periods))
        influence[:, weeks] = np.nan_to_num(model.raw_influence("event_time")[:, inside])
        present = np.zeros((panel.n_clusters, panel.n_periods), dtype=bool)
        members = panel.cohort_ix == cohort
        counted = sum_by(panel.cluster_ix[members], panel.observed[members].astype(np.float64), panel.n_clusters)
        present[:, weeks] = (counted > 0)[:, weeks]
        left = left_mass = None
        if variance == "jackknife":
            left = np.full((panel.n_clusters, panel.n_periods), np.nan)
            left_mass = np.zeros((panel.n_clusters, panel.n_periods))
            replicates, masses = model.replicates("event_time")
            left[:, weeks], left_mass[:, weeks] = replicates[:, inside], masses[:, inside]
        return CohortEffects(cohort, effect, mass, agents, influence, present, left, left_mass)

    @cached_property
    def _families(self) -> dict[str, CellFamilies]:
        return {}

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation."""
        if variance not in self._families:
            families = CellFamilies(self.panel, -self.anticipation, variance)
            for cells in self.cells(variance):
                families.add(cells)
            self._families[variance] = families
        n_clusters = max(self.panel.n_clusters, 2)
        family = self._families[variance].family(kind, float(np.sqrt(n_clusters / (n_clusters - 1))), self.notes)
        family = replace(family, df=self.degrees_of_freedom)
        if kind != "event_time":
            return family
        leads = [imputation_leads(model, variance) for _, model, _ in self.models]
        return pooled_leads(leads, self.panel.n_clusters).before(family)

    @cached_property
    def degrees_of_freedom(self) -> float:
        """Degrees of freedom of the average effect; experiments have their own week effects and share clusters."""
        if not self.models:
            return float("nan")
        parts = [model.stretches for _, model, _ in self.models]
        rows, columns = (sum(part[0].shape[axis] for part in parts) for axis in (0, 1))
        if rows * columns > LARGEST_JACKKNIFE:
            return float(max(self.panel.n_clusters - 1, 1))
        before, after = (block_diag(*(part[k] for part in parts)) for k in (0, 1))
        clusters, lengths = (np.concatenate([part[k] for part in parts]) for k in (2, 3))
        return jackknife_degrees_of_freedom(before, after, clusters, self.panel.n_clusters, lengths)

    @property
    def notes(self) -> tuple[str, ...]:
        """How controls were chosen, in words."""
        if self.rule is None:
            return ()
        return (
            f"Controls are agents the same rule would have picked: the worst {self.rule.share:.0%} of their group over "
            f"{self.rule.lookback} weeks.",
        )

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week."""
        return att_gt_frame(self.panel, self.cells("analytic"), 1.0)
