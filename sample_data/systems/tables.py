"""The plain tables: quality evaluations, offers, customer events, agent days, and the list of agent ids."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data import identity, moments
from sample_data.contacts import UPSELL
from sample_data.parameters import SKILLS
from sample_data.world import World

SKILL_HEADERS = tuple(skill.replace("_", " ").capitalize() for skill in SKILLS)


def evaluations(world: World) -> pl.DataFrame:
    """Return the quality tool's evaluations, released two to five days after the contact."""
    part = world.evaluations
    about = world.contacts[part["contact"].to_numpy()]
    begin = moments.utc_seconds(
        world.params, about["site"].to_numpy(), about["day"].to_numpy(), about["second"].to_numpy()
    )
    released = begin + ((2 + 3 * about["uniform"].to_numpy().astype(np.float64)) * moments.DAY).astype(np.int64)
    framed = part.with_columns(pl.Series("at", released)).filter(pl.col("at") < moments.end_of_window(world.params))
    return framed.select(
        (pl.lit("EV") + (pl.col("contact") + 1).cast(pl.String)).alias("Eval ID"),
        identity.contact_id(pl.col("contact")).alias("Contact"),
        identity.quality_id(pl.col("agent")).alias("Agent"),
        (pl.lit("R") + (pl.col("rater") + 1).cast(pl.String).str.zfill(2)).alias("Evaluator"),
        (pl.lit("Empathy QA v") + pl.col("form_version").cast(pl.String)).alias("Form"),
        moments.written(pl.col("at"), "%Y-%m-%d %H:%M:%S").alias("Released"),
        *[pl.col(skill).alias(header) for skill, header in zip(SKILLS, SKILL_HEADERS, strict=True)],
        pl.mean_horizontal(*SKILLS).round(4).alias("Empathy score"),
        pl.when(pl.col("critical_fail")).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("Critical error"),
    )


def _begin(world: World, part: pl.DataFrame) -> np.ndarray:
    return moments.utc_seconds(
        world.params, part["site"].to_numpy(), part["day"].to_numpy(), part["second"].to_numpy()
    )


def offers(world: World) -> pl.DataFrame:
    """Return the offers made: code of the product, accepted or not, amount of an accepted one, cancellation."""
    params = world.params
    made = world.contacts.with_row_index("contact").filter(pl.col("offered"))
    begin = _begin(world, made)
    uniform = (made["uniform"].to_numpy().astype(np.float64) * 71) % 1
    at = begin + made["wait"].to_numpy() + (0.7 * made["handle"].to_numpy()).astype(np.int64)
    cancelled = at + ((1 + 13 * uniform) * moments.DAY).astype(np.int64)
    currency = np.array([site.currency for site in params.sites])[made["site"].to_numpy()]
    text = "%Y-%m-%d %H:%M:%S"
    framed = made.with_columns(
        pl.Series("at", at), pl.Series("cancelled_at", cancelled), pl.Series("currency", currency)
    ).with_columns(pl.col("cancelled") & (pl.col("cancelled_at") < moments.end_of_window(params)))
    return framed.select(
        (pl.lit("OF") + (pl.col("contact").cast(pl.Int64) + 1).cast(pl.String)).alias("Offer ID"),
        identity.contact_id(pl.col("contact").cast(pl.Int64)).alias("Contact"),
        identity.username(pl.col("agent")).alias("Agent"),
        pl.when(pl.col("offer_kind") == UPSELL).then(pl.lit("UPS")).otherwise(pl.lit("XS")).alias("Type"),
        moments.written(pl.col("at"), text).alias("Made at"),
        pl.when(pl.col("accepted")).then(pl.lit("accepted")).otherwise(pl.lit("declined")).alias("Result"),
        pl.when(pl.col("accepted")).then(pl.col("amount")).alias("Amount"),
        pl.col("currency").alias("Currency"),
        pl.when(pl.col("cancelled")).then(moments.written(pl.col("cancelled_at"), text)).alias("Cancelled at"),
    )


def customer_events(world: World) -> pl.DataFrame:
    """Return what customers did after their contacts: left, referred somebody, bought again."""
    part = world.contacts.with_row_index("contact")
    begin = _begin(world, part)
    uniform = part["uniform"].to_numpy().astype(np.float64)
    stays_away = ~part["came_back"].to_numpy()
    delays = {
        "churn": ("churned", (1 + 84 * ((uniform * 53) % 1)) * moments.DAY),
        "referral": ("referred", np.where(stays_away, 30 * moments.DAY, 8 * 3600) * ((uniform * 31) % 1) + 3600),
        "repurchase": ("repurchased", (1 + 59 * ((uniform * 43) % 1)) * moments.DAY),
    }
    frames = []
    for kind, (flag, delay) in delays.items():
        which = part[flag].to_numpy()
        frames.append(
            pl.DataFrame(
                {
                    "contact": part["contact"].to_numpy()[which].astype(np.int64),
                    "customer": part["customer"].to_numpy()[which],
                    "kind": np.full(int(which.sum()), kind),
                    "at": (begin + delay)[which].astype(np.int64),
                }
            )
        )
    events = pl.concat(frames).filter(pl.col("at") < moments.end_of_window(world.params)).sort("at", "contact", "kind")
    once = events.filter((pl.col("kind") != "churn") | pl.struct("customer", "kind").is_first_distinct())
    letter = {"churn": "C", "referral": "R", "repurchase": "P"}
    return once.select(
        (pl.col("kind").replace_strict(letter) + (pl.col("contact") + 1).cast(pl.String)).alias("Event ID"),
        identity.customer_id(pl.col("customer")).alias("Customer"),
        pl.col("kind").alias("Event"),
        moments.written(pl.col("at"), "%Y-%m-%d %H:%M:%S").alias("At"),
    )


def agent_days(world: World) -> pl.DataFrame:
    """Return the roster: one row per rostered agent-day, hours worked, and whether the agent was absent."""
    return world.agent_days.sort("day", "agent").select(
        identity.roster_id(pl.col("agent")).alias("Agent"),
        moments.day_text(world.params, pl.col("day")).alias("Day"),
        pl.col("worked_seconds").alias("Worked seconds"),
        pl.when(pl.col("absent")).then(pl.lit("1")).otherwise(pl.lit("0")).alias("Absent"),
    )


def agent_ids(world: World) -> pl.DataFrame:
    """Return the list that says which id of which system is which employee number."""
    who = pl.DataFrame({"agent": np.arange(world.centre.staff.count)})
    systems = {
        "contacts": identity.username,
        "offers": identity.username,
        "tickets": identity.assignee,
        "qa": identity.quality_id,
        "agent_days": identity.roster_id,
    }
    return pl.concat(
        [
            who.select(
                pl.lit(system).alias("System"),
                code(pl.col("agent")).alias("Id in system"),
                identity.employee_number(pl.col("agent")).alias("Employee number"),
            )
            for system, code in systems.items()
        ]
    )
