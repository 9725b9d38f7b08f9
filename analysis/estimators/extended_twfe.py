"""Extended two-way fixed effects: one effect per cohort and week, by least squares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimators.cell_families import CellFamilies, CohortEffects
from analysis.estimators.fitted import NO_WEIGHT, Family
from analysis.estimators.imputation import Imputation
from analysis.estimators.interaction_weighted import att_gt_frame
from analysis.estimators.naive.one_number import row_count
from analysis.inference import small_sample_factor
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout, sum_by
from analysis.solver.two_way import TwoWayFit, fit_two_way

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def n_effects(panel: Panel, anticipation: int) -> int:
    """Cohort-week coefficients of the saturated regression."""
    weeks = panel.n_periods
    return int(sum(weeks - max(int(cohort) - anticipation, 0) for cohort in panel.cohorts))


@dataclass(frozen=True, eq=False)
class ExtendedTwfe:
    """Wooldridge's saturated regression, gaussian: agent effects, week effects, one coefficient per cohort-week.

    ``y_it = alpha_i + lambda_t + sum_(g, s >= g) tau_gs 1{g_i = g, t = s} + e_it`` by least squares weighted by
    contacts; an aggregation is the contact-weighted mean of ``tau_gt``.

    On a balanced panel its averages equal the imputation estimator's; only the standard error differs (that of the
    regression, clustered with fixest's factor). On an unbalanced panel the estimates differ too: trained weeks then
    also contribute to the agent effects, assuming one effect for all agents of a cohort-week.

    Assumptions
    -----------
    1. Parallel trends in all weeks before training, no anticipation, as for imputation. Checked in part.
    2. Unbalanced panels only: all agents of a cohort have the same effect in a week. Not checked.

    Source: Wooldridge (2021), Two-Way Fixed Effects, the Two-Way Mundlak Regression and DiD, doi:10.2139/ssrn.3906345.
    """

    panel: Panel
    anticipation: int

    @cached_property
    def layout(self) -> Layout:
        """Units sorted by cohort and cluster."""
        return Layout.of(self.panel)

    @cached_property
    def _table(self) -> tuple[NDArray[np.int64], int]:
        """(H, T) dummy of every trained cohort-week, -1 elsewhere, and their number."""
        weeks = np.arange(self.panel.n_periods)
        trained = weeks[None, :] >= self.layout.cohort_values[:, None] - self.anticipation
        table = np.full(trained.shape, -1, dtype=np.int64)
        table[trained] = np.arange(int(trained.sum()))
        return table, int(trained.sum())

    @cached_property
    def _imputation(self) -> Imputation:
        """Imputation on the same panel, to find trained weeks with a valid comparison; others are left out of the
        regression."""
        return Imputation(self.panel, self.anticipation, leads=0)

    @cached_property
    def fit(self) -> TwoWayFit:
        """The saturated regression."""
        weights = self._imputation.fit.weights + self._imputation.trained_weights
        return fit_two_way(self.layout, weights, self.panel.y[self.layout.order], *self._table)

    @cached_property
    def factor(self) -> float:
        """fixest's factor: cohort-week coefficients and week effects count, agent effects do not."""
        panel = self.panel
        n_parameters = n_effects(panel, self.anticipation) + int(panel.observed.any(axis=0).sum())
        n_clusters = int(np.unique(panel.cluster_ix[panel.observed.any(axis=1)]).size)
        return small_sample_factor(row_count(panel), n_parameters, n_clusters)

    def cells(self, variance: str) -> Iterator[CohortEffects]:
        """Effects cohort by cohort."""
        panel, layout, table = self.panel, self.layout, self._table[0]
        exact = variance == "jackknife"
        influence = self.fit.dummy_influence()
        pair_mass = layout.by_pair(self.fit.weights)
        shift = np.full(influence.shape, np.nan)
        alone = np.zeros(panel.n_clusters, dtype=bool)
        if exact:
            shift[:, self.fit.kept], alone = self._shifts()
        for h, value in enumerate(layout.cohort_values):
            weeks = np.flatnonzero(table[h] >= 0)
            if value >= panel.n_periods:
                continue
            at = table[h, weeks]
            rows = layout.pairs_of(h)
            own = sum_by(layout.pair_cluster[rows], pair_mass[rows], panel.n_clusters)
            psi, effect = np.zeros_like(own), np.full(panel.n_periods, np.nan)
            effect[weeks] = self.fit.coefficients[at]
            psi[:, weeks] = np.nan_to_num(influence[:, at])
            left = left_mass = None
            if exact:
                left, left_mass = np.full_like(own, np.nan), own.sum(axis=0) - own
                left_mass[left_mass <= NO_WEIGHT * own.sum(axis=0)] = 0.0
                left[:, weeks] = self.fit.coefficients[at] + shift[:, at]
                for cluster in np.flatnonzero(alone):
                    left[cluster], left_mass[cluster] = self._without(int(cluster), int(value))
            agents = (self.fit.weights[layout.units_of(h)] > 0).sum(axis=0).astype(np.float64)
            yield CohortEffects(int(value), effect, own.sum(axis=0), agents, psi, own > 0, left, left_mass)

    def _shifts(self) -> tuple[Floats, Bools]:
        """(C, P') change of the coefficients without each cluster, and clusters that must be refitted."""
        shift, alone = self.fit.leave_one_out()
        return shift[:, self.fit.n_weeks :], alone | self._imputation.fit.fragile_clusters()

    @cached_property
    def _refits(self) -> dict[int, ExtendedTwfe]:
        return {}

    def _without(self, cluster: int, cohort: int) -> tuple[Floats, Floats]:
        """(T,) effects of a cohort, and their weights, estimated again without one cluster."""
        if cluster not in self._refits:
            rest = self.panel.take(self.panel.cluster_ix != cluster)
            self._refits[cluster] = ExtendedTwfe(rest, self.anticipation)
        again = self._refits[cluster]
        effect, mass = np.full(self.panel.n_periods, np.nan), np.zeros(self.panel.n_periods)
        place = np.flatnonzero(again.layout.cohort_values == cohort)
        if place.size:
            row = again._table[0][place[0]]
            effect[row >= 0] = again.fit.coefficients[row[row >= 0]]
            mass = again.fit.weights[again.layout.units_of(int(place[0]))].sum(axis=0)
        return effect, mass

    @cached_property
    def _families(self) -> dict[str, CellFamilies]:
        return {}

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation."""
        root = float(np.sqrt(self.factor))
        if self.panel.is_balanced:
            family = Imputation(self.panel, self.anticipation, leads=0, saturated=True).family(kind, variance)
            if variance == "jackknife":
                return family
            return replace(family, influence=family.influence * root, overall_influence=family.overall_influence * root)
        if variance not in self._families:
            families = CellFamilies(self.panel, -self.anticipation, variance)
            for cells in self.cells(variance):
                families.add(cells)
            self._families[variance] = families
        return self._families[variance].family(kind, root)

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week."""
        return att_gt_frame(self.panel, self.cells("analytic"), float(np.sqrt(self.factor)))
