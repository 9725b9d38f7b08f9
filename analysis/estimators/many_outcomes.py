"""Imputed average effects of many outcomes that share agents, weeks and weights, from one solution.

An imputed average is linear in the outcome, ``sum_it v_it y_it``, with weights ``v`` that depend on the design only.
With ``v`` computed once for all clusters and once without each, an effect and its jackknife take one matrix product per
outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of one outcome in the cells in which it is not zero.

    Attributes
    ----------
    agent, week : (N,) int arrays
        Rows and columns of the panel.
    count : (N,) array
        Numerators; the panel holds the denominators.
    """

    agent: Ints
    week: Ints
    count: Floats


def average_effects(panel: Panel, outcomes: list[Cells], anticipation: int = 0) -> tuple[Floats, Floats]:
    """Imputed average effect of every outcome, and the same without each cluster.

    Parameters
    ----------
    panel : Panel
        Its ``den`` are the weights; its numerators are not used.
    outcomes : list of Cells
    anticipation : int
        Weeks before training that do not count as untrained.

    Returns
    -------
    (K,) array, (C, K) array
        Effects on ``count / den``, NaN where there is no comparison. Equal to
        ``Imputation(panel, anticipation).point("simple")`` and ``replicates("simple")`` of each outcome.

    Assumptions
    -----------
    1. Untrained cells are connected: every agent with untrained weeks can be compared with every other through common
       weeks (checked by the caller: :class:`analysis.estimators.imputation.Imputation` leaves out what cannot).
    """
    weight = np.asarray(panel.den, dtype=np.float64)
    week = np.arange(panel.n_periods)[None, :]
    before = np.where(week < panel.cohort_ix[:, None] - anticipation, weight, 0.0)
    after = np.where(week >= panel.cohort_ix[:, None], weight, 0.0)
    full = _weights(before, after)
    effects = _applied(full, weight, outcomes)
    without = np.full((panel.n_clusters, len(outcomes)), np.nan)
    for cluster in range(panel.n_clusters):
        rest = (panel.cluster_ix != cluster)[:, None]
        if rest.all():
            without[cluster] = effects
            continue
        without[cluster] = _applied(_weights(before * rest, after * rest), weight, outcomes)
    return effects, without


def _applied(weights: Floats | None, den: Floats, outcomes: list[Cells]) -> Floats:
    if weights is None:
        return np.full(len(outcomes), np.nan)
    per_count = ratio(weights, den, 0.0)
    return np.array([float(per_count[one.agent, one.week] @ one.count) for one in outcomes])


def _weights(before: Floats, after: Floats) -> Floats | None:
    """(A, T) weights of cells; None without a trained cell that has a comparison."""
    total = before.sum(axis=1)
    there = before.sum(axis=0) > 0
    trained = np.where((total > 0)[:, None] & there[None, :], after, 0.0)
    mass = float(trained.sum())
    if mass <= 0:
        return None
    inverse = ratio(1.0, total, 0.0)
    system = np.diag(before.sum(axis=0)) - before.T @ (before * inverse[:, None])
    target = trained.sum(axis=0) - before.T @ (trained.sum(axis=1) * inverse)
    weeks = np.linalg.lstsq(system, target, rcond=None)[0]
    agents = (trained.sum(axis=1) - before @ weeks) * inverse
    return np.asarray((trained - before * (agents[:, None] + weeks[None, :])) / mass)
