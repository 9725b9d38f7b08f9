"""Size and degrees of freedom of the leave-one-team-out interval that a roll-out will be judged by.

Verdicts use the leave-one-team-out standard error. On average it is somewhat larger than the true one, it has few
degrees of freedom where a few teams dominate the estimate, and the interval uses the degrees of freedom of a working
model. Planning with the true standard error and teams - 1 overstates power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.inference.degrees_of_freedom import of_variance
from analysis.planning.variance_components import Components

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ShownInterval:
    """Properties of the interval of a roll-out.

    Attributes
    ----------
    std_error
        True standard error of the estimate; NaN without a comparison.
    inflation
        Root mean square of the shown standard error over ``std_error``.
    df_shown
        Degrees of freedom used for the interval.
    df_error
        True degrees of freedom of the shown standard error: how much it varies from one roll-out to another.
    """

    std_error: float
    inflation: float
    df_shown: float
    df_error: float


NOTHING = ShownInterval(math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class _Weights:
    """Weights of one roll-out by wave and stretch of weeks with the same teams untrained.

    Attributes
    ----------
    whole
        (W, B) weight of a team-week with all teams.
    without
        (W, W, B) the same without one team of each wave; the first axis is the wave it is taken from.
    counts
        (W,) teams of each wave.
    stretch
        (T,) stretch of every week.
    """

    whole: Array
    without: Array
    counts: Array
    stretch: Ints


def shown_interval(starts: Ints, weeks: int, components: Components) -> ShownInterval:
    """The interval of a roll-out over ``weeks`` weeks, history included.

    Parameters
    ----------
    starts
        (J,) week in which each team starts, history counted; ``weeks`` or more for never.
    weeks
        Weeks T.
    components
        Of a team's weekly mean.

    Notes
    -----
    Leaving out team j changes the estimate by a weighted sum of outcomes; the variance estimate is the sum of squares
    of these changes, with mean ``tr K`` and ``(tr K)^2 / tr K^2`` degrees of freedom, ``K`` their covariances under the
    teams' own autocorrelation. The interval uses the estimator's degrees of freedom
    (:mod:`analysis.inference.degrees_of_freedom`), which assume independent weeks.
    """
    found = _weights(tuple(int(start) for start in np.sort(np.minimum(starts, weeks))), weeks)
    if found is None:
        return NOTHING
    n_teams = int(found.counts.sum())
    lengths = np.bincount(found.stretch).astype(np.float64)
    own = _summed(components.covariance(weeks), found.stretch)
    truth, total, squares = _moments(found, own)
    shown = _moments(found, np.diag(lengths))
    if not (truth > 0 and squares > 0):
        return NOTHING
    scale = (n_teams - 1) / n_teams
    df_shown = of_variance(shown[1], shown[2], shown[0], n_teams)
    df_error = min(max(total**2 / squares, 1.0), float(n_teams - 1))
    return ShownInterval(math.sqrt(truth), math.sqrt(total * scale / truth), df_shown, df_error)


def _moments(found: _Weights, covariance: Array) -> tuple[float, float, float]:
    """True variance, mean and half the variance of the sum of squared moves, for a (B, B) covariance of stretches."""
    counts, whole = found.counts, found.whole
    truth = float(counts @ np.sum((whole @ covariance) * whole, axis=1))
    moved = found.without - whole[None]  # (g, m, B): by a team of wave m, when one of wave g is left out
    turned = moved @ covariance
    n_waves = counts.size
    own = np.arange(n_waves)
    shared = np.einsum("m,gmb,hmb->gh", counts, turned, moved)
    at_own = moved[own, own]  # (g, B) what another team of the same wave does
    lost = at_own + whole  # the team itself gives up its whole weight instead
    from_first = np.einsum("gb,hgb->gh", lost, turned)
    pairs = shared - from_first - from_first.T
    alone = np.diagonal(shared) - np.sum((at_own @ covariance) * at_own, axis=1)
    alone = alone + np.sum((whole @ covariance) * whole, axis=1)
    there = counts > 0
    total = float(counts[there] @ alone[there])
    times = np.outer(counts, counts) - np.diag(counts)
    squares = float(counts[there] @ alone[there] ** 2) + float((times * pairs**2).sum())
    return truth, total, squares


def _summed(covariance: Array, stretch: Ints) -> Array:
    """(B, B) sums of a (T, T) covariance over stretches."""
    n = int(stretch[-1]) + 1
    rows = np.zeros((n, covariance.shape[1]))
    np.add.at(rows, stretch, covariance)
    both = np.zeros((n, n))
    np.add.at(both.T, stretch, rows.T)
    return both


@lru_cache(maxsize=512)
def _weights(starts: tuple[int, ...], weeks: int) -> _Weights | None:
    waves, teams = np.unique(np.array(starts, dtype=np.int64), return_counts=True)
    edges = np.unique(np.concatenate([[0], waves[(waves > 0) & (waves < weeks)]]))
    lengths = np.diff(np.append(edges, weeks)).astype(np.float64)
    counts = np.asarray(teams, dtype=np.float64)
    whole = stretch_weights(waves, counts, edges, lengths)
    if whole is None:
        return None
    without = np.empty((waves.size, *whole.shape))
    for wave in range(waves.size):
        left = counts.copy()
        left[wave] -= 1
        made = stretch_weights(waves, left, edges, lengths)
        if made is None:  # the estimate hangs on one team
            return None
        without[wave] = made
    return _Weights(whole, without, counts, np.repeat(np.arange(edges.size), lengths.astype(np.int64)))


def stretch_weights(waves: Ints, counts: Array, edges: Ints, lengths: Array) -> Array | None:
    """(W, B) weight of a team-week in the imputation estimate, by wave and stretch; None when it has no estimate.

    Teams that start together, and weeks with the same untrained teams, have equal weights, so the normal equations need
    sums only and no design matrix is built.

    Parameters
    ----------
    waves
        (W,) first trained week.
    counts
        (W,) teams of each.
    edges
        (B,) first week of each stretch.
    lengths
        (B,) weeks in it.
    """
    there = counts > 0
    untrained = (edges[None, :] < waves[:, None]) & there[:, None]
    with_control = np.asarray(untrained.any(axis=0))
    wanted = ~untrained & with_control[None, :] & (waves > 0)[:, None] & there[:, None]
    n_wanted = float(counts @ wanted @ lengths)
    if n_wanted == 0:
        return None
    cells, n_waves, n = untrained.astype(np.float64), waves.size, edges.size
    both = counts[:, None] * cells * lengths[None, :]
    normal = np.zeros((n_waves + n, n_waves + n))
    normal[:n_waves, :n_waves] = np.diag(both.sum(axis=1))
    normal[:n_waves, n_waves:] = both
    normal[n_waves:, :n_waves] = both.T
    normal[n_waves:, n_waves:] = np.diag(both.sum(axis=0))
    target = np.concatenate([counts * (wanted @ lengths), (counts @ wanted) * lengths]) / n_wanted
    solution = np.linalg.lstsq(normal, target, rcond=None)[0]
    fitted = solution[:n_waves, None] + solution[None, n_waves:]
    return np.asarray(np.where(wanted, 1.0 / n_wanted, np.where(untrained, -fitted, 0.0)))
