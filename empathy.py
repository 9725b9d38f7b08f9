"""The command line: one verb per job, no logic of its own.

Exit codes: 0 done; 1 the data fail a stop-rule or a check, nothing was published; 2 wrong usage or configuration.
With ``--json`` a verb prints exactly one JSON object on standard output; everything else goes to standard error.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from etl.build import BuildReport, CheckReport
    from etl.config import Config
    from etl.publish import Draft
    from etl.warehouse import Version

# Systems of a few hundred weeks are solved faster by one thread than by several that wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="empathy",
    help="What empathy training did to the business, measured so that it can be believed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rejects_app = typer.Typer(help="Rows that could not be loaded, and why.", no_args_is_help=True)
versions_app = typer.Typer(help="Published warehouse versions.", no_args_is_help=True)
app.add_typer(rejects_app, name="rejects")
app.add_typer(versions_app, name="versions")

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def _read_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no day; write year, month and day, such as 2025-06-30.') from None


AsOf = Annotated[
    date | None,
    typer.Option(parser=_read_day, metavar="YYYY-MM-DD", help="Use only what was known by this day."),
]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")]

DEFAULT_CONFIG = Path("empathy.toml")
screen = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
NOTHING_NEW = "Nothing is new since the served version: its marts stand."
UNESTIMATED = "without estimates yet: `empathy estimate` adds them."
WIDE = 160
"""Columns of a table that goes to a file or a pipe."""


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done and for how long; plain lines where standard error is not a terminal.

    Parameters
    ----------
    title : str
        What the whole job is.

    Yields
    ------
    callable
        Call it with the name of each step as it starts.
    """
    started = time.monotonic()
    try:
        if screen.is_terminal:
            with screen.status(title) as status:
                yield lambda step: status.update(f"{title}: {step} ({time.monotonic() - started:.0f} s)")
        else:
            screen.print(title)
            yield lambda step: screen.print(f"  {time.monotonic() - started:5.1f} s  {step}")
    except KeyboardInterrupt:  # the parser of the command line makes it exit code 130, without a word
        screen.print("Stopped; nothing was published.")
        raise
    screen.print(f"{title}: done in {time.monotonic() - started:.1f} s.")


def _load(path: Path) -> Config:
    from etl.config import load

    return load(path)


def _output() -> Console:
    out = Console(highlight=False, soft_wrap=True, markup=False)
    return out if out.is_terminal else Console(highlight=False, soft_wrap=True, markup=False, width=WIDE)


def _emit(payload: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload, default=str, allow_nan=False) + "\n")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo is made.")] = Path("demo"),
    port: Port = 8050,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard afterwards.")] = True,
) -> None:
    """Simulate a contact centre, load it, estimate, and serve the dashboard."""
    from sample_data import write_demo

    if serve_it:
        from dashboard.settings import check_port

        check_port("127.0.0.1", port)  # now, and not after half a minute
    config_path = folder / "empathy.toml"
    with progress("Simulating a contact centre") as step:
        write_demo(folder, progress=step)
    _run(_load(config_path), as_of=None)
    if serve_it:
        _become_server(config_path, port)
    else:
        screen.print(f"Serve it with: empathy serve -c {shlex.quote(str(config_path))}")


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="The folder to write the exports and their empathy.toml to.")],
    agents: Annotated[int, typer.Option(min=4, help="Seats, over all teams.")] = 160,
    weeks: Annotated[int, typer.Option(min=12, help="Weeks of contacts.")] = 52,
    assignment: Annotated[
        str, typer.Option(help="randomised, team_waves, lowest_performers, volunteers or none.")
    ] = "team_waves",
    effect: Annotated[float, typer.Option(help="All effects times this; 0 makes a training that does nothing.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 1,
    contacts_per_week: Annotated[int | None, typer.Option(min=1, help="Contacts per agent and week.")] = None,
    dirt: Annotated[bool, typer.Option("--dirt", help="Plant the faults real exports have, and count them.")] = False,
) -> None:
    """Write a simulated contact centre as exports in the formats of real systems."""
    from sample_data import write_sample

    with progress("Simulating a contact centre") as step:
        try:
            summary = write_sample(
                out,
                agents=agents,
                weeks=weeks,
                assignment=assignment,
                effect=effect,
                seed=seed,
                dirt=dirt,
                contacts_per_week=contacts_per_week,
                progress=step,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    screen.print(str(summary))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A folder of exports.", exists=True, file_okay=False)],
    out: Annotated[Path | None, typer.Option(help="Where to write; FOLDER/empathy.toml if not given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Look at a folder of exports and write a starting empathy.toml."""
    from etl.init import suggest

    target = out or folder / "empathy.toml"
    if target.exists() and not force:
        raise typer.BadParameter(f"{target} exists. Use --force to overwrite it, or --out for another place.")
    suggestion = suggest(folder, relative_to=target.parent)
    target.write_text(suggestion.toml, encoding="utf-8")
    for line in suggestion.lines:
        screen.print(line)
    screen.print(f"Wrote {target}. Lines marked DECIDE need you. Then: empathy check -c {shlex.quote(str(target))}")


@app.command()
def check(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Dry run: what would load, what would be rejected and why. Writes nothing."""
    from etl.build import check as dry_run

    with progress("Checking") as step:
        report = dry_run(_load(config), progress=step)
    if as_json:
        _emit(report.to_json())
    else:
        _print_files(report)
        for reason, rows in report.reasons.items():
            screen.print(f"{rows:>9,} rejected: {reason}")
    for stop in report.stops:
        screen.print(f"A build would stop: {stop}", style="red")
    if report.stops:
        raise typer.Exit(1)


@app.command()
def build(config: ConfigPath = DEFAULT_CONFIG, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Load the exports into a new version of the warehouse."""
    from etl.build import build as build_warehouse

    with progress("Building the warehouse") as step:
        report = build_warehouse(_load(config), as_of=as_of, progress=step)
    if as_json:
        _emit(report.to_json())
    else:
        _print_files(report)
        _print_books(report)
        screen.print(NOTHING_NEW if report.unchanged else f"Published {report.warehouse}, {UNESTIMATED}")


@app.command()
def estimate(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Estimate what training did, from the published warehouse, into a new version of it."""
    settings = _load(config)
    effects, version = _estimate_served(settings)
    if as_json:
        _emit({"run_id": version.run_id, "effects": effects})
    else:
        _print_effects(effects)


@app.command()
def run(config: ConfigPath = DEFAULT_CONFIG, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Build and estimate; readers see the new version only when both are done."""
    built, report, effects = _run(_load(config), as_of=as_of)
    if as_json:
        _emit(built | {"effects": effects})
    else:
        _print_files(report)
        _print_books(report)
        _print_effects(effects)


@app.command()
def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8050,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
) -> None:
    """Serve the dashboard."""
    _serve(config, host, port, workers)


@app.command()
def export(
    relation: Annotated[str, typer.Argument(help="A relation such as mart.agent_week or result.effect.")],
    out: Annotated[Path, typer.Option(help="A file ending in .csv, .parquet or .xlsx.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Export any mart or result, with a header that says where it comes from."""
    from etl.export import export as write

    with progress("Exporting"):
        rows = write(_load(config), relation, out)
    screen.print(f"Wrote {rows:,} rows of {relation} to {out}")


@app.command()
def doctor(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Is this machine, this configuration and this warehouse healthy?"""
    from etl.doctor import examine

    findings = examine(config)
    if as_json:
        _emit({"findings": [finding._asdict() for finding in findings]})
    else:
        marks = {"ok": "ok", "note": "note", "fault": "FAULT"}
        for finding in findings:
            screen.print(f"{marks[finding.status]:>6}  {finding.subject}: {finding.sentence}")
    if any(finding.status == "fault" for finding in findings):
        raise typer.Exit(1)


@rejects_app.command("list")
def rejects_list(
    config: ConfigPath = DEFAULT_CONFIG,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show rejected rows: file, line, every reason, and the masked text."""
    from etl.rejects import list_rejects

    found = list_rejects(_load(config), source=source, limit=limit + 1)
    rows = found[:limit]
    if as_json:
        _emit({"rejects": rows})
        return
    table = Table("file", "line", "reasons", "row (masked)", box=None)
    for row in rows:
        table.add_row(str(row["path"]), str(row["line"] or ""), "; ".join(row["reasons"]), str(row["raw"] or ""))
    _output().print(table if rows else "No row was rejected.")
    if len(found) > limit:
        screen.print(f"Shown are the first {limit:,}; --limit shows more, --source those of one source.")


@rejects_app.command("replay")
def rejects_replay(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Try rejected rows again after a fix, without the original files."""
    from etl.rejects import replay

    with progress("Trying rejected rows again") as step:
        report = replay(_load(config), progress=step)
    if as_json:
        _emit(report.to_json())
    else:
        screen.print(report.sentence)
        if not report.build.unchanged:
            screen.print(f"Published {report.build.warehouse}, {UNESTIMATED}")


@versions_app.command("list")
def versions_list(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show the versions that are kept, newest first; the served one is marked."""
    from etl.warehouse import Warehouse

    warehouse = Warehouse(_load(config).warehouse)
    served = warehouse.current().run_id
    rows = [
        {"run_id": v.run_id, "created_at": v.created_at, "has_results": v.has_results, "served": v.run_id == served}
        for v in reversed(warehouse.versions())
    ]
    if as_json:
        _emit({"versions": rows})
        return
    table = Table("run", "created", "estimates", "", box=None)
    for row in rows:
        table.add_row(
            str(row["run_id"]), f"{row['created_at']:%Y-%m-%d %H:%M} UTC", "yes" if row["has_results"] else "no",
            "served" if row["served"] else "",
        )  # fmt: skip
    _output().print(table)


@versions_app.command("rollback")
def versions_rollback(
    run_id: Annotated[str, typer.Argument(help="The version to serve again.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Serve an earlier version again; nothing is deleted."""
    from etl.publish import rollback

    version = rollback(_load(config).warehouse, run_id)
    screen.print(f"Serving {version.run_id} again.")


def _estimate_into(draft: Draft, settings: Config) -> list[dict[str, Any]]:
    from analysis.design import in_words
    from analysis.run import estimate_all
    from analysis.tables import effects_json
    from etl.kpis import configured

    catalogue = configured(settings)
    with progress("Estimating effects") as step:
        frames = estimate_all(draft.con, settings, catalogue, progress=lambda line, _share: step(line))
    draft.write_results(frames)
    for line in in_words(frames["design"], frames["design_note"]):
        screen.print(line, markup=False, highlight=False)
    return effects_json(frames)


def _draft(settings: Config, base: Version | None = None) -> Draft:
    from etl.publish import Draft

    engine = settings.engine
    return Draft.open(
        settings.warehouse,
        base=base,
        keep=engine.keep_versions,
        threads=engine.threads,
        memory_limit=engine.memory_limit,
    )


def _estimate_served(settings: Config) -> tuple[list[dict[str, Any]], Version]:
    from etl.warehouse import Warehouse

    with _draft(settings, base=Warehouse(settings.warehouse).current()) as draft:
        effects = _estimate_into(draft, settings)
        return effects, draft.publish()


def _run(settings: Config, as_of: date | None) -> tuple[dict[str, Any], BuildReport, list[dict[str, Any]]]:
    from etl.build import build as build_warehouse

    with _draft(settings) as draft:
        with progress("Building the warehouse") as step:
            report = build_warehouse(settings, as_of=as_of, progress=step, into=draft)
        if not report.unchanged:
            effects = _estimate_into(draft, settings)
            draft.publish()
            return report.to_json(), report, effects
    screen.print(NOTHING_NEW)
    effects, version = _estimate_served(settings)
    return report.to_json() | {"run_id": version.run_id, "warehouse": str(version.path)}, report, effects


def _serve(config: Path, host: str, port: int, workers: int) -> None:
    from dashboard.app import serve as serve_dashboard

    serve_dashboard(config, host=host, port=port, workers=workers)


def _become_server(config: Path, port: int) -> None:
    """Go on as ``empathy serve``, in this process but with nothing left of it.

    Servers are forked. One forked from a process that has estimated would wait forever for the threads of its
    libraries, which a fork does not take along.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, str(Path(__file__).resolve()), "serve", "--config", str(config), "--port", str(port)]
    os.execv(sys.executable, command)


def _print_files(report: BuildReport | CheckReport) -> None:
    table = Table("file", "source", box=None)
    for column in ("read", "loaded", "rejected", "duplicate"):
        table.add_column(column, justify="right")
    for file in report.to_json()["files"]:
        counts = [f"{file[column]:,}" for column in ("read", "loaded", "rejected", "duplicate")]
        table.add_row(str(file["path"]), file["source"], *counts)
    _output().print(table)


def _print_books(report: BuildReport) -> None:
    """Rows of every relation traced to files, ids matched, histories repaired, weeks restated, checks failed."""
    from etl.quality import example

    out = _output()
    for relation in report.reconciliation:
        out.print(f"{relation.relation}: {relation.sentence}")
    for source in report.coverage:
        out.print(
            f"[sources.{source.source}] {source.matched:,} of {source.ids:,} agent ids found their person "
            f"({source.ambiguous:,} ambiguous, {source.unknown:,} unknown): "
            f"{source.rows_matched:,} of {source.rows:,} rows"
        )
    mended = {kind: count for kind, count in report.repairs.counts.items() if count} if report.repairs else {}
    if mended:
        out.print("Team history repaired: " + ", ".join(f"{count:,} {kind}" for kind, count in mended.items()))
    if report.restated:
        weeks = len({change.week for change in report.restated})
        counted = f"{weeks:,} {'week' if weeks == 1 else 'weeks'}"
        out.print(f"Restated since the last version: {counted}; see meta.restatement")
    for check in report.checks:
        if check.status == "failed":
            out.print(f"{check.severity}: {check.sentence} {example(check.sample)}", markup=False, highlight=False)


def _print_effects(effects: list[dict[str, Any]]) -> None:
    out = _output()
    headlines = [effect for effect in effects if effect["slice"] == "overall" and effect["role"] == "headline"]
    width = max((len(effect["kpi"]) for effect in headlines), default=0)
    for effect in headlines:
        out.print(f"{effect['kpi']:<{width}} {effect['sentence']}")


def main() -> None:
    """Run the command line; a foreseen fault is one readable message and an exit code, never a traceback."""
    import duckdb

    from etl.errors import EmpathyError

    try:
        app()
    except EmpathyError as fault:
        screen.print(f"error: {fault}", style="red")
        sys.exit(fault.exit_code)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        screen.print(f"error: {where}{fault.strerror or fault}.", style="red")
        sys.exit(2)
    except duckdb.Error as fault:
        first = str(fault).splitlines()[0]
        screen.print(f"error: the database stopped: {first}. Nothing was published.", style="red")
        screen.print("If memory or disk ran out, free some or set [engine] memory_limit; else report this as a defect.")
        sys.exit(1)


if __name__ == "__main__":
    main()
