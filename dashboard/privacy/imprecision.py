"""Estimates as precise as they are, and no more: rounded so that what few agents add to one cannot be read off it.

Which cells are told is decided by sums over agents' weeks (:mod:`dashboard.privacy.lattice`). An estimate has a form of
its own: it weighs every agent's weeks before training by how much there is of the agent after it, and subtracts a
comparison. Whoever knows these weights, and everybody's volume, solves for more than sums tell. So readers of a shared
dashboard are told estimates in steps of what a smallest group adds to one: of ``n`` agents whose mean has the standard
error ``s``, ``g`` add ``s * sqrt(g / n)`` times their spread, and a step is some times that. Its rounding error has a
standard deviation of 0.29 steps, and is there in every answer of which an attack makes use; the step is a small part
of the interval of many agents, since ``n`` is the smaller side of the comparison, and its variance is added to it.

Ends of intervals stand as far from the estimate as two digits say. Neither an estimate nor an end crosses zero, or the
smallest change that matters, by being rounded: what a sentence says of the numbers stays true of those that are told.

Source: perturbation in proportion to what the largest contributors add is that of the Australian statistical office for
sums and means (Thompson, G., Broadfoot, S., & Elazar, D. (2013). Methodology for the automatic confidentialisation of
statistical outputs from remote servers at the Australian Bureau of Statistics. UNECE Work Session on Statistical Data
Confidentiality, Ottawa); here by rounding, which is the same for the same figures without a key.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ENDS = ("ci_low", "ci_high", "band_low", "band_high")
"""Columns of ends of intervals around ``estimate``."""
STEPS, STEPS_BY_WEEK = 2.0, 3.0
"""Steps in what a smallest group adds to an estimate; those by week from training are many answers about the same
agents, of which four together with a level by four weeks tell of the others in it."""
_DIGITS = 2
ERROR_DIGITS = 3
"""Digits of a standard error that is told: half of the told interval over its quantile, and so no second rounding."""
_NORMAL = 1.959963984540054


def imprecise(
    rows: pl.DataFrame,
    n_agents: float | Sequence[float],
    minimum: int,
    matters: float | None = None,
    steps: float = STEPS,
) -> pl.DataFrame:
    """Estimates in steps of what a smallest group adds to them, and ends of intervals as far away as two digits say.

    Parameters
    ----------
    rows : DataFrame
        With ``estimate``, and any of ``std_error`` and ``ENDS``. Rows without an error are left as they are.
    n_agents : float or sequence of float
        Agents on the smaller side of each estimate, or of all; infinite where it is not known, which counts as few.
    minimum : int
        Smallest group shown.
    matters : float, optional
        Smallest change that matters, which no number crosses.
    steps : float, optional
        Steps in what a smallest group adds to an estimate.

    Examples
    --------
    A change of 4.17 points among 160 agents, where the smallest group is 10.

    >>> row = {"estimate": 0.0417, "std_error": 0.0055, "ci_low": 0.0309, "ci_high": 0.0525}
    >>> told = imprecise(pl.DataFrame([row]), 160, 10)
    >>> [round(value, 4) for value in told.row(0)]
    [0.0405, 0.0056, 0.0295, 0.0515]
    """
    if rows.is_empty() or "estimate" not in rows.columns:
        return rows
    exact = {name: _numbers(rows, name) for name in ("estimate", "std_error", *ENDS) if name in rows.columns}
    estimate, nothing = exact["estimate"], np.full(rows.height, np.nan)
    low, high = (exact.get(name, nothing) for name in ENDS[:2])
    error = exact.get("std_error", (high - low) / 2 / _NORMAL)
    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    if not known.any():
        return rows
    n = np.broadcast_to(np.asarray(n_agents, dtype=np.float64), rows.height)
    step = _digits(np.where(known, step_of(error, n, minimum, steps), np.nan))
    wider = np.sqrt(1.0 + step**2 / 12.0 / error**2, where=known, out=np.ones_like(error))
    kept = (0.0,) if matters is None else (0.0, matters, -matters)
    rounded = _beside(estimate, step, kept)
    told = {"estimate": rounded}
    for name in set(exact) & set(ENDS):
        away = _digits(np.abs(exact[name] - estimate) * wider) * np.sign(exact[name] - estimate)
        told[name] = _on_side(rounded + away, exact[name], step, kept)
    if "std_error" in exact:
        wide = np.abs(high - estimate)
        there = np.isfinite(wide) & (wide > 0)
        said = np.divide(_digits(wide * wider), wide, out=wider.copy(), where=there)
        told["std_error"] = _digits(np.where(there, error * said, _digits(error * wider)), ERROR_DIGITS)
    columns = [
        pl.Series(name, np.where(known & np.isfinite(exact[name]), values, exact[name])).fill_nan(None).alias(name)
        for name, values in told.items()
    ]
    return rows.with_columns(columns)


def step_of(error: Floats, n_agents: Floats, minimum: int, steps: float = STEPS) -> Floats:
    """The step in which estimates are told.

    Parameters
    ----------
    error, n_agents : (N,) float array
        Standard error, and agents on the smaller side.
    minimum : int
        Smallest group shown.
    steps : float, optional
        As of :func:`imprecise`.
    """
    few = np.where(np.isfinite(n_agents), np.maximum(n_agents, minimum), minimum)
    return np.asarray(steps * error * np.sqrt(minimum / few))


def _numbers(rows: pl.DataFrame, name: str) -> Floats:
    found: NDArray[Any] = rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found.astype(np.float64)


def significant(value: float, digits: int = _DIGITS) -> float:
    """A number to so many significant digits.

    Examples
    --------
    >>> significant(0.0512)
    0.051
    """
    return float(f"{value:.{digits - 1}e}")


def _digits(values: Floats, digits: int = _DIGITS) -> Floats:
    """Numbers to so many significant digits."""
    return np.array([significant(value, digits) if math.isfinite(value) else math.nan for value in values])


def _tidy(values: Floats, step: Floats) -> Floats:
    """Numbers to a millionth of a step, so that a multiple of 0.0285 is written 0.0855 and not 0.08549999999999999."""
    pairs = zip(np.broadcast_to(values, step.shape).tolist(), step.tolist(), strict=True)
    known = [(value, math.isfinite(value) and math.isfinite(of) and of > 0, of) for value, of in pairs]
    return np.array([round(value, 6 - math.floor(math.log10(of))) if fine else value for value, fine, of in known])


def _beside(values: Floats, step: Floats, kept: Sequence[float]) -> Floats:
    """The nearest multiple of a step that is on the same side of some numbers; the nearest where neither is."""
    with np.errstate(invalid="ignore"):
        near = _tidy(np.round(values / step) * step, step)
        other = _tidy(near + np.where(near > values, -step, step), step)
        side = np.stack([np.sign(values - number) for number in kept])
        fine, also = (
            np.all([np.sign(one - number) * of >= 0 for number, of in zip(kept, side, strict=True)], axis=0)
            for one in (near, other)
        )
    return np.where(fine | ~also, near, other)


def _on_side(values: Floats, exact: Floats, step: Floats, kept: Sequence[float]) -> Floats:
    """Ends that rounding has taken across one of some numbers are put half a step back, or half of the way to the next
    of these numbers where that is less."""
    numbers = np.array([-np.inf, *sorted(kept), np.inf])
    below = numbers[np.searchsorted(numbers, exact, side="left").clip(1, numbers.size - 1) - 1]
    above = numbers[np.searchsorted(numbers, exact, side="right").clip(1, numbers.size - 1)]
    back = np.minimum(step, above - below) / 2
    with np.errstate(invalid="ignore"):
        values = _tidy(values, step)
        values = np.where(values <= below, below + back, np.where(values >= above, above - back, values))
        tidy = _tidy(values, step)
        return np.where((tidy > below) & (tidy < above), tidy, values)
