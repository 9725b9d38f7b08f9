"""Planned, started and completed courses: ``mart.adoption`` for a selection, small groups suppressed.

A course has its own list of agents: a team large enough to be shown may have three of them on it, and what a site's
other teams leave of the site's total is about those three. So teams are tied week by week by the agents on the list of
the course, and a selection, however it was made, is shown in the weeks in which it takes tied teams whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from dashboard.data.queries import Queries
from dashboard.privacy.redaction import in_units
from dashboard.privacy.suppression import tied_groups
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.overdue import NEEDED, overdue

COUNTS = ("planned", "started", "completed", "overdue", "left_unfinished")
UNFINISHED = ("overdue", "left_unfinished")
"""The parts of those who have not finished."""
APPLIES = ("site", "team", "from", "to")
"""Filters that mean something for a training plan."""
_KEYS = ("week", "site", "team_id", "course_id")
_TIE = "_tie"


def courses(queries: Queries, filters: Filters = Filters()) -> list[str]:  # noqa: B008
    """Course ids with a plan or a completion.

    On a shared dashboard those of which a selection is told anything: that a course is listed would tell that somebody
    takes it, and may be one agent's. Courses of the configuration are no news.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection; asked for readers of a shared dashboard only.
    """
    if not queries.has("mart.adoption"):
        return []
    rows = queries.frame("select distinct course_id from mart.adoption where course_id is not null order by 1")
    found = [str(value) for value in rows.to_series().to_list()]
    if not current().restricted:
        return found
    of_programme = {course.id for course in queries.settings.config.programme.courses}
    return [course for course in found if course in of_programme or _told_at_all(queries, filters, course)]


def _told_at_all(queries: Queries, filters: Filters, course: str) -> bool:
    if not queries.decision(filters).allowed:
        return False
    told = progress(queries, filters, course)
    return bool((~told["suppressed"] & (told.select(pl.max_horizontal(COUNTS)).to_series() > 0)).any())


def progress(queries: Queries, filters: Filters, course: str) -> pl.DataFrame:
    """Cumulative counts of agents by week: ``week``, ``COUNTS``, ``suppressed``.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection; only site, team and period apply.
    course : str
        A course id.

    Returns
    -------
    DataFrame
        A suppressed week has no counts: they would be about too few agents, or tell those of the teams beside.
    """
    minimum = queries.settings.min_group
    queries.require(filters)

    def make() -> pl.DataFrame:
        told = _told(_tied(queries, course), filters, ["week"], minimum)
        return in_units(in_steps(told, minimum), COUNTS, minimum) if coarse() else told

    return queries.remember(("adoption", filters, course), make)


def by_group(queries: Queries, filters: Filters, course: str, by: str) -> pl.DataFrame:
    """The last week's counts by site or team: ``label, site``, ``COUNTS``, ``suppressed``.

    Parameters
    ----------
    queries : Queries
    filters : Filters
    course : str
    by : {"site", "team"}
        A group with fewer agents on the list than the minimum has no numbers, nor has the one that would reveal it,
        even where only that one is selected.
    """
    groups = {"site": ["site"], "team": ["team_id", "site"]}[by]
    queries.require(filters)

    def make() -> pl.DataFrame:
        rows = _tied(queries, course)
        final = _within(rows, filters)["week"].max()
        last = pl.lit(value=False) if final is None else pl.col("week") == final
        told = _told(rows.filter(last), filters, groups, queries.settings.min_group)
        if coarse():
            minimum = queries.settings.min_group
            told = in_units(_no_small_counts(told, minimum), COUNTS, minimum)
        return told.with_columns(label=groups[0]).select("label", "site", *COUNTS, "suppressed").sort("label", "site")

    return queries.remember(("adoption_by", filters, course, by), make)


def remind(queries: Queries, filters: Filters, course: str) -> pl.DataFrame:
    """Who is overdue, by pseudonym, longest first; empty for anybody but who holds the warehouse.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection; only site and team apply.
    course : str
        A course id.

    Returns
    -------
    DataFrame
        ``team_id, agent_key, planned_on, days_overdue, has_started``. A shared dashboard shows no single agent.
    """
    schema = {"team_id": pl.String, "agent_key": pl.String, "planned_on": pl.Date}
    if current().shared or not all(map(queries.has, NEEDED)):
        return pl.DataFrame(schema=schema | {"days_overdue": pl.Int64, "has_started": pl.Boolean})
    rows = queries.ask(("overdue",), overdue).filter(pl.col("course_id") == course)
    if filters.site:
        rows = rows.filter(pl.col("site").is_in(list(filters.site)))
    if filters.team:
        rows = rows.filter(pl.col("team_id").is_in(list(filters.team)))
    return rows.select("team_id", "agent_key", "planned_on", "days_overdue", "has_started")


def coarse() -> bool:
    """Whether counts of few agents are hidden even in large groups, and told in steps of the smallest group.

    So nobody reads one agent's completion from two weeks or two versions. Whoever runs the plan sees exact counts.
    """
    return current().restricted and current().role != "training_lead"


def _small(minimum: int) -> pl.Expr:
    """Whether a row counts some agents but fewer than the minimum, or all but so few of those planned."""
    counted = [pl.col(name).is_between(1, minimum - 1) for name in COUNTS]
    return pl.any_horizontal(*counted, (pl.col("planned") - pl.col("completed")).is_between(1, minimum - 1))


def _no_small_counts(told: pl.DataFrame, minimum: int) -> pl.DataFrame:
    hidden = pl.col("suppressed") | _small(minimum).fill_null(value=False)
    blank = [pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name) for name in COUNTS]
    return told.with_columns(*blank, hidden.alias("suppressed"))


def in_steps(told: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Counts by week in the weeks by which each moved by the minimum of agents or not at all; no step is one person.

    Of those who have not finished, few may have left, or be overdue: then neither is told, and the other counts are.

    Parameters
    ----------
    told : DataFrame
        ``week``, ``COUNTS``, ``suppressed``; ascending.
    minimum : int
        Smallest group shown. Weeks between two told ones have no counts; those after the last are left out.
    """
    few = pl.any_horizontal(pl.col(name).is_between(1, minimum - 1) for name in UNFINISHED).fill_null(value=False)
    apart = [pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in UNFINISHED]
    rows = _no_small_counts(told.with_columns(apart), minimum)
    before: dict[str, int] = {}
    kept = []
    for row in rows.iter_rows(named=True):
        now = {name: int(row[name]) for name in COUNTS if row[name] is not None}
        steps = [abs(now[name] - before[name]) for name in now if name in before]
        fine = not row["suppressed"] and all(step == 0 or step >= minimum for step in steps)
        kept.append(fine)
        before |= now if fine else {}
    mask = pl.Series(kept, dtype=pl.Boolean)
    blank = [pl.when(mask).then(pl.col(name)).otherwise(None).alias(name) for name in COUNTS]
    shown = rows.with_columns(*blank, suppressed=~mask)
    last = max((k for k, fine in enumerate(kept) if fine), default=None)
    return shown if last is None else shown.head(last + 1)


def last_week(queries: Queries, filters: Filters, course: str) -> date | None:
    """The last week of a selection in which anybody is on the list of a course; counts of it may not be told.

    Parameters
    ----------
    queries : Queries
    filters : Filters
        An allowed selection.
    course : str
    """
    queries.require(filters)
    found: date | None = _within(_tied(queries, course), filters)["week"].max()  # type: ignore[assignment]
    return found


def by_team_and_week(queries: Queries) -> pl.DataFrame:
    """``mart.adoption`` as it may be taken along: counts of teams tied to others blanked, with ``suppressed``."""

    minimum = queries.settings.min_group
    parts = [_told(_tied(queries, course), Filters(), list(_KEYS), minimum) for course in courses(queries)]
    return pl.concat(parts).select(*_KEYS, *COUNTS, "suppressed").sort(_KEYS) if parts else pl.DataFrame()


def _tied(queries: Queries, course: str) -> pl.DataFrame:
    """Rows of a course with ``people`` on its list and ``_tie``: the number of its tied teams within the week."""

    def make() -> pl.DataFrame:
        if not queries.has("mart.adoption"):
            days, texts = {"week": pl.Date}, dict.fromkeys(_KEYS[1:], pl.String)
            return pl.DataFrame(schema=days | texts | dict.fromkeys((*COUNTS, "people", _TIE), pl.Int64))
        rows = queries.frame("select * from mart.adoption where course_id = ? order by week, site, team_id", (course,))
        missing = [name for name in COUNTS if name not in rows.columns]  # a version from before leavers were told apart
        rows = rows.with_columns(pl.lit(0, pl.Int64).alias(name) for name in missing)
        rows = rows.with_columns(pl.col("site", "team_id").fill_null("unknown"))
        return _tie(rows.with_columns(pl.max_horizontal(COUNTS).alias("people")), queries.settings.min_group)

    return queries.remember(("adoption_ties", course), make)


def _tie(rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Number the tied groups of every week; rows with nobody on the list are tied to nothing and say nothing."""
    small = pl.col("people").is_between(1, minimum - 1)
    thin = rows.filter(small)["week"].unique().to_list()
    free = rows.filter(~pl.col("week").is_in(thin)).with_columns(pl.int_range(pl.len()).over("week").alias(_TIE))
    parts = [free.with_columns(pl.col(_TIE).cast(pl.Int64))]
    for part in rows.filter(pl.col("week").is_in(thin)).partition_by("week"):
        names = [str(k) for k in range(part.height)]
        sizes = dict(zip(names, part["people"].to_list(), strict=True))
        site = dict(zip(names, part["site"].to_list(), strict=True))
        number = {name: k for k, group in enumerate(tied_groups(sizes, minimum, site)) for name in group}
        ties = [number.get(name, -1 - k) for k, name in enumerate(names)]
        parts.append(part.with_columns(pl.Series(_TIE, ties, dtype=pl.Int64)))
    return pl.concat(parts).sort("week", "site", "team_id")


def _within(rows: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """The rows of a selection."""
    tests = []
    for column, chosen in (("site", filters.site), ("team_id", filters.team)):
        if chosen:
            tests.append(pl.col(column).is_in(list(chosen)))
    days: Mapping[str, date | None] = {"from": filters.start, "to": filters.end}
    if days["from"] is not None:
        tests.append(pl.col("week") >= days["from"])
    if days["to"] is not None:
        tests.append(pl.col("week") <= days["to"])
    return rows.filter(tests) if tests else rows


def _told(rows: pl.DataFrame, filters: Filters, by: list[str], minimum: int) -> pl.DataFrame:
    """Counts of the selected rows summed by ``by``, blank where a tied group is split or too few agents are meant."""
    over = ["week", _TIE]
    whole = rows.group_by(over).agg(pl.col("people").sum().alias("of"))
    grouped = list(dict.fromkeys((*by, *over)))
    taken = _within(rows, filters).group_by(grouped).agg(pl.col("people").sum(), *(pl.col(c).sum() for c in COUNTS))
    split = taken.join(whole, on=over, how="left").with_columns((pl.col("people") < pl.col("of")).alias("split"))
    sums: Any = [pl.col(name).sum() for name in (*COUNTS, "people")]
    told = split.group_by(by).agg(*sums, pl.col("split").any()).sort(by)
    hidden = pl.col("split") | pl.col("people").is_between(1, minimum - 1)
    blank = [pl.when(hidden).then(None).otherwise(pl.col(name)).cast(pl.Int64).alias(name) for name in COUNTS]
    return told.with_columns(*blank, hidden.alias("suppressed")).drop("people", "split")
