"""Intervals that remain valid when parallel trends fail by a stated amount (HonestDiD).

Rambachan and Roth (2023, doi:10.1093/restud/rdad018). The event-study coefficients before training estimate how far
trained and untrained drifted apart with no training at all. Two ways to bound the drift after training:

- *relative magnitudes*, ``RM(Mbar)``: between two neighbouring periods after training, at most ``Mbar`` times the
  worst step between neighbouring periods before it;
- *smoothness*, ``SD(M)``: the slope of the drift changes by at most ``M`` from one period to the next.

The interval under ``RM`` is the hybrid test of Andrews, Roth and Pakes (2023, doi:10.1093/restud/rdac023) inverted
over a grid; under ``SD`` the fixed-length interval. Dimensions are small here (a handful of periods on each side), so
the linear programs of the test are solved once for all draws and all hypotheses by listing the vertices of their
dual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, chndtrix, ndtr, ndtri

Array = NDArray[np.float64]

MAX_PERIODS = 7
"""Most periods after training for which the dual is small enough to list (3,432 bases)."""
LEAST_FAVOURABLE_DRAWS = 2_000
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Interval:
    """A robust interval; ``low > high`` never happens, an empty set is NaN."""

    low: float
    high: float


@dataclass(frozen=True)
class EventCoefficients:
    """Coefficients around training, reference period left out.

    Attributes
    ----------
    estimates
        (pre + post,) in time order; the reference period lies between the two and is zero.
    covariance
        (pre + post, pre + post).
    n_pre, n_post
        Number of periods before and after; at least 2 and 1.
    """

    estimates: Array
    covariance: Array
    n_pre: int
    n_post: int

    def __post_init__(self) -> None:
        k = self.n_pre + self.n_post
        if self.estimates.shape != (k,) or self.covariance.shape != (k, k):
            raise ValueError(
                f"{self.n_pre} periods before and {self.n_post} after need {k} estimates and a {k} x {k} covariance; "
                f"got {self.estimates.shape} and {self.covariance.shape}"
            )
        if self.n_pre < 2 or self.n_post < 1:
            raise ValueError(f"at least 2 periods before and 1 after are needed; got {self.n_pre} and {self.n_post}")
        if self.n_post > MAX_PERIODS:
            raise ValueError(f"at most {MAX_PERIODS} periods after training; got {self.n_post}: use longer periods")

    @property
    def unit(self) -> float:
        """A power of two near the typical standard error, so that dividing by it loses no precision; 1 where there is
        none."""
        errors = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        typical = float(np.median(errors))
        return 2.0 ** round(math.log2(typical)) if typical > 0 and math.isfinite(typical) else 1.0

    def counted_in(self, unit: float) -> EventCoefficients:
        """The same coefficients in another unit, so that fixed tolerances do not depend on the unit of the data."""
        return EventCoefficients(self.estimates / unit, self.covariance / unit**2, self.n_pre, self.n_post)


def relative_magnitudes(
    event: EventCoefficients, weights: Array, mbar: float, *, alpha: float = 0.05, points: int = 400, seed: int = 0
) -> Interval:
    """Interval for ``weights @ effect_post`` when drift steps are at most ``mbar`` times the worst before training.

    Parameters
    ----------
    event
        Event-study coefficients.
    weights
        (n_post,) weights of the periods after training in the parameter of interest.
    mbar
        Multiple of the worst step before training, 0 or more.
    alpha
        One minus the level.
    points
        Grid points over which the test is inverted.
    seed
        Of the draws behind the first-stage critical value.

    Returns
    -------
    Interval
        The hull of all values not rejected.
    """
    unit = event.unit
    event = event.counted_in(unit)
    tests = _relative_tests(event, np.asarray(weights, dtype=np.float64), mbar, alpha, seed)
    centre = float(weights @ event.estimates[event.n_pre :])
    spread = math.sqrt(float(weights @ event.covariance[event.n_pre :, event.n_pre :] @ weights))
    steps = np.abs(np.diff(np.append(event.estimates[: event.n_pre], 0.0)))
    reach = mbar * float(np.abs(weights) @ np.arange(1, event.n_post + 1)) * float(steps.max()) + 20 * spread
    grid = np.linspace(centre - reach, centre + reach, points)
    kept = np.zeros(points, dtype=bool)
    for test in tests:
        kept |= test.accepts(grid)
    if not kept.any():
        return Interval(math.nan, math.nan)
    return Interval(unit * float(grid[kept].min()), unit * float(grid[kept].max()))


def breakdown_relative(
    event: EventCoefficients, weights: Array, *, alpha: float = 0.05, largest: float = 5.0, seed: int = 0
) -> float:
    """Largest ``Mbar`` at which zero is still excluded; 0 when it never is, ``largest`` when it always is."""
    zero = np.zeros(1)
    event = event.counted_in(event.unit)

    def excluded(mbar: float) -> bool:
        tests = _relative_tests(event, np.asarray(weights, dtype=np.float64), mbar, alpha, seed)
        return not any(bool(test.accepts(zero)[0]) for test in tests)

    return _largest_true(excluded, largest)


def smoothness(event: EventCoefficients, weights: Array, m: float, *, alpha: float = 0.05) -> Interval:
    """Shortest fixed-length interval when the slope of the drift changes by at most ``m`` per period.

    The estimator is ``weights @ post + v @ pre`` with ``v`` chosen to balance its worst-case bias against its standard
    error; its half-length is the ``1 - alpha`` quantile of ``|N(bias / sd, 1)|`` times ``sd``.
    """
    unit = event.unit
    found = _Smooth(event.counted_in(unit), np.asarray(weights, dtype=np.float64)).interval(m / unit, alpha)
    return Interval(unit * found.low, unit * found.high)


def breakdown_smooth(event: EventCoefficients, weights: Array, *, alpha: float = 0.05, largest: float) -> float:
    """Largest ``M`` at which the smoothness interval still excludes zero."""
    unit = event.unit
    problem = _Smooth(event.counted_in(unit), np.asarray(weights, dtype=np.float64))

    def excluded(m: float) -> bool:
        interval = problem.interval(m, alpha)
        return interval.low > 0 or interval.high < 0

    return unit * _largest_true(excluded, largest / unit)


def _largest_true(condition: Callable[[float], bool], largest: float, rounds: int = 9) -> float:
    if not condition(0.0):
        return 0.0
    if condition(largest):
        return largest
    low, high = 0.0, largest
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if condition(middle) else (low, middle)
    return low


def _relative_tests(
    event: EventCoefficients, weights: Array, mbar: float, alpha: float, seed: int
) -> Iterator[_HybridTest]:
    """One polyhedron per place and sign of the worst step before training; the interval is the union."""
    pre, post = event.n_pre, event.n_post
    with_reference = np.insert(np.eye(pre + post), pre, 0.0, axis=0)
    steps = np.diff(with_reference, axis=0)
    after = steps[pre:]
    for place in range(pre):
        for sign in (1.0, -1.0):
            bound = mbar * sign * steps[place]
            rows = np.vstack([after - bound, -after - bound])
            yield _HybridTest.build(rows, event, weights, alpha, seed)


@dataclass(frozen=True)
class _HybridTest:
    """H0: some drift with ``rows @ drift <= 0`` and ``weights @ effect = theta`` fits the coefficients.

    ``vertices`` (V, m) are those of ``{g >= 0, g @ nuisance = 0, g @ sd = 1}``, so that the statistic
    ``min eta: y - nuisance x <= eta sd`` equals ``max(vertices @ y)``.
    """

    vertices: Array
    moments: Array
    slope: Array
    covariance: Array
    loading: Array
    kappa: float
    alpha: float
    seed: int

    @classmethod
    def build(cls, rows: Array, event: EventCoefficients, weights: Array, alpha: float, seed: int) -> _HybridTest:
        covariance = rows @ event.covariance @ rows.T
        sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        basis = _basis_with_first_row(weights)
        turned = rows[:, event.n_pre :] @ np.linalg.inv(basis)
        vertices = _vertices(turned[:, 1:], sd)
        return cls(
            vertices=vertices,
            moments=rows @ event.estimates,
            slope=turned[:, 0],
            covariance=covariance,
            loading=vertices @ rows @ _root(event.covariance),
            kappa=alpha / 10,
            alpha=alpha,
            seed=seed,
        )

    @cached_property
    def first_stage(self) -> float:
        """Least favourable critical value of level ``kappa``."""
        draws = np.random.default_rng(self.seed).standard_normal((LEAST_FAVOURABLE_DRAWS, self.loading.shape[1]))
        return float(np.quantile(np.max(draws @ self.loading.T, axis=1), 1 - self.kappa))

    def accepts(self, theta: Array) -> NDArray[np.bool_]:
        """Which hypothesised values are not rejected: (len(theta),)."""
        values = self.vertices @ (self.moments[:, None] - self.slope[:, None] * theta[None, :])
        best = np.argmax(values, axis=0)
        out = np.zeros(theta.size, dtype=bool)
        for k in range(theta.size):
            out[k] = not self._rejects(values[:, k], int(best[k]))
        return out

    def _rejects(self, values: Array, best: int) -> bool:
        eta = values[best]
        if eta <= 0:
            return False
        if eta > self.first_stage:
            return True
        across = self.vertices @ (self.covariance @ self.vertices[best])
        variance = across[best]
        if variance <= _TOLERANCE * np.max(np.diag(self.covariance)):
            return bool(eta > 0)
        ratio = across / variance
        rest = values - ratio * eta
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = rest / (1 - ratio)
        below, above = ratio < 1 - 1e-8, ratio > 1 + 1e-8
        low = float(np.max(bound[below])) if below.any() else -math.inf
        high = min(float(np.min(bound[above])) if above.any() else math.inf, self.first_stage)
        sd = math.sqrt(variance)
        level = (self.alpha - self.kappa) / (1 - self.kappa)
        critical = max(0.0, _truncated_quantile(1 - level, low / sd, high / sd))
        return bool(eta / sd > critical)


def _truncated_quantile(q: float, low: float, high: float) -> float:
    """Quantile of a standard normal cut to [low, high], by survival functions so that far tails keep their digits."""
    if not low < high:
        return low
    if low > 0:
        upper, lower = ndtr(-low), ndtr(-high)
        return float(-ndtri(upper - q * (upper - lower)))
    lower, upper = ndtr(low), ndtr(high)
    return float(ndtri(lower + q * (upper - lower)))


def _basis_with_first_row(weights: Array) -> Array:
    """An invertible matrix whose first row is ``weights``."""
    k = weights.size
    pivot = int(np.argmax(np.abs(weights)))
    return np.vstack([weights, np.delete(np.eye(k), pivot, axis=0)])


def _vertices(nuisance: Array, sd: Array) -> Array:
    """Vertices of ``{g >= 0, nuisance' g = 0, sd' g = 1}``: every basis of k + 1 moments that solves to g >= 0."""
    m, k = nuisance.shape
    equations = np.column_stack([sd, nuisance]).T
    right = np.zeros(k + 1)
    right[0] = 1.0
    picks = np.array(list(combinations(range(m), k + 1)))
    square = equations[:, picks].transpose(1, 0, 2)
    size = np.abs(np.linalg.det(square / np.maximum(np.abs(square).max(axis=(1, 2), keepdims=True), 1e-300)))
    usable = size > 1e-12
    solved = np.linalg.solve(square[usable], np.broadcast_to(right, (int(usable.sum()), k + 1))[..., None])[..., 0]
    scale = np.abs(solved).max(axis=1, keepdims=True)
    valid = (solved >= -_TOLERANCE * scale).all(axis=1)
    found = np.zeros((int(valid.sum()), m))
    np.put_along_axis(found, picks[usable][valid], np.maximum(solved[valid], 0.0), axis=1)
    rounded = np.round(found / np.abs(found).max(), 10)
    _, first = np.unique(rounded, axis=0, return_index=True)
    return found[np.sort(first)]


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


class _Smooth:
    """The affine estimators of the smoothness interval, parametrised by their exposures to kinks before training.

    A drift that is zero at the reference is a line plus hinges; an estimator that is blind to the line has worst bias
    ``M`` times the sum of its absolute exposures to the hinges. Exposures to hinges after training are fixed by
    ``weights``; those before, ``c``, are free, and the weights on the periods before training are ``level + map @
    c``.
    """

    def __init__(self, event: EventCoefficients, weights: Array) -> None:
        pre, post = event.n_pre, event.n_post
        before, after = np.arange(-pre, 0, dtype=np.float64), np.arange(1, post + 1, dtype=np.float64)
        kinks = np.arange(-pre + 1, 0, dtype=np.float64)
        hinges = np.maximum(kinks[:, None] - before[None, :], 0.0)
        system = np.vstack([hinges, before[None, :]])
        inverse = np.linalg.inv(system)
        self.level = inverse[:, -1] * -(weights @ after)
        self.map = inverse[:, :-1]
        fixed = np.maximum(after[None, :] - np.arange(0, post)[:, None], 0.0) @ weights
        self.fixed_bias = float(np.abs(fixed).sum())
        self.estimates, self.weights, self.pre = event.estimates, weights, pre
        sigma = event.covariance
        self.quadratic = self.map.T @ sigma[:pre, :pre] @ self.map
        self.linear = self.map.T @ (sigma[:pre, :pre] @ self.level + sigma[:pre, pre:] @ weights)
        self.sigma = sigma
        self.scale = float(np.abs(self.linear).max()) or 1.0

        self.centres, self.sds, self.biases = self._frontier()

    def interval(self, m: float, alpha: float) -> Interval:
        """The shortest interval over the frontier of bias and error."""
        if m == 0:
            ratio = np.zeros_like(self.sds)
            critical = np.full_like(self.sds, math.sqrt(float(chdtri(1, alpha))))
        else:
            ratio = m * self.biases / self.sds
            critical = np.where(
                ratio < 6,
                np.sqrt(chndtrix(1 - alpha, 1, np.minimum(ratio, 6) ** 2)),
                ratio + ndtri(1 - alpha),
            )
        half = critical * self.sds
        best = int(np.argmin(half))
        return Interval(float(self.centres[best] - half[best]), float(self.centres[best] + half[best]))

    def _frontier(self) -> tuple[Array, Array, Array]:
        """Centre, error and bias per unit of M along the penalties from none to all: each (N,)."""
        start: Array = np.asarray(-np.linalg.lstsq(self.quadratic, self.linear, rcond=None)[0], dtype=np.float64)
        rows = []
        for penalty in np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 60) * self.scale]):
            start = self._solve(float(penalty), start)
            full = np.concatenate([self.level + self.map @ start, self.weights])
            bias = self.fixed_bias + float(np.abs(start).sum())
            rows.append((float(full @ self.estimates), math.sqrt(float(full @ self.sigma @ full)), bias))
        centres, sds, biases = np.array(rows).T
        return centres, sds, biases

    def _solve(self, penalty: float, start: Array, rounds: int = 500) -> Array:
        """Exposures minimising variance plus ``penalty`` times the absolute exposures (coordinate descent)."""
        if penalty == 0 or start.size == 0:
            return start.copy()
        # Plain floats: for a handful of exposures they are faster than array operations.
        c, linear, quadratic = start.tolist(), self.linear.tolist(), self.quadratic.tolist()
        for _ in range(rounds):
            moved = 0.0
            for j, row in enumerate(quadratic):
                before = c[j]
                pull = -(linear[j] + sum(q * x for q, x in zip(row, c, strict=True)) - row[j] * before)
                c[j] = math.copysign(max(abs(pull) - penalty, 0.0), pull) / row[j]
                moved = max(moved, abs(c[j] - before))
            if moved < 1e-10 * (1 + max(map(abs, c))):
                break
        return np.array(c)
