"""Data of the data page: reconciliation, checks, restatements, identity matching, lineage, and downloads.

Nothing here is about an agent: ``meta`` counts rows and files, and the downloads of ``mart`` are summed over agents
with small groups left out.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from dashboard.data.adoption import by_team_and_week
from dashboard.data.queries import Queries
from dashboard.privacy.redaction import coarse, nearest, without_few_leavers
from dashboard.privacy.suppression import suppress
from dashboard.privacy.viewer import current
from etl.configuration.formats import FORMATS
from etl.configuration.model import Config
from etl.errors import EmpathyError
from etl.sources.documentation import mapping_tables
from etl.warehouse.reader import frame

MOST_REJECTS = 2_000
MOST_STEPS = 40
"""Lineage longer than this is a loop."""


class DownloadError(EmpathyError):
    """Unknown download; the message lists the available ones."""


@dataclass(frozen=True)
class Step:
    """One step of a lineage: a column computed from another.

    Attributes
    ----------
    depth : int
        0 for the column of the mart.
    relation, column : str
        The column made.
    source_relation, source_column : str
        What it is made from.
    """

    depth: int
    relation: str
    column: str
    source_relation: str
    source_column: str


def recomputed(queries: Queries) -> pl.DataFrame:
    """The goals' headlines refitted by another library: ``kpi, status, gap, sentence``; empty before the first
    estimates."""
    if not queries.has("result.check"):
        return pl.DataFrame(schema={"kpi": pl.String, "status": pl.String, "gap": pl.Float64, "sentence": pl.String})
    return queries.frame(
        'select kpi, status, statistic as gap, sentence from result."check" where "check" = \'recomputed\' '
        "and slice_kind = 'overall' order by kpi"
    )


def meta(queries: Queries, name: str, order: str = "") -> pl.DataFrame:
    """A relation of ``meta``; without rows or columns when this version has none.

    Readers of a shared dashboard, who see it in a report, get files by source and no exact count: a file of trainings
    with two rows more is somebody who completed.

    Parameters
    ----------
    queries : Queries
    name : str
        Such as ``file_manifest``.
    order : str
        Columns to sort by, as SQL.
    """
    if not queries.has(f"meta.{name}"):
        return pl.DataFrame()
    rows = queries.frame(f'select * from meta."{name}"' + (f" order by {order}" if order else ""))
    return _coarse(name, rows, queries.settings.min_group) if current().restricted else rows


BOOKS = ("read", "loaded", "rejected", "duplicate")


def _coarse(name: str, rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """What a report on a shared dashboard tells of the books and checks; nothing of other relations."""
    if name == "check_result":
        hidden = [pl.lit(None, rows.schema[c]).alias(c) for c in ("violations", "sample") if c in rows.columns]
        return coarse(rows, minimum).with_columns(hidden)
    if name != "file_manifest":
        return rows.clear()
    sums = rows.group_by("source", "format", maintain_order=True).agg(*(pl.col(c).sum() for c in BOOKS), files=pl.len())
    gap = pl.col("read") - pl.sum_horizontal(BOOKS[1:])
    counts = [pl.col(c).map_elements(lambda n: nearest(int(n), minimum), pl.Int64) for c in ("read", *BOOKS[2:])]
    told = sums.with_columns(gap.alias("gap")).with_columns(counts)
    loaded = pl.col("read") - pl.sum_horizontal(BOOKS[2:]) - pl.col("gap")
    return told.with_columns(loaded.alias("loaded"), pl.col("source").alias("path")).drop("gap")


def corrections(queries: Queries) -> pl.DataFrame:
    """Corrections of entries about people: who made them, when, why, and how many entries they changed."""
    if not queries.has("core.correction"):
        return pl.DataFrame()
    return queries.frame(
        "select table_name, action, field, corrected_by, corrected_at, why, status, entries from core.correction"
    )


def rejects_by_reason(queries: Queries) -> pl.DataFrame:
    """Rejected rows: ``source, reason, on_purpose, rows``; a row counts under each of its reasons."""
    if not queries.has("meta.reject"):
        return pl.DataFrame()
    return queries.frame(
        "select source, reason, status = 'dropped' as on_purpose, count(*)::bigint as rows "
        "from (select source, coalesce(status, '') as status, unnest(reasons) as reason from meta.reject) "
        "where status <> 'replayed' group by all order by rows desc, source, reason"
    )


def rejects(queries: Queries) -> pl.DataFrame:
    """Locations of rejected rows: ``source, path, line, table_name, reasons, status``; never their content."""
    if not queries.has("meta.reject"):
        return pl.DataFrame()
    return queries.frame(
        "select source, path, line, table_name, reasons::varchar[] as reasons, status "
        f"from meta.reject order by source, path, line limit {MOST_REJECTS}"
    )


def lineage(queries: Queries, kpi: str) -> list[Step]:
    """The columns behind a KPI, from ``mart.agent_week`` back to the fields of the exports.

    Parameters
    ----------
    queries : Queries
    kpi : str
        Id in the catalogue.
    """
    rows = meta(queries, "lineage")
    if rows.is_empty():
        return []
    makes: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows.iter_rows(named=True):
        key = (row["relation"], row["column_name"])
        makes.setdefault(key, []).append((row["source_relation"], row["source_column"]))
    front = [("mart.agent_week", f"{kpi}_num"), ("mart.agent_week", f"{kpi}_den")]
    seen: set[tuple[str, str]] = set(front)
    steps: list[Step] = []
    depth = 0
    while front and depth < MOST_STEPS:
        found: list[tuple[str, str]] = []
        for here in front:
            for source in dict.fromkeys(makes.get(here, [])):
                steps.append(Step(depth, *here, *source))
                if source not in seen:
                    seen.add(source)
                    found.append(source)
        front, depth = found, depth + 1
    ends = {(step.source_relation, step.source_column) for step in steps} - set(makes)
    filled = fields(queries.settings.config, lambda table: _sources_of(queries, table))
    for end in sorted(ends):
        steps += [Step(depth, *end, *origin) for origin in filled.get(end, [])]
    return steps


def dropped(queries: Queries) -> int:
    """Rejected rows that were left out on purpose, such as tickets that are no escalation."""
    if not queries.has("meta.reject"):
        return 0
    return int(queries.frame("select count(*) from meta.reject where status = 'dropped'").item())


def _sources_of(queries: Queries, table: str) -> set[str] | None:
    """Sources with rows in a canonical table; None when that is not recorded."""
    if not queries.has(f"core.{table}"):
        return None
    columns = queries.frame(f'describe core."{table}"')["column_name"].to_list()
    if "_source" not in columns:
        return None
    return set(queries.frame(f'select distinct _source from core."{table}"').to_series().to_list())


def fields(
    config: Config, sources_of: Callable[[str], set[str] | None] = lambda table: None
) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The last step of a lineage: a landing column to the fields of the exports that fill it.

    Parameters
    ----------
    config : Config
        Its sources, each with the mapping of its format and its own.
    sources_of : callable, optional
        From a canonical table to the sources that have rows in it; None when not known.

    Returns
    -------
    dict
        ``(landing relation, column)`` to pairs of source and field.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, source in config.sources.items():
        mapped = mapping_tables(inspect.cleandoc(importlib.import_module(FORMATS[source.format]).__doc__ or ""))
        own = {source.table: source.columns} if source.table else {}
        own |= {table: extra.columns for table, extra in source.also.items()}
        mapped = {table: {**mapped.get(table, {}), **_written(own.get(table, {}))} for table in {**mapped, **own}}
        for table, columns in mapped.items():
            known = sources_of(table)
            if known is not None and name not in known:
                continue
            for column, field in columns.items():
                found.setdefault((f"landing.{table}", column), []).append((f"{name} ({source.format})", str(field)))
    return found


def _written(columns: Mapping[str, str | list[str]]) -> dict[str, str]:
    return {name: field if isinstance(field, str) else " / ".join(field) for name, field in columns.items()}


def tables(queries: Queries) -> pl.DataFrame:
    """Tables to take along: ``relation, rows, about``."""
    rows = []
    for relation, about in _TABLES.items():
        if queries.has(relation if relation != TEAM_WEEK else "mart.agent_week"):
            rows.append({"relation": relation, "about": about})
    about = "Estimates, as every page shows them."
    rows += [{"relation": f"result.{name}", "about": about} for name in _result_names(queries)]
    return pl.DataFrame(rows, schema={"relation": pl.String, "about": pl.String})


TEAM_WEEK = "mart.team_week"
"""``mart.agent_week`` summed over agents: what may leave the query layer of it."""
_TABLES = {
    TEAM_WEEK: "Every KPI by team and week, as numerator and denominator, summed over agents.",
    "mart.cohort": "Agents and teams by training wave.",
    "mart.adoption": "Planned, started, completed, overdue and left unfinished by week, team and course.",
    "mart.skill_month": "Skill scores by team and month, summed over agents.",
    "meta.file_manifest": "Every file: rows read, loaded, rejected, duplicate.",
    "meta.reconciliation": "Every relation: its rows, against the files.",
    "meta.check_result": "Every data check and what it found.",
    "meta.restatement": "Weeks whose numbers changed since the last version.",
    "meta.identity_coverage": "How many ids and rows of each source were matched to an agent.",
    "meta.coverage": "The days of which each export speaks.",
    "meta.coverage_gap": "Stretches of exports without a row where many would be expected.",
    "meta.field_coverage": "How far the fields are filled on which KPIs rest.",
    "meta.kpi_coverage": "Of which weeks each KPI is known, and why not of the others.",
    "meta.lineage": "Which column is made from which.",
    "meta.repair": "Team histories that were repaired.",
    "meta.run": "The runs.",
}


def take(queries: Queries, relation: str) -> pl.DataFrame:
    """A table for download: marts summed over agents, small groups blanked.

    Parameters
    ----------
    queries : Queries
    relation : str
        One of :func:`tables`.

    Raises
    ------
    DownloadError
        When there is no such table, or it may not be taken along.
    """
    offered = tables(queries)["relation"].to_list()
    if relation not in offered:
        raise DownloadError(f"“{relation}” cannot be downloaded here. There are: {', '.join(offered)}.")
    minimum = queries.settings.min_group
    if relation == TEAM_WEEK:
        return queries.ask(("take", relation), lambda cursor: team_week(cursor, queries, minimum))
    if relation == "mart.skill_month":
        return queries.ask(("take", relation), lambda cursor: _skill_month(cursor, minimum))
    if relation == "mart.adoption":
        return by_team_and_week(queries)
    if relation == "mart.cohort":
        rows = queries.frame("select * from mart.cohort order by cohort")
        hide = [name for name in rows.columns if name not in ("cohort", "n_agents")]
        return suppress(rows, count="n_agents", minimum=minimum, hide=hide)
    schema, name = relation.split(".")
    rows = queries.frame(f'select * from "{schema}"."{name}"')
    if schema != "result":
        return rows
    if name in ("check", "ladder"):  # they speak of the same few agents as the estimate they belong to
        rows = rows.join(_few(queries, minimum), on=["kpi", "slice_kind", "slice_value"], how="anti")
    if name == "exit":
        return without_few_leavers(rows, minimum)
    if name == "cohort_effect":  # all waves together are known: one may tell another
        within = ("kpi", "slice_kind", "slice_value")
        rows = suppress(rows, count="n_agents", minimum=minimum, hide=(), within=within, label="cohort")
        return rows.filter(~pl.col("suppressed")).drop("suppressed")
    return _without_few(rows, minimum)


def _few(queries: Queries, minimum: int) -> pl.DataFrame:
    """Slices of KPIs whose headline rests on fewer trained agents than the minimum."""
    return queries.frame(
        "select kpi, slice_kind, slice_value from result.effect "
        "where role = 'headline' and n_trained_agents > 0 and n_trained_agents < ?",
        (minimum,),
    )


def team_week(cursor: duckdb.DuckDBPyConnection, queries: Queries, minimum: int) -> pl.DataFrame:
    """``mart.agent_week`` by site, team and week; a team is left out in the weeks in which it is too small."""
    columns = [name for kpi in queries.settings.catalogue.values() for name in kpi.columns]
    there = {row[0] for row in cursor.execute("describe mart.agent_week").fetchall()}
    kept = [name for name in columns if name in there]
    sums = ", ".join(f'sum("{name}") as "{name}"' for name in kept)
    sql = (
        f"select week, site, team_id, count(distinct agent_ix)::bigint as n_agents, {sums} from mart.agent_week "
        "group by week, site, team_id order by week, site, team_id"
    )
    rows = frame(cursor, sql)
    return suppress(rows, count="n_agents", minimum=minimum, hide=kept, within=("week", "site"), label="team_id")


def _skill_month(cursor: duckdb.DuckDBPyConnection, minimum: int) -> pl.DataFrame:
    sql = (
        "select month, site, team_id, skill, count(distinct agent_key)::bigint as n_agents, sum(n) as n, "
        "sum(score_sum) as score_sum, sum(score_sq) as score_sq from mart.skill_month group by all order by all"
    )
    hide = ("n", "score_sum", "score_sq")
    return suppress(
        frame(cursor, sql),
        count="n_agents",
        minimum=minimum,
        hide=hide,
        within=("month", "site", "skill"),
        label="team_id",
    )


def _result_names(queries: Queries) -> list[str]:
    sql = (
        "select table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'result' order by 1"
    )
    return [str(name) for name in queries.frame(sql).to_series().to_list()]


def _without_few(rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of a result about fewer agents than the minimum are left out."""
    kept = rows
    for name in ("n_agents", "at_risk"):
        if name in rows.columns:
            kept = kept.filter(pl.col(name).is_null() | (pl.col(name) >= minimum))
    if "n_trained_agents" in rows.columns:
        trained = pl.col("n_trained_agents")
        kept = kept.filter(trained.is_null() | (trained == 0) | (trained >= minimum))
    return kept


def versions(queries: Queries) -> list[dict[str, Any]]:
    """Published versions, newest first: ``run_id, created_at, has_results, served``."""
    served = queries.run_id()
    return [
        {
            "run_id": version.run_id,
            "created_at": version.created_at,
            "has_results": version.has_results,
            "served": version.run_id == served,
        }
        for version in reversed(queries.versions())
    ]
