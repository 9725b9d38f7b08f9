"""How much drift after training would change the conclusion?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.checks.result import CheckResult, not_measured
from analysis.inference.honest_did import (
    EventCoefficients,
    Interval,
    breakdown_relative,
    breakdown_smooth,
    relative_magnitudes,
    smoothness,
)
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "sensitivity", "Robust to some drift"
BLOCK_WEEKS = 4
MAX_BLOCKS = 5
ROBUST_FROM = 1.0
"""A result is robust when it holds under drift as large as the largest seen before training."""
LARGEST_MULTIPLE = 5.0
LEAST_MULTIPLE_TOLD = 0.05
"""Smaller multiples would be printed as 0.0."""


@dataclass(frozen=True)
class Sensitivity:
    """The robust intervals behind the check.

    Attributes
    ----------
    block_weeks
        Weeks per period.
    estimate, ci_low, ci_high
        Mean effect over the periods after training, and its interval without drift.
    relative
        ``(Mbar, Interval)`` pairs.
    breakdown_mbar
        Largest multiple of the largest step before training at which the interval excludes zero.
    smooth
        ``(M, Interval)`` pairs, natural unit per period.
    breakdown_m
        Largest change of slope per period at which the interval excludes zero.
    """

    block_weeks: int
    estimate: float
    ci_low: float
    ci_high: float
    relative: tuple[tuple[float, Interval], ...]
    breakdown_mbar: float
    smooth: tuple[tuple[float, Interval], ...]
    breakdown_m: float


def blocks(event: Aggregation, *, width: int = BLOCK_WEEKS, most: int = MAX_BLOCKS) -> EventCoefficients | None:
    """Weekly coefficients averaged into periods, measured from the last period before training.

    Parameters
    ----------
    event
        ``event_time`` aggregation of group-time effects with a universal base (one reference week for all).
    width
        Weeks per period.
    most
        Most periods kept on each side.

    Returns
    -------
    EventCoefficients or None
        ``None`` with fewer than three periods before (one is the reference) or none after.

    Notes
    -----
    A whole reference period is less noisy than one reference week. Coefficients before and after are built the same
    way, as the method requires (Roth 2024, arXiv:2401.12309).
    """
    study = event.event_study()
    keys = np.append(study.event_times, study.reference)
    theta = np.append(study.estimates, 0.0)
    block = np.floor_divide(keys, width)
    full = [b for b in np.unique(block) if int((block == b).sum()) == width]
    post = [b for b in full if b >= 0]
    pre = [b for b in full if b < -1]
    post, pre = _unbroken(post, 0, 1)[:most], _unbroken(pre, -2, -1)[:most][::-1]
    if -1 not in full or len(pre) < 2 or not post:
        return None
    mean = np.array([(block == b) / width for b in [*pre, *post]]) - (block == -1) / width
    covariance = np.zeros((theta.size, theta.size))
    covariance[:-1, :-1] = study.covariance
    sigma = mean @ covariance @ mean.T
    if not np.all(np.isfinite(sigma)) or np.min(np.diag(sigma)) <= 0:
        return None
    return EventCoefficients(mean @ theta, (sigma + sigma.T) / 2, len(pre), len(post))


def _unbroken(found: list[int], first: int, step: int) -> list[int]:
    run = []
    while first in found:
        run.append(first)
        first += step
    return run


def analyse(
    event: Aggregation,
    *,
    alpha: float = 0.05,
    multiples: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0),
    smooth_parts: int = 4,
) -> Sensitivity | None:
    """Robust intervals for the mean effect after training, under both kinds of drift.

    Parameters
    ----------
    event
        As in :func:`blocks`.
    alpha
        One minus the level.
    multiples
        Values of ``Mbar``.
    smooth_parts
        How many values of ``M`` up to twice the breakdown (or one standard error, when there is none).
    """
    coefficients = blocks(event)
    if coefficients is None:
        return None
    weights: NDArray[np.float64] = np.full(coefficients.n_post, 1 / coefficients.n_post)
    plain = interval_without_drift(coefficients, weights, alpha)
    error = (plain.high - plain.low) / 4
    most = abs(plain.high + plain.low) / 2 + 2 * error
    breakdown_m = breakdown_smooth(coefficients, weights, alpha=alpha, largest=most)
    reach = 2 * breakdown_m if breakdown_m > 0 else error
    return Sensitivity(
        block_weeks=BLOCK_WEEKS,
        estimate=(plain.low + plain.high) / 2,
        ci_low=plain.low,
        ci_high=plain.high,
        relative=tuple((m, relative_magnitudes(coefficients, weights, m, alpha=alpha, points=150)) for m in multiples),
        breakdown_mbar=breakdown_relative(coefficients, weights, alpha=alpha, largest=LARGEST_MULTIPLE),
        smooth=tuple(
            (float(m), smoothness(coefficients, weights, float(m), alpha=alpha))
            for m in np.linspace(0, reach, smooth_parts + 1)
        ),
        breakdown_m=breakdown_m,
    )


def interval_without_drift(coefficients: EventCoefficients, weights: NDArray[np.float64], alpha: float) -> Interval:
    """The interval when no drift is allowed."""
    post = slice(coefficients.n_pre, None)
    centre = float(weights @ coefficients.estimates[post])
    error = math.sqrt(float(weights @ coefficients.covariance[post, post] @ weights))
    half = float(ndtri(1 - alpha / 2)) * error
    return Interval(centre - half, centre + half)


def check(event: Aggregation | None, kpi: Wording, reader: Reader, *, alpha: float = 0.05) -> CheckResult:
    """Report the breakdown value: the drift at which the conclusion changes.

    Parameters
    ----------
    event
        ``event_time`` aggregation of group-time effects with a universal base; ``None`` where agents were picked at
        a low point by a rule, so that effects relative to the last weeks before training are not valid.
    kpi, reader
        Wording and number format of the sentence.
    alpha
        One minus the level.

    Returns
    -------
    CheckResult
        ``statistic`` is the breakdown multiple ``Mbar``, ``threshold`` 1. Passed from 1 up; informational below, and
        when there is no effect to overturn. It never blocks a verdict.
    """
    if event is None:
        return not_measured(
            ID,
            LABEL,
            "Agents were picked at a low point, so drift cannot be measured from the weeks before training; the path "
            "before training is compared among agents picked by the same rule instead.",
        )
    coefficients = blocks(event)
    if coefficients is None:
        return not_measured(
            ID, LABEL, f"At least {3 * BLOCK_WEEKS} weeks before and {BLOCK_WEEKS} after training are needed."
        )
    weights: NDArray[np.float64] = np.full(coefficients.n_post, 1 / coefficients.n_post)
    plain = interval_without_drift(coefficients, weights, alpha)
    if plain.low <= 0 <= plain.high:
        return CheckResult(
            ID,
            LABEL,
            "informational",
            math.nan,
            ROBUST_FROM,
            "The second opinion's range includes no change even without any drift, so there is nothing to overturn.",
        )
    multiple = breakdown_relative(coefficients, weights, alpha=alpha, largest=LARGEST_MULTIPLE)
    slope = breakdown_smooth(coefficients, weights, alpha=alpha, largest=abs(plain.low + plain.high) / 2)
    bend = reader.size(slope, kpi) if slope > 0 else ""
    more = f", or a trend that bends by {bend} every {BLOCK_WEEKS} weeks" if bend else ""
    if multiple >= LARGEST_MULTIPLE:
        many = reader.number(LARGEST_MULTIPLE, 0)
        words = f"The answer would survive drift more than {many} times the worst seen before training."
    elif multiple >= LEAST_MULTIPLE_TOLD:
        many = reader.number(multiple, 1)
        words = (
            f"The answer would change if drift after training were more than {many} times "
            f"the worst seen before it{more}."
        )
    else:
        words = "The answer would change with even a little drift after training."
    return CheckResult(
        ID, LABEL, "passed" if multiple >= ROBUST_FROM else "informational", multiple, ROBUST_FROM, words
    )
