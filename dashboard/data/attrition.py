"""Survival and hazards of leaving: stored for the whole programme, estimated on request for other selections."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl

from analysis.design import Timing
from analysis.effects.hazard import LEAVE_TYPES
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.study.leaving import hazard_rows, spell_weeks, survival_frame
from analysis.study.result_tables import SCHEMAS, table
from dashboard.data.beside_estimates import of_few
from dashboard.data.effects_again import in_steps_of_headline
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.privacy.leaving import EVERY_KIND, by_whole_groups, in_steps
from dashboard.privacy.redaction import in_units, rounded, to_digits, unit_of_shares, without_few_leavers
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.reader import frame

KPI = "agent_attrition"
"""The KPI whose dimensions say by what leaving may be sliced."""
_NUMBERS = ("hazard_ratio", "ci_low", "ci_high", "n_events", "n_agents")
FEW = "We can't tell: too few agents left, or were there, for a number that is not about persons."
"""In place of the sentence of a ratio that may not be shown, which would give its range."""


@dataclass(frozen=True)
class Attrition:
    """Data of the attrition page.

    Attributes
    ----------
    survival : DataFrame
        Columns of ``result.survival``; stretches with fewer agents at risk than the minimum left out.
    hazard : DataFrame
        Columns of ``result.hazard``, one row per kind of leaving.
    exits : DataFrame
        Columns of ``result.exit``, without numbers of waves too small to show; only where everybody is asked for.
    survivors : DataFrame
        Columns of ``result.survivor`` and ``verdict``, the state of each KPI's headline; likewise.
    """

    survival: pl.DataFrame
    hazard: pl.DataFrame
    exits: pl.DataFrame
    survivors: pl.DataFrame


def attrition(queries: Queries, filters: Filters) -> Attrition:
    """Survival and hazards for a selection.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection without channel or queue: leaving belongs to an agent, not to a contact.
    """
    queries.require(filters)
    return queries.ask(("attrition", filters), lambda cursor: _answer(queries, cursor, filters))


def _answer(queries: Queries, cursor: duckdb.DuckDBPyConnection, filters: Filters) -> Attrition:
    minimum, restricted = queries.settings.min_group, current().restricted
    if filters.is_everything and queries.has("result.survival") and queries.has("result.hazard"):
        curves = frame(cursor, "select * from result.survival")
        hazards = frame(cursor, "select * from result.hazard")
        every = pl.col("leave_type") == EVERY_KIND
        if restricted and not hazards.filter(~every).is_empty():
            _, live = _live(queries, cursor, filters, minimum)
            hazards = pl.concat([hazards.filter(every), live.filter(~every)], how="diagonal_relaxed")
    else:
        curves, hazards = _live(queries, cursor, filters, minimum if restricted else 0)
    exits, survivors = _left(queries, cursor, filters)
    few = pl.col("n_agents") < minimum
    if restricted:
        few |= pl.col("n_events").is_between(1, minimum - 1)
    blank = [pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in _NUMBERS]
    said = {"verdict": "cant_tell_yet", "sentence": FEW}
    hazards = hazards.with_columns(
        *blank, *(pl.when(few).then(pl.lit(words)).otherwise(pl.col(name)).alias(name) for name, words in said.items())
    )
    curves = shown(in_steps(curves, minimum) if restricted else curves, minimum)
    if restricted:  # rounded last: few are told by their count, not by what it is rounded to
        curves, hazards = on_grid(curves, minimum), in_units(ratios_as_told(hazards), ("n_events", "n_agents"), minimum)
        exits = expected_as_told(exits, hazards)
    return Attrition(curves, hazards, exits, survivors)


def _left(queries: Queries, cursor: duckdb.DuckDBPyConnection, filters: Filters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Who left by wave, and what leaving does to the KPIs, as stored for the whole programme."""
    tables = ("exit", "survivor")
    if not (filters.is_everything and all(queries.has(f"result.{name}") for name in tables)):
        empty = pl.DataFrame(schema=dict(SCHEMAS["survivor"]) | {"verdict": pl.String})
        return pl.DataFrame(schema=dict(SCHEMAS["exit"])), empty
    exits = frame(cursor, "select * from result.exit order by wave nulls last")
    if current().restricted:  # a wave and all waves together tell of the others
        minimum = queries.settings.min_group
        exits = exits.filter(pl.col("wave").is_null())
        exits = in_units(exits, ("share_left",), unit_of_shares(pl.col("n_agents"), minimum))
        exits = in_units(exits, ("n_agents", "n_left"), minimum)
    survivors = frame(
        cursor,
        "select survivor.*, effect.verdict, effect.n_trained_agents from result.survivor join result.effect using "
        "(kpi, slice_kind, slice_value) where effect.role = 'headline'",
    )
    if current().restricted:
        survivors = survivors.filter(~of_few(queries.settings.min_group))
    survivors = survivors.drop("n_trained_agents")
    told = [kpi for kpi in survivors["kpi"].unique() if queries.publishes(kpi, filters)]
    survivors = survivors.filter(pl.col("kpi").is_in(told))
    if current().restricted:
        parts = [_survivor_as_told(queries, kpi, survivors.filter(pl.col("kpi") == kpi)) for kpi in sorted(told)]
        survivors = pl.concat([survivors.clear(), *parts])
    return without_few_leavers(exits, queries.settings.min_group), survivors


def _survivor_as_told(queries: Queries, kpi: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What leaving does to a KPI, in the steps of its headline, which it says once more."""
    head = queries.headline(kpi, Filters())
    estimate = None if head is None else head["estimate"]
    names = [name for name in SCHEMAS["survivor"] if name.startswith(("weighted", "bound", "ci"))]
    rows = in_steps_of_headline(queries, kpi, rounded(rows, ("hazard_ratio", "excess_share")), names)
    return rows.with_columns(pl.lit(estimate, pl.Float64).alias("estimate"), pl.lit(None, pl.String).alias("sentence"))


def ratios_as_told(hazards: pl.DataFrame) -> pl.DataFrame:
    """Ratios to whole percent, as sentences give them, and other numbers to two digits.

    Parameters
    ----------
    hazards : DataFrame
        Columns of ``result.hazard``.
    """
    ratios = [name for name in ("hazard_ratio", "ci_low", "ci_high") if name in hazards.columns]
    return to_digits(hazards).with_columns(hazards.select(pl.col(ratios).round(2)))


def expected_as_told(exits: pl.DataFrame, hazards: pl.DataFrame) -> pl.DataFrame:
    """Shares expected to have left without training, of the share and the ratio that are told.

    Of the exact share, with a ratio that is told beside it, they would be that share again.

    Parameters
    ----------
    exits : DataFrame
        Columns of ``result.exit``; shares as told.
    hazards : DataFrame
        Columns of ``result.hazard``; ratios as told.
    """
    ratio = hazards.filter(pl.col("leave_type") == EVERY_KIND).select("hazard_ratio", "ci_low", "ci_high").to_dicts()
    found = ratio[0] if ratio else {"hazard_ratio": None, "ci_low": None, "ci_high": None}
    of = {"share_expected": "hazard_ratio", "expected_low": "ci_high", "expected_high": "ci_low"}
    stay = 1.0 - pl.col("share_left")
    return exits.with_columns(
        pl.when(pl.col(name).is_not_null() & (pl.lit(found[ratio_of], pl.Float64) > 0))
        .then(1.0 - stay ** (1.0 / pl.lit(found[ratio_of], pl.Float64)))
        .alias(name)
        for name, ratio_of in of.items()
    )


def shown(curves: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Curves up to the first tenure week with fewer agents at risk than the minimum."""
    thin = (pl.col("at_risk") < minimum).cum_sum().over("leave_type", "arm")
    return curves.sort("leave_type", "arm", "tenure_week").filter(thin == 0)


def on_grid(curves: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Shares in steps of the smallest group among those at risk at first, numbers at risk in steps of the group.

    An exact share is a fraction whose parts can be found, and two versions of it differ by whoever left in between.

    Parameters
    ----------
    curves : DataFrame
        Columns of ``result.survival``.
    minimum : int
    """
    step = unit_of_shares(pl.col("at_risk").max().over("leave_type", "arm"), minimum)
    names = ("survival", "ci_low", "ci_high")
    lost = in_units(curves.with_columns((1.0 - pl.col(name)).alias(name) for name in names), names, step)
    shares = lost.with_columns((1.0 - pl.col(name)).clip(0.0, 1.0).alias(name) for name in names)
    return in_units(shares, ("at_risk",), minimum)


def _live(
    queries: Queries, cursor: duckdb.DuckDBPyConnection, filters: Filters, minimum: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Curves and hazards of a selection; of a kind of leaving only by whole groups of a minimum that is not 0."""
    config = queries.settings.config
    weeks, limited = None, False
    timing: Timing = "trained"
    if queries.has("mart.agent_spell"):
        setting = queries.setting()
        limited, timing = setting.design.limited, setting.design.timing
        weeks = spell_weeks(WarehouseWeeks(cursor), to_slice(filters), setting)
    if weeks is None:
        return pl.DataFrame(schema=dict(SCHEMAS["survival"])), pl.DataFrame(schema=dict(SCHEMAS["hazard"]))
    level = config.project.ci_level
    kinds = {kind: by_whole_groups(weeks, kind, minimum) for kind in LEAVE_TYPES if kind != EVERY_KIND}
    rows = hazard_rows(
        weeks, queries.settings.reader, ci_level=level, limited=limited, timing=timing, of_kind=kinds if minimum else {}
    )
    return survival_frame(weeks, ci_level=level), table("hazard", rows)
