"""A failure in one KPI or one check: its reason stands in its place, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NOT_OURS = (MemoryError, OSError)
"""Failures of the machine, which would come again for every KPI: they stop the run."""


def attempted(run: Callable[[], T], instead: Callable[[str], T]) -> T:
    """What a calculation gives, or what stands in its place when it fails.

    Parameters
    ----------
    run
        The calculation.
    instead
        From the reason, in words, to what stands in its place.

    Raises
    ------
    MemoryError, OSError, duckdb.Error
        The machine or the warehouse failed, not the calculation.
    """
    import duckdb

    try:
        return run()
    except (*NOT_OURS, duckdb.Error):
        raise
    except Exception as error:
        told = (str(error).splitlines() or [""])[0][:160]
        return instead(f"{type(error).__name__}: {told}" if told else type(error).__name__)
