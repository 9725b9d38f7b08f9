"""Spells of employment: start and end of each agent's employment, trained or not, and type of leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import duckdb

    from analysis.design import Timing
    from analysis.panel.slices import Slice

SCHEMA = {
    "agent_ix": pl.Int32,
    "agent_key": pl.String,
    "team_id": pl.String,
    "site": pl.String,
    "entry_day": pl.Int32,
    "exit_day": pl.Int32,
    "start_on": pl.Date,
    "trained": pl.Boolean,
    "left": pl.Boolean,
    "leave_type": pl.String,
}
SWITCH: dict[Timing, str] = {"scheduled": "scheduled", "trained": "trained"}
"""Column of ``mart.agent_spell`` that switches training on, by the design's timing."""


def spells_from_warehouse(cur: duckdb.DuckDBPyConnection, slice_: Slice, timing: Timing) -> pl.DataFrame:
    """Rows of ``mart.agent_spell`` at the sites and teams of a slice.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    slice_
        Only its sites and teams are applied here; cohorts, tenure and periods apply when spells are split into weeks.
    timing
        From when an agent counts as trained: the planned week or completion.

    Returns
    -------
    polars.DataFrame
        Columns of ``SCHEMA``: one row per agent, team, site and state of training.
    """
    parts: list[str] = ["true"]
    values: list[str] = []
    for column, chosen in (("site", slice_.site), ("team_id", slice_.team)):
        if chosen:
            parts.append(f"{column} in ({', '.join('?' * len(chosen))})")
            values.extend(chosen)
    switch = SWITCH[timing]
    found = cur.execute(
        "select agent_ix, agent_key, team_id, site, min(entry_day) as entry_day, max(exit_day) as exit_day, "
        f'min(start_on) as start_on, {switch} as trained, bool_or("left") as "left", max(leave_type) as leave_type '
        f"from mart.agent_spell where {' and '.join(parts)} "
        f"group by agent_ix, agent_key, team_id, site, {switch} order by agent_ix, entry_day",
        values,
    )
    return pl.DataFrame(found.fetchall(), schema=SCHEMA, orient="row")
