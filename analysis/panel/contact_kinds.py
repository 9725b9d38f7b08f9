"""Agent-weeks by kind of contact (channel and queue), for the case-mix check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.panel.slices import Slice, cells_from_warehouse, identifier, people_from_warehouse

if TYPE_CHECKING:
    import duckdb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KindRows:
    """Rows of ``mart.agent_week``, N of them.

    Attributes
    ----------
    agent, week
        (N,) indices.
    kind
        (N,) code of channel and queue.
    untrained
        (N,) whether before training.
    num, den
        (N,) sums of the KPI.
    """

    agent: Ints
    week: Ints
    kind: Ints
    untrained: NDArray[np.bool_]
    num: Floats
    den: Floats


@dataclass(frozen=True, eq=False)
class ContactKinds:
    """One KPI by kind of contact: for all agents, and in the slice that is studied.

    Attributes
    ----------
    every, counted
        All rows, and those of the slice.
    index, agent_key
        (P,) agent index and its key, for all agents.
    first_week
        Monday of week 0.
    """

    every: KindRows
    counted: KindRows
    index: Ints
    agent_key: NDArray[Any]
    first_week: date


def contact_kinds(cur: duckdb.DuckDBPyConnection, kpi_id: str, slice_: Slice, timing: str) -> ContactKinds:
    """Read one KPI by kind of contact from a warehouse version.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi_id, slice_
        Which KPI, which agent-weeks (cohorts do not matter here).
    timing
        ``scheduled`` or ``trained``: which weeks count as untrained.
    """
    every = _rows(cur, kpi_id, Slice(), timing)
    counted = every if slice_ == Slice() else _rows(cur, kpi_id, slice_, timing)
    people = people_from_warehouse(cur, timing, "agent")
    return ContactKinds(every, counted, people["a"], people["agent_key"], people["first_week"])


def _rows(cur: duckdb.DuckDBPyConnection, kpi_id: str, slice_: Slice, timing: str) -> KindRows:
    """The rows of a slice in table order, so that floating-point sums do not depend on the number of threads."""
    named = ("channel", "queue")
    values = [
        [v for (v,) in cur.execute(f"select distinct {n} from mart.agent_week where {n} is not null").fetchall()]
        for n in named
    ]
    cohort = identifier(f"{timing}_week")
    further = [f"coalesce(list_position(?::varchar[], {n}), 0)::integer as {n}" for n in named]
    further.append(f"({cohort} is null or week < {cohort}) as untrained")
    cells = cells_from_warehouse(cur, kpi_id, slice_, further, [sorted(found) for found in values])
    return KindRows(
        agent=cells["a"].astype(np.int64),
        week=cells["w"].astype(np.int64),
        kind=cells["channel"].astype(np.int64) * (len(values[1]) + 1) + cells["queue"],
        untrained=cells["untrained"].astype(bool),
        num=cells["num"],
        den=cells["den"],
    )
