"""What is kept beside a version and was worked out from it: guarded like the version, deleted with it.

Which cells of a version readers of a shared dashboard may be told takes minutes to choose and is the same each time, so
it is kept in a file of the version's name. What is in the file is nobody's business here; who may have written it is.
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
"""Ends the name of the file with the cells of a version, which else has the version's name."""
MODE = 0o640
"""Written by its owner alone, read by the group that may read the version."""
MOST_BYTES = 256 * 2**20
_LOG = logging.getLogger("empathy.warehouse")


def cells_path(version: Path) -> Path:
    """The file with the cells of a version, by the version's file."""
    return version.with_suffix(CELLS)


def delete_version(version: Path) -> None:
    """Delete the file of a version, and what is kept beside it.

    Parameters
    ----------
    version : Path
        The version's file; what is not there is no fault.
    """
    delete(version)
    delete(cells_path(version))


def read_beside(version: Path) -> bytes | None:
    """What is kept beside a version; None where nothing is, or where others than its owner could have written it.

    Parameters
    ----------
    version : Path
        The version's file, whose owner may have written what is beside it, as may whoever asks.
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
    """Why a file could be from somebody else than its owner or the owner of the version; empty where it could not."""
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return "it is no file of its own"
    if found.st_size > MOST_BYTES:
        return "it is larger than any that is written here"
    if os.name == "nt":  # rights are those of the folder
        return ""
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others than its owner may write it"
    try:
        owners = {os.geteuid(), version.stat().st_uid}
    except OSError:
        return "its version is gone"
    return "" if found.st_uid in owners else "it belongs to somebody else than the version"


def write_beside(version: Path, content: bytes) -> bool:
    """Keep something beside a version: the file is whole or not there. Whether it could be written.

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
    except OSError as error:  # whoever only serves may have no right to write here
        _LOG.info("%s is not kept (%s)", path.name, error.strerror)
        return False
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
