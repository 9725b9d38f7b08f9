"""Hash of the code of packages, to invalidate cached results when the code changes."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def code_hash(name: str) -> str:
    """Return the SHA-256 of the sources of a module, or of every module of a package and its sub-packages.

    Parameters
    ----------
    name : str
        Dotted name: ``"etl.reading"`` (a package) or ``"etl.timezones"`` (a module).

    Returns
    -------
    str
        64 hexadecimal digits. File names enter the hash, folders above the package do not.

    Raises
    ------
    ModuleNotFoundError
        When there is no such module, so that renaming a module cannot go unnoticed.

    Examples
    --------
    >>> len(code_hash("etl.timezones"))
    64
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No source of {name} to hash.")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        return _hash_files(origin.parent, [origin])
    return _hash_files(origin.parent, origin.parent.rglob("*.py"))


def _hash_files(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()
