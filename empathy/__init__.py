"""The command line: one command per task; the logic is in the other packages.

Exit codes: 0 done; 1 the data fail a stop-rule or a check, nothing was published; 2 wrong usage or configuration.
With ``--json`` a command prints exactly one JSON object on standard output; everything else goes to standard error.

A command is a function in one of the modules of this package and a line in :data:`COMMANDS`.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

import typer

from empathy.backups import backup, restore
from empathy.building import build, check, init
from empathy.changing import changes
from empathy.console import emit, screen
from empathy.estimating import estimate, export, run
from empathy.forgetting import forget
from empathy.keys import key
from empathy.listening import listen
from empathy.planning import plan
from empathy.preparing import prepare
from empathy.rejects import rejects_app
from empathy.reporting import report
from empathy.serving import demo, sample, serve
from empathy.versions import doctor, versions_app

# One BLAS thread is faster than several for systems of a few hundred weeks.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = (
    demo, sample, init, check, build, estimate, run, serve, report, export, changes, plan, listen, doctor, key, forget,
    backup, restore, prepare,
)  # fmt: skip
"""Commands in the order of ``empathy --help``."""

AS_JSON = "--json"

app = typer.Typer(
    name="empathy",
    help="What empathy training did to the business, measured so that it can be believed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in COMMANDS:
    app.command()(_command)
app.add_typer(rejects_app, name="rejects")
app.add_typer(versions_app, name="versions")


def main() -> None:
    """Run the command line; expected errors give one message and an exit code, never a traceback.

    With ``--json`` the message is a JSON object too, on standard output, with ``error`` and ``exit_code``.
    """
    import duckdb

    from etl.errors import EmpathyError

    try:
        if AS_JSON in sys.argv:
            _with_json()
        else:
            app()
    except EmpathyError as fault:
        _fail(f"error: {fault}", fault.exit_code)
    except OSError as fault:
        if fault.errno == errno.ENOSPC:
            _fail_for_room(str(fault.filename or ""))
        where = f"{fault.filename}: " if fault.filename else ""
        _fail(f"error: {where}{fault.strerror or fault}.", 2)
    except duckdb.Error as fault:
        first = str(fault).splitlines()[0]
        if full := _NO_ROOM.search(str(fault)):
            _fail_for_room(full[1] or "")
        _fail(
            f"error: this could not be computed ({first}). Nothing was published.", 1,
            "If memory or disk ran out, free some or set [engine] memory_limit; else report this as a defect.",
        )  # fmt: skip


def _with_json() -> None:
    """Run a command, reporting usage errors as JSON too."""
    command = typer.main.get_command(app)
    try:
        sys.exit(command.main(standalone_mode=False) or 0)
    except Exception as fault:  # typer has its own copies of these classes
        if isinstance(fault, typer.Abort):
            sys.exit(130)
        if not hasattr(fault, "format_message"):
            raise
        _fail(f"error: {fault.format_message()}", int(getattr(fault, "exit_code", 2)))


_NO_ROOM = re.compile(
    r'(?:"([^"\\]+|[A-Z]:[^"]+?)\\?": )?(?:No space left on device|There is not enough space on the disk)'
)
"""DuckDB's message for a full disk, with the file being written; in JSON, quotation marks are escaped."""


def _fail_for_room(file: str) -> NoReturn:
    there = [folder for folder in Path(file).parents if folder.is_dir()]  # the unfinished build has been removed
    where = f"{there[0]}: " if file and there else ""
    _fail(f"error: {where}the disk is full. Nothing was published.", 2, "Free some room there and run it again.")


def _fail(message: str, exit_code: int, advice: str = "") -> NoReturn:
    screen.print(message, style="red")
    if advice:
        screen.print(advice)
    if AS_JSON in sys.argv:
        emit({"error": message.removeprefix("error: "), "exit_code": exit_code})
    sys.exit(exit_code)
