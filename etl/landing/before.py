"""``[sources.NAME] before``: a command that brings a source's files to where they are read, run before every build."""

from __future__ import annotations

from collections.abc import Callable

from etl.configuration.model import Config
from etl.errors import EmpathyError
from etl.landing.command import run_command

FOLDER = "before"
"""Folder inside the warehouse's for what the commands said, a file a source."""


class BeforeError(EmpathyError):
    """A source's command failed; its files may be old or incomplete, so nothing is read."""

    exit_code = 1


def run_before(config: Config, say: Callable[[str], None]) -> None:
    """Run the commands of all sources that have one, in the order of the configuration.

    Parameters
    ----------
    config : Config
    say : callable
        Called with each source's name before its command starts.

    Raises
    ------
    BeforeError
        When one cannot be started, ends with another code than 0, or takes too long.
    """
    for name, source in config.sources.items():
        if not source.before:
            continue
        say(f"[sources.{name}] {source.before}")
        log = config.warehouse / FOLDER / f"{name}.log"
        outcome = run_command(source.before, config.path.parent, log, source.before_seconds)
        if outcome.fault:
            told = f' It said last: "{outcome.last_line}".' if outcome.last_line else ""
            raise BeforeError(
                f"[sources.{name}] before: `{source.before}` {outcome.fault}, so nothing was read or published.{told} "
                f"All it said is in {log}."
            )
