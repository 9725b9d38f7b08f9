"""A slice of the warehouse, and the one aggregate that turns it into arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import PanelError

if TYPE_CHECKING:
    import duckdb

_NEVER = int(np.iinfo(np.int64).max)
_TIMING = {"scheduled": "scheduled_week", "trained": "trained_week"}
_CLUSTER = {"team": "team_id", "agent": "agent_key", "site": "site"}
_DIMENSIONS = ("site", "team", "channel", "queue", "tenure_band")


@dataclass(frozen=True)
class Slice:
    """Which agent-weeks to look at. Empty tuples mean no filter; hashable, so it can key a cache.

    Attributes
    ----------
    site, team, channel, queue, tenure_band : tuple of str
        Values to keep.
    cohort : tuple of str
        ISO Mondays of the cohorts to keep; agents never trained are kept as their comparison.
    start, end : date or None
        First and last Monday kept, both included.
    """

    site: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    tenure_band: tuple[str, ...] = ()
    cohort: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None

    def where(self) -> tuple[str, list[Any]]:
        """SQL condition on ``mart.agent_week`` (without cohort) and its bound parameters."""
        parts: list[str] = []
        values: list[Any] = []
        for name in _DIMENSIONS:
            chosen = getattr(self, name)
            if chosen:
                column = "team_id" if name == "team" else name
                parts.append(f'"{column}" in ({", ".join("?" * len(chosen))})')
                values.extend(chosen)
        if self.start is not None:
            parts.append("week >= ?")
            values.append(self.start)
        if self.end is not None:
            parts.append("week <= ?")
            values.append(self.end)
        return (" and ".join(parts) or "true"), values


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def arrays_from_warehouse(
    cur: duckdb.DuckDBPyConnection, kpi: Any, slice_: Slice, timing: str, cluster: str
) -> dict[str, Any]:
    """The fields of a Panel from one aggregate over ``mart.agent_week``; see ``analysis.panel.from_warehouse``."""
    import duckdb

    if timing not in _TIMING:
        raise PanelError(f"timing {timing!r} is not known; use one of {', '.join(_TIMING)}.")
    if cluster not in _CLUSTER:
        raise PanelError(f"cluster {cluster!r} is not known; use one of {', '.join(_CLUSTER)}.")
    kpi_id = kpi if isinstance(kpi, str) else str(kpi.id)
    num, den = _identifier(f"{kpi_id}_num"), _identifier(f"{kpi_id}_den")
    where, values = slice_.where()
    sql = (
        f"select agent_ix::integer as a, week_ix::integer as w, sum({num})::double as num, sum({den})::double as den "
        f"from mart.agent_week where {den} > 0 and {where} group by all"
    )
    try:
        cells = cur.execute(sql, values).fetchnumpy()
    except duckdb.BinderException as error:
        raise PanelError(
            f"The warehouse has no KPI {kpi_id!r} in mart.agent_week; rebuild it with `empathy build`. ({error})"
        ) from error
    agent, week = np.asarray(cells["a"]).astype(np.int64), np.asarray(cells["w"]).astype(np.int64)
    if agent.size == 0:
        raise PanelError(f"No agent-week of {kpi_id!r} is observed in this slice; widen the filter.")
    agents = cur.execute(
        f"select agent_ix::integer as a, agent_key, {_TIMING[timing]} as cohort, "
        f"coalesce({_CLUSTER[cluster]}::varchar, agent_key) as cluster from mart.agent order by agent_ix"
    ).fetchnumpy()
    first_week = cur.execute("select min(week) from mart.agent_week where week_ix = 0").fetchone()
    return _assemble(kpi_id, slice_, agent, week, cells, agents, first_week, timing)


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
    week_zero = np.datetime64(first_week[0], "D") if first_week and first_week[0] is not None else None
    if week_zero is None:
        raise PanelError("mart.agent_week has no week 0; rebuild the warehouse with `empathy build`.")
    low, high = int(week.min()), int(week.max())
    n_periods = high - low + 1
    index = np.asarray(agents["a"]).astype(np.int64)
    cohort_date = np.ma.filled(np.ma.asarray(agents["cohort"]).astype("datetime64[D]"), np.datetime64("NaT"))
    has_cohort = ~np.isnat(cohort_date)
    cohort = np.full(index.size, _NEVER, dtype=np.int64)
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
    used = rows >= 0
    if not used.any():
        raise PanelError(f"No agent of the chosen cohorts has {kpi_id!r} observed in this slice; widen the filter.")
    flat = rows[used] * n_periods + (week[used] - low)
    num = np.zeros(index.size * n_periods)
    den = np.zeros(index.size * n_periods)
    num[flat] = np.asarray(cells["num"])[used]
    den[flat] = np.asarray(cells["den"])[used]
    labels = np.asarray(agents["cluster"]).astype(str)[keep]
    clusters, cluster_ix = np.unique(labels, return_inverse=True)
    start = week_zero.astype(object) + timedelta(weeks=low)
    return {
        "num": num.reshape(index.size, n_periods),
        "den": den.reshape(index.size, n_periods),
        "cohort_ix": cohort,
        "cluster_ix": cluster_ix.astype(np.int64),
        "units": np.asarray(agents["agent_key"])[keep],
        "times": np.array([start + timedelta(weeks=k) for k in range(n_periods)], dtype=object),
        "clusters": clusters,
        "outcome": kpi_id,
        "n_rows": int(used.sum()),
        "notes": () if timing == "scheduled" else ("Cohorts follow each agent's own first completion.",),
    }
