"""Contain a failure in one KPI or check: it is replaced by its reason, and the others continue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NOT_OURS = (MemoryError, OSError)
"""Errors of machine or warehouse, which would recur for every KPI: they stop the run."""


def attempted(run: Callable[[], T], instead: Callable[[str], T]) -> T:
    """Result of a calculation, or a replacement when it fails.

    Parameters
    ----------
    run
        The calculation.
    instead
        Makes the replacement from the reason, in words.

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
