"""Levels and effects of waves, sites, teams and courses, small groups suppressed.

Waves and sites have their stored numbers, as on every page. Single teams, and the agents of a course, have no stored
result: they are estimated by :mod:`analysis.effects.by_group` on the panel of the headline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import polars as pl
from scipy.special import stdtrit

from analysis.comparison.fair_panel import fair_panel
from analysis.comparison.setting import Setting
from analysis.effects.by_group import SCHEMA, Groups, claimed, group_effects
from analysis.effects.hierarchical import Shrunk, shrink
from analysis.errors import EstimationError, PanelError
from analysis.estimators import estimate
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.panel import NEVER, Panel
from analysis.words.verdict import CLAIMED
from dashboard.data.compared import comparison_of
from dashboard.data.published import agents_match
from dashboard.data.published_estimates import levels_beside, trained_of
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.privacy.imprecision import ERROR_DIGITS, imprecise
from dashboard.privacy.redaction import coarse
from dashboard.privacy.suppression import suppress
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.configuration.kpis import Kpi
from etl.warehouse.reader import frame

BY = {"wave": "cohort", "site": "site", "team": "team", "course": ""}
"""What can be compared, and the filter that selects one of it."""
UNUSABLE = "dont_use"
"""The verdict of a broken comparison."""
NUMBERS = (
    "n_contacts",
    "before",
    "after",
    "estimate",
    "own_error",
    "std_error",
    "df",
    "ci_low",
    "ci_high",
    "shrunk",
    "shrunk_low",
    "shrunk_high",
)
MADE_OF_TOLD, MOST_DIGITS = ("ci_low", "ci_high", "shrunk", "shrunk_low", "shrunk_high"), 9
"""Numbers that are worked out here from estimates and errors, for readers from those they are told."""
_PANEL_ESTIMATOR = "imputation"


@dataclass(frozen=True)
class Gains:
    """Effects of groups, with their mean and spread.

    Attributes
    ----------
    rows : DataFrame
        ``name, site, n_agents``, ``NUMBERS``, ``n_comparison`` (untrained teams beside a single one) and ``claimed``
        (whether a change may be said), natural units; suppressed groups have no numbers.
    mean, spread : float
        Mean effect, and standard deviation of true effects around it; NaN when there were too few groups.
    reason : str
        Why there are no rows, or no estimates; empty otherwise.
    differ : bool
        Whether true effects differ by more than sampling error.
    """

    rows: pl.DataFrame
    mean: float
    spread: float
    reason: str = ""
    differ: bool = False


def by_values(queries: Queries, kpi: Kpi) -> list[str]:
    """Kinds of group that can be compared for a KPI in these data."""
    facets = queries.facets().values
    found = [by for by in ("wave", "site", "team") if len(facets.get(BY[by], ())) > 1]
    found = [by for by in found if by == "wave" or by in kpi.dimensions]
    if current().restricted:  # agents of two courses overlap: no cells
        return found
    return [*found, "course"] if queries.has("core.training") else found


def gains(queries: Queries, kpi: Kpi, by: str, filters: Filters) -> Gains:
    """Level before, level after and effect of every group.

    Parameters
    ----------
    queries : Queries
    kpi : Kpi
        Not a hazard: those are on the attrition page.
    by : str
        Key of ``BY``.
    filters : Filters
        An allowed selection.
    """
    queries.require(filters)
    if by == "course" and current().restricted:
        return Gains(_blank(), np.nan, np.nan, "A shared dashboard does not compare courses: their agents overlap.")
    return queries.ask(("gains", kpi.id, by, filters), lambda cursor: _gains(queries, cursor, kpi, by, filters))


def _gains(queries: Queries, cursor: duckdb.DuckDBPyConnection, kpi: Kpi, by: str, filters: Filters) -> Gains:
    setting = queries.setting()
    try:
        panel, teams, sites = _panel(cursor, kpi, filters, setting)
    except PanelError as error:
        return Gains(_blank(), np.nan, np.nan, str(error))
    groups = _groups(cursor, panel, teams, sites, by)
    _, code = np.unique(teams, return_inverse=True)
    rows = group_effects(panel, groups, code, anticipation=setting.design.anticipation_weeks)
    if rows.is_empty():
        return Gains(_blank(), np.nan, np.nan, "Nobody in this selection has been trained in these weeks.")
    reason = _broken(queries, kpi, filters)
    if reason or setting.design.headline != _PANEL_ESTIMATOR:
        nothing = [pl.lit(None, pl.Float64).alias(name) for name in ("estimate", "own_error", "std_error", "df")]
        rows = rows.with_columns(nothing)
        reason = reason or "Agents were picked by a rule, so a single group has no fair comparison of its own."
    if by in ("wave", "site") and not _broken(queries, kpi, filters):
        rows, reason = _with_stored(queries, rows, kpi, by, filters), ""
    said = _claimed(queries, rows, kpi, by, filters, setting.ci_level)
    rows = rows.with_columns(claimed=pl.Series(said, dtype=pl.Boolean))
    minimum, of_site = queries.settings.min_group, _site_of(teams, sites)
    site = pl.col("name").replace_strict(of_site, default="") if by == "team" else pl.lit("")
    rows = suppress(
        rows.with_columns(site.alias("site")),
        count="n_agents",
        minimum=minimum,
        hide=[name for name in NUMBERS if name in rows.columns],
        within=("site",),
        label="name",
    )
    if current().restricted:
        rows = _of_cells(cursor, queries, rows, kpi, by, filters)
    plain = _plain_interval(rows, setting.ci_level)
    drawn = _drawn(rows, setting.ci_level)
    if by == "course" or not np.isfinite(drawn.mean):  # overlapping, or too few to draw to their mean
        drawn = plain
    rows = rows.with_columns(
        ci_low=plain.ci_low,
        ci_high=plain.ci_high,
        shrunk=drawn.estimate,
        shrunk_low=drawn.ci_low,
        shrunk_high=drawn.ci_high,
    ).with_columns(pl.selectors.float().fill_nan(None))
    hidden = [pl.when("suppressed").then(None).otherwise(pl.col(c)).alias(c) for c in ("n_comparison", "claimed")]
    rows = rows.with_columns(hidden)  # that a group changed is a figure about it
    rows = rows.select("name", "site", "n_agents", *NUMBERS, "n_comparison", "claimed", "suppressed")
    if current().restricted:  # made of numbers of few digits: without what adding them in binary leaves
        rows = rows.with_columns(pl.col(MADE_OF_TOLD).round_sig_figs(MOST_DIGITS))
        rows = _as_listed(queries, rows, by, filters)
    return Gains(rows, drawn.mean, drawn.spread, reason, drawn.differ)


def _of_cells(
    cursor: duckdb.DuckDBPyConnection, queries: Queries, rows: pl.DataFrame, kpi: Kpi, by: str, filters: Filters
) -> pl.DataFrame:
    """Groups that are published cells within the selection; the others are blanked, as small ones are."""
    last: dict[str, frozenset[int]] = {}
    if by == "team":
        found = frame(
            cursor, "select team_id, list(agent_ix) as agents from mart.agent where team_id is not null group by 1"
        )
        last = {team: frozenset(agents) for team, agents in found.iter_rows()}

    def told(name: str) -> bool:
        chosen = _of_group(filters, by, name)
        if not (name and queries.decision(chosen).allowed and queries.publishes(kpi.id, chosen)):
            return False
        if not queries.publishes(kpi.id, filters):  # all groups are compared with the same agents
            return False
        if by != "team":
            return True
        return trained_of(queries, kpi.id, chosen).enough and agents_match(queries, name, last.get(name, frozenset()))

    hidden = pl.Series("suppressed", [row["suppressed"] or not told(row["name"]) for row in rows.iter_rows(named=True)])
    blank = [name for name in (*NUMBERS, "n_agents") if name in rows.columns]
    rows = _levels_as_told(queries, rows.with_columns(hidden), kpi, by, filters)
    shown = rows.with_columns(pl.when("suppressed").then(None).otherwise(pl.col(c)).alias(c) for c in blank)
    return coarse(_in_steps(queries, shown, kpi, filters), queries.settings.min_group)


def _of_group(filters: Filters, by: str, name: str) -> Filters:
    """One group of a selection."""
    inner = filters.without("site") if by == "team" else filters
    return replace(inner, **{BY[by]: (name,)})  # type: ignore[arg-type]


def _levels_as_told(queries: Queries, rows: pl.DataFrame, kpi: Kpi, by: str, filters: Filters) -> pl.DataFrame:
    """Levels before and after training by which cells were chosen, in place of those of the estimate's own agents."""
    found = []
    for row in rows.select("name", "suppressed").iter_rows(named=True):
        beside = None if row["suppressed"] else levels_beside(queries, kpi.id, _of_group(filters, by, row["name"]))
        found.append((None, None) if beside is None else (beside.before, beside.after))
    before, after = zip(*found, strict=True) if found else ((), ())
    return rows.with_columns(
        pl.Series("before", before, dtype=pl.Float64).fill_nan(None),
        pl.Series("after", after, dtype=pl.Float64).fill_nan(None),
    )


def _in_steps(queries: Queries, rows: pl.DataFrame, kpi: Kpi, filters: Filters) -> pl.DataFrame:
    """Effects as precise as readers are told them; stored ones are already."""
    fewest = comparison_of(queries, kpi.id, filters)[0].fewest
    n = [fewest if count is None else min(fewest, count) for count in rows["n_agents"].to_list()]
    told = imprecise(rows, n, queries.settings.min_group, abs(kpi.smallest_effect))
    own = pl.col("own_error") * told["std_error"] / pl.col("std_error")  # of one group, in the same proportion
    own = own.round_sig_figs(ERROR_DIGITS)
    as_stored = pl.col("half_width").is_not_null() if "half_width" in rows.columns else pl.lit(value=False)
    return rows.with_columns(
        pl.when(as_stored).then(pl.col(name)).otherwise(new).alias(name)
        for name, new in (("estimate", told["estimate"]), ("own_error", own), ("std_error", told["std_error"]))
    )


def _as_listed(queries: Queries, rows: pl.DataFrame, by: str, filters: Filters) -> pl.DataFrame:
    """Groups that are shown, and as not shown whichever else the filters offer: a name is no sign of who was trained.

    That a wave of one agent, or an untrained team with one trained agent, has a row would tell of that agent.
    """
    home = {team: site for site, teams in queries.teams_by_site().items() for team in teams} if by == "team" else {}
    shown = rows.filter(~pl.col("suppressed"))
    chosen = getattr(filters, BY[by])
    others = [
        name
        for name in queries.facets().values[BY[by]]
        if name not in shown["name"].to_list()
        and (not chosen or name in chosen)
        and not (home and filters.site and home.get(name) not in filters.site)
    ]
    hidden = pl.DataFrame(
        {"name": others, "site": [home.get(name, "") for name in others], "suppressed": [True] * len(others)},
        schema={name: rows.schema[name] for name in ("name", "site", "suppressed")},
    )
    return pl.concat([shown, hidden], how="diagonal").sort("name")


def _claimed(queries: Queries, rows: pl.DataFrame, kpi: Kpi, by: str, filters: Filters, ci_level: float) -> list[bool]:
    """Which groups may be said to have changed: by the verdict of their own slice, or beside enough untrained teams.

    Courses share their people, so none of them is said to have done anything by itself.
    """
    if by == "course":
        return [False] * rows.height
    if by == "team":
        return claimed(rows, ci_level)
    said = []
    for name in rows["name"]:
        chosen = replace(filters, site=(name,)) if by == "site" else replace(filters, cohort=(name,))
        row = queries.headline(kpi.id, chosen) if name and queries.decision(chosen).allowed else None
        said.append(row is not None and row["verdict"] in CLAIMED)
    return said


def _broken(queries: Queries, kpi: Kpi, filters: Filters) -> str:
    """Why no group's number may be read: the comparison that all of them share does not hold; empty where it does."""
    headline = queries.headline(kpi.id, filters)
    if headline is None or headline["verdict"] != UNUSABLE:
        return ""
    return f"{kpi.label}: the comparison does not hold, so no group's change is shown. {headline['reason']}"


def _panel(
    cursor: duckdb.DuckDBPyConnection, kpi: Kpi, filters: Filters, setting: Setting
) -> tuple[Panel, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The panel of the headline with each agent's team and site."""
    panel = fair_panel(WarehouseWeeks(cursor), kpi.id, to_slice(filters), setting).without_always_trained()
    if not panel.trained_units.any():
        raise PanelError("Nobody in this selection has been trained in these weeks.")
    agents = frame(
        cursor, "select agent_key, coalesce(team_id, '') as team, coalesce(site, '') as site from mart.agent"
    )
    place = {key: (team, site) for key, team, site in agents.iter_rows()}
    found = [place[str(key)] for key in panel.units]
    return panel, np.array([team for team, _ in found]), np.array([site for _, site in found])


def _groups(
    cursor: duckdb.DuckDBPyConnection,
    panel: Panel,
    teams: np.ndarray[Any, Any],
    sites: np.ndarray[Any, Any],
    by: str,
) -> Groups:
    if by == "team":
        return Groups.of(teams.tolist())
    if by == "site":
        return Groups.of(sites.tolist())
    if by == "wave":
        inside = panel.cohort_ix < panel.n_periods
        labels = [str(panel.times[k])[:10] if here else "" for k, here in zip(panel.cohort_ix, inside, strict=True)]
        return Groups.of(labels)
    return _courses(cursor, panel)


def _courses(cursor: duckdb.DuckDBPyConnection, panel: Panel) -> Groups:
    """Agents by course completed, counted from the week after completion."""
    rows = frame(
        cursor,
        "select agent_key, course_id, min(completed_at)::date as done from core.training "
        "where status = 'completed' and completed_at is not null group by all order by course_id",
    )
    names = rows["course_id"].unique(maintain_order=True).to_list()
    place = {str(key): k for k, key in enumerate(panel.units)}
    member = np.zeros((panel.n_units, len(names)), dtype=bool)
    since = np.full(member.shape, NEVER, dtype=np.int64)
    for key, course, done in rows.iter_rows():
        if key in place:
            column = names.index(course)
            member[place[key], column] = True
            since[place[key], column] = (done - panel.times[0]).days // 7 + 1
    return Groups(names, member, since)


def _with_stored(queries: Queries, rows: pl.DataFrame, kpi: Kpi, by: str, filters: Filters) -> pl.DataFrame:
    """Effects of waves and sites as every other page shows them."""
    found: dict[str, dict[str, Any]] = {}
    if by == "wave":
        for row in (
            queries.study(kpi.id, filters, by_week=True).get("cohort_effect", pl.DataFrame()).iter_rows(named=True)
        ):
            found[str(row["cohort"])[:10]] = row
    else:
        for name in rows["name"]:
            chosen = replace(filters, site=(name,))
            if name and queries.decision(chosen).allowed:
                headline = queries.headline(kpi.id, chosen)
                if headline is not None and headline["verdict"] != UNUSABLE:
                    found[name] = headline
    updated = []
    for row in rows.iter_rows(named=True):
        stored: dict[str, Any] | None = found.get(row["name"])
        if stored is None or stored.get("estimate") is None:
            updated.append({**row, "half_width": None})
            continue
        error, low, high = stored.get("std_error"), stored.get("ci_low"), stored.get("ci_high")
        wide = (high - low) / 2 / error if error and low is not None and high is not None else None
        new = {"estimate": stored["estimate"], "std_error": error, "own_error": error, "half_width": wide}
        updated.append({**row, **new})
    return pl.DataFrame(updated, schema={**SCHEMA, "half_width": pl.Float64})


def _plain_interval(rows: pl.DataFrame, ci_level: float) -> Shrunk:
    """Every group's own interval: half-widths as stored where there are any."""
    center, error = (rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("estimate", "std_error"))
    df = rows["df"].cast(pl.Float64).fill_null(1.0).to_numpy()
    half = stdtrit(df, 0.5 + ci_level / 2) * error
    if "half_width" in rows.columns:
        stored = rows["half_width"].fill_null(np.nan).to_numpy() * error
        half = np.where(np.isfinite(stored), stored, half)
    return Shrunk(center, center - half, center + half, np.nan, np.nan)


def _drawn(rows: pl.DataFrame, ci_level: float) -> Shrunk:
    values = [
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("estimate", "own_error", "std_error", "df")
    ]
    return shrink(values[0], values[1], values[2], values[3], ci_level=ci_level)


def _site_of(teams: np.ndarray[Any, Any], sites: np.ndarray[Any, Any]) -> dict[str, str]:
    return {str(team): str(site) for team, site in zip(teams, sites, strict=True)}


def _blank() -> pl.DataFrame:
    numbers = dict.fromkeys(NUMBERS, pl.Float64)
    return pl.DataFrame(
        schema={
            "name": pl.String,
            "site": pl.String,
            "n_agents": pl.Int64,
            **numbers,
            "n_comparison": pl.Int64,
            "claimed": pl.Boolean,
            "suppressed": pl.Boolean,
        }
    )


def effect_by_week(queries: Queries, kpi: Kpi, filters: Filters) -> pl.DataFrame:
    """Effects by cohort and week: ``cohort, week, estimate, std_error, n_agents``; cells about too few agents left out.

    Parameters
    ----------
    queries : Queries
    kpi : Kpi
    filters : Filters
        An allowed selection. For everybody as stored; else estimated on request.

    Readers of a shared dashboard get no rows: a wave in a week is a cell of one week.
    """
    if current().restricted:
        return pl.DataFrame(schema=dict.fromkeys(["cohort", "week", "estimate", "std_error", "n_agents"], pl.Float64))
    return queries.ask(("by_week", kpi.id, filters), lambda cursor: _by_week(queries, cursor, kpi, filters))


def _by_week(queries: Queries, cursor: duckdb.DuckDBPyConnection, kpi: Kpi, filters: Filters) -> pl.DataFrame:
    columns = ["cohort", "week", "estimate", "std_error", "n_agents"]
    minimum = queries.settings.min_group
    rows = pl.DataFrame(schema=dict.fromkeys(columns, pl.Float64))
    if _broken(queries, kpi, filters):
        return rows
    if filters.is_everything and queries.has("result.att_gt"):
        rows = frame(cursor, "select * from result.att_gt where kpi = ? order by cohort, week", [kpi.id])
    if rows.is_empty():
        setting = queries.setting()
        if setting.design.headline != _PANEL_ESTIMATOR:
            return rows
        try:
            panel, _, _ = _panel(cursor, kpi, filters, setting)
            design = setting.design
            study = estimate(panel, _PANEL_ESTIMATOR, design.control, design.anticipation_weeks)
            rows = study.att_gt.rename({"time": "week"})
        except (PanelError, EstimationError):
            return rows
    if "n_agents" not in rows.columns:
        return rows.select(columns[:-1])
    return rows.filter(pl.col("n_agents") >= minimum).select(columns)


def levels(queries: Queries, kpi: Kpi, filters: Filters) -> pl.DataFrame:
    """Level by four weeks of one group: ``week, num, den``; empty when the group may not be shown alone."""
    if not queries.decision(filters).allowed:
        return pl.DataFrame(schema={"week": pl.Date, "num": pl.Float64, "den": pl.Float64})
    weekly = queries.weekly(kpi.id, filters).filter(pl.col("den").is_not_null())
    if weekly.is_empty():
        return pl.DataFrame(schema={"week": pl.Date, "num": pl.Float64, "den": pl.Float64})
    first = weekly["week"].min()
    block = ((pl.col("week") - pl.lit(first)).dt.total_days() // 28).alias("block")
    return (
        weekly.with_columns(block)
        .group_by("block")
        .agg(pl.col("week").min(), pl.col("num").sum(), pl.col("den").sum())
        .sort("block")
        .drop("block")
    )
