"""Where panels come from: the agent-weeks of a warehouse version, or of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.contact_kinds import ContactKinds, contact_kinds
from analysis.panel.data_checks import contacts_counted_twice
from analysis.panel.doses import courses_by_week, doses_by_course, refreshed_by_week
from analysis.panel.evaluations import Evaluations, evaluations_from_warehouse
from analysis.panel.panel import Panel, from_warehouse
from analysis.panel.phrases import Labels, labels_from_warehouse, rules_from_warehouse
from analysis.panel.spells import spells_from_warehouse
from analysis.panel.training_records import training_records

if TYPE_CHECKING:
    import duckdb

    from analysis.design import Timing
    from analysis.panel.held_weeks import Rows
    from analysis.panel.slices import Slice


class AgentWeeks(Protocol):
    """Interface through which a study reads its data. A method returns ``None`` for data the source lacks; results that
    need them are left out."""

    def panel(self, kpi_id: str, slice_: Slice, timing: Timing, cluster: str) -> Panel:
        """Agents x weeks of one KPI; see :func:`analysis.panel.panel.from_warehouse`."""

    def contacts(self, kpi_id: str, slice_: Slice, timing: Timing) -> ContactKinds | None:
        """The KPI by channel and queue."""

    def courses(self, panel: Panel, courses: Sequence[str]) -> NDArray[np.float64] | None:
        """(A, T) courses completed by each week."""

    def spells(self, slice_: Slice, timing: Timing) -> pl.DataFrame | None:
        """Spells of employment."""

    def evaluations(self) -> Evaluations | None:
        """Quality evaluations one by one."""

    def labels(self) -> Labels | None:
        """Contacts with a transcript and an evaluation."""

    def rules(self) -> pl.DataFrame | None:
        """Rules heard by agent and week; see :func:`analysis.panel.phrases.rules_from_warehouse`."""

    def doses(self, panel: Panel, courses: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """(A, T) completion of each course by each week."""

    def refreshed(self, panel: Panel, courses: Sequence[str], refreshers: Sequence[str]) -> NDArray[np.float64] | None:
        """(A, T) 1 from the first refresher on; None where nobody had one."""

    def counted_twice(self) -> int:
        """Number of contacts that are in two sources and therefore count twice."""

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Result of ``make``, computed once for this source and cached under ``name``."""

    def training(self) -> pl.DataFrame:
        """Agents and courses; see :func:`analysis.panel.training_records.training_records`."""


@dataclass(frozen=True, eq=False)
class WarehouseWeeks:
    """The agent-weeks of a warehouse version.

    Attributes
    ----------
    cur
        Cursor on the version.
    rows
        The version's agent-weeks, where they are held in memory.
    """

    cur: duckdb.DuckDBPyConnection
    rows: Rows | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def panel(self, kpi_id: str, slice_: Slice, timing: Timing, cluster: str) -> Panel:
        """Agents x weeks of one KPI."""
        return from_warehouse(self.cur, kpi_id, slice_, timing=timing, cluster=cluster, rows=self.rows)

    def contacts(self, kpi_id: str, slice_: Slice, timing: Timing) -> ContactKinds | None:
        """The KPI by channel and queue."""
        return contact_kinds(self.cur, kpi_id, slice_, timing)

    def courses(self, panel: Panel, courses: Sequence[str]) -> NDArray[np.float64] | None:
        """(A, T) courses completed by each week."""
        return courses_by_week(self.cur, panel, courses)

    def spells(self, slice_: Slice, timing: Timing) -> pl.DataFrame | None:
        """Spells of employment."""
        return spells_from_warehouse(self.cur, slice_, timing)

    def doses(self, panel: Panel, courses: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """(A, T) completion of each course by each week."""
        return doses_by_course(self.cur, panel, courses)

    def refreshed(self, panel: Panel, courses: Sequence[str], refreshers: Sequence[str]) -> NDArray[np.float64] | None:
        """(A, T) 1 from the first refresher on."""
        return refreshed_by_week(self.cur, panel, courses, refreshers)

    def training(self) -> pl.DataFrame:
        """Agents and courses."""
        return training_records(self.cur)

    def evaluations(self) -> Evaluations | None:
        """Quality evaluations one by one, read once."""
        found: Evaluations | None = self.once("evaluations", lambda: evaluations_from_warehouse(self.cur))
        return found

    def counted_twice(self) -> int:
        """Contacts that two sources have, as the data checks found them."""
        found: int = self.once("counted_twice", lambda: contacts_counted_twice(self.cur))
        return found

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` returns, worked out once for this version."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def labels(self) -> Labels | None:
        """Contacts with a transcript and an evaluation, read once."""
        found: Labels | None = self.once("labels", lambda: labels_from_warehouse(self.cur))
        return found

    def rules(self) -> pl.DataFrame | None:
        """Rules heard by agent and week."""
        return rules_from_warehouse(self.cur)
