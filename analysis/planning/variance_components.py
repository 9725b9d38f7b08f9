"""Variance components of teams' weekly means (autocorrelated and weekly parts), estimated from untrained weeks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.errors import EstimationError
from analysis.panel.panel import Panel

Array = NDArray[np.float64]
FEWEST_TEAMS, FEWEST_WEEKS = 4, 8
"""Fewest teams and weeks for which the components can be estimated."""
LARGEST_AUTOCORRELATION = 0.995


@dataclass(frozen=True)
class Components:
    """Variance components of a team's weekly mean, net of team and week effects.

    Attributes
    ----------
    lasting
        Variance of the autocorrelated part (AR(1)).
    autocorrelation
        Autocorrelation of that part from one week to the next.
    weekly
        Variance of the independent part: sampling error of contacts and weekly shocks, at the team's current size.
    n_teams, n_weeks
        Teams and weeks behind the estimate.
    stated
        Whether they were stated by the user instead of estimated.
    """

    lasting: float
    autocorrelation: float
    weekly: float
    n_teams: int = 0
    n_weeks: int = 0
    stated: bool = False

    def covariance(self, weeks: int) -> Array:
        """(T, T) covariance of a team's weekly means."""
        apart = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
        return np.asarray(self.lasting * self.autocorrelation**apart + self.weekly * np.eye(weeks))


def untreated_block(panel: Panel) -> tuple[Array, Array]:
    """Weekly means of teams over weeks in which none of them was trained, as large a block as there is.

    Parameters
    ----------
    panel
        Agents x weeks, clusters the teams.

    Returns
    -------
    means, sizes
        (teams, weeks) outcome and denominators; teams with a week without data are left out.

    Raises
    ------
    EstimationError
        No block of at least :data:`FEWEST_TEAMS` teams and :data:`FEWEST_WEEKS` weeks exists.
    """
    teams, weeks = panel.n_clusters, panel.n_periods
    num, den = np.zeros((teams, weeks)), np.zeros((teams, weeks))
    np.add.at(num, panel.cluster_ix, panel.num)
    np.add.at(den, panel.cluster_ix, panel.den)
    first = np.full(teams, weeks, dtype=np.int64)
    np.minimum.at(first, panel.cluster_ix, np.minimum(panel.cohort_ix, weeks))
    best: tuple[int, NDArray[np.bool_], int] | None = None
    for end in sorted({int(week) for week in first if week >= FEWEST_WEEKS}):
        kept = (first >= end) & (den[:, :end] > 0).all(axis=1)
        size = int(kept.sum()) * end
        if kept.sum() >= FEWEST_TEAMS and (best is None or size > best[0]):
            best = (size, kept, end)
    if best is None:
        raise EstimationError(
            f"There are not {FEWEST_TEAMS} teams with {FEWEST_WEEKS} untrained weeks in common, so how much teams move "
            "by themselves cannot be estimated. State it instead."
        )
    _, kept, end = best
    return num[kept, :end] / den[kept, :end], den[kept, :end]


def estimate_components(means: Array) -> Components:
    """Variance components by restricted maximum likelihood.

    Parameters
    ----------
    means
        (teams, weeks), every value known.

    Returns
    -------
    Components

    Notes
    -----
    Team and week effects are fixed and taken out inside the likelihood: in a short panel residual autocovariances
    underestimate the autocorrelated part; the restricted likelihood does not. With week effects removed by centring
    over teams and one intercept a team, ``-2 l = (J - 1)(log|V| + log 1'V^-1 1) + sum_i r_i' P r_i`` with ``V = a
    R(rho) + b I`` and ``P`` the projection of ``V^-1`` off the intercept.

    Assumptions: 1. teams are independent once the week's shock, common to all, is taken out (not checked); 2. all teams
    share the components (not checked); 3. autocorrelation declines geometrically (not checked).

    Sources: H. D. Patterson, R. Thompson (1971), doi:10.1093/biomet/58.3.545; for time shocks in planning F. Burlig,
    L. Preonas, M. Woerman (2020), doi:10.1016/j.jdeveco.2020.102458.
    """
    teams, weeks = means.shape
    if teams < FEWEST_TEAMS or weeks < FEWEST_WEEKS:
        raise EstimationError(
            f"{teams} teams and {weeks} weeks are too few; {FEWEST_TEAMS} teams and {FEWEST_WEEKS} weeks are needed."
        )
    residuals = means - means.mean(axis=0, keepdims=True)
    within = residuals - residuals.mean(axis=1, keepdims=True)
    total = float((within**2).sum() / ((teams - 1) * (weeks - 1)))
    if total <= 0:
        return Components(0.0, 0.0, 0.0, teams, weeks)
    products = residuals.T @ residuals
    apart = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))

    def loss(free: Array) -> float:
        lasting, rho, weekly = _released(free, total)
        covariance = lasting * rho**apart + weekly * np.eye(weeks)
        sign, log_size = np.linalg.slogdet(covariance)
        if sign <= 0:
            return math.inf
        inverse = np.linalg.inv(covariance)
        ones = inverse.sum(axis=1)
        weight = float(ones.sum())
        inside = float((inverse * products).sum() - ones @ products @ ones / weight)
        return float((teams - 1) * (log_size + math.log(weight)) + inside)

    starts = [
        np.array([math.log(share), math.atanh(rho), math.log(1 - share)]) for share in (0.2, 0.7) for rho in (0.3, 0.85)
    ]
    found = min((minimize(loss, start, method="Nelder-Mead", options={"maxiter": 400}) for start in starts), key=_value)
    lasting, rho, weekly = _released(found.x, total)
    return Components(lasting, rho, weekly, teams, weeks)


def _value(found: object) -> float:
    return float(found.fun)  # type: ignore[attr-defined]


def _released(free: Array, total: float) -> tuple[float, float, float]:
    """Map unbounded parameters to variances and an autocorrelation within bounds."""
    rho = min(max(math.tanh(float(free[1])), 0.0), LARGEST_AUTOCORRELATION)
    lasting, weekly = (total * math.exp(min(max(float(v), -30.0), 10.0)) for v in (free[0], free[2]))
    return lasting, rho, weekly
