"""Contact records of Amazon Connect: JSON lines, one delivery of one record a line."""

from __future__ import annotations

import numpy as np
import polars as pl

from sample_data import identity, lines, moments
from sample_data.parameters import Parameters
from sample_data.world import World

HOME_ARN = "arn:aws:connect:eu-west-1:111122223333:instance/sample"


def records(world: World, rows: slice) -> pl.DataFrame:
    """Return the contact records of some rows of ``world.contacts``, one row per delivery.

    Columns: ``contact`` (row number), ``agent``, ``customer`` (ints), ``channel, queue, reason`` (text), ``begin``,
    ``finish, updated`` (UTC seconds), ``transferred_at`` (UTC seconds or null), ``talk, hold, after``
    (seconds), ``wait`` (seconds in the queue), ``hostile, eligible`` (bool).
    """
    params = world.params
    part = world.contacts[rows]
    site = part["site"].to_numpy()
    begin = moments.utc_seconds(params, site, part["day"].to_numpy(), part["second"].to_numpy())
    handle = part["handle"].to_numpy().astype(np.int64)
    uniform = part["uniform"].to_numpy().astype(np.float64)
    wait = np.minimum(part["wait"].to_numpy().astype(np.int64), 1800)
    after = (handle * (0.06 + 0.10 * uniform)).astype(np.int64)
    hold = np.where(uniform < 0.3, (handle * 0.10).astype(np.int64), 0)
    talk = handle - after - hold
    answered = begin + wait
    finish = answered + talk + hold
    return part.select(
        pl.int_range(rows.start, rows.start + pl.len(), dtype=pl.Int64).alias("contact"),
        "agent",
        "customer",
        lines.named([channel.name for channel in params.channels], pl.col("channel")).alias("channel"),
        lines.named([queue.name for queue in params.queues], pl.col("queue")).alias("queue"),
        reason_name(params),
        pl.Series("begin", begin),
        pl.Series("finish", finish),
        pl.Series("updated", finish + after + 60 + (uniform * 600).astype(np.int64)),
        pl.when(pl.col("transferred")).then(pl.Series("transferred_at", finish - 10)),
        pl.Series("talk", talk),
        pl.Series("hold", hold),
        pl.Series("after", after),
        pl.Series("wait", wait),
        "hostile",
        (pl.col("offer_kind") > 0).alias("eligible"),
    )


def reason_name(params: Parameters) -> pl.Expr:
    """Return the reason of contacts, by their columns ``queue`` and ``reason``."""
    names = [reason for queue in params.queues for reason in queue.reasons]
    first = np.cumsum([0, *(len(queue.reasons) for queue in params.queues)])[:-1]
    base = pl.lit(pl.Series(first, dtype=pl.UInt32)).gather(pl.col("queue").cast(pl.UInt32))
    return lines.named(names, base + pl.col("reason").cast(pl.UInt32)).alias("reason")


def as_lines(delivered: pl.DataFrame) -> pl.Series:
    """Return one JSON line per delivery."""
    agent = identity.username(pl.col("agent"))
    known = (
        '{"Username":"', agent, '","AgentInteractionDuration":', pl.col("talk").cast(pl.String),
        ',"AfterContactWorkDuration":', pl.col("after").cast(pl.String),
        ',"CustomerHoldDuration":', pl.col("hold").cast(pl.String), "}",
    )
    attributes = (
        ',"Attributes":{"customer_id":"', identity.customer_id(pl.col("customer")),
        '","reason":"', pl.col("reason"), '","hostile":"', lines.flag(pl.col("hostile")),
        '","eligible":"', lines.flag(pl.col("eligible")), '"}}\n',
    )
    parts = (
        '{"AWSContactTraceRecordFormatVersion":"2017-03-10","ContactId":"', identity.contact_id(pl.col("contact")),
        '","InitialContactId":null,"Channel":"', pl.col("channel"),
        '","InitiationMethod":"INBOUND","InitiationTimestamp":"', moments.iso_z(pl.col("begin")),
        '","DisconnectTimestamp":"', moments.iso_z(pl.col("finish")),
        '","LastUpdateTimestamp":"', moments.iso_z(pl.col("updated")),
        '","TransferCompletedTimestamp":', lines.text_or_null(moments.iso_z(pl.col("transferred_at"))),
        ',"Agent":', *known,
        ',"Queue":{"Name":"', pl.col("queue"), '","Duration":', pl.col("wait").cast(pl.String), "}",
        *attributes,
    )
    joined = pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])
    return delivered.select(joined.alias("line"))["line"]
