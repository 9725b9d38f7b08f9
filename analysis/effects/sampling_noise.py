"""How much of a measured mean is sampling noise: known where counts and sums of squares of the values are kept.

A share of n contacts has the variance p(1 - p)/n, a mean of n scores the variance of the scores over n. Agents differ
in how much their single values vary, so each agent's own variance is used, drawn towards everybody's where the agent
has few values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]

PRIOR_VALUES = 20.0
"""An agent's own variance counts as much as everybody's once it rests on this many values beyond the cells' means."""
WHOLE = 1e-9
"""Largest distance from a whole number at which a numerator still is a count."""


def squares_of(panel: Panel) -> Floats | None:
    """(A, T) sums of squares of the single values: those kept, or the numerators where they are counts of yes/no.

    Returns ``None`` where neither is known, and the noise of the outcome with it.
    """
    if panel.sq is not None:
        return panel.sq
    num, den = panel.num, panel.den
    counts = bool(np.all(np.abs(num - np.round(num)) <= WHOLE) and np.all(np.abs(den - np.round(den)) <= WHOLE))
    if counts and bool(np.all((num >= 0) & (num <= den))) and bool((den > 1).any()):
        return num
    return None


def variance_of_one(num: Floats, den: Floats, sq: Floats) -> Floats | None:
    """Variance of a single value around its cell's mean, by unit.

    Parameters
    ----------
    num, den, sq : (U, P) arrays
        Sums, counts and sums of squares by unit and period.

    Returns
    -------
    (U,) array or None
        ``None`` where no cell holds two values. Unbiased over units; drawn towards the pooled variance.
    """
    several = den > 1
    inside = np.where(several, sq - num * ratio(num, den, 0.0), 0.0).clip(min=0.0).sum(axis=1)
    spare = np.where(several, den - 1, 0.0).sum(axis=1)
    if spare.sum() <= 0:
        return None
    pooled = inside.sum() / spare.sum()
    return np.asarray((inside + PRIOR_VALUES * pooled) / (spare + PRIOR_VALUES))
