"""Descriptive numbers of a panel: weeks before and after, levels, volumes, remaining comparison clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.panel.panel import NEVER, Floats, Panel

BASELINE_WEEKS = 12
"""The level before training is the mean over this many weeks."""
PACE_WEEKS = 8
"""Current volumes are means over this many last weeks."""


def weeks_around(panel: Panel, anticipation: int) -> tuple[float, float]:
    """Mean observed weeks per trained agent after and before training."""
    trained = panel.trained_units & panel.observed.any(axis=1)
    if not trained.any():
        return math.nan, math.nan
    after = panel.trained_cells[trained]
    seen = panel.observed[trained]
    weeks = np.arange(panel.n_periods)[None, :]
    before = weeks < (panel.cohort_ix[trained] - anticipation)[:, None]
    return float((seen & after).sum(axis=1).mean()), float((seen & before).sum(axis=1).mean())


def control_clusters(panel: Panel, anticipation: int) -> int | None:
    """Number of clusters with untrained weeks after the first training."""
    if not panel.cohorts.size:
        return None
    weeks = np.arange(panel.n_periods)[None, :]
    limit = np.where(panel.cohort_ix == NEVER, NEVER, panel.cohort_ix - anticipation)
    late = panel.observed & (weeks < limit[:, None]) & (weeks >= panel.cohorts.min())
    return int(np.unique(panel.cluster_ix[late.any(axis=1)]).size)


def effective_controls(panel: Panel, anticipation: int) -> float | None:
    """Effective number of comparison clusters: how many clusters of equal size would be as informative.

    In each week ``(sum w)^2 / sum w^2`` over the untrained weights of clusters; averaged over weeks by trained weight
    (harmonic mean, because variances add up). Weeks without anybody untrained have no comparison and do not count.
    """
    if not panel.cohorts.size:
        return None
    weeks = np.arange(panel.n_periods)[None, :]
    limit = np.where(panel.cohort_ix == NEVER, NEVER, panel.cohort_ix - anticipation)
    member = sparse.csr_array(
        (np.ones(panel.n_units), (panel.cluster_ix, np.arange(panel.n_units))), shape=(panel.n_clusters, panel.n_units)
    )
    untrained = np.asarray(member @ np.where(weeks < limit[:, None], panel.den, 0.0))
    squares = (untrained**2).sum(axis=0)
    trained = np.where(panel.trained_cells, panel.den, 0.0).sum(axis=0)
    used = (trained > 0) & (squares > 0)
    if not used.any():
        return None
    effective = untrained.sum(axis=0)[used] ** 2 / squares[used]
    return float(trained[used].sum() / (trained[used] / effective).sum())


def baseline(panel: Panel, anticipation: int) -> float:
    """Level of the trained over the weeks before training (of everybody when nobody is trained)."""
    weeks = np.arange(panel.n_periods)[None, :]
    last = np.where(panel.trained_units, panel.cohort_ix - anticipation, NEVER)[:, None]
    window = (weeks < last) & (weeks >= last - BASELINE_WEEKS) if panel.trained_units.any() else panel.observed
    window = window & (panel.trained_units[:, None] | ~panel.trained_units.any())
    total = float(panel.den[window].sum())
    return float(panel.num[window].sum()) / total if total > 0 else math.nan


@dataclass(frozen=True)
class Volumes:
    """Units of a KPI's denominator.

    Attributes
    ----------
    per_week
        Weekly units of agents trained by now, averaged over the last weeks.
    to_date
        Units of trained agents since their training.
    per_week_everybody
        Weekly units of all agents; NaN where not known.
    """

    per_week: float = math.nan
    to_date: float = math.nan
    per_week_everybody: float = math.nan


def volumes(panel: Panel, weeks: int = PACE_WEEKS) -> Volumes:
    """Denominators of trained agents: lately, over the last weeks with anything observed, and since training."""
    seen = np.flatnonzero(panel.observed.any(axis=0))[-weeks:]
    if seen.size == 0:
        return Volumes()
    trained = panel.den * panel.trained_cells
    return Volumes(float(trained[:, seen].sum() / seen.size), float(trained.sum()))


def pace_of_everybody(week: NDArray[np.int64], den: Floats, weeks: int = PACE_WEEKS) -> float:
    """Denominator per week of all agents over the last weeks with anything observed.

    Parameters
    ----------
    week, den
        (rows,) week index and denominator of every agent-week.
    weeks
        How many of the last weeks.
    """
    if week.size == 0:
        return math.nan
    last = np.unique(week)[-weeks:]
    return float(den[week >= last[0]].sum() / last.size)
