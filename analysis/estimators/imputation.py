"""Imputation: estimate agent and week effects from untrained weeks only, then compare every trained week with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimators.averages import ESTIMANDS, summary, summary_weights
from analysis.estimators.fitted import NO_WEIGHT, Family, empty_att_gt
from analysis.estimators.keyed_weeks import KeyedWeeks, keyed_weeks
from analysis.estimators.same_design import Known, known_of
from analysis.inference import jackknife_degrees_of_freedom, jackknife_influence, standard_errors
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout
from analysis.solver.ratio import ratio
from analysis.solver.two_way import TwoWayFit, fit_two_way

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
T = TypeVar("T")

#: Leads estimated before training, beyond the anticipation window.
MAX_LEADS = 12


@dataclass(frozen=True, eq=False)
class Imputation:
    """The imputation estimator of Borusyak, Jaravel and Spiess (2024), with all its aggregations.

    Model for untrained weeks, weighted by contacts w:  ``y_it = alpha_i + lambda_t + e_it``  (t < g_i - anticipation).
    Effect of a trained week: ``tau_it = y_it - alpha_i - lambda_t``; an aggregation is the w-weighted mean of
    ``tau_it`` over its weeks. In OLS it equals two-stage and extended two-way fixed effects.

    Assumptions
    -----------
    1. Parallel trends in *all* weeks before training: without training, trained and untrained agents would have
       moved together. Checked in part (leads, placebo in time), never proved.
    2. No anticipation beyond ``anticipation`` weeks. Checked in part (leads).
    3. An agent's outcome does not depend on who else is trained. Not checked here; see ``analysis.effects.spillover``.
    4. Leaving is unrelated to the change in the outcome. Checked by the composition check.

    Errors
    ------
    ``analytic``: the conservative clustered error of the paper (equation 8), with the mean effect of each
    cohort x week as the reference. ``jackknife``: leave out one cluster at a time and solve again exactly.

    Source: Borusyak, Jaravel, Spiess (2024), Revisiting Event-Study Designs, doi:10.1093/restud/rdae007.
    Jackknife: MacKinnon, Nielsen, Webb (2023), doi:10.1002/jae.2969 (CV3).
    """

    panel: Panel
    anticipation: int
    leads: int = MAX_LEADS
    saturated: bool = False
    reweighed: Floats | None = None
    fitted: Imputation | None = None
    _refits: dict[int, Imputation] = field(default_factory=dict, repr=False)

    @cached_property
    def of_design(self) -> Known:
        """Results that depend on the design only; shared between outcomes inside ``designs_shared``."""
        if self.reweighed is not None:
            return {}
        known: Known = known_of(self.panel).setdefault(("imputation", self.anticipation, self.leads), {})
        return known

    def _known(self, name: Any, make: Callable[[], T]) -> T:
        if name not in self.of_design:
            self.of_design[name] = make()
        found: T = self.of_design[name]
        return found

    @cached_property
    def layout(self) -> Layout:
        """Units sorted by cohort and cluster."""
        return self._known("layout", lambda: Layout.of(self.panel))

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats, Bools]:
        """Weights, outcome, and mask of the weeks before training, in layout order."""
        order = self.layout.order

        def weight_and_before() -> tuple[Floats, Bools]:
            first = self.panel.cohort_ix[order] - self.anticipation
            return self.panel.den[order], np.arange(self.panel.n_periods)[None, :] < first[:, None]

        weight, before = self._known("weight and before", weight_and_before)
        return weight, self.panel.y[order], before

    @cached_property
    def fit(self) -> TwoWayFit:
        """Agent and week effects from the untrained weeks."""
        weight, y, before = self._arrays
        like: TwoWayFit | None = self.of_design.get("fit")
        made = fit_two_way(self.layout, weight * before if like is None else like.weights, y, like=like)
        self.of_design.setdefault("fit", made)
        return made

    @cached_property
    def trained_weights(self) -> Floats:
        """(A, T) weights of the trained (and anticipating) weeks that have a valid comparison."""

        def make() -> Floats:
            weight, _, before = self._arrays
            fit = self.fit
            same = (fit.unit_component[:, None] == fit.week_component[None, :]) & (fit.unit_component >= 0)[:, None]
            return np.where(before | ~same, 0.0, weight)

        return self._known("trained weights", make)

    def weighing(self, weights: Floats) -> Imputation:
        """The same fit with other weights of the trained weeks in averages.

        Parameters
        ----------
        weights : (A, T) array
            In the panel's order; only the trained weeks that have a valid comparison are read. Agent-weeks with weight
            0 are left out of averages; the agents still serve as comparison before their training.
        """
        made = replace(self, reweighed=weights, fitted=self, _refits={})
        kept = np.where(self.trained_weights > 0, weights[self.layout.order], 0.0)
        known = {"layout": self.layout, "_arrays": self._arrays, "fit": self.fit, "_shifts": self._shifts}
        made.__dict__.update(known | {"trained_weights": kept})
        return made

    @cached_property
    def effects(self) -> Floats:
        """(A, T) imputed effects in layout order; 0 where there is none."""
        _, y, _ = self._arrays
        level = np.nan_to_num(self.fit.unit_effects)[:, None] + np.nan_to_num(self.fit.week_effects)[None, :]
        return np.where(self.trained_weights > 0, y - level, 0.0)

    @cached_property
    def _pair_mass(self) -> Floats:
        """(pairs, T) trained weight."""
        return self._known("pair mass", lambda: self.layout.by_pair(self.trained_weights))

    @cached_property
    def _pair_effect(self) -> Floats:
        """(pairs, T) trained weight x effect."""
        return self.layout.by_pair(self.trained_weights * self.effects)

    @cached_property
    def _cohort_count(self) -> Floats:
        """(pairs, T) number of trained cells."""
        return self._known("cohort count", lambda: self.layout.by_pair((self.trained_weights > 0).astype(np.float64)))

    @cached_property
    def trained_cohorts(self) -> list[int]:
        """Positions of the cohorts trained within the window."""
        values = self.layout.cohort_values
        return [int(h) for h in np.flatnonzero(values < self.panel.n_periods + self.anticipation)]

    @cached_property
    def _exposure(self) -> Floats:
        """(H, T, T) array: column t of block h is minus the derivative of the sum of effects of cohort h in week t by
        each week effect."""
        return self._known("exposure", self._exposures)

    def _exposures(self) -> Floats:
        n_weeks = self.panel.n_periods
        out = np.zeros((self.layout.cohort_values.size, n_weeks, n_weeks))
        inverse = ratio(1.0, self.fit.unit_total, 0.0)
        for h in self.trained_cohorts:
            rows = self.layout.units_of(h)
            weight, trained = self.fit.weights[rows], self.trained_weights[rows]
            out[h] = np.diag(trained.sum(axis=0)) - weight.T @ (trained * inverse[rows, None])
        return out

    @cached_property
    def _shifts(self) -> tuple[Floats, Bools]:
        return self.fit.leave_one_out()

    @cached_property
    def _pair_shift(self) -> Floats:
        """(pairs, T) own-cluster part of the change in the sum of effects when the cluster is left out."""
        shift = self._shifts[0][self.layout.pair_cluster]
        mean = np.einsum("at,at->a", self.fit.weights, shift[self.layout.pair_of_unit])
        mean = ratio(mean, self.fit.unit_total, 0.0)
        return np.asarray(self._pair_mass * shift - self.layout.by_pair(self.trained_weights * mean[:, None]))

    def _keyed(self, kind: str) -> KeyedWeeks:
        return self._known(
            ("keyed weeks", kind),
            lambda: keyed_weeks(kind, self.panel, self.layout, self.trained_cohorts, self.anticipation),
        )

    def _fold(self, pair_values: Floats, kind: str) -> Floats:
        """(pairs, K) sums of pair x week values over each key's weeks."""
        out = np.zeros((pair_values.shape[0], len(self._keyed(kind).keys)))
        for h, used, targets in self._keyed(kind).places:
            rows = self.layout.pairs_of(h)
            if targets.size > 1 and targets[0] == targets[-1]:
                out[rows, targets[0]] += pair_values[rows][:, used].sum(axis=1)
            else:
                out[rows, targets[0] : targets[-1] + 1] += pair_values[rows, used[0] : used[-1] + 1]
        return out

    def _weeks_exposure(self, kind: str) -> Floats:
        """(T, K) sum of the q vectors over each key's cohort-weeks."""

        def make() -> Floats:
            out = np.zeros((self.panel.n_periods, len(self._keyed(kind).keys)))
            for h, used, targets in self._keyed(kind).places:
                np.add.at(out.T, targets, self._exposure[h][:, used].T)
            return out

        return self._known(("weeks exposure", kind), make)

    def _key_counts(self, kind: str) -> tuple[Floats, Floats, Floats]:
        """(K,) trained cells, clusters and agents behind each key."""

        def make() -> tuple[Floats, Floats, Floats]:
            folded = self._fold(self._cohort_count, kind)
            cells = folded.sum(axis=0)
            agents = (
                cells if kind in ("event_time", "calendar_time") else self._fold(self._first_weeks(), kind).sum(axis=0)
            )
            return cells, (self.layout.by_cluster(folded) > 0).sum(axis=0).astype(np.float64), agents

        return self._known(("counts", kind), make)

    def _first_weeks(self) -> Floats:
        """(pairs, T) agents with a trained week, each in the first week of the cohort."""
        after = np.arange(self.panel.n_periods)[None, :] >= self.panel.cohort_ix[self.layout.order][:, None]
        used = np.asarray((self.trained_weights * after > 0).any(axis=1), dtype=np.float64)
        first = self.layout.cohort_values[self.layout.pair_cohort]
        weeks = np.arange(self.panel.n_periods)[None, :]
        return np.where(weeks == first[:, None], self.layout.by_pair(used)[:, None], 0.0)

    def point(self, kind: str) -> tuple[list[Any], Floats, Floats]:
        """Keys, estimates (NaN where none) and trained weights of an aggregation."""
        mass = self._known(("mass", kind), lambda: self._fold(self._pair_mass, kind).sum(axis=0))
        total = self._fold(self._pair_effect, kind).sum(axis=0)
        return self._keyed(kind).keys, ratio(total, mass), mass

    def _analytic(self, kind: str, mass: Floats) -> Floats:
        """(C, K) influence with deviations from the cohort x week mean effect.

        The mean is the paper's (equation 8, weights squared), or the plain weighted one of a saturated regression.
        """
        deviation = np.zeros_like(self._pair_effect)
        for h in self.trained_cohorts:
            rows = self.layout.pairs_of(h)
            own = self._pair_mass[rows]
            share = np.ones_like(own) if self.saturated else own
            total = np.einsum("pt,pt->t", share, own)
            mean = ratio(np.einsum("pt,pt->t", share, self._pair_effect[rows]), total, 0.0)
            deviation[rows] = self._pair_effect[rows] - own * mean
        treated = self.layout.by_cluster(self._fold(deviation, kind))
        untreated = self.fit.cluster_scores() @ self.fit.solve(self._weeks_exposure(kind))
        return ratio(treated - untreated, mass)

    def raw_influence(self, kind: str) -> Floats:
        """(C, K) analytic influence of an aggregation, including parts that depend on a single cluster."""
        return self._analytic(kind, self.point(kind)[2])

    def replicates(self, kind: str) -> tuple[Floats, Floats]:
        """Estimates and weights of an aggregation with each cluster left out, (C, K) each; NaN where none is left."""
        mass = self._known(("cluster mass", kind), lambda: self.layout.by_cluster(self._fold(self._pair_mass, kind)))
        effect = self.layout.by_cluster(self._fold(self._pair_effect, kind))
        own = self.layout.by_cluster(self._fold(self._pair_shift, kind))
        shift, refit = self._shifts
        total_mass = mass.sum(axis=0)
        left = total_mass - mass
        left[left <= NO_WEIGHT * total_mass] = 0.0
        change = shift @ self._weeks_exposure(kind)
        sums = effect.sum(axis=0) - effect - change + own
        out = ratio(sums, left)
        for cluster in np.flatnonzero(refit):
            out[cluster], left[cluster] = self._refit_without(int(cluster), kind, self._keyed(kind).keys)
        return out, left

    def _without(self, cluster: int) -> Imputation:
        if cluster not in self._refits:
            kept = self.panel.cluster_ix != cluster
            if self.fitted is not None and self.reweighed is not None:
                rest = self.fitted._without(cluster)
                self._refits[cluster] = rest.weighing(self.reweighed[kept])
            else:
                self._refits[cluster] = Imputation(self.panel.take(kept), self.anticipation, self.leads, self.saturated)
        return self._refits[cluster]

    def _refit_without(self, cluster: int, kind: str, keys: Sequence[Any]) -> tuple[Floats, Floats]:
        other_keys, theta, mass = self._without(cluster).point(kind)
        place = {key: k for k, key in enumerate(other_keys)}
        found = [place.get(key, -1) for key in keys]
        theta, mass = np.append(theta, np.nan), np.append(mass, 0.0)
        return theta[found], mass[found]

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation with the chosen error; event times before training are leads."""
        family = self.effects_by(kind, variance)
        return self._with_leads(family, variance) if kind == "event_time" else family

    def effects_by(self, kind: str, variance: str) -> Family:
        """The same without leads."""
        keys, theta, mass = self.point(kind)
        reasons: list[str | None] = [None if m > 0 else "no valid comparison" for m in mass]
        if variance == "jackknife":
            replicates, left = self.replicates(kind)
            influence = jackknife_influence(replicates, theta, self._active_clusters)
            overall, overall_psi = self._overall_jackknife(kind, keys, theta, mass, replicates, left)
        else:
            influence = self._analytic(kind, mass)
            overall, overall_psi = self._overall_analytic(kind, keys, theta, mass, influence)
        cells, clusters, agents = self._key_counts(kind)
        influence[:, clusters < 2] = np.nan
        for k in np.flatnonzero(clusters == 1):
            reasons[k] = "only one cluster is trained here"
        return Family(
            keys=keys,
            theta=theta,
            influence=influence,
            overall=overall,
            overall_influence=overall_psi,
            n_cells=cells,
            n_contacts=mass,
            n_agents=agents,
            n_trained_clusters=clusters,
            reasons=reasons,
            variance=variance,
            estimand=ESTIMANDS[kind],
            share_identified=self.share_identified,
            overall_reason=self._overall_reason(),
            notes=self._notes(),
            n_clusters=int(self._active_clusters.sum()),
            df=self.degrees_of_freedom,
        )

    @cached_property
    def degrees_of_freedom(self) -> float:
        """Degrees of freedom of the average effect: fewer than clusters minus one where a few clusters dominate the
        effect or the comparison."""

        def make() -> float:
            before, after, clusters, lengths = self.stretches
            return jackknife_degrees_of_freedom(before, after, clusters, self.panel.n_clusters, lengths)

        return self._known("degrees of freedom", make)

    @cached_property
    def stretches(self) -> tuple[Floats, Floats, Ints, Floats]:
        """Untrained and trained weight of every (cluster, cohort) in stretches of weeks in which nobody starts (P, B),
        the cluster of each (P,), and weeks in each stretch (B,)."""
        values, n_weeks = self.layout.cohort_values, self.panel.n_periods
        starts = np.concatenate([[0], values, values - self.anticipation])
        starts = np.unique(starts[(starts >= 0) & (starts < n_weeks)]).astype(np.int64)
        weeks = np.arange(n_weeks)[None, :]
        trained = self.trained_weights * (weeks >= self.panel.cohort_ix[self.layout.order][:, None])
        before, after = (
            np.add.reduceat(self.layout.by_pair(weight), starts, axis=1) for weight in (self.fit.weights, trained)
        )
        return before, after, self.layout.pair_cluster, np.diff(np.append(starts, n_weeks)).astype(np.float64)

    @cached_property
    def _active_clusters(self) -> Bools:
        """(C,) clusters with a cell in the sample or among the trained weeks."""

        def make() -> Bools:
            mass = self._pair_mass.sum(axis=1) + self.layout.by_pair(self.fit.unit_total)
            return np.asarray(self.layout.by_cluster(mass[:, None])[:, 0] > 0)

        return self._known("active clusters", make)

    @cached_property
    def share_identified(self) -> float:
        """Share of the trained weight that has a valid comparison."""

        def make() -> float:
            order = self.layout.order
            after = np.arange(self.panel.n_periods)[None, :] >= self.panel.cohort_ix[order][:, None]
            total = float((self._arrays[0] * after).sum())
            return float((self.trained_weights * after).sum()) / total if total > 0 else 0.0

        return self._known("share identified", make)

    def _notes(self) -> tuple[str, ...]:
        missing = 1 - self.share_identified
        if missing < 1e-12:
            return ()
        return (f"{missing:.1%} of the trained contacts have no valid comparison and are left out.",)

    def _overall_reason(self) -> str | None:
        if self.share_identified > 0:
            return None
        return "no trained week has a valid comparison: nobody is still untrained when training begins"

    def _overall_jackknife(
        self, kind: str, keys: Sequence[Any], theta: Floats, mass: Floats, replicates: Floats, left: Floats
    ) -> tuple[float, Floats]:
        overall = summary(kind, keys, theta[None, :], mass[None, :])
        dropped = summary(kind, keys, replicates, left)
        psi = jackknife_influence(dropped[:, None], overall, self._active_clusters)[:, 0]
        return float(overall[0]), psi

    def _overall_analytic(
        self, kind: str, keys: Sequence[Any], theta: Floats, mass: Floats, influence: Floats
    ) -> tuple[float, Floats]:
        weight = summary_weights(kind, keys, theta, mass)
        if weight.sum() == 0:
            return float("nan"), np.full(influence.shape[0], np.nan)
        used = weight > 0
        return float(theta[used] @ weight[used]), np.asarray(influence[:, used] @ weight[used])

    def _with_leads(self, family: Family, variance: str) -> Family:
        from analysis.estimators.untrained_leads import imputation_leads

        leads = imputation_leads(self, variance)
        return leads.before(family)

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week with analytic clustered errors."""
        rows: list[pl.DataFrame] = []
        weeks = np.arange(self.panel.n_periods)
        scores = self.fit.cluster_scores()
        for h in self.trained_cohorts:
            value = int(self.layout.cohort_values[h])
            if value >= self.panel.n_periods:
                continue
            used = weeks[value:]
            pairs = self.layout.pairs_of(h)
            own, effect = self._pair_mass[pairs][:, used], self._pair_effect[pairs][:, used]
            mass = own.sum(axis=0)
            theta = ratio(effect.sum(axis=0), mass)
            square = np.einsum("pt,pt->t", own, own)
            mean = ratio(np.einsum("pt,pt->t", own, effect), square, 0.0)
            psi = -scores @ self.fit.solve(self._exposure[h][:, used])
            psi[self.layout.pair_cluster[pairs]] += effect - own * mean
            error = ratio(standard_errors(psi), mass)
            error[(own > 0).sum(axis=0) < 2] = np.nan
            rows.append(
                pl.DataFrame(
                    {
                        "cohort": [self.panel.cohort_label(value)] * used.size,
                        "time": list(self.panel.times[used]),
                        "estimate": theta,
                        "std_error": error,
                        "n_agents": self._cohort_count[pairs][:, used].sum(axis=0).astype(np.int64),
                    }
                )
            )
        return pl.concat(rows) if rows else empty_att_gt()
