"""``empathy versions`` and ``doctor``: published versions, and health check."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, output, screen
from empathy.preparing import choose_after_publishing

versions_app = typer.Typer(help="Published warehouse versions.", no_args_is_help=True)


def doctor(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Is this machine, this configuration and this warehouse healthy?"""
    from etl.doctor import examine

    findings = examine(config)
    if as_json:
        emit({"findings": [finding._asdict() for finding in findings]})
    else:
        marks = {"ok": "ok", "note": "note", "fault": "FAULT"}
        for finding in findings:
            screen.print(f"{marks[finding.status]:>6}  {finding.subject}: {finding.sentence}")
    if any(finding.status == "fault" for finding in findings):
        raise typer.Exit(1)


@versions_app.command("list")
def versions_list(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show the versions that are kept, newest first; the served one is marked."""
    from etl.warehouse.reader import Warehouse

    warehouse = Warehouse(load_config(config).warehouse)
    served = warehouse.current().run_id
    rows = [
        {"run_id": v.run_id, "created_at": v.created_at, "has_results": v.has_results, "served": v.run_id == served}
        for v in reversed(warehouse.versions())
    ]
    if as_json:
        emit({"versions": rows})
        return
    table = Table("run", "created", "estimates", "", box=None)
    for row in rows:
        table.add_row(
            str(row["run_id"]), f"{row['created_at']:%Y-%m-%d %H:%M} UTC", "yes" if row["has_results"] else "no",
            "served" if row["served"] else "",
        )  # fmt: skip
    output().print(table)


@versions_app.command("rollback")
def versions_rollback(
    run_id: Annotated[str, typer.Argument(help="The version to serve again.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Serve an earlier version again; nothing is deleted."""
    from etl.warehouse.publish import rollback

    settings = load_config(config)
    version = rollback(settings.warehouse, run_id)
    screen.print(f"Serving {version.run_id} again.")
    choose_after_publishing(settings)
