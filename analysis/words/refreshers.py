"""Sentences on refreshers: their measured effect, and which agents are due one by the fitted fading."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analysis.words.course import FADING, LASTING
from analysis.words.numbers import Reader, Wording

MOVED_BEFORE, CANNOT_TELL, GAIN, LOSS = "moved_before", "cannot_tell", "gain", "loss"
NONE_SEEN = "No refresher was seen in the data, so that it brings the full effect back is an assumption."


@dataclass(frozen=True)
class Seen:
    """Effect of refreshers on a KPI in the first weeks after them, and effect of training on it.

    Attributes
    ----------
    state
        ``gain`` or ``loss`` (significant), ``cannot_tell``, or ``moved_before``: the KPI had changed before the
        refresher.
    rise, low, high
        Effect of a refresher in its first weeks and its interval; NaN where it cannot be separated from fading.
    full
        Effect of training on the KPI; NaN where it is not clear.
    """

    state: str
    rise: float = math.nan
    low: float = math.nan
    high: float = math.nan
    full: float = math.nan

    @property
    def share(self) -> float:
        """Effect of a refresher as a share of the effect of training; NaN where not known."""
        return self.rise / self.full if self.state == GAIN and self.rise * self.full > 0 else math.nan


def seen(events: Iterable[Mapping[str, Any]], full: float, better: str = "higher") -> Seen | None:
    """Summarise the event study of refreshers.

    Parameters
    ----------
    events
        The rows of ``result.refresher`` for one KPI.
    full
        Effect of training on the KPI, NaN where it is not clear.
    better
        ``higher`` or ``lower``: which way is a gain.

    Returns
    -------
    Seen or None
        ``None`` where no refresher was seen.
    """
    by_span = {int(row["from_week"]): row for row in events}
    after = by_span.get(0)
    if after is None:
        return None
    rise, low, high = (_number(after[name]) for name in ("estimate", "ci_low", "ci_high"))
    before = by_span.get(min(by_span))
    if before is not None and int(before["from_week"]) < 0 and before["stands_out"]:
        return Seen(MOVED_BEFORE, rise, low, high, full)
    gained = rise < 0 if better == "lower" else rise > 0
    state = (GAIN if gained else LOSS) if after["stands_out"] else CANNOT_TELL
    return Seen(state, rise, low, high, full)


def sentence(found: Seen | None, kpi: Wording, reader: Reader) -> str:
    """Effect of refreshers on a KPI with its range, or why it cannot be estimated."""
    if found is None:
        return NONE_SEEN
    if found.state == MOVED_BEFORE:
        return (
            f"{kpi.label}: what the refreshers so far brought cannot be told; among those who took one it had already "
            "moved in the weeks before."
        )
    if not math.isfinite(found.rise) or not math.isfinite(found.low):
        return (
            f"{kpi.label}: what the refreshers so far brought cannot be told apart from fading; all agents of a wave "
            "had theirs in the same weeks, or too few teams had any."
        )
    rise = f"{reader.change(found.rise, kpi, found.low, found.high)} in the four weeks after one"
    likely = f"likely between {reader.span(found.low, found.high, kpi, join='and')}"
    if found.state == CANNOT_TELL:
        return f"{kpi.label}: whether the refreshers so far changed it cannot be told yet ({rise}, {likely})."
    if found.state == LOSS:
        return (
            f"{kpi.label}: the refreshers so far brought nothing back ({rise}, {likely}). "
            "Find out why before repeating them."
        )
    share = f", {found.share:.0%} of what training did to it" if math.isfinite(found.share) else ""
    return f"{kpi.label}: the refreshers so far brought {rise} ({likely}){share}."


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


@dataclass(frozen=True)
class Fading:
    """How the effect on one goal fades.

    Attributes
    ----------
    kpi
        Id.
    state
        ``fading``, ``lasting`` or ``cannot_tell``.
    half_life, low, high
        Weeks; ``None`` where open.
    """

    kpi: str
    state: str
    half_life: float | None
    low: float | None
    high: float | None

    @property
    def known(self) -> bool:
        """Whether it fades with a known half-life."""
        return self.state == FADING and self.half_life is not None and math.isfinite(self.half_life)


def due(
    fading: Sequence[Fading], labels: Mapping[str, str], last: date | None, day: Callable[[date], str] = date.isoformat
) -> str:
    """Which agents are due a refresher and when, by the fitted fading.

    Parameters
    ----------
    fading
        Goals with a believed effect.
    labels
        Id to name.
    last
        End of the data.
    day
        Formats a date.
    """
    told = sorted((one for one in fading if one.known), key=lambda one: one.half_life or 0.0)
    if not told or last is None:
        if fading and all(one.state == LASTING for one in fading):
            return "Refreshers: no goal's effect is seen to fade, so the data name nobody who is due one."
        return "Refreshers: how fast effects fade cannot be told from the data yet, so they name nobody who is due one."
    first = told[0]
    assert first.half_life is not None
    name = labels.get(first.kpi, first.kpi)
    name = name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"
    ends = [None if end is None or not math.isfinite(end) else f"{end:.0f}" for end in (first.low, first.high)]
    likely = f"between {ends[0]} and {ends[1]}"
    if not all(ends):
        likely = f"{ends[0]} or more" if ends[0] else f"{ends[1]} or less" if ends[1] else "not told how far from it"
    before = day(last - timedelta(weeks=round(first.half_life)))
    fastest = ", the fastest of the goals" if len(told) > 1 else ""
    return (
        f"Refreshers: half of the effect on {name} is gone about {first.half_life:.0f} weeks after training (likely "
        f"{likely}){fastest}. Agents whose last course or refresher was before {before} have lost half or more: they "
        "are due first, the longest ago before the others."
    )
