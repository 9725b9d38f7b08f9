"""The agent-weeks of one warehouse version in memory, for panels of many slices.

Slices of the same data differ only in which rows of ``mart.agent_week`` they use. So the dimensions of every row
(agent, week, site, team, ...) are held as small integers, a KPI's numerators and denominators as one array each, and a
slice is a mask. The panel is the one that :func:`analysis.panel.slices.cells_from_warehouse` would lead to, to the last
bit: the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.errors import NotInVersionError, NoWeeksError
from analysis.panel.slices import DIMENSIONS, Slice, identifier, people_from_warehouse

if TYPE_CHECKING:
    import duckdb

    from analysis.design import Timing

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def dimensions_sql(timing: Timing) -> str:
    """The filters' columns of ``mart.agent_week``, each under its filter's name, for a SELECT."""
    return ", ".join(f"{sql.format(timing=timing)} as {identifier(name)}" for name, sql in DIMENSIONS.items())


class Rows(Protocol):
    """Interface to rows of ``mart.agent_week`` already read."""

    def cells(self, kpi_id: str, slice_: Slice) -> Mapping[str, NDArray[Any]]:
        """Agent and week indices, numerators and denominators of one KPI in a slice: ``CELL_COLUMNS``."""

    def people(self, timing: str, cluster: str) -> Mapping[str, Any]:
        """Agents with cohort and cluster; see :func:`analysis.panel.slices.people_from_warehouse`."""


@dataclass(frozen=True, eq=False)
class Places:
    """Dimensions of every row of ``mart.agent_week``; N rows in table order.

    Attributes
    ----------
    row_id : (N,) int array
        The table's own row numbers, ascending.
    agent, week : (N,) int arrays
        ``agent_ix`` and ``week_ix``.
    codes : mapping
        Filter name to (N,) codes: 0 is null, k is ``values[name][k - 1]``.
    values : mapping
        Filter name to its values, sorted.
    origin : date
        Monday of week 0.
    """

    row_id: Ints
    agent: NDArray[np.int32]
    week: NDArray[np.int32]
    codes: Mapping[str, NDArray[Any]]
    values: Mapping[str, tuple[str, ...]]
    origin: date

    @classmethod
    def read(cls, cur: duckdb.DuckDBPyConnection, timing: Timing = "scheduled") -> Places:
        """Read them from a warehouse version.

        Parameters
        ----------
        cur
            Cursor on it.
        timing
            Timing of the design: whether cohorts are planned weeks or weeks of completion.

        Raises
        ------
        PanelError
            The version holds no agent-week.
        """
        rows = _frame(
            cur,
            "select rowid as row_id, agent_ix::integer as agent, week_ix::integer as week, "
            f"week - 7 * week_ix::integer as origin, {dimensions_sql(timing)} from mart.agent_week",
        ).sort("row_id")
        if rows.is_empty():
            raise NoWeeksError
        values = {name: tuple(rows[name].drop_nulls().unique().sort().to_list()) for name in DIMENSIONS}
        codes = {name: _codes(rows[name], values[name]) for name in DIMENSIONS}
        origin = rows["origin"][0]
        return cls(
            row_id=rows["row_id"].to_numpy(),
            agent=rows["agent"].to_numpy(),
            week=rows["week"].to_numpy(),
            codes=codes,
            values=values,
            origin=origin.date() if hasattr(origin, "date") else origin,
        )

    @property
    def n_rows(self) -> int:
        """Number of rows N."""
        return int(self.row_id.size)

    @property
    def n_agents(self) -> int:
        """One more than the largest agent index."""
        return int(self.agent.max()) + 1

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        arrays: list[NDArray[Any]] = [self.row_id, self.agent, self.week, *self.codes.values()]
        return sum(int(part.nbytes) for part in arrays)

    def inside(self, slice_: Slice, *, cohorts: bool = False) -> Bools | None:
        """(N,) mask of the rows in a slice; None when all are.

        Parameters
        ----------
        slice_
            Which agent-weeks.
        cohorts
            Whether the cohort filter applies too; panels keep other agents as comparison.
        """
        mask: Bools | None = None
        for name in DIMENSIONS:
            chosen = getattr(slice_, name)
            if not chosen or (name == "cohort" and not cohorts):
                continue
            known = [k for k, value in enumerate(self.values[name], start=1) if value in chosen]
            table = np.zeros(len(self.values[name]) + 1, dtype=bool)
            table[known] = True
            found = self.codes[name] == known[0] if len(known) == 1 else table[self.codes[name]]
            mask = found if mask is None else mask & found
        if slice_.start is not None:
            found = self.week >= -(-(slice_.start - self.origin).days // 7)
            mask = found if mask is None else mask & found
        if slice_.end is not None:
            found = self.week <= (slice_.end - self.origin).days // 7
            mask = found if mask is None else mask & found
        return mask


@dataclass(frozen=True, eq=False)
class Columns:
    """Numerators and denominators of one KPI, for rows where it was observed.

    Attributes
    ----------
    rows : (M,) int array or None
        Positions in ``Places``, ascending; None when every row is.
    num, den : (M,) arrays
        Numerators and denominators, in single precision where that loses nothing; NaN where the numerator is not known.
    complete : bool
        Whether every numerator is known.
    """

    rows: NDArray[np.int32] | None
    num: NDArray[Any]
    den: NDArray[Any]
    complete: bool = True

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        return int((0 if self.rows is None else self.rows.nbytes) + self.num.nbytes + self.den.nbytes)

    @classmethod
    def read(cls, cur: duckdb.DuckDBPyConnection, kpi_id: str, places: Places) -> Columns:
        """Read them from the version that ``places`` was read from.

        Raises
        ------
        PanelError
            The warehouse does not have the KPI.
        """
        import duckdb

        num, den = identifier(f"{kpi_id}_num"), identifier(f"{kpi_id}_den")
        try:
            found = _frame(
                cur,
                f"select rowid as row_id, {num}::double as num, {den}::double as den from mart.agent_week "
                f"where {den} > 0",
            ).sort("row_id")
        except duckdb.BinderException as error:
            raise NotInVersionError(kpi_id) from error
        rows = np.searchsorted(places.row_id, found["row_id"].to_numpy()).astype(np.int32)
        everywhere = rows.size == places.n_rows
        total = _small(found["num"].fill_null(float("nan")).to_numpy())
        complete = not bool(np.isnan(total).any())
        return cls(None if everywhere else rows, total, _small(found["den"].to_numpy()), complete)

    def inside(self, mask: Bools | None) -> tuple[Any, Any]:
        """Positions in ``Places`` and in these columns of the rows selected by a mask."""
        if self.rows is None:
            at = slice(None) if mask is None else np.flatnonzero(mask)
            return at, at
        if mask is None:
            return self.rows, slice(None)
        kept = np.flatnonzero(mask[self.rows])
        return self.rows[kept], kept


@dataclass(frozen=True, eq=False)
class HeldWeeks:
    """Rows for panels from arrays held in memory.

    Attributes
    ----------
    places : Places
    columns : callable
        KPI id to its ``Columns``; the caller decides how long they are cached.
    people_of : callable
        Timing and cluster to the agents, see :func:`analysis.panel.slices.people_from_warehouse`.
    """

    places: Places
    columns: Callable[[str], Columns]
    people_of: Callable[[str, str], Mapping[str, Any]]
    _masks: dict[Slice, Bools | None] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, cur: duckdb.DuckDBPyConnection) -> HeldWeeks:
        """Read from one version while the cursor is open; the last two KPIs are cached (the KPI studied and that of a
        selection rule)."""
        places = Places.read(cur)
        return cls(
            places,
            lru_cache(maxsize=2)(lambda kpi_id: Columns.read(cur, kpi_id, places)),
            lru_cache(maxsize=None)(lambda timing, cluster: people_from_warehouse(cur, timing, cluster)),
        )

    def cells(self, kpi_id: str, slice_: Slice) -> Mapping[str, NDArray[Any]]:
        """Agent and week indices, numerators and denominators of one KPI in a slice, (rows,) each."""
        columns = self.columns(kpi_id)
        if slice_ not in self._masks:
            self._masks[slice_] = self.places.inside(slice_)
        here, there = columns.inside(self._masks[slice_])
        cells = {
            "a": self.places.agent[here],
            "w": self.places.week[here],
            "num": columns.num[there],
            "den": columns.den[there],
        }
        if columns.complete:
            return cells
        known = ~np.isnan(cells["num"])
        return {name: part[known] for name, part in cells.items()}

    def people(self, timing: str, cluster: str) -> Mapping[str, Any]:
        """Agents with cohort and cluster."""
        return self.people_of(timing, cluster)


def _frame(cur: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    cur.execute("select 1").fetchall()  # closes a result the caller left open
    found = pl.from_arrow(cur.sql(sql).to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found


def _codes(column: pl.Series, values: tuple[str, ...]) -> NDArray[Any]:
    physical = column.cast(pl.Enum(list(values))).to_physical().cast(pl.Int64)
    short = np.uint16 if len(values) < np.iinfo(np.uint16).max else np.uint32
    return np.asarray((physical + 1).fill_null(0).to_numpy()).astype(short)


def _small(values: NDArray[np.float64]) -> NDArray[Any]:
    """Convert to single precision where no value changes (counts)."""
    short = values.astype(np.float32)
    return short if bool(np.array_equal(short.astype(np.float64), values, equal_nan=True)) else values
