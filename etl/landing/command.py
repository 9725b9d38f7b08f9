"""Run a command of the configuration: without a shell, with a time limit, its output kept in a file."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KEPT_FROM_COMMANDS = ("EMPATHY_KEY", "EMPATHY_SECRET")
"""Secrets of the environment that no command of the configuration is given."""
_LAST_WORDS = 200


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes
    ----------
    fault : str
        The error, as the end of a sentence; empty where it ended with code 0.
    last_line : str
        Last line of its output.
    """

    fault: str
    last_line: str


def run_command(command: str, folder: Path, log: Path, seconds: float, message: str = "") -> Outcome:
    """Run a command of the configuration to its end, or until its time is up.

    Parameters
    ----------
    command : str
        Program and arguments, split as a shell would; no other part of a shell is understood.
    folder : Path
        Where it runs: the folder of the configuration.
    log : Path
        File for its standard output and error, written anew.
    seconds : float
        After so long it is ended, with every process it started (on Windows the program alone).
    message : str
        Given to it on standard input.

    Returns
    -------
    Outcome

    Raises
    ------
    OSError
        When the log cannot be written.
    """
    windows = sys.platform == "win32"
    parts = shlex.split(command, posix=not windows)
    environment = {name: value for name, value in os.environ.items() if name not in KEPT_FROM_COMMANDS}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        try:
            process = subprocess.Popen(
                parts,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=not windows,
            )
        except (OSError, ValueError, IndexError) as error:
            return Outcome(f"could not be started ({getattr(error, 'strerror', None) or error})", "")
        try:
            process.communicate(message.encode(), timeout=seconds)
            fault = "" if process.returncode == 0 else f"ended with code {process.returncode}"
        except subprocess.TimeoutExpired:
            _end(process)
            fault = f"was ended after {seconds:g} seconds"
        except BaseException:  # an interrupt: what it started must not go on by itself
            _end(process)
            raise
    return Outcome(fault, _last_line(log))


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:_LAST_WORDS] if lines else ""
