"""``empathy backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from empathy.console import DEFAULT_CONFIG, ConfigPath, load_config, screen


def backup(
    out: Annotated[Path, typer.Argument(help="The file to write, ending in .tar.gz.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write the configuration, the files kept beside it and the served version to one file."""
    from etl.keeping.backup import backup as write

    done = write(load_config(config), out)
    held = f"version {done.run_id}" if done.run_id else "no version: nothing is published yet"
    screen.print(f"Wrote {out}: {done.files:,} files, {done.bytes / 1e6:,.1f} MB, {held}. The key is not in it.")


def restore(
    archive: Annotated[Path, typer.Argument(help="A file that `empathy backup` wrote.")],
    folder: Annotated[Path, typer.Argument(help="An empty folder to restore into.")],
) -> None:
    """Restore a backup into an empty folder."""
    from etl.keeping.backup import restore as read

    done = read(archive, folder)
    screen.print(f"Restored {done.files:,} files into {folder}. Serve it with: empathy serve -c {folder}/empathy.toml")
