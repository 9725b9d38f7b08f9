"""Courses completed by each agent and week (the dose), from the training records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import Panel

if TYPE_CHECKING:
    import duckdb


def courses_by_week(
    cur: duckdb.DuckDBPyConnection, panel: Panel, courses: Sequence[str] = ()
) -> NDArray[np.float64] | None:
    """Treatment courses completed by the end of each week.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    panel
        From the warehouse: units = ``agent_key``, times = Mondays.
    courses
        Ids of the courses that count as treatment; every course when empty.

    Returns
    -------
    (A, T) array or None
        A course counts once, from the week of its first completion on, as ``trained_week`` does. ``None`` when nobody
        completed more than one course (the dose then equals completion) or no training is recorded.
    """
    rows = _completions(cur, courses)
    if rows is None:
        return None
    agent, week = _placed(panel, rows["agent_key"], rows["completed_on"])
    inside = (agent >= 0) & (week < panel.n_periods)
    dose = np.zeros(panel.num.shape)
    np.add.at(dose, (agent[inside], week[inside]), 1.0)
    dose = np.cumsum(dose, axis=1)
    return dose if (dose * panel.observed).max(initial=0.0) > 1 else None


def doses_by_course(
    cur: duckdb.DuckDBPyConnection, panel: Panel, courses: Sequence[str] = ()
) -> dict[str, NDArray[np.float64]]:
    """Completion of each treatment course by the end of each week.

    Parameters
    ----------
    cur, panel, courses
        As in :func:`courses_by_week`.

    Returns
    -------
    dict of str to (A, T) array
        1 from the week of the first completion on; courses that nobody of the panel completed are left out.
    """
    rows = _completions(cur, courses)
    if rows is None:
        return {}
    agent, week = _placed(panel, rows["agent_key"], rows["completed_on"])
    found: dict[str, NDArray[np.float64]] = {}
    names = np.asarray(rows["course_id"]).astype(str)
    for course in sorted(set(names.tolist())):
        mine = (names == course) & (agent >= 0) & (week < panel.n_periods)
        if not mine.any():
            continue
        found[course] = _from_week(panel, agent[mine], week[mine])
    return found


REFRESHED_AFTER_DAYS = 28
"""A course completed again after at least this many days counts as a refresher; earlier, as another attempt."""


def refreshed_by_week(
    cur: duckdb.DuckDBPyConnection, panel: Panel, courses: Sequence[str] = (), refreshers: Sequence[str] = ()
) -> NDArray[np.float64] | None:
    """From which week on each agent has had a refresher.

    Parameters
    ----------
    cur, panel, courses
        As in :func:`courses_by_week`.
    refreshers
        Ids of courses that renew what others taught.

    Returns
    -------
    (A, T) array or None
        1 from the week of the first refresher on: completion of one of ``refreshers``, or of a treatment course
        completed for the first time at least ``REFRESHED_AFTER_DAYS`` before. ``None`` where no agent of the panel
        had one.
    """
    rows = first_refreshers(cur, courses, refreshers)
    if rows is None:
        return None
    agent, week = _placed(panel, rows["agent_key"], rows["refreshed_on"])
    found = _from_week(panel, agent[agent >= 0], week[agent >= 0])
    return found if (found * panel.observed).any() else None


def first_refreshers(
    cur: duckdb.DuckDBPyConnection, courses: Sequence[str] = (), refreshers: Sequence[str] = ()
) -> Mapping[str, NDArray[Any]] | None:
    """Agents who had a refresher, with the day of the first.

    Parameters
    ----------
    cur, courses, refreshers
        As in :func:`refreshed_by_week`.

    Returns
    -------
    mapping or None
        Arrays ``agent_key`` and ``refreshed_on``; ``None`` where nobody had one, or no training is recorded.
    """
    import duckdb

    try:
        rows: Mapping[str, NDArray[Any]] = cur.execute(
            "with done as (select agent_key, course_id, completed_on, "
            "min(completed_on) over (partition by agent_key, course_id) as first_on from core.training "
            "where status = 'completed' and completed_on is not null and agent_key is not null) "
            "select agent_key, min(completed_on) as refreshed_on from done "
            "where list_contains($refreshers::varchar[], course_id) or (completed_on - first_on >= $days "
            "and (len($courses::varchar[]) = 0 or list_contains($courses::varchar[], course_id))) group by agent_key",
            {"refreshers": list(refreshers), "courses": list(courses), "days": REFRESHED_AFTER_DAYS},
        ).fetchnumpy()
    except duckdb.CatalogException:
        return None
    return rows if len(rows["agent_key"]) else None


def _placed(panel: Panel, keys: Any, dates: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Agent and week index in the panel for each row: -1 for agents not in the panel, week 0 for earlier dates."""
    unit = {str(key): i for i, key in enumerate(panel.units)}
    agent = np.array([unit.get(str(key), -1) for key in keys.tolist()], dtype=np.int64)
    days = np.asarray(dates).astype("datetime64[D]") - np.datetime64(panel.times[0], "D")
    return agent, np.maximum(np.floor_divide(days.astype(np.int64), 7), 0)


def _from_week(panel: Panel, agent: NDArray[np.int64], week: NDArray[np.int64]) -> NDArray[np.float64]:
    """(A, T), 1 from the given week of each given agent on."""
    start = np.full(panel.n_units, panel.n_periods, dtype=np.int64)
    start[agent] = week
    return (np.arange(panel.n_periods)[None, :] >= start[:, None]).astype(np.float64)


def _completions(cur: duckdb.DuckDBPyConnection, courses: Sequence[str]) -> Any:
    """First completion of every agent and treatment course; ``None`` where no training is recorded."""
    import duckdb

    try:
        return cur.execute(
            "select agent_key, course_id, min(completed_on) as completed_on from core.training "
            "where status = 'completed' and completed_on is not null and agent_key is not null "
            "and (len(?::varchar[]) = 0 or list_contains(?::varchar[], course_id)) group by agent_key, course_id",
            [list(courses), list(courses)],
        ).fetchnumpy()
    except duckdb.CatalogException:
        return None
