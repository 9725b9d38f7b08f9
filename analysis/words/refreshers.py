"""What refreshers brought so far, in words: beside the sum that assumes a refresher brings the full effect back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.words.numbers import Reader, Wording

MOVED_BEFORE, CANNOT_TELL, GAIN, LOSS = "moved_before", "cannot_tell", "gain", "loss"
NONE_SEEN = "No refresher was seen in the data, so that it brings the full effect back is an assumption."


@dataclass(frozen=True)
class Seen:
    """The effect of refreshers on a skill in the weeks right after them, beside the effect of training on it.

    Attributes
    ----------
    state
        ``gain`` or ``loss`` beyond chance, ``cannot_tell``, or ``moved_before``: the skill had moved before it.
    rise, low, high
        Effect of a refresher in its first weeks and its interval; NaN where it cannot be told apart from courses.
    full
        Effect of training on the skill; NaN where it is not clear, and then nothing is compared with it.
    """

    state: str
    rise: float = math.nan
    low: float = math.nan
    high: float = math.nan
    full: float = math.nan

    @property
    def share(self) -> float:
        """What a refresher brings as a share of what training did; NaN where it cannot be told."""
        return self.rise / self.full if self.state == GAIN and self.full > 0 else math.nan


def seen(events: Iterable[Mapping[str, Any]], full: float) -> Seen | None:
    """What the event study of refreshers tells.

    Parameters
    ----------
    events
        Its rows of ``result.course_event`` for one skill for which more is better.
    full
        Effect of training on the skill, NaN where it is not clear.

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
    state = GAIN if low > 0 else LOSS if high < 0 else CANNOT_TELL
    return Seen(state, rise, low, high, full)


def sentence(found: Seen | None, kpi: Wording, reader: Reader) -> str:
    """What refreshers brought to a skill, with its range, or why that cannot be told."""
    if found is None:
        return NONE_SEEN
    skill = f"{kpi.label[:1].lower()}{kpi.label[1:]}"
    if found.state == MOVED_BEFORE:
        return (
            f"What the refreshers so far brought cannot be told: the {skill} of those who took one had already moved "
            "in the weeks before it."
        )
    if not math.isfinite(found.rise) or not math.isfinite(found.low):
        return (
            "What the refreshers so far brought cannot be told apart from the courses: they came too close together, "
            "or in too few teams."
        )
    ends = tuple(reader.change(end, kpi, found.low, found.high) for end in (found.low, found.high))
    rise = reader.change(found.rise, kpi, found.low, found.high)
    if found.state == CANNOT_TELL:
        return (
            f"Whether the refreshers so far brought anything back cannot be told yet: {rise} on the {skill} in the "
            f"weeks after one, likely between {ends[0]} and {ends[1]}."
        )
    if found.state == LOSS:
        return (
            f"The refreshers so far brought nothing back: {rise} on the {skill} in the weeks after one, likely between "
            f"{ends[0]} and {ends[1]}. Find out why before repeating them."
        )
    share = f", {found.share:.0%} of what training did to it" if math.isfinite(found.share) else ""
    return (
        f"The refreshers so far moved the {skill} by {rise} in the weeks after one (likely between {ends[0]} and "
        f"{ends[1]}){share}."
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
