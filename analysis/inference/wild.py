"""Wild cluster bootstrap on cluster scores, to check an interval that rests on few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError

Floats = NDArray[np.float64]

#: Below this many clusters all sign patterns are enumerated instead of drawn.
ENUMERATE_BELOW = 12
#: Six-point weights for the few clusters whose sign patterns are too few (Webb).
_WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])


@dataclass(frozen=True)
class WildBootstrap:
    """Result of the bootstrap.

    Attributes
    ----------
    p_value : float
        Two-sided, of no effect.
    ci_low, ci_high : float
        Symmetric bootstrap-t interval.
    critical_value : float
        Quantile of |t*| that replaces the one of t(G - 1).
    draws : int
    weights : str
    """

    p_value: float
    ci_low: float
    ci_high: float
    critical_value: float
    draws: int
    weights: str


def wild_cluster_bootstrap(
    influence: Floats,
    estimate: float,
    std_error: float,
    level: float = 0.95,
    leverage: Floats | None = None,
    weights: str = "rademacher",
    draws: int = 9_999,
    seed: int = 20_260_101,
) -> WildBootstrap:
    """Bootstrap the t statistic by flipping whole clusters.

    Every draw multiplies each cluster's influence ``psi_c`` by a weight ``v_c`` with mean zero and variance one:
    the estimate changes by ``d* = sum v_c psi_c`` and its standard error is recomputed from ``v_c psi_c - h_c d*``,
    where h_c is the cluster's share of the information, so that ``t* = d* / se*``. Nothing larger than clusters x draws
    is built: the fixed effects were projected out once.

    Parameters
    ----------
    influence : (G,) array
        Influence of every cluster; jackknife influence gives the better small-sample behaviour.
    estimate, std_error : float
    level : float
    leverage : (G,) array, optional
        Shares h_c that sum to one. Default: equal shares.
    weights : {"rademacher", "webb"}
    draws, seed : int
        With fewer than 12 clusters and Rademacher weights all 2^G patterns are used instead.

    Raises
    ------
    EstimationError
        Fewer than two clusters, or an unknown kind of weights.

    Source: Cameron, Gelbach, Miller (2008), doi:10.1162/rest.90.3.414; Kline, Santos (2012),
    doi:10.1515/2156-6674.1006; Webb (2023), doi:10.1111/caje.12661.
    """
    psi = np.asarray(influence, dtype=np.float64)
    n_clusters = psi.size
    if n_clusters < 2:
        raise EstimationError("The wild bootstrap needs at least two clusters.")
    if weights not in ("rademacher", "webb"):
        raise EstimationError(f"weights {weights!r} is not known; use 'rademacher' or 'webb'.")
    if not np.isfinite(psi).all() or not std_error > 0:
        nan = float("nan")
        return WildBootstrap(nan, nan, nan, nan, 0, weights)
    signs = _signs(n_clusters, weights, draws, seed)
    share = np.full(n_clusters, 1 / n_clusters) if leverage is None else np.asarray(leverage, dtype=np.float64)
    moved = signs * psi
    shift = moved.sum(axis=1)
    spread = np.sqrt(((moved - shift[:, None] * share) ** 2).sum(axis=1))
    scale = std_error / float(np.sqrt(((psi - psi.sum() * share) ** 2).sum()))
    usable = spread > 1e-12 * spread.max()
    statistic = np.abs(shift[usable]) / (spread[usable] * scale)
    observed = abs(estimate) / std_error
    p_value = float((np.sum(statistic >= observed * (1 - 1e-12)) + 1) / (statistic.size + 1))
    critical = float(np.quantile(statistic, level))
    return WildBootstrap(
        p_value, estimate - critical * std_error, estimate + critical * std_error, critical, statistic.size, weights
    )


def _signs(n_clusters: int, weights: str, draws: int, seed: int) -> Floats:
    if weights == "rademacher" and n_clusters < ENUMERATE_BELOW:
        return np.array(list(product((-1.0, 1.0), repeat=n_clusters)))
    generator = np.random.Generator(np.random.PCG64(seed))
    if weights == "webb":
        return np.asarray(generator.choice(_WEBB, size=(draws, n_clusters)))
    return np.asarray(generator.integers(0, 2, size=(draws, n_clusters)) * 2.0 - 1.0, dtype=np.float64)
