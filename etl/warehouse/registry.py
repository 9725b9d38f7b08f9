"""Write the registry of a warehouse, ``CURRENT.json``, atomically, and remove files that it does not list."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from etl.durable import delete, flush
from etl.warehouse.beside import CELLS, cells_path, delete_version
from etl.warehouse.reader import REGISTRY, Registry


def write_registry(folder: Path, registry: Registry) -> None:
    """Replace the registry atomically.

    Parameters
    ----------
    folder : Path
        The warehouse folder.
    registry : Registry
    """
    document = {
        "current": registry.current,
        "versions": [
            {
                "run_id": version.run_id,
                "created_at": version.created_at.isoformat(),
                "has_results": version.has_results,
            }
            for version in registry.versions
        ],
    }
    temporary = folder / f"{REGISTRY}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / REGISTRY)
    flush(folder)


def clear_litter(folder: Path, registry: Registry) -> None:
    """Remove drafts of dead runs, version files missing from the registry, and orphaned files with cells.

    Parameters
    ----------
    folder : Path
        The warehouse folder.
    registry : Registry
        As it stands on disk.
    """
    remove_all(folder, ".build-")
    remove_all(folder, f"{REGISTRY}.tmp")
    remove_all(folder, ".warehouse-")  # temporary files of cells
    if registry.current is None or registry.get(registry.current) is None:
        return  # without a readable registry the version files may be the only copy, so they are kept
    known = {version.path.name for version in registry.versions}
    for path in folder.glob("warehouse-*.duckdb*"):
        if path.name not in known:
            delete_version(path)
    known = {cells_path(version.path).name for version in registry.versions}
    for path in folder.glob(f"warehouse-*{CELLS}"):
        if path.name not in known:
            delete(path)


def remove_all(folder: Path, prefix: str) -> None:
    """Remove every file and folder whose name begins with ``prefix``.

    Parameters
    ----------
    folder : Path
    prefix : str
    """
    for path in _entries(folder, prefix):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            delete(path)


def _entries(folder: Path, prefix: str) -> Iterator[Path]:
    return (path for path in list(folder.iterdir()) if path.name.startswith(prefix))
