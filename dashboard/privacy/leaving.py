"""In which way agents left, told by whole groups of leavers only.

That somebody left, and when, is seen by everybody who works there; in which way is not. So what is told of one kind of
leaving may begin or end only where a whole group had left since in any way: a number that moves in a week says that
somebody who left in that week left in that way, and that somebody may have been one person.

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
    """Person-weeks up to the last week by which a whole group had left, and another whole group of them in one way.

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
    since, until = 0, None
    for week, left in leavers.select("on", "of_kind").iter_rows():
        since += left
        if week in ends and since >= minimum:
            since, until = 0, week
    return weeks.clear() if until is None else weeks.filter(monday <= until)


def in_steps(curves: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Curves at the tenure weeks by which a whole group had left since the point before, and of one kind of leaving
    where one had in any way besides: no step is one person, and no point says how one person left.

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
    ends = {
        arm[0]: set(_ends(rows.select("tenure_week", "_left").iter_rows(), minimum))
        for arm, rows in ordered.filter(pl.col("leave_type") == EVERY_KIND).group_by("arm", maintain_order=True)
    }
    kept, key, since = [], None, 0.0
    for kind, arm, week, gone in ordered.select(*curve, "tenure_week", "_left").iter_rows():
        since += gone
        first = (kind, arm) != key
        told = first or (since >= minimum and week in ends.get(arm, ()))
        kept.append(told)
        key, since = (kind, arm), 0.0 if told else since
    return ordered.drop("_left").filter(pl.Series(kept, dtype=pl.Boolean))


def _ends(leavers: Iterable[tuple[Any, ...]], minimum: int) -> list[Any]:
    """Weeks by which a whole group had left since the one before, from weeks in order and how many left in each."""
    since, ends = 0.0, []
    for week, left in leavers:
        since += left
        if since >= minimum:
            since = 0.0
            ends.append(week)
    return ends
