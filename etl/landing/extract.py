"""Extraction: files to landing tables, every row typed, in UTC, checked against its contract, and counted.

``extract(config, work_dir, con, progress)`` lands every new file of every source and leaves, on ``con``, an attached
in-memory catalogue called ``landing`` with

- ``landing.<table>`` for every name in :data:`etl.contracts.tables.CONTRACTS`, a view with exactly the contract's
  columns in their order and types, followed by ``_source VARCHAR, _file_id VARCHAR, _line BIGINT, _run_id VARCHAR,
  _time_flag VARCHAR``. It is there, and empty, when no source fills the table. Duplicates and rejected records are not
  in it: ``(_source, *key)`` of the contract is unique. Ids are the sources' own: ``source_agent_id``,
  ``source_customer_id`` (prefixed ``NAMESPACE:`` when the source sets ``customer_ids``), ``source_supervisor_id``,
  ``source_evaluator_id``.
- ``landing.file_manifest(file_id, source, format, path, sha256, bytes, read, loaded, rejected, duplicate)``: one row
  per file; ``read = loaded + rejected + duplicate`` in records of the file.
- ``landing.reject(file_id, source, path, line, table_name, reasons VARCHAR[], raw, status)``: one row per refused
  record; ``raw`` is masked; ``status`` is ``open``, ``dropped`` (left out on purpose) or ``replayed``.
- ``landing.derived_duplicate(source, table_name, rows)``: rows of a table left out because another record gave the
  same key; they belong to loaded records, so the manifest does not count them, but a row reconciliation must.

Being attached in memory, nothing of this enters the warehouse file unless it is copied there.

Later stages (an agent id nobody knows, an ambiguous one) refuse records too. They call::

    report.ledger.refuse(con, table="interaction", relation="...")   # relation: _file_id, _line, reason VARCHAR

any number of times, then read ``landing.file_manifest`` and ``landing.reject`` again: loaded and rejected have moved,
the sum has not.

The views read Parquet files under ``<warehouse>/landing/<file id>-<key>/``. The file id is a hash of the file's name
and content, the key one of the source's section, the contracts and the format: what is there is never changed, only
added and, when no longer used, swept.
A build reads each view once; for speed read it with ``preserve_insertion_order = false``.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from etl.configuration.model import Config, ConfigError
from etl.contracts.tables import CONTRACTS
from etl.errors import EmpathyError
from etl.landing import landed_files, views
from etl.landing.file_words import refuse_columns_of_no_file
from etl.landing.land_file import Job, LandedFile, land
from etl.landing.ledger import Ledger, SourceCount
from etl.landing.reading_pace import ReadingPace, size_of
from etl.landing.replay import replay_rejects
from etl.reading.files import find_files
from etl.reading.opened import count
from etl.reading.plans import check_options, plan_of
from etl.sources.format import SourceError
from etl.sql_text import literal

Progress = Callable[[str], None]

SMALL_FILE = 32 << 20
"""Bytes up to which a file is read by one thread, DuckDB's readers taking as much at a time: several such files are
read at once, larger ones one after the other."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class ExtractReport:
    """Result of an extraction.

    Attributes
    ----------
    files : tuple of LandedFile
        In order of source and path.
    ledger : Ledger
        To refuse records in later stages and to enforce the stop-rules.
    counts : tuple of SourceCount
        By source, as extraction left them.
    fresh, kept : int
        Files read now, and files that had landed before.
    fingerprint : str
        Hash of everything that landed: equal fingerprints mean equal landing tables.
    folder : Path
        The landing folder.
    run_id : str
        Value of ``_run_id``.
    distinct : Distinct
        Where no key was found twice.
    """

    files: tuple[LandedFile, ...]
    ledger: Ledger
    counts: tuple[SourceCount, ...]
    fresh: int
    kept: int
    fingerprint: str
    folder: Path
    run_id: str
    distinct: landed_files.Distinct

    def paths(self) -> dict[str, tuple[Path, ...]]:
        """Return the Parquet files behind every landing table."""
        found: dict[str, list[Path]] = {name: [] for name in CONTRACTS}
        for file in self.files:
            for stored in file.tables:
                found[stored.table.table].append(file.folder / stored.file)
        return {name: tuple(paths) for name, paths in found.items()}

    def commit(self) -> None:
        """After publishing: remember what the served version was built from, and remove what nothing uses."""
        landed_files.settle(self.folder, self.run_id, [file.folder.name for file in self.files])
        self.distinct.save()


def landing_folder(config: Config) -> Path:
    """Return the folder that holds what has landed."""
    return config.warehouse / "landing"


def extract(
    config: Config,
    work_dir: Path | None,
    con: duckdb.DuckDBPyConnection,
    progress: Progress | None = None,
    *,
    run_id: str = "",
    enforce: bool = True,
    folder: Path | None = None,
    replay: bool = False,
) -> ExtractReport:
    """Read what is new, and attach the landing tables to a connection.

    Parameters
    ----------
    config : Config
    work_dir : Path or None
        For temporary files; ``None`` makes one and removes it.
    con : duckdb.DuckDBPyConnection
        Receives the in-memory catalogue ``landing``; see the module's docstring.
    progress : callable, optional
        Called with a description of each step.
    run_id : str
        Value of ``_run_id``.
    enforce : bool
        Apply the stop-rules at once; a caller with later stages that refuse records applies them again with
        ``report.ledger.enforce(con)``.
    folder : Path, optional
        Where landing folders are kept, when not under the warehouse: a dry run leaves nothing there.
    replay : bool
        Take what the served version was built from instead of the files, and try its rejected records again.

    Returns
    -------
    ExtractReport

    Raises
    ------
    ConfigError
        When files, tables, columns or options are named that do not exist.
    SourceError
        When files cannot be read; one line per file.
    StopRuleError
        When a source rejects more than it may.
    """
    files, fresh = land_files(config, work_dir, con, progress, folder=folder, replay=replay)
    return attach_landed(config, con, files, run_id=run_id, enforce=enforce, folder=folder, fresh=fresh)


def land_files(
    config: Config,
    work_dir: Path | None,
    con: duckdb.DuckDBPyConnection,
    progress: Progress | None = None,
    *,
    folder: Path | None = None,
    replay: bool = False,
) -> tuple[list[LandedFile], int]:
    """Read what is new: the first half of :func:`extract`, after which :func:`fingerprint` says whether anything is.

    Parameters
    ----------
    config, work_dir, con, progress, folder, replay
        As in :func:`extract`.

    Returns
    -------
    files : list of LandedFile
        In order of source and path.
    fresh : int
        How many of them were read now.
    """
    tell = progress or (lambda _: None)
    landing = folder or landing_folder(config)
    with _working_folder(work_dir) as scratch, _settings(con):
        if replay:
            return replay_rejects(config, landing, scratch, con, tell)
        return _land_all(config, landing, scratch, con, tell)


def attach_landed(
    config: Config,
    con: duckdb.DuckDBPyConnection,
    files: Sequence[LandedFile],
    *,
    run_id: str = "",
    enforce: bool = True,
    folder: Path | None = None,
    fresh: int = 0,
) -> ExtractReport:
    """Attach landing tables of files that have landed already: the second half of :func:`extract`.

    Parameters
    ----------
    config : Config
    con : duckdb.DuckDBPyConnection
    files : sequence of LandedFile
        In order of source and path.
    run_id, enforce, folder
        As in :func:`extract`.
    fresh : int
        How many of the files were read now.

    Raises
    ------
    SourceError
        When a landing folder is damaged.
    StopRuleError
        As :func:`extract`.
    """
    with _settings(con):
        try:
            return _attach(config, con, files, fresh, folder or landing_folder(config), run_id, enforce)
        except duckdb.Error:
            _explain_damage(con, files)
            raise


def _explain_damage(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Raise SourceError for the first landing folder with a Parquet file that cannot be opened, if there is one."""
    for file in files:
        for path in sorted(file.folder.glob("*.parquet")):
            try:
                con.execute(f"SELECT count(*) FROM parquet_schema({literal(str(path))})")
            except duckdb.Error as error:
                raise SourceError(
                    f"{path}: what was read of {file.path} before is damaged ({str(error).splitlines()[0]}). "
                    f"Remove the folder {file.folder} and build again; the file is then read anew."
                ) from None


@contextmanager
def _working_folder(work_dir: Path | None) -> Iterator[Path]:
    if work_dir is not None:
        work_dir.mkdir(parents=True, exist_ok=True)
        yield work_dir
        return
    with tempfile.TemporaryDirectory(prefix="empathy-") as made:
        yield Path(made)


@contextmanager
def _settings(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Settings extraction rests on: times with zone read in UTC, and rows written in the order of the file.

    A test against a list of words would otherwise be planned as a join, which loses that order: ``in_clause``.
    """
    wanted = {"TimeZone": "UTC", "preserve_insertion_order": "true", "disabled_optimizers": "in_clause"}
    before = con.execute(f"SELECT {', '.join(f'current_setting({literal(name)})' for name in wanted)}").fetchone()
    for name, value in wanted.items():
        con.execute(f"SET {name} = {literal(value)}")
    try:
        yield
    finally:
        for name, value in zip(wanted, before or (), strict=False):
            con.execute(f"SET {name} = {literal(str(value))}")


def _land_all(
    config: Config, landing: Path, scratch: Path, con: duckdb.DuckDBPyConnection, tell: Progress
) -> tuple[list[LandedFile], int]:
    hashes = landed_files.Hashes(landing)
    jobs: list[tuple[str, Path, str]] = []
    for name, paths in find_files(config).items():
        check_options(config, name)
        key = landed_files.reading_key(config, name)
        jobs += [(name, path, key) for path in paths]
    pace = ReadingPace([path for _, path, _ in jobs], tell)

    def land_one(job: tuple[str, Path, str]) -> tuple[LandedFile, bool] | EmpathyError:
        name, path, key = job
        try:
            temporary = tempfile.TemporaryDirectory(prefix="file-", dir=scratch)
            with pace.reading(path) as told, con.cursor() as own, temporary as work:
                own.execute("SET TimeZone = 'UTC'")
                return _land_one(config, name, path, key, landing, Path(work), own, hashes, told)
        except EmpathyError as error:
            return error

    found = _several_at_once(land_one, jobs, [_is_small(path) for _, path, _ in jobs], _threads(con))
    faults = [outcome for outcome in found if isinstance(outcome, EmpathyError)]
    landed = [outcome for outcome in found if not isinstance(outcome, EmpathyError)]
    if landing.is_dir() or landed:
        landing.mkdir(parents=True, exist_ok=True, mode=0o700)
        hashes.save()
    if faults:
        raise _together(faults)
    files = [file for file, _ in landed]
    try:
        refuse_columns_of_no_file(config.folder, files)
    except SourceError:
        for file, is_new in landed:
            if is_new:
                shutil.rmtree(file.folder, ignore_errors=True)
        raise
    return files, sum(is_new for _, is_new in landed)


def _several_at_once(
    work: Callable[[Item], Outcome], jobs: Sequence[Item], small: Sequence[bool], threads: int
) -> list[Outcome]:
    """Results of the jobs, in their order: small jobs run several at a time, then the others one by one."""
    done: dict[int, Outcome] = {}
    pool = ThreadPoolExecutor(threads, "land")
    try:
        waiting = {index: pool.submit(work, job) for index, job in enumerate(jobs) if small[index]}
        done.update((index, future.result()) for index, future in waiting.items())
    finally:
        pool.shutdown(cancel_futures=True)
    return [done[index] if small[index] else work(job) for index, job in enumerate(jobs)]


def _is_small(path: Path) -> bool:
    return size_of(path) <= SMALL_FILE


def _threads(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("SELECT current_setting('threads')").fetchone()
    return int(row[0]) if row else 1


def _together(faults: Sequence[EmpathyError]) -> EmpathyError:
    """One error for several files: a ConfigError when any is one, since that has to be fixed first."""
    message = "\n".join(dict.fromkeys(str(fault) for fault in faults))
    kind = ConfigError if any(fault.exit_code == ConfigError.exit_code for fault in faults) else SourceError
    return kind(message)


def _land_one(
    config: Config,
    name: str,
    path: Path,
    key: str,
    landing: Path,
    scratch: Path,
    con: duckdb.DuckDBPyConnection,
    hashes: landed_files.Hashes,
    tell: Progress,
) -> tuple[LandedFile, bool]:
    source = config.sources[name]
    shown = str(path.relative_to(config.folder)) if path.is_relative_to(config.folder) else str(path)

    def place(digest: str) -> tuple[str, Path]:
        identity = landed_files.file_id(name, shown, digest)
        return identity, landing / landed_files.folder_name(identity, key)

    try:
        known = hashes.remembered(path)
        if known is not None and (landed := _restored(place(known[0])[1])) is not None:
            return landed, False
        large = not _is_small(path)
        if large:  # looking at it takes its time too
            tell(f"reading {shown}")
        plan = plan_of(config, name, path, con)
        with ThreadPoolExecutor(1, "hash") as pool:  # reads the bytes beside the pass that counts them
            hashing = pool.submit(lambda: known or hashes.of(path))
            counted = count(path, plan, source.options, scratch)
            digest, size = hashing.result()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error}).") from None
    identity, folder = place(digest)
    if known is None and (landed := _restored(folder)) is not None:  # touched, not changed
        return landed, False
    if not large:
        tell(f"reading {shown}")
    job = Job(name, source, config.source_timezone(name), path, shown, digest, size, plan, identity, counted)
    landed = land(con, job, folder, scratch)
    if not hashes.still_holds(path):
        shutil.rmtree(folder, ignore_errors=True)
        raise SourceError(f"{shown}: the file changed while it was read. Build again when its export is complete.")
    return landed, True


def _restored(folder: Path) -> LandedFile | None:
    try:
        return LandedFile.restore(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _attach(
    config: Config,
    con: duckdb.DuckDBPyConnection,
    files: Sequence[LandedFile],
    fresh: int,
    landing: Path,
    run_id: str,
    enforce: bool,
) -> ExtractReport:
    con.execute("DETACH DATABASE IF EXISTS landing")
    con.execute("ATTACH ':memory:' AS landing")
    distinct = landed_files.Distinct(landing)
    views.create(con, files, run_id, distinct)
    limits = {name: source.max_reject_share for name, source in config.sources.items()}
    optional = [name for name, source in config.sources.items() if source.optional]
    ledger = Ledger(con, files, limits, optional=optional)
    kept = len(files) - fresh
    report = ExtractReport(
        tuple(files), ledger, ledger.counts(con), fresh, kept, fingerprint(files), landing, run_id, distinct
    )
    if enforce:
        ledger.enforce(con)
    return report


def fingerprint(files: Sequence[LandedFile]) -> str:
    """Return a hash of everything that landed: equal fingerprints mean equal landing tables."""
    return hashlib.sha256("\n".join(file.folder.name for file in files).encode()).hexdigest()


__all__ = ["ExtractReport", "attach_landed", "extract", "landing_folder"]
