"""Selections as estimation understands them, and under which their results are stored."""

from __future__ import annotations

from analysis.panel.slices import STORED_KINDS, Slice
from dashboard.state import DIMENSIONS, Filters


def stored_slice(filters: Filters) -> tuple[str, str] | None:
    """Kind and value under which a selection's results are stored; None when they are estimated on request."""
    active = filters.active()
    if not active:
        return ("overall", "")
    if len(active) == 1:
        ((name, values),) = active.items()
        if name in STORED_KINDS and len(values) == 1:
            return (name, values[0])
    return None


def to_slice(filters: Filters) -> Slice:
    """The selection as estimation understands it."""
    chosen = {name: getattr(filters, name) for name in DIMENSIONS}
    return Slice(**chosen, start=filters.start, end=filters.end)
