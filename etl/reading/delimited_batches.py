"""Delimited records read one by one, as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from etl.reading.delimited_records import Header, Structural, careful

if TYPE_CHECKING:  # pyarrow is imported where it is used: a run with nothing new needs none of it
    import pyarrow as pa

BATCH = 50_000


def batches(path: Path, header: Header, structural: list[Structural]) -> pa.RecordBatchReader:
    """Return the good records of :func:`careful` as Arrow: ``_line`` and the header's columns, all text.

    Parameters
    ----------
    path : Path
    header : Header
    structural : list of Structural
        Receives the others.
    """
    import pyarrow as pa

    schema = pa.schema([("_line", pa.int64()), *((name, pa.string()) for name in header.columns)])

    def produce() -> Iterator[pa.RecordBatch]:
        lines: list[int] = []
        rows: list[list[str | None]] = []
        for number, fields, reason, raw in careful(path, header):
            if fields is None:
                structural.append(Structural(number, reason, raw))
                continue
            lines.append(number)
            rows.append(fields)
            if len(rows) >= BATCH:
                yield _batch(lines, rows, schema)
                lines, rows = [], []
        if rows:
            yield _batch(lines, rows, schema)

    return pa.RecordBatchReader.from_batches(schema, produce())


def _batch(lines: list[int], rows: list[list[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(lines, pa.int64()), *(pa.array(column, pa.string()) for column in columns)], schema=schema
    )
