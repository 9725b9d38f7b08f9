"""``empathy forget``: erase one person from everything that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, progress, screen
from empathy.preparing import choose_after_publishing

if TYPE_CHECKING:
    from etl.configuration.model import Config
    from etl.keeping.forgetting import Forgotten


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
    settings = load_config(config)
    with progress("Forgetting"):
        every = [
            (name, erase(each, "agent" if agent else "customer", agent or customer or []))
            for name, each in _programmes(settings)
        ]
    left = any(done.left for _, done in every)
    if as_json:
        first, *others = [asdict(done) for _, done in every]
        emit(first | ({"programmes": dict(zip([n for n, _ in every[1:]], others, strict=True))} if others else {}))
    else:
        for name, done in every:
            _say(f"{name}: " if len(every) > 1 else "", done)
        screen.print(
            "Take the person out of the exports and of backups too, and out of logs you keep: the next build reads the "
            "exports again."
        )
    choose_after_publishing(settings)
    if left:
        raise typer.Exit(1)


def _programmes(config: Config) -> list[tuple[str, Config]]:
    """Programmes that may hold the person: this one, and those of ``[[programmes]]`` with a warehouse."""
    from etl.warehouse.reader import Warehouse

    found = [(config.programme.name, config)]
    for other in config.programmes:
        if other.config:
            own = load_config(config.folder / other.config)
            if Warehouse(own.warehouse).versions():
                found.append((other.name, own))
    return found


def _say(name: str, done: Forgotten) -> None:
    screen.print(
        f"{name}{done.rows:,} rows left out, {done.files:,} read files and {done.versions:,} earlier versions removed. "
        f"Serving {done.run_id}."
    )
    for place in done.left:
        screen.print(f"{name}still there: {place}", style="red")
    for place in done.beside:
        screen.print(f"{name}named beside the warehouse: {place}. Take the person out of it.", style="yellow")
    if not done.left:
        screen.print(f"{name}Searched: no id or pseudonym of this person is left in the warehouse folder.")
