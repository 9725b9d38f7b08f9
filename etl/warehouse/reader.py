"""Read access to the warehouse.

A warehouse is a folder of immutable files ``warehouse-<run>.duckdb`` and one small registry, ``CURRENT.json``, which
is replaced as a whole. Readers hold one in-memory DuckDB instance and attach versions to it read-only, each under its
own alias; a version is detached when its last reader closes. Never connect to a version's file directly: DuckDB returns
the instance already open for a path, and a file that is being read cannot be written.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from etl.errors import EmpathyError

if TYPE_CHECKING:
    import polars as pl

REGISTRY = "CURRENT.json"
"""Name of the registry file inside a warehouse folder."""

_KEYS = frozenset({"current", "versions"})
_ATTEMPTS = 5  # a version can be superseded and removed between reading the registry and attaching it
_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class WarehouseError(EmpathyError):
    """The warehouse cannot be read; the message says where and what to do."""


class NoVersionError(WarehouseError):
    """The folder holds no published version, or not the requested one."""


@dataclass(frozen=True)
class Version:
    """One published, immutable state of the warehouse.

    Attributes
    ----------
    run_id : str
        The run that wrote it.
    path : Path
        Its file.
    created_at : datetime
        When it was published (UTC, aware).
    has_results : bool
        Whether it carries ``result`` tables.
    """

    run_id: str
    path: Path
    created_at: datetime
    has_results: bool


@dataclass(frozen=True)
class Registry:
    """Content of CURRENT.json: the versions, oldest first, and the one served."""

    current: str | None
    versions: tuple[Version, ...]

    def get(self, run_id: str) -> Version | None:
        """The version of a run, or None."""
        return next((version for version in self.versions if version.run_id == run_id), None)


def version_path(folder: Path, run_id: str) -> Path:
    """The file of a run's version."""
    return folder / f"warehouse-{run_id}.duckdb"


def read_registry(folder: Path) -> Registry:
    """Read CURRENT.json; an absent file is an empty registry.

    Raises
    ------
    WarehouseError
        When the file is there but is not a registry.
    """
    file = folder / REGISTRY
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        versions = tuple(
            Version(
                run_id=entry["run_id"],
                path=version_path(folder, entry["run_id"]),
                created_at=datetime.fromisoformat(entry["created_at"]),
                has_results=bool(entry["has_results"]),
            )
            for entry in document["versions"]
        )
        if (versions and document["current"] not in {version.run_id for version in versions}) or set(document) - _KEYS:
            raise ValueError("it names no served version, or was written by a later release")
        if not versions and document["current"] is not None:
            raise ValueError("it names a version that it does not list")
        return Registry(document["current"], versions)
    except FileNotFoundError:
        return Registry(None, ())
    except (ValueError, KeyError, TypeError) as error:
        raise WarehouseError(
            f"{file} is not a registry of versions ({error}). Restore it from a backup, or remove it and build again."
        ) from None


class Warehouse:
    """The versions in one folder, readable from any thread.

    Parameters
    ----------
    folder : str or Path
        The warehouse folder; it may not exist yet.
    threads : int, optional
        Threads of the reading instance; DuckDB's default when not given.
    memory_limit : str, optional
        Such as ``"2GB"``; DuckDB's default when not given.
    """

    def __init__(self, folder: str | Path, *, threads: int | None = None, memory_limit: str | None = None) -> None:
        self.folder = Path(folder)
        self._settings: dict[str, str] = dict(_OFFLINE)
        if threads is not None:
            self._settings["threads"] = str(threads)
        if memory_limit is not None:
            self._settings["memory_limit"] = memory_limit
        self._lock = threading.RLock()
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._pid = os.getpid()
        self._readers: dict[str, int] = {}  # attached run -> cursors open on it
        self._stamp: tuple[int, int, int] | None = None
        self._registry = Registry(None, ())

    def registry(self) -> Registry:
        """The current registry; read again only when its file was replaced."""
        try:
            status = (self.folder / REGISTRY).stat()
        except FileNotFoundError:
            return Registry(None, ())
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        with self._lock:
            if stamp != self._stamp:
                self._registry = read_registry(self.folder)
                self._stamp = stamp
            return self._registry

    def current(self) -> Version:
        """The version being served.

        Raises
        ------
        NoVersionError
            When nothing was ever published in this folder.
        """
        registry = self.registry()
        version = registry.get(registry.current) if registry.current is not None else None
        if version is None:
            raise NoVersionError(f"{self.folder} holds no published version. Run `empathy build` first.")
        return version

    def versions(self) -> tuple[Version, ...]:
        """Every version that can be read or rolled back to, oldest first."""
        return self.registry().versions

    def version(self, run_id: str) -> Version:
        """The version of one run.

        Raises
        ------
        NoVersionError
            When there is no such version.
        """
        version = self.registry().get(run_id)
        if version is None:
            known = ", ".join(each.run_id for each in self.versions()) or "none"
            raise NoVersionError(f'{self.folder} holds no version "{run_id}". Versions: {known}.')
        return version

    @contextlib.contextmanager
    def reader(self, run_id: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on one version: relations are addressed as ``mart.agent_week``, ``result.effect`` and so on.

        The version stays the same, and stays readable, until the block ends, whatever is published meanwhile. Use a
        cursor in the thread that opened it.

        Parameters
        ----------
        run_id : str, optional
            The version to read; the one being served by default.

        Raises
        ------
        NoVersionError
            When there is no such version.
        WarehouseError
            When its file is damaged.
        """
        version, cursor = self._open(run_id)
        try:
            yield cursor
        finally:
            cursor.close()
            self._release(version.run_id)

    def close(self) -> None:
        """Detach everything; open cursors become unusable."""
        with self._lock:
            if self._instance is not None and self._pid == os.getpid():
                self._instance.close()
            self._instance = None
            self._readers.clear()

    def _open(self, run_id: str | None) -> tuple[Version, duckdb.DuckDBPyConnection]:
        failure = ""
        for _ in range(_ATTEMPTS):
            version = self.current() if run_id is None else self.version(run_id)
            with self._lock:
                instance = self._connect()
                if version.run_id not in self._readers:
                    try:
                        instance.execute(f"attach {_text(str(version.path))} as {alias(version.run_id)} (read_only)")
                    except duckdb.Error as error:
                        failure = str(error).splitlines()[0]
                        self._stamp = None
                        continue
                    self._readers[version.run_id] = 0
                self._readers[version.run_id] += 1
                cursor = instance.cursor()
            try:
                cursor.execute(f"use {alias(version.run_id)}")
            except BaseException:
                cursor.close()
                self._release(version.run_id)
                raise
            return version, cursor
        raise WarehouseError(
            f"{version.path} cannot be read ({failure}). Roll back with `empathy versions rollback`, or build again."
        )

    def _connect(self) -> duckdb.DuckDBPyConnection:
        if self._pid != os.getpid():  # a forked worker must not use its parent's instance
            self._instance = None
            self._readers = {}
            self._pid = os.getpid()
        if self._instance is None:
            self._instance = duckdb.connect(":memory:", config=dict(self._settings))
            self._instance.execute("set timezone = 'UTC'")
        return self._instance

    def _release(self, run_id: str) -> None:
        current = self.registry().current
        with self._lock:
            if run_id in self._readers:
                self._readers[run_id] -= 1
            for idle in [run for run, open_cursors in self._readers.items() if open_cursors == 0 and run != current]:
                if self._instance is not None:
                    self._instance.execute(f"detach {alias(idle)}")
                del self._readers[idle]


def frame(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] | None = None) -> pl.DataFrame:
    """The rows of a query as a Polars frame, types kept.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        From :meth:`Warehouse.reader`, or a draft's connection.
    sql : str
        The query; values are bound as ``?``.
    parameters : sequence, optional
        The bound values.
    """
    import polars as pl

    found = pl.from_arrow(cursor.sql(sql, params=parameters).to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found


def alias(run_id: str) -> str:
    """The quoted name under which a run's version is attached."""
    return '"v_' + run_id.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A SQL text literal; ATTACH takes no bound parameters."""
    return "'" + value.replace("'", "''") + "'"
