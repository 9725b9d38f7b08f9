"""Whether an estimate is about a few of the agents that it compares.

An estimate is what the trained did less what the comparison did in the same weeks. Where all agents of a site but one
were trained, the second half is that one agent, and an estimate by week follows that agent's weeks; where six are seen
in a week from training, the first half is about these. So both sides are looked at like any other sum: how much of the
whole lies in few agents.

In week ``t`` the comparison is the mean over agents who are not trained yet, by how much there is of each, and weeks
count by how much there is of the trained in them. An agent's part of the comparison is the sum over weeks of weight
times the agent's share of that week. Where the lowest performers were trained by a rule, every wave has a comparison of
its own: those whom the same rule would have picked in teams that had not started, who may be few beside many untrained.

Assumptions
-----------
1. Agents' own levels, which an estimate subtracts on both sides, spread what a comparison rests on over more weeks of
   the same agents; they are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel
from dashboard.privacy.lattice import MOST_TOLD

Floats = NDArray[np.float64]
MOST_OF_FEW = 0.6
"""Largest part of an estimate that may lie in few agents. Estimates of two weeks of one wave are about the same agents,
and their own level before training is in both: with two answers of each of which 0.88 lies in the same five agents,
0.93 of a figure of these five was told (``python -m benchmarks.attack_by_form``)."""


@dataclass(frozen=True)
class Compared:
    """What an estimate, or that of one week from training, compares.

    Attributes
    ----------
    n_trained : int
        Agents seen after their training.
    effective : float
        Agents of equal weight that the comparison amounts to; 0 where there is none.
    of_few : float
        Largest part of the estimate's variance that lies in as many agents as the smallest group, over what may be
        (``MOST_OF_FEW``, and ``MOST_TOLD`` of the comparison alone), or more where that is within it; 0 where nothing
        is compared.
    """

    n_trained: int
    effective: float
    of_few: float

    @property
    def enough(self) -> bool:
        """Whether it is not about few agents, or nothing is compared."""
        return self.of_few <= 1.0

    @property
    def fewest(self) -> float:
        """Agents on the smaller side; infinite where nothing is known of either."""
        return min((size for size in (float(self.n_trained), self.effective) if size), default=math.inf)


def compared(
    panel: Panel, anticipation: int, minimum: int, apart: Sequence[Panel] = ()
) -> tuple[Compared, Mapping[int, Compared]]:
    """What the estimate on a panel compares, and each of those by week from training.

    Parameters
    ----------
    panel : Panel
        As estimated on, A agents by T weeks.
    anticipation : int
        Weeks before training in which agents are no comparison any more.
    minimum : int
        Smallest group shown.
    apart : sequence of Panel, optional
        Where the estimate compares every wave with agents of its own: agents of the panel that are compared for each
        wave, in all T weeks.

    Returns
    -------
    Compared, mapping of int to Compared
    """
    panels = tuple(apart) or (panel,)
    row = {unit: k for k, unit in enumerate(panel.units.tolist())}
    sides = [_Sides.of(one, anticipation) for one in panels]
    first = min(one.first for one in sides)
    n_events = max(one.first + one.n_events for one in sides) - first
    ours, ours_apart = np.zeros((2, panel.n_units, n_events + 1))
    weeks, shares = [], []
    for one, of in zip(panels, sides, strict=True):
        at = np.array([row[unit] for unit in one.units.tolist()], dtype=np.int64)
        to = np.append(of.first - first + np.arange(of.n_events), n_events)
        ours[np.ix_(at, to)] += of.ours
        ours_apart[np.ix_(at, to)] += of.ours_apart
        weeks.append(np.zeros((panel.n_periods, n_events + 1)))
        weeks[-1][:, to] = of.weeks
        shares.append(np.zeros((panel.n_units, panel.n_periods)))
        shares[-1][at] = of.share
    found = _both_sides(ours, ours_apart, weeks, shares, minimum)
    return found[-1], {first + k: one for k, one in enumerate(found[:-1]) if one.n_trained}


def one_side(volume: Floats, squares: Floats, minimum: int) -> Compared:
    """What the trained of an estimate are, whoever they are compared with.

    Parameters
    ----------
    volume, squares : (A,) float array
        What there is of every agent after training, and the sum of squares over weeks.
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> each = np.array([9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    >>> [one_side(each, each, n).enough for n in (1, 2)]
    [True, False]
    """
    parts = [np.square(volume)[:, None], squares[:, None]]
    return Compared(int((volume > 0).sum()), 0.0, max(float(_of_few(part, minimum, MOST_OF_FEW)[0]) for part in parts))


def means_compared(n_trained: int, n_others: int, minimum: int) -> Compared:
    """What the difference of two means compares, in which every agent counts the same.

    Parameters
    ----------
    n_trained, n_others : int
        Agents on either side.
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> [means_compared(100, n, 10).enough for n in (1, 9, 14, 15)]
    [False, False, False, True]
    """
    if not (n_trained and n_others):
        return Compared(0, 0.0, 0.0)
    theirs = np.where(np.arange(n_trained + n_others) < n_trained, 0.0, 1.0 / n_others)[:, None]
    ours = np.where(theirs > 0, 0.0, 1.0 / n_trained)
    of_few = max(
        float(_of_few(ours**2 + theirs**2, minimum, MOST_OF_FEW)[0]),
        float(_of_few(theirs**2, minimum, MOST_TOLD)[0]),
    )
    few = min(n_trained, n_others) < minimum
    return Compared(n_trained, float(n_others), math.inf if few else of_few)


@dataclass(frozen=True, eq=False)
class _Sides:
    """Both sides of a panel's estimates: one for each of E weeks from training, the last for all of them together.

    Attributes
    ----------
    first, n_events : int
        Weeks from training: the first, and how many.
    ours, ours_apart : (A, E + 1) float array
        What there is of every agent after training, and the sum of squares over weeks.
    weeks : (T, E + 1) float array
        What there is of the trained in every week.
    share : (A, T) float array
        Agents' shares of the comparison of every week.
    """

    first: int
    n_events: int
    ours: Floats
    ours_apart: Floats
    weeks: Floats
    share: Floats

    @classmethod
    def of(cls, panel: Panel, anticipation: int) -> _Sides:
        week, begin = np.arange(panel.n_periods)[None, :], np.asarray(panel.cohort_ix)[:, None]
        since = week - begin
        others = panel.observed & (since < -anticipation)
        volume = np.where(panel.observed, panel.den, 0.0)
        share = np.where(others, volume, 0.0)
        total = share.sum(axis=0)
        share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
        fair = panel.observed & (begin < panel.n_periods) & (total > 0)
        trained = fair & (since >= 0) & np.asarray(others.any(axis=1))[:, None]
        agent, at = np.nonzero(trained | (fair & (since < 0)))
        event, size = since[agent, at], volume[agent, at]
        first = int(event.min(initial=0))
        n_events = int(event.max(initial=-1)) - first + 1
        ours = np.zeros((panel.n_units, n_events + 1))
        ours[agent, event - first] = size  # a week from training is one week of each agent
        weeks = np.zeros((panel.n_periods, n_events + 1))
        shape = (panel.n_periods, n_events)
        weeks[:, :-1] = np.bincount(at * n_events + event - first, size, panel.n_periods * n_events).reshape(shape)
        after = np.where(trained, volume, 0.0)
        ours[:, -1], weeks[:, -1] = after.sum(axis=1), after.sum(axis=0)
        ours_apart = np.column_stack([ours[:, :-1] ** 2, (after**2).sum(axis=1)])
        return cls(first, n_events, ours, ours_apart, weeks, share)


def _both_sides(
    ours: Floats, ours_apart: Floats, weeks: Sequence[Floats], shares: Sequence[Floats], minimum: int
) -> list[Compared]:
    """Both sides of K estimates.

    Parameters
    ----------
    ours, ours_apart : (A, K) float array
        What there is of every agent after training, and the sum of squares over weeks.
    weeks : sequence of (T, K) float array
        What there is of the trained in every week, of those who are compared with the same agents.
    shares : sequence of (A, T) float array
        Agents' shares of the comparison of every week, for each of these.
    minimum : int
        Smallest group shown.
    """
    size = ours.sum(axis=0)
    there = size > 0
    scale = np.where(there, size, 1.0)
    theirs = sum((share @ (some / scale) for share, some in zip(shares, weeks, strict=True)), np.zeros_like(ours))
    # Once as if an agent were the same in every week, once as if weeks had nothing to do with each other.
    if len(shares) == 1:
        theirs_apart = shares[0] ** 2 @ (weeks[0] / scale) ** 2
    else:
        theirs_apart = np.zeros_like(ours)
        for k in range(size.size):
            of_week = sum(share * (some[:, k] / scale[k]) for share, some in zip(shares, weeks, strict=True))
            theirs_apart[:, k] = np.square(of_week).sum(axis=1)
    of_few = np.maximum(
        _of_few((ours / scale) ** 2 + theirs**2, minimum, MOST_OF_FEW),
        _of_few(ours_apart / scale**2 + theirs_apart, minimum, MOST_OF_FEW),
    )
    of_few = np.where(there, np.maximum(of_few, _of_few(theirs**2, minimum, MOST_TOLD)), 0.0)
    squares = (theirs**2).sum(axis=0)
    effective = np.divide(theirs.sum(axis=0) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)
    n = (ours > 0).sum(axis=0)
    rows = zip(n.tolist(), effective.tolist(), of_few.tolist(), strict=True)
    return [Compared(*row) for row in rows]


def _of_few(variance: Floats, minimum: int, limit: float) -> Floats:
    """(K,) share of every column of (A, K) that lies in its largest few, over a limit; 0 where a column has nothing.

    Where the largest as many times as there are few is within the limit, it stands in place of the sum of the largest.
    """
    total = variance.sum(axis=0)
    there = total > 0
    most = minimum * variance.max(axis=0, initial=0.0)
    near = np.flatnonzero(most > limit * total)
    if variance.shape[0] <= minimum:
        most = total
    elif near.size:
        most[near] = np.partition(variance[:, near], -minimum, axis=0)[-minimum:].sum(axis=0)
    return np.asarray(np.divide(most, total * limit, out=np.zeros_like(total), where=there))
