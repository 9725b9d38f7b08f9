"""Stored results on phrases for the whole programme: changes by rule, agreement with evaluations; small groups
suppressed."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from analysis.study.result_tables import SCHEMAS
from dashboard.data.queries import Queries
from dashboard.privacy.redaction import coarse, to_digits
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.reader import frame

RELATIONS = ("result.rule", "result.heard")


@dataclass(frozen=True)
class Phrases:
    """What is stored of phrases.

    Attributes
    ----------
    rules : DataFrame
        Columns of ``result.rule``; rules heard from fewer agents than the minimum are left out.
    heard : DataFrame
        Columns of ``result.heard``; without numbers where too few agents were evaluated.
    """

    rules: pl.DataFrame
    heard: pl.DataFrame


def phrases(queries: Queries) -> Phrases | None:
    """Phrases for everybody; None without transcripts, in an older version, and for whoever may not see everybody."""
    if not all(queries.has(name) for name in RELATIONS) or not queries.decision(Filters()).allowed:
        return None
    found = queries.ask(("phrases",), lambda cursor: _phrases(queries, cursor))
    return None if found.heard.is_empty() and found.rules.is_empty() else found


def _phrases(queries: Queries, cursor: duckdb.DuckDBPyConnection) -> Phrases:
    minimum = queries.settings.min_group
    rules = frame(cursor, "select * from result.rule order by skill, n_contacts desc, rule")
    rules = rules.filter(pl.col("n_agents") >= minimum)
    heard = frame(cursor, "select * from result.heard")
    few = (pl.col("n_agents") < minimum).fill_null(value=False)
    numbers = [name for name, kind in SCHEMAS["heard"].items() if kind == pl.Float64 and name in heard.columns]
    heard = heard.with_columns(pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in numbers)
    if current().restricted:
        rules, heard = (coarse(to_digits(rows), minimum) for rows in (rules, heard))
    return Phrases(rules, heard)
