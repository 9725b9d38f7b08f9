"""Slope of one outcome on others within agents and weeks, corrected for the regressors' measurement error.

Noise in a regressor attenuates its slope by its reliability after agent and period effects, which is far below the
reliability of its level: agents differ more than one agent's weeks do. The noise variance is known from counts, so it
is subtracted from the regressors' moments before they are inverted (Fuller 1987, section 2.2).

Agent effects are profiled out, so that the normal equations are sums over clusters, and the slope without any cluster
is solved exactly from the same sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_CELLS = 30
"""Fewest cells for a slope."""
COLLINEAR = 1e-6
"""Exact regressors are collinear when the smallest eigenvalue of their correlation matrix is below this."""
ROUNDING = 1e-12
"""Below this share of its sum of squares, a regressor's variation within units and periods is rounding error."""
LEAST_SIGNAL = 0.02
"""Regressors with a lower reliability are not corrected: the divisor would be close to zero."""


@dataclass(frozen=True, eq=False)
class Regressor:
    """A measured regressor: its mean by cell, the count behind it and the noise of a single value.

    Attributes
    ----------
    mean : (U, P) array
    count : (U, P) array
        Values behind the mean; 0 where there is none.
    variance : (U,) array
        Variance of a single value, by unit; zeros where the regressor is known exactly.
    without : (C,) array, optional
        Factor by which those variances change when a cluster is left out of their estimation; default none.
    """

    mean: Floats
    count: Floats
    variance: Floats
    without: Floats | None = None

    @classmethod
    def exact(cls, mean: Floats, count: Floats) -> Regressor:
        """A regressor without noise."""
        return cls(mean, count, np.zeros(mean.shape[0]))

    @property
    def noise(self) -> Floats:
        """(U, P) sampling variance of the cells' means; 0 where there is none."""
        return ratio(self.variance[:, None], self.count, 0.0)


@dataclass(frozen=True, eq=False)
class WithinSlope:
    """Slopes within units and periods.

    Attributes
    ----------
    slope : (K,) array
        Corrected for noise; NaN where the regressors hold nothing but noise.
    plain : (K,) array
        Not corrected.
    replicates : (C, K) array
        ``slope`` without each cluster.
    reliability : (K,) array
        Share of each regressor's variance within units and periods that is not sampling noise.
    correlation : float
        Between the regressors' fitted sum and the outcome within units and periods, corrected for noise where known:
        the correlation a shared shock would need to explain the whole slope.
    n_cells, n_units : int
    """

    slope: Floats
    plain: Floats
    replicates: Floats
    reliability: Floats
    correlation: float
    n_cells: int
    n_units: int

    @property
    def readable(self) -> bool:
        """Whether there is a slope at all."""
        return bool(np.isfinite(self.slope).all())


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums by cluster after unit effects are taken out; D = P periods + K regressors + 1 outcome.

    Attributes
    ----------
    system : (C, D, D) array
        Cross products.
    own_noise : (C, N, N) array
        Noise in the cross products of the N noisy columns (regressors, then the outcome).
    period_noise : (N, N) array
        The part of it that period effects absorb, over all clusters. Leaving out a cluster changes it by the order of
        one over the number of units, so it is not recomputed for every cluster.
    raw : (K + 1,) array
        Sums of squares of regressors and outcome over all clusters before anything is taken out.
    """

    system: Floats
    own_noise: Floats
    period_noise: Floats
    raw: Floats

    @cached_property
    def whole(self) -> tuple[Floats, Floats]:
        """``system`` and ``own_noise`` summed over all clusters."""
        return np.asarray(self.system.sum(axis=0)), np.asarray(self.own_noise.sum(axis=0))


def no_slope(n_clusters: int, n_regressors: int, n_cells: int = 0, n_units: int = 0) -> WithinSlope:
    """No slope: too few cells."""
    none = np.full(n_regressors, np.nan)
    return WithinSlope(none, none, np.full((n_clusters, n_regressors), np.nan), none, np.nan, n_cells, n_units)


def within_slope(
    outcome: Regressor,
    regressors: Sequence[Regressor],
    cluster_ix: Ints,
    n_clusters: int,
    *,
    controls: Sequence[Floats] = (),
    outcome_noise_known: bool = True,
    error_correlation: Floats | None = None,
) -> WithinSlope:
    """Weighted least squares of the outcome on regressors, unit and period effects, less the regressors' noise.

    Parameters
    ----------
    outcome : Regressor
        The outcome in the same form; its noise is used for ``correlation`` only.
    regressors : sequence of K Regressor
        Only cells where the outcome and all regressors are observed are used.
    cluster_ix : (U,) int array
    n_clusters : int
    controls : sequence of (U, P) arrays
        Further regressors known without error; cells where one is not finite are left out.
    outcome_noise_known : bool
    error_correlation : (K, K) array, optional
        Correlation of the noise of two regressors measured on the same contacts; default none.

    Returns
    -------
    WithinSlope

    Notes
    -----
    Weights: the outcome's count times n / (n + noise / signal) of the least reliable regressor, so that a cell of one
    evaluation counts less than one of five; fixed before the slope is solved.

    Assumptions: 1. the noise of a regressor is unrelated to the outcome (measured on other contacts: up to the caller);
    2. single values are drawn independently within a cell; 3. no omitted shock moves regressor and outcome within units
       and periods (not checkable, see ``correlation``).

    Source: Fuller (1987), Measurement Error Models, doi:10.1002/9780470316665. Leave-one-cluster-out: MacKinnon,
    Nielsen, Webb (2023), doi:10.1002/jae.2969.
    """
    noisy = len(regressors)
    seen: NDArray[np.bool_] = np.asarray(outcome.count > 0)
    for one in regressors:
        seen &= one.count > 0
    for values in controls:
        seen &= np.isfinite(values)
    seen &= (seen.sum(axis=1) > 1)[:, None]
    units = np.asarray(seen.any(axis=1))
    n_cells = int(seen.sum())
    if n_cells < LEAST_CELLS:
        return no_slope(n_clusters, noisy, n_cells, int(units.sum()))
    periods = seen.any(axis=0)
    inside = np.ix_(units, periods)
    seen, cluster = np.asarray(seen[inside]), cluster_ix[units]
    columns = [*(one.mean for one in regressors), *controls, outcome.mean]
    values = np.stack([np.where(seen, column[inside], 0.0) for column in columns])
    noise = [np.where(seen, one.noise[inside], 0.0) for one in (*regressors, outcome)]
    correlation = np.eye(noisy + 1)
    if error_correlation is not None:
        correlation[:noisy, :noisy] = error_correlation
    weight = np.where(seen, outcome.count[inside], 0.0)
    for _ in range(2):
        moments = moments_of(weight, values, noise, correlation, cluster, n_clusters)
        whole = _solve(moments, None, noisy, len(controls))
        share = np.clip(whole.reliability, LEAST_SIGNAL, 1.0)
        if bool(np.all(share >= 1.0)):
            break  # the moments are final: no weight changed
        counts = [np.where(seen, one.count[inside], 0.0) for one in regressors]
        usual = [float((weight * c).sum() / weight.sum()) for c in counts]
        cell = [c / (c + u * (1 - s) / s) for c, u, s in zip(counts, usual, share, strict=True)]
        weight = np.where(seen, outcome.count[inside], 0.0) * np.min(cell, axis=0)
    else:
        moments = moments_of(weight, values, noise, correlation, cluster, n_clusters)
        whole = _solve(moments, None, noisy, len(controls))
    replicates = np.full((n_clusters, noisy), np.nan)
    scale = np.column_stack([np.ones(n_clusters) if one.without is None else one.without for one in regressors])
    held: NDArray[np.bool_] = np.asarray(moments.system.any(axis=(1, 2)))
    for c in range(n_clusters):
        replicates[c] = _solve(moments, c, noisy, len(controls), scale[c]).slope if held[c] else whole.slope
    return WithinSlope(
        slope=whole.slope,
        plain=whole.plain,
        replicates=replicates,
        reliability=whole.reliability,
        correlation=whole.correlation(outcome_noise_known),
        n_cells=n_cells,
        n_units=int(units.sum()),
    )


def moments_of(
    weight: Floats, values: Floats, noise: Sequence[Floats], correlation: Floats, cluster: Ints, n_clusters: int
) -> Moments:
    n_columns, _, n_periods = values.shape
    total = weight.sum(axis=1)
    root = np.sqrt(ratio(1.0, total, 0.0))
    scaled = weight * root[:, None]  # (U, P)
    weighted = weight * values  # (J, U, P)
    means = weighted.sum(axis=2) * root  # (J, U)
    size = n_periods + n_columns
    system = np.zeros((n_clusters, size, size))
    noisy = [k for k, variance in enumerate(noise) if variance.any()]
    pairs = [(k, m) for k in noisy for m in noisy if k == m or correlation[k, m] != 0]
    own = np.zeros((n_clusters, len(noise), len(noise)))
    by_period = {pair: np.zeros((n_periods, n_periods)) for pair in pairs}
    order = np.argsort(cluster, kind="stable")
    bounds = np.searchsorted(cluster[order], np.arange(n_clusters + 1))
    diagonal = np.arange(n_periods)
    spread = {(k, m): correlation[k, m] * np.sqrt(noise[k] * noise[m]) for k, m in pairs}
    for c in range(n_clusters):
        rows = order[bounds[c] : bounds[c + 1]]
        if rows.size == 0:
            continue
        block, w, s = system[c], weight[rows], scaled[rows]
        block[:n_periods, :n_periods] = -s.T @ s
        block[diagonal, diagonal] += w.sum(axis=0)
        cross = weighted[:, rows].sum(axis=1) - means[:, rows] @ s  # (J, P)
        block[n_periods:, :n_periods], block[:n_periods, n_periods:] = cross, cross.T
        block[n_periods:, n_periods:] = (
            weighted[:, rows].reshape(n_columns, -1) @ values[:, rows].reshape(n_columns, -1).T
            - means[:, rows] @ means[:, rows].T
        )
        for k, m in pairs:
            lost = w**2 * spread[k, m][rows]  # weight squared x noise covariance
            sums, inverse = lost.sum(axis=1), ratio(1.0, total[rows], 0.0)
            own[c, k, m] = (w * spread[k, m][rows]).sum() - (sums * inverse).sum()
            share = w * inverse[:, None]
            part = -share.T @ lost
            part += part.T + (share * sums[:, None]).T @ share
            part[diagonal, diagonal] += lost.sum(axis=0)
            by_period[k, m] += part
    inverse = _inverse(system.sum(axis=0)[:n_periods, :n_periods])
    taken = np.zeros((len(noise), len(noise)))
    for (k, m), part in by_period.items():
        taken[k, m] = float((inverse * part).sum())
    return Moments(system, own, taken, np.asarray((weighted * values).sum(axis=(1, 2))))


def _inverse(periods: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(periods, hermitian=True, rcond=1e-10))


@dataclass(frozen=True, eq=False)
class _Solved:
    slope: Floats
    plain: Floats
    reliability: Floats
    explained: float
    signal: float
    outcome: float
    outcome_noise: float

    def correlation(self, noise_known: bool) -> float:
        left = self.outcome - (self.outcome_noise if noise_known else 0.0)
        if not (self.signal > 0 and left > LEAST_SIGNAL * self.outcome):
            return float("nan")
        return float(np.clip(self.explained / np.sqrt(self.signal * left), -1.0, 1.0))


def _solve(moments: Moments, without: int | None, noisy: int, n_controls: int, scale: Floats | None = None) -> _Solved:
    """Slopes from the sums over all clusters, or all but one; ``scale`` (K,): how the noise changes without it."""
    system, own = moments.whole
    if without is not None:
        system, own = system - moments.system[without], own - moments.own_noise[without]
    n_columns = noisy + n_controls + 1
    n_periods = system.shape[0] - n_columns
    inverse = _inverse(system[:n_periods, :n_periods])
    cross = system[n_periods:, :n_periods]
    left = system[n_periods:, n_periods:] - cross @ inverse @ cross.T
    taken = own - moments.period_noise
    x = slice(0, n_columns - 1)
    lost = np.zeros((n_columns - 1, n_columns - 1))
    lost[:noisy, :noisy] = taken[:noisy, :noisy]
    if scale is not None:
        lost[:noisy, :noisy] *= np.sqrt(np.outer(scale, scale))
    top = left[x, -1]
    true = left[x, x] - lost
    nan = np.full(noisy, np.nan)
    moves = np.diag(left)[:noisy] > ROUNDING * moments.raw[:noisy]  # otherwise only rounding error is left of it
    reliability = np.where(moves, ratio(np.diag(true)[:noisy], np.diag(left)[:noisy]), 0.0)
    plain: Floats = np.asarray(np.linalg.lstsq(left[x, x], top, rcond=1e-12)[0][:noisy], dtype=np.float64)
    slope, explained, signal = nan, np.nan, np.nan
    normed = np.sqrt(np.where(np.diag(true) > 0, np.diag(true), np.nan))
    least = LEAST_SIGNAL if own[:noisy, :noisy].any() else COLLINEAR
    if np.isfinite(normed).all() and bool(np.all(reliability > LEAST_SIGNAL)):
        shape = true / np.outer(normed, normed)
        if np.linalg.eigvalsh(shape)[0] > least:
            whole = np.linalg.solve(true, top)
            slope = whole[:noisy]
            explained, signal = float(slope @ top[:noisy]), float(slope @ true[:noisy, :noisy] @ slope)
    return _Solved(slope, plain, reliability, explained, signal, float(left[-1, -1]), float(taken[-1, -1]))
