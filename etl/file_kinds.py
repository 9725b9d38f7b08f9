"""What a file is by its name: JSON, a workbook, packed, a second download."""

from __future__ import annotations

import re
from pathlib import Path


def plain_name(path: Path) -> str:
    """Return a file's name in small letters and without ``.gz``, to tell by its ending what it is."""
    return path.name.lower().removesuffix(".gz")


def without_copy_mark(stem: str) -> str:
    """Return a file's name without what a browser or a desktop adds to a second copy: `` (2)``, `` - Copy``."""
    return re.sub(r"( \(\d+\)| - (copy|kopie|copie|copia|cópia|コピー))+$", "", stem, flags=re.IGNORECASE)


JSON_ENDINGS = (".json", ".jsonl", ".ndjson")


def is_json(path: Path) -> bool:
    """Whether a file is JSON of any kind, by its name."""
    return plain_name(path).endswith(JSON_ENDINGS)


EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by its name."""
    return path.suffix.lower() in EXCEL_ENDINGS
