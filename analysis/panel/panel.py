"""The panel: agents x weeks arrays of numerators and denominators, the input of every estimator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import PanelError
from analysis.panel.never import NEVER
from analysis.panel.slices import Slice

if TYPE_CHECKING:
    import duckdb

    from analysis.panel.held_weeks import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = ["NEVER", "Panel", "Slice", "from_contacts", "from_warehouse"]


@dataclass(frozen=True, eq=False)
class Panel:
    """One outcome for A agents over T weeks, collapsed to sums and counts.

    Attributes
    ----------
    num : (A, T) array
        Sum of the outcome over the contacts of the agent-week; 0 where nothing was observed.
    den : (A, T) array
        Contacts (or any weight); 0 where nothing was observed. The outcome is ``num / den``.
    cohort_ix : (A,) int array
        Index of the first trained week. T or more means not within the window; ``NEVER`` means never.
    cluster_ix : (A,) int array
        Dense index of the cluster (the level at which training was assigned).
    units, times, clusters : arrays of labels, (A,), (T,) and (C,)
    sq : (A, T) array or None
        Sum of squares over the contacts, where the outcome is not binary.
    outcome : str
        Name of the outcome, for messages.
    n_rows : int
        Rows the panel was made from.
    n_always_trained : int
        Agents dropped because they were trained before or in the first week.
    notes : tuple of str
        Rows and agents dropped while building the panel, in words.
    covariate_reader : callable or None
        name -> (A, T) array, for estimators that take covariates.
    """

    num: Floats
    den: Floats
    cohort_ix: Ints
    cluster_ix: Ints
    units: NDArray[Any]
    times: NDArray[Any]
    clusters: NDArray[Any]
    sq: Floats | None = None
    outcome: str = "outcome"
    n_rows: int = 0
    n_always_trained: int = 0
    notes: tuple[str, ...] = ()
    covariate_reader: Callable[[str], Floats] | None = field(default=None, repr=False)

    @classmethod
    def from_frame(
        cls,
        df: Any,
        unit: str,
        time: str,
        cohort: str,
        outcome: str,
        weight: str | None = None,
        cluster: str | None = None,
        never: Any = None,
        already_trained: str = "error",
        squares: str | None = None,
    ) -> Panel:
        """Build a panel from one row per agent-week.

        Parameters
        ----------
        df : polars or pandas DataFrame, or Arrow table
            One row per agent and period. Rows with a null or NaN outcome, or weight 0, count as not observed. Nullable
            and Arrow columns of pandas are taken as they are; UUIDs become text.
        unit, time, cohort, outcome : str
            Columns. ``time`` and ``cohort`` are integers, dates or date-times on the same scale; ``cohort`` is
            the first trained period, constant within the unit. Times with a zone are taken at the local time of the
            zone of ``time``. A cohort between two periods counts from the next one, and a note says so.
        weight : str, optional
            Column of non-negative weights (contacts). Default: every row counts 1.
        cluster : str, optional
            Column of the assignment unit, constant within the unit. Default: the unit itself.
        never : value, optional
            The value of ``cohort`` that means never trained (null always does). Where it is also a period (0, with
            weeks counted from 0), it still means never trained, and a note says so.
        already_trained : {"error", "drop"}
            What to do with a cohort before the first period. A cohort *in* the first period is always
            dropped and counted.
        squares : str, optional
            Column with the sum of the squared single values behind the row (of ``weight`` of them), from which the
            sampling noise of the outcome is known; see ``analysis.mechanism``.

        Raises
        ------
        PanelError
            Missing column, empty frame, an agent, period or cluster that is null, duplicate agent-periods, infinite
            values, negative weights, a cohort or cluster that changes within the agent, a cohort before the first
            period, periods and cohorts on two scales or in two clocks, a column of mixed types.

        Examples
        --------
        >>> import polars as pl
        >>> from analysis import Panel
        >>> weeks = pl.DataFrame(
        ...     {"agent": [1, 1, 2, 2], "week": [1, 2, 1, 2], "start": [2, 2, None, None], "y": [0.2, 0.1, 0.2, 0.2]}
        ... )
        >>> panel = Panel.from_frame(weeks, "agent", "week", "start", "y")
        >>> panel.n_units, panel.n_periods, panel.trained_units.tolist()
        (2, 2, [True, False])
        """
        from analysis.panel.from_frame import arrays_from_frame

        return cls(
            **arrays_from_frame(df, unit, time, cohort, outcome, weight, cluster, never, already_trained, squares)
        )

    @property
    def n_units(self) -> int:
        """Number of agents A."""
        return int(self.num.shape[0])

    @property
    def n_periods(self) -> int:
        """Number of weeks T."""
        return int(self.num.shape[1])

    @property
    def n_clusters(self) -> int:
        """Number of clusters C."""
        return len(self.clusters)

    @cached_property
    def observed(self) -> NDArray[np.bool_]:
        """(A, T) mask of the agent-weeks with any weight."""
        return np.asarray(self.den > 0)

    @cached_property
    def y(self) -> Floats:
        """(A, T) outcome ``num / den``; 0 where not observed (see ``observed``)."""
        out = np.zeros_like(self.num)
        np.divide(self.num, self.den, out=out, where=self.observed)
        return out

    @cached_property
    def largest(self) -> float:
        """Largest absolute outcome of an agent-week."""
        return float(max(self.y.max(initial=0.0), -self.y.min(initial=0.0)))

    @cached_property
    def extent(self) -> float:
        """Largest less smallest outcome of the observed agent-weeks."""
        return float(np.ptp(self.y[self.observed]))

    @cached_property
    def level_and_spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the outcome over the observed agent-weeks."""
        values = self.y[self.observed]
        return float(values.mean()), float(values.std())

    @cached_property
    def trained_units(self) -> NDArray[np.bool_]:
        """(A,) mask of the agents trained within the window."""
        return np.asarray(self.cohort_ix < self.n_periods)

    @cached_property
    def trained_cells(self) -> NDArray[np.bool_]:
        """(A, T) mask of the agent-weeks in or after the trained week."""
        return np.asarray(np.arange(self.n_periods)[None, :] >= self.cohort_ix[:, None])

    @cached_property
    def cohorts(self) -> Ints:
        """Sorted indices of the cohorts trained within the window."""
        return np.unique(self.cohort_ix[self.trained_units])

    @cached_property
    def is_balanced(self) -> bool:
        """True when every agent is observed every week with a weight that never changes."""
        return bool(self.observed.all()) and bool(np.all(self.den == self.den[:, :1]))

    def cohort_label(self, index: int) -> Any:
        """The period label of a cohort index."""
        return self.times[index]

    def covariate(self, name: str) -> Floats:
        """(A, T) values of a covariate column of the source frame."""
        if self.covariate_reader is None:
            raise PanelError(
                f"This panel carries no covariates, so {name!r} cannot be used; build it with Panel.from_frame."
            )
        return self.covariate_reader(name)

    def equal_agents(self) -> Panel:
        """The same panel with every observed agent-week counting 1: effects per agent, not per contact."""
        return replace(self, num=self.y, den=self.observed.astype(np.float64), sq=None)

    def reweighted(self, weight: Floats) -> Panel:
        """The same outcomes with other weights; weight 0 is not observed. ``weight``: (A, T)."""
        return replace(self, num=self.y * weight, den=np.asarray(weight, dtype=np.float64), sq=None)

    def with_outcome(self, values: Floats, outcome: str) -> Panel:
        """The same agents, weeks and weights with another outcome.

        Parameters
        ----------
        values : (A, T) array
            Outcome per agent-week.
        """
        return replace(self, num=np.where(self.observed, values, 0.0) * self.den, sq=None, outcome=outcome)

    def with_cohorts(self, cohort_ix: Ints) -> Panel:
        """The same outcomes with other training weeks (placebo dates, permuted waves). ``cohort_ix``: (A,)."""
        return replace(self, cohort_ix=np.asarray(cohort_ix, dtype=np.int64))

    def with_clusters(self, labels: Sequence[Any] | NDArray[Any]) -> Panel:
        """The same panel clustered on other labels, (A,)."""
        clusters, codes = np.unique(np.asarray(labels), return_inverse=True)
        return replace(self, clusters=clusters, cluster_ix=codes.astype(np.int64))

    def take(self, units: NDArray[Any] | None = None, start: int = 0, stop: int | None = None) -> Panel:
        """A part of the panel.

        Parameters
        ----------
        units : (A,) boolean mask or index array, optional
        start, stop : int
            Half-open range of week indices. Agents trained before ``start`` keep a negative cohort index and
            so count as already trained.
        """
        rows = np.arange(self.n_units) if units is None else np.arange(self.n_units)[units]
        stop = self.n_periods if stop is None else stop
        cohort = self.cohort_ix[rows]
        cohort = np.where(cohort == NEVER, NEVER, cohort - start)
        used, codes = np.unique(self.cluster_ix[rows], return_inverse=True)
        reader = self.covariate_reader
        return replace(
            self,
            num=np.ascontiguousarray(self.num[rows, start:stop]),
            den=np.ascontiguousarray(self.den[rows, start:stop]),
            sq=None if self.sq is None else np.ascontiguousarray(self.sq[rows, start:stop]),
            cohort_ix=cohort,
            cluster_ix=codes.astype(np.int64),
            clusters=self.clusters[used],
            units=self.units[rows],
            times=self.times[start:stop],
            covariate_reader=None if reader is None else lambda name: reader(name)[rows, start:stop],
        )

    def without_always_trained(self) -> Panel:
        """Drop and count the agents trained in or before the first week: they have no week before."""
        always = self.cohort_ix <= 0
        dropped = int(always.sum())
        if dropped == 0:
            return self
        kept = self.take(~always)
        noun = "agent" if dropped == 1 else "agents"
        return replace(
            kept,
            n_always_trained=self.n_always_trained + dropped,
            notes=(*self.notes, f"{dropped} {noun} already trained in the first week left out: nothing to compare."),
        )


def from_warehouse(
    cur: duckdb.DuckDBPyConnection,
    kpi: Any,
    slice_: Slice | None = None,
    timing: str = "scheduled",
    cluster: str = "team",
    rows: Rows | None = None,
) -> Panel:
    """Aggregate ``mart.agent_week`` to a panel for one KPI and any slice.

    Parameters
    ----------
    cur : DuckDB cursor
        A reader whose current database holds schema ``mart``.
    kpi : Kpi or str
        Catalogue entry, or its id.
    slice_ : Slice, optional
        Filter; default everything.
    timing : {"scheduled", "trained"}
        Cohort by planned wave (intention to treat) or by first completion.
    cluster : {"team", "agent", "site"}
        The assignment unit. Team is the assignment team of ``mart.agent``.
    rows : Rows, optional
        Rows already read from the same warehouse version, to build many slices.

    Returns
    -------
    Panel
        Agents with anything observed; agents already trained in the first week dropped and counted.

    Raises
    ------
    PanelError
        Unknown timing, cluster or KPI; a slice that holds no observation.

    Examples
    --------
    >>> import duckdb
    >>> from analysis import from_warehouse
    >>> con = duckdb.connect()
    >>> _ = con.execute("create schema mart")
    >>> _ = con.execute(
    ...     "create table mart.agent as select 0 as agent_ix, 'a' as agent_key, 't' as team_id, "
    ...     "date '2024-01-08' as scheduled_week, date '2024-01-08' as trained_week"
    ... )
    >>> _ = con.execute(
    ...     "create table mart.agent_week as select 0 as agent_ix, range as week_ix, 3.0 as csat_top2_num, "
    ...     "5.0 as csat_top2_den, date '2024-01-01' + 7 * range::int as week from range(3)"
    ... )
    >>> panel = from_warehouse(con.cursor(), "csat_top2")
    >>> panel.y.tolist(), panel.cohort_ix.tolist()
    ([[0.6, 0.6, 0.6]], [1])
    """
    from analysis.panel.slices import arrays_from_warehouse

    return Panel(**arrays_from_warehouse(cur, kpi, slice_ or Slice(), timing, cluster, rows)).without_always_trained()


def from_contacts(
    path: str | Path,
    unit: str,
    time: str,
    cohort: str,
    outcome: str,
    cluster: str | None = None,
    never: Any = None,
    threads: int | None = None,
) -> Panel:
    """Collapse a Parquet file of contacts to agent-weeks in DuckDB, without loading it.

    Every estimate from the collapsed panel equals the one from the contacts: cohort and cluster are constant within
    the agent, and rows with a missing outcome are dropped before they are counted.

    Parameters
    ----------
    path : str or Path
        One file, or a glob.
    unit, time, cohort, outcome : str
        Columns, as in ``Panel.from_frame``; one row per contact.
    cluster : str, optional
    never : value, optional
    threads : int, optional
        DuckDB threads; default all.

    Raises
    ------
    PanelError
        The file cannot be read, a column is missing, or the collapsed rows are refused by ``Panel.from_frame``.

    Examples
    --------
    >>> import tempfile
    >>> import polars as pl
    >>> from analysis import from_contacts
    >>> contacts = pl.DataFrame(
    ...     {"agent": [1, 1, 1, 2, 2], "week": [1, 1, 2, 1, 2], "start": [2, 2, 2, None, None], "y": [0, 1, 1, 0, 0]}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     contacts.write_parquet(f"{folder}/contacts.parquet")
    ...     panel = from_contacts(f"{folder}/contacts.parquet", "agent", "week", "start", "y")
    >>> panel.y.tolist(), panel.den.tolist()
    ([[0.5, 1.0], [0.0, 0.0]], [[2.0, 1.0], [1.0, 1.0]])
    """
    import duckdb

    from analysis.panel.slices import identifier

    columns = {"unit": unit, "time": time, "cohort": cohort, "cluster": cluster or unit}
    named = ", ".join(f"{identifier(column)} as {name}" for name, column in columns.items())
    with duckdb.connect() as con:
        if threads is not None:
            con.execute("set threads = ?", [threads])
        con.execute("set preserve_insertion_order = false")
        try:
            cells = con.sql(
                "select unit, time, any_value(cohort) as cohort, any_value(cluster) as cluster, avg(y) as y, "
                f"count(*) as n from (select {named}, {identifier(outcome)}::double as y from read_parquet(?)) "
                "where y is not null and not isnan(y) group by unit, time",
                params=[str(path)],
            ).pl()
        except duckdb.Error as error:
            raise PanelError(f"The contacts in {path} cannot be read: {error}") from error
    return Panel.from_frame(cells, "unit", "time", "cohort", "y", weight="n", cluster="cluster", never=never)
