"""In which way agents left, told by whole groups of leavers only.

That somebody left, and when, is seen by everybody who works there; in which way is not. So what is told of one kind of
leaving may begin or end only where a whole group had left since in any way: a number that moves in a week says that
somebody who left in that week left in that way, and that somebody may have been one person. Nor may all who left since
have left in that way.

Assumptions
-----------
1. Who left when, and who was trained, is known to whoever asks; in which way is known of oneself.
2. Leavers of one week are told apart by nothing that is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

EVERY_KIND = "any"


def by_whole_groups(weeks: pl.DataFrame, kind: str, minimum: int) -> pl.DataFrame:
    """Person-weeks up to the last week by which a whole group had left in one way, and another one in other ways.

    A ratio of one kind of leaving, less that of the version before, would say it of whoever left in between.

    Parameters
    ----------
    weeks : DataFrame
        Person-weeks, as :func:`analysis.study.leaving.spell_weeks` gives them.
    kind : str
        The kind of leaving.
    minimum : int
        Smallest group shown.
    """
    monday = pl.col("on").dt.truncate("1w")
    of_kind = (pl.col("leave_type") == kind).fill_null(value=False)
    leavers = weeks.filter("left").group_by(monday).agg(pl.len(), of_kind.sum().alias("of_kind")).sort("on")
    ends = set(_ends(leavers.select("on", "len").iter_rows(), minimum))
    since, others, until = 0, 0, None
    for week, left, of_this in leavers.select("on", "len", "of_kind").iter_rows():
        since, others = since + of_this, others + left - of_this
        if week in ends and _mixed(since, others, minimum):
            since, others, until = 0, 0, week
    return weeks.clear() if until is None else weeks.filter(monday <= until)


def in_steps(curves: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Curves at the tenure weeks by which a whole group had left since the point before, of one kind of leaving where
    another whole group had left in other ways: no step is one person, and no point says how one person left.

    Parameters
    ----------
    curves : DataFrame
        Columns of ``result.survival``.
    minimum : int
        Smallest group shown.
    """
    curve = ["leave_type", "arm"]
    share = pl.col("survival").forward_fill()
    before = share.shift(1).fill_null(1.0)
    left = pl.when(before > 0).then(pl.col("at_risk") * (1.0 - share / before)).otherwise(0.0).fill_null(0.0)
    ordered = curves.sort(*curve, "tenure_week").with_columns(left.round().over(curve).alias("_left"))
    every = ordered.filter(pl.col("leave_type") == EVERY_KIND).select("arm", "tenure_week", "_left")
    ends, gone_by = dict[Any, set[Any]](), dict[tuple[Any, Any], float]()
    for (arm,), rows in every.group_by("arm", maintain_order=True):
        ends[arm] = set(_ends(rows.select("tenure_week", "_left").iter_rows(), minimum))
        gone_by |= {(arm, week): left for week, left in rows.select("tenure_week", "_left").iter_rows()}
    kept, key, since, others = [], None, 0.0, 0.0
    for kind, arm, week, gone in ordered.select(*curve, "tenure_week", "_left").iter_rows():
        since, others = since + gone, others + gone_by.get((arm, week), gone) - gone
        enough = since >= minimum if kind == EVERY_KIND else _mixed(since, others, minimum)
        told = (kind, arm) != key or (enough and week in ends.get(arm, ()))
        kept.append(told)
        key = (kind, arm)
        since, others = (0.0, 0.0) if told else (since, others)
    return ordered.drop("_left").filter(pl.Series(kept, dtype=pl.Boolean))


def _mixed(of_kind: float, others: float, minimum: int) -> bool:
    """Whether leavers of whom some left in one way are told of: a whole group did, and a whole group did not.

    Of five who all left in that way, each is known to have.
    """
    return of_kind >= minimum and others >= minimum


def _ends(leavers: Iterable[tuple[Any, ...]], minimum: int) -> list[Any]:
    """Weeks by which a whole group had left since the one before, from weeks in order and how many left in each."""
    since, ends = 0.0, []
    for week, left in leavers:
        since += left
        if since >= minimum:
            since = 0.0
            ends.append(week)
    return ends
