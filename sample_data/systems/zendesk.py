"""Tickets of Zendesk: JSON lines. Contacts that went up carry a tag; so do complaints; the rest is follow-up work."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data import identity, moments
from sample_data.world import World

CONTACT_FIELD = 360001
"""The custom field that holds the contact's id."""

TAG_TIER2, TAG_SUPERVISOR, TAG_COMPLAINT = "escalated_l2", "escalated_supervisor", "complaint"
FOLLOW_UP_SHARE = 0.02


def tickets(world: World, rows: slice) -> pl.DataFrame:
    """Return the tickets that some contacts gave rise to, one row per version of a ticket.

    Columns: ``ticket, contact, agent, customer, team`` (ints), ``tag`` (text or null), ``reason`` (text),
    ``created, updated`` (UTC seconds), ``status, priority, channel`` (text).
    """
    params = world.params
    part = world.contacts[rows]
    number = np.arange(rows.start, rows.start + part.height)
    ends = moments.utc_seconds(params, part["site"].to_numpy(), part["day"].to_numpy(), part["second"].to_numpy())
    ends = ends + part["wait"].to_numpy() + part["handle"].to_numpy()
    luck = part["luck"].to_numpy().astype(np.float64)
    escalated = part["escalated"].to_numpy()
    complained = part["complained"].to_numpy()
    follow_up = (luck > 1 - FOLLOW_UP_SHARE) & ~escalated & ~complained
    reasons = np.array([reason for queue in params.queues for reason in queue.reasons])
    first = np.cumsum([0, *(len(q.reasons) for q in params.queues)])[:-1]
    reason = reasons[first[part["queue"].to_numpy()] + part["reason"].to_numpy()]
    channel = np.array([c.name.lower() for c in params.channels])[part["channel"].to_numpy()]
    kinds = (
        (escalated, np.where(part["supervisor"].to_numpy(), TAG_SUPERVISOR, TAG_TIER2), 1, 30 + 240 * luck),
        (complained, np.full(part.height, TAG_COMPLAINT), 2, 3600 + 2.5 * moments.DAY * luck),
        (follow_up, np.full(part.height, ""), 3, 120 + 600 * luck),
    )
    frames = []
    for which, tag, digit, delay in kinds:
        created = (ends + delay).astype(np.int64)
        frames.append(
            pl.DataFrame(
                {
                    "ticket": (number * 4 + digit)[which],
                    "contact": number[which],
                    "agent": part["agent"].to_numpy()[which],
                    "customer": part["customer"].to_numpy()[which],
                    "team": part["team"].to_numpy()[which],
                    "tag": tag[which],
                    "reason": reason[which],
                    "channel": channel[which],
                    "created": created[which],
                    "updated": (created + 3600 + 2 * moments.DAY * luck)[which].astype(np.int64),
                    "status": np.full(int(which.sum()), "solved"),
                    "priority": np.full(int(which.sum()), "urgent" if digit < 3 else "normal"),
                }
            )
        )
    return pl.concat(frames).sort("ticket")


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


