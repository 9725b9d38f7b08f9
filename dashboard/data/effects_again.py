"""Stored tables that hold the estimate of another table once more, as readers of a shared dashboard see them.

Slopes, phrases and survivors repeat the effect on a goal, on a skill or on phrases heard, and give numbers made of it:
a part, a share, the same effect in another unit. Rounded by themselves they would be a second, finer rounding of an
estimate that is told in steps. So the effect is the one that is told, and what is made of it is made of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from dashboard.data.compared import comparison_of
from dashboard.privacy.imprecision import imprecise, significant
from dashboard.privacy.redaction import to_digits
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

Row = dict[str, Any]
ENDS = ("", "_low", "_high")
OF_SKILL = ("effect_on_skill", "direct", "indirect", "share")
"""Of a slope, what gives the effect on the skill, or is made of it."""
STORED = "select kpi, estimate, std_error from result.effect where role = 'headline' and slice_kind = 'overall'"


def told_head(queries: Queries, kpi: str) -> Mapping[str, Any] | None:
    """The headline of everybody as readers are told it; None where they are not.

    Parameters
    ----------
    queries : Queries
    kpi : str
    """
    if kpi not in queries.settings.catalogue or queries.settings.catalogue[kpi].hidden:
        return None
    head = queries.headline(kpi, Filters(), alone=True) if queries.publishes(kpi, Filters()) else None
    return None if head is None or head["estimate"] is None else head


def with_told_effect(row: Row, head: Mapping[str, Any] | None, name: str) -> Row:
    """A row whose effect is the one that is told; blank where it is not, and where the row has none.

    Parameters
    ----------
    row : dict
    head : mapping or None
        The headline that is told.
    name : str
        Of the columns of the effect and its ends.
    """
    if head is None or row[name] is None:
        return row | _blank(name)
    return row | dict(zip(_columns(name), (head["estimate"], head["ci_low"], head["ci_high"]), strict=True))


def moved(row: Row, name: str, point: float | None) -> Row:
    """A row with another number in the place of one, and ends as far from it, all to two digits.

    Parameters
    ----------
    row : dict
    name : str
    point : float or None
        The new number; None blanks all three.

    Examples
    --------
    >>> moved({"direct": 0.0512, "direct_low": 0.0411, "direct_high": 0.0613}, "direct", 0.0487)
    {'direct': 0.049, 'direct_low': 0.039, 'direct_high': 0.059}
    """
    if point is None or row[name] is None:
        return row | _blank(name)
    middle = significant(point)
    away = [None if row[end] is None else significant(row[end] - row[name]) for end in _columns(name)[1:]]
    ends = [None if one is None else _plain(middle + one) for one in away]
    return row | dict(zip(_columns(name), (middle, *ends), strict=True))


def in_steps_of_headline(queries: Queries, kpi: str, rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Columns with changes of a KPI, of everybody, as multiples of the step of its headline; empty where it has none.

    The same estimate once more, or one of most of the same weeks, in finer steps would be the headline in finer steps.

    Parameters
    ----------
    queries : Queries
    kpi : str
    rows : DataFrame
        With exact numbers, each in the KPI's unit.
    names : sequence of str
        Columns of them.
    """
    errors = {name: error for name, _, error in queries.frame(STORED).iter_rows()}
    error, fewest = errors.get(kpi), comparison_of(queries, kpi, Filters())[0].fewest
    matters = abs(queries.settings.catalogue[kpi].smallest_effect)
    told = []
    for name in names:
        exact = rows.select(pl.col(name).cast(pl.Float64).alias("estimate"), std_error=pl.lit(error, pl.Float64))
        steps = imprecise(exact, fewest, queries.settings.min_group, matters)["estimate"]
        told.append(steps.set(steps.is_not_null(), None).alias(name) if error is None else steps.alias(name))
    return rows.with_columns(told)


def slopes_as_told(queries: Queries, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.mechanism``: total and effect on the skill as told, what is made of them made of these.

    Parameters
    ----------
    queries : Queries
    rows : DataFrame
        Of goals of which estimates are told.
    """
    stored = queries.frame(STORED).select("kpi", "estimate").iter_rows() if queries.has("result.effect") else ()
    exact = dict(stored)
    told = []
    for row, rough in zip(rows.to_dicts(), to_digits(rows).to_dicts(), strict=True):
        new = with_told_effect(rough, told_head(queries, row["kpi"]), "total")
        told.append(_of_skill(queries, row, new, exact))
    return pl.DataFrame(told, schema=rows.schema)


def _of_skill(queries: Queries, row: Row, new: Row, exact: Mapping[str, float | None]) -> Row:
    """A slope's effect on the skill, and its parts of the total; ``new`` has two digits and the total as told."""
    new = with_told_effect(new, told_head(queries, row["skill"]), "effect_on_skill")
    effect = new["effect_on_skill"]
    if effect is None:
        return new | {column: None for name in OF_SKILL for column in _columns(name)}
    apart = _apart(queries, row, exact.get(row["skill"]))
    for column in _columns("effect_on_skill"):
        new[column] = None if new[column] is None else _plain(new[column] + apart)
    slope, total = new["slope"], new["total"]
    indirect = None if slope is None else slope * new["effect_on_skill"]
    direct = None if indirect is None or total is None else total - indirect
    new |= {column: row[column] for name in ("indirect", "direct") for column in _columns(name)}
    new = moved(moved(new, "indirect", indirect), "direct", direct)
    share = None if indirect is None or not total or not row["share"] else indirect / total
    if share is None:
        return new | _blank("share")
    scaled = [None if row[column] is None else row[column] * share / row["share"] for column in _columns("share")]
    return new | dict(zip(_columns("share"), (None if x is None else significant(x) for x in scaled), strict=True))


def _apart(queries: Queries, row: Row, headline: float | None) -> float:
    """How far an effect on a skill, corrected for raters, is from the skill's headline; in steps of its own."""
    if headline is None or row["effect_on_skill_low"] is None or row["effect_on_skill_high"] is None:
        return 0.0
    away = row["effect_on_skill"] - headline
    half = (row["effect_on_skill_high"] - row["effect_on_skill_low"]) / 2
    between = pl.DataFrame([{"estimate": away, "ci_low": away - half, "ci_high": away + half}])
    fewest = comparison_of(queries, row["skill"], Filters())[0].fewest
    return float(imprecise(between, fewest, queries.settings.min_group)["estimate"][0])


def _columns(name: str) -> tuple[str, ...]:
    return tuple(f"{name}{end}" for end in ENDS)


def _blank(name: str) -> Row:
    return dict.fromkeys(_columns(name))


def _plain(value: float) -> float:
    """A sum of numbers of few digits without what adding them in binary leaves."""
    return float(f"{value:.10g}")
