"""Fading of benefits, from the fitted courses of the goals' effects where it is not stated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from analysis.value.assumptions import Assumptions, Stated
from analysis.words.numbers import WEEKS_PER_MONTH

KEYS = ("lasting_share", "half_life_months")
MOST_SPREAD = 4.0
"""A fitted half-life is used only when its upper end is at most this many times the lower end."""
MEASURED = "measured"
"""Source given for an assumption fitted to the data."""


def with_measured(assumptions: Assumptions, courses: Iterable[Mapping[str, Any]]) -> Assumptions:
    """Add the fitted fading to the assumptions, where none is stated.

    Parameters
    ----------
    assumptions
        As configured.
    courses
        Rows of ``result.course`` of the KPIs whose money is added.

    Returns
    -------
    Assumptions
        Unchanged where fading is stated, or where no course fades with a half-life known within ``MOST_SPREAD``. With
        several courses, the range spans all of theirs and the likely value is the median.
    """
    known = [row for row in courses if row["state"] == "fading" and _is_known(row)]
    if not known or any(assumptions.get(key) for key in KEYS):
        return assumptions
    weeks = {end: [float(row[f"half_life{end}"]) for row in known] for end in ("_low", "", "_high")}
    low, high = min(weeks["_low"]), max(weeks["_high"])
    middle = sorted(weeks[""])[len(known) // 2]
    note = "fitted to the effects by week after training; state another to replace it"
    months = [weeks / WEEKS_PER_MONTH for weeks in (low, min(max(middle, low), high), high)]
    half = Stated(months[0], months[1], months[2], source=MEASURED, note=note)
    lasting = Stated(0.0, 0.0, 0.0, source=MEASURED, note=note)  # the half-life is that of the whole effect
    return replace(assumptions, stated={**assumptions.stated, "lasting_share": lasting, "half_life_months": half})


def refresher_weeks(full_benefit_per_week: float, cost: float, half_life_weeks: float, floor: float) -> float:
    """Weeks after which repeating the training pays most, where each repetition restores the full effect.

    Parameters
    ----------
    full_benefit_per_week
        Money per week from the effect on one agent right after training.
    cost
        Cost of repeating the training for that agent.
    half_life_weeks, floor
        Half-life of the part of the effect that fades, and share of the effect that stays.

    Returns
    -------
    float
        Infinity where it never pays, because all fading benefit is worth less than a repetition.

    Notes
    -----
    Maximises ``(1 / T) (integral of b (1 - floor) 2^(-t / h) over 0..T - cost)``, the mean gain per week over what
    stays anyway; the optimum solves ``cost = b (1 - floor) (h / ln 2) (1 - x - x ln(1 / x))`` with ``x = 2^(-T / h)``
    (marginal value theorem; Charnov 1976, doi:10.1016/0040-5809(76)90040-X).

    Assumptions: 1. a repetition restores the full effect at once (not checked); 2. no discounting.

    Examples
    --------
    >>> round(refresher_weeks(10.0, 50.0, 20.0, 0.0), 1)
    21.6
    >>> refresher_weeks(1.0, 500.0, 20.0, 0.0)
    inf
    """
    fading = full_benefit_per_week * (1 - floor) * half_life_weeks / math.log(2)
    if not (fading > cost and math.isfinite(fading)) or cost <= 0:
        return math.inf if cost > 0 else 0.0
    low, high = 0.0, half_life_weeks * 60

    def gained(weeks: float) -> float:
        kept = math.exp2(-weeks / half_life_weeks)
        return fading * (1 - kept - kept * weeks / half_life_weeks * math.log(2))

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if gained(middle) < cost else (low, middle)
    return (low + high) / 2


def _is_known(row: Mapping[str, Any]) -> bool:
    ends = [row[f"half_life{end}"] for end in ("_low", "", "_high")]
    known = all(value is not None and math.isfinite(value) for value in ends)
    return known and ends[2] <= MOST_SPREAD * ends[0]
