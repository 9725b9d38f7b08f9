"""Small warehouses and panels for the tests of analysis, made from the sample world's fast panel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import polars as pl

from analysis import Panel
from etl.configuration import model as config_module
from etl.configuration.kpis import Catalogue, load
from sample_data.panel import PanelWorld, simulate_panel
from sample_data.parameters import Parameters

ORIGIN = date(2024, 1, 1)
KPIS = ("escalation_rate", "aht_seconds", "transfer_rate", "agent_attrition")
CHANNELS = ("VOICE", "CHAT")
SITES = ("Madrid", "Manila")


def words(**changes: Any) -> Any:
    """The words of a KPI measured in points, for functions that only need words."""
    plain = {"id": "escalation_rate", "label": "Escalations", "unit": "share", "better": "lower", "per": "contact"}
    return SimpleNamespace(**{**plain, **changes})


def panel_of(world: PanelWorld, cohort: str = "scheduled_week") -> Panel:
    """Agents x weeks of a simulated world, clustered by team."""
    return Panel.from_frame(
        world.frame, unit="agent", time="week", cohort=cohort, outcome="y", weight="n", cluster="team"
    )


def flat_world(seed: int, *, teams: int = 24, seats: int = 8, weeks: int = 44, **changes: Any) -> PanelWorld:
    """A world in which two-way effects hold."""
    settings: dict[str, Any] = {"spillover": 0.0, "pre_weeks": 20, "assignment": "team_waves", **changes}
    return simulate_panel(Parameters.coverage(seed=seed, teams=teams, seats_per_team=seats, weeks=weeks, **settings))


def catalogue(ids: Sequence[str] = KPIS) -> Catalogue:
    """Some KPIs of the real catalogue."""
    whole = load()
    return Catalogue([whole[name] for name in ids])


def configuration(folder: Path, mode: str = "team_waves", extra: str = "", unit: str = "team", rule: str = "") -> Any:
    """A checked configuration for a fixture warehouse."""
    file = folder / "empathy.toml"
    file.write_text(
        f"""
[project]
name = "Test"
locale = "en_GB"
currency = "EUR"
[[programme.courses]]
id = "EMP101"
treatment = true
[programme.assignment]
mode = "{mode}"
unit = "{unit}"
anticipation_weeks = 0
{rule}
{extra}
""",
        encoding="utf-8",
    )
    return config_module.load(file)


def warehouse(seed: int = 7, *, hazard_ratio: float = 1.0, **changes: Any) -> duckdb.DuckDBPyConnection:
    """An in-memory database with ``mart.agent_week``, ``mart.agent`` and ``mart.agent_spell`` of a simulated world.

    Parameters
    ----------
    seed
        Of the world and of what is added to it.
    hazard_ratio
        Effect of training on leaving in the spells (which are drawn apart from the panel).
    changes
        As in :func:`flat_world`.
    """
    settings: dict[str, Any] = {"teams": 24, "seats": 8, "weeks": 44, **changes}
    frames = []
    for kpi in ("escalation_rate", "aht_seconds", "transfer_rate"):
        world = flat_world(seed, **settings).frame
        frames.append(
            (simulated(seed, kpi, settings) if kpi != "escalation_rate" else world).select(
                "agent", "week", pl.col("y").alias(kpi), pl.col("n").alias(f"{kpi}_n")
            )
        )
    joined = (
        world.join(frames[0], on=["agent", "week"])
        .join(frames[1], on=["agent", "week"])
        .join(frames[2], on=["agent", "week"])
    )
    rng = np.random.default_rng(seed)
    con = duckdb.connect()
    for schema in ("core", "mart", "meta", "result"):
        con.execute(f"create schema {schema}")
    rows = _agent_weeks(joined, rng)
    agents = _agents(rows)
    con.register("rows", rows.to_arrow())
    con.register("agents", agents.to_arrow())
    con.register("spells", _spells(agents, rng, hazard_ratio, settings["weeks"]).to_arrow())
    con.execute("create table mart.agent_week as select * from rows")
    con.execute("create table mart.agent as select * from agents")
    con.execute("create table mart.agent_spell as select * from spells")
    return con


def simulated(seed: int, kpi: str, settings: dict[str, Any]) -> pl.DataFrame:
    """The frame of another KPI of the same world."""
    plain = {"spillover": 0.0, "pre_weeks": 20, "assignment": "team_waves", **settings}
    seats = plain.pop("seats")
    return simulate_panel(Parameters.coverage(seed=seed, seats_per_team=seats, **plain), kpi).frame


def _monday(column: str) -> pl.Expr:
    return pl.lit(ORIGIN) + pl.duration(weeks=pl.col(column))


def _agent_weeks(joined: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    parts = []
    share = rng.uniform(0.3, 0.7, joined.height)
    for channel, part in zip(CHANNELS, (share, 1 - share), strict=True):
        count = (pl.col("n") * pl.Series(part)).round()
        parts.append(
            joined.select(
                agent_ix=pl.col("agent").cast(pl.Int32),
                agent_key=pl.format("agent-{}", "agent"),
                week=_monday("week").cast(pl.Date),
                week_ix=pl.col("week").cast(pl.Int32),
                team_id=pl.format("team-{}", pl.col("team").cast(pl.String).str.zfill(3)),
                site=pl.when(pl.col("team") % 2 == 0).then(pl.lit(SITES[0])).otherwise(pl.lit(SITES[1])),
                channel=pl.lit(channel),
                queue=pl.lit("Billing"),
                tenure_weeks=(pl.col("week") + 10).cast(pl.Int32),
                tenure_band=pl.when(pl.col("agent") % 3 == 0)
                .then(pl.lit("3-12 months"))
                .otherwise(pl.lit("over 12 months")),
                trained_week=_monday("trained_week").cast(pl.Date),
                scheduled_week=_monday("scheduled_week").cast(pl.Date),
                team_share_trained=pl.lit(0.0),
                escalation_rate_den=count,
                escalation_rate_num=count * pl.col("escalation_rate"),
                aht_seconds_den=count,
                aht_seconds_num=count * pl.col("aht_seconds"),
                aht_seconds_sq=count * pl.col("aht_seconds") ** 2,
                transfer_rate_den=count,
                transfer_rate_num=count * pl.col("transfer_rate"),
            )
        )
    return pl.concat(parts)


def _agents(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.group_by("agent_ix", "agent_key", "team_id", "site", "trained_week", "scheduled_week")
        .agg(first_week=pl.col("week").min(), last_week=pl.col("week").max())
        .with_columns(hired_on=pl.col("first_week") - pl.duration(days=70))
        .sort("agent_ix")
    )


def _spells(agents: pl.DataFrame, rng: np.random.Generator, ratio: float, weeks: int) -> pl.DataFrame:
    """Employment lives with weekly hazards that fall with tenure; training multiplies them by ``ratio``."""
    out = []
    for agent in agents.iter_rows(named=True):
        entry = int(rng.integers(0, 400))
        trained = agent["scheduled_week"]
        trained_at = None if trained is None else entry + (trained - ORIGIN).days
        day, left = entry, False
        while day < entry + 7 * weeks and not left:
            on = trained_at is not None and day >= trained_at
            base = 0.02 if day < 91 else 0.012 if day < 365 else 0.007
            left = bool(rng.random() < base * (ratio if on else 1.0))
            day += 7
        cut = trained_at if trained_at is not None and trained_at < day else None
        parts = [(entry, day, False)] if cut is None else [(entry, cut, False), (cut, day, True)]
        for start, stop, on in parts:
            if stop <= start:
                continue
            out.append(
                {
                    "agent_ix": agent["agent_ix"],
                    "agent_key": agent["agent_key"],
                    "team_id": agent["team_id"],
                    "site": agent["site"],
                    "entry_day": start,
                    "exit_day": stop,
                    "start_on": ORIGIN + timedelta(days=start - entry),
                    "trained": on,
                    "scheduled": on,
                    "left": left and stop == day,
                    "leave_type": "voluntary" if left and stop == day else None,
                }
            )
    return pl.DataFrame(out, schema_overrides={"entry_day": pl.Int32, "exit_day": pl.Int32})
