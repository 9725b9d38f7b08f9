"""Shared by all commands: options, progress, output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from etl.configuration.model import Config


ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def read_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no day; write year, month and day, such as 2025-06-30.') from None


AsOf = Annotated[
    date | None,
    typer.Option(parser=read_day, metavar="YYYY-MM-DD", help="Use only what was known by this day."),
]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")]
DEFAULT_CONFIG = Path("empathy.toml")
screen = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
WIDE = 160
"""Width, in characters, of tables written to a file or a pipe."""


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Show the current step and its duration; plain lines where standard error is not a terminal.

    Parameters
    ----------
    title : str
        Name of the whole task.

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
    except KeyboardInterrupt:  # the command-line parser turns it into exit code 130 without a message
        screen.print("Stopped; nothing was published.")
        raise
    screen.print(f"{title}: done in {time.monotonic() - started:.1f} s.")


def load_config(path: Path) -> Config:
    from etl.configuration.model import load

    return load(path)


def output() -> Console:
    out = Console(highlight=False, soft_wrap=True, markup=False)
    return out if out.is_terminal else Console(highlight=False, soft_wrap=True, markup=False, width=WIDE)


def emit(payload: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload, default=str, allow_nan=False) + "\n")
