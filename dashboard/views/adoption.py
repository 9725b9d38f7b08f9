"""View model of the adoption page: progress of the plan, and where it is behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from analysis.words.numbers import Reader
from dashboard.state import day


@dataclass(frozen=True)
class View:
    """The page's words and numbers.

    Attributes
    ----------
    sentence : str
        The answer, first on the page.
    curve_title, group_title : str
    weeks : list of dict
        ``week, planned, started, completed, overdue, left_unfinished`` for
        :func:`dashboard.figures.adoption_curve.adoption_curve`; none where the last week may not be shown.
    planned : bool
        Whether the weeks that may be shown hold a plan.
    hidden : bool
        Whether there is a last week that may not be shown.
    groups : list of dict
        One per site or team, most overdue first, with ``share`` completed of planned.
    """

    sentence: str
    curve_title: str
    group_title: str
    weeks: list[dict[str, Any]]
    planned: bool
    hidden: bool
    groups: list[dict[str, Any]]


def view(
    progress: pl.DataFrame, groups: pl.DataFrame, *, course: str, by: str, reader: Reader, until: date | None = None
) -> View:
    """The page for one course.

    Parameters
    ----------
    progress, groups : DataFrame
        From :mod:`dashboard.data.adoption`.
    course : str
        Its name on screen.
    by : {"site", "team"}
    reader : Reader
    until : date, optional
        The last week of the data; the last that is told may be earlier.
    """
    hidden = bool(progress["suppressed"].last()) if not progress.is_empty() else False
    weeks = [] if hidden or progress.is_empty() else progress.filter(~pl.col("suppressed")).to_dicts()
    lags = bool(weeks) and until is not None and weeks[-1]["week"] < until
    rows = [_with_share(row) for row in groups.iter_rows(named=True)]
    rows.sort(key=lambda row: (row["suppressed"], -(row["overdue"] or 0), -(row["planned"] or 0), row["label"]))
    return View(
        sentence=f"Too few agents of this selection are planned for {course} to be shown."
        if hidden
        else sentence(weeks, course, reader, lags=lags),
        curve_title=curve_title(weeks, reader, lags=lags),
        group_title=group_title(rows, by, reader),
        weeks=weeks,
        planned=any(row["planned"] for row in weeks),
        hidden=hidden,
        groups=rows,
    )


def sentence(weeks: Sequence[Mapping[str, Any]], course: str, reader: Reader, *, lags: bool = False) -> str:
    """``412 of 480 agents planned so far have completed Empathy foundations; 31 are overdue; 37 left before.``

    Parameters
    ----------
    weeks : sequence of mapping
        Those told, in order.
    course : str
    reader : Reader
    lags : bool, optional
        Whether the last of them is not the last of the data.
    """
    if not weeks:
        return f"Nobody in this selection is planned for {course}."
    last = weeks[-1]
    planned, completed = (int(last.get(name) or 0) for name in ("planned", "completed"))
    overdue, gone = last.get("overdue"), last.get("left_unfinished")
    begin = f"By the week of {day(last['week'], reader.locale)}, the last that may be told, " if lags else ""
    if planned == 0:
        if completed == 0:
            return f"{begin}{'n' if begin else 'N'}obody in this selection has been planned for {course} yet."
        return f"{begin}{reader.count(completed)} agents have completed {course}; no plan was recorded to compare with."
    then, have, are = ("by then", "had", ("was", "were")) if lags else ("so far", "have", ("is", "are"))
    count = f"{reader.count(completed)} of {reader.count(planned)} agents planned {then}"
    first = f"{begin}{count} {have} completed {course}"
    left = f"; {reader.count(gone)} left before finishing" if gone else ""
    if overdue is None:
        missing = planned - completed
        return f"{first}; {reader.count(missing)} {have} not finished." if missing else f"{first}."
    if overdue == 0:
        return f"{first}, and nobody {are[0]} overdue{left}."
    return f"{first}; {reader.count(overdue)} {are[0] if overdue == 1 else are[1]} overdue{left}."


def curve_title(weeks: Sequence[Mapping[str, Any]], reader: Reader, *, lags: bool = False) -> str:
    """Whether completion keeps up with the plan.

    Parameters
    ----------
    weeks : sequence of mapping
        Those told, in order.
    reader : Reader
    lags : bool, optional
        Whether the last of them is not the last of the data.
    """
    planned = [row for row in weeks if row["planned"]]
    if not planned:
        return "No plan is recorded for this selection"
    last = planned[-1]
    share = last["completed"] / last["planned"]
    if last["overdue"] == 0 and not lags:
        return "The plan is fulfilled" if share >= 1 else "Everybody planned who is still here has finished"
    missing, total = last["planned"] - last["completed"], reader.count(last["planned"])
    if lags:
        when = day(last["week"], reader.locale)
        words = f"By {when}, {reader.number(share * 100)}% of the plan was done"
        return f"{words}; {reader.count(missing)} of {total} agents had not finished"
    words = f"{reader.number(share * 100)}% of the plan is done"
    return f"{words}; {reader.count(missing)} of {total} agents have not finished"


def group_title(rows: Sequence[Mapping[str, Any]], by: str, reader: Reader) -> str:
    """Where those who are overdue are."""
    shown = [row for row in rows if not row["suppressed"] and row["planned"]]
    overdue = sum(row["overdue"] for row in shown)
    if not shown:
        return f"No {by} may be shown here by itself"
    if overdue == 0 and any(row["suppressed"] for row in rows):
        return f"No {by} that may be shown has anybody overdue"
    if overdue == 0:
        return f"No {by} has anybody overdue"
    if len(shown) == 1:
        (only,) = shown
        of = f"{reader.count(overdue)} of {reader.count(only['planned'])}"
        return f"{only['label']}: {of} planned {'is' if overdue == 1 else 'are'} overdue"
    late = [row for row in shown if row["overdue"]]
    top, total = 0, 0
    for row in late:
        top, total = top + 1, total + row["overdue"]
        if total * 2 >= overdue:
            break
    where = late[0]["label"] if top == 1 else f"{top} of {len(shown)} {by}s"
    share = reader.number(100 * total / overdue)
    return f"{where} {'has' if top == 1 else 'have'} {share}% of all agents who are overdue"


def bars(groups: Sequence[Mapping[str, Any]], reader: Reader) -> list[dict[str, Any]]:
    """Rows for :func:`dashboard.figures.bars.part_bars`."""
    rows = []
    for row in groups:
        if row["planned"]:
            late = f"{reader.count(row['overdue'])} overdue" if row["overdue"] else "none overdue"
            words = f"{reader.count(row['completed'])} of {reader.count(row['planned'])} · {late}"
            rows.append(
                {
                    "label": row["label"],
                    "whole": row["planned"],
                    "part": row["completed"],
                    "words": words,
                    "strong": bool(row["overdue"]),
                }
            )
    return rows


def notice(ignored: Sequence[str]) -> str:
    """What to say about filters that mean nothing for a plan."""
    if not ignored:
        return ""
    return f"A training plan has no {' or '.join(ignored)}: the filter does not change this page."


def weeks_shown(weeks: Sequence[Mapping[str, Any]], locale: str) -> str:
    """The period in words."""
    if not weeks:
        return ""
    first, last = (_date(weeks[k]["week"]) for k in (0, -1))
    return f"{day(first, locale)} to {day(last, locale)}"


def _with_share(row: Mapping[str, Any]) -> dict[str, Any]:
    planned = row["planned"]
    share = row["completed"] / planned if planned else None
    return {**row, "share": share}


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
