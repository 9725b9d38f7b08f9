"""Write a warehouse: build a draft, verify it, publish it as an immutable version.

The only module that writes a warehouse file. A draft is ``.build-<run>.duckdb``; publishing checkpoints it, closes
it, opens it again read-only and counts every relation, flushes it to disk, renames it to ``warehouse-<run>.duckdb``
and replaces ``CURRENT.json``. Readers see either the previous or the new version. A run that dies leaves the served
version untouched, and the next draft removes its leftover files.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import duckdb
from filelock import FileLock

from etl.durable import flush
from etl.sql_text import literal, quoted
from etl.warehouse.beside import delete_version
from etl.warehouse.lock import take_lock
from etl.warehouse.reader import (
    NoVersionError,
    Registry,
    Version,
    WarehouseError,
    read_registry,
    version_path,
)
from etl.warehouse.registry import clear_litter, remove_all, write_registry

if TYPE_CHECKING:
    import polars as pl

SCHEMAS = ("core", "mart", "meta", "result")
"""Schemas of every version."""

VERSION_MODE = 0o640
"""File mode of a version: written by the user who builds, read by the group that serves."""
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class PublishError(WarehouseError):
    """A draft failed verification; nothing was published."""

    exit_code = 1


class Draft:
    """A version being built. Use :meth:`open` in a ``with`` block; leaving it unpublished discards it.

    Attributes
    ----------
    folder : Path
        The warehouse folder.
    run_id : str
        The run that builds it.
    con : duckdb.DuckDBPyConnection
        Connection to the draft; schemas core, mart, meta and result exist.
    """

    def __init__(self, folder: Path, run_id: str, con: duckdb.DuckDBPyConnection, lock: FileLock, keep: int) -> None:
        self.folder = folder
        self.run_id = run_id
        self.con = con
        self._lock = lock
        self._keep = keep
        self._limits: tuple[int | None, str | None] = (None, None)
        self._afterwards: list[Callable[[], None]] = []

    @classmethod
    def open(
        cls,
        folder: str | Path,
        run_id: str | None = None,
        *,
        base: Version | None = None,
        keep: int = 3,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> Self:
        """Take the folder's lock, remove leftovers of dead runs, and start a draft.

        Parameters
        ----------
        folder : str or Path
            The warehouse folder; made when absent.
        run_id : str, optional
            Letters, digits, ``-`` and ``_``; must be new in this folder. From the clock by default.
        base : Version, optional
            Start from a copy of this version instead of an empty file.
        keep : int
            Versions to keep after publishing, this one included.
        threads, memory_limit : optional
            Limits of the building instance; DuckDB's defaults when not given.

        Raises
        ------
        WarehouseBusyError
            When another run holds the folder.
        WarehouseError
            When the folder cannot be written, or the run id is unusable or taken.
        """
        run_id = run_id if run_id is not None else new_run_id()
        if not _RUN_ID.fullmatch(run_id):
            raise WarehouseError(f'"{run_id}" cannot name a run; use up to 64 letters, digits, "-" and "_".')
        folder = Path(folder)
        lock = take_lock(folder, run_id)
        try:
            registry = read_registry(folder)
            if registry.get(run_id) is not None:
                raise WarehouseError(f'{folder} already holds a version "{run_id}"; give the run another id.')
            clear_litter(folder, registry)
            path = _draft_path(folder, run_id)
            if base is not None:
                try:
                    shutil.copyfile(base.path, path)
                except FileNotFoundError:
                    raise NoVersionError(f"{base.path} is gone; choose another version to start from.") from None
            con = _connect(path, threads, memory_limit)
        except BaseException:
            lock.release()
            raise
        draft = cls(folder, run_id, con, lock, keep)
        draft._limits = (threads, memory_limit)
        return draft

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    @property
    def path(self) -> Path:
        """The draft's file."""
        return _draft_path(self.folder, self.run_id)

    @contextlib.contextmanager
    def read_by_others(self) -> Iterator[Path]:
        """Stop writing, so that other processes can open the draft's file to read; ``con`` reads too meanwhile.

        Yields
        ------
        Path
            The file. All others must have closed it when the block ends, which connects ``con`` for writing again.
        """
        threads, memory_limit = self._limits
        self.con.execute("force checkpoint")
        self.con.close()
        self.con = _connect(self.path, threads, memory_limit, read_only=True)
        try:
            yield self.path
        finally:
            self.con.close()
            self.con = _connect(self.path, threads, memory_limit)

    def write_results(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Replace the ``result`` tables named in ``frames``.

        Parameters
        ----------
        frames : mapping of str to polars.DataFrame
            Table name to its rows; an empty frame makes an empty table.
        """
        for name, frame in frames.items():
            self.write_table("result", name, frame)

    def write_table(self, schema: str, name: str, frame: pl.DataFrame) -> None:
        """Replace one table by the rows of a frame.

        Raises
        ------
        PublishError
            When the name cannot name a table.
        """
        if schema not in SCHEMAS or not _NAME.fullmatch(name):
            raise PublishError(f'"{schema}.{name}" cannot name a table; use lower case letters, digits and "_".')
        self.con.register("incoming_frame", frame.to_arrow())
        try:
            self.con.execute(f'create or replace table {schema}."{name}" as select * from incoming_frame')
        finally:
            self.con.unregister("incoming_frame")

    def after_publishing(self, action: Callable[[], None]) -> None:
        """Register an action to run once this draft has been published."""
        self._afterwards.append(action)

    def publish(self, counts: Mapping[str, int] | None = None, *, created_at: datetime | None = None) -> Version:
        """Verify the draft and make it the version being served.

        Parameters
        ----------
        counts : mapping, optional
            Rows that relations must have, such as ``{"mart.agent_week": 1200}``; counted in the draft by default.
        created_at : datetime, optional
            Time of publication (aware); now by default.

        Returns
        -------
        Version

        Raises
        ------
        PublishError
            When the file, opened again, does not hold what was written.
        """
        expected = _count_relations(self.con)
        for relation, rows in (counts or {}).items():
            if expected.get(relation) != rows:
                held = expected.get(relation, "no such table")
                raise PublishError(
                    f"{relation} should hold {rows} rows but the draft holds {held}; nothing was published."
                )
        has_results = any(relation.startswith("result.") and rows for relation, rows in expected.items())
        self.con.execute("force checkpoint")
        self.con.close()
        found = _count_file(self.path)
        if found != expected:
            different = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
            raise PublishError(f"{self.path}: {', '.join(different)} did not survive writing; nothing was published.")
        target = version_path(self.folder, self.run_id)
        os.chmod(self.path, VERSION_MODE)
        flush(self.path)
        os.replace(self.path, target)
        flush(self.folder)
        version = Version(self.run_id, target, created_at or datetime.now(UTC), has_results)
        registry = read_registry(self.folder)
        kept = _to_keep(registry, version, self._keep)
        write_registry(self.folder, Registry(self.run_id, kept))
        for old in registry.versions:
            if old not in kept:
                delete_version(old.path)
        for action in self._afterwards:
            action()
        self.discard()
        return version

    def discard(self) -> None:
        """Close the draft, remove its files and release the folder's lock. Does nothing after publishing."""
        if not self._lock.is_locked:
            return
        self.con.close()
        remove_all(self.folder, f".build-{self.run_id}.")
        self._lock.release()


def new_run_id(now: datetime | None = None) -> str:
    """An id for a run: the time to the second in UTC, so that ids sort, and four random hex digits."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def adopt(folder: str | Path, run_id: str, file: Path, created_at: datetime) -> Version:
    """Publish a version file made elsewhere, in a folder without versions.

    Parameters
    ----------
    folder : str or Path
        The warehouse folder; made when absent.
    run_id : str
    file : Path
        The version's file; moved.
    created_at : datetime
        When it was published (aware).

    Raises
    ------
    WarehouseError
        When the folder holds versions, or the run id cannot name one.
    PublishError
        When the file cannot be read.
    """
    folder = Path(folder)
    if not _RUN_ID.fullmatch(run_id):
        raise WarehouseError(f'"{run_id}" cannot name a run; use up to 64 letters, digits, "-" and "_".')
    lock = take_lock(folder, f"restoring {run_id}")
    try:
        if read_registry(folder).versions:
            raise WarehouseError(f"{folder} holds versions already; restore into another folder.")
        counts = _count_file(file)
        has_results = any(relation.startswith("result.") and rows for relation, rows in counts.items())
        target = version_path(folder, run_id)
        os.chmod(file, VERSION_MODE)
        shutil.move(file, target)
        flush(target)
        version = Version(run_id, target, created_at, has_results)
        write_registry(folder, Registry(run_id, (version,)))
        return version
    finally:
        lock.release()


def keep_only(folder: str | Path, run_id: str) -> int:
    """Delete every version but one, which is served; return the number deleted.

    Parameters
    ----------
    folder : str or Path
        The warehouse folder.
    run_id : str
        The version that stays.

    Raises
    ------
    NoVersionError
        When there is no such version.
    WarehouseBusyError
        When a run is writing to the folder.
    """
    folder = Path(folder)
    lock = take_lock(folder, f"keeping {run_id} only")
    try:
        registry = read_registry(folder)
        version = registry.get(run_id)
        if version is None:
            raise NoVersionError(f'{folder} holds no version "{run_id}".')
        write_registry(folder, Registry(run_id, (version,)))
        others = [each for each in registry.versions if each.run_id != run_id]
        for each in others:
            delete_version(each.path)
        return len(others)
    finally:
        lock.release()


def rollback(folder: str | Path, run_id: str) -> Version:
    """Serve an earlier version again. Later versions are kept.

    Parameters
    ----------
    folder : str or Path
        The warehouse folder.
    run_id : str
        The version to serve.

    Raises
    ------
    NoVersionError
        When there is no such version.
    WarehouseBusyError
        When a run is writing to the folder.
    """
    folder = Path(folder)
    lock = take_lock(folder, f"rollback to {run_id}")
    try:
        registry = read_registry(folder)
        version = registry.get(run_id)
        if version is None or not version.path.exists():
            known = ", ".join(each.run_id for each in registry.versions) or "none"
            raise NoVersionError(f'{folder} holds no version "{run_id}". Versions: {known}.')
        write_registry(folder, Registry(run_id, registry.versions))
        return version
    finally:
        lock.release()


def _draft_path(folder: Path, run_id: str) -> Path:
    return folder / f".build-{run_id}.duckdb"


def scratch(path: Path, threads: int | None, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    """Open a database like a draft's that is never published; the caller removes its folder.

    Parameters
    ----------
    path : Path
        The file, which must not exist.
    threads, memory_limit : int, str, optional
        DuckDB's, or its defaults.
    """
    return _connect(path, threads, memory_limit)


def read_draft(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a draft's file read-only in another process, with one thread, while nobody writes to it.

    Parameters
    ----------
    path : Path
        As :attr:`Draft.path`.
    """
    return _connect(path, 1, None, read_only=True)


def _connect(
    path: Path, threads: int | None, memory_limit: str | None, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
        "temp_directory": str(path.with_suffix(".tmp")),
    }
    if threads is not None:
        config["threads"] = str(threads)
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if read_only:
        con = duckdb.connect(str(path), read_only=True, config=config)
    else:
        # A draft is never recovered after a crash, so no write-ahead log is needed.
        con = duckdb.connect(":memory:", config=config)
        con.execute(f"attach {literal(str(path))} as {quoted(path.stem)} (recovery_mode 'no_wal_writes')")
        con.execute(f"use {quoted(path.stem)}")
    con.execute("set timezone = 'UTC'")
    for schema in () if read_only else SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    return con


def _count_relations(con: duckdb.DuckDBPyConnection, catalog: str | None = None) -> dict[str, int]:
    """Rows of every table, by ``schema.table``, counted and not taken from the catalog's estimate."""
    names = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = coalesce(?, current_database()) "
        "and not internal and not temporary order by all",
        [catalog],
    ).fetchall()
    prefix = f'"{catalog}".' if catalog else ""
    counted = [f'(select count(*) from {prefix}"{schema}"."{table}")' for schema, table in names]
    found = con.execute(f"select {', '.join(counted)}").fetchone() if counted else None
    return {f"{schema}.{table}": int(n) for (schema, table), n in zip(names, found or (), strict=True)}


def _count_file(path: Path) -> dict[str, int]:
    with contextlib.closing(duckdb.connect(":memory:")) as con:
        try:
            con.execute(f"attach {literal(str(path))} as written (read_only)")
            return _count_relations(con, "written")
        except duckdb.Error as error:
            raise PublishError(f"{path} cannot be read back ({error}); nothing was published.") from None


def _to_keep(registry: Registry, new: Version, keep: int) -> tuple[Version, ...]:
    """The newest ``keep`` versions, and always the previously served one, which a reader may be about to attach."""
    survivors = [version for version in registry.versions if version.path.exists()]
    recent = survivors[max(0, len(survivors) - (keep - 1)) :] if keep > 1 else []
    served = [version for version in survivors if version.run_id == registry.current and version not in recent]
    return (*served, *recent, new)
