"""Who stays: survival and hazards of leaving, for everybody as stored, for any other selection worked out on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl

from analysis.attrition import LEAVE_TYPES, HazardRatio, hazard_ratio, person_weeks, survival
from analysis.tables import SCHEMAS, table
from analysis.verdict import Limits, verdict
from dashboard.data.queries import Queries
from dashboard.state import Filters
from etl.warehouse import frame

KPI = "agent_attrition"
MODEL = "discrete_time_hazard"
_TENURE_DAYS = {"0-3 months": (0, 91), "3-12 months": (91, 365), "over 12 months": (365, 100_000)}
"""Tenure bands of ``mart.agent_week`` as days of tenure."""


@dataclass(frozen=True)
class Attrition:
    """Everything the page shows about leaving.

    Attributes
    ----------
    survival : DataFrame
        Columns of ``result.survival``; stretches with fewer agents at risk than the minimum left out.
    hazard : DataFrame
        Columns of ``result.hazard``, one row per kind of leaving.
    """

    survival: pl.DataFrame
    hazard: pl.DataFrame


def attrition(queries: Queries, filters: Filters) -> Attrition:
    """Survival and hazards for a selection.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection without channel or queue: leaving belongs to an agent, not to a contact.
    """
    return queries.ask(("attrition", filters), lambda cursor: _answer(queries, cursor, filters))


def _answer(queries: Queries, cursor: duckdb.DuckDBPyConnection, filters: Filters) -> Attrition:
    minimum = queries.settings.min_group
    if filters.is_everything and queries.has("result.survival") and queries.has("result.hazard"):
        curves = frame(cursor, "select * from result.survival")
        hazards = frame(cursor, "select * from result.hazard")
    elif queries.has("mart.agent_spell"):
        curves, hazards = _live(queries, selected_spells(cursor, filters))
    else:
        curves, hazards = _empty("survival"), _empty("hazard")
    few = pl.col("n_agents") < minimum
    numbers = ("hazard_ratio", "ci_low", "ci_high", "n_events", "n_agents")
    hazards = hazards.with_columns([pl.when(few).then(None).otherwise(pl.col(c)).alias(c) for c in numbers])
    return Attrition(shown(curves, minimum), hazards)


def shown(curves: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Curves up to the first tenure week with fewer agents at risk than the minimum."""
    ordered = curves.sort("leave_type", "arm", "tenure_week")
    thin = (pl.col("at_risk") < minimum).cum_sum().over("leave_type", "arm")
    return ordered.filter(thin == 0)


def selected_spells(cursor: duckdb.DuckDBPyConnection, filters: Filters) -> pl.DataFrame:
    """``mart.agent_spell`` of a selection: period and tenure cut the episodes, the rest chooses agents."""
    parts, values = ["true"], []
    for column, chosen in (("s.site", filters.site), ("s.team_id", filters.team)):
        if chosen:
            parts.append(f"{column} in ({', '.join('?' * len(chosen))})")
            values += list(chosen)
    if filters.cohort:
        wave = "coalesce(a.scheduled_week, a.trained_week)"
        parts.append(f"({wave} is null or {wave} in ({', '.join('?' * len(filters.cohort))}))")
        values += [date.fromisoformat(cohort) for cohort in filters.cohort]
    sql = (
        "select s.agent_ix, s.team_id, s.site, s.entry_day, s.exit_day, s.start_on, s.trained, s.left, s.leave_type "
        f"from mart.agent_spell s left join mart.agent a using (agent_ix) where {' and '.join(parts)} "
        "order by s.agent_ix, s.entry_day"
    )
    rows = frame(cursor, sql, values)
    if filters.start or filters.end:
        first = filters.start or date.min
        last = filters.end + timedelta(days=6) if filters.end else date.max
        low = pl.col("entry_day") + (pl.lit(first) - pl.col("start_on")).dt.total_days()
        high = pl.col("entry_day") + (pl.lit(last) - pl.col("start_on")).dt.total_days() + 1
        rows = _cut(rows, low if filters.start else None, high if filters.end else None)
    if filters.tenure_band:
        bands = [_TENURE_DAYS[band] for band in filters.tenure_band if band in _TENURE_DAYS]
        rows = pl.concat([_cut(rows, pl.lit(low), pl.lit(high)) for low, high in bands]) if bands else rows
    return rows


def _cut(rows: pl.DataFrame, low: pl.Expr | None, high: pl.Expr | None) -> pl.DataFrame:
    """Episodes cut to the tenure days (low, high]; who leaves later has not left yet."""
    entry = pl.max_horizontal("entry_day", low) if low is not None else pl.col("entry_day")
    exit_ = pl.min_horizontal("exit_day", high) if high is not None else pl.col("exit_day")
    return (
        rows.with_columns(entry=entry.cast(pl.Int64), exit=exit_.cast(pl.Int64))
        .filter(pl.col("exit") > pl.col("entry"))
        .with_columns(
            start_on=pl.col("start_on") + pl.duration(days=pl.col("entry") - pl.col("entry_day")),
            left=pl.col("left") & (pl.col("exit") == pl.col("exit_day")),
            entry_day=pl.col("entry"),
            exit_day=pl.col("exit"),
        )
        .drop("entry", "exit")
    )


def _live(queries: Queries, spells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    if spells.is_empty():
        return _empty("survival"), _empty("hazard")
    weeks = person_weeks(spells)
    level = queries.settings.config.project.ci_level
    ratios = [hazard_ratio(weeks, leave_type=kind, ci_level=level) for kind in LEAVE_TYPES]
    rows = [_row(queries, ratio) for ratio in ratios]
    return survival(weeks, ci_level=level), table("hazard", rows)


def _row(queries: Queries, ratio: HazardRatio) -> dict[str, Any]:
    kpi = queries.settings.catalogue[KPI]
    said = verdict(
        kpi,
        estimate=ratio.effect,
        ci_low=ratio.effect_low,
        ci_high=ratio.effect_high,
        smallest_effect=kpi.smallest_effect,
        limits=Limits(),
        n_trained_clusters=ratio.n_trained_clusters,
        unusable="",
        reader=queries.settings.reader,
    )
    thin = bool(ratio.reason)
    return {
        "model": MODEL,
        "leave_type": ratio.leave_type,
        "hazard_ratio": ratio.hazard_ratio,
        "ci_low": ratio.ci_low,
        "ci_high": ratio.ci_high,
        "n_events": ratio.n_events,
        "n_agents": ratio.n_agents,
        "n_clusters": ratio.n_clusters,
        "verdict": "cant_tell_yet" if thin else said.state,
        "sentence": f"We can't tell yet: {ratio.reason}" if thin else said.sentence,
    }


def _empty(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(SCHEMAS[name]))
