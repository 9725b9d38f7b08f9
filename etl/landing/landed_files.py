"""Find files that landed before and need not be read again, by content and not by date.

The key of a landing folder is a hash of everything the outcome depends on: the file's content, the source's section of
the configuration, its time zone, the contracts, and the code that reads and compiles. Any change of any of them gives
another folder; what is there is never changed.

A file's hash is remembered with its size and time of change, so that a run with nothing new reads no file at all. A
file changed within two seconds of being hashed is hashed again next time: its time of change is too coarse. So are
groups of landing folders in which no key repeats. ``index.json`` says from which folders the last version was built.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from etl.code_hash import code_hash
from etl.configuration.formats import FORMATS
from etl.configuration.model import Config
from etl.contracts.tables import CONTRACTS
from etl.reading.text_file import hash_of

RACY_NS = 2_000_000_000
_READING_CODE = (
    "etl.contracts",
    "etl.file_kinds",
    "etl.landing",
    "etl.privacy",
    "etl.reading",
    "etl.scrubbing",
    "etl.sources",
    "etl.sql_text",
    "etl.timezones",
)
"""Packages and modules whose code decides what a landed file holds."""


def reading_key(config: Config, source_name: str) -> str:
    """Return the hash of everything except content on which reading a source's files depends.

    Parameters
    ----------
    config : Config
    source_name : str
    """
    source = config.sources[source_name]
    section = source.model_dump(mode="json", exclude={"path", "max_reject_share", "optional", "begins", "ends"})
    parts = {
        "name": source_name,
        "section": section,
        "zone": config.source_timezone(source_name),
        "ids_are_names": config.identity.ids_are_names,
        "contracts": hashlib.sha256(repr(CONTRACTS).encode()).hexdigest(),
        "format": code_hash(FORMATS[source.format]),
        "code": [code_hash(name) for name in _READING_CODE],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def file_id(source_name: str, shown: str, sha256: str) -> str:
    """Return the identity of one file with one content in one source: twelve hexadecimal characters."""
    return hashlib.sha256(f"{source_name}\n{shown}\n{sha256}".encode()).hexdigest()[:12]


def folder_name(identity: str, key: str) -> str:
    """Return the name of a landing folder: the file's identity first, at a fixed place."""
    return f"{identity}-{key[:16]}"


class Hashes:
    """Remembered hashes of files, kept in ``landing/hashes.json``.

    Parameters
    ----------
    folder : Path
        The landing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "hashes.json"
        self._changed = False
        self._known: dict[str, list[int | str]] = {}
        try:
            read = json.loads(self._file.read_text(encoding="utf-8"))
            self._known = {name: value for name, value in read.items() if len(value) == 5}
        except (OSError, ValueError, TypeError, AttributeError):
            pass
        self._seen: set[str] = set()

    def remembered(self, path: Path) -> tuple[str, int] | None:
        """Return a file's SHA-256 and size when it has not changed since it was hashed; the file is not read.

        Parameters
        ----------
        path : Path
        """
        now = path.stat()
        known = self._known.get(str(path))
        if known is None or known[:3] != [now.st_size, now.st_mtime_ns, now.st_ino] or known[3] != 1:
            return None
        self._seen.add(str(path))
        return str(known[4]), now.st_size

    def of(self, path: Path) -> tuple[str, int]:
        """Read a file; return its SHA-256 and size, and remember them.

        Parameters
        ----------
        path : Path
        """
        before = path.stat()
        name = str(path)
        self._seen.add(name)
        digest = hash_of(path)
        after = path.stat()
        settled = after.st_mtime_ns == before.st_mtime_ns and _now_ns(path) - after.st_mtime_ns > RACY_NS
        self._known[name] = [before.st_size, before.st_mtime_ns, before.st_ino, int(settled), digest]
        self._changed = True
        return digest, before.st_size

    def still_holds(self, path: Path) -> bool:
        """Whether a file is as it was when it was hashed, by its size, time of change and place on disk.

        Parameters
        ----------
        path : Path
        """
        try:
            now = path.stat()
        except OSError:
            return False
        return self._known[str(path)][:3] == [now.st_size, now.st_mtime_ns, now.st_ino]

    def save(self) -> None:
        """Write the hashes used in this run; others are dropped."""
        if not self._changed and self._seen == set(self._known):
            return
        kept = {name: value for name, value in self._known.items() if name in self._seen}
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(self._file, kept)


class Distinct:
    """Groups of landed files known to have no repeated key, kept in ``landing/distinct.json``.

    Parameters
    ----------
    folder : Path
        The landing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "distinct.json"
        try:
            self._known = set(json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self._known = set()
        self._seen: set[str] = set()

    def holds(self, what: str, folders: Iterable[str], find: Callable[[], bool]) -> bool:
        """Whether no key repeats, from memory where it was found before.

        Parameters
        ----------
        what : str
            The table and source looked at.
        folders : iterable of str
            Names of the landing folders that hold them, in the order in which they are read.
        find : callable
            Finds out.
        """
        rules = [code_hash("etl.landing")]
        digest = hashlib.sha256("\n".join([what, *rules, *folders]).encode()).hexdigest()
        if digest not in self._known and not find():
            return False
        self._seen.add(digest)
        return True

    def save(self) -> None:
        """Write the groups used in this run; others are dropped."""
        if self._seen != self._known:
            _replace(self._file, sorted(self._seen))


def _replace(file: Path, content: object) -> None:
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    os.replace(temporary, file)


def _now_ns(path: Path) -> int:
    """The file system's clock, as seen by reading the file: its access time, or the machine's when that is older."""
    return max(time.time_ns(), path.stat().st_atime_ns)


def sweep(folder: Path, keep: Iterable[str]) -> int:
    """Remove landing folders that are not in ``keep``, and remains of interrupted runs.

    Parameters
    ----------
    folder : Path
        The landing folder.
    keep : iterable of str
        Names of folders in use.

    Returns
    -------
    int
        Number of folders removed.
    """
    wanted = set(keep)
    removed = 0
    if not folder.is_dir():
        return 0
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in wanted:
            shutil.rmtree(entry, ignore_errors=True)
            removed += 1
        elif entry.suffix == ".tmp":
            entry.unlink(missing_ok=True)
    return removed


def expire(folder: Path, days: int | None) -> None:
    """Remove landing folders written more than some days ago; the next build reads those exports again.

    Parameters
    ----------
    folder : Path
        The landing folder.
    days : int or None
        None keeps everything, 0 nothing.
    """
    if days is None or not folder.is_dir():
        return
    oldest = time.time() - days * 86_400
    gone = [entry for entry in folder.iterdir() if entry.is_dir() and (days == 0 or entry.stat().st_mtime < oldest)]
    for entry in gone:
        shutil.rmtree(entry, ignore_errors=True)


def save_index(folder: Path, run_id: str, names: Iterable[str]) -> None:
    """Record the last run and its landing folders in order, to replay their rejects."""
    _replace(folder / "index.json", {"run_id": run_id, "folders": list(names)})


def settle(folder: Path, run_id: str, names: Sequence[str]) -> None:
    """After publishing: record the landing folders of the served version, and remove unused ones.

    Parameters
    ----------
    folder : Path
        The landing folder.
    run_id : str
        The run that built the version.
    names : sequence of str
        The landing folders it was built from, in order.
    """
    save_index(folder, run_id, names)
    sweep(folder, names)


def load_index(folder: Path) -> tuple[str, list[str]]:
    """Return what :func:`save_index` wrote, run and folders; both empty when nothing was built yet."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        return str(index["run_id"]), [str(name) for name in index["folders"]]
    except (OSError, ValueError, KeyError, TypeError):
        return "", []
