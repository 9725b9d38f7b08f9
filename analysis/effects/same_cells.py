"""Align a panel with the agents and weeks of another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]


def aligned(panel: Panel, like: Panel, name: str) -> Panel:
    """The panel over the agents and weeks of ``like``, in its order and with its cohorts and clusters."""
    unit = {label: i for i, label in enumerate(panel.units.tolist())}
    time = {label: i for i, label in enumerate(panel.times.tolist())}
    rows = np.array([unit.get(label, -1) for label in like.units.tolist()], dtype=np.int64)
    columns = np.array([time.get(label, -1) for label in like.times.tolist()], dtype=np.int64)
    if not (rows >= 0).any() or not (columns >= 0).any():
        raise EstimationError(
            f"The panel {name!r} has no agent or no week in common with the KPI's; build both from the same labels."
        )
    there = np.ix_(rows >= 0, columns >= 0)
    place = np.ix_(rows[rows >= 0], columns[columns >= 0])

    def moved(values: Floats | None) -> Floats | None:
        if values is None:
            return None
        out = np.zeros(like.num.shape)
        out[there] = values[place]
        return out

    num, den = moved(panel.num), moved(panel.den)
    assert num is not None
    assert den is not None
    return replace(like, num=num, den=den, sq=moved(panel.sq), outcome=panel.outcome, covariate_reader=None)


def not_scored(skill: Panel, kpi: Panel, name: str) -> tuple[str, ...]:
    """Note about weeks with KPI values but no scores of a skill; empty where there are no such weeks.

    Parameters
    ----------
    skill, kpi : Panel
        The same agents and weeks.
    name : str
        What the note calls the skill.
    """
    missing = np.flatnonzero(kpi.observed.any(axis=0) & ~skill.observed.any(axis=0))
    if not missing.size:
        return ()
    label = name.replace("_", " ")
    first, last = (str(kpi.times[week])[:10] for week in (missing[0], missing[-1]))
    when = f"in week {first}" if missing.size == 1 else f"in {missing.size} weeks between {first} and {last}"
    return (f"Nobody was scored on {label} {when}; effect and slope rest on the other weeks.",)


def rows_of(values: Floats, whole: Panel, given: Panel, name: str) -> Floats:
    """Values of the agents and weeks of ``given`` for the agents of ``whole``."""
    found: Floats = np.asarray(values, dtype=np.float64)
    if found.shape != given.num.shape:
        raise EstimationError(f"{name} must be agents x weeks {given.num.shape}; it is {found.shape}.")
    return found if whole is given else found[np.isin(given.units, whole.units)]
