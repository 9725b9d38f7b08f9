"""Fit the course of an effect after training: ramp, half-life, and the share that stays.

    effect in week e = size x (1 - 2^(-(e + 1) / ramp)) x (floor + (1 - floor) x 2^(-e / half-life))

fitted to the event study. An event study may not identify all three numbers: each has a confidence range that may be
open, and a number whose range excludes no value is not identified.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.results import Aggregation

Floats = NDArray[np.float64]

MIN_WEEKS = 8
"""Weeks after training below which no path is fitted."""
SHARE_OF_PEAK = 0.2
"""Weeks with fewer agents than this share of the fullest one are left out: few waves reach them."""
RATES = np.concatenate([[0.0], np.geomspace(1 / 416, 1 / 2, 60)])
"""Fading per week, one over the half-life: none, and half-lives from eight years to two weeks."""
RAMPS = np.concatenate([[0.0], np.geomspace(0.5, 12.0, 10)])
"""Weeks until half of the effect has come; 0: at once."""
STEPS = np.array([1e-5, 1e-3, 1e-4])
"""Step of the numerical derivative by rate, ramp and floor."""
FLOORS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
"""Share of the effect that stays."""

MOST_GRIDS, FINE = 3, 41
"""Where every value of the grid is rejected, the search is repeated on finer grids around the best one."""


@dataclass(frozen=True)
class PathNumber:
    """A parameter of the path with its confidence range; an end is NaN where the range is open.

    Attributes
    ----------
    estimate, low, high
        Half-life and ramp in weeks (infinity: never fades), floor as a share.
    identified
        Whether the range excludes any value.
    """

    estimate: float
    low: float
    high: float
    identified: bool


@dataclass(frozen=True)
class Path:
    """The fitted course of an effect.

    Attributes
    ----------
    ramp, half_life, floor
        Of the formula above. ``half_life`` is fitted without a floor: the time in which the effect itself halves.
    fades
        Whether the event study rejects an effect that never fades.
    weeks
        Weeks after training that were used.
    size
        Size of the full effect, natural unit.
    """

    ramp: PathNumber
    half_life: PathNumber
    floor: PathNumber
    fades: bool
    weeks: int
    size: float


def effect_path(events: Aggregation, ci_level: float = 0.95) -> Path | None:
    """Fit the path to an event study.

    Each number's range holds every value that a score test does not reject: the event study is regressed on the path
    with that value (the others at their best fit) and on how the path would move with each number; where the
    coefficient of the last is significant, the value is excluded. The test is valid whether or not the number is
    identified, so a range may be open.

    Parameters
    ----------
    events
        Event study of the headline, with the influence of clusters.
    ci_level
        Level of the ranges.

    Returns
    -------
    Path or None
        ``None`` with fewer than ``MIN_WEEKS`` weeks, where the effect itself may be zero, or where no path of this form
        fits.

    Notes
    -----
    Assumptions:

    1. Waves follow the same path. Not checked: only early waves are seen many weeks after training.
    2. The path has this form. Not checked: an effect that grows for months is fitted as one that never fades.
    3. Those of the event study.

    Standard errors are those of the event study (leave-one-cluster-out), t with its degrees of freedom.

    Source: Borusyak, Jaravel, Spiess (2024), doi:10.1093/restud/rdae007 (event study); Stock, Wright (2000),
    doi:10.1111/1468-0262.00151 (ranges that hold without identification).
    """
    overall = events.overall
    if not overall.available or overall.ci_low <= 0 <= overall.ci_high:
        return None
    key = np.array([int(k) for k in events.columns["key"]])
    theta = np.asarray(events.columns["estimate"], dtype=np.float64)
    agents = np.asarray(events.columns["n_agents"], dtype=np.float64)
    used = (key >= 0) & np.isfinite(theta) & np.isfinite(events.influence).all(axis=0)
    used &= agents >= SHARE_OF_PEAK * agents[key >= 0].max(initial=0.0)
    if int(used.sum()) < MIN_WEEKS:
        return None
    week, theta, psi = key[used].astype(np.float64), theta[used], events.influence[:, used]
    root = _weighing(psi, agents[used])
    fits = _Fits(week, root @ theta, psi @ root.T, root, float(stdtrit(max(overall.df, 1.0), 0.5 + ci_level / 2)))
    rates, ramps = RATES, RAMPS
    for _ in range(MOST_GRIDS):
        plain = np.array([(rate, ramp, 0.0) for rate in rates for ramp in ramps])
        loss, _, size = fits.losses(plain)
        best = int(np.argmin(loss))
        fading = fits.ranges(plain, loss, axis=0)
        ramp = fits.ranges(plain, loss, axis=1)
        if any(fading.values()) and any(ramp.values()):
            break
        rates, ramps = _between(rates, plain[best, 0]), _between(ramps, plain[best, 1])
    with_floor = np.array([(rate, come, floor) for rate in RATES[1::4] for come in RAMPS for floor in FLOORS])
    loss_floor, _, _ = fits.losses(with_floor)
    floor = fits.ranges(with_floor, loss_floor, axis=2)
    slowest, fastest = _ends(rates, fading)
    soonest, latest = _ends(ramps, ramp)
    least, most = _ends(FLOORS, floor)
    if math.isnan(slowest):
        return None  # no path of this form fits
    fades = slowest > 0
    low = 1 / fastest if fastest < RATES[-1] else math.nan
    high = 1 / slowest if fades else math.nan
    rate, come = (float(value) for value in plain[best, :2])
    stays = float(with_floor[int(np.argmin(loss_floor)), 2]) if fades else 1.0
    return Path(
        ramp=PathNumber(come, soonest, latest if latest < RAMPS[-1] else math.nan, latest < RAMPS[-1] or soonest > 0),
        half_life=PathNumber(1 / rate if rate > 0 else math.inf, low, high, not (math.isnan(low) and math.isnan(high))),
        floor=PathNumber(
            stays, least if fades else math.nan, most if fades else math.nan, fades and (least > 0 or most < 1)
        ),
        fades=fades,
        weeks=int(used.sum()),
        size=float(size[best]),
    )


def paths_of(week: Floats, points: Floats) -> Floats:
    """(P, K) paths with size 1 over (K,) weeks, of (P, 3) rates, ramps and floors."""
    rate, ramp, floor = (column[:, None] for column in points.T)
    come = np.where(ramp > 0, 1 - 2.0 ** (-(week + 1) / np.where(ramp > 0, ramp, 1.0)), 1.0)
    return np.asarray(come * (floor + (1 - floor) * 2.0 ** (-week * rate)))


@dataclass(frozen=True)
class _Fits:
    """Least squares of the weighed event study on paths; ``influence`` (C, K) is that of the weighed weeks."""

    week: Floats
    theta: Floats
    influence: Floats
    root: Floats
    critical: float

    def losses(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Sum of squares left by every path, the paths, and their sizes."""
        paths = paths_of(self.week, points) @ self.root.T
        square = np.einsum("pk,pk->p", paths, paths)
        size = paths @ self.theta / square
        return np.asarray(self.theta @ self.theta - size**2 * square), paths, np.asarray(size)

    def ranges(self, points: Floats, loss: Floats, axis: int) -> dict[float, bool]:
        """Value of one number to whether the score test keeps it, the others at their best fit for it."""
        values = points[:, axis]
        free = [k for k in range(3) if k != axis and bool((points[:, k] != points[0, k]).any())]
        kept: dict[float, bool] = {}
        for value in np.unique(values):
            inside = np.flatnonzero(values == value)
            kept[float(value)] = self._kept(points[inside[int(np.argmin(loss[inside]))]], (*free, axis))
        return kept

    def _kept(self, point: Floats, axes: Sequence[int]) -> bool:
        """Score test at a point: whether the residuals are unrelated to a change of the last number named; those before
        it are fitted."""
        steps = np.zeros((len(axes) + 1, 3))
        steps[np.arange(1, len(axes) + 1), list(axes)] = STEPS[list(axes)]
        paths = paths_of(self.week, point + steps)
        design = self.root @ np.vstack([paths[:1], (paths[1:] - paths[0]) / STEPS[list(axes), None]]).T
        norm = np.linalg.norm(design, axis=0)
        design = design[:, norm > 1e-9 * norm[0]]
        q, r = np.linalg.qr(design)
        if norm[-1] <= 1e-9 * norm[0] or abs(r[-1, -1]) < 1e-6 * norm[-1]:
            return True  # the derivative is zero: the number is not identified here
        last = q[:, -1]
        error = float(np.linalg.norm(self.influence @ last))
        return bool(abs(float(last @ self.theta)) <= self.critical * error)


def _weighing(psi: Floats, agents: Floats) -> Floats:
    """(K, K) root of the inverse of a working covariance: variances by the agents seen, one correlation for all pairs.

    The event study's own covariance has fewer clusters than weeks. Weights made from it, or from its diagonal, would
    overfit, and standard errors made from the same influence would be too small.
    """
    variance = float((np.einsum("ck,ck->k", psi, psi) * agents).mean()) / agents
    error = np.sqrt(variance)
    scaled = psi / error
    n_weeks = error.size
    own, total = float((scaled**2).sum()), float((scaled.sum(axis=1) ** 2).sum())
    common = float(np.clip((total - own) / (own * (n_weeks - 1)), 0.0, 0.95))
    working = (common + (1 - common) * np.eye(n_weeks)) * np.outer(error, error)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(working)))


def _between(values: Floats, best: float) -> Floats:
    """A finer grid around the best value, two steps of the coarse one to either side: best and truth may lie apart."""
    at = int(np.argmin(np.abs(values - best)))
    return np.linspace(values[max(at - 2, 0)], values[min(at + 2, values.size - 1)], FINE)


def _ends(values: Floats, kept: dict[float, bool]) -> tuple[float, float]:
    """Ends of the values that are kept, each moved out to the next that is not: the end lies between the two."""
    inside = [i for i, value in enumerate(values.tolist()) if kept.get(value, False)]
    if not inside:
        return math.nan, math.nan
    first, last = inside[0], inside[-1]
    below = first - 1 if first > 1 else first  # not beyond the first value, which was tested
    return float(values[below]), float(values[min(last + 1, values.size - 1)])
