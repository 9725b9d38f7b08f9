"""Files that survive a loss of power: flushed to disk before they get the name under which they are found."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on disk.

    Parameters
    ----------
    path : Path
        Exists.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def appear(building: Path, folder: Path) -> None:
    """Give a filled folder its name, once everything in it is on disk.

    Parameters
    ----------
    building : Path
        The folder.
    folder : Path
        Its name, beside it; must not exist.
    """
    for path in building.iterdir():
        flush(path)
    flush(building)
    os.replace(building, folder)
    flush(folder.parent)
