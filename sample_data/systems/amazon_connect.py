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
    luck = part["luck"].to_numpy().astype(np.float64)
    wait = np.minimum(part["wait"].to_numpy().astype(np.int64), 1800)
    after = (handle * (0.06 + 0.10 * luck)).astype(np.int64)
    hold = np.where(luck < 0.3, (handle * 0.10).astype(np.int64), 0)
    talk = handle - after - hold
    answered = begin + wait
    finish = answered + talk + hold
    transferred = part["transferred"].to_numpy()
    queue = part["queue"].to_numpy()
    reasons = np.array(_reason_names(params))
    first = np.cumsum([0, *(len(q.reasons) for q in params.queues)])[:-1]
    return pl.DataFrame(
        {
            "contact": np.arange(rows.start, rows.start + part.height),
            "agent": part["agent"],
            "customer": part["customer"],
            "channel": np.array([c.name for c in params.channels])[part["channel"].to_numpy()],
            "queue": np.array([q.name for q in params.queues])[queue],
            "reason": reasons[first[queue] + part["reason"].to_numpy()],
            "begin": begin,
            "finish": finish,
            "updated": finish + after + 60 + (luck * 600).astype(np.int64),
            "transferred_at": pl.Series(np.where(transferred, finish - 10, 0)),
            "talk": talk,
            "hold": hold,
            "after": after,
            "wait": wait,
            "hostile": part["hostile"],
            "eligible": part["offer_kind"] > 0,
        }
    ).with_columns(pl.when(pl.col("transferred_at") > 0).then(pl.col("transferred_at")))


def _reason_names(params: Parameters) -> list[str]:
    return [reason for queue in params.queues for reason in queue.reasons]


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
