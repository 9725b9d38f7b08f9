"""Numbers beside a headline, in the steps in which readers of a shared dashboard are told that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from dashboard.data.compared import comparison_of
from dashboard.privacy.imprecision import imprecise
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

ERRORS = "select kpi, std_error from result.effect where role = 'headline' and slice_kind = 'overall'"


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
    errors = queries.ask(("headline errors",), lambda cursor: dict(cursor.execute(ERRORS).fetchall()))
    error, fewest = errors.get(kpi), comparison_of(queries, kpi, Filters())[0].fewest
    matters = abs(queries.settings.catalogue[kpi].smallest_effect)
    told = []
    for name in names:
        exact = rows.select(pl.col(name).cast(pl.Float64).alias("estimate"), std_error=pl.lit(error, pl.Float64))
        steps = imprecise(exact, fewest, queries.settings.min_group, matters)["estimate"]
        told.append(steps.set(steps.is_not_null(), None).alias(name) if error is None else steps.alias(name))
    return rows.with_columns(told)
