"""Interval for an effect that is only known to lie between bounds, because training changes who is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtr

from analysis.inference import t_interval
from analysis.results import EffectEstimate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """Bounds of an effect, and the interval that covers it.

    Attributes
    ----------
    low, high
        The effect less, and plus, what was trimmed.
    ci_low, ci_high
        Never narrower than the interval of the untrimmed effect.
    p_value
        Two-sided, of no effect, given the bounds.
    """

    low: float
    high: float
    ci_low: float
    ci_high: float
    p_value: float


def interval_of_bounds(
    effect: EffectEstimate,
    influence: tuple[NDArray[Any], Floats],
    cuts: tuple[float, float],
    slopes: tuple[NDArray[Any], Floats, Floats],
    df: float,
) -> Bounds:
    """Interval for an effect between trimmed bounds; the standard error of a cut comes from the share trimmed (delta
    method).

    Parameters
    ----------
    effect
        The estimate that is trimmed.
    influence
        Labels of its clusters and its (C,) influence on them.
    cuts
        How far trimming moves the lower bound down and the upper bound up, both at least 0.
    slopes
        Labels of the clusters behind the share trimmed, and the (G,) influence of the lower and of the upper cut on
        them. The two sets of clusters may differ; clusters with the same label are treated as the same.
    df
        Degrees of freedom.

    Notes
    -----
    The interval is that for the effect itself: wide bounds take the one-sided quantile, bounds that shrink to a point
    the two-sided one.

    Source: Imbens, Manski (2004), Confidence Intervals for Partially Identified Parameters,
    doi:10.1111/j.1468-0262.2004.00555.x.
    """
    psi, psi_low, psi_high = _joined(influence, slopes)
    low, high = effect.estimate - cuts[0], effect.estimate + cuts[1]
    low_error = float(np.linalg.norm(psi - psi_low))
    high_error = float(np.linalg.norm(psi + psi_high))
    nearest = low / low_error if low > 0 else -high / high_error if high < 0 else 0.0
    apart = (high - low) / max(low_error, high_error)
    reach = _reach(apart, df, effect.ci_level)
    return Bounds(
        low=low,
        high=high,
        ci_low=min(low - reach * low_error, effect.ci_low),
        ci_high=max(high + reach * high_error, effect.ci_high),
        p_value=max(_outside(nearest, apart, df), effect.p_value),
    )


def _outside(reach: float, apart: float, df: float) -> float:
    """Probability that an interval which extends ``reach`` standard errors beyond bounds ``apart`` standard errors
    apart misses one of the bounds."""
    return float(1 - stdtr(df, reach + apart) + stdtr(df, -reach))


def _reach(apart: float, df: float, level: float) -> float:
    """Standard errors by which the interval must extend beyond the bounds to have coverage ``level`` in the worst
    case."""
    one, two = (t_interval(0.0, 1.0, df, part)[1] for part in (2 * level - 1, level))
    return float(brentq(lambda reach: _outside(reach, apart, df) - (1 - level), 0.999 * one, 1.001 * two))


def _joined(
    one: tuple[NDArray[Any], Floats], other: tuple[NDArray[Any], Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Three influences on the clusters of either."""
    labels = sorted({str(c) for c in one[0].tolist()} | {str(c) for c in other[0].tolist()})
    place = {label: i for i, label in enumerate(labels)}
    out = np.zeros((3, len(labels)))
    out[0, [place[str(c)] for c in one[0].tolist()]] = np.nan_to_num(one[1])
    at = [place[str(c)] for c in other[0].tolist()]
    out[1, at], out[2, at] = other[1], other[2]
    return out[0], out[1], out[2]
