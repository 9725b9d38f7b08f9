"""Effects of training on skills, and the chain from training through skills to money, small groups suppressed.

Effects are those of every page, for any selection. The chain, the slopes and the courses are stored for everybody
together and shown for nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl

from analysis.checks.raters import ID as RATERS
from analysis.panel.evaluations import OVERALL
from analysis.study.result_tables import SCHEMAS
from analysis.words.verdict import CLAIMED
from dashboard.data.effects_again import slopes_as_told
from dashboard.data.published_estimates import levels_beside
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.data.value import values
from dashboard.privacy.redaction import CLUSTERS, coarse, in_units, unit_of_shares
from dashboard.privacy.suppression import suppress
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.configuration.kpis import Kpi
from etl.warehouse.reader import frame

MIN_RATERS = 3
"""Raters below which nothing is told of how they differ: each of two would know the other's strictness."""
OF_PLAN = ("planned", "completed")
"""Links of the chain that count agents of the plan."""
SCORE_DIGITS = 2
"""Digits of a mean course score that is told: what it is off by, times the agents, is more than scores differ by."""
FEWEST_SCORES = 20
"""Agents from which on that is so."""
OF_EFFECTS = ("applied", "kpi")
"""Links of the chain that are effects of training."""
_INTERVALS = ("value", "ci_low", "ci_high")


@dataclass(frozen=True)
class Moved:
    """One skill, for one selection.

    Attributes
    ----------
    row : mapping
        The headline row of ``result.effect``.
    after : float
        Level of the trained after training; NaN where it may not be shown.
    raters : mapping or None
        The row of ``result.check`` that compares its raters.
    """

    row: Mapping[str, Any]
    after: float
    raters: Mapping[str, Any] | None


@dataclass(frozen=True)
class Chain:
    """What is stored for everybody together.

    Attributes
    ----------
    links, slopes, courses : DataFrame
        Columns of ``result.chain``, ``result.mechanism``, ``result.course_skill``.
    spread : DataFrame
        ``skill, n_raters, n_forms, n_evaluations, sd_between``: how raters differ; never a single one.
    n_hidden : int
        Waves left out because they, or what they would reveal, are too small.
    """

    links: pl.DataFrame
    slopes: pl.DataFrame
    courses: pl.DataFrame
    spread: pl.DataFrame
    n_hidden: int


@dataclass(frozen=True)
class Scored:
    """What was evaluated, for everybody.

    Attributes
    ----------
    n_evaluations, n_agents, n_raters, n_forms : int
    unknown_rater : int
        Evaluations that do not say who made them.
    constant : tuple of str
        Skills whose scores are all the same.
    never : tuple of str
        Skills that were never scored.
    missing : mapping of str to tuple of date
        Skill to the months in which others were scored and it was not.
    n_courses, n_teams : int or None
        Courses completed by anybody, teams evaluated; None where not recorded.
    n_people, n_left : int
        Agents, and those who left.
    n_months : int
        Months in which anything was evaluated.
    """

    n_evaluations: int
    n_agents: int
    n_raters: int
    n_forms: int
    unknown_rater: int
    constant: tuple[str, ...]
    never: tuple[str, ...]
    missing: Mapping[str, tuple[date, ...]]
    n_courses: int | None
    n_teams: int | None
    n_people: int
    n_left: int
    n_months: int = 0


def skills(queries: Queries) -> list[Kpi]:
    """The KPIs that are skills, all together first."""
    found = [kpi for kpi in queries.kpis() if kpi.role == "mechanism"]
    return sorted(found, key=lambda kpi: kpi.id != OVERALL)


def moved(queries: Queries, kpi: Kpi, filters: Filters) -> Moved | None:
    """What training did to one skill; None where it was never scored, or not for this selection.

    Parameters
    ----------
    queries : Queries
    kpi : Kpi
    filters : Filters
        An allowed selection.
    """
    if queries.unavailable(kpi, filters):
        return None
    head = queries.headline(kpi.id, filters, alone=True)
    if head is None:
        return None
    checks = queries.judged(kpi.id, filters)["check"]
    found = checks.filter(pl.col("check") == RATERS).to_dicts() if "check" in checks.columns else []
    shown = head["estimate"] is not None
    return Moved(head, _after(queries, kpi, filters) if shown else math.nan, found[0] if found else None)


def _after(queries: Queries, kpi: Kpi, filters: Filters) -> float:
    """Level of the trained from their training week on; shared, of those seen before it too."""
    if current().restricted:
        beside = levels_beside(queries, kpi.id, filters)
        return beside.after if beside.n_agents >= queries.settings.min_group else math.nan

    def make() -> float:
        held = queries.held_weeks()
        places, columns = held.places, held.columns(kpi.id)
        rows = np.arange(places.n_rows) if columns.rows is None else columns.rows.astype(np.int64)
        starts = [(date.fromisoformat(day[:10]) - places.origin).days // 7 for day in places.values["cohort"]]
        start = np.array([np.iinfo(np.int64).max, *starts], dtype=np.int64)[places.codes["cohort"][rows]]
        kept = (places.week[rows] >= start) & ~np.isnan(columns.num)
        inside = places.inside(to_slice(filters), cohorts=True)
        if inside is not None:
            kept &= inside[rows]
        if np.unique(places.agent[rows[kept]]).size < queries.settings.min_group:
            return math.nan
        total = float(columns.den[kept].sum(dtype=np.float64))
        return float(columns.num[kept].sum(dtype=np.float64)) / total if total else math.nan

    return queries.remember(("level after", kpi.id, filters), make)


def first_goal(queries: Queries) -> str:
    """The goal shown first: the first in the catalogue's order that clearly moved for everybody, else the first.

    For whoever may not see everybody it is the first, since which one is chosen tells of the verdicts.
    """
    goals = [kpi.id for kpi in queries.goals()]
    if not queries.has("result.effect") or (current().restricted and not queries.decision(Filters()).allowed):
        return goals[0] if goals else ""
    sql = "select kpi, verdict from result.effect where role = 'headline' and slice_kind = 'overall'"
    verdicts = dict(queries.frame(sql).iter_rows())
    clear = [name for name in goals if verdicts.get(name) in CLAIMED]
    clear = [name for name in clear if queries.publishes(name, Filters())]
    return (clear or goals or [""])[0]


def chain(queries: Queries) -> Chain | None:
    """The chain for everybody together; None in an older version, and for whoever may not see everybody."""
    tables = {name: f"result.{name}" for name in ("chain", "mechanism", "course_skill", "rater")}
    if not all(queries.has(name) for name in tables.values()) or not queries.decision(Filters()).allowed:
        return None
    return queries.ask(("chain",), lambda cursor: _chain(queries, cursor, tables))


def _chain(queries: Queries, cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> Chain:
    found = {name: frame(cursor, f"select * from {table}") for name, table in tables.items()}
    minimum, restricted = queries.settings.min_group, current().restricted
    links, n_hidden = _links(queries, found["chain"], minimum)
    slopes = found["mechanism"]
    few = pl.col("n_agents") < minimum
    numbers = [name for name, kind in SCHEMAS["mechanism"].items() if kind == pl.Float64]
    blank = [pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in numbers if name in slopes.columns]
    slopes = slopes.with_columns(blank)
    courses = found["course_skill"].filter(pl.col("n_agents") >= minimum)
    if restricted:  # agents of two courses overlap: no cells
        told = [kpi for kpi in slopes["kpi"].unique() if queries.publishes(kpi, Filters())]
        slopes = slopes.filter(pl.col("kpi").is_in(told))
        slopes, courses = coarse(slopes_as_told(queries, slopes), minimum), courses.clear()
        if queries.setting().design.cluster == "agent":
            slopes = in_units(slopes, CLUSTERS, minimum)
    raters = coarse(found["rater"], minimum) if restricted else found["rater"]
    return Chain(links, slopes, courses, _spread(raters, minimum), n_hidden)


def _links(queries: Queries, rows: pl.DataFrame, minimum: int) -> tuple[pl.DataFrame, int]:
    """Links of everybody, of the waves and of the courses that may be shown."""
    planned = rows.filter((pl.col("link") == "planned") & (pl.col("course") == "") & (pl.col("wave") != ""))
    told = suppress(planned, count="n", minimum=minimum, hide=(), label="wave")
    waves = told.filter(~pl.col("suppressed"))["wave"].to_list()
    courses = rows.filter((pl.col("link") == "planned") & (pl.col("course") != "") & (pl.col("n") >= minimum))
    kept = courses["course"].to_list()
    if current().restricted:
        waves = [wave for wave in waves if queries.publishes(OVERALL, replace(Filters(), cohort=(wave,)))]
        kept = []
    if not current().may_open("value"):
        rows = rows.filter(pl.col("link") != "money")
    shown = rows.filter(
        ((pl.col("wave") == "") | pl.col("wave").is_in(waves))
        & ((pl.col("course") == "") | pl.col("course").is_in(kept))
    )
    few = pl.col("n").is_between(1, minimum - 1)
    if current().restricted:
        # A mean score, less that of the version before, is the score of whoever completed in between.
        learned = pl.col("link") == "learned"
        few = few | (learned & ((pl.col("wave") != "") | (pl.col("n") < FEWEST_SCORES)))
        plan = current().role == "training_lead"  # whoever runs the plan sees who is missing
        of = rows.filter(pl.col("link") == "planned").select("wave", "course", pl.col("n").alias("_of"))
        shown = shown.join(of, on=["wave", "course"], how="left")
        done = (pl.col("link") == "completed") & (not plan)
        few = few | (done & (pl.col("_of") - pl.col("n")).is_between(1, minimum - 1))
        shown = shown.with_columns(few.alias("_few"))  # by the counts themselves, before they are rounded
        few = pl.col("_few")
        share = in_units(shown, ("value",), unit_of_shares(pl.col("_of"), minimum))["value"].clip(0.0, 1.0)
        steps = in_units(shown, ("n",), minimum)["n"]
        exact = pl.col("link").is_in(OF_PLAN) & plan
        shown = shown.with_columns(
            pl.when(learned).then(pl.col(name).round_sig_figs(SCORE_DIGITS)).otherwise(pl.col(name)).alias(name)
            for name in _INTERVALS
        ).with_columns(
            pl.when(done).then(share).otherwise(pl.col("value")).alias("value"),
            pl.when(exact).then(pl.col("n")).otherwise(steps).alias("n"),
        )
        shown = _in_steps(queries, shown)
        pairs = shown.filter((pl.col("wave") != "") & pl.col("about").is_not_null()).select("wave", "about").unique()
        for wave, about in pairs.iter_rows():
            if not queries.publishes(about, replace(Filters(), cohort=(wave,))):
                shown = shown.filter(~((pl.col("wave") == wave) & pl.col("about").eq_missing(pl.lit(about))))
    hidden = (*_INTERVALS, "n", "verdict", "sentence")  # a sentence gives the range
    blank = [pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in hidden]
    shown = shown.with_columns(blank).select(list(rows.columns)).sort("wave", "course", "position")
    return coarse(shown, minimum) if current().restricted else shown, planned.height - len(waves)


def _in_steps(queries: Queries, rows: pl.DataFrame) -> pl.DataFrame:
    """Links of the chain with effects, their sentences and the money made of them as other pages tell them."""
    told, nothing = [], dict.fromkeys((*_INTERVALS, "sentence"))
    for row in rows.iter_rows(named=True):
        new = dict(row)
        if row["link"] == "money":
            net = values(queries)
            net = net if net.is_empty() else net.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely"))
            new |= _said(net.row(0, named=True), "amount", "amount_low", "amount_high") if net.height else nothing
        elif row["link"] in OF_EFFECTS and (row["value"] is not None or row["sentence"]):
            where = Filters(cohort=(row["wave"],)) if row["wave"] else Filters()
            head = queries.headline(row["about"], where, alone=True)
            if row["value"] is None:  # its verdict may quote a check
                new["sentence"] = head["sentence"] if head else None
            else:
                new |= _said(head, "estimate", "ci_low", "ci_high") if head else nothing
        told.append(new)
    return pl.DataFrame(told, schema=rows.schema)


def _said(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return dict(zip(_INTERVALS, (row[name] for name in names), strict=True)) | {"sentence": row["sentence"]}


def _spread(raters: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """How raters differ, by skill: raters are people, so no single one is told of, nor two."""
    kind = pl.col("kind")
    rows = raters.group_by("skill", maintain_order=True).agg(
        (kind == "rater").sum().alias("n_raters"),
        (kind == "form").sum().alias("n_forms"),
        pl.col("n_evaluations").first(),
        pl.col("sd_between").first(),
    )
    fewest = minimum if current().restricted else MIN_RATERS
    known = pl.col("n_raters") >= fewest
    return rows.with_columns(pl.when(known).then(pl.col("sd_between")).otherwise(None).alias("sd_between"))


def scored(queries: Queries) -> Scored | None:
    """What was evaluated; None in a version that keeps no evaluations, and for whoever may not see everybody."""
    if not queries.has("core.qa_evaluation") or (current().restricted and not queries.decision(Filters()).allowed):
        return None
    return queries.ask(("scored",), lambda cursor: _scored(queries, cursor))


def _scored(queries: Queries, cursor: duckdb.DuckDBPyConnection) -> Scored:
    names = [kpi.numerator for kpi in skills(queries)]
    listed = ", ".join(f'count("{n}") as "{n}", min("{n}") as "{n}_low", max("{n}") as "{n}_high"' for n in names)
    from_where = "from core.qa_evaluation where not calibration and agent_key is not null"
    months = frame(
        cursor,
        f"select date_trunc('month', local_date)::date as month, count(*) as n, {listed} {from_where} "
        "and local_date is not null group by 1 order by 1",
    )
    counted = frame(
        cursor,
        "select count(*), count(distinct agent_key), count(distinct evaluator_key), count(distinct form_version), "
        f"count(*) filter (where evaluator_key is null), count(distinct place_ix) {from_where}",
    ).row(0)
    teams = _one(cursor, "select count(distinct team_id) from mart.agent_week") if counted[0] else None
    courses = _one(cursor, "select count(distinct course_id) from core.training where completed_at is not null")
    people = cursor.execute("select count(*), count(left_on) from mart.agent").fetchone() or (0, 0)
    never = tuple(name for name in names if not counted[0] or not months[name].sum())
    constant = tuple(
        name for name in names if name not in never and months[f"{name}_low"].min() == months[f"{name}_high"].max()
    )
    missing = {}
    for name in names:
        gaps = [month for month, n in months.select("month", name).iter_rows() if not n]
        if gaps and name not in never:
            missing[name] = tuple(gaps)
    n_evaluations, n_agents, n_raters, n_forms, unknown, _ = (int(value) for value in counted)
    n_people, n_left = people
    return Scored(
        n_evaluations=n_evaluations,
        n_agents=n_agents,
        n_raters=n_raters,
        n_forms=n_forms,
        unknown_rater=unknown,
        constant=constant,
        never=never,
        missing=missing,
        n_courses=courses,
        n_teams=teams,
        n_people=n_people,
        n_left=n_left,
        n_months=months.height,
    )


def _one(cursor: duckdb.DuckDBPyConnection, sql: str) -> int | None:
    try:
        row = cursor.execute(sql).fetchone()
    except duckdb.CatalogException:
        return None
    return int(row[0]) if row else None
