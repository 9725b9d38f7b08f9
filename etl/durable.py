"""Files that survive a loss of power: flushed to disk before they get the name under which they are found."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on disk.

    Parameters
    ----------
    path : Path
        Exists. Windows opens no folder, and writes the names in it to disk by itself: there a folder is not waited for.
    """
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
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


def delete(path: Path) -> None:
    """Delete a file if it is there; one that a reader holds open where the system forbids it (Windows) stays.

    Parameters
    ----------
    path : Path
        What stays is deleted by the next run that clears the folder.
    """
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
