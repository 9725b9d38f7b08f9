"""Sentences on attrition: a KPI measured on different people because training changed who stays."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from analysis.words.numbers import Reader, Wording


@dataclass(frozen=True)
class Measured:
    """Numbers for the sentences; natural units.

    Attributes
    ----------
    ratio
        Hazard ratio of leaving.
    moved
        Whether it differs significantly from one.
    excess
        Share of contacts observed, or missing, because of training.
    weighted
        Effect with trained agents weighted by the inverse probability of still being there; NaN where not available.
    low, high
        Bounds of the effect among those who stay either way.
    matters
        Whether the bounds leave the smallest change that matters, or lie so far apart that it would.
    could_be_nothing
        Whether the effect is significant but the interval of its bounds includes zero.
    """

    ratio: float
    moved: bool
    excess: float
    weighted: float
    low: float
    high: float
    matters: bool
    could_be_nothing: bool


def state(found: Measured) -> str:
    """``same_people``, ``other_people`` (training changed who stays) or ``matters`` (and the bounds change the
    reading)."""
    if not found.moved:
        return "same_people"
    return "matters" if found.matters else "other_people"


def remark(found: Measured | None, kpi: Wording, reader: Reader) -> str:
    """Sentence a verdict adds where training changed who stays and the bounds change the reading; else empty."""
    if found is None or state(found) != "matters":
        return ""
    nothing = ", which does not rule out no change at all" if found.could_be_nothing else ""
    return f"{_who(found)}{_OTHERS}{_BOUNDS}{_span(found, kpi, reader)}{nothing}."


_OTHERS = ", so this is measured on different people"
_BOUNDS = ": among those who would have stayed either way the change lies between "


def without_bounds(text: str) -> str:
    """A verdict whose remark on leaving gives no bounds, for readers who are not told these numbers.

    Examples
    --------
    >>> without_bounds(f"It rose by 4 points. Trained agents left sooner{_OTHERS}{_BOUNDS}1.5 and 2.5 points. More.")
    'It rose by 4 points. Trained agents left sooner, so this is measured on different people. More.'
    """
    return re.sub(rf"({_OTHERS}){_BOUNDS}.*?\.(?=\s|$)", r"\1.", text)


def said(found: Measured, kpi: Wording, reader: Reader) -> str:
    """Sentence of the composition check on leaving: effect of training on it, and bounds of the effect."""
    weighted = ""
    if math.isfinite(found.weighted):
        change = reader.change(found.weighted, kpi, found.low, found.high)
        weighted = f" With every trained agent weighted by the chance to be still there the change is {change}."
    percent = reader.number(100 * abs(found.excess), 1)
    if not found.moved:
        most = reader.span(found.low, found.high, kpi, join="and")
        return (
            f"Leaving did not visibly change with training.{weighted} Were the difference seen in leaving real "
            f"({percent}% of the contacts), the change among those who stay either way would lie between {most}."
        )
    there = "are seen only because training kept the agent" if found.excess > 0 else "would be missing had all trained"
    return (
        f"{_who(found)}: {percent}% of the contacts {there}.{weighted} Among those who stay either way it lies between "
        f"{_span(found, kpi, reader)}."
    )


def _who(found: Measured) -> str:
    return "Trained agents stayed longer" if found.ratio < 1 else "Trained agents left sooner"


def _span(found: Measured, kpi: Wording, reader: Reader) -> str:
    return reader.span(found.low, found.high, kpi, join="and")
