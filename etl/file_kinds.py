"""Kind of a file (JSON, workbook, compressed, copy) by its name, else by its first bytes."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from pathlib import Path


def plain_name(path: Path) -> str:
    """Return a file's name in lower case without ``.gz``, to recognise its extension."""
    return path.name.lower().removesuffix(".gz")


def without_copy_mark(stem: str) -> str:
    """Return a file's name without the suffix of a second copy: `` (2)``, `` - Copy``."""
    return re.sub(r"( \(\d+\)| - (copy|kopie|copie|copia|cópia|コピー))+$", "", stem, flags=re.IGNORECASE)


JSON_ENDINGS = (".json", ".jsonl", ".ndjson")


def is_json(path: Path) -> bool:
    """Whether a file is JSON of any kind: by its name, or by its first characters where the extension is unknown."""
    name = plain_name(path)
    if name.endswith(JSON_ENDINGS):
        return True
    if name.endswith(KNOWN_ENDINGS):
        return False
    try:
        stat = path.stat()
        return _begins_as_json(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return False


@lru_cache(maxsize=4096)
def _begins_as_json(path: Path, _changed: int, _size: int) -> bool:
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"\x1f\x8b"):
        try:
            start = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(start)
        except zlib.error:
            return False
    return re.match(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[{\]])", start) is not None


TEXT_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by its name."""
    return path.suffix.lower() in EXCEL_ENDINGS


KNOWN_ENDINGS = (*TEXT_ENDINGS, *JSON_ENDINGS, *PARQUET_ENDINGS, *EXCEL_ENDINGS, ".toml", ".md", ".py")
"""Known extensions; keys of object stores often have none."""
