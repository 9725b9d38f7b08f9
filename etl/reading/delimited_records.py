"""Delimited text: the header and its faults, the fast reader, and the careful one.

DuckDB reads a whole file in parallel, but knows no line numbers, and its idea of a record may differ from the file's
when quotes do not balance or line ends are mixed. So its work is audited (:mod:`etl.landing.audit`): records, lines
refused, line breaks inside fields and header lines must add up to the physical lines counted by
:mod:`etl.reading.text_file`. Where they do not, or where the file has NUL bytes or undecodable bytes, :func:`careful`
reads the file record by record, gives every record its line, and turns every structural fault into a reject of one
line.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from etl.configuration.model import ConfigError
from etl.hints import did_you_mean, listed
from etl.reading.header_names import as_known
from etl.sources.format import SourceError, unique_names
from etl.sql_text import literal, quoted

if TYPE_CHECKING:  # pyarrow is imported where it is used: a run with nothing new needs none of it
    pass

DELIMITERS = (",", ";", "\t", "|")
HEADER_BYTES = 1 << 20
MOST_LINES_IN_A_RECORD = 500
"""A quoted field that is still open after this many lines was never meant to be open."""

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Header:
    """The first records of a delimited file.

    Attributes
    ----------
    names : tuple of str
        Column names as written, trimmed.
    delimiter : str
    lines : int
        Physical lines before the first record of data.
    extra : tuple of tuple of str
        Records after the names that are not data.
    """

    names: tuple[str, ...]
    delimiter: str
    lines: int
    extra: tuple[tuple[str, ...], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names made unique, so that a repeated or empty one does not stop reading."""
        return unique_names(self.names)


class Structural(NamedTuple):
    """A record that could not be cut into fields: its line, why, and its text."""

    line: int
    reason: str
    raw: str


def read_header(
    path: Path,
    original: Path,
    delimiter: str | None,
    extra_lines: int = 0,
    *,
    header_row: int = 1,
    known: Iterable[str] = (),
) -> Header:
    """Read the header of a plain UTF-8 file.

    Parameters
    ----------
    path, original : Path
        The plain file, and the file to name in messages.
    delimiter : str or None
        As configured; ``None`` takes the one that cuts the header into most columns.
    extra_lines : int
        Records after the header that are not data.
    header_row : int
        Line of the header, blank ones before it and a ``sep=`` line not counted, from 1.
    known : iterable of str
        Names of columns that are read; a name that differs from one in case or spaces only is taken for it.

    Raises
    ------
    SourceError
        When there is no header, or the delimiter does not occur while another one does.
    """
    with path.open("rb") as handle:
        start = handle.read(HEADER_BYTES).decode("utf-8-sig", "replace").replace("\0", "")
    before, names, chosen = cut_header(start, original, delimiter, header_row)
    reader = csv.reader(io.StringIO(lines_from(start, before), newline=""), delimiter=chosen)
    try:
        next(reader, None)
        extra = tuple(tuple(record) for record in itertools.islice(reader, extra_lines))
    except csv.Error as error:
        raise SourceError(f"{original}, line {before + 1}: the header cannot be read ({error}).") from None
    return Header(as_known(names, tuple(known)), chosen, before + reader.line_num, extra)


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
SEP = re.compile(r'"?sep=(.)"?[;,\t|]*')
"""What Excel writes before a header to say how columns are separated."""


def lines_from(text: str, before: int) -> str:
    """Return a text without its first lines."""
    position = 0
    for _ in range(before):
        found = _LINE.match(text, position)
        position = found.end() if found else len(text)
    return text[position:]


def cut_header(
    start: str, original: Path, delimiter: str | None, header_row: int = 1
) -> tuple[int, tuple[str, ...], str]:
    """Return the number of lines before the header, the column names, and the delimiter.

    Parameters
    ----------
    start : str
        Beginning of the file.
    original : Path
        For messages.
    delimiter : str or None
        As configured; ``None`` takes the one of a ``sep=`` line, else the one that cuts the header into most columns.
    header_row : int
        As in :func:`read_header`.

    Raises
    ------
    ConfigError
        When the delimiter is not one character.
    SourceError
        When there is no header, or the delimiter does not occur while another one does.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise ConfigError(f'options.delimiter: "{delimiter}" must be one character, such as ";" or "\\t".')
    if not start.strip():
        raise SourceError(f"{original}: the file is empty; there is not even a header. Export it again.")
    before = _leading_lines(start)
    rest = lines_from(start, before)
    said = SEP.fullmatch(_line_of(rest))
    if said is not None:
        delimiter = delimiter or said[1]
        before += 1
    before += header_row - 1
    rest = lines_from(start, before)
    if not rest.strip():
        raise SourceError(f"{original}: there is no line {before + 1} for the header; correct options.header_row.")
    before += _leading_lines(rest)
    rest = lines_from(start, before)
    found = {candidate: first_record(rest, candidate) for candidate in (delimiter, *DELIMITERS) if candidate}
    best = max(DELIMITERS, key=lambda candidate: len(found[candidate]))
    chosen = delimiter or best
    names = tuple(name.strip() for name in found[chosen])
    if delimiter is not None and len(names) == 1 and len(found[best]) > 1:
        raise SourceError(
            f'{original}, line {before + 1}: with the delimiter "{_NAMES.get(delimiter, delimiter)}" the header '
            f'is one column, "{names[0][:60]}". The delimiter is probably the {_NAMES[best]}: set '
            f'options = {{ delimiter = "{_escape(best)}" }}.'
        )
    return before, names, chosen


def _line_of(text: str) -> str:
    found = _LINE.match(text)
    return found[0].rstrip("\r\n") if found else ""


def _leading_lines(text: str) -> int:
    """Empty lines at the beginning."""
    lead = text[: len(text) - len(text.lstrip("\r\n"))]
    return len(re.findall(r"\r\n|\n|\r", lead))


def _escape(delimiter: str) -> str:
    return "\\t" if delimiter == "\t" else delimiter


def first_record(text: str, delimiter: str) -> list[str]:
    """Return the fields of the first record of a text; the first line as one field when it cannot be cut."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return text.splitlines()[:1]


def check_columns(
    original: Path, names: Sequence[str], required: Iterable[str], used: Iterable[str], first_line: bool = True
) -> None:
    """Compare a header with what is read from it.

    Parameters
    ----------
    original : Path
        For messages.
    names : sequence of str
        Header.
    required : iterable of str
        Columns that must be there.
    used : iterable of str
        Columns that are read when they are there; they may not stand in the header twice.
    first_line : bool
        Whether to name line 1 in messages.

    Raises
    ------
    SourceError
        Naming every missing column with the nearest one there is, or the one that is there twice.
    """
    where = f"{original}, line 1" if first_line else f"{original}"
    faults = []
    for wanted in required:
        if wanted not in names:
            hint = did_you_mean(wanted, names)
            faults.append(f'there is no column "{wanted}".{hint}')
    if faults:
        raise SourceError(
            f"{where}: {' '.join(faults)} The columns are: {listed(names)}. Correct columns in empathy.toml."
        )
    for wanted in (*required, *used):
        if list(names).count(wanted) > 1:
            positions = [str(index) for index, name in enumerate(names, start=1) if name == wanted]
            raise SourceError(
                f'{where}: the column "{wanted}" is there {len(positions)} times (columns {", ".join(positions)}); '
                f"which one is meant? Rename all but one in the export."
            )
        alike = next((name for name in names if name.casefold() == wanted.casefold()), wanted)
        if alike != wanted and wanted in names:  # the database would take the first for the other
            raise SourceError(
                f'{where}: the columns "{alike}" and "{wanted}" differ in capitals only and cannot be told apart; '
                f"rename one of them in the export."
            )


def fast_relation(path: Path, header: Header, has_quote: bool, rejects: str) -> str:
    """Return the FROM clause that reads a plain file with DuckDB, every column VARCHAR.

    Parameters
    ----------
    path : Path
        Plain UTF-8.
    header : Header
    has_quote : bool
        Whether fields may be quoted.
    rejects : str
        Name of the temporary table for lines that cannot be cut into fields.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.columns)
    quote = "'\"'" if has_quote else "''"
    return (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"skip = {header.lines}, delim = {literal(header.delimiter)}, quote = {quote}, escape = {quote}, "
        f"store_rejects = true, rejects_table = {literal(rejects)}, rejects_scan = {literal(rejects + '_scan')})"
    )


def line_breaks_sql(columns: Sequence[str]) -> str:
    """Return SQL that counts the line breaks inside the fields of a record."""
    return " + ".join(
        f"coalesce(strlen({quoted(name)}) - strlen(replace({quoted(name)}, chr(10), '')), 0)" for name in columns
    )


def careful(path: Path, header: Header) -> Iterator[tuple[int, list[str | None] | None, str, str]]:
    """Read a plain file record by record.

    Parameters
    ----------
    path : Path
        Text; bytes that are not UTF-8 make their line a reject.
    header : Header

    Yields
    ------
    line : int
        First physical line of the record.
    fields : list of str or None, or None
        The fields; ``None`` for a record that cannot be cut.
    reason, raw : str
        Why not, and its text; empty for a good record.
    """
    width = len(header.names)
    lines = _physical_lines(path, header.lines)
    pending: list[tuple[int, bytes]] = []

    def following() -> tuple[int, bytes] | None:
        return pending.pop() if pending else next(lines, None)

    while (current := following()) is not None:
        number, raw = current
        if not raw.strip(b" \t\r"):
            continue
        text, fault = _decode(raw)
        if fault:
            yield number, None, fault, text
            continue
        if '"' not in text:
            fields = text.split(header.delimiter)
            yield _widths(number, fields, width, text)
            continue
        taken = [current]
        parsed = parse_record(text, header.delimiter)
        while parsed is None and len(taken) < MOST_LINES_IN_A_RECORD:
            more = following()
            if more is None:
                break
            taken.append(more)
            addition, fault = _decode(more[1])
            if fault:
                break
            text += "\n" + addition
            parsed = parse_record(text, header.delimiter) if '"' in addition else None
        if parsed is None or (len(parsed) != width and len(taken) > 1):
            pending.extend(reversed(taken[1:]))
            first, _ = _decode(raw)
            alone = parse_record(first, header.delimiter)
            if alone is not None:
                yield _widths(number, alone, width, first)
            else:
                yield number, None, "a quote is opened and never closed, or stands inside a field", first
            continue
        yield _widths(number, parsed, width, text)


def _widths(number: int, fields: Sequence[str], width: int, text: str) -> tuple[int, list[str | None] | None, str, str]:
    if len(fields) != width:
        return number, None, f"{len(fields)} fields where the header has {width}", text
    return number, [field if field else None for field in fields], "", ""


def _decode(raw: bytes) -> tuple[str, str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return raw.decode("utf-8", "replace"), f"byte 0x{raw[error.start]:02X} is not UTF-8"
    if "\0" in text:
        return text.replace("\0", ""), "holds a NUL byte"
    return text, ""


def parse_record(text: str, delimiter: str) -> list[str] | None:
    """Return the fields of one record, strictly; ``None`` when its quotes do not work out."""
    fields: list[str] = []
    position = 0
    end = len(text)
    while True:
        if position < end and text[position] == '"':
            pieces = []
            position += 1
            while True:
                closing = text.find('"', position)
                if closing < 0:
                    return None
                pieces.append(text[position:closing])
                position = closing + 1
                if position < end and text[position] == '"':
                    pieces.append('"')
                    position += 1
                    continue
                break
            fields.append("".join(pieces))
            if position < end and text[position] != delimiter:
                return None
        else:
            closing = text.find(delimiter, position)
            closing = end if closing < 0 else closing
            value = text[position:closing]
            if '"' in value:
                return None
            fields.append(value)
            position = closing
        if position >= end:
            return fields
        position += 1


def _physical_lines(path: Path, skip: int) -> Iterator[tuple[int, bytes]]:
    """Lines ended by LF, CRLF or a lone CR, numbered from 1."""
    number = 0
    with path.open("rb") as handle:
        for row in handle:
            whole = row.rstrip(b"\n")
            whole = whole[:-1] if whole.endswith(b"\r") else whole
            parts = whole.split(b"\r") if b"\r" in whole else (whole,)
            for part in parts:
                number += 1
                if number > skip:
                    yield number, part




