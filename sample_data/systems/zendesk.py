"""Tickets of Zendesk: JSON lines. Escalated contacts and complaints have a tag; other tickets are follow-up work."""

from __future__ import annotations

import polars as pl

from sample_data import identity, lines, moments
from sample_data.systems import amazon_connect
from sample_data.world import World

CONTACT_FIELD = 360001
"""The custom field that holds the contact's id."""

TAG_TIER2, TAG_SUPERVISOR, TAG_COMPLAINT = "escalated_l2", "escalated_supervisor", "complaint"
FOLLOW_UP_SHARE = 0.005
"""Share of contacts that lead to a ticket of follow-up work."""


def tickets(world: World, rows: slice) -> pl.DataFrame:
    """Return the tickets that some contacts gave rise to, one row per version of a ticket.

    Columns: ``ticket, contact, agent, customer, team`` (ints), ``tag`` (text or null), ``reason`` (text),
    ``created, updated`` (UTC seconds), ``status, priority, channel`` (text).
    """
    numbered = world.contacts[rows].select(
        pl.int_range(rows.start, rows.start + pl.len(), dtype=pl.Int64).alias("contact"), pl.all()
    )
    follow_up = (pl.col("uniform") > 1 - FOLLOW_UP_SHARE) & ~pl.col("escalated") & ~pl.col("complained")
    uniform = pl.col("uniform").cast(pl.Float64)
    went_up = pl.when(pl.col("supervisor")).then(pl.lit(TAG_SUPERVISOR)).otherwise(pl.lit(TAG_TIER2))
    kinds: tuple[tuple[pl.Expr, pl.Expr, int, pl.Expr], ...] = (
        (pl.col("escalated"), went_up, 1, 30 + 240 * uniform),
        (pl.col("complained"), pl.lit(TAG_COMPLAINT), 2, 3600 + 2.5 * moments.DAY * uniform),
        (follow_up, pl.lit(""), 3, 120 + 600 * uniform),
    )
    return pl.concat(
        [_of_one_kind(world, numbered.filter(which), tag, digit, delay) for which, tag, digit, delay in kinds]
    ).sort("ticket")


def _of_one_kind(world: World, part: pl.DataFrame, tag: pl.Expr, digit: int, delay: pl.Expr) -> pl.DataFrame:
    params = world.params
    begin = moments.utc_seconds(params, part["site"].to_numpy(), part["day"].to_numpy(), part["second"].to_numpy())
    uniform = pl.col("uniform").cast(pl.Float64)
    return part.with_columns(
        (pl.Series(begin) + pl.col("wait") + pl.col("handle") + delay.cast(pl.Int64)).alias("created")
    ).select(
        (pl.col("contact") * 4 + digit).alias("ticket"),
        "contact",
        "agent",
        "customer",
        "team",
        tag.alias("tag"),
        amazon_connect.reason_name(params),
        lines.named([channel.name.lower() for channel in params.channels], pl.col("channel")).alias("channel"),
        "created",
        (pl.col("created") + 3600 + (2 * moments.DAY * uniform).cast(pl.Int64)).alias("updated"),
        pl.lit("solved").alias("status"),
        pl.lit("urgent" if digit < 3 else "normal").alias("priority"),
    )


def as_lines(tickets: pl.DataFrame) -> pl.Series:
    """Return one JSON line per version of a ticket."""
    tag = pl.when(pl.col("tag") == "").then(pl.lit("")).otherwise(pl.lit('"') + pl.col("tag") + pl.lit('",'))
    parts = (
        '{"id":', (pl.col("ticket") + 3500).cast(pl.String),
        ',"external_id":null,"created_at":"', moments.iso_z(pl.col("created")),
        '","updated_at":"', moments.iso_z(pl.col("updated")),
        '","type":"problem","subject":"', pl.col("reason"),
        '","priority":"', pl.col("priority"), '","status":"', pl.col("status"),
        '","requester_id":', pl.col("customer").cast(pl.String),
        ',"assignee_id":', identity.assignee(pl.col("agent")),
        ',"group_id":', (pl.col("team").cast(pl.Int64) + 55).cast(pl.String),
        ',"via":{"channel":"', pl.col("channel"),
        '"},"tags":[', tag, '"', pl.col("reason"),
        '"],"custom_fields":[{"id":360001,"value":"', identity.contact_id(pl.col("contact")), '"}]}\n',
    )
    joined = pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])
    return tickets.select(joined.alias("line"))["line"]


