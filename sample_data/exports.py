"""Writes a world as the files that the systems of a real contact centre would export.

docs/sample-world.md, "The exports", lists every file and column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from sample_data import calendar, conversations, lines, settings_file
from sample_data.dirt import Dirt
from sample_data.programme import BASE_COURSE
from sample_data.systems import amazon_connect, bamboohr, learning, qualtrics, tables, zendesk
from sample_data.world import World

Progress = Callable[[str], None]

PLANTED = "planted.json"
"""File beside ``empathy.toml`` with the number of bad rows added, by kind."""

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
        Add bad rows as in real exports, and write :data:`PLANTED` beside ``empathy.toml``.
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
    planter = Dirt(world) if dirt else None
    for month, rows in _months(world):
        if progress is not None:
            progress(f"writing the contacts of {month}")
        written += _contacts(world, folder, month, rows, planter)
    if progress is not None:
        progress("writing surveys, training, staff and the rest")
    written += _surveys(world, folder, planter)
    written += conversations.write(world, folder)
    taken = learning.completions(world)
    written += _statements(world, folder, taken, planter)
    for name, frame in _tables(world, taken).items():
        path = folder / name
        (frame if planter is None else planter.table(name, frame)).write_csv(path)
        written.append(path)
    account = out / PLANTED
    account.unlink(missing_ok=True)
    if planter is not None:
        planter.write(account)
        written.append(account)
    settings = out / "empathy.toml"
    settings.write_text(settings_file.settings(world.params, dirt=dirt), encoding="utf-8", newline="\n")
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


def _contacts(world: World, folder: Path, month: str, rows: slice, planter: Dirt | None) -> list[Path]:
    contacts = folder / "contacts" / f"contacts-{month}.jsonl"
    tickets = folder / "tickets" / f"tickets-{month}.jsonl"
    for path in (contacts, tickets):
        path.touch()
    for begin in range(rows.start, rows.stop, lines.ROWS_AT_ONCE):
        part = slice(begin, min(begin + lines.ROWS_AT_ONCE, rows.stop))
        lines.append_lines(contacts, amazon_connect.as_lines(amazon_connect.records(world, part)))
        lines.append_lines(tickets, zendesk.as_lines(zendesk.tickets(world, part)))
        if planter is not None:
            planter.contacts(contacts, part)
            planter.tickets(tickets, part)
    return [contacts, tickets]


def _surveys(world: World, folder: Path, planter: Dirt | None) -> list[Path]:
    said, silent = folder / "qualtrics_csat.csv", folder / "survey_invitations.csv"
    said.write_text(qualtrics.header(), encoding="utf-8", newline="\n")
    lines.append_lines(said, qualtrics.as_lines(qualtrics.responses(world)))
    if planter is not None:
        planter.surveys(said)
    qualtrics.unanswered(world).write_csv(silent)
    return [said, silent]


def _statements(world: World, folder: Path, taken: pl.DataFrame, planter: Dirt | None) -> list[Path]:
    said = learning.statements(world, taken)
    xapi = folder / "xapi_statements.jsonl"
    text = learning.as_lines(said if planter is None else planter.statements(said))
    xapi.write_text(text, encoding="utf-8", newline="\n")
    return [xapi]


def _tables(world: World, taken: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {
        f"moodle_completion-{BASE_COURSE.lower()}.csv": learning.moodle(taken),
        "training_plan.csv": learning.plan(world),
        "bamboohr_employees.csv": bamboohr.employees(world),
        "bamboohr_job_info_history.csv": bamboohr.job_history(world),
        "qa_evaluations.csv": tables.evaluations(world),
        "offers.csv": tables.offers(world),
        "customer_events.csv": tables.customer_events(world),
        "agent_days.csv": tables.agent_days(world),
        "agent_ids.csv": tables.agent_ids(world),
    }
