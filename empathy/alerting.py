"""Alerts of nightly commands: report failed runs and stale data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from empathy.console import screen

if TYPE_CHECKING:
    from etl.configuration.model import Config

LOG = "alert.log"
"""Log file in the warehouse folder for the output of the ``[alerts]`` command."""


@contextmanager
def watched(settings: Config, command: str) -> Iterator[None]:
    """Record and report a failed publishing command, and published data that are stale.

    Parameters
    ----------
    settings : Config
        ``[alerts] command`` is given the message; every page shows a failure until a run publishes.
    command : str
        Name of the command.
    """
    import duckdb

    from etl.errors import EmpathyError
    from etl.warehouse.run_status import clear_failure, record_failure

    try:
        yield
    except (EmpathyError, OSError, MemoryError, duckdb.Error) as fault:
        message = str(fault).strip().splitlines()
        words = " ".join(line.strip() for line in message) or type(fault).__name__
        record_failure(settings.warehouse, command, words, datetime.now(UTC))
        tell(settings, f"{settings.project.name}: `empathy {command}` failed. {words}")
        raise
    clear_failure(settings.warehouse)
    late = _late(settings)
    if late:
        screen.print(f"warning: {late}")
        tell(settings, f"{settings.project.name}: {late}")


def tell(settings: Config, message: str) -> None:
    """Pass a message to the ``[alerts]`` command; its failure is only reported on standard error."""
    from etl.landing.command import run_command

    alerts = settings.alerts
    if not alerts.command:
        return
    try:
        log = settings.warehouse / LOG
        outcome = run_command(alerts.command, settings.path.parent, log, alerts.timeout_seconds, f"{message}\n")
    except OSError as error:
        screen.print(f"warning: [alerts] command was not run ({error.strerror or error}).")
        return
    if outcome.fault:
        told = f" ({outcome.last_line})" if outcome.last_line else ""
        screen.print(f"warning: [alerts] command `{alerts.command}` {outcome.fault}{told}.")


def _late(settings: Config) -> str:
    """Message that the published data are older than ``[project] stale_days``; empty where they are not."""
    from etl.warehouse.reader import Warehouse
    from etl.warehouse.run_status import days_late

    with Warehouse(settings.warehouse).reader() as cursor:
        row = cursor.execute("select max(data_to) from meta.run").fetchone()
    if row is None or row[0] is None:
        return ""
    ends: date = row[0].date() if isinstance(row[0], datetime) else row[0]
    age = days_late(ends, settings.project.today or date.today(), settings.project.stale_days)
    return f"the data end on {ends}, {age} days ago." if age else ""
