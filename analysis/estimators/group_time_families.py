"""Aggregate group-time effects in four ways; standard errors include that of the estimated cohort shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.fitted import Family
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]

_ESTIMANDS = {
    "simple": "average over all trained cohort-weeks, weighted by cohort size",
    "event_time": "average of the effects by weeks since training, each week counting the same",
    "cohort": "average effect per cohort, weighted by cohort size",
    "calendar_time": "average of the effects by calendar week, each week counting the same",
}


KINDS = ("simple", "event_time", "cohort", "calendar_time")


class Accumulator:
    """Aggregates cohort by cohort, so that no cluster x cohort x week array is held in memory.

    ``kinds`` are the aggregations wanted; ``simple`` is always included.

    A family key k averages effects with weights W_h (cohort size): ``theta_k = sum W_h att / sum W_h``. Its influence
    adds to that of the effects the share term ``W_p (att - theta_k) / sum W_h`` of every (cluster, cohort) pair p.
    """

    def __init__(
        self,
        panel: Panel,
        layout: Layout,
        pair_weight: Floats,
        anticipation: int,
        with_left_out: bool,
        kinds: tuple[str, ...] = KINDS,
    ) -> None:
        self._kinds = kinds
        self._panel, self._layout, self._pair_weight = panel, layout, pair_weight
        self._anticipation, self._with_left_out = anticipation, with_left_out
        n_weeks, n_pairs, n_clusters = panel.n_periods, layout.n_pairs, layout.n_clusters
        self._n_keys = {"simple": 1, "event_time": 2 * n_weeks, "calendar_time": n_weeks, "cohort": 0}
        self._cohort_keys: list[int] = []
        self._own: dict[str, Floats] = {}
        self._mass: dict[str, Floats] = {}
        self._sum: dict[str, Floats] = {}
        self._psi: dict[str, Floats] = {}
        self._share: dict[str, Floats] = {}
        self._share_mass: dict[str, Floats] = {}
        self._agents: dict[str, Floats] = {}
        self._cells: dict[str, Floats] = {}
        self._clusters: dict[str, NDArray[np.bool_]] = {}
        self._left_sum: dict[str, Floats] = {}
        self._left_mass: dict[str, Floats] = {}
        cohorts = layout.cohort_values.size
        for kind, n_keys in {**self._n_keys, "cohort": cohorts}.items():
            if kind not in kinds:
                continue
            self._mass[kind], self._sum[kind] = np.zeros(n_keys), np.zeros(n_keys)
            self._psi[kind] = np.zeros((n_pairs, n_keys))
            self._share[kind], self._share_mass[kind] = np.zeros((n_pairs, n_keys)), np.zeros((n_pairs, n_keys))
            self._agents[kind], self._cells[kind] = np.zeros(n_keys), np.zeros(n_keys)
            self._clusters[kind] = np.zeros((n_clusters, n_keys), dtype=bool)
            if with_left_out:
                self._left_sum[kind], self._left_mass[kind] = (
                    np.zeros((n_clusters, n_keys)),
                    np.zeros((n_clusters, n_keys)),
                )

    def add(
        self, h: int, cohort: int, att: Floats, influence: Floats, left_out: Floats | None, n_agents: Floats
    ) -> None:
        """Add the effects of one cohort; see ``group_time.CohortCells``."""
        n_weeks = self._panel.n_periods
        own = self._layout.pairs_of(h)
        weight = float(self._pair_weight[own].sum())
        clusters = self._layout.pair_cluster[own]
        there = np.isfinite(att)
        weeks = np.flatnonzero(there)
        after = weeks[weeks >= cohort]
        plan = {
            "event_time": (weeks, weeks - cohort + n_weeks),
            "calendar_time": (after, after),
            "simple": (after, np.zeros(after.size, dtype=np.int64)),
            "cohort": (after, np.full(after.size, h)),
        }
        cluster_weight = np.zeros(self._layout.n_clusters)
        np.add.at(cluster_weight, clusters, self._pair_weight[own])
        for kind, (used, keys) in plan.items():
            if used.size == 0 or kind not in self._kinds:
                continue
            single = kind in ("simple", "cohort")
            if single:
                key: Any = keys[0]
                self._sum[kind][key] += weight * att[used].sum()
                self._mass[kind][key] += weight * used.size
                self._psi[kind][:, key] += weight * influence[:, used].sum(axis=1)
                self._share[kind][own, key] += self._pair_weight[own] * att[used].sum()
                self._share_mass[kind][own, key] += self._pair_weight[own] * used.size
                self._agents[kind][key] += n_agents[cohort:].max() if n_agents[cohort:].size else 0
                self._cells[kind][key] += n_agents[used].sum()
            else:
                self._sum[kind][keys] += weight * att[used]
                self._mass[kind][keys] += weight
                self._psi[kind][:, keys] += weight * influence[:, used]
                self._share[kind][np.ix_(np.arange(own.start, own.stop), keys)] += np.outer(
                    self._pair_weight[own], att[used]
                )
                self._share_mass[kind][np.ix_(np.arange(own.start, own.stop), keys)] += self._pair_weight[own][:, None]
                self._agents[kind][keys] += n_agents[used]
                self._cells[kind][keys] += n_agents[used]
            self._clusters[kind][np.ix_(clusters, np.unique(keys))] = True
            if left_out is not None:
                self._add_left_out(kind, weight - cluster_weight, left_out[:, used], keys, single)
        self._cohort_keys.append(h)

    def _add_left_out(self, kind: str, weight: Floats, left: Floats, keys: Any, single: bool) -> None:
        there = np.isfinite(left) & (weight[:, None] > 1e-12 * weight.max())
        sums, mass = np.where(there, left, 0.0) * weight[:, None], there * weight[:, None]
        if single:
            self._left_sum[kind][:, keys[0]] += sums.sum(axis=1)
            self._left_mass[kind][:, keys[0]] += mass.sum(axis=1)
        else:
            self._left_sum[kind][:, keys] += sums
            self._left_mass[kind][:, keys] += mass

    def families(self, factor: float) -> dict[str, Family]:
        """The families wanted; ``factor`` multiplies analytic influences (small-sample correction)."""
        return {kind: self._family(kind, factor) for kind in self._kinds}

    def _keys(self, kind: str) -> tuple[list[Any], NDArray[np.int64]]:
        """Labels and their positions in the accumulated arrays."""
        panel = self._panel
        if kind == "event_time":
            position = np.flatnonzero(self._mass[kind] > 0)
            if position.size == 0:
                return [], position
            last = max(int(p) for p in position)
            longest = max(panel.n_periods - 1 - int(self._layout.cohort_values[h]) for h in self._cohort_keys)
            position = np.arange(int(position.min()), max(last, longest + panel.n_periods) + 1)
            return [int(p) - panel.n_periods for p in position], position
        if kind == "calendar_time":
            first = min(int(self._layout.cohort_values[h]) for h in self._cohort_keys)
            position = np.arange(first, panel.n_periods)
            return list(panel.times[position]), position
        if kind == "cohort":
            position = np.array(self._cohort_keys, dtype=np.int64)
            return [panel.cohort_label(int(self._layout.cohort_values[h])) for h in self._cohort_keys], position
        return ["overall"], np.array([0])

    def _family(self, kind: str, factor: float) -> Family:
        keys, at = self._keys(kind)
        mass = self._mass[kind][at]
        there = mass > 0
        theta = ratio(self._sum[kind][at], mass)
        centre = np.where(there, theta, 0.0)
        psi = self._psi[kind][:, at] + self._share[kind][:, at] - self._share_mass[kind][:, at] * centre
        psi = ratio(psi, mass)
        clusters = self._clusters[kind][:, at].sum(axis=0)
        overall, overall_psi = self._overall(kind, keys, theta, psi)
        influence = self._layout.by_cluster(psi) * factor
        overall_influence = self._layout.by_cluster(overall_psi[:, None])[:, 0] * factor
        variance = "analytic"
        if self._with_left_out:
            variance = "jackknife"
            left_mass = self._left_mass[kind][:, at]
            left = ratio(self._left_sum[kind][:, at], left_mass)
            influence = self._jackknife(left, theta)
            overall_left = self._overall_left(kind, keys, left)
            overall_influence = self._jackknife(overall_left[:, None], np.array([overall]))[:, 0]
        influence[:, clusters < 2] = np.nan
        reasons = [
            None if n > 1 else ("only one cluster is trained here" if n == 1 else "no valid comparison")
            for n in clusters
        ]
        trained = sum(
            self._pair_weight[self._layout.pairs_of(h)].sum() * (self._panel.n_periods - value)
            for h, value in enumerate(self._layout.cohort_values)
            if value < self._panel.n_periods
        )
        identified = float(self._mass["simple"][0] / trained) if trained > 0 else 0.0
        return Family(
            keys=keys,
            theta=theta,
            influence=influence,
            overall=overall,
            overall_influence=overall_influence,
            n_cells=self._cells[kind][at],
            n_contacts=mass,
            n_agents=self._agents[kind][at],
            n_trained_clusters=clusters,
            reasons=reasons,
            variance=variance,
            estimand=_ESTIMANDS[kind],
            share_identified=identified,
            notes=()
            if identified > 1 - 1e-9
            else (f"{1 - identified:.1%} of the trained weeks have no valid control.",),
        )

    def _jackknife(self, left: Floats, theta: Floats) -> Floats:
        seen = self._panel.observed.any(axis=1)
        active = np.zeros(self._layout.n_clusters, dtype=bool)
        active[self._panel.cluster_ix[seen]] = True
        n_active = int(active.sum())
        if n_active < 2:
            return np.full(left.shape, np.nan)
        return np.asarray(np.where(active[:, None], left - theta, 0.0) * np.sqrt((n_active - 1) / n_active))

    def _overall(self, kind: str, keys: list[Any], theta: Floats, psi: Floats) -> tuple[float, Floats]:
        used = np.isfinite(theta)
        if kind == "event_time":
            used &= np.array([key >= 0 for key in keys], dtype=bool)
        if not used.any():
            return float("nan"), np.full(psi.shape[0], np.nan)
        if kind != "cohort":
            return float(theta[used].mean()), np.asarray(psi[:, used].mean(axis=1))
        weight = self._cohort_weights()
        share = np.where(used, weight, 0.0)
        share /= share.sum()
        overall = float(theta[used] @ share[used])
        out = psi[:, used] @ share[used]
        total = weight[used].sum()
        for k, h in enumerate(self._cohort_keys):
            if used[k]:
                rows = self._layout.pairs_of(h)
                out[rows] += self._pair_weight[rows] * (theta[k] - overall) / total
        return overall, np.asarray(out)

    def _cohort_weights(self) -> Floats:
        return np.array([self._pair_weight[self._layout.pairs_of(h)].sum() for h in self._cohort_keys])

    def _overall_left(self, kind: str, keys: list[Any], left: Floats) -> Floats:
        used = np.isfinite(left)
        if kind == "event_time":
            used &= np.array([key >= 0 for key in keys], dtype=bool)[None, :]
        weight = used.astype(np.float64)
        if kind == "cohort":
            cluster = np.zeros((self._layout.n_clusters, len(self._cohort_keys)))
            for k, h in enumerate(self._cohort_keys):
                rows = self._layout.pairs_of(h)
                np.add.at(cluster[:, k], self._layout.pair_cluster[rows], self._pair_weight[rows])
            weight = np.where(used, self._cohort_weights()[None, :] - cluster, 0.0)
        total = weight.sum(axis=1)
        sums = (np.where(used, left, 0.0) * weight).sum(axis=1)
        return ratio(sums, total)
