"""Writes a world as the files that the systems of a real contact centre would export.

docs/sample-world.md, "The exports", lists every file and column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from sample_data import calendar, lines, settings_file
from sample_data.systems import amazon_connect, bamboohr, learning, qualtrics, tables, zendesk
from sample_data.world import World

Progress = Callable[[str], None]

FOLDERS = ("contacts", "tickets")
"""Sub-folders of ``exports`` that hold one file a month."""


def write(world: World, out_dir: Path | str, dirt: bool = False, progress: Progress | None = None) -> list[Path]:
    """Write ``OUT/exports/`` and the ``OUT/empathy.toml`` that reads it.

    Parameters
    ----------
    world : World
    out_dir : path
        Made when it is not there. Files of an earlier export in it are replaced.
    dirt : bool
        Sprinkle the dirt that real exports have, and write ``planted.json`` beside ``empathy.toml``.
    progress : callable, optional
        Called with the name of each step as it starts.

    Returns
    -------
    list of Path
        Every file written, sorted.
    """
    out = Path(out_dir)
    folder = out / "exports"
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for old in (folder / name).glob("*.jsonl"):
            old.unlink()
    written: list[Path] = []
    for month, rows in _months(world):
        if progress is not None:
            progress(f"writing the contacts of {month}")
        written += _contacts(world, folder, month, rows)
    if progress is not None:
        progress("writing surveys, training, staff and the rest")
    written += _surveys(world, folder)
    written += _learning(world, folder)
    for name, frame in _tables(world).items():
        path = folder / name
        frame.write_csv(path)
        written.append(path)
    settings = out / "empathy.toml"
    settings.write_text(settings_file.settings(world.params), encoding="utf-8", newline="\n")
    return sorted([*written, settings])


def _months(world: World) -> Iterator[tuple[str, slice]]:
    """Yield each month of the window (of the first day of each week) with its rows of ``world.contacts``."""
    monday = calendar.first_monday(world.params)
    days = world.contacts["day"].to_numpy()
    weeks = days // 7
    bounds = np.searchsorted(weeks, np.arange(world.params.weeks + 1))
    labels = [(monday + dt.timedelta(days=7 * week)).strftime("%Y-%m") for week in range(world.params.weeks)]
    start = 0
    for week in range(1, world.params.weeks + 1):
        if week == world.params.weeks or labels[week] != labels[start]:
            yield labels[start], slice(int(bounds[start]), int(bounds[week]))
            start = week


def _contacts(world: World, folder: Path, month: str, rows: slice) -> list[Path]:
    contacts = folder / "contacts" / f"contacts-{month}.jsonl"
    tickets = folder / "tickets" / f"tickets-{month}.jsonl"
    for begin in range(rows.start, rows.stop, lines.ROWS_AT_ONCE):
        part = slice(begin, min(begin + lines.ROWS_AT_ONCE, rows.stop))
        lines.append_lines(contacts, amazon_connect.as_lines(amazon_connect.records(world, part)))
        lines.append_lines(tickets, zendesk.as_lines(zendesk.tickets(world, part)))
    return [path for path in (contacts, tickets) if path.exists()]


def _surveys(world: World, folder: Path) -> list[Path]:
    said, silent = folder / "qualtrics_csat.csv", folder / "survey_invitations.csv"
    said.write_text(qualtrics.header(), encoding="utf-8", newline="\n")
    lines.append_lines(said, qualtrics.as_lines(qualtrics.responses(world)))
    qualtrics.unanswered(world).write_csv(silent)
    return [said, silent]


def _learning(world: World, folder: Path) -> list[Path]:
    taken = learning.completions(world)
    moodle = folder / f"moodle_completion-{learning.BASE_COURSE.lower()}.csv"
    learning.moodle(taken).write_csv(moodle)
    xapi = folder / "xapi_statements.jsonl"
    xapi.write_text(learning.as_lines(learning.statements(world, taken)), encoding="utf-8", newline="\n")
    plan = folder / "training_plan.csv"
    learning.plan(world).write_csv(plan)
    return [moodle, xapi, plan]


def _tables(world: World) -> dict[str, pl.DataFrame]:
    return {
        "bamboohr_employees.csv": bamboohr.employees(world),
        "bamboohr_job_info_history.csv": bamboohr.job_history(world),
        "qa_evaluations.csv": tables.evaluations(world),
        "offers.csv": tables.offers(world),
        "customer_events.csv": tables.customer_events(world),
        "agent_days.csv": tables.agent_days(world),
        "agent_ids.csv": tables.agent_ids(world),
    }
