"""Status of the last run (a file beside the registry, present while the last run failed), and age of the data."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

FAILED = "FAILED.json"
"""Name of the file inside a warehouse folder."""


@dataclass(frozen=True)
class FailedRun:
    """A run that ended without publishing.

    Attributes
    ----------
    command : str
        Such as ``run``.
    at : str
        When it ended: ISO 8601, UTC.
    message : str
        What the command line said.
    """

    command: str
    at: str
    message: str


def failed_run(folder: Path) -> FailedRun | None:
    """The last run of a folder, where it failed; None where it did not, or the status is unknown."""
    try:
        found = json.loads((folder / FAILED).read_text(encoding="utf-8"))
        return FailedRun(str(found["command"]), str(found["at"]), str(found["message"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def record_failure(folder: Path, command: str, message: str, at: datetime) -> None:
    """Record that a run failed, if the folder can be written."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{FAILED}.tmp"
        text = json.dumps(asdict(FailedRun(command, at.isoformat(timespec="seconds"), message)))
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, folder / FAILED)


def clear_failure(folder: Path) -> None:
    """Remove the record of a failure after a run has published."""
    with contextlib.suppress(OSError):
        (folder / FAILED).unlink(missing_ok=True)


def days_late(ends: date, today: date, stale_days: int) -> int:
    """Age in days of stale data, 0 for data that are not stale; used by pages and the nightly alarm.

    Parameters
    ----------
    ends, today : date
        The last day of the data, and the current day.
    stale_days : int
        Largest age allowed, ``[project] stale_days``.
    """
    age = (today - ends).days
    return age if age > stale_days else 0
