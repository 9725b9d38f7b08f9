"""Write many lines fast: text is built in columns and written as one buffer."""

from __future__ import annotations

from pathlib import Path

import polars as pl

ROWS_AT_ONCE = 400_000
"""Rows converted to text at once, which bounds memory."""


def append_lines(path: Path, lines: pl.Series) -> None:
    """Append lines, each ending in a newline, to a file; the file is made when it is not there.

    Parameters
    ----------
    path : Path
    lines : polars.Series of String
        Without nulls, each with its own newline.
    """
    with path.open("ab") as file:
        array = lines.to_arrow()
        chunks = getattr(array, "chunks", [array])
        for chunk in chunks:
            offsets, data = chunk.buffers()[1], chunk.buffers()[2]
            if data is None or not len(chunk):
                continue
            bounds = memoryview(offsets).cast("q")
            file.write(memoryview(data)[bounds[chunk.offset] : bounds[chunk.offset + len(chunk)]])


def text_or_null(value: pl.Expr) -> pl.Expr:
    """Return a JSON string, or ``null`` where the value is null."""
    return pl.coalesce(pl.concat_str([pl.lit('"'), value, pl.lit('"')]), pl.lit("null"))


def flag(value: pl.Expr) -> pl.Expr:
    """Return ``true`` or ``false``."""
    return pl.when(value).then(pl.lit("true")).otherwise(pl.lit("false"))


def named(names: list[str], index: pl.Expr) -> pl.Expr:
    """Return the names at some indices, such as queue names at queue numbers."""
    return pl.lit(pl.Series(names, dtype=pl.String)).gather(index.cast(pl.UInt32))
