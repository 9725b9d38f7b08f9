"""Variance of an effect in a stepped-wedge roll-out, by generalised least squares on cluster-period means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError

Array = NDArray[np.float64]
Structure = Literal["exchangeable", "nested_exchangeable", "decay", "closed_cohort"]
STRUCTURES: tuple[Structure, ...] = ("exchangeable", "nested_exchangeable", "decay", "closed_cohort")


def stepped_wedge_variance(
    clusters_by_wave: Sequence[int],
    periods: int,
    cluster_size: float,
    icc: float,
    total_variance: float = 1.0,
    structure: Structure = "exchangeable",
    cac: float = 1.0,
    iac: float = 0.0,
    *,
    starts: Sequence[int] | None = None,
) -> float:
    """Variance of the estimated effect under one of four covariance structures.

    Parameters
    ----------
    clusters_by_wave
        Clusters (teams) that start in each wave.
    periods
        Periods T, the first of them before any wave.
    cluster_size
        Observations of a cluster in a period.
    icc
        Share of the variance that observations of one cluster and period have in common, rho.
    total_variance
        Of an observation: within and between clusters.
    structure
        ``exchangeable`` (Hussey and Hughes): the cluster effect is constant over time. ``nested_exchangeable``: two
        periods of a cluster share ``cac`` of what one period shares. ``decay``: they share ``cac`` to the power of
        their distance. ``closed_cohort``: as nested, and the same people are seen again, with autocorrelation ``iac``
        of their own.
    cac, iac
        Cluster and individual autocorrelation, 0 to 1.
    starts
        Period (from 0) in which each wave starts; 1, 2, ... by default. A wave that starts at ``periods`` is never
        trained.

    Returns
    -------
    float
        Of the effect, in squared units of the outcome; its root is the standard error.

    Raises
    ------
    EstimationError
        A number out of range, more waves than periods allow, or no comparison left.

    Notes
    -----
    ``Var = (A^-1)_last`` with ``A = sum_i Z_i' V^-1 Z_i`` and ``Z_i = [I_T, X_i]``. Assumptions: 1. the effect is
    immediate and constant (not checked; for growing effects plan for the average over time); 2. clusters are
    independent and of one size (not checked).

    Sources: M. A. Hussey, J. P. Hughes (2007), doi:10.1016/j.cct.2006.05.007; R. Hooper et al. (2016),
    doi:10.1002/sim.7028; J. Kasza et al. (2019), doi:10.1177/0962280217734981.

    Examples
    --------
    >>> round(stepped_wedge_variance([2, 2, 2, 2], 5, 50, 0.05, structure="decay", cac=0.8), 9)
    0.009975992
    """
    begins = list(range(1, len(clusters_by_wave) + 1)) if starts is None else list(starts)
    _checked(clusters_by_wave, periods, cluster_size, icc, total_variance, cac, iac, begins)
    covariance = total_variance * mean_covariance(periods, cluster_size, icc, structure, cac, iac)
    trained = np.arange(periods)[None, :] >= np.asarray(begins)[:, None]
    return gls_variance(covariance, trained.astype(np.float64), np.asarray(clusters_by_wave, dtype=np.float64))


def mean_covariance(
    periods: int, cluster_size: float, icc: float, structure: Structure, cac: float = 1.0, iac: float = 0.0
) -> Array:
    """(T, T) covariance of a cluster's period means, for a total variance of 1."""
    same, every = np.eye(periods), np.ones((periods, periods))
    alone = (1.0 - icc) / cluster_size
    if structure == "exchangeable":
        return np.asarray(icc * every + alone * same)
    if structure == "nested_exchangeable":
        return np.asarray(icc * (cac * every + (1 - cac) * same) + alone * same)
    if structure == "decay":
        apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
        return np.asarray(icc * float(cac) ** apart + alone * same)
    if structure == "closed_cohort":
        return np.asarray(icc * (cac * every + (1 - cac) * same) + alone * (iac * every + (1 - iac) * same))
    raise EstimationError(f"There is no structure {structure!r}; there are: {', '.join(STRUCTURES)}.")


def gls_variance(covariance: Array, trained: Array, counts: Array) -> float:
    """Variance of the effect by generalised least squares with period effects.

    Parameters
    ----------
    covariance
        (T, T) of a cluster's period means.
    trained
        (waves, T) 1 where a cluster of the wave is trained.
    counts
        (waves,) clusters.

    Raises
    ------
    EstimationError
        All clusters start together, so that training and calendar time cannot be told apart.
    """
    periods = covariance.shape[0]
    inverse = np.linalg.inv(covariance)
    sums = np.zeros((periods + 1, periods + 1))
    for row, count in zip(trained, counts, strict=True):
        design = np.column_stack([np.eye(periods), row])
        sums += count * (design.T @ inverse @ design)
    if np.linalg.matrix_rank(sums) <= periods:
        raise EstimationError(
            "All teams start in the same period, so nothing is left to compare with: start them in waves, or keep some "
            "untrained."
        )
    return float(np.linalg.inv(sums)[-1, -1])


def _checked(
    clusters: Sequence[int],
    periods: int,
    size: float,
    icc: float,
    variance: float,
    cac: float,
    iac: float,
    begins: Sequence[int],
) -> None:
    if not clusters or any(count < 1 for count in clusters):
        raise EstimationError("Every wave needs at least one team.")
    if len(begins) != len(clusters):
        raise EstimationError(f"{len(clusters)} waves have {len(begins)} starts; give each one.")
    if sum(clusters) < 2:
        raise EstimationError("One team cannot be compared with any other; plan for more.")
    if min(begins) < 0 or max(begins) > periods:
        raise EstimationError(
            f"A wave starts in period {max(begins)} and there are {periods}; plan more periods or fewer waves."
        )
    for name, value in (("icc", icc), ("cac", cac), ("iac", iac)):
        if not 0 <= value <= 1:
            raise EstimationError(f"{name} is {value:g}; it is a share between 0 and 1.")
    if not (size > 0 and variance > 0):
        raise EstimationError("The size of a team and the variance must be above zero.")
