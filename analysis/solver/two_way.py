"""Direct solution of two-way fixed effects, and leave-one-cluster-out solutions.

With weights w (agents x weeks) the agent effects drop out exactly and the week effects (and any coefficients on
cohort-by-week dummies) solve one small system

    S b = r,    S = Z'WZ - M' diag(1 / w_i) M,    M_i = sum_t w_it z_it,

which is exact for unbalanced, weighted panels. Leaving out cluster c changes the solution by

    b_(c) - b = -(S - S_c)^{-1} e_c,    e_c = the cluster's scores,

solved for all clusters at once by conjugate gradients preconditioned with S: S_c is a small part of S, so a handful
of steps reach machine precision, and no agents x dummies matrix is ever built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.solver.components import components
from analysis.solver.layout import Layout
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
T = TypeVar("T")

#: Relative residual at which the leave-one-out systems count as solved.
SOLVED = 1e-11
#: Steps after which a leave-one-out system is handed to an exact refit instead.
MAX_STEPS = 60
#: Largest (clusters, D, D) array of cluster contributions that is held, in elements; larger ones are recomputed.
MAX_HELD = 4_000_000
#: Costs in nanoseconds of the two ways of leaving clusters out: a step with held matrices per element, building one of
#: them, a step by passes per unit and week, and per cohort with dummies. Both give the same numbers.
HELD_NS, BUILD_NS, PASS_NS, COHORT_NS, USUAL_STEPS = 0.5, 30_000, 4.0, 25_000, 6
#: A coefficient whose variation left after the fixed effects is below this share is not identified.
IDENTIFIED_SHARE = 1e-9


@dataclass(frozen=True, eq=False)
class TwoWayFit:
    """A fitted two-way model. Units are in layout order.

    Attributes
    ----------
    weights : (A, T) array
        Fit weights; 0 outside the sample.
    unit_total : (A,) array
        Row sums of ``weights``.
    week_effects : (T,) array
        NaN in weeks outside the sample; one week per component is 0.
    unit_effects : (A,) array
        NaN for units outside the sample.
    coefficients : (P,) array
        Of the cohort-by-week dummies; NaN when not identified.
    pair_scores : (n_pairs, T + P') array
        Sums of weight x residual by pair, for weeks and dummies.
    week_component, unit_component : (T,), (A,) int arrays
        Connected component; -1 outside the sample.
    dummy_table : (H, T) int array
        Which kept dummy a (cohort, week) carries; -1 none.
    kept : (P,) bool array
        Dummies that are identified. P counts the requested dummies, P' the kept ones.
    """

    layout: Layout
    weights: Floats
    unit_total: Floats
    week_effects: Floats
    unit_effects: Floats
    coefficients: Floats
    pair_scores: Floats
    week_component: Ints
    unit_component: Ints
    dummy_table: Ints
    kept: Bools
    _system: Floats
    _factor: tuple[Floats, bool]
    _of_weights: dict[str, Any] = field(default_factory=dict, repr=False)

    def _known(self, name: str, make: Callable[[], T]) -> T:
        """Results that depend on weights and dummies only, computed once for all outcomes fitted with them."""
        found: T = self._of_weights[name] if name in self._of_weights else self._of_weights.setdefault(name, make())
        return found

    @property
    def n_dummies(self) -> int:
        """Number of kept dummies P'."""
        return int(self.kept.sum())

    @property
    def n_weeks(self) -> int:
        """Number of weeks T."""
        return int(self.weights.shape[1])

    @property
    def pair_total(self) -> Floats:
        """(pairs, T) sums of ``weights``."""
        return self._known("pair total", lambda: self.layout.by_pair(self.weights))

    def solve(self, right: Floats) -> Floats:
        """``S^{-1} right`` for (T + P, K) right-hand sides, each orthogonal to the constant of its component."""
        return np.asarray(linalg.cho_solve(self._factor, right, check_finite=False))

    def cluster_scores(self) -> Floats:
        """(C, T + P) scores by cluster."""
        return self.layout.by_cluster(self.pair_scores)

    def dummy_influence(self) -> Floats:
        """(C, P) influence of each cluster on the coefficients; NaN columns where not identified."""
        n_weeks = self.n_weeks
        out = np.full((self.layout.n_clusters, self.kept.size), np.nan)
        if self.n_dummies:
            unit = np.zeros((n_weeks + self.n_dummies, self.n_dummies))
            unit[n_weeks:] = np.eye(self.n_dummies)
            out[:, self.kept] = self.cluster_scores() @ self.solve(unit)
        return out

    def fitted_of(self, pair_vectors: Floats) -> Floats:
        """(n_pairs, T) fitted weeks of pair-wise coefficient vectors (n_pairs, T + P)."""
        n_weeks = self.n_weeks
        fitted = pair_vectors[:, :n_weeks]
        if self.n_dummies == 0:
            return fitted
        fitted = fitted.copy()
        for h, weeks, dummies, _ in self._places:
            rows = self.layout.pairs_of(h)
            fitted[rows, weeks] += pair_vectors[rows][:, n_weeks + dummies]
        return fitted

    @property
    def _places(self) -> list[tuple[int, Ints, Ints, bool]]:
        return self._known("places", lambda: _places_of(self.dummy_table))

    def leave_one_out(self) -> tuple[Floats, Bools]:
        """Change of the coefficient vector when each cluster is left out.

        Returns
        -------
        (C, T + P') array
            Row c is the solution without cluster c minus the solution with it.
        (C,) bool array
            True where the row is not valid (the remaining cells are not connected without the cluster): refit instead.
        """
        target = -self.cluster_scores()
        own = self._own_part(self._pays_to_hold(*target.shape))
        size = np.linalg.norm(target, axis=1)
        solution = np.zeros_like(target)
        residual = target.copy()
        inverse = self._known("inverse", lambda: self.solve(np.eye(target.shape[1])))
        step = residual @ inverse
        direction = step.copy()
        energy = np.einsum("cd,cd->c", residual, step)
        active = size > 0
        for _ in range(MAX_STEPS):
            image = direction @ self._system - own(direction)
            curvature = np.einsum("cd,cd->c", direction, image)
            active = active & (curvature > 0) & (energy > 0)
            length = np.divide(energy, curvature, out=np.zeros_like(energy), where=active)
            solution += length[:, None] * direction
            residual -= length[:, None] * image
            unsolved = np.linalg.norm(residual, axis=1) > SOLVED * np.maximum(size, 1e-300)
            active = active & unsolved
            if not active.any():
                break
            step = residual @ inverse
            fresh = np.einsum("cd,cd->c", residual, step)
            direction = step + np.divide(fresh, energy, out=np.zeros_like(fresh), where=active)[:, None] * direction
            energy = fresh
        left = np.linalg.norm(residual, axis=1) > 1e-8 * np.maximum(size, 1e-300)
        return solution, (left & (size > 0)) | self.fragile_clusters()

    def _pays_to_hold(self, n_clusters: int, size: int) -> bool:
        """Whether holding matrices of clusters is cheaper than passes over units (not where teams are small)."""
        elements = n_clusters * size**2
        if elements > MAX_HELD:
            return False
        cohorts = self.layout.cohort_values.size if self.n_dummies else 0
        passing = USUAL_STEPS * (PASS_NS * self.weights.size + COHORT_NS * cohorts)
        return USUAL_STEPS * elements * HELD_NS + n_clusters * BUILD_NS < passing

    def _own_part(self, held: bool) -> Callable[[Floats], Floats]:
        """The map of (C, D) vectors to ``S_c vectors[c]``, by matrices held or by passes over units."""
        layout = self.layout

        def passes(vectors: Floats) -> Floats:
            fitted = self.fitted_of(vectors[layout.pair_cluster])
            means = np.einsum("at,at->a", self.weights, fitted[layout.pair_of_unit])
            means = ratio(means, self.unit_total, 0.0)
            weeks = self.pair_total * fitted - layout.by_pair(self.weights * means[:, None])
            return layout.by_cluster(_with_dummies(weeks, self._places, self.n_dummies, layout))

        if not held:
            return passes
        matrices = self._known("own matrices", self._own_matrices)
        return lambda vectors: np.asarray(np.matmul(matrices, vectors[:, :, None])[:, :, 0])

    def _own_matrices(self) -> Floats:
        """(C, D, D) contribution of every cluster to the system."""
        layout, n_weeks = self.layout, self.n_weeks
        n_all = n_weeks + self.n_dummies
        out = np.zeros((layout.n_clusters, n_all, n_all))
        weeks = np.arange(n_weeks)
        root = np.sqrt(ratio(1.0, self.unit_total, 0.0))
        bounds = np.append(layout.pair_start, layout.order.size)
        for h in range(layout.cohort_values.size):
            units, pairs = layout.units_of(h), layout.pairs_of(h)
            dummy_weeks = np.flatnonzero(self.dummy_table[h] >= 0)
            places = n_weeks + self.dummy_table[h, dummy_weeks]
            scaled = np.zeros((units.stop - units.start, n_all))
            scaled[:, :n_weeks] = self.weights[units] * root[units, None]
            np.add.at(scaled.T, places, scaled[:, dummy_weeks].T)
            for pair in range(pairs.start, pairs.stop):
                block = out[layout.pair_cluster[pair]]
                rows = scaled[bounds[pair] - units.start : bounds[pair + 1] - units.start]
                block -= rows.T @ rows
                total = self.pair_total[pair]
                block[weeks, weeks] += total
                block[dummy_weeks, places] += total[dummy_weeks]
                block[places, dummy_weeks] += total[dummy_weeks]
                np.add.at(block, (places, places), total[dummy_weeks])
        return out

    def fragile_clusters(self) -> Bools:
        """Clusters without which a week, or the link between two neighbouring weeks, disappears."""
        return self._known("fragile", self._fragile_clusters)

    def _fragile_clusters(self) -> Bools:
        layout = self.layout
        inside = self.weights > 0
        weeks = np.flatnonzero(inside.any(axis=0))
        held = layout.by_cluster(layout.by_pair(inside.astype(np.float64)))
        links = (inside[:, weeks[1:]] & inside[:, weeks[:-1]]).astype(np.float64)
        linked = layout.by_cluster(layout.by_pair(links))
        total, total_links = held.sum(axis=0), linked.sum(axis=0)
        lost = ((total[None, :] - held < 0.5) & (total > 0)[None, :]).any(axis=1)
        broken = ((total_links[None, :] - linked < 0.5) & (total_links > 0)[None, :]).any(axis=1)
        return np.asarray(lost | broken | self._carries_a_dummy_alone())

    def _carries_a_dummy_alone(self) -> Bools:
        """Clusters without which a dummy has no cell, or all remaining agents share one cohort."""
        layout = self.layout
        alone = np.zeros(layout.n_clusters, dtype=bool)
        if self.n_dummies == 0:
            return alone
        counts = layout.by_pair((self.weights > 0).astype(np.float64))
        carried = layout.by_cluster(_with_dummies(counts, self._places, self.n_dummies, layout))
        dummies = carried[:, self.n_weeks :] > 0
        alone |= dummies[:, dummies.sum(axis=0) == 1].any(axis=1)
        cohorts = np.zeros((layout.n_clusters, layout.cohort_values.size), dtype=bool)
        seen = counts.any(axis=1)
        cohorts[layout.pair_cluster[seen], layout.pair_cohort[seen]] = True
        clusters_of_cohort = cohorts.sum(axis=0)
        remaining = (clusters_of_cohort[None, :] - cohorts > 0).sum(axis=1)
        return np.asarray(alone | (remaining < 2))


def _places_of(table: Ints) -> list[tuple[int, Ints, Ints, bool]]:
    """Cohorts with dummies: cohort, weeks, the dummy of each week, and whether no two weeks share one."""
    found = []
    for h in np.flatnonzero((table >= 0).any(axis=1)).tolist():
        weeks = np.flatnonzero(table[h] >= 0)
        dummies = table[h, weeks]
        found.append((h, weeks, dummies, np.unique(dummies).size == dummies.size))
    return found


def _with_dummies(
    weeks: Floats, places: Sequence[tuple[int, Ints, Ints, bool]], n_dummies: int, layout: Layout
) -> Floats:
    """Append to (n_pairs, T) week sums the sums over each dummy's cells: (n_pairs, T + P)."""
    if n_dummies == 0:
        return weeks
    n_weeks = weeks.shape[1]
    out = np.zeros((weeks.shape[0], n_weeks + n_dummies))
    out[:, :n_weeks] = weeks
    for h, used, dummies, distinct in places:
        rows = layout.pairs_of(h)
        if distinct:
            out[rows, n_weeks + dummies] += weeks[rows, used]
        else:
            np.add.at(out[rows].T, n_weeks + dummies, weeks[rows, used].T)
    return out


def fit_two_way(
    layout: Layout,
    weights: Floats,
    y: Floats,
    dummy_table: Ints | None = None,
    n_dummies: int = 0,
    without_dummies: TwoWayFit | None = None,
    like: TwoWayFit | None = None,
) -> TwoWayFit:
    """Weighted least squares of y on agent effects, week effects and cohort-by-week dummies.

    Parameters
    ----------
    layout : Layout
    weights, y : (A, T) arrays in layout order
        ``y`` is only read where ``weights`` is positive.
    dummy_table : (H, T) int array, optional
        For each cohort and week the dummy it belongs to, or -1.
    n_dummies : int
    without_dummies : TwoWayFit, optional
        A fit with the same weights and no dummies, whose system is reused.
    like : TwoWayFit, optional
        A fit of another outcome with the same layout, weights and dummies: only results that depend on ``y`` are
        computed.

    Returns
    -------
    TwoWayFit
    """
    if like is not None:
        return _of_outcome(like, y)
    n_weeks = weights.shape[1]
    table = np.full((layout.cohort_values.size, n_weeks), -1, dtype=np.int64) if dummy_table is None else dummy_table
    if without_dummies is None:
        week_component, unit_component = components(weights > 0)
        unit_total = weights.sum(axis=1)
    else:
        week_component, unit_component = without_dummies.week_component, without_dummies.unit_component
        unit_total = without_dummies.unit_total
    inverse = ratio(1.0, unit_total, 0.0)
    if without_dummies is None:
        scaled = weights * np.sqrt(inverse)[:, None]
        system = np.diag(weights.sum(axis=0)) - scaled.T @ scaled
        mass = weights.sum(axis=0)
    else:
        system = without_dummies._system
        mass = layout.by_pair(weights).sum(axis=0)
    if n_dummies:
        system, mass = _bordered(layout, weights, inverse, system, mass, table, n_dummies)

    pinned = system.copy()
    for component in np.unique(week_component[week_component >= 0]):
        members = np.flatnonzero(week_component == component)
        reference = members[np.argmax(mass[members])]
        pinned[reference, reference] += mass[reference]
    empty = np.flatnonzero(mass <= 0)
    pinned[empty, empty] = 1.0
    kept = ~_not_identified(pinned, mass, n_weeks)
    if not kept.all():
        renumbered = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
        reduced = fit_two_way(layout, weights, y, renumbered[table], int(kept.sum()), without_dummies)
        return replace(reduced, coefficients=_in_place(reduced.coefficients, kept), kept=kept)
    nothing: Any = dict.fromkeys(("week_effects", "unit_effects", "coefficients", "pair_scores"), np.zeros(0))
    design = TwoWayFit(
        layout=layout,
        weights=weights,
        unit_total=unit_total,
        **nothing,
        week_component=week_component,
        unit_component=unit_component,
        dummy_table=table,
        kept=kept,
        _system=system,
        _factor=linalg.cho_factor(pinned, lower=True, check_finite=False),
    )
    return _of_outcome(design, y)


def _of_outcome(design: TwoWayFit, y: Floats) -> TwoWayFit:
    """The fit of an outcome, taking everything that does not depend on it from another fit."""
    layout, weights, table, n_dummies = design.layout, design.weights, design.dummy_table, design.n_dummies
    n_weeks, places = design.n_weeks, design._places
    # Sums by pair are differences of sums, so that arrays of units and weeks are gone through as seldom as can be.
    inverse = ratio(1.0, design.unit_total, 0.0)
    weighted_y = np.where(weights > 0, weights * y, 0.0)
    unit_mean = weighted_y.sum(axis=1) * inverse
    outcome = layout.by_pair(weighted_y)
    centred = outcome - layout.by_pair_times(weights, unit_mean)
    right = _with_dummies(centred, places, n_dummies, layout).sum(axis=0)
    solution = design.solve(right)
    fitted = _fitted_by_cohort(solution, table, n_weeks)
    explained = np.concatenate([np.zeros(0), *(weights[layout.units_of(h)] @ row for h, row in enumerate(fitted))])
    unit_effects = unit_mean - explained * inverse
    residual = outcome - design.pair_total * fitted[layout.pair_cohort] - layout.by_pair_times(weights, unit_effects)
    return replace(
        design,
        week_effects=np.where(design.week_component >= 0, solution[:n_weeks], np.nan),
        unit_effects=np.where(design.unit_component >= 0, unit_effects, np.nan),
        coefficients=_in_place(solution[n_weeks:], design.kept),
        pair_scores=_with_dummies(residual, places, n_dummies, layout),
    )


def _in_place(coefficients: Floats, kept: Bools) -> Floats:
    """(P,) coefficients of all dummies; NaN for those that are not identified."""
    out = np.full(kept.size, np.nan)
    out[kept] = coefficients
    return out


def _bordered(
    layout: Layout, weights: Floats, inverse: Floats, system: Floats, mass: Floats, table: Ints, n_dummies: int
) -> tuple[Floats, Floats]:
    """The system of the weeks with the dummies' rows and columns, and the weight of every week and dummy."""
    n_units, n_weeks = weights.shape
    dummies = np.zeros((n_units, n_dummies))
    overlap, own = np.zeros((n_weeks, n_dummies)), np.zeros(n_dummies)
    for h in range(layout.cohort_values.size):
        rows = layout.units_of(h)
        used = np.flatnonzero(table[h] >= 0)
        if used.size == 0:
            continue
        columns = weights[rows, used]
        total = columns.sum(axis=0)
        np.add.at(dummies[rows].T, table[h, used], columns.T)
        overlap[used, table[h, used]] += total
        np.add.at(own, table[h, used], total)
    scaled = dummies * inverse[:, None]
    cross = overlap - weights.T @ scaled
    return np.block([[system, cross], [cross.T, np.diag(own) - dummies.T @ scaled]]), np.concatenate([mass, own])


def _fitted_by_cohort(solution: Floats, table: Ints, n_weeks: int) -> Floats:
    """(H, T) week effects plus the cohort's dummy coefficients."""
    extended = np.concatenate([solution[n_weeks:], [0.0]])
    return np.asarray(solution[None, :n_weeks] + extended[table])


def _not_identified(pinned: Floats, mass: Floats, n_weeks: int) -> Bools:
    """Dummies that the fixed effects (and the dummies before them) already explain."""
    n_dummies = pinned.shape[0] - n_weeks
    lost = np.zeros(n_dummies, dtype=bool)
    if n_dummies == 0:
        return lost
    factor = linalg.cho_factor(pinned[:n_weeks, :n_weeks], lower=True, check_finite=False)
    cross = pinned[:n_weeks, n_weeks:]
    left = pinned[n_weeks:, n_weeks:] - cross.T @ linalg.cho_solve(factor, cross, check_finite=False)
    scale = mass[n_weeks:]
    root, info = linalg.lapack.dpotrf(left, lower=True)
    if info == 0 and bool(np.all((scale > 0) & (np.diag(root) ** 2 > IDENTIFIED_SHARE * scale))):
        return lost
    for k in range(n_dummies):
        if scale[k] <= 0 or left[k, k] <= IDENTIFIED_SHARE * scale[k]:
            lost[k] = True
            continue
        left[k + 1 :, k + 1 :] -= np.outer(left[k + 1 :, k], left[k, k + 1 :]) / left[k, k]
    return lost
