"""A file beside each version with results computed from it: same access rights, deleted with the version.

Choosing the cells of a version that a shared dashboard may disclose takes minutes and always gives the same result, so
it is stored in a file named after the version. This module does not interpret the content; it checks who may have
written it.
"""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from etl.durable import delete, flush

CELLS = ".cells"
"""Suffix of the file with the cells of a version."""
MODE = 0o640
"""File mode: written by the owner, read by the group that may read the version."""
MOST_BYTES = 256 * 2**20
_LOG = logging.getLogger("empathy.warehouse")


def cells_path(version: Path) -> Path:
    """The file with the cells of a version, by the version's file."""
    return version.with_suffix(CELLS)


def delete_version(version: Path) -> None:
    """Delete the file of a version, and the file beside it.

    Parameters
    ----------
    version : Path
        The version's file; missing files are ignored.
    """
    delete(version)
    delete(cells_path(version))


def read_beside(version: Path) -> bytes | None:
    """Content of the file beside a version; None where there is none, or where others than its owner could have written
    it.

    Parameters
    ----------
    version : Path
        The version's file; its owner and the current user are trusted as writers.
    """
    path = cells_path(version)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        _LOG.warning("%s is not used: it cannot be opened (%s)", path.name, error.strerror)
        return None
    try:
        why = _distrusted(os.fstat(descriptor), version)
        if why:
            _LOG.warning("%s is not used: %s", path.name, why)
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(descriptor)


def _distrusted(found: os.stat_result, version: Path) -> str:
    """Why a file may have been written by somebody else than the current user or the version's owner; empty where
    not."""
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return "it is no file of its own"
    if found.st_size > MOST_BYTES:
        return "it is larger than any that is written here"
    if os.name == "nt":  # on this system access rights are those of the folder
        return ""
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others than its owner may write it"
    try:
        owners = {os.geteuid(), version.stat().st_uid}
    except OSError:
        return "its version is gone"
    return "" if found.st_uid in owners else "it belongs to somebody else than the version"


def write_beside(version: Path, content: bytes) -> bool:
    """Write the file beside a version, atomically; return whether it could be written.

    Parameters
    ----------
    version : Path
        The version's file; where it is gone nothing is written.
    content : bytes
    """
    path = cells_path(version)
    part = None
    try:
        descriptor, name = tempfile.mkstemp(dir=version.parent, prefix=f".{path.name}.")
        part = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(part, MODE)
        flush(part)
        if not version.exists():
            return False
        os.replace(part, path)
        flush(version.parent)
        return True
    except OSError as error:  # a process that only serves may lack write access
        _LOG.info("%s is not kept (%s)", path.name, error.strerror)
        return False
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
