"""Backup and restore of everything that cannot be rebuilt from exports.

A backup holds the configuration, the files kept beside it (plans, labels, assumptions, corrections: what ``[project]
keep`` names), and the version that is served. It does not hold the exports, which their systems keep, ``landing/``,
which is read from them again, or the key of the pseudonyms, which belongs with other secrets.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import EmpathyError
from etl.warehouse.beside import cells_path, write_beside
from etl.warehouse.reader import NoVersionError, Warehouse

if TYPE_CHECKING:
    from etl.configuration.model import Config

LISTED = "backup.json"
CONFIGURATION = "empathy.toml"
KEPT = "kept"
VERSION = "version.duckdb"
CELLS = "version.cells"
"""What is kept beside the version, which whoever restores need not choose again."""
MODE = 0o600


class BackupError(EmpathyError):
    """Nothing was written; the message says why."""


@dataclass(frozen=True)
class Backup:
    """Content of a backup.

    Attributes
    ----------
    files : int
    bytes : int
    run_id : str
        The version in it; empty when none was published.
    """

    files: int
    bytes: int
    run_id: str


def backup(config: Config, out: Path) -> Backup:
    """Write a backup: a compressed archive with a list of its files and their hashes.

    Parameters
    ----------
    config : Config
    out : Path
        Ends in ``.tar.gz``; must not exist.

    Raises
    ------
    BackupError
        When the file exists, or its name ends otherwise.
    """
    if not out.name.endswith(".tar.gz"):
        raise BackupError(f'"{out}" must end in .tar.gz.')
    if out.exists():
        raise BackupError(f"{out} exists; a backup never overwrites one. Choose another name.")
    try:
        version = Warehouse(config.warehouse).current()
    except NoVersionError:
        version = None
    files = {CONFIGURATION: config.path, **dict(kept_files(config))}
    if version is not None:
        files[VERSION] = version.path
        if cells_path(version.path).is_file():
            files[CELLS] = cells_path(version.path)
    listed: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(),
        "run_id": version.run_id if version else "",
        "created_at": version.created_at.isoformat() if version else "",
        "files": {name: _hash(path) for name, path in files.items()},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        with (
            open(part, "wb", opener=lambda name, flags: os.open(name, flags, MODE)) as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive,
        ):
            text = json.dumps(listed, indent=1).encode()
            about = tarfile.TarInfo(LISTED)
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
            for name, path in files.items():
                archive.add(path, arcname=name, recursive=False)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return Backup(len(files), out.stat().st_size, listed["run_id"])


def restore(archive: Path, folder: Path) -> Backup:
    """Restore a backup into an empty folder; all files are checked against their hashes first.

    Parameters
    ----------
    archive : Path
    folder : Path
        Made when absent; must be empty.

    Raises
    ------
    BackupError
        When the folder is not empty, or the file is no backup, cut short or changed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty; restore into an empty folder, and move what you want from there.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".restore-") as name:
        aside = Path(name)
        try:
            with tarfile.open(archive, "r:gz") as packed:
                packed.extractall(aside, filter="data")
            listed = json.loads((aside / LISTED).read_text(encoding="utf-8"))
            wrong = [each for each, wanted in listed["files"].items() if _hash(aside / each) != wanted]
        except FileNotFoundError as error:
            raise BackupError(f"{archive}: {error.filename or archive} is missing; this is no backup.") from None
        except (tarfile.TarError, OSError, EOFError, ValueError, KeyError) as error:
            raise BackupError(f"{archive} is no backup, or is damaged ({error}).") from None
        if wrong:
            raise BackupError(f"{archive}: {', '.join(wrong)} was changed after the backup; nothing was restored.")
        return _place(aside, folder, listed, archive)


def _place(aside: Path, folder: Path, listed: dict[str, Any], archive: Path) -> Backup:
    from etl.configuration.model import load
    from etl.warehouse.publish import adopt

    folder.mkdir(parents=True, exist_ok=True)
    for name in listed["files"]:
        target = folder / (name.removeprefix(f"{KEPT}/") if name.startswith(f"{KEPT}/") else name)
        if name not in (VERSION, CELLS):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside / name, target)
    if listed["run_id"]:
        config = load(folder / CONFIGURATION)
        warehouse = config.warehouse if config.warehouse.is_relative_to(folder.resolve()) else folder / "warehouse"
        version = adopt(warehouse, listed["run_id"], aside / VERSION, datetime.fromisoformat(listed["created_at"]))
        if CELLS in listed["files"]:
            write_beside(version.path, (aside / CELLS).read_bytes())
    return Backup(len(listed["files"]), archive.stat().st_size, listed["run_id"])


def kept_files(config: Config) -> Iterator[tuple[str, Path]]:
    """Files beside the configuration that exports do not contain, by their name in the archive."""
    for each in config.project.keep:
        start = (config.folder / each).resolve()
        if not start.is_relative_to(config.folder.resolve()):
            raise BackupError(f'[project] keep: "{each}" is not beside {config.path.name}; move it there.')
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and not path.is_symlink() and not path.is_relative_to(config.warehouse):
                yield f"{KEPT}/{path.relative_to(config.folder.resolve()).as_posix()}", path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
