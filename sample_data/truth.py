"""True effects of a world by every estimand in use, and potential outcomes. Never read by the product.

Definitions, for KPI k and weights w = contacts x expected denominators per contact:

``att``
    Mean of (as it happened - no programme) over agent-weeks from the first completed course on.
``itt``
    The same over agent-weeks from the scheduled week on, no-shows included.
``direct``
    Mean of (as it happened - only team-mates trained) over trained agent-weeks.
``through_skills``, ``not_through_skills``
    The part of ``att`` that the five skills carry, and the rest.
``spillover``
    Mean of (as it happened - no programme) over untrained agent-weeks with a trained team-mate.
``slope``
    Change of the KPI per unit of every skill's score (0 to 1), over agent-weeks without own training.
``event_time``, ``cohort``, ``site``, ``tenure_band``, ``starting_level``
    ``att`` by weeks since training, week of training, and group.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl

from sample_data import calendar, conversations, identity
from sample_data.chain import LIFT
from sample_data.programme import TERCILE
from sample_data.staff import NEVER
from sample_data.systems.bamboohr import team_name
from sample_data.world import World

TENURE_BANDS = ("0-3 months", "3-12 months", "over 12 months")
STARTING_LEVELS = ("bottom third", "middle third", "top third")
MONEY_KPIS = {
    "escalation_rate": "escalation",
    "repeat_contact_7d": "repeat",
    "upsell_revenue": "revenue",
    "aht_seconds": "handle_second",
}
"""KPIs that have money, with the field of :class:`~sample_data.prices.Money`."""

_NO_EFFECTS = pl.DataFrame(
    schema={
        "kpi": pl.String,
        "estimand": pl.String,
        "key": pl.String,
        "effect": pl.Float64,
        "baseline": pl.Float64,
        "contacts": pl.Float64,
    }
)


def kpis(world: World) -> list[str]:
    """Return the KPIs that have potential outcomes, in the order of the truth tables."""
    seen = (name.removesuffix("__seen") for name in world.cells.columns if name.endswith("__seen"))
    return [name for name in seen if not name.startswith("drawn_")]


def cells(world: World) -> pl.DataFrame:
    """Return the agent-weeks with what defines the estimands.

    Adds to ``world.cells``: ``trained_week, scheduled_week`` (``NEVER`` for none), ``event_time`` (null when
    untrained), ``scheduled`` (bool), ``exposed`` (bool: untrained with a trained team-mate), ``tenure_band`` and
    ``starting_level`` (text).
    """
    programme = world.centre.programme
    agent = world.cells["agent"].to_numpy()
    week = world.cells["week"].to_numpy()
    trained_week = world.trained_week[agent]
    level = programme.level(agent) / max(world.params.agent_sd, 1e-9)
    third = np.where(level > TERCILE, 0, np.where(level > -TERCILE, 1, 2))
    band = np.searchsorted([13, 52], world.cells["tenure"].to_numpy(), side="right")
    return world.cells.with_columns(
        pl.Series("trained_week", trained_week),
        pl.Series("scheduled_week", programme.scheduled[agent]),
        pl.Series("event_time", week - trained_week),
        pl.Series("scheduled", programme.scheduled[agent] <= week),
        (~pl.col("trained") & (pl.col("spill_dose") > 0)).alias("exposed"),
        pl.Series("tenure_band", np.array(TENURE_BANDS)[band]),
        pl.Series("starting_level", np.array(STARTING_LEVELS)[third]),
        pl.Series("site_name", np.array([s.name for s in world.params.sites])[world.cells["site"].to_numpy()]),
    ).with_columns(pl.when(pl.col("trained")).then(pl.col("event_time")))


def true_effects(world: World) -> pl.DataFrame:
    """Return the true effects on every KPI.

    Returns
    -------
    polars.DataFrame
        ``kpi, estimand, key`` (text; empty for an overall figure, else the group, the week's Monday or the weeks
        since training), ``effect`` (natural units), ``baseline`` (mean without a programme over the same cells),
        ``contacts`` (float).
    """
    table = cells(world)
    trained, untrained = table.filter(pl.col("trained")), table.filter(~pl.col("trained"))
    exposed = table.filter(pl.col("exposed"))
    names = kpis(world)
    asked = (
        ("att", trained, None, "none", "seen"),
        ("itt", table.filter(pl.col("scheduled")), None, "none", "seen"),
        ("direct", trained, None, "alone", "seen"),
        ("through_skills", trained, None, "unskilled", "seen"),
        ("not_through_skills", trained, None, "none", "unskilled"),
        ("spillover", exposed, None, "none", "seen"),
        ("slope", untrained, None, "none", "lifted"),
        ("event_time", trained, "event_time", "none", "seen"),
        ("cohort", trained, "trained_week", "none", "seen"),
        ("site", trained, "site_name", "none", "seen"),
        ("tenure_band", trained, "tenure_band", "none", "seen"),
        ("starting_level", trained, "starting_level", "none", "seen"),
    )
    found = pl.concat([_NO_EFFECTS, *(_means(names, *each) for each in asked)])
    monday = calendar.first_monday(world.params)
    dates = {str(w): (monday + dt.timedelta(days=7 * w)).isoformat() for w in range(world.params.weeks)}
    per_lift = pl.when(pl.col("estimand") == "slope").then(LIFT).otherwise(1.0)
    as_date = pl.when(pl.col("estimand") == "cohort").then(pl.col("key").replace(dates)).otherwise(pl.col("key"))
    place = pl.col("kpi").replace_strict({name: n for n, name in enumerate(names)}, return_dtype=pl.Int64)
    return found.with_columns(pl.col("effect") / per_lift, as_date.alias("key")).sort(place, maintain_order=True)


def _means(
    names: list[str], estimand: str, part: pl.DataFrame, by: str | None, without: str, with_: str
) -> pl.DataFrame:
    """The mean change of every KPI over the cells of ``part``, by the values of a column where one is named."""
    if part.is_empty():
        return _NO_EFFECTS

    def figures(kpi: str) -> pl.Expr:
        weight = pl.col("n") * pl.col(f"{kpi}__per_contact")
        gap = pl.col(f"{kpi}__{with_}") - pl.col(f"{kpi}__{without}")
        return pl.struct(
            pl.lit(kpi).alias("kpi"),
            ((gap * weight).sum() / weight.sum()).alias("effect"),
            ((pl.col(f"{kpi}__none") * weight).sum() / weight.sum()).alias("baseline"),
            pl.col("n").sum().cast(pl.Float64).alias("contacts"),
        ).alias(kpi)

    every = [figures(kpi) for kpi in names]
    table = part.group_by(by).agg(every).sort(by) if by else part.select(every)
    key = pl.col(by).cast(pl.String) if by else pl.lit("")
    return (
        table.select(pl.lit(estimand).alias("estimand"), key.alias("key"), pl.concat_list(names).alias("each"))
        .explode("each")
        .unnest("each")
        .select(_NO_EFFECTS.columns)
    )


def drawn_effect(world: World, outcome: str) -> tuple[float, float]:
    """Return a true effect computed from outcomes drawn with the same random numbers with and without a programme.

    Parameters
    ----------
    outcome : str
        One of ``escalated, hostile, transferred, complained, repeated, churned, answered, top2, handle_seconds``.

    Returns
    -------
    effect, std_error : float
        Mean change per contact over trained agent-weeks, and its standard error over agents.
    """
    trained = world.cells.filter(pl.col("trained"))
    by_agent = trained.group_by("agent").agg(
        (pl.col(f"drawn_{outcome}__seen") - pl.col(f"drawn_{outcome}__none")).sum().alias("change"),
        pl.col("n").sum(),
    ).sort("agent")
    change, contacts = by_agent["change"].to_numpy(), by_agent["n"].to_numpy()
    effect = change.sum() / contacts.sum()
    scores = change - effect * contacts
    return float(effect), float(np.sqrt((scores**2).sum()) / contacts.sum())


def leaving(world: World) -> dict[str, float]:
    """Return the truth about leaving: hazard ratio, and expected leavers with and without the programme."""
    trained = world.cells.filter(pl.col("trained"))
    return {
        "hazard_ratio": _hazard_ratio(world, trained),
        "expected_leavers_trained": float(trained["hazard"].sum()),
        "expected_leavers_trained_without": float(trained["hazard_untrained"].sum()),
    }


def _hazard_ratio(world: World, trained: pl.DataFrame) -> float:
    """The parameter's, or the average over trained agent-weeks where strain adds to it."""
    ratio = float(world.params.hazard_ratio**world.params.effect_scale)
    if not world.params.chain.strain or trained.is_empty():
        return ratio
    return float(trained["hazard"].sum()) / float(trained["hazard_untrained"].sum())


def money(world: World) -> pl.DataFrame:
    """Return the money value of the programme within the window, over all agent-weeks.

    Returns
    -------
    polars.DataFrame
        ``kpi`` (and ``agent_attrition``, ``cost``, ``net``), ``units`` (change of the KPI's numerator; seats paid for),
        ``low, likely, high`` (money, positive is good).
    """
    params = world.params
    rows: list[tuple[str, float, float, float, float]] = []
    for kpi, name in MONEY_KPIS.items():
        weight = world.cells["n"] * world.cells[f"{kpi}__per_contact"]
        units = float(((world.cells[f"{kpi}__seen"] - world.cells[f"{kpi}__none"]) * weight).sum())
        sign = 1.0 if kpi == "upsell_revenue" else -1.0
        rows.append((kpi, units, *_span(units * sign, getattr(params.money, name))))
    left = leaving(world)
    units = left["expected_leavers_trained"] - left["expected_leavers_trained_without"]
    rows.append(("agent_attrition", units, *_span(-units, params.money.leaver)))
    rows.append(("cost", params.planned_agents, *_span(-params.planned_agents, params.money.programme)))
    low, likely, high = (sum(column) for column in list(zip(*(row[2:] for row in rows), strict=True)))
    rows.append(("net", float("nan"), low, likely, high))
    return pl.DataFrame(rows, schema=["kpi", "units", "low", "likely", "high"], orient="row")


def _span(units: float, price: tuple[float, float, float]) -> tuple[float, float, float]:
    low, likely, high = (units * value for value in price)
    return min(low, high), likely, max(low, high)


def write(world: World, out_dir: Path | str) -> list[Path]:
    """Write the truth to a folder of its own.

    Writes ``agent_week.parquet`` (potential outcomes of every agent-week), ``effects.csv``, ``money.csv``,
    ``conversations.parquet`` (which skills each transcript shows) and ``world.json``
    (every parameter, the truth about leaving, the number of agents trained).

    Returns
    -------
    list of Path
    """
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    names = ("agent_week.parquet", "effects.csv", "money.csv", "world.json", "conversations.parquet")
    paths = [out / name for name in names]
    _with_names(world).write_parquet(paths[0])
    true_effects(world).write_csv(paths[1])
    money(world).write_csv(paths[2])
    spoken = conversations.shown(world)
    spoken.with_columns(identity.contact_id(pl.col("contact")).alias("contact_id")).write_parquet(paths[4])
    about = {
        "parameters": dataclasses.asdict(world.params),
        "leaving": leaving(world),
        "agents": world.centre.staff.count,
        "trained_agents": int((world.trained_week < NEVER).sum()),
        "contacts": world.contacts.height,
    }
    paths[3].write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
    return paths


def _with_names(world: World) -> pl.DataFrame:
    params, staff = world.params, world.centre.staff
    monday = calendar.first_monday(params)
    names = [team_name(params, int(staff.team_site[team]), team) for team in range(params.teams)]
    table = cells(world)
    dates = [monday + dt.timedelta(days=7 * week) for week in range(params.weeks)]

    def dated(column: str) -> pl.Expr:
        inside = pl.col(column) < params.weeks
        value = pl.lit(pl.Series(dates)).gather(pl.col(column).clip(0, params.weeks - 1).cast(pl.UInt32))
        return pl.when(inside).then(value).alias(column)

    kept = [column for column in table.columns if column not in ("agent", "team", "site", "week", "site_name")]
    return table.select(
        identity.employee_number(pl.col("agent")).alias("employee_number"),
        dated("week"),
        pl.lit(pl.Series(names)).gather(pl.col("team").cast(pl.UInt32)).alias("team_id"),
        pl.col("site_name").alias("site"),
        *(dated(column) if column in ("trained_week", "scheduled_week") else pl.col(column) for column in kept),
    )
