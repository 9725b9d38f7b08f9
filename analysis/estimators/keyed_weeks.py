"""Assign the trained weeks of each cohort to the keys of an aggregation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel
from analysis.solver.layout import Layout

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KeyedWeeks:
    """Keys of an aggregation and the cohort-weeks that belong to them.

    Attributes
    ----------
    keys : list of K labels
    places : list of (h, weeks, positions)
        For every trained cohort that has any: its position in the layout, its weeks that belong to a key, and the
        position of that key for each of them.
    """

    keys: list[Any]
    places: list[tuple[int, Ints, Ints]]


def keyed_weeks(kind: str, panel: Panel, layout: Layout, trained: list[int], anticipation: int) -> KeyedWeeks:
    """Keys and cohort-weeks of one aggregation.

    Parameters
    ----------
    kind : {"simple", "event_time", "cohort", "calendar_time"}
    panel : Panel
        For its weeks.
    layout : Layout
        For its cohorts.
    trained : list of int
        Positions of the cohorts trained within the window.
    anticipation : int
        Weeks before training that are neither before nor after; they have keys in event time.
    """
    weeks, values = np.arange(panel.n_periods), layout.cohort_values
    after = {h: weeks[weeks >= values[h]] for h in trained}
    places: list[tuple[int, Ints, Ints]]
    if kind == "event_time":
        last = max((panel.n_periods - 1 - int(values[h]) for h in trained), default=-1)
        keys: list[Any] = list(range(-anticipation, last + 1))
        after = {h: weeks[weeks >= values[h] - anticipation] for h in trained}
        places = [(h, used, used - values[h] + anticipation) for h, used in after.items()]
    elif kind == "calendar_time":
        first = min((int(values[h]) for h in trained), default=0)
        keys = list(panel.times[first:])
        places = [(h, used, used - first) for h, used in after.items()]
    elif kind == "cohort":
        inside = [h for h in trained if values[h] < panel.n_periods]
        keys = [panel.cohort_label(int(values[h])) for h in inside]
        places = [(h, after[h], np.full(after[h].size, k, dtype=np.int64)) for k, h in enumerate(inside)]
    else:
        keys = ["overall"]
        places = [(h, used, np.zeros(used.size, dtype=np.int64)) for h, used in after.items()]
    return KeyedWeeks(keys, [place for place in places if place[1].size])
