"""Sentences on which groups gain more or less than the others, and which got worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.words.numbers import Reader, Wording

MORE, LESS, ALIKE, HARMED, NOT_USED = "more", "less", "alike", "harmed", "not_used"
READINGS = {
    MORE: "gains more than the others",
    LESS: "gains less than the others",
    ALIKE: "not told apart",
    HARMED: "got worse",
    NOT_USED: "not used",
}
KINDS = {
    "starting_level": "Level before",
    "first_course": "First course",
    "site": "Site",
    "channel": "Channel",
    "tenure_band": "Tenure",
}
"""Kind of group to its label."""


def sentence(row: Mapping[str, Any], kpi: Wording, reader: Reader) -> str:
    """Sentence about one group.

    Parameters
    ----------
    row
        Row of ``result.gain``.
    kpi, reader
        Wording and number format of the sentence.
    """
    state = row["state"]
    if state == NOT_USED:
        return "The comparison behind this KPI does not hold, so no group is compared."
    gap = reader.change(row["difference"], kpi, row["difference_low"], row["difference_high"])
    span = reader.span(row["difference_low"], row["difference_high"], kpi, join="and", unit=False)
    apart = f"{gap} from the others (likely between {span})"
    if state == HARMED:
        own = reader.change(row["estimate"], kpi, row["estimate_low"], row["estimate_high"])
        return f"Got worse: {own}; {apart}."
    if state == ALIKE:
        return f"Not told apart from the others, allowing for all groups looked at: {apart}."
    return f"{'Gains more' if state == MORE else 'Gains less'}: {apart}."


def title(rows: Sequence[Mapping[str, Any]]) -> str:
    """Title for the groups of one KPI, naming those that stand out."""
    harmed = [_called(row) for row in rows if row["state"] == HARMED]
    more = [_called(row) for row in rows if row["state"] == MORE]
    less = [_called(row) for row in rows if row["state"] == LESS]
    parts = []
    if harmed:
        parts.append(f"got worse for {_listed(harmed)}")
    if more:
        parts.append(f"gains are larger for {_listed(more)}")
    if less:
        parts.append(f"gains are smaller for {_listed(less)}")
    if not parts:
        return "No group is told apart from the others: their differences fit chance"
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}"


def _called(row: Mapping[str, Any]) -> str:
    """A group inside a sentence: thirds of the level before need their article."""
    return f"the {row['value']}" if row.get("kind") == "starting_level" else str(row["value"])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
