"""Extended two-way model, Poisson or logit: one effect per cohort and week on the log or log-odds scale."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.estimators.cell_families import CellFamilies, CohortEffects
from analysis.estimators.extended_twfe import n_effects
from analysis.estimators.fitted import Family, empty_family
from analysis.estimators.interaction_weighted import att_gt_frame
from analysis.estimators.naive.one_number import row_count
from analysis.inference import small_sample_factor
from analysis.panel.panel import Panel
from analysis.solver.components import components
from analysis.solver.layout import Layout, sum_by
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FAMILIES = ("gaussian", "poisson", "logit")
NO_COMPARISON = "no trained week has a valid comparison"


@dataclass(frozen=True, eq=False)
class ExtendedGlm:
    """Poisson or logit model of the untrained cohort-weeks; effects are average marginal effects.

    ``tau_gt = ybar_gt - h(a_g + l_t)``, averaged over trained contacts: the mean of a contact in cohort g and week t
    less what it would be without training, h = exp or the logistic function, ``a_g`` and ``l_t`` fitted by statsmodels
    to the sums of untrained cohort-weeks. That is the average marginal effect of the saturated model.

    Assumptions
    -----------
    1. Parallel trends on the log (Poisson) or log-odds (logit) scale, not on the natural one. Not checked: the weeks
       before training do not show which scale is right.
    2. Cohort, not agent, effects: the mix of agents within a cohort is stable. Checked by the composition check.
    3. No anticipation beyond the window, no effect of others' training. Not checked here.

    Errors: clustered by the delta method; ``jackknife`` uses one Newton step without each cluster.

    Source: Wooldridge (2023), Simple approaches to nonlinear difference-in-differences, doi:10.1093/ectj/utad016.
    """

    panel: Panel
    anticipation: int
    family_name: str

    def __post_init__(self) -> None:
        if self.family_name not in FAMILIES:
            raise EstimationError(f"family {self.family_name!r} is not known; use one of {', '.join(FAMILIES)}.")
        values = self.panel.y[self.panel.observed]
        if values.size and values.min() < 0:
            raise EstimationError(f"family {self.family_name!r} needs an outcome that is never negative.")
        if self.family_name == "logit" and values.size and values.max() > 1:
            raise EstimationError("family 'logit' needs an outcome between 0 and 1.")

    @cached_property
    def layout(self) -> Layout:
        """Units sorted by cohort and cluster."""
        return Layout.of(self.panel)

    @cached_property
    def _pair_sums(self) -> tuple[Floats, Floats]:
        """(pairs, T) sums of outcome and weight."""
        order = self.layout.order
        return self.layout.by_pair(self.panel.num[order]), self.layout.by_pair(self.panel.den[order])

    @cached_property
    def _cohort_sums(self) -> tuple[Floats, Floats]:
        """(H, T) sums of outcome and weight."""
        start = self.layout.pair_bounds[:-1]
        total, mass = self._pair_sums
        return np.add.reduceat(total, start, axis=0), np.add.reduceat(mass, start, axis=0)

    @cached_property
    def _before(self) -> Bools:
        """(H, T) untrained cohort-weeks with observations."""
        weeks = np.arange(self.panel.n_periods)[None, :]
        first = self.layout.cohort_values[:, None] - self.anticipation
        return np.asarray((weeks < first) & (self._cohort_sums[1] > 0))

    @cached_property
    def _components(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Component of weeks (T,) and cohorts (H,)."""
        return components(self._before)

    def _design(self, h: NDArray[np.int64], week: NDArray[np.int64]) -> Floats:
        """Rows of cohort and week dummies, one week per component left out."""
        n_cohorts = self.layout.cohort_values.size
        out = np.zeros((h.size, n_cohorts + self.panel.n_periods))
        out[np.arange(h.size), h] = 1.0
        out[np.arange(h.size), n_cohorts + week] = 1.0
        return out[:, self._columns]

    @cached_property
    def _columns(self) -> NDArray[np.int64]:
        """Identified columns of the design."""
        week_component, cohort_component = self._components
        n_cohorts = cohort_component.size
        keep = np.concatenate([cohort_component >= 0, week_component >= 0])
        for component in np.unique(week_component[week_component >= 0]):
            keep[n_cohorts + int(np.flatnonzero(week_component == component)[0])] = False
        return np.flatnonzero(keep)

    @property
    def _scale(self) -> str:
        return "log" if self.family_name == "poisson" else "log-odds"

    @cached_property
    def no_fit(self) -> str | None:
        """Why the model cannot be fitted to the untrained weeks; None when it can."""
        total, mass = (values[self._before].sum() for values in self._cohort_sums)
        if not mass > 0:
            return NO_COMPARISON
        if total == 0 or (self.family_name == "logit" and total == mass):
            end = "zero" if total == 0 else "one"
            return (
                f"the outcome is {end} in every untrained week, so nothing can be compared on the {self._scale} scale"
            )
        return None if self._result.converged else f"the {self.family_name} model did not converge"

    @cached_property
    def _fit_unit(self) -> float:
        """A power of two that scales very small or large outcomes and weights: the coefficients stay the same, and the
        convergence criterion works on a deviance of normal size."""
        total = float(self._cohort_sums[0][self._before].sum())
        size = math.log2(total) if total > 0 and math.isfinite(total) else 20.0
        return 1.0 if 8 <= size <= 40 else 2.0 ** (20 - round(size))

    @cached_property
    def _result(self) -> Any:
        """The statsmodels fit of the untrained cohort-weeks."""
        from statsmodels.genmod import families
        from statsmodels.genmod.generalized_linear_model import GLM
        from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

        total, mass = (sums * self._fit_unit for sums in self._cohort_sums)
        h, week = np.nonzero(self._before)
        design = self._design(h, week)
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):  # of an unused scale
            warnings.simplefilter("ignore", PerfectSeparationWarning)
            if self.family_name == "poisson":
                model = GLM(total[h, week], design, family=families.Poisson(), exposure=mass[h, week])
            else:
                model = GLM(
                    total[h, week] / mass[h, week], design, family=families.Binomial(), var_weights=mass[h, week]
                )
            return model.fit(tol=1e-9, rtol=1e-13, maxiter=200)

    @cached_property
    def _fit(self) -> tuple[Floats, Floats, Floats]:
        """Coefficients, (H, T) predicted means without training (NaN where none) and (k, k) information."""
        h, week = np.nonzero(self._before)
        design, mass = self._design(h, week), self._cohort_sums[1]
        week_component, cohort_component = self._components
        known = (cohort_component[:, None] == week_component[None, :]) & (cohort_component >= 0)[:, None]
        mean = np.full(known.shape, np.nan)
        hh, ww = np.nonzero(known)
        mean[hh, ww] = self._inverse_link(self._design(hh, ww) @ self._result.params)
        slope = self._slope(mean[h, week]) * mass[h, week]
        return np.asarray(self._result.params), mean, design.T @ (design * slope[:, None])

    def _inverse_link(self, index: Floats) -> Floats:
        return np.exp(index) if self.family_name == "poisson" else 1 / (1 + np.exp(-index))

    def _slope(self, mean: Floats) -> Floats:
        return mean if self.family_name == "poisson" else mean * (1 - mean)

    @cached_property
    def _cluster_scores(self) -> Floats:
        """(C, k) score contributions of the untrained cohort-weeks."""
        total, mass = self._pair_sums
        _, mean, information = self._fit
        out = np.zeros((self.layout.n_clusters, information.shape[0]))
        for h in range(self.layout.cohort_values.size):
            weeks = np.flatnonzero(self._before[h])
            if weeks.size == 0:
                continue
            rows = self.layout.pairs_of(h)
            residual = total[rows][:, weeks] - mass[rows][:, weeks] * mean[h, weeks]
            np.add.at(out, self.layout.pair_cluster[rows], residual @ self._design(np.full(weeks.size, h), weeks))
        return out

    def _shifts(self) -> Floats:
        """(C, k) change of the coefficients without each cluster, one Newton step."""
        _, mean, information = self._fit
        mass = self._pair_sums[1]
        shift = np.zeros_like(self._cluster_scores)
        own: dict[int, Floats] = {}
        for pair in range(self.layout.n_pairs):
            h = int(self.layout.pair_cohort[pair])
            weeks = np.flatnonzero(self._before[h])
            if weeks.size == 0:
                continue
            design = self._design(np.full(weeks.size, h), weeks)
            part = design.T @ (design * (self._slope(mean[h, weeks]) * mass[pair, weeks])[:, None])
            cluster = int(self.layout.pair_cluster[pair])
            own[cluster] = own.get(cluster, 0.0) + part
        for cluster, part in own.items():
            shift[cluster] = -np.linalg.pinv(information - part, hermitian=True) @ self._cluster_scores[cluster]
        return shift

    def cells(self, variance: str) -> Iterator[CohortEffects]:
        """Effects cohort by cohort; none without a fit."""
        if self.no_fit is not None:
            return
        layout, panel = self.layout, self.panel
        total, mass = self._pair_sums
        parameters, mean, information = self._fit
        scores = np.linalg.solve(information, self._cluster_scores.T).T
        exact = variance == "jackknife"
        shift = self._shifts() if exact else np.zeros_like(scores)
        for h, value in enumerate(layout.cohort_values):
            if value >= panel.n_periods:
                continue
            rows = layout.pairs_of(h)
            first = max(int(value) - self.anticipation, 0)
            weeks = np.arange(first, panel.n_periods)
            weeks = weeks[np.isfinite(mean[h, weeks]) & (mass[rows][:, weeks].sum(axis=0) > 0)]
            design = self._design(np.full(weeks.size, h), weeks)
            cohort_mass = mass[rows][:, weeks].sum(axis=0)
            level = total[rows][:, weeks].sum(axis=0) / cohort_mass
            predicted = mean[h, weeks]
            gradient = design * self._slope(predicted)[:, None]
            blank = np.zeros((layout.n_clusters, panel.n_periods))
            influence, present = blank.copy(), blank.copy()
            own_total = sum_by(layout.pair_cluster[rows], total[rows][:, weeks], layout.n_clusters)
            own_mass = sum_by(layout.pair_cluster[rows], mass[rows][:, weeks], layout.n_clusters)
            influence[:, weeks] = (own_total - own_mass * level) / cohort_mass - scores @ gradient.T
            present[:, weeks] = own_mass
            left = left_mass = None
            if exact:
                left, left_mass = np.full_like(blank, np.nan), blank.copy()
                remaining = cohort_mass - own_mass
                remaining[remaining < 1e-9 * cohort_mass] = 0.0
                left_mass[:, weeks] = remaining
                without = ratio(total[rows][:, weeks].sum(axis=0) - own_total, remaining)
                left[:, weeks] = without - self._inverse_link((parameters + shift) @ design.T)
            effect, weight, agents = (
                np.full(panel.n_periods, np.nan),
                np.zeros(panel.n_periods),
                np.zeros(panel.n_periods),
            )
            effect[weeks], weight[weeks] = level - predicted, cohort_mass
            agents[weeks] = panel.observed[panel.cohort_ix == value][:, weeks].sum(axis=0)
            yield CohortEffects(int(value), effect, weight, agents, influence, present > 0, left, left_mass)

    @cached_property
    def factor(self) -> float:
        """Small-sample factor with cohort, week and cohort-week parameters counted."""
        panel = self.panel
        n_parameters = self._columns.size + n_effects(panel, self.anticipation)
        n_clusters = int(np.unique(panel.cluster_ix[panel.observed.any(axis=1)]).size)
        return small_sample_factor(row_count(panel), n_parameters, n_clusters)

    @cached_property
    def _families(self) -> dict[str, CellFamilies]:
        return {}

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation, as average marginal effects in the outcome's own unit."""
        if self.no_fit is not None:
            return empty_family(self.panel.n_clusters, variance, self.no_fit)
        if variance not in self._families:
            families = CellFamilies(self.panel, -self.anticipation, variance)
            for cells in self.cells(variance):
                families.add(cells)
            self._families[variance] = families
        note = f"Parallel trends are assumed on the {self._scale} scale; the effect is shown in the outcome's own unit."
        return self._families[variance].family(kind, float(np.sqrt(self.factor)), (note,))

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week."""
        return att_gt_frame(self.panel, self.cells("analytic"), float(np.sqrt(self.factor)))
