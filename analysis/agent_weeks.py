"""The agent-weeks of one KPI, read once for all of its slices.

Estimating everything asks for the same rows of ``mart.agent_week`` once per slice. Most of the time of such a query is
the query itself, so the rows are read once with the few columns that the stored slices are cut by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.slices import CELL_COLUMNS, Slice, cells_from_warehouse, identifier, people_from_warehouse

if TYPE_CHECKING:
    import duckdb

HELD = ("site", "channel", "tenure_band")
"""What the held rows can be cut by."""


class AgentWeeks:
    """Rows of ``mart.agent_week`` for panels; those of the last two KPIs are held: one, and that of a selection rule.

    Parameters
    ----------
    cur
        Cursor on a warehouse version, which must not change while this is used.
    """

    def __init__(self, cur: duckdb.DuckDBPyConnection) -> None:
        self._cur = cur
        self._values = {name: self._distinct(name) for name in HELD}
        self._held: dict[str, Mapping[str, NDArray[Any]]] = {}
        self._people: dict[tuple[str, str], Mapping[str, Any]] = {}

    def cells(self, kpi_id: str, slice_: Slice) -> Mapping[str, NDArray[Any]]:
        """Agent and week indices, numerators and denominators of one KPI in a slice: ``CELL_COLUMNS``, (rows,) each.

        Raises
        ------
        analysis.errors.PanelError
            The warehouse does not have the KPI.
        """
        if replace(slice_, cohort=(), site=(), channel=(), tenure_band=()) != Slice():
            return cells_from_warehouse(self._cur, kpi_id, slice_)
        held = self._held.pop(kpi_id, None)
        held = self._read(kpi_id) if held is None else held
        self._held = {**dict(list(self._held.items())[-1:]), kpi_id: held}
        kept: NDArray[np.bool_] | None = None
        for name in HELD:
            chosen = getattr(slice_, name)
            if chosen:
                known = [self._values[name].index(value) + 1 for value in chosen if value in self._values[name]]
                inside = np.isin(held[name], known)
                kept = inside if kept is None else kept & inside
        return {name: held[name] if kept is None else held[name][kept] for name in CELL_COLUMNS}

    def people(self, timing: str, cluster: str) -> Mapping[str, Any]:
        """Agents with cohort and cluster; see :func:`analysis.slices.people_from_warehouse`."""
        if (timing, cluster) not in self._people:
            self._people[timing, cluster] = people_from_warehouse(self._cur, timing, cluster)
        return self._people[timing, cluster]

    def _distinct(self, name: str) -> list[str]:
        column = identifier(name)
        found = self._cur.execute(
            f"select distinct {column} from mart.agent_week where {column} is not null order by 1"
        )
        return [str(value) for (value,) in found.fetchall()]

    def _read(self, kpi_id: str) -> Mapping[str, NDArray[Any]]:
        codes = [f"coalesce(list_position(?::varchar[], {identifier(name)}), 0)::integer as {name}" for name in HELD]
        values = [self._values[name] for name in HELD]
        return cells_from_warehouse(self._cur, kpi_id, Slice(), further=codes, values=values)
