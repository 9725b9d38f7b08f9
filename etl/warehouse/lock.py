"""One writer at a time: the lock of a warehouse folder."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from etl.warehouse.reader import WarehouseError

LOCK_FILE = ".lock"
HOLDER_FILE = ".lock-holder"
"""File that says who holds the lock. Separate from the lock file, which some systems do not let others read."""


class WarehouseBusyError(WarehouseError):
    """Another run is writing to this folder."""


def take_lock(folder: Path, purpose: str) -> FileLock:
    """Take the exclusive lock of a warehouse folder; the operating system frees it when its holder dies.

    Parameters
    ----------
    folder : Path
        Made when absent.
    purpose : str
        Name of the holder's task, shown to processes that are refused.

    Returns
    -------
    FileLock
        Give it back with ``release()``.

    Raises
    ------
    WarehouseBusyError
        When another run holds the folder.
    WarehouseError
        When the folder cannot be written or locked.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=0, thread_local=False)
    holder = folder / HOLDER_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        holder.write_text(f"process {os.getpid()}, {purpose}\n", encoding="utf-8")
    except Timeout:
        raise WarehouseBusyError(
            f"{folder} is being written by another run ({_words_of(holder)}). Wait for it to end, then try again."
        ) from None
    except OSError as error:
        lock.release()
        raise WarehouseError(
            f"{folder} cannot be written ({error.strerror}). Choose another [project] warehouse, or change its rights."
        ) from None
    return lock


def _words_of(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace")[:200].strip() or "unknown"
    except OSError:
        return "unknown"
