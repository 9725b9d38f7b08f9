"""Sampling variance of a cell's mean, from counts and sums of squares of the single values.

A share of n contacts has the variance p(1 - p)/n, a mean of n scores the variance of the scores over n. Each agent's
own variance is used, shrunk to the pooled variance where the agent has few values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel
from analysis.solver.layout import sum_by
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR_VALUES = 20.0
"""Degrees of freedom at which an agent's own variance and the pooled one have equal weight."""
WHOLE = 1e-9
"""A numerator within this distance of a whole number is a count."""


def squares_of(panel: Panel) -> Floats | None:
    """(A, T) sums of squares of the single values: those kept, or the numerators where they are counts of yes/no.

    Returns ``None`` where neither is known.
    """
    if panel.sq is not None:
        return panel.sq
    num, den = panel.num, panel.den
    counts = bool(np.all(np.abs(num - np.round(num)) <= WHOLE) and np.all(np.abs(den - np.round(den)) <= WHOLE))
    if counts and bool(np.all((num >= 0) & (num <= den))) and bool((den > 1).any()):
        return num
    return None


@dataclass(frozen=True, eq=False)
class SingleValues:
    """Variance of single values around their cell's mean.

    Attributes
    ----------
    variance : (U,) array
        By unit, unbiased over units.
    without : (C,) array
        Factor by which the variances of the others change when a cluster is left out, because the pooled variance then
        rests on fewer values.
    """

    variance: Floats
    without: Floats


def single_values(num: Floats, den: Floats, sq: Floats, cluster_ix: Ints, n_clusters: int) -> SingleValues | None:
    """Variance of a single value, by unit.

    Parameters
    ----------
    num, den, sq : (U, P) arrays
        Sums, counts and sums of squares by unit and period.
    cluster_ix : (U,) int array
    n_clusters : int

    Returns
    -------
    SingleValues or None
        ``None`` where no cell holds two values.
    """
    several = den > 1
    inside = np.where(several, sq - num * ratio(num, den, 0.0), 0.0).clip(min=0.0).sum(axis=1)
    spare = np.where(several, den - 1, 0.0).sum(axis=1)
    if spare.sum() <= 0:
        return None
    pooled = inside.sum() / spare.sum()
    variance = (inside + PRIOR_VALUES * pooled) / (spare + PRIOR_VALUES)
    cells = (den > 0).sum(axis=1)
    borrowed = float((cells * PRIOR_VALUES / (spare + PRIOR_VALUES)).sum() / cells.sum())
    rest = inside.sum() - sum_by(cluster_ix, inside, n_clusters)
    left = spare.sum() - sum_by(cluster_ix, spare, n_clusters)
    changed = ratio(rest, left * pooled, 1.0) if pooled > 0 else np.ones(n_clusters)
    return SingleValues(np.asarray(variance), 1.0 + borrowed * (changed - 1.0))


def noise_of_a_contact(residual: Floats, weight: Floats) -> float:
    """Variance of a single contact around its agent's level and the common weeks.

    Parameters
    ----------
    residual, weight : (A, T) arrays
        Outcome minus agent and week effects, and contacts, of untrained weeks; 0 elsewhere.

    Returns
    -------
    float
        NaN where there are no more cells than agents and weeks.
    """
    seen = weight > 0
    spare = int(seen.sum()) - int(seen.any(axis=1).sum()) - int(seen.any(axis=0).sum()) + 1
    return float((weight * residual**2).sum() / spare) if spare > 0 else math.nan


def spread_of_levels(after: Floats, before: Floats, noise: float) -> float:
    """Variance that agents with few untrained and many trained contacts add to a group's effect.

    An agent's level before training is known from ``before`` contacts and stands for the expectation of ``after``
    contacts. Where every agent has the same share of both, the error of a group is that of two means, which untrained
    teams show. Where shares differ, the levels known worst count most.

    Parameters
    ----------
    after, before : (A,) arrays
        Trained and untrained contacts of the group's agents.
    noise : float
        From :func:`noise_of_a_contact`.

    Returns
    -------
    float
        ``noise * (sum of share^2 / before - 1 / sum of before)``, never negative, with an agent's share of the
        group's trained contacts; NaN where an agent with trained contacts has no untrained ones.

    Examples
    --------
    >>> spread_of_levels(np.array([50.0, 50.0]), np.array([20.0, 20.0]), 0.2)
    0.0
    >>> round(spread_of_levels(np.array([50.0, 50.0]), np.array([38.0, 2.0]), 0.2), 4)
    0.0213
    """
    used = after > 0
    share, known = after[used] / after[used].sum(), before[used]
    if not bool(np.all(known > 0)):
        return math.nan
    return max(noise * float((share**2 / known).sum() - 1 / known.sum()), 0.0)
