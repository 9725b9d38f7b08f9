"""The delimited files of a system: the columns it reads, with the options every such format has."""

from __future__ import annotations

from etl.sources.format import Context
from etl.sources.plan import CsvShape

OPTIONS = {
    "delimiter": "found in the header when not given",
    "encoding": "`utf-8` when not given",
    "encoding_errors": "`reject` turns lines that are not in the encoding into rejects",
}
"""Options of every format that reads delimited text."""


def shape(
    context: Context, required: tuple[str, ...], optional: tuple[str, ...], extra_header_lines: int = 0
) -> CsvShape:
    """Return the shape of a delimited file, with delimiter and encoding as the section says.

    Parameters
    ----------
    context : Context
    required, optional : tuple of str
        Columns that must be there, and that are read when they are.
    extra_header_lines : int
        Records after the header that are not data.
    """
    return CsvShape(
        required,
        optional,
        extra_header_lines=extra_header_lines,
        delimiter=context.option("delimiter", None),
        encoding=str(context.option("encoding", "utf-8")),
    )
