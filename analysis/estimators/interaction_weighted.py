"""Interaction-weighted event study: one curve per cohort, averaged with cohort shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimators.cell_families import CellFamilies, CohortEffects
from analysis.estimators.fitted import NO_WEIGHT, Family, empty_att_gt
from analysis.estimators.naive.one_number import row_count
from analysis.inference import small_sample_factor, standard_errors
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout, sum_by
from analysis.solver.two_way import TwoWayFit, fit_two_way

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Side:
    """Two-way fit of one cohort (or the controls) by itself.

    Attributes
    ----------
    fit : TwoWayFit
    scores : (C, T) influence-ready scores; ``scores @ solve(q)`` is the influence of ``q' week_effects``.
    left, left_component : (C, T) arrays
        Week effects without each cluster, and their connected components (-1: no longer observed); no rows where not
        requested.
    """

    fit: TwoWayFit
    scores: Floats
    left: Floats
    left_component: Ints

    def left_change(self, base: int) -> Floats:
        """(C, T) change since the base week without each cluster; NaN where nothing links the two."""
        with np.errstate(invalid="ignore"):
            return np.where(_with_base(self.left_component, base), self.left - self.left[:, [base]], np.nan)


@dataclass(frozen=True, eq=False)
class InteractionWeighted:
    """Sun and Abraham (2021).

    ``y_it = alpha_i + lambda_t + sum_(g, e) delta_ge 1{g_i = g, t - g = e} + e_it``, weighted by contacts, with e every
    week since (or until) training but the last before it and its anticipation window. The effect e weeks after
    training is ``sum_g s_ge delta_ge``, ``s_ge`` the share of cohort g among the contacts of that week.

    Controls are the agents never trained; without any, the last cohort before its own training, and later weeks are
    left out. Because every trained cohort is saturated, the regression splits into one two-way fit per cohort and one
    for the controls, which is how it is computed here.

    Assumptions
    -----------
    1. Parallel trends of every cohort with the controls in all weeks. Checked in part (leads).
    2. No anticipation beyond the window. Checked in part.
    3. No effect of others' training. Not checked here.

    Source: Sun, Abraham (2021), doi:10.1016/j.jeconom.2020.09.006. Errors as fixest's ``sunab``:
    clustered, shares fixed.
    """

    panel: Panel
    anticipation: int

    @cached_property
    def last_week(self) -> int:
        """Weeks before this one are used: all of them when somebody is never trained."""
        if self._never.any():
            return self.panel.n_periods
        return int(self.panel.cohort_ix.max()) - self.anticipation

    @cached_property
    def _never(self) -> Bools:
        return np.asarray(self.panel.cohort_ix >= self.panel.n_periods + self.anticipation)

    @cached_property
    def _control(self) -> Bools:
        return self._never if self._never.any() else np.asarray(self.panel.cohort_ix == self.panel.cohort_ix.max())

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes on weeks lost by the choice of controls."""
        if self._never.any():
            return ()
        label = self.panel.cohort_label(int(min(self.panel.cohort_ix.max(), self.panel.n_periods - 1)))
        return (f"Nobody is never trained: the last cohort ({label}) is the control, later weeks are left out.",)

    def _side(self, members: Bools, want_left: bool) -> _Side:
        panel = self.panel
        part = replace(
            panel.take(members, 0, self.last_week), cluster_ix=panel.cluster_ix[members], clusters=panel.clusters
        )
        part = replace(part, cohort_ix=np.zeros(part.n_units, dtype=np.int64))
        layout = Layout.of(part)
        fit = fit_two_way(layout, part.den[layout.order], part.y[layout.order])
        if not want_left:
            return _Side(fit, fit.cluster_scores(), np.zeros((0, part.n_periods)), np.zeros((0, part.n_periods), int))
        shift, refit = fit.leave_one_out()
        left = fit.week_effects + shift
        component = np.tile(fit.week_component, (panel.n_clusters, 1))
        for cluster in np.flatnonzero(refit):
            left[cluster], component[cluster] = _without(part, int(cluster))
        return _Side(fit, fit.cluster_scores(), left, component)

    @cached_property
    def factor(self) -> float:
        """fixest's small-sample factor: coefficients and week effects count, agent effects do not."""
        panel = self.panel
        observed = panel.observed[:, : self.last_week]
        n_weeks = int(observed.any(axis=0).sum())
        n_coefficients = 0
        for cohort in self.cohorts:
            seen = observed[panel.cohort_ix == cohort].any(axis=0)
            n_coefficients += max(int(seen.sum()) - 1, 0)
        n_clusters = int(np.unique(panel.cluster_ix[observed.any(axis=1)]).size)
        if n_clusters < 2:
            return float("nan")
        cells = np.zeros_like(panel.observed)
        cells[:, : self.last_week] = observed
        return small_sample_factor(row_count(panel, cells), n_coefficients + n_weeks, n_clusters)

    @cached_property
    def cohorts(self) -> list[int]:
        """Trained cohorts with a reference week, the control cohort excluded."""
        values = np.unique(self.panel.cohort_ix[~self._control])
        return [int(v) for v in values if v - self.anticipation >= 1 and v < self.last_week]

    def cells(self, variance: str) -> Iterator[CohortEffects]:
        """Effects cohort by cohort."""
        exact = variance == "jackknife"
        control = self._side(self._control, exact)
        for cohort in self.cohorts:
            yield self._cohort(cohort, control, exact)

    def _cohort(self, cohort: int, control: _Side, exact: bool) -> CohortEffects:
        panel, n_weeks, used = self.panel, self.panel.n_periods, self.last_week
        members = panel.cohort_ix == cohort
        own = self._side(members, exact)
        base = cohort - self.anticipation - 1
        comparable = np.ones(used, dtype=bool)
        for side in (own, control):
            comparable &= _with_base(side.fit.week_component, base)
        comparable[base] = False
        contrast = np.eye(used)
        contrast[base] -= 1.0
        contrast[:, ~comparable] = 0.0
        effect, mass = np.full(n_weeks, np.nan), np.zeros(n_weeks)
        influence = np.zeros((panel.n_clusters, n_weeks))
        with np.errstate(invalid="ignore"):
            change = own.fit.week_effects - own.fit.week_effects[base]
            change -= control.fit.week_effects - control.fit.week_effects[base]
        effect[:used] = np.where(comparable, change, np.nan)
        mass[:used] = panel.den[members, :used].sum(axis=0)
        influence[:, :used] = own.scores @ own.fit.solve(contrast) - control.scores @ control.fit.solve(contrast)
        present = _by_cluster(panel, members, panel.observed[members].astype(np.float64)) > 0
        left = left_mass = None
        if exact:
            left = np.full((panel.n_clusters, n_weeks), np.nan)
            left[:, :used] = np.where(comparable, own.left_change(base) - control.left_change(base), np.nan)
            total = panel.den[members].sum(axis=0)
            left_mass = total - _by_cluster(panel, members, panel.den[members])
            left_mass[left_mass <= NO_WEIGHT * total] = 0.0
        n_agents = panel.observed[members].sum(axis=0).astype(np.float64)
        return CohortEffects(cohort, effect, mass, n_agents, influence, present, left, left_mass)

    @cached_property
    def _families(self) -> dict[str, CellFamilies]:
        return {}

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation."""
        if variance not in self._families:
            families = CellFamilies(self.panel, -self.panel.n_periods, variance)
            for cells in self.cells(variance):
                families.add(cells)
            self._families[variance] = families
        return self._families[variance].family(kind, float(np.sqrt(self.factor)), self.notes)

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week."""
        return att_gt_frame(self.panel, self.cells("analytic"), float(np.sqrt(self.factor)))


def att_gt_frame(panel: Panel, cells: Iterator[CohortEffects], factor: float) -> pl.DataFrame:
    """cohort, time, estimate, std_error, n_agents of a stream of cohorts."""
    rows = []
    for cohort in cells:
        used = np.flatnonzero(np.isfinite(cohort.effect) & (cohort.mass > 0))
        error = standard_errors(cohort.influence[:, used]) * factor
        error[cohort.present[:, used].sum(axis=0) < 2] = np.nan
        rows.append(
            pl.DataFrame(
                {
                    "cohort": [panel.cohort_label(cohort.cohort)] * used.size,
                    "time": list(panel.times[used]),
                    "estimate": cohort.effect[used],
                    "std_error": error,
                    "n_agents": cohort.n_agents[used].astype(np.int64),
                }
            )
        )
    return pl.concat(rows, how="vertical_relaxed") if rows else empty_att_gt()


def _with_base(component: Ints, base: int) -> Bools:
    """(..., T) weeks in the same connected component as the base week."""
    return np.asarray((component == component[..., [base]]) & (component >= 0))


def _without(part: Panel, cluster: int) -> tuple[Floats, Ints]:
    """(T,) week effects and components of a side without one cluster."""
    rest = part.cluster_ix != cluster
    if not rest.any():
        return np.full(part.n_periods, np.nan), np.full(part.n_periods, -1)
    smaller = part.take(rest)
    layout = Layout.of(smaller)
    fit = fit_two_way(layout, smaller.den[layout.order], smaller.y[layout.order])
    return fit.week_effects, fit.week_component


def _by_cluster(panel: Panel, members: Bools, values: Floats) -> Floats:
    return sum_by(panel.cluster_ix[members], values, panel.n_clusters)
