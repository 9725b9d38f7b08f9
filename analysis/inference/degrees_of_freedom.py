"""Degrees of freedom of a leave-one-cluster-out standard error: few when a few clusters dominate it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_UPPER = 0.975
MOST_CLUSTERS = 500
"""Above this size the exact computation is slow; an effective number of clusters is used instead."""


def jackknife_degrees_of_freedom(
    before: Floats, after: Floats, cluster: Ints, n_clusters: int, weeks: Floats | None = None
) -> float:
    """Satterthwaite's degrees of freedom of the leave-one-cluster-out variance of an imputed average effect.

    The variance is a sum of squares of ``theta without c - theta``, each a weighted sum of the outcomes. Where outcomes
    vary alike and independently, the sum has mean ``tr K`` and variance ``2 tr K^2``, with K the products of those
    weights, so that it has ``(tr K)^2 / tr K^2`` degrees of freedom. The sum also overestimates the variance on
    average, by a factor known from the same weights. The result accounts for both: the degrees of freedom at which a
    95% interval from the jackknife standard error has the correct width.

    Parameters
    ----------
    before : (P, B) array
        Weight of untrained weeks of each row (agents of one cluster and cohort) in each stretch of weeks.
    after : (P, B) array
        Weight of trained weeks that have a comparison.
    cluster : (P,) int array
    n_clusters : int
        Clusters with any weight are counted.
    weeks : (B,) array, optional
        Weeks in each stretch; means over more weeks vary less.

    Returns
    -------
    float
        Between 1 and the clusters less one; NaN when no cluster can be left out.

    Notes
    -----
    Assumptions (working model, as in Bell and McCaffrey; the interval stays valid, if less exact, without them):

    1. Weekly means of a cluster vary alike and independently. Not checked.
    2. Agents of one cluster and cohort have one level. Not checked.

    Source: Bell, McCaffrey (2002), Survey Methodology 28(2), 169-181; Pustejovsky, Tipton (2018),
    doi:10.1080/07350015.2016.1247004; for the jackknife: Hansen (2022), The Jackknife.

    Examples
    --------
    Sixteen clusters trained in the second of two stretches, four never trained: far fewer than 20 - 1.

    >>> before, after = np.ones((20, 2)), np.zeros((20, 2))
    >>> before[:16, 1], after[:16, 1] = 0.0, 1.0
    >>> round(jackknife_degrees_of_freedom(before, after, np.arange(20), 20), 1)
    6.0
    """
    weeks = np.ones(before.shape[1]) if weeks is None else weeks
    arrays = (before, after, cluster.astype(np.int64), weeks)
    return _of_weights(before.shape, n_clusters, *(np.ascontiguousarray(each).tobytes() for each in arrays))


@lru_cache(maxsize=64)
def _of_weights(
    shape: tuple[int, int], n_clusters: int, before_: bytes, after_: bytes, cluster_: bytes, weeks_: bytes
) -> float:
    """The same, cached by the values of the weights, which KPIs measured on the same contacts share."""
    before, after = (np.frombuffer(each).reshape(shape) for each in (before_, after_))
    cluster, weeks = np.frombuffer(cluster_, dtype=np.int64), np.frombuffer(weeks_)
    used = np.unique(cluster[(before.sum(axis=1) > 0) | (after.sum(axis=1) > 0)])
    if used.size < 2 or not after.any():
        return float("nan")
    spread = np.sqrt(1 / np.maximum(weeks, 1))
    if used.size >= MOST_CLUSTERS:
        weights = _weights(before, after, np.ones((1, before.shape[0])))[0] * spread
        own = np.bincount(cluster, (weights**2).sum(axis=1), n_clusters)
        return _between(own.sum() ** 2 / (own**2).sum() - 1, used.size)
    kept = np.vstack([np.ones(cluster.size), cluster[None, :] != used[:, None]]).astype(np.float64)
    weights = _weights(before, after, kept)
    moved = ((weights[1:] - weights[0]) * spread).reshape(used.size, -1)
    products = moved @ moved.T
    total, squares = float(np.trace(products)), float((products**2).sum())
    truth = float(((weights[0] * spread) ** 2).sum())
    return of_variance(total, squares, truth, used.size)


def of_variance(total: float, squares: float, truth: float, n_clusters: int) -> float:
    """Degrees of freedom at which a 95% interval from the jackknife's error is as wide as it should be.

    Parameters
    ----------
    total, squares
        ``tr K`` and ``tr K^2`` of the moves when one cluster is left out.
    truth
        Variance of the estimate.
    n_clusters
        Clusters with any weight.

    Returns
    -------
    float
        NaN where nothing moves.
    """
    if not (squares > 0 and truth > 0):
        return float("nan")
    excess = total * (n_clusters - 1) / n_clusters / truth
    return _same_width(_between(total**2 / squares, n_clusters), excess, n_clusters)


def _same_width(df: float, excess: float, n_clusters: int) -> float:
    """Degrees of freedom at which a variance ``excess`` times too large on average gives the right width."""
    wanted = float(stdtrit(df, _UPPER)) / np.sqrt(excess)
    grid = np.geomspace(1.0, n_clusters - 1, 400) if n_clusters > 2 else np.ones(1)
    wide = stdtrit(grid, _UPPER)  # falls with the degrees of freedom
    return float(grid[min(int(np.searchsorted(-wide, -wanted)), grid.size - 1)])


def _between(df: float, n_clusters: int) -> float:
    return float(min(max(df, 1.0), n_clusters - 1)) if np.isfinite(df) else float("nan")


def _weights(before: Floats, after: Floats, kept: Floats) -> Floats:
    """(R, P, B) weights with which the outcomes make the average effect, for each choice of rows in ``kept`` (R, P)."""
    total = before.sum(axis=1)
    inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    untrained = kept @ before
    use = (kept * (total > 0))[:, :, None] * (untrained > 0)[:, None, :] * after[None]
    mass = use.sum(axis=(1, 2))
    share = use / np.where(mass > 0, mass, 1.0)[:, None, None]
    of_rows, of_weeks = share.sum(axis=2), share.sum(axis=1)
    own = np.einsum("p,pb,pc->pbc", inverse, before, before).reshape(before.shape[0], -1)
    n = before.shape[1]
    system = np.einsum("rb,bc->rbc", untrained, np.eye(n)) - (kept @ own).reshape(-1, n, n)
    right = of_weeks - (of_rows * inverse * kept) @ before
    week = np.einsum("rbc,rc->rb", np.linalg.pinv(system, rcond=1e-10, hermitian=True), right)
    row = (of_rows - week @ before.T) * inverse
    return np.asarray(share - kept[:, :, None] * before[None] * (row[:, :, None] + week[:, None, :]))
