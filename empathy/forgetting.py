"""``empathy forget``: one person out of everything that is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, progress, screen


def forget(
    config: ConfigPath = DEFAULT_CONFIG,
    agent: Annotated[list[str] | None, typer.Option(help="An id of the agent; repeat it for every id.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="An id of the customer; repeat it for every id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase one agent or customer from versions, read files and reject lists, and prove it."""
    from dataclasses import asdict

    from etl.keeping.forgetting import forget as erase

    if bool(agent) == bool(customer):
        raise typer.BadParameter("Name one person: --agent ID or --customer ID, each id of theirs once.")
    with progress("Forgetting"):
        done = erase(load_config(config), "agent" if agent else "customer", agent or customer or [])
    if as_json:
        emit(asdict(done))
    else:
        screen.print(
            f"{done.rows:,} rows left out, {done.files:,} read files and {done.versions:,} earlier versions removed. "
            f"Serving {done.run_id}. Take the person out of the exports and of backups too, and out of logs you keep: "
            "the next build reads the exports again."
        )
        for place in done.left:
            screen.print(f"still there: {place}", style="red")
        for place in done.beside:
            screen.print(f"named beside the warehouse: {place}. Take the person out of it.", style="yellow")
        if not done.left:
            screen.print("Searched: no id or pseudonym of this person is left in the warehouse folder.")
    if done.left:
        raise typer.Exit(1)
