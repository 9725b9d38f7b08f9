"""Goodman-Bacon decomposition of the two-way fixed effects coefficient into two-by-two comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.panel.panel import Panel
from analysis.solver.layout import Layout
from analysis.solver.two_way import fit_two_way

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bacon:
    """Two-by-two comparisons inside a two-way fixed effects coefficient.

    Attributes
    ----------
    comparisons : polars.DataFrame
        trained, control (period label, null = never trained), kind ("never_trained", "not_yet_trained",
        "already_trained"), weight, estimate. Weights sum to one.
    coefficient : float
        The two-way fixed effects coefficient of the panel.
    gap : float
        ``coefficient`` minus the weighted sum; zero (to rounding) on balanced panels.
    exact : bool
        False when the panel is unbalanced or its weights change: the decomposition is then that of cohort-week
        means with fixed cohort sizes, and ``gap`` says how far that is from the coefficient.
    """

    comparisons: pl.DataFrame
    coefficient: float
    gap: float
    exact: bool

    @property
    def forbidden_weight(self) -> float:
        """Share of the coefficient that compares with agents already trained."""
        rows = self.comparisons.filter(pl.col("kind") == "already_trained")
        return float(rows["weight"].sum())


def bacon(panel: Panel) -> Bacon:
    """Decompose the two-way fixed effects coefficient of a panel.

    Raises
    ------
    EstimationError
        When there are fewer than two groups (cohorts, never trained), or a cohort is not observed in some week.

    Source: Goodman-Bacon (2021), theorem 1, doi:10.1016/j.jeconom.2021.03.014.
    """
    panel = panel.without_always_trained()
    layout = Layout.of(panel)
    order = layout.order
    start = layout.unit_bounds[:-1]
    mass = np.add.reduceat(panel.den[order], start, axis=0)
    total = np.add.reduceat(panel.num[order], start, axis=0)
    values = np.minimum(layout.cohort_values, panel.n_periods)
    groups, inverse = np.unique(values, return_inverse=True)
    mass, total = _merge(mass, inverse, groups.size), _merge(total, inverse, groups.size)
    if groups.size < 2:
        raise EstimationError("The decomposition needs at least two groups trained at different times (or never).")
    if (mass <= 0).any():
        raise EstimationError("A cohort is not observed in every week, so its comparisons cannot be made.")
    means = total / mass
    size = mass.mean(axis=1)
    size = size / size.sum()
    table = np.where(np.arange(panel.n_periods)[None, :] >= layout.cohort_values[:, None], 0, -1)
    coefficient = float(fit_two_way(layout, panel.den[order], panel.y[order], table, 1).coefficients[0])
    rows = _comparisons(panel, groups, means, size)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    variance = _demeaned_variance(groups, size, panel.n_periods)
    frame = frame.with_columns(pl.col("weight") / variance)
    weighted = float((frame["weight"] * frame["estimate"]).sum())
    return Bacon(frame, coefficient, coefficient - weighted, panel.is_balanced)


def _merge(values: Floats, inverse: NDArray[np.int64], size: int) -> Floats:
    out = np.zeros((size, values.shape[1]))
    np.add.at(out, inverse, values)
    return out


def _demeaned_variance(groups: NDArray[np.int64], size: Floats, n_periods: int) -> float:
    """Variance of treatment left after group and week effects."""
    treated = (np.arange(n_periods)[None, :] >= groups[:, None]).astype(np.float64)
    by_week = size @ treated
    left = treated - treated.mean(axis=1, keepdims=True) - by_week[None, :] + by_week.mean()
    return float((size[:, None] * left**2).sum() / n_periods)


def _comparisons(panel: Panel, groups: NDArray[np.int64], means: Floats, size: Floats) -> list[dict[str, Any]]:
    n_periods = panel.n_periods
    rows: list[dict[str, Any]] = []

    def label(k: int) -> Any:
        return panel.cohort_label(int(groups[k])) if groups[k] < n_periods else None

    def change(k: int, before: slice, after: slice) -> float:
        return float(means[k, after].mean() - means[k, before].mean())

    for k, first in enumerate(groups):
        if first >= n_periods:
            continue
        share = 1 - first / n_periods
        for other, later in enumerate(groups):
            if other == k:
                continue
            pair = size[k] + size[other]
            balance = size[k] / pair * (1 - size[k] / pair)
            if later >= n_periods:
                kind, weight = "never_trained", pair**2 * balance * share * (1 - share)
                before, after = slice(0, first), slice(first, n_periods)
            elif later > first:
                other_share = 1 - later / n_periods
                kind = "not_yet_trained"
                weight = pair**2 * balance * (share - other_share) * (1 - share)
                before, after = slice(0, first), slice(first, later)
            else:
                other_share = 1 - later / n_periods
                kind = "already_trained"
                weight = pair**2 * balance * share * (other_share - share)
                before, after = slice(later, first), slice(first, n_periods)
            rows.append(
                {
                    "trained": label(k),
                    "control": label(other),
                    "kind": kind,
                    "weight": float(weight),
                    "estimate": change(k, before, after) - change(other, before, after),
                }
            )
    return rows
