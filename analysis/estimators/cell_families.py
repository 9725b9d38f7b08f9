"""Aggregate effects by cohort and week, with fixed weights, in four ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.averages import ESTIMANDS, summary, summary_weights
from analysis.estimators.fitted import Family, empty_family
from analysis.inference import jackknife_influence
from analysis.panel.panel import Panel
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CohortEffects:
    """Effects of one cohort (or one stacked event) in every week of the panel.

    Attributes
    ----------
    cohort : int
        Cohort index.
    effect, mass, n_agents : (T,) arrays
        Effect (NaN where none), weight and number of agents behind it.
    influence : (C, T) array
    present : (C, T) bool array
        Clusters with a trained agent behind the effect.
    left, left_mass : (C, T) arrays or None
        Effect and weight without each cluster.
    """

    cohort: int
    effect: Floats
    mass: Floats
    n_agents: Floats
    influence: Floats
    present: Bools
    left: Floats | None = None
    left_mass: Floats | None = None


class CellFamilies:
    """Aggregates cohort by cohort; weights are treated as fixed, as in fixest."""

    def __init__(self, panel: Panel, first_key: int, variance: str) -> None:
        self._panel, self._variance = panel, variance
        self._cohorts: list[int] = []
        self._first_event = first_key
        n_clusters, n_weeks = panel.n_clusters, panel.n_periods
        self._sizes = {"simple": 1, "event_time": n_weeks - first_key, "calendar_time": n_weeks}
        self._sums: dict[str, dict[str, Floats]] = {}
        for kind, size in self._sizes.items():
            self._sums[kind] = self._blank(n_clusters, size)
        self._by_cohort: dict[int, dict[str, Floats]] = {}

    def _blank(self, n_clusters: int, size: int) -> dict[str, Floats]:
        out = {name: np.zeros(size) for name in ("sum", "mass", "cells", "agents")}
        out |= {"psi": np.zeros((n_clusters, size)), "present": np.zeros((n_clusters, size))}
        if self._variance == "jackknife":
            out |= {"left_sum": np.zeros((n_clusters, size)), "left_mass": np.zeros((n_clusters, size))}
        return out

    def add(self, cells: CohortEffects) -> None:
        """Add one cohort."""
        weeks = np.flatnonzero(np.isfinite(cells.effect) & (cells.mass > 0))
        after = weeks[weeks >= cells.cohort]
        event = weeks[weeks - cells.cohort >= self._first_event]
        if cells.cohort not in self._by_cohort:
            self._cohorts.append(cells.cohort)
            self._by_cohort[cells.cohort] = self._blank(self._panel.n_clusters, 1)
        zeros = np.zeros(after.size, dtype=np.int64)
        _fold(self._sums["simple"], cells, after, zeros)
        _fold(self._by_cohort[cells.cohort], cells, after, zeros)
        _fold(self._sums["calendar_time"], cells, after, after)
        _fold(self._sums["event_time"], cells, event, event - cells.cohort - self._first_event)

    def family(self, kind: str, factor: float, notes: tuple[str, ...] = ()) -> Family:
        """One family; ``factor`` multiplies analytic influences."""
        if not self._cohorts:
            return empty_family(self._panel.n_clusters, self._variance, "no trained week has a valid comparison")
        keys, sums = self._keys(kind)
        mass = sums["mass"]
        theta = ratio(sums["sum"], mass)
        weight = summary_weights(kind, keys, theta, mass)
        overall = float(np.nansum(theta * weight)) if weight.sum() > 0 else float("nan")
        present = (sums["present"] > 0).sum(axis=0)
        if self._variance == "jackknife":
            left_mass = np.where(sums["left_mass"] > 1e-12 * mass, sums["left_mass"], 0.0)
            left = ratio(sums["left_sum"], left_mass)
            active = np.zeros(self._panel.n_clusters, dtype=bool)
            active[self._panel.cluster_ix[self._panel.observed.any(axis=1)]] = True
            influence = jackknife_influence(left, theta, active)
            dropped = summary(kind, keys, left, left_mass)
            overall_psi = jackknife_influence(dropped[:, None], np.array([overall]), active)[:, 0]
        else:
            psi = ratio(sums["psi"], mass)
            influence = psi * factor
            used = weight > 0
            overall_psi = influence[:, used] @ weight[used]
        influence[:, present < 2] = np.nan
        total = sum(
            float(self._panel.den[self._panel.cohort_ix == cohort, cohort:].sum()) for cohort in self._panel.cohorts
        )
        share = float(self._sums["simple"]["mass"][0]) / total if total > 0 else 0.0
        return Family(
            keys=keys,
            theta=theta,
            influence=influence,
            overall=overall,
            overall_influence=overall_psi,
            n_cells=sums["cells"],
            n_contacts=mass,
            n_agents=sums["agents"],
            n_trained_clusters=present,
            reasons=[_reason(int(n)) for n in present],
            variance=self._variance,
            estimand=ESTIMANDS[kind],
            share_identified=min(share, 1.0),
            notes=notes
            if share > 1 - 1e-9
            else (*notes, f"{1 - share:.1%} of the trained contacts have no valid control."),
        )

    def _keys(self, kind: str) -> tuple[list[Any], dict[str, Floats]]:
        panel = self._panel
        if kind == "cohort":
            ordered = sorted(self._cohorts)
            names = self._by_cohort[ordered[0]] if ordered else self._blank(panel.n_clusters, 0)
            joined = {
                name: np.concatenate([self._by_cohort[c][name] for c in ordered], axis=-1) if ordered else names[name]
                for name in names
            }
            return [panel.cohort_label(cohort) for cohort in ordered], joined
        sums = self._sums[kind]
        if kind == "simple":
            return ["overall"], sums
        seen = np.flatnonzero(sums["mass"] > 0)
        first = min(self._cohorts, default=0)
        if kind == "calendar_time":
            span = slice(first, panel.n_periods)
            keys = list(panel.times[span])
        else:
            start = int(seen[0]) if seen.size else 0
            stop = max(int(seen[-1]) + 1 if seen.size else 0, panel.n_periods - first - self._first_event)
            span = slice(start, stop)
            keys = [k + self._first_event for k in range(start, stop)]
        return keys, {name: values[..., span] for name, values in sums.items()}


def _fold(sums: dict[str, Floats], cells: CohortEffects, weeks: NDArray[np.int64], keys: NDArray[np.int64]) -> None:
    """Add the cohort's weeks to their keys."""
    if weeks.size == 0:
        return
    mass = cells.mass[weeks]
    _add(sums["sum"], keys, cells.effect[weeks] * mass)
    _add(sums["mass"], keys, mass)
    _add(sums["cells"], keys, cells.n_agents[weeks])
    if keys[0] == keys[-1]:
        sums["agents"][keys[0]] += cells.n_agents[weeks].max()
    else:
        _add(sums["agents"], keys, cells.n_agents[weeks])
    _add(sums["psi"], keys, cells.influence[:, weeks] * mass)
    _add(sums["present"], keys, cells.present[:, weeks].astype(np.float64))
    if cells.left is not None and cells.left_mass is not None and "left_sum" in sums:
        there = np.isfinite(cells.left[:, weeks])
        left_mass = np.where(there, cells.left_mass[:, weeks], 0.0)
        _add(sums["left_sum"], keys, np.where(there, cells.left[:, weeks], 0.0) * left_mass)
        _add(sums["left_mass"], keys, left_mass)


def _add(total: Floats, keys: NDArray[np.int64], values: Floats) -> None:
    """Add columns to their keys: all to one, or each to its own."""
    if keys[0] == keys[-1]:
        total[..., keys[0]] += values.sum(axis=-1)
    else:
        total[..., keys] += values


def _reason(n_clusters: int) -> str | None:
    if n_clusters > 1:
        return None
    return "only one cluster is trained here" if n_clusters == 1 else "no valid comparison"
