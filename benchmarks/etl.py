"""How fast exports become a published warehouse: ten million contacts as CSV with bad rows, fifty million as Parquet.

Each task runs in a process of its own, so that seconds count imports and memory is a peak of that task alone:

- ``bare``: DuckDB reads the CSV typed and aggregates once; nothing is checked or kept. The yardstick.
- ``typed``: DuckDB reads the CSV typed and writes it as Parquet; nothing is checked.
- ``typed, bare``: the same, with the lines it refuses listed, and the aggregate of ``bare`` over what was written.
- ``build``: ``empathy build`` on the same file: validated with all reasons, to published marts; contacts are reduced to
  weeks on the way (``contacts = "reduce"``) and the database is held to 700 MB.
- ``again``: the same with nothing new.
- ``kept``: ``empathy build`` with the settings one starts with, which keep every contact in the version.
- ``bare parquet``: DuckDB joins contacts in Parquet to team spells and adds up agent-weeks; nothing is checked or kept.
- ``parquet``: ``empathy build`` on the same file, settings as in ``build``.
- ``weeks``: from the contacts of ``parquet``, read before, to marts again, after the programme's courses have changed.

Run ``python -m benchmarks.etl --dir /tmp/etl --write docs/benchmarks-etl.md``. ``--against COMMIT`` compares the builds
with those of an earlier commit, in turn, in one run: each reads the same exports into warehouses of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.document_table import write_part
from benchmarks.earlier import ROOT, checked_out

N_AGENTS = 5_000
BAD_EVERY = 100_000
"""One row in so many has a handling time that is no number."""

TOML = """[project]
name = "Speed"
timezone = "UTC"
warehouse = "{warehouse}"
[sources.contacts]
format = "tabular"
path = "{contacts}"
table = "interaction"
columns = {{ source_agent_id = "agent_id" }}
[sources.staff]
format = "tabular"
path = "staff.csv"
table = "agent"
[sources.teams]
format = "tabular"
path = "teams.csv"
table = "agent_team"
[sources.crosswalk]
format = "tabular"
path = "crosswalk.csv"
table = "agent_identity"
[sources.training]
format = "tabular"
path = "training.csv"
table = "training"
[[programme.courses]]
id = "{course}"
[privacy]
demo = true
{engine}
"""

REDUCED = """[engine]
memory_limit = "700MB"
options = { contacts = "reduce" }"""

TYPED = (
    "{'interaction_id': 'VARCHAR', 'agent_id': 'VARCHAR', 'started_at': 'TIMESTAMP', 'channel': 'VARCHAR', "
    "'handle_s': 'DOUBLE', 'escalated': 'BOOLEAN', 'csat': 'TINYINT', 'offer_made': 'BOOLEAN', "
    "'offer_accepted': 'BOOLEAN', 'qa_score': 'DOUBLE', 'transferred': 'BOOLEAN'}"
)


def write_exports(folder: Path, rows: int, parquet_rows: int, agents: int = N_AGENTS) -> None:
    """Write contacts as CSV (687 MiB for ten million rows) and Parquet, staff, teams, crosswalk and training."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false; SET memory_limit = '4GB'")
        handle = f"CASE WHEN interaction_id % {BAD_EVERY} = 7 THEN 'soon' ELSE CAST(handle_s AS VARCHAR) END"
        with_bad = f"SELECT * REPLACE ({handle} AS handle_s) FROM ({contacts(rows, agents)})"
        con.execute(f"COPY ({with_bad}) TO '{folder / 'contacts.csv'}' (HEADER)")
        con.execute(f"COPY ({contacts(parquet_rows, agents)}) TO '{folder / 'contacts.parquet'}' (COMPRESSION zstd)")
        code = "'A' || lpad(CAST(i AS VARCHAR), 6, '0')"
        small = {
            "staff": f"{code} AS source_agent_id, {code} AS employee_number, DATE '2020-01-01' AS hired_on",
            "crosswalk": f"'contacts' AS identity_source, {code} AS source_agent_id, {code} AS employee_number",
            "teams": f"{code} AS source_agent_id, 'T' || (i // 20) AS team_id, DATE '2020-01-01' AS valid_from",
            "training": f"{code} AS source_agent_id, 'EMP101' AS course_id, 'completed' AS status, "
            f"TIMESTAMP '2025-04-01' + to_days(CAST(hash(i // 20) % 200 AS INT)) AS completed_at",
        }
        for name, columns in small.items():
            trained = "WHERE i // 20 % 5 <> 0" if name == "training" else ""
            con.execute(
                f"COPY (SELECT {columns} FROM range({agents}) AS t(i) {trained}) TO '{folder / name}.csv' (HEADER)"
            )


def contacts(rows: int, agents: int = N_AGENTS) -> str:
    """SELECT of made-up contacts over one year."""
    return (
        f"SELECT i AS interaction_id, 'A' || lpad(CAST(hash(i * 3 + 1) % {agents} AS VARCHAR), 6, '0') AS agent_id, "
        f"TIMESTAMP '2025-01-01' + to_seconds(CAST(hash(i * 5 + 2) % 31536000 AS BIGINT)) AS started_at, "
        f"['voice', 'chat', 'email', 'message'][1 + CAST(hash(i * 11) % 4 AS INT)] AS channel, "
        f"30 + hash(i * 17) % 900 AS handle_s, hash(i * 19) % 100 < 7 AS escalated, "
        f"CASE WHEN hash(i * 23) % 10 < 2 THEN 1 + hash(i * 29) % 5 END AS csat, "
        f"hash(i * 31) % 100 < 20 AS offer_made, "
        f"hash(i * 31) % 100 < 20 AND hash(i * 37) % 100 < 25 AS offer_accepted, "
        f"CASE WHEN hash(i * 41) % 100 < 2 THEN CAST(hash(i * 43) % 101 AS DOUBLE) END AS qa_score, "
        f"hash(i * 47) % 100 < 3 AS transferred FROM range({rows}) AS t(i)"
    )


def typed_csv(folder: Path, refused: str) -> str:
    """The contacts as CSV read by DuckDB with the types they should have, and what is to be done with refused lines."""
    return (
        f"read_csv('{folder / 'contacts.csv'}', columns = {TYPED}, header = true, delim = ',', auto_detect = false, "
        f"{refused})"
    )


def aggregate(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Add up contacts by agent, channel and week."""
    rows = con.execute(
        f"SELECT agent_id, channel, date_trunc('week', started_at) AS week, count(*), sum(handle_s), "
        f"sum(CAST(transferred AS INT)) FROM {relation} GROUP BY ALL"
    ).fetchall()
    return f"{len(rows):,} groups"


def bare(folder: Path) -> str:
    """Read the contacts typed and aggregate once."""
    with duckdb.connect() as con:
        return aggregate(con, typed_csv(folder, "ignore_errors = true"))


def typed(folder: Path) -> str:
    """Read the contacts typed and write them as Parquet."""
    target = folder / "typed.parquet"
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        source = typed_csv(folder, "ignore_errors = true")
        rows = con.execute(f"COPY (SELECT * FROM {source}) TO '{target}' (FORMAT parquet)").fetchall()
    target.unlink()
    return f"{rows[0][0]:,} rows"


def typed_bare(folder: Path) -> str:
    """Read the contacts typed, write them as Parquet, list the refused lines, and aggregate once what was written."""
    target = folder / "typed.parquet"
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"COPY (SELECT * FROM {typed_csv(folder, 'store_rejects = true')}) TO '{target}' (FORMAT parquet)")
        refused = con.execute("SELECT count(*) FROM reject_errors").fetchall()
        groups = aggregate(con, f"'{target}'")
    target.unlink()
    return f"{groups}, {refused[0][0]:,} refused"


def bare_parquet(folder: Path) -> str:
    """Join contacts to team spells by time and add up agent-weeks."""
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT contact.agent_id, team.team_id, channel, date_trunc('week', started_at) AS week, count(*), "
            f"sum(handle_s), sum(CAST(transferred AS INT)) FROM '{folder / 'contacts.parquet'}' AS contact "
            f"JOIN read_csv('{folder / 'teams.csv'}') AS team ON team.source_agent_id = contact.agent_id "
            f"AND team.valid_from <= contact.started_at GROUP BY ALL"
        ).fetchall()
    return f"{len(rows):,} groups"


def build(folder: Path, file: str, warehouse: str, course: str = "EMP101", engine: str = REDUCED) -> str:
    """Build and publish a version."""
    from etl.build import build as build_version
    from etl.configuration.model import load

    text = TOML.format(contacts=file, warehouse=warehouse, course=course, engine=engine)
    path = folder / f"{warehouse}.toml"
    path.write_text(text, encoding="utf-8")
    report = build_version(load(path))
    loaded = sum(file.loaded for file in report.files)
    rejected = sum(file.rejected for file in report.files)
    return f"{loaded:,} loaded, {rejected:,} rejected" + (", nothing new" if report.unchanged else "")


COMPARED = ("build", "again", "kept", "parquet", "weeks")
WORSE = 1.05
"""Largest ratio of processor time to the earlier commit's that is no loss."""

TASKS: dict[str, Callable[[Path], str]] = {
    "bare": bare,
    "typed": typed,
    "typed, bare": typed_bare,
    "build": lambda folder: build(folder, "contacts.csv", "reduced"),
    "again": lambda folder: build(folder, "contacts.csv", "reduced"),
    "kept": lambda folder: build(folder, "contacts.csv", "kept", engine=""),
    "bare parquet": bare_parquet,
    "parquet": lambda folder: build(folder, "contacts.parquet", "parquet"),
    "weeks": lambda folder: build(folder, "contacts.parquet", "parquet", course="EMP102"),
}


def measure(task: str, folder: Path, tree: Path = ROOT) -> dict[str, object]:
    """Run one task in a process of its own: wall and processor seconds, peak memory, and what it says.

    Parameters
    ----------
    task : str
    folder : Path
        With the exports.
    tree : Path
        Working tree whose code is run.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.etl", "--dir", str(folder), "--task", task],
        check=True, capture_output=True, text=True, cwd=tree,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"task": task, "seconds": seconds, "cpu": cpu, **json.loads(done.stdout.splitlines()[-1])}


def compare(folder: Path, commit: str, rounds: int) -> str:
    """Run every build with this tree and with an earlier commit, in turn; a table of medians and their ratios.

    Parameters
    ----------
    folder : Path
        With the exports.
    commit : str
    rounds : int
        How often each task is run with either; who begins changes every round.
    """
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as place, checked_out(commit, Path(place)) as before:
        trees = {"now": ROOT, "before": before}
        for name in trees:
            here = folder / name
            here.mkdir(exist_ok=True)
            for export in [path for path in folder.iterdir() if path.suffix in (".csv", ".parquet")]:
                (here / export.name).unlink(missing_ok=True)
                os.link(export, here / export.name)
        for number in range(rounds):
            for name in trees:
                for warehouse in ("reduced", "kept", "parquet"):
                    shutil.rmtree(folder / name / warehouse, ignore_errors=True)
            for task in COMPARED:
                for name in ("now", "before") if number % 2 else ("before", "now"):
                    found.setdefault((task, name), []).append(measure(task, folder / name, trees[name]))

    def median(task: str, name: str, what: str) -> float:
        return statistics.median(float(str(item[what])) for item in found[task, name])

    lines = [
        f"Against {commit}, {rounds} rounds in turn, medians; load average at the end {os.getloadavg()[0]:.1f}.\n",
        "| task | seconds | before | ratio | processor seconds | before | ratio | peak MiB | before |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for task in COMPARED:
        cells = []
        for what in ("seconds", "cpu"):
            now, before_it = median(task, "now", what), median(task, "before", what)
            cells += [f"{now:.2f}", f"{before_it:.2f}", f"{now / before_it:.3f}"]
        worst = max(worst, median(task, "now", "cpu") / median(task, "before", "cpu"))
        peaks = [f"{median(task, name, 'peak_mib'):.0f}" for name in ("now", "before")]
        lines.append(f"| {task} | {' | '.join([*cells, *peaks])} |")
    verdict = "no task is" if worst <= WORSE else "**some task is**"
    return "\n".join([*lines, "", f"By processor time {verdict} worse by more than {WORSE - 1:.0%}.", ""])


def table(results: list[dict[str, object]], rows: int, parquet_rows: int) -> str:
    """The results as a Markdown table, with what they were taken on."""
    head = (
        f"{rows:,} contacts as CSV, one in {BAD_EVERY:,} bad, {parquet_rows:,} as Parquet, {N_AGENTS:,} agents. "
        f"Run on {date.today().isoformat()}, {os.cpu_count()} cores ({platform.machine()}), load average at the end "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, DuckDB {duckdb.__version__}.\n\n"
        f"| task | seconds | against bare | processor seconds | peak MiB | result |\n|---|---|---|---|---|---|\n"
    )
    lines = []
    yardstick = 0.0
    for item in results:
        seconds = float(str(item["seconds"]))
        yardstick = seconds if str(item["task"]).startswith("bare") else yardstick
        lines.append(
            f"| {item['task']} | {seconds:.1f} | {seconds / yardstick:.1f} | {float(str(item['cpu'])):.1f} "
            f"| {item['peak_mib']} | {item['says']} |"
        )
    return head + "\n".join(lines) + "\n\n" + aims(results)


def aims(results: list[dict[str, object]]) -> str:
    """What was to be reached, and whether it was in this run, one line each."""
    seconds = {str(item["task"]): float(str(item["seconds"])) for item in results}
    peak = {str(item["task"]): float(str(item["peak_mib"])) for item in results}
    aimed = (
        ("ten million contacts as CSV in under 8 s", seconds["build"], 8.0, "s"),
        ("and at most twice as long as bare", seconds["build"] / seconds["bare"], 2.0, "times"),
        ("with less than 1,024 MiB", peak["build"], 1024.0, "MiB"),
        ("again with nothing new in under 1 s", seconds["again"], 1.0, "s"),
        ("fifty million as Parquet to agent-weeks in under 6 s", seconds["weeks"], 6.0, "s"),
        ("with less than 1,024 MiB", peak["weeks"], 1024.0, "MiB"),
    )
    return "".join(
        f"- {what}: {'reached' if found <= limit else '**not reached**'} ({found:,.1f} {unit})\n"
        for what, found, limit, unit in aimed
    )


def main() -> None:
    """Write the exports when they are missing, run every task, print and keep the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--parquet-rows", type=int, default=50_000_000)
    parser.add_argument("--task", choices=sorted(TASKS))
    parser.add_argument("--write", type=Path, help="a page with a part between <!-- etl:start --> and <!-- etl:end -->")
    parser.add_argument("--against", metavar="COMMIT", help="compare the builds with those of an earlier commit")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.task:
        says = TASKS[arguments.task](arguments.dir)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"says": says, "peak_mib": peak}))
        return
    if not (arguments.dir / "contacts.parquet").exists():
        write_exports(arguments.dir, arguments.rows, arguments.parquet_rows)
    if arguments.against:
        print(compare(arguments.dir.resolve(), arguments.against, arguments.rounds))
        return
    for name in ("reduced", "kept", "parquet"):
        shutil.rmtree(arguments.dir / name, ignore_errors=True)
    found = table([measure(task, arguments.dir) for task in TASKS], arguments.rows, arguments.parquet_rows)
    print(found)
    if arguments.write:
        write_part(arguments.write, "etl", found)


if __name__ == "__main__":
    main()
