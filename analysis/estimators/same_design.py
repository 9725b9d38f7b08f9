"""Outcomes seen in the same agents, weeks and weights share all that an estimator works out without the outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from analysis.panel.panel import Panel

Known = dict[Any, Any]
_SHARED: ContextVar[list[tuple[Panel, Known]] | None] = ContextVar("shared designs", default=None)


@contextmanager
def designs_shared() -> Iterator[None]:
    """Within the block, estimates of one outcome after another take over what hangs on the design alone.

    Numbers are the same to the last digit: only arrays that are equal are shared. What is shared is let go at the end
    of the block, and is of the thread that entered it.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> from analysis.estimators.same_design import designs_shared
    >>> weeks = pl.DataFrame(
    ...     {
    ...         "agent": [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
    ...         "week": [1, 2, 3] * 4,
    ...         "start": [3] * 6 + [None] * 6,
    ...         "y": [0.2, 0.3, 0.5, 0.1, 0.4, 0.6, 0.3, 0.2, 0.4, 0.2, 0.4, 0.3],
    ...     }
    ... )
    >>> panel = Panel.from_frame(weeks, "agent", "week", "start", "y")
    >>> with designs_shared():
    ...     found = [estimate(one).aggregate("simple").overall.estimate for one in (panel, panel)]
    >>> found[0] == found[1]
    True
    """
    token = _SHARED.set([])
    try:
        yield
    finally:
        _SHARED.reset(token)


def known_of(panel: Panel) -> Known:
    """What is known of a panel's design: that of an equal one before it in the block, or nothing yet.

    Parameters
    ----------
    panel : Panel
        Of it weights, cohorts, clusters and labels of weeks are looked at; never the outcome.
    """
    shared = _SHARED.get()
    if shared is None:
        return {}
    for other, known in shared:
        if _same(other, panel):
            return known
    shared.append((panel, {}))
    return shared[-1][1]


def _same(one: Panel, other: Panel) -> bool:
    """Whether two panels differ in their outcomes alone."""
    pairs = ((one.den, other.den), (one.cohort_ix, other.cohort_ix), (one.cluster_ix, other.cluster_ix))
    labels = ((one.times, other.times), (one.clusters, other.clusters))
    return all(a is b or np.array_equal(a, b) for a, b in (*pairs, *labels))
