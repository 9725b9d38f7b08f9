"""Read the last rows of a file, where the first rows leave its date or number format open."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from typing import Any

from etl.errors import EmpathyError
from etl.file_kinds import TEXT_ENDINGS, is_workbook, plain_name
from etl.reading import delimited_records, text_file
from etl.reading.table_file import read_workbook
from etl.sources.format import Sample

_AT_THE_END = 1 << 16
"""Bytes looked at."""

ROWS = 2_000
"""Most rows returned."""


def last_rows(sample: Sample, options: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """Return the last rows of a text file or workbook; none for other and compressed files.

    Parameters
    ----------
    sample : Sample
        Its beginning.
    options : mapping of str to Any
        Options needed to read it.
    """
    path = sample.path
    if is_workbook(path):
        try:
            frame = read_workbook(path, str(options.get("sheet", "")), int(options.get("header_row", 1)))
        except EmpathyError:
            return []
        return list(frame.tail(ROWS).iter_rows(named=True))
    if not path.name.lower().endswith(TEXT_ENDINGS) or plain_name(path) != path.name.lower():
        return []
    with path.open("rb") as handle:
        start = handle.read(_AT_THE_END)
        handle.seek(max(os.path.getsize(path) - _AT_THE_END, 0) // 4 * 4)
        end = handle.read()
    try:
        encoding = text_file.announced(start, str(options.get("encoding", "utf-8")), path)
        begun = start.decode(encoding, "replace").removeprefix("\ufeff")
        _, header, mark = delimited_records.cut_header(begun, path, None, int(options.get("header_row", 1)))
        wide = "utf-16-be" if encoding == "utf-16" and start[:2] == b"\xfe\xff" else encoding
        lines = end.decode("utf-16-le" if wide == "utf-16" else wide, "replace").splitlines()[1:]  # one may be cut
        records = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=mark))
    except (EmpathyError, LookupError, csv.Error):
        return []
    return [dict(zip(header, record, strict=False)) for record in records[-ROWS:]]
