"""``empathy init``, ``check``, ``build``: load exports into a version of the warehouse."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from empathy.alerting import watched
from empathy.console import DEFAULT_CONFIG, AsJson, AsOf, ConfigPath, emit, load_config, output, progress, screen
from empathy.preparing import choose_after_publishing

if TYPE_CHECKING:
    from etl.marts.quality import DataCheckResult
    from etl.marts.reports import BuildReport, CheckReport
    from etl.onboarding.suggest import Suggestion


NOTHING_NEW = "Nothing is new since the served version: its marts stand."
UNESTIMATED = "without estimates yet: `empathy estimate` adds them."


def init(
    folder: Annotated[Path, typer.Argument(help="A folder of exports.", exists=True, file_okay=False)],
    out: Annotated[Path | None, typer.Option(help="Where to write; FOLDER/empathy.toml if not given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="Ask here for what has to be decided.")] = False,
) -> None:
    """Look at a folder of exports and write a starting empathy.toml."""
    from etl.onboarding.suggest import suggest

    target = out or folder / "empathy.toml"
    if target.exists() and not force:
        raise typer.BadParameter(f"{target} exists. Use --force to overwrite it, or --out for another place.")
    suggestion = suggest(folder, relative_to=target.parent)
    for line in suggestion.lines:
        screen.print(line, markup=False)
    toml = _decided(suggestion) if ask else suggestion.toml
    target.write_text(toml, encoding="utf-8")
    for line in suggestion.promise:
        screen.print(line, markup=False)
    waiting = "" if ask else " Lines marked DECIDE need you."
    screen.print(f"Wrote {target}.{waiting} Then: empathy check -c {shlex.quote(str(target))}", markup=False)


def _decided(suggestion: Suggestion) -> str:
    """Ask every question in the terminal, with the proposal and a few masked values; Enter takes the proposal."""
    from etl.onboarding.decisions import decisions, settled

    answers = {}
    asked = [decision for decision in decisions(suggestion.toml) if decision.key]
    for number, decision in enumerate(asked, start=1):
        where = f"({number} of {len(asked)}) [{decision.section}] {decision.key}"
        screen.print(f"{where}: {decision.question}", markup=False)
        column = decision.proposal.strip('"')
        if column in suggestion.examples:
            screen.print(f"    such as {', '.join(suggestion.examples[column])}", markup=False)
        answers[decision] = typer.prompt("    Answer", default=decision.proposal, show_default=bool(decision.proposal))
    left = {decision: "" for decision in decisions(suggestion.toml) if not decision.key}
    return settled(suggestion.toml, {**answers, **left})


def check(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Dry run: what would load, what would be rejected and why. Writes nothing."""
    from etl.build import check as dry_run

    with progress("Checking") as step:
        report = dry_run(load_config(config), progress=step)
    if as_json:
        emit(report.to_json())
    else:
        print_files(report)
        for reason, rows in report.reasons.items():
            screen.print(f"{rows:>9,} rejected: {reason}")
        for span in report.spans:
            days = f"{span.first_day} to {span.last_day}" if span.first_day else "no day"
            screen.print(f"[sources.{span.source}] {span.relation}: {span.rows:,} rows, {days}", markup=False)
        for silence in report.silences:
            screen.print(f"silent: {silence}", markup=False)
        print_checks(report.checks)
        if report.without_data:
            screen.print(report.without_data, markup=False)
    for stop in report.stops:
        screen.print(f"A build would stop: {stop}", style="red")
    if report.stops:
        raise typer.Exit(1)


def build(config: ConfigPath = DEFAULT_CONFIG, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Load the exports into a new version of the warehouse."""
    from etl.build import build as build_warehouse

    settings = load_config(config)
    with watched(settings, "build"), progress("Building the warehouse") as step:
        report = build_warehouse(settings, as_of=as_of, progress=step)
    if as_json:
        emit(report.to_json())
    else:
        print_files(report)
        print_build(report)
        screen.print(NOTHING_NEW if report.unchanged else f"Published {report.warehouse}, {UNESTIMATED}")
    choose_after_publishing(settings)


def print_files(report: BuildReport | CheckReport) -> None:
    table = Table("file", "source", box=None)
    for column in ("read", "loaded", "rejected", "duplicate"):
        table.add_column(column, justify="right")
    for file in report.to_json()["files"]:
        counts = [f"{file[column]:,}" for column in ("read", "loaded", "rejected", "duplicate")]
        table.add_row(str(file["path"]), file["source"], *counts)
    output().print(table)


def print_build(report: BuildReport) -> None:
    """Print reconciliation of rows, matched ids, repaired histories, restated weeks and failed checks."""
    out = output()
    for relation in report.reconciliation:
        out.print(f"{relation.relation}: {relation.sentence}")
    for source in report.coverage:
        out.print(
            f"[sources.{source.source}] {source.matched:,} of {source.ids:,} agent ids were matched to a person "
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
    print_checks(report.checks)
    if report.without_data:
        out.print(f"{report.without_data} `empathy check` says what to export.", markup=False, highlight=False)


def print_checks(found: Iterable[DataCheckResult]) -> None:
    """Print the results of checks, with the first violating row of each."""
    from etl.marts.quality import example

    for check in found:
        if check.status == "failed":
            said = f"{check.severity}: {check.sentence} {example(check.sample)}"
            output().print(said, markup=False, highlight=False)
