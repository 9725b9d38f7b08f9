"""Build time by number of contacts and agent-weeks, with extrapolation to larger centres.

For each of some numbers of contacts and agents over one year, exports in Parquet are made up and built twice, as in
``benchmarks.etl``: read for the first time, and from what has landed, after the programme's courses have changed.
Contacts are reduced on the way and the database is held to 700 MB. Processor seconds are fitted by least squares to a
constant, a cost per contact and a cost per row of ``mart.agent_week`` (agent, week, channel).

Run ``python -m benchmarks.scale --dir /tmp/scale --write docs/scale.md``; ``--contacts`` takes other numbers, such as
200000000. What was made up for a step is deleted when it has been built.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.document_table import write_part
from benchmarks.etl import measure, write_exports
from etl.warehouse.reader import Warehouse

CONTACTS = (1_000_000, 4_000_000, 8_000_000)
AGENTS = (500, 5_000)
FORESEEN = ((20_000_000, 200_000), (200_000_000, 1_000_000), (1_000_000_000, 5_000_000), (10_000_000_000, 50_000_000))
"""Contacts and rows of ``mart.agent_week`` for which the fit is asked: 1,000 agents for a year, and more."""


@dataclass(frozen=True)
class Point:
    """One centre: contacts, agents, rows of ``mart.agent_week``, and what both builds took."""

    contacts: int
    agents: int
    cells: int
    first: dict[str, object]
    landed: dict[str, object]


def point(folder: Path, contacts: int, agents: int) -> Point:
    """Make up a centre, build it twice, and delete it.

    Parameters
    ----------
    folder : Path
    contacts, agents : int
    """
    shutil.rmtree(folder, ignore_errors=True)
    write_exports(folder, 0, contacts, agents)
    first, landed = measure("parquet", folder), measure("weeks", folder)
    with closing(Warehouse(folder / "parquet")) as warehouse, warehouse.reader() as cursor:
        (cells,) = cursor.execute("select count(*) from mart.agent_week").fetchone() or (0,)
    shutil.rmtree(folder)
    return Point(contacts, agents, int(cells), first, landed)


def fitted(points: list[Point], which: str) -> tuple[float, float, float]:
    """Processor seconds: a constant, per million contacts, per million rows of ``mart.agent_week``.

    Parameters
    ----------
    points : list of Point
        At least three, not all on one line.
    which : str
        ``first`` or ``landed``.

    Examples
    --------
    >>> centres = [(1, 1), (2, 1), (2, 3)]
    >>> points = [Point(n * 10**6, 1, m * 10**6, {"cpu": 1 + 2 * n + 3 * m}, {}) for n, m in centres]
    >>> [round(value, 6) for value in fitted(points, "first")]
    [1.0, 2.0, 3.0]
    """
    design = np.array([[1.0, each.contacts / 1e6, each.cells / 1e6] for each in points])
    seconds = np.array([float(str(getattr(each, which)["cpu"])) for each in points])
    constant, per_contact, per_cell = np.linalg.lstsq(design, seconds, rcond=None)[0]
    return float(constant), float(per_contact), float(per_cell)


def table(points: list[Point]) -> str:
    """What was measured, what was fitted, and what that says for more, as Markdown."""
    lines = [
        f"Run on {date.today().isoformat()}, {os.cpu_count()} cores ({platform.machine()}), load average at the end "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, DuckDB {duckdb.__version__}.\n",
        "| contacts | agents | rows of `agent_week` | first read: processor seconds | peak MiB "
        "| as landed: processor seconds | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in points:
        cells = [f"{float(str(found['cpu'])):.1f} | {found['peak_mib']}" for found in (each.first, each.landed)]
        lines.append(f"| {each.contacts:,} | {each.agents:,} | {each.cells:,} | {' | '.join(cells)} |")
    fits = {"first": fitted(points, "first"), "landed": fitted(points, "landed")}
    words = {"first": "First read", "landed": "As landed"}
    for which, (constant, per_contact, per_cell) in fits.items():
        off = max(
            abs(constant + per_contact * each.contacts / 1e6 + per_cell * each.cells / 1e6 - float(str(found["cpu"])))
            for each in points
            for found in [getattr(each, which)]
        )
        lines.append(
            f"\n{words[which]}: {constant:.1f} s, and {per_contact:.2f} s per million contacts, and {per_cell:.1f} s "
            f"per million rows of `agent_week`; no build is further from that than {off:.1f} s."
        )
    lines += [
        "\nWhat that says for more, in processor hours:\n",
        "| contacts | rows of `agent_week` | first read | as landed | contacts, by the most that was built |",
        "|---|---|---|---|---|",
    ]
    largest = max(each.contacts for each in points)
    for contacts, cells_foreseen in FORESEEN:
        hours = [
            (constant + per_contact * contacts / 1e6 + per_cell * cells_foreseen / 1e6) / 3600
            for constant, per_contact, per_cell in fits.values()
        ]
        said = " | ".join(f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in hours)
        lines.append(f"| {contacts:,} | {cells_foreseen:,} | {said} | {contacts / largest:,.1f} times |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Build every centre, print the table and keep it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="made, and deleted at the end")
    parser.add_argument("--contacts", type=int, nargs="+", default=CONTACTS)
    parser.add_argument("--agents", type=int, nargs="+", default=AGENTS)
    parser.add_argument("--write", type=Path, help="a page with <!-- scale:start --> and <!-- scale:end -->")
    arguments = parser.parse_args()
    points = [
        point(arguments.dir, contacts, agents) for contacts in arguments.contacts for agents in arguments.agents
    ]
    found = table(points)
    print(found)
    if arguments.write:
        write_part(arguments.write, "scale", found)


if __name__ == "__main__":
    main()
