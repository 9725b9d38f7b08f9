"""Rows of ``result.effect`` prepared for display: verdict with mark, direction, formatted numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.words.change import direction
from analysis.words.numbers import Reader, plural
from analysis.words.verdict import CLAIMED, LABELS, MARKS, Verdict
from etl.configuration.kpis import Kpi

MEANINGS = {
    "clear": "The range leaves out no change, and the estimate is at least the smallest change that matters; the "
    "change itself may be smaller.",
    "clear_but_small": "The range leaves out no change, but the estimate is smaller than what was said to matter.",
    "no_meaningful_change": "The whole range lies inside what was said not to matter.",
    "cant_tell_yet": "The range holds both no change and changes that matter; more weeks may tell.",
    "dont_use": "The comparison behind this number is broken, so it is not an effect of training.",
}
"""What each verdict means, for legends and tips."""
UNUSABLE = "dont_use"
"""The verdict whose number stands on no page."""

SHORT_UNIT = re.compile(r" (on the scale|per 100 agents a month|(?<=1,000 )[a-z -]+)$")
"""What may be left off a change that stands beside its KPI's name; the full unit is in the tip and on its page."""
AMOUNT_PER = re.compile(r" per (?:[a-z-]+ )+([a-z-]+)$")
"""What an amount is for one of keeps its noun: “per eligible contact” is “per contact”."""


def short(change: str) -> str:
    """A change with the shortest unit that is still clear beside the KPI's name."""
    return AMOUNT_PER.sub(r" per \1", SHORT_UNIT.sub("", change))


@dataclass(frozen=True)
class Effect:
    """One KPI's effect for one selection, ready for any component.

    Attributes
    ----------
    kpi : Kpi
    verdict : Verdict
    estimate, ci_low, ci_high : float
        Natural units; NaN when there is none or it may not be shown.
    baseline : float
        Level of the trained before training, natural unit.
    change, span, likely, between : str
        The change, its interval with unit, ``likely between ... and ...`` with and without unit, in words.
    counts : str
        Agents and units of the KPI behind it, in words.
    n_agents, n_contacts : int or None
    available : bool
        Whether there is a number that may be read: never where the verdict is "don't use this one".
    """

    kpi: Kpi
    verdict: Verdict
    estimate: float
    ci_low: float
    ci_high: float
    baseline: float
    change: str
    span: str
    likely: str
    between: str
    counts: str
    n_agents: int | None
    n_contacts: int | None
    available: bool

    @property
    def sign(self) -> float:
        """+1 when higher is better, -1 when lower is."""
        return 1.0 if self.kpi.better == "higher" else -1.0

    @property
    def tone(self) -> str:
        """Colour by meaning: ``better``, ``worse`` or ``unsure``; only a clear answer has a side."""
        if self.verdict.state in CLAIMED and self.verdict.direction in ("better", "worse"):
            return self.verdict.direction
        return "unsure"

    @property
    def short_change(self) -> str:
        """The change with the shortest unit that is still clear beside the KPI's name."""
        if self.verdict.state == UNUSABLE:
            return f"{self.change} {self.verdict.mark} don't use"
        return short(self.change)

    def relative(self, value: float) -> float:
        """A change as a share of the level before training, positive for better; NaN where the level is near zero."""
        if not math.isfinite(self.baseline) or abs(self.baseline) < 2 * self.kpi.smallest_effect:
            return math.nan
        return self.sign * value / abs(self.baseline)


def effect(row: Mapping[str, Any], kpi: Kpi, reader: Reader) -> Effect:
    """One row of ``result.effect`` as an :class:`Effect`.

    Parameters
    ----------
    row : mapping
        The row; numbers may be None where they may not be shown. The number of a broken comparison is not taken over:
        greyed or not, a number on a page is read as an answer. Files keep it, beside its verdict.
    kpi : Kpi
    reader : Reader
    """
    state = str(row.get("verdict") or "cant_tell_yet")
    estimate, low, high = (
        math.nan if state == UNUSABLE else _number(row.get(name)) for name in ("estimate", "ci_low", "ci_high")
    )
    side = "unknown"
    if state in CLAIMED and math.isfinite(estimate):
        side = direction(kpi, estimate, guardrail=kpi.role == "guardrail")
    weeks = row.get("weeks_to_know")
    verdict = Verdict(
        state,
        MARKS[state],
        LABELS[state],
        side,
        str(row.get("sentence") or ""),
        str(row.get("reason") or ""),
        None if weeks is None or not math.isfinite(weeks) else float(weeks),
        believed=row.get("believed") is not False,
    )
    available = math.isfinite(estimate) and math.isfinite(low) and math.isfinite(high)
    agents, contacts = row.get("n_agents"), row.get("n_contacts")
    return Effect(
        kpi=kpi,
        verdict=verdict,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        baseline=_number(row.get("baseline")),
        change=reader.change(estimate, kpi, low, high) if available else "–" if state == UNUSABLE else "no estimate",
        span=reader.span(low, high, kpi) if available else "",
        likely=f"likely between {reader.span(low, high, kpi, join='and')}" if available else "",
        between=f"likely between {reader.span(low, high, kpi, join='and', unit=False)}" if available else "",
        counts=_counts(agents, contacts, kpi, reader),
        n_agents=None if agents is None else int(agents),
        n_contacts=None if contacts is None or not math.isfinite(contacts) else int(contacts),
        available=available,
    )


def split_level(level: str) -> tuple[str, str]:
    """A level as the number to be read large and its unit: ``3.5`` and ``leavers per 100 agents a month``."""
    found = re.match(r"^([^\d\s]?\s?[-−]?\d[\d.,\u00a0\u202f]*\s?[%€$£]?)\s*(.*)$", level)
    return (found[1].strip(), found[2]) if found else (level, "")


def two_parts(sentence: str) -> tuple[str, str]:
    """A verdict's answer, to be read large, and what it adds."""
    first, stop, rest = sentence.partition(". ")
    return (f"{first}.", rest) if stop else (sentence, "")


def missing(kpi: Kpi, reason: str) -> Effect:
    """A KPI that has no effect for this selection, with the reason."""
    verdict = Verdict("cant_tell_yet", "–", "not available here", "unknown", reason, reason, None)
    nan = math.nan
    return Effect(kpi, verdict, nan, nan, nan, nan, "not available", "", "", "", "", None, None, False)


def _counts(agents: Any, contacts: Any, kpi: Kpi, reader: Reader) -> str:
    if agents is None:
        return ""
    parts = [f"{reader.count(agents)} {plural('agent', agents)}"]
    if contacts is not None and math.isfinite(contacts) and kpi.per != "agent":
        parts.append(f"{reader.count(contacts)} {plural(kpi.per, contacts)}")
    return ", ".join(parts)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
