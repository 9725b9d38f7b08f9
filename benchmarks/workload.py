"""The workload of the speed tables: a roll-out by team with effects that grow, as cells and as contacts.

5,000 agents x 104 weeks, 200 teams of 25, ten cohorts of teams seven weeks apart, every fifth team never trained,
team-week shocks, and effects that grow for 30 weeks and are larger for later cohorts. The true average effect over
trained agent-weeks is returned beside the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

N_AGENTS, N_WEEKS, N_TEAMS, N_COHORTS = 5_000, 104, 200, 10
FIRST_WAVE, WAVE_GAP, RAMP_WEEKS = 20, 7, 30


@dataclass(frozen=True)
class Workload:
    """Cells and truth.

    Attributes
    ----------
    cells : polars.DataFrame
        agent, team, week, trained_week (null = never), y; one row per agent-week.
    mean : (N_AGENTS, N_WEEKS) array
        Expected outcome of a contact in the cell.
    truth : float
        Average effect over trained agent-weeks.
    """

    cells: pl.DataFrame
    mean: NDArray[np.float64]
    truth: float


def make(seed: int = 11) -> Workload:
    """Draw the workload."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(N_TEAMS), N_AGENTS // N_TEAMS)
    waves = np.arange(N_TEAMS) % 5 != 0
    first = np.full(N_TEAMS, -1)
    first[waves] = FIRST_WAVE + WAVE_GAP * (np.arange(int(waves.sum())) % N_COHORTS)
    first_week = first[team]
    week = np.arange(N_WEEKS)
    since = week[None, :] - first_week[:, None]
    trained = (first_week[:, None] >= 0) & (since >= 0)
    growth = 1 + (first_week[:, None] - FIRST_WAVE) / (WAVE_GAP * (N_COHORTS - 1))
    effect = np.where(trained, 0.2 + 0.01 * np.minimum(since, RAMP_WEEKS) * growth, 0.0)
    level = draw.normal(0, 1, N_AGENTS)[:, None] + draw.normal(0, 0.1, N_WEEKS).cumsum()[None, :]
    mean = level + draw.normal(0, 0.3, (N_TEAMS, N_WEEKS))[team] + effect
    y = mean + draw.normal(0, 1, (N_AGENTS, N_WEEKS))
    agents = np.repeat(np.arange(N_AGENTS), N_WEEKS)
    cells = pl.DataFrame(
        {
            "agent": agents,
            "team": team[agents],
            "week": np.tile(week, N_AGENTS),
            "trained_week": pl.Series(first_week[agents]).replace(-1, None),
            "y": y.ravel(),
        }
    )
    return Workload(cells, mean, float(effect[trained].mean()))


def write_contacts(workload: Workload, path: Path, n_contacts: int, threads: int = 2) -> int:
    """Write about ``n_contacts`` contact rows as Parquet: agent, team, week, trained_week, y. Returns the rows."""
    means = workload.cells.drop("y").with_columns(
        pl.col("agent", "team", "week", "trained_week").cast(pl.Int32), mu=pl.Series(workload.mean.ravel())
    )
    per_cell = n_contacts / means.height
    with duckdb.connect() as con:
        con.execute("set threads = ?", [threads])
        con.execute("set preserve_insertion_order = false")
        con.execute("select setseed(0.37)").fetchall()
        con.register("means", means.to_arrow())
        con.execute(
            f"""copy (
                with counted as (select *, cast(floor(random() * {2 * per_cell} + 0.5) as integer) as n from means)
                select agent, team, week, trained_week,
                       mu + 2 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as y
                from counted, range(n) where n > 0
            ) to '{path}' (format parquet)"""
        )
        row = con.execute("select count(*) from read_parquet(?)", [str(path)]).fetchone()
    return int(row[0]) if row else 0
