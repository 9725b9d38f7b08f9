"""Find the header line of a table below a title and lines about the report."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from etl.reading import delimited_records, text_file

WIDE = 0.8
"""Smallest number of header cells, as a share of the widest line's cells."""

_LINES, _LOOKED_AT = 40, 1 << 16
"""Lines and bytes searched for a header."""

_NO_NAME = re.compile(r"[\d\s.,:;/+%€$£()'’-]*|\d{4}-\d\d-\d\d[T ].*")
"""Pattern of a number, date or time, which is no column name."""


def header_row(lines: Sequence[Sequence[object]]) -> int:
    """Return the line of the header, from 1: the first that is nearly as wide as the widest and has names only.

    Parameters
    ----------
    lines : sequence of sequence
        Cells of the first lines, empty ones too.

    Examples
    --------
    >>> header_row([["Calls", "May"], [], ["Id", "Agent", "Start", "Queue"], ["1", "a", "1 May", "x"]])
    3
    >>> header_row([["Id", "Agent", "Start"], ["1", "a", "1 May"]])
    1
    """
    texts = [[_text(cell) for cell in line] for line in lines]
    filled = [[text for text in line if text] for line in texts]
    widest = max(map(len, filled), default=0)
    if widest < 3 or len(filled[0]) >= WIDE * widest:
        return 1
    if len(filled[0]) > 1 and _reach(texts[0]) >= WIDE * max(map(_reach, texts)):
        return 1  # names of which some are empty, such as those of the columns beside an activity
    return next(
        (
            number
            for number, cells in enumerate(filled, start=1)
            if len(cells) >= WIDE * widest and len(set(cells)) == len(cells) and not any(map(_NO_NAME.fullmatch, cells))
        ),
        1,
    )


def _text(cell: object) -> str:
    """Text of a cell; empty for placeholder names that workbook readers give to unnamed columns."""
    return "" if cell is None or "__UNNAMED__" in str(cell) else str(cell).strip()


def _reach(cells: Sequence[str]) -> int:
    """Position of the last non-empty cell, from 1."""
    return max((place for place, text in enumerate(cells, start=1) if text), default=0)


def of_text(path: Path, encoding: str) -> int:
    """Return the header line of delimited text, with the delimiter that gives the most columns.

    Parameters
    ----------
    path : Path
    encoding : str

    Returns
    -------
    int
        From 1; empty lines at the beginning and a line ``sep=`` are not counted, as where the file is read.
    """
    lines = first_lines(path, encoding)
    said = delimited_records.SEP.fullmatch(lines[0])
    marks = (said[1],) if said else delimited_records.DELIMITERS
    return header_row(max((_cut(lines[bool(said) :], mark) for mark in marks), key=lambda rows: max(map(len, rows))))


def is_table(path: Path) -> bool:
    """Whether a file with any name is delimited text: one delimiter splits most of its first lines into equally many
    columns.

    Parameters
    ----------
    path : Path
    """
    try:
        lines = [line for line in first_lines(path, text_file.likely_encoding(path)) if line.strip()]
    except (OSError, ValueError):
        return False
    if len(lines) < 3 or any(sign in line for line in lines for sign in "\0<{"):
        return False
    widths = [[len(row) for row in _cut(lines, mark)] for mark in delimited_records.DELIMITERS]
    return any(each[-2] > 2 and each.count(each[-2]) > len(each) / 2 for each in widths)


def first_lines(path: Path, encoding: str) -> list[str]:
    """Return the first lines of a text, without empty ones at the beginning.

    Parameters
    ----------
    path : Path
    encoding : str
    """
    start = b"".join(itertools.islice(text_file.chunks(path), 1))[:_LOOKED_AT]
    text = start.decode(text_file.announced(start, encoding, path), "replace").removeprefix("\ufeff").lstrip("\r\n")
    return re.split(r"\r\n|\n|\r", text)[:_LINES]


def _cut(lines: Sequence[str], mark: str) -> list[list[str]]:
    return [next(csv.reader(io.StringIO(line), delimiter=mark), []) for line in lines]
