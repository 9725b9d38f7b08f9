"""List rejected records, and retry them (``empathy rejects``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl.errors import EmpathyError
from etl.hints import did_you_mean
from etl.landing.land_file import LandedFile
from etl.landing.landed_files import load_index
from etl.landing.replay import NothingBuiltError, restore_all
from etl.warehouse.reader import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from etl.configuration.model import Config
    from etl.marts.reports import BuildReport


@dataclass(frozen=True)
class ReplayReport:
    """Result of a replay.

    Attributes
    ----------
    tried, loaded, rejected : int
        Records retried, loaded now, and rejected again.
    build : BuildReport
        The version that was built from them.
    """

    tried: int
    loaded: int
    rejected: int
    build: BuildReport

    @property
    def sentence(self) -> str:
        """The report in a sentence."""
        if not self.tried:
            nothing = "Nothing to try again: no mapping of a source with rejects has changed since the last build."
            if self.build.unchanged:
                return nothing
            return f"{nothing} Something else of the configuration has, so what was loaded is built again."
        return (
            f"{self.tried:,} rejected records were tried again: {self.loaded:,} load now, {self.rejected:,} do not. "
            f"Version {self.build.run_id} holds them."
        )

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy rejects replay --json`` prints."""
        return {
            "tried": self.tried,
            "loaded": self.loaded,
            "rejected": self.rejected,
            "build": self.build.to_json(),
        }


def list_rejects(config: Config, *, source: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Return rejected records of the served version, by source, file and line.

    Parameters
    ----------
    config : Config
    source : str, optional
        Only this source.
    limit : int
        At most this many.

    Returns
    -------
    list of dict
        ``source, path, line, table_name, reasons, raw, status``; ``raw`` is masked.

    Raises
    ------
    EmpathyError
        When neither the configuration nor the served version has the source.
    """
    wanted = "WHERE source = ?" if source is not None else ""
    with Warehouse(config.warehouse).reader() as cursor:
        rows = cursor.execute(
            f"SELECT source, path, line, table_name, reasons, raw, status FROM meta.reject {wanted} "
            f"ORDER BY source, path, line LIMIT ?",
            [*([source] if source is not None else []), limit],
        ).fetchall()
        if not rows and source is not None and source not in config.sources:
            read = cursor.execute("SELECT DISTINCT source FROM meta.file_manifest ORDER BY source").fetchall()
            known = [str(row[0]) for row in read]
            if source not in known:
                raise EmpathyError(
                    f'There is no source "{source}".{did_you_mean(source, known)} Sources: {", ".join(known)}.'
                )
    names = ("source", "path", "line", "table_name", "reasons", "raw", "status")
    return [dict(zip(names, row, strict=True)) for row in rows]


def list_duplicates(config: Config, *, source: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Return records of the served version that were replaced by another with the same key, conflicts first.

    Parameters
    ----------
    config : Config
    source : str, optional
        Only this source.
    limit : int
        At most this many.

    Returns
    -------
    list of dict
        ``source, kind, path, line, kept_path, kept_line``; ``kind`` is duplicate, superseded or conflict.
    """
    with Warehouse(config.warehouse).reader() as cursor:
        rows = cursor.execute(
            "SELECT source, kind, path, line, kept_path, kept_line FROM meta.duplicate "
            "WHERE coalesce(source = ?, true) "
            "ORDER BY kind <> 'conflict', kind <> 'superseded', source, path, line LIMIT ?",
            [source, limit],
        ).fetchall()
    names = ("source", "kind", "path", "line", "kept_path", "kept_line")
    return [dict(zip(names, row, strict=True)) for row in rows]


def replay(config: Config, *, progress: Callable[[str], None] | None = None) -> ReplayReport:
    """Retry the rejected records of the served version and publish a version with those that load now.

    Parameters
    ----------
    config : Config
        With the corrected mapping.
    progress : callable, optional
        Called with a sentence for each step.

    Raises
    ------
    etl.landing.replay.NothingBuiltError
        When there is nothing to start from, or an older version than the one built last is served.
    """
    from etl.build import build
    from etl.landing.extract import landing_folder

    before = restore_all(landing_folder(config))
    _refuse_older_version(config, landing_folder(config))
    report = build(config, progress=progress, replay=True)
    after = [file for file in restore_all(landing_folder(config)) if file.folder not in _folders(before)]
    tried = sum(file.read for file in after)
    rejected = sum(file.rejected for file in after)
    return ReplayReport(tried, tried - rejected, rejected, report)


def _refuse_older_version(config: Config, landing: Path) -> None:
    """After a rollback, what the served version was built from is no longer kept: only the last build's is."""
    last, _ = load_index(landing)
    with Warehouse(config.warehouse).reader() as cursor:
        row = cursor.execute("SELECT run_id FROM meta.run").fetchone()
    if row and row[0] != last:
        raise NothingBuiltError(
            f"{config.warehouse}: the served version was built by run {row[0]}, but rejected records are kept of the "
            f"last build, {last}, only. Serve its version again with `empathy versions rollback`, or run "
            "`empathy build` with the files."
        )


def _folders(files: Sequence[LandedFile]) -> set[Any]:
    return {file.folder for file in files}
