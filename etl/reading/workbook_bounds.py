"""How far the cells of a workbook reach, looked at before it is read.

A reader of workbooks makes a table from the first to the last cell of a sheet. One cell in the last row and column of
an otherwise empty sheet makes seventeen thousand million of them, and ends the process. So the references of the cells
are looked through first, as text, and a sheet whose table would hold far more cells than there are is refused.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from etl.sources.format import SourceError

MOST_CELLS = 200_000_000
"""Cells of one sheet's table; a full sheet of 190 columns."""
SPARSE_CELLS = 5_000_000
"""From here on a table must be filled to one part in ``MOST_EMPTY``."""
MOST_EMPTY = 200
MOST_UNPACKED = 8_000_000_000
"""Bytes of one unpacked sheet."""
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]{0,200}?r="([A-Z]{1,3})([0-9]{1,7})"')
_CHUNK = 1 << 20
_OVERLAP = 256


def check_bounds(path: Path) -> None:
    """Refuse a workbook of which one cell is far from all others.

    Parameters
    ----------
    path : Path
        Looked at only where it is a zip file, as ``.xlsx`` is.

    Raises
    ------
    SourceError
        When a sheet's table would be too large, or nearly empty and large; the message names the sheet and the cell.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as book:
            for part in book.infolist():
                if _SHEET.fullmatch(part.filename):
                    _check_sheet(path, book, part)
    except (zipfile.BadZipFile, NotImplementedError, EOFError):
        return  # the reader says what is wrong with it


def _check_sheet(path: Path, book: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.file_size > MOST_UNPACKED:
        size = f"{part.filename} unpacks to {part.file_size:,} bytes"
        raise SourceError(f"{path}: {size}; save the export as CSV instead.")
    cells = 0
    last_row, last_column = 0, 0
    before = b""
    with book.open(part) as sheet:
        while chunk := sheet.read(_CHUNK):
            text = before + chunk
            end = 0
            for found in _CELL.finditer(text):
                cells += 1
                last_row = max(last_row, int(found[2]))
                last_column = max(last_column, _column(found[1]))
                end = found.end()
            before = text[max(end, len(text) - _OVERLAP) :]
    area = last_row * last_column
    if area > MOST_CELLS or (area > SPARSE_CELLS and area > MOST_EMPTY * cells):
        raise SourceError(
            f"{path}: a sheet of {cells:,} cells reaches to row {last_row:,} and column {last_column:,}, so a cell "
            "stands far from the others. Delete what is beside and below the table, save, and try again."
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
