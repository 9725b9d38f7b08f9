"""Group-time effects: each cohort and week against agents not yet (or never) trained, aggregated in four ways."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtrc

from analysis.errors import EstimationError
from analysis.estimators.fitted import Family, empty_att_gt, empty_family
from analysis.estimators.group_time_families import KINDS, Accumulator
from analysis.estimators.two_by_two import two_by_two
from analysis.inference import standard_errors
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

METHODS = ("reg", "ipw", "dr")
BASES = ("varying", "universal")
NO_BASE_WEEK = "no trained cohort has a week before its training (and anticipation) to compare with"


@dataclass(frozen=True, eq=False)
class CohortCells:
    """Effects of one cohort in every week.

    Attributes
    ----------
    h, cohort : int
        Position in the layout, and cohort index.
    att : (T,) array
        NaN where there is no valid comparison.
    influence : (pairs, T) array
    left_out : (C, T) array or None
        Effects without each cluster.
    n_agents : (T,) array
        Observed agents of the cohort.
    """

    h: int
    cohort: int
    att: Floats
    influence: Floats
    left_out: Floats | None
    n_agents: Floats


@dataclass(frozen=True, eq=False)
class GroupTime:
    """The group-time estimator of Callaway and Sant'Anna (2021), with analytic influence functions.

    Without covariates  ``ATT(g, t) = E[Y_t - Y_b | G = g] - E[Y_t - Y_b | C]``  where b is the last week before
    training (minus the anticipation window) and C are agents never trained, or not trained by max(t, b). With
    covariates the control change is adjusted by outcome regression, inverse probability weighting or both
    (doubly robust). For t before training b is t - 1 (``varying``, as in R did) or the same b (``universal``).

    Agents weigh by their average contacts per observed week, fixed over time, and enter a 2 x 2 comparison when
    observed in both of its weeks.

    Assumptions
    -----------
    1. Parallel trends between a cohort and its controls from b on (given covariates). Checked in part (pre-test).
    2. No anticipation beyond ``anticipation`` weeks. Checked in part.
    3. Overlap: controls with similar covariates exist. Not checked; propensities above 0.995 are trimmed as in DRDID.
    4. No effect of others' training. Not checked here.

    Source: Callaway, Sant'Anna (2021), doi:10.1016/j.jeconom.2020.12.001; Sant'Anna, Zhao (2020),
    doi:10.1016/j.jeconom.2020.06.003.
    """

    panel: Panel
    control: str
    anticipation: int = 0
    base: str = "varying"
    method: str = "dr"
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise EstimationError(f"method {self.method!r} is not known; use one of {', '.join(METHODS)}.")
        if self.base not in BASES:
            raise EstimationError(f"base {self.base!r} is not known; use one of {', '.join(BASES)}.")

    @cached_property
    def layout(self) -> Layout:
        """Units sorted by cohort and cluster."""
        return Layout.of(self.panel)

    @cached_property
    def unit_weight(self) -> Floats:
        """(A,) average contacts per observed week, in layout order."""
        den = self.panel.den[self.layout.order]
        weeks = (den > 0).sum(axis=1)
        return ratio(den.sum(axis=1), weeks, 0.0)

    @cached_property
    def pair_weight(self) -> Floats:
        """(pairs,) weight of every (cluster, cohort)."""
        return self.layout.by_pair(self.unit_weight[:, None])[:, 0]

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        """Outcome (0 where missing) and observed as float, in layout order."""
        order = self.layout.order
        return self.panel.y[order], self.panel.observed[order].astype(np.float64)

    @cached_property
    def trained_cohorts(self) -> list[int]:
        """Positions of the cohorts with a week before and a week after training inside the window."""
        values = self.layout.cohort_values
        inside = (values < self.panel.n_periods) & (values - self.anticipation >= 1)
        return [int(h) for h in np.flatnonzero(inside)]

    def base_weeks(self, cohort: int) -> Ints:
        """(T,) base week of every week for a cohort; -1 where there is none."""
        weeks = np.arange(self.panel.n_periods)
        last = cohort - self.anticipation - 1
        if self.base == "universal":
            return np.where(weeks == last, -1, last)
        return np.where(weeks > last, last, weeks - 1)

    def _first_control(self, base: Ints) -> Ints:
        """(T,) position of the first cohort that may serve as control in every week."""
        values = self.layout.cohort_values
        if self.control == "never_trained":
            last = np.full(base.size, self.panel.n_periods - 1)
        else:
            last = np.maximum(np.arange(base.size), base)
        return np.searchsorted(values, last + self.anticipation, side="right")

    @cached_property
    def _balanced(self) -> bool:
        return bool(self.panel.observed.all())

    @cached_property
    def _pair_sums(self) -> Floats:
        """(pairs, T) weighted outcome sums (balanced panels)."""
        return self.layout.by_pair(self._arrays[0] * self.unit_weight[:, None])

    @cached_property
    def _adjacent(self) -> tuple[Floats, Floats]:
        """(pairs, T) weights and sums of week-on-week changes over agents seen in both weeks."""
        y, seen = self._arrays
        both = np.zeros_like(y)
        both[:, 1:] = seen[:, 1:] * seen[:, :-1] * self.unit_weight[:, None]
        change = np.zeros_like(y)
        change[:, 1:] = both[:, 1:] * (y[:, 1:] - y[:, :-1])
        return self.layout.by_pair(both), self.layout.by_pair(change)

    def _differences(self, base: Ints) -> tuple[Floats, Floats]:
        """(pairs, T') weights and sums of ``y_t - y_base(t)`` over agents seen in both weeks, of the last T' weeks."""
        used = base >= 0
        first = self.panel.n_periods - base.size
        if self._balanced:
            sums = self._pair_sums
            change = np.where(used, sums[:, first:] - sums[:, np.maximum(base, 0)], 0.0)
            return np.where(used, self.pair_weight[:, None], 0.0), change
        y, seen = self._arrays
        mass, change = np.zeros((self.layout.n_pairs, base.size)), np.zeros((self.layout.n_pairs, base.size))
        weeks = np.arange(first, self.panel.n_periods)
        adjacent = used & (base == weeks - 1)
        if np.count_nonzero(adjacent) == 1:  # one week only: cheaper than the changes of all weeks
            adjacent[:] = False
        if adjacent.any():
            mass[:, adjacent] = self._adjacent[0][:, weeks[adjacent]]
            change[:, adjacent] = self._adjacent[1][:, weeks[adjacent]]
        long = np.flatnonzero(used & ~adjacent)
        for week in np.unique(base[long]):
            columns = long[base[long] == week]
            at_base, at = self.unit_weight * seen[:, week], columns + first
            before = self.layout.by_pair_times(seen, at_base * y[:, week])
            mass[:, columns] = self.layout.by_pair_times(seen, at_base)[:, at]
            change[:, columns] = (self.layout.by_pair_times(y, at_base) - before)[:, at]
        return mass, change

    def cells(self, want_left_out: bool = False, after_only: bool = False) -> Iterator[CohortCells]:
        """Effects, cohort by cohort; without covariates those before training may be left out (NaN)."""
        for h in self.trained_cohorts:
            if self.covariates:
                yield self._adjusted_cells(h)
            else:
                cells = self._plain_cells(h, want_left_out, int(self.layout.cohort_values[h]) if after_only else 0)
                yield self._padded(cells) if after_only else cells

    def _padded(self, cells: CohortCells) -> CohortCells:
        """Cells of the last weeks, padded with earlier weeks as weeks without a comparison."""
        first = self.panel.n_periods - cells.att.size

        def wide(values: Floats, missing: float) -> Floats:
            out = np.full((*values.shape[:-1], self.panel.n_periods), missing)
            out[..., first:] = values
            return out

        left = None if cells.left_out is None else wide(cells.left_out, np.nan)
        return replace(cells, att=wide(cells.att, np.nan), influence=wide(cells.influence, 0.0), left_out=left)

    def _observed_agents(self, h: int) -> Floats:
        return np.asarray(self._arrays[1][self.layout.units_of(h)].sum(axis=0))

    def _plain_cells(self, h: int, want_left_out: bool, first: int) -> CohortCells:
        """Effects in the weeks from ``first`` on."""
        layout = self.layout
        base = self.base_weeks(int(layout.cohort_values[h]))
        controls = self._first_control(base)[first:]
        base = base[first:]
        mass, change = self._differences(base)
        own, position = layout.pairs_of(h), layout.pair_cohort
        control = (position[:, None] >= controls[None, :]) & (position != h)[:, None]
        control_mass, control_change = np.where(control, mass, 0.0), np.where(control, change, 0.0)
        treated_n, treated_s = mass[own].sum(axis=0), change[own].sum(axis=0)
        control_n, control_s = control_mass.sum(axis=0), control_change.sum(axis=0)
        valid = (treated_n > 0) & (control_n > 0) & (base >= 0)
        treated_mean = np.divide(treated_s, treated_n, out=np.zeros(base.size), where=valid)
        control_mean = np.divide(control_s, control_n, out=np.zeros(base.size), where=valid)
        scale = np.divide(1.0, control_n, out=np.zeros(base.size), where=valid)
        influence = (control_mass * control_mean - control_change) * scale
        scale = np.divide(1.0, treated_n, out=np.zeros(base.size), where=valid)
        influence[own] += (change[own] - mass[own] * treated_mean) * scale
        left_out = None
        if want_left_out:
            treated_mass = np.zeros_like(mass)
            treated_mass[own] = mass[own]
            treated_change = np.zeros_like(change)
            treated_change[own] = change[own]
            trained = _left_mean(layout.by_cluster(treated_change), layout.by_cluster(treated_mass))
            compared = _left_mean(layout.by_cluster(control_change), layout.by_cluster(control_mass))
            left_out = np.where(valid, trained - compared, np.nan)
        att = np.where(valid, treated_mean - control_mean, np.nan)
        return CohortCells(h, int(layout.cohort_values[h]), att, influence, left_out, self._observed_agents(h))

    @cached_property
    def _covariate_arrays(self) -> Floats:
        """(A, T, k) covariates in layout order, centred and scaled: estimates do not change, and fixed tolerances no
        longer depend on the covariates' unit."""
        return np.stack([_from_mean(self.panel.covariate(name)[self.layout.order]) for name in self.covariates], axis=2)

    def _adjusted_cells(self, h: int) -> CohortCells:
        layout = self.layout
        cohort = int(layout.cohort_values[h])
        base = self.base_weeks(cohort)
        y, seen = self._arrays
        first_control = layout.unit_bounds[self._first_control(base)]
        att = np.full(base.size, np.nan)
        influence = np.zeros((layout.n_pairs, base.size))
        unit = np.arange(layout.order.size)
        treated = np.zeros(unit.size, dtype=bool)
        treated[layout.units_of(h)] = True
        for week in np.flatnonzero(base >= 0):
            b = int(base[week])
            x = self._covariate_arrays[:, b]
            both = (seen[:, week] > 0) & (seen[:, b] > 0) & np.isfinite(x).all(axis=1)
            use = both & (treated | (unit >= first_control[week]))
            if not (use & treated).any() or not (use & ~treated).any():
                continue
            design = np.column_stack([np.ones(int(use.sum())), x[use]])
            result = two_by_two(
                y[use, week] - y[use, b], treated[use].astype(np.float64), design, self.unit_weight[use], self.method
            )
            if result is None:
                continue
            att[week], scores = result
            column = np.zeros(unit.size)
            column[use] = scores
            influence[:, week] = layout.by_pair(column[:, None])[:, 0]
        return CohortCells(h, cohort, att, influence, None, self._observed_agents(h))

    @cached_property
    def _families(self) -> dict[str, dict[str, Family]]:
        return {}

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation; the overall estimate is computed alone where it suffices, else all in one
        pass."""
        if not self.trained_cohorts:
            return empty_family(self.panel.n_clusters, variance, NO_BASE_WEEK)
        exact = variance == "jackknife" and not self.covariates
        if kind not in self._families.get(variance, {}):
            kinds = ("simple",) if kind == "simple" else KINDS
            accumulator = Accumulator(self.panel, self.layout, self.pair_weight, self.anticipation, exact, kinds)
            for cells in self.cells(exact, after_only=kind == "simple"):
                accumulator.add(cells.h, cells.cohort, cells.att, cells.influence, cells.left_out, cells.n_agents)
            factor = 1.0
            if variance == "jackknife" and not exact:
                factor = float(np.sqrt(self.panel.n_clusters / max(self.panel.n_clusters - 1, 1)))
            self._families[variance] = accumulator.families(factor)
        return self._families[variance][kind]

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and week with analytic clustered errors."""
        rows: list[pl.DataFrame] = []
        for cells in self.cells():
            error = standard_errors(self.layout.by_cluster(cells.influence))
            used = self.base_weeks(cells.cohort) >= 0
            rows.append(
                pl.DataFrame(
                    {
                        "cohort": [self.panel.cohort_label(cells.cohort)] * int(used.sum()),
                        "time": list(self.panel.times[used]),
                        "estimate": cells.att[used],
                        "std_error": np.where(np.isfinite(cells.att), error, np.nan)[used],
                        "n_agents": cells.n_agents[used].astype(np.int64),
                    }
                )
            )
        return pl.concat(rows) if rows else empty_att_gt()

    def pre_test(self) -> tuple[float, int, float]:
        """Wald test that every effect before training is zero: statistic, degrees of freedom, p-value.

        Source: Callaway, Sant'Anna (2021), section 4; NaN when there is no week to test or the covariance is
        singular.
        """
        values: list[Any] = []
        columns: list[Floats] = []
        for cells in self.cells():
            before = np.flatnonzero(np.arange(cells.att.size) < cells.cohort - self.anticipation)
            before = before[np.isfinite(cells.att[before])]
            values.extend(cells.att[before])
            columns.append(self.layout.by_cluster(cells.influence[:, before]))
        if not values:
            return float("nan"), 0, float("nan")
        att, psi = np.array(values), np.concatenate(columns, axis=1)
        covariance = psi.T @ psi
        if np.linalg.matrix_rank(covariance, hermitian=True) < att.size:
            return float("nan"), att.size, float("nan")
        statistic = float(att @ np.linalg.solve(covariance, att))
        return statistic, att.size, float(chdtrc(att.size, statistic))


def _left_mean(sums: Floats, mass: Floats) -> Floats:
    """(C, T) means without each cluster; NaN where nothing is left."""
    total = mass.sum(axis=0)
    left = total - mass
    left[left <= 1e-12 * total] = 0.0
    return ratio(sums.sum(axis=0) - sums, left)


def _from_mean(values: Floats) -> Floats:
    """(A, T) values minus their mean, divided by the power of two nearest to their standard deviation."""
    known = values[np.isfinite(values)]
    if not known.size:
        return values
    centred = values - known.mean()
    spread = float(np.abs(centred[np.isfinite(centred)]).max())
    unit = 2.0 ** round(math.log2(spread)) if spread > 0 else 1.0
    return np.asarray(centred / unit)
