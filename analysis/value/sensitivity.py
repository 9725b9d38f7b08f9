"""Sensitivity of the net to each effect and assumption, and break-even values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from analysis.value.model import Model

LONGEST_HALF_LIFE_MONTHS = 1200.0
"""Longest half-life tried for a break-even value: beyond it, fading within a horizon is negligible."""


@dataclass(frozen=True)
class Swing:
    """Change of the net over the range of one uncertain number, all others fixed.

    Attributes
    ----------
    key
        ``effect.KPI`` or the key of an assumption.
    kind
        ``effect`` or ``assumption``.
    low, likely, high
        The number's low, likely and high values, as stated or estimated.
    net_at_low, net_at_high
        Net at those ends.
    break_even
        The value at which the net is zero; NaN where there is none within reach.
    """

    key: str
    kind: Literal["effect", "assumption"]
    low: float
    likely: float
    high: float
    net_at_low: float
    net_at_high: float
    break_even: float

    @property
    def size(self) -> float:
        """Distance between the two nets."""
        return abs(self.net_at_high - self.net_at_low)

    @property
    def turns_inside(self) -> bool:
        """Whether the net changes sign within the range of this number."""
        low, high = min(self.low, self.high), max(self.low, self.high)
        return math.isfinite(self.break_even) and low <= self.break_even <= high


def tornado(made: Model) -> tuple[Swing, ...]:
    """All effects and assumptions, sorted by how much they change the net, largest first.

    Parameters
    ----------
    made
        From :func:`analysis.value.model.model`.

    Returns
    -------
    tuple of Swing
        Break-even values solve ``net = 0`` with everything else at its estimate or likely value: for a unit value,
        ``cost / (effect x volume)`` where it is the only benefit.
    """
    if made.unsafe_costs or not made.used or not np.isfinite(made.volumes).all():
        return ()
    found = [_of_effect(made, k) for k in range(len(made.used))]
    found += [_of_assumption(made, key) for key in made.uncertain()]
    return tuple(sorted(found, key=lambda swing: -swing.size))


def _of_effect(made: Model, k: int) -> Swing:
    part, values, points = made.used[k], made.likely(), made.points()

    def net(effect: float) -> float:
        moved = points.copy()
        moved[k] = effect
        return float(made.net(moved, values))

    turns = _linear_root(net(part.effect), net(part.effect + part.std_error), part.effect, part.std_error)
    ends = (part.effect_low, part.effect_high)
    return Swing(f"effect.{part.kpi.id}", "effect", ends[0], part.effect, ends[1], net(ends[0]), net(ends[1]), turns)


def _of_assumption(made: Model, key: str) -> Swing:
    values, points = made.likely(), made.points()
    low, likely, high = made.ends(key)

    def net(value: float) -> float:
        return float(made.net(points, {**values, key: value}))

    if key == "half_life_months":
        turns = _search(net, 1e-3, LONGEST_HALF_LIFE_MONTHS)
    elif key == "discount_rate":
        turns = _search(net, 0.0, 1.0)
    else:
        step = max(abs(likely), 1.0)
        turns = _linear_root(net(likely), net(likely + step), likely, step)
        below_zero = key.startswith("cost.") and turns < 0
        beyond = key == "lasting_share" and not 0 <= turns <= 1
        turns = math.nan if below_zero or beyond else turns
    return Swing(key, "assumption", low, likely, high, net(low), net(high), turns)


def _linear_root(here: float, there: float, at: float, step: float) -> float:
    slope = (there - here) / step if step else 0.0
    return at - here / slope if slope else math.nan


def _search(net: Callable[[float], float], low: float, high: float) -> float:
    first, last = net(low), net(high)
    if not (math.isfinite(first) and math.isfinite(last)) or first * last > 0:
        return math.nan
    return float(brentq(net, low, high, xtol=1e-10))
