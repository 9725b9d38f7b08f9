"""Spans of weeks before and since an event of an agent (a course, a refresher), each with one effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SPANS = ((-8, 0), (0, 4), (4, 13), (13, 10_000))
"""Half-open spans of weeks since the event that share an effect, relative to the weeks before the first span. The first
span precedes the event and is a placebo."""


@dataclass(frozen=True, kw_only=True)
class SpanEffect:
    """Effect in one span of weeks.

    Attributes
    ----------
    from_week, to_week
        Half-open span of weeks since the event; -1 where it has no end.
    estimate, std_error, ci_low, ci_high
        Effect in the natural unit; NaN where it is not identified.
    stands_out
        Whether it is significant after Bonferroni correction for everything tested together.
    n_agents
        Agents seen in it.
    """

    from_week: int
    to_week: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    stands_out: bool
    n_agents: int


def spans_of(happened: Floats, seen: Bools) -> list[tuple[int, int, Floats]]:
    """Spans in which anybody was seen, as first and last week (-1 for no end) and (A, T) indicator.

    Parameters
    ----------
    happened
        (A, T), above 0 from the week of each agent's event on.
    seen
        (A, T) cells that count.

    Examples
    --------
    >>> spans_of(np.array([[0.0, 1.0, 1.0]]), np.ones((1, 3), dtype=bool))
    [(-8, 0, array([[1., 0., 0.]])), (0, 4, array([[0., 1., 1.]]))]
    """
    done, n_weeks = happened > 0, happened.shape[1]
    first_week = np.where(done.any(axis=1), done.argmax(axis=1), 10 * n_weeks)
    since = np.arange(n_weeks)[None, :] - first_week[:, None]
    found = []
    for first, last in SPANS:
        inside = (since >= first) & (since < last)
        if (inside & seen).any():
            found.append((first, last if last < SPANS[-1][1] else -1, inside.astype(np.float64)))
    return found
