"""Average the parts of an aggregation: by trained contacts, or with equal weight per week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]

ESTIMANDS = {
    "simple": "average effect over all trained contacts",
    "event_time": "average of the effects by weeks since training, each week counting the same",
    "cohort": "average effect over cohorts, weighted by their trained contacts",
    "calendar_time": "average of the effects by calendar week, each week counting the same",
}


def summary_weights(kind: str, keys: Sequence[Any], theta: Floats, mass: Floats) -> Floats:
    """(K,) weights of the parts in the overall estimate; zero for parts that do not exist."""
    there = np.isfinite(theta) & (mass > 0)
    if kind == "event_time":
        there &= np.array([key >= 0 for key in keys], dtype=bool)
    weight = there.astype(np.float64) if kind in ("event_time", "calendar_time") else np.where(there, mass, 0.0)
    total = weight.sum()
    return weight / total if total > 0 else weight


def summary(kind: str, keys: Sequence[Any], theta: Floats, mass: Floats) -> Floats:
    """(R,) overall number of each row of parts (R, K)."""
    there = np.isfinite(theta) & (mass > 0)
    if kind == "event_time":
        there &= np.array([key >= 0 for key in keys], dtype=bool)[None, :]
    weight = there.astype(np.float64) if kind in ("event_time", "calendar_time") else np.where(there, mass, 0.0)
    total = weight.sum(axis=1)
    sums = (np.where(there, theta, 0.0) * weight).sum(axis=1)
    return ratio(sums, total)
