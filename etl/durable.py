"""Durable files: flushed to disk before they are renamed to their final name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on disk.

    Parameters
    ----------
    path : Path
        Exists. Folders are not flushed on Windows, which does not allow it and writes directory entries itself.
    """
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def appear(building: Path, folder: Path) -> None:
    """Rename a filled folder to its final name, once its content is on disk.

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
    """Delete a file if it exists; on Windows a file that a reader holds open stays.

    Parameters
    ----------
    path : Path
        The file. If it stays, the next run that clears the folder deletes it.
    """
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
