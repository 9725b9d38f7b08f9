"""Stored results on phrases for the whole programme: changes by rule, agreement with evaluations; small groups
suppressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from analysis.study.phrase_labels import rule_skill_of
from analysis.study.result_tables import SCHEMAS
from dashboard.data.compared import comparison_of
from dashboard.data.effects_again import ENDS, moved, told_head, with_told_effect
from dashboard.data.queries import Queries
from dashboard.privacy.imprecision import imprecise
from dashboard.privacy.redaction import CLUSTERS, coarse, in_units, to_digits
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.reader import frame

RELATIONS = ("result.rule", "result.heard")
SHARES, DIGITS = ("before", "after", "untrained"), 2
"""Shares of contacts in which a rule's phrase is heard, and the digits in which readers are told them."""


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
    return queries.ask(("phrases",), lambda cursor: _phrases(queries, cursor))


def _phrases(queries: Queries, cursor: duckdb.DuckDBPyConnection) -> Phrases | None:
    minimum = queries.settings.min_group
    rules = frame(cursor, "select * from result.rule order by skill, n_contacts desc, rule")
    rules = rules.filter(pl.col("n_agents") >= minimum)
    heard = frame(cursor, "select * from result.heard")
    if heard.is_empty() and rules.is_empty():
        return None
    few = (pl.col("n_agents") < minimum).fill_null(value=False)
    numbers = [name for name, kind in SCHEMAS["heard"].items() if kind == pl.Float64 and name in heard.columns]
    heard = heard.with_columns(pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in numbers)
    return _as_told(queries, rules, heard) if current().restricted else Phrases(rules, heard)


def _as_told(queries: Queries, rules: pl.DataFrame, heard: pl.DataFrame) -> Phrases:
    """Both tables as readers of a shared dashboard see them: of KPIs of which estimates are told, in their steps.

    A rule's share among untrained agents is that of whoever is left untrained, as the comparison of its KPI is; so it
    is told where that comparison is. What the change is as one of the skill follows from the change that is told.
    """
    minimum, everybody = queries.settings.min_group, Filters()
    kpis = {kpi.id: rule_skill_of(kpi) for kpi in queries.kpis() if rule_skill_of(kpi)}
    told = {name: skill for name, skill in kpis.items() if queries.publishes(name, everybody)}
    heard = heard.filter(pl.col("kpi").is_in(list(told)))
    pairs = zip(heard.to_dicts(), to_digits(heard).to_dicts(), strict=True)
    rows = [_heard_as_told(row, rough, told_head(queries, row["kpi"])) for row, rough in pairs]
    heard = pl.DataFrame(rows, schema=heard.schema)
    parts = [rules.clear()]
    for name, skill in told.items():
        part = rules.filter(pl.col("skill") == skill)
        fewest = comparison_of(queries, name, everybody)[0].fewest
        shares = part.with_columns(pl.col(SHARES).round_sig_figs(DIGITS))
        parts.append(imprecise(shares, [min(fewest, n) for n in part["n_agents"].to_list()], minimum))
    rules = pl.concat(parts).unique(["skill", "rule", "polarity"], keep="first", maintain_order=True)
    rules = rules.sort("skill", -pl.col("n_contacts"), "rule")
    if queries.setting().design.cluster == "agent":
        heard = in_units(heard, CLUSTERS, minimum)
    return Phrases(coarse(rules, minimum), coarse(heard, minimum))


def _heard_as_told(row: dict[str, Any], rough: dict[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row of ``result.heard`` with the effect that is told; as a change of the skill it moves as far as that did."""
    new = with_told_effect(rough, head, "effect")
    if new["effect"] is None or row["corrected"] is None or not row["effect"]:
        return new | {f"corrected{end}": None for end in ENDS}
    new |= {f"corrected{end}": row[f"corrected{end}"] for end in ENDS}
    return moved(new, "corrected", row["corrected"] * new["effect"] / row["effect"])
