"""Connected components of agents and weeks through observed cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def components(inside: Bools) -> tuple[Ints, Ints]:
    """Connected components of the agents-weeks graph.

    Parameters
    ----------
    inside : (A, T) bool array
        Cells of the sample.

    Returns
    -------
    week_component, unit_component : (T,), (A,) int arrays
        Component number; -1 for weeks and units without a cell.
    """
    seen = inside.any(axis=0)
    weeks = np.flatnonzero(seen)
    chained = weeks.size > 0 and bool((inside[:, weeks[1:]] & inside[:, weeks[:-1]]).any(axis=0).all())
    if chained:
        week_component = np.where(seen, 0, -1).astype(np.int64)
    else:
        cells = inside.astype(np.float32)
        labels = connected_components(cells.T @ cells > 0, directed=False)[1]
        week_component = np.where(seen, labels, -1).astype(np.int64)
    first = inside.argmax(axis=1)
    unit_component = np.where(inside.any(axis=1), week_component[first], -1)
    return week_component, unit_component
