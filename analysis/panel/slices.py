"""A slice of the warehouse, and the one query that turns it into arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import NothingObserved, NotInVersionError, PanelError
from analysis.panel.never import NEVER

if TYPE_CHECKING:
    import duckdb

    from analysis.panel.held_weeks import Rows

_TIMING = {"scheduled": "scheduled_week", "trained": "trained_week"}
_CLUSTER = {"team": "team_id", "agent": "agent_key", "site": "site"}
CELL_COLUMNS = ("a", "w", "num", "den")
"""Agent index, week index, numerator, denominator."""
DIMENSIONS = {
    "site": "site",
    "team": "team_id",
    "channel": "channel",
    "queue": "queue",
    "tenure_band": "tenure_band",
    "cohort": "strftime({timing}_week, '%Y-%m-%d')",
}
"""Filter to its SQL on ``mart.agent_week``; ``cohort`` is the agent's week from which the design counts, ISO date."""
STORED_KINDS = ("site", "channel", "tenure_band", "cohort")
"""Filters of which every single value has stored results."""


@dataclass(frozen=True)
class Slice:
    """Selection of agent-weeks. Empty tuples mean no filter; hashable, so it can be a cache key.

    Attributes
    ----------
    site, team, channel, queue, tenure_band : tuple of str
        Values to keep.
    cohort : tuple of str
        ISO Mondays of the cohorts to keep; agents never trained are kept as their comparison.
    start, end : date or None
        First and last Monday kept, both included.

    Examples
    --------
    >>> from analysis import Slice
    >>> Slice(site=("Madrid",)).label
    ('site', 'Madrid')
    >>> Slice(site=("Madrid",), channel=("voice", "chat")).label
    ('custom', 'site=Madrid; channel=voice+chat')
    """

    site: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    tenure_band: tuple[str, ...] = ()
    cohort: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None

    @classmethod
    def of(cls, kind: str, value: str) -> Slice:
        """The slice of a stored kind and value; everything for ``overall``."""
        changes: dict[str, Any] = {} if kind == "overall" else {kind: (value,)}
        return cls(**changes)

    def where(self) -> tuple[str, list[Any]]:
        """SQL condition on ``mart.agent_week`` (without cohort) and its bound parameters."""
        parts: list[str] = []
        values: list[Any] = []
        for name, column in DIMENSIONS.items():
            chosen = getattr(self, name)
            if chosen and name != "cohort":
                parts.append(f"{identifier(column)} in ({', '.join('?' * len(chosen))})")
                values.extend(chosen)
        if self.start is not None:
            parts.append("week >= ?")
            values.append(self.start)
        if self.end is not None:
            parts.append("week <= ?")
            values.append(self.end)
        return (" and ".join(parts) or "true"), values

    @property
    def label(self) -> tuple[str, str]:
        """Kind and value for the result columns; several filters at once are of kind ``custom``."""
        chosen = {name: getattr(self, name) for name in DIMENSIONS if getattr(self, name)}
        period = self.start is not None or self.end is not None
        if not chosen and not period:
            return "overall", ""
        if len(chosen) == 1 and not period:
            ((kind, values),) = chosen.items()
            if len(values) == 1:
                return kind, str(values[0])
        parts = [f"{kind}={'+'.join(values)}" for kind, values in chosen.items()]
        if period:
            parts.append(f"{self.start or ''}..{self.end or ''}")
        return "custom", "; ".join(parts)


EVERYTHING = Slice()
"""No filter."""


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def slice_values(cur: duckdb.DuckDBPyConnection, kind: str, timing: str) -> list[str]:
    """Values of one filter in a warehouse version, in order; cohorts as ISO Mondays.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kind
        Key of ``DIMENSIONS``.
    timing
        Whether cohorts are of the planned week or of completion.
    """
    relation = "mart.agent" if kind == "cohort" else "mart.agent_week"
    column = DIMENSIONS[kind].format(timing=timing)
    found = cur.execute(f"select distinct {column} from {relation} where {column} is not null order by 1").fetchall()
    return [str(value) for (value,) in found]


def selectable(cur: duckdb.DuckDBPyConnection, timing: str) -> dict[str, int]:
    """How many values every filter has in a warehouse version, and how many weeks there are (``week``)."""
    counted = ", ".join(
        f"count(distinct {column.format(timing=timing)}) as {identifier(name)}" for name, column in DIMENSIONS.items()
    )
    found = cur.execute(f"select {counted}, count(distinct week) as week from mart.agent_week").fetchall()[0]
    return dict(zip((*DIMENSIONS, "week"), map(int, found), strict=True))


def arrays_from_warehouse(
    cur: duckdb.DuckDBPyConnection,
    kpi: Any,
    slice_: Slice,
    timing: str,
    cluster: str,
    rows: Rows | None = None,
) -> dict[str, Any]:
    """The fields of a Panel from one aggregate over ``mart.agent_week``; see ``panel.from_warehouse``."""
    if timing not in _TIMING:
        raise PanelError(f"timing {timing!r} is not known; use one of {', '.join(_TIMING)}.")
    if cluster not in _CLUSTER:
        raise PanelError(f"cluster {cluster!r} is not known; use one of {', '.join(_CLUSTER)}.")
    kpi_id = kpi if isinstance(kpi, str) else str(kpi.id)
    return arrays_from_rows(_Query(cur) if rows is None else rows, kpi_id, slice_, timing, cluster)


def arrays_from_rows(rows: Rows, kpi_id: str, slice_: Slice, timing: str, cluster: str) -> dict[str, Any]:
    """The fields of a Panel from rows in memory, of a warehouse version or of a frame."""
    cells = rows.cells(kpi_id, slice_)
    agent, week = cells["a"].astype(np.int64), cells["w"]
    if agent.size == 0:
        raise NothingObserved(f"No agent-week of {kpi_id!r} is observed in this slice; widen the filter.")
    agents = rows.people(timing, cluster)
    return _assemble(kpi_id, slice_, agent, week, cells, agents, agents["first_week"], timing)


@dataclass(frozen=True, eq=False)
class _Query:
    """Rows read from a warehouse version with one query per call."""

    cur: duckdb.DuckDBPyConnection

    def cells(self, kpi_id: str, slice_: Slice) -> Mapping[str, NDArray[Any]]:
        return cells_from_warehouse(self.cur, kpi_id, slice_)

    def people(self, timing: str, cluster: str) -> Mapping[str, Any]:
        return people_from_warehouse(self.cur, timing, cluster)


def cells_from_warehouse(
    cur: duckdb.DuckDBPyConnection,
    kpi_id: str,
    slice_: Slice,
    further: Sequence[str] = (),
    values: Sequence[Any] = (),
) -> dict[str, NDArray[Any]]:
    """Rows of one KPI in a slice.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi_id, slice_
        Which KPI, which agent-weeks (cohorts do not matter here).
    further, values
        More columns, as SQL with their names, and the parameters bound in them.

    Returns
    -------
    dict
        ``CELL_COLUMNS`` and the further columns, (rows,) each.

    Raises
    ------
    PanelError
        The warehouse does not have the KPI.
    """
    import duckdb

    num, den = identifier(f"{kpi_id}_num"), identifier(f"{kpi_id}_den")
    where, chosen = slice_.where()
    more = "".join(f", {column}" for column in further)
    # Rows come as they are and are summed by position: three times faster than a hash aggregate over agent and week.
    sql = (
        f"select agent_ix::integer as a, week_ix::integer as w, {num}::double as num, {den}::double as den{more} "
        f"from mart.agent_week where {den} > 0 and {num} is not null and {where}"
    )
    # Fetched to the end, so that a result the caller left open does not block the relation below.
    cur.execute("select 1").fetchall()
    try:
        table = cur.sql(sql, params=[*values, *chosen]).to_arrow_table()
    except duckdb.BinderException as error:
        raise NotInVersionError(kpi_id) from error
    return {name: table[name].to_numpy() for name in table.column_names}


def people_from_warehouse(cur: duckdb.DuckDBPyConnection, timing: str, cluster: str) -> Mapping[str, Any]:
    """Agents in the order of their index: ``a``, ``agent_key``, ``cohort``, ``cluster_ix``; labels and origin.

    ``cluster_ix`` counts in ``clusters``, the sorted labels; ``first_week`` is the Monday of week 0.

    Parameters
    ----------
    cur
        Cursor on a warehouse version with at least one agent-week.
    timing, cluster
        As in ``analysis.panel.panel.from_warehouse``.
    """
    first = cur.execute("select week - 7 * week_ix::integer from mart.agent_week limit 1").fetchall()
    agents = cur.execute(
        f"select agent_ix::integer as a, agent_key, {_TIMING[timing]} as cohort, "
        f"coalesce({_CLUSTER[cluster]}::varchar, agent_key) as cluster from mart.agent order by agent_ix"
    ).fetchnumpy()
    clusters, cluster_ix = np.unique(np.asarray(agents.pop("cluster")).astype(str), return_inverse=True)
    return {**agents, "clusters": clusters, "cluster_ix": cluster_ix, "first_week": first[0][0]}


def _assemble(
    kpi_id: str,
    slice_: Slice,
    agent: Any,
    week: Any,
    cells: Any,
    agents: Any,
    first_week: Any,
    timing: str,
) -> dict[str, Any]:
    """Dense arrays from the aggregate's rows."""
    week_zero = np.datetime64(first_week, "D")
    low, high = int(week.min()), int(week.max())
    n_periods = high - low + 1
    index = np.asarray(agents["a"]).astype(np.int64)
    cohort_date = np.ma.filled(np.ma.asarray(agents["cohort"]).astype("datetime64[D]"), np.datetime64("NaT"))
    has_cohort = ~np.isnat(cohort_date)
    cohort = np.full(index.size, NEVER, dtype=np.int64)
    cohort[has_cohort] = (cohort_date[has_cohort] - week_zero).astype(np.int64) // 7 - low
    present = np.zeros(int(max(index.max(), agent.max())) + 1, dtype=bool)
    present[agent] = True
    keep = present[index]
    if slice_.cohort:
        chosen = np.array(slice_.cohort, dtype="datetime64[D]")
        keep &= ~has_cohort | np.isin(cohort_date, chosen)
    index, cohort = index[keep], cohort[keep]
    row_of = np.full(present.size, -1, dtype=np.int64)
    row_of[index] = np.arange(index.size)
    rows = row_of[agent]
    flat = rows * n_periods + (week - low)
    total, mass = cells["num"], cells["den"]
    if not keep.all():
        used = rows >= 0
        flat, total, mass = flat[used], total[used], mass[used]
    if flat.size == 0:
        raise NothingObserved(f"No agent of the chosen cohorts has {kpi_id!r} observed here; widen the filter.")
    num = np.bincount(flat, total, index.size * n_periods)
    den = np.bincount(flat, mass, index.size * n_periods)
    used, cluster_ix = np.unique(agents["cluster_ix"][keep], return_inverse=True)
    start = week_zero.astype(object) + timedelta(weeks=low)
    return {
        "num": num.reshape(index.size, n_periods),
        "den": den.reshape(index.size, n_periods),
        "cohort_ix": cohort,
        "cluster_ix": cluster_ix.astype(np.int64),
        "units": np.asarray(agents["agent_key"])[keep],
        "times": np.array([start + timedelta(weeks=k) for k in range(n_periods)], dtype=object),
        "clusters": agents["clusters"][used],
        "outcome": kpi_id,
        "n_rows": int(flat.size),
        "notes": () if timing == "scheduled" else ("Cohorts follow each agent's own first completion.",),
    }
