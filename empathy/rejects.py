"""``empathy rejects``: rows that could not be loaded."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from empathy.building import UNESTIMATED
from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, output, progress, screen

rejects_app = typer.Typer(help="Rows that could not be loaded, and why.", no_args_is_help=True)


@rejects_app.command("list")
def rejects_list(
    config: ConfigPath = DEFAULT_CONFIG,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 50,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Instead, rows that gave way to another with the same key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show rejected rows: file, line, every reason, and the masked text."""
    from etl.rejects import list_duplicates, list_rejects

    if duplicates:
        listed = list_duplicates(load_config(config), source=source, limit=limit)
        if as_json:
            emit({"duplicates": listed})
            return
        table = Table("kind", "file", "line", "same key as", "line", box=None)
        for row in listed:
            table.add_row(row["kind"], row["path"], str(row["line"]), row["kept_path"], str(row["kept_line"]))
        output().print(table if listed else "No row has the key of another.")
        return
    found = list_rejects(load_config(config), source=source, limit=limit + 1)
    rows = found[:limit]
    if as_json:
        emit({"rejects": rows})
        return
    table = Table("file", "line", "reasons", "row (masked)", box=None)
    for row in rows:
        table.add_row(str(row["path"]), str(row["line"] or ""), "; ".join(row["reasons"]), str(row["raw"] or ""))
    output().print(table if rows else "No row was rejected.")
    if len(found) > limit:
        screen.print(f"Shown are the first {limit:,}; --limit shows more, --source those of one source.")


@rejects_app.command("replay")
def rejects_replay(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Try rejected rows again after a fix, without the original files."""
    from etl.rejects import replay

    with progress("Trying rejected rows again") as step:
        report = replay(load_config(config), progress=step)
    if as_json:
        emit(report.to_json())
    else:
        screen.print(report.sentence)
        if not report.build.unchanged:
            screen.print(f"Published {report.build.warehouse}, {UNESTIMATED}")
