"""Text files made plain before they are read: decompressed, decoded, counted line by line.

One pass over the bytes gives the facts by which a parse is audited afterwards: how many physical lines there are,
whether a quote, a NUL or a carriage return occurs, whether the bytes are UTF-8. A reader that says it read every record
is believed only when its count agrees with this one.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import itertools
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from etl.configuration.model import ConfigError
from etl.sources.format import SourceError

if TYPE_CHECKING:  # numpy is imported where bytes are counted: a build with nothing new counts none
    import numpy as np
    import numpy.typing as npt

CHUNK = 1 << 20
HASH_BLOCK = 8 << 20
_NEWLINE = 10
_SPACE, _COMMA, _SEMICOLON, _BAR = b" ,;|"
_BESIDE = b',;\t|"\n\r'
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TELLS = 64
"""First bytes from which UTF-16 is told."""
_ASKEW = ("\u0a00", "\u0a0d", "\ufffe")
"""What line ends and byte-order marks become where UTF-16 is read askew; no text holds them."""

_UNPACK = "Unpack it, or pack it with gzip, which is read as it is."
_NO_TEXT = (
    (b"PK\x03\x04", "a zip archive or a workbook", "Unpack it, or save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old workbook or document", "Save the sheet as CSV."),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!\x1a", "a rar archive", _UNPACK),
    (b"\xfd7zXZ", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (b"BZh91A", "packed with bzip2", _UNPACK),
    (b"PAR1", "a Parquet file", "Let its name end in .parquet."),
    (b"%PDF-", "a PDF", "Export the table itself, as CSV."),
    (b"\x89PNG", "a picture", "Name the export under path."),
)
"""First bytes of files that are taken for exports by their names, what they are, and what to do."""


@dataclass(frozen=True)
class PlainText:
    """A text file as UTF-8 on disk, and what was counted in it.

    Attributes
    ----------
    path : Path
        The plain file: the original, or a decompressed or decoded copy.
    lines : int
        Physical lines, without empty ones at the end.
    has_quote, has_nul : bool
        Whether ``"`` or a NUL byte occurs.
    line_end : str
        ``"lf"``, ``"crlf"``, ``"cr"`` or ``"mixed"``.
    bad_line : int or None
        First line that is not UTF-8.
    bad_byte : int
        The byte there.
    longest : bool
        Whether a line is longer than a chunk, which only a careful reader can take.
    has_padding : bool
        Whether a space stands beside a delimiter, a quote or a line end, so that fields may have to be trimmed.
    marks : tuple of (int, int)
        Byte offset of each chunk of the plain file and the line ends before it, to find a line without reading all
        that stands before it.
    """

    path: Path
    lines: int
    has_quote: bool
    has_nul: bool
    line_end: str
    bad_line: int | None
    bad_byte: int
    longest: bool
    has_padding: bool
    marks: tuple[tuple[int, int], ...]


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in blocks large enough not to disturb other threads."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(HASH_BLOCK))
    with path.open("rb", buffering=0) as handle:
        while size := handle.readinto(block):
            digest.update(block[:size])
    return digest.hexdigest()


def check_encoding(name: str, where: str) -> str:
    """Return Python's name of an encoding.

    Raises
    ------
    ConfigError
        When there is no such encoding.
    """
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ConfigError(
            f'{where} options.encoding: there is no encoding "{name}"; use "utf-8", "latin-1", "cp1252" or "utf-16".'
        ) from None






def likely_encoding(path: Path) -> str:
    """Return an encoding in which the first part of a text file can be read: UTF-8, or the first that fits.

    Parameters
    ----------
    path : Path
        Gzip or not.
    """
    start = next(chunks(path), b"")
    if start[:2] in _UTF16:
        return "utf-16"
    if unmarked := _unmarked_utf16(start):
        return unmarked
    for name in ("utf-8", "cp1252", "cp932"):
        try:
            codecs.getincrementaldecoder(name)().decode(start)
        except UnicodeError:
            continue
        return name
    return "utf-8"


def refuse_packed(start: bytes, path: Path) -> None:
    """Raise when the first bytes of a file that should be text say that it is something else.

    Raises
    ------
    SourceError
        Naming what it is and what to do.
    """
    for magic, what, advice in _NO_TEXT:
        if start.startswith(magic):
            raise SourceError(f"{path}: the file is {what}, not text. {advice}")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file of text for reading bytes, through gzip when its first bytes say so.

    Raises
    ------
    SourceError
        When its first bytes say that it is no text.
    """
    handle = path.open("rb")
    magic = handle.read(6)
    handle.seek(0)
    try:
        refuse_packed(magic, path)
    except SourceError:
        handle.close()
        raise
    if magic[:2] == b"\x1f\x8b":
        handle.close()
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return handle


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, decompressed.

    Raises
    ------
    SourceError
        When a gzip file is cut short or damaged.
    """
    with open_bytes(path) as handle:
        try:
            while block := handle.read(CHUNK):
                yield block
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise SourceError(
                f"{path}: the gzip file is cut short or damaged ({error}). Export or copy it again; "
                f"nothing of it was used."
            ) from None


def prepare(path: Path, encoding: str, work_dir: Path) -> PlainText:
    """Make a text file plain and count it.

    Parameters
    ----------
    path : Path
        The export, ``.gz`` or not.
    encoding : str
        Python's name of its encoding.
    work_dir : Path
        Where a decompressed or decoded copy is put.

    Raises
    ------
    SourceError
        When the file is cut short, or cannot be decoded in the encoding given.
    """
    with path.open("rb") as handle:
        start = handle.read(_TELLS)
    packed = start[:2] == b"\x1f\x8b"
    encoding = announced(next(chunks(path), b"")[:_TELLS] if packed else start, encoding, path)
    decode = encoding not in PLAIN
    copy = decode or packed
    target = work_dir / f"plain-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.txt" if copy else path
    count = _Count()
    output = target.open("wb") if copy else None
    decoder = codecs.getincrementaldecoder(encoding)() if decode else None
    try:
        for block in itertools.chain(chunks(path), [b""]):
            if decoder is not None:
                try:
                    text = decoder.decode(block, final=not block)
                    if encoding == "utf-16" and any(sign in text for sign in _ASKEW):
                        raise UnicodeError("single-byte line ends stand between its lines")
                    block = text.encode()
                except UnicodeError as error:
                    raise SourceError(
                        f"{path}, line {count.newlines + 1}: cannot be read as {encoding} ({error}); "
                        f"correct options.encoding of its source."
                    ) from None
            count.add(block)
            if output is not None:
                output.write(block)
    finally:
        if output is not None:
            output.close()
    return count.result(target)


PLAIN = ("utf-8", "utf-8-sig", "ascii")
"""Encodings that need no decoding."""


def announced(start: bytes, encoding: str, path: Path) -> str:
    """Return the encoding of a file: UTF-16 where its first bytes are such and nothing else was asked for.

    Parameters
    ----------
    start : bytes
        Its first bytes.
    encoding : str
        Python's name of the encoding of its source.
    path : Path
        For messages.

    Raises
    ------
    SourceError
        When another encoding than UTF-8 was asked for.
    """
    found = "utf-16" if start[:2] in _UTF16 else _unmarked_utf16(start)
    if not found or encoding.startswith("utf-16"):
        return encoding
    if encoding in PLAIN:
        return found
    raise SourceError(f'{path}: the file is UTF-16; set options = {{ encoding = "utf-16" }} for its source.')


def _unmarked_utf16(start: bytes) -> str:
    """The byte order of UTF-16 without a mark, told by the NUL bytes of its first letters; empty for other bytes."""
    high, low = start[:_TELLS:2], start[1:_TELLS:2]
    if len(low) < 8:
        return ""
    if not any(high) and all(low):
        return "utf-16-be"
    return "utf-16-le" if not any(low) and all(high) else ""


def _is_padded(codes: npt.NDArray[np.uint8], last: bytes) -> bool:
    """Whether a space stands beside a delimiter, a quote or a line end; ``last`` is the byte before the block.

    A space at the very end of the block is judged with the block that follows.
    """
    import numpy as np

    if last == b" " and int(codes[0]) in _BESIDE:
        return True
    if codes[0] == _SPACE and (not last or last in _BESIDE):
        return True
    spaces = codes == _SPACE
    near = codes <= _COMMA  # all of _BESIDE but two, and little else: letters, digits and most signs come later
    near |= codes == _SEMICOLON
    near |= codes == _BAR
    if not ((spaces[1:] & near[:-1]).any() or (spaces[:-1] & near[1:]).any()):
        return False
    at = np.flatnonzero(spaces)
    after, ahead = at[at < codes.size - 1] + 1, at[at > 0] - 1
    return bool(np.isin(codes[np.concatenate([after, ahead])], list(_BESIDE)).any())


class _Count:
    """Running counts over the chunks of a file."""

    def __init__(self) -> None:
        self.newlines = 0
        self.returns = 0
        self.pairs = 0
        self.has_quote = self.has_nul = self.longest = self.has_padding = False
        self.bad_line: int | None = None
        self.bad_byte = 0
        self.marks: list[tuple[int, int]] = []
        self._trailing = b""
        self._last = b""
        self._size = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ascii = True

    def add(self, block: bytes) -> None:
        if not block:
            return
        import numpy as np

        codes = np.frombuffer(block, np.uint8)
        newlines = int(np.count_nonzero(codes == _NEWLINE))
        self.marks.append((self._size, self.newlines))
        self.has_quote = self.has_quote or b'"' in block
        self.has_nul = self.has_nul or b"\0" in block
        if not self.has_padding and (b" " in block or self._last == b" "):
            self.has_padding = _is_padded(codes, self._last)
        self.longest = self.longest or (newlines == 0 and len(block) == CHUNK)
        if b"\r" in block or self._last == b"\r":
            self.returns += block.count(b"\r")
            self.pairs += block.count(b"\r\n") + (self._last == b"\r" and block[:1] == b"\n")
        if self.bad_line is None and not (self._ascii and block.isascii()):
            self._validate(block)
        self.newlines += newlines
        self._last = block[-1:]
        self._trailing = (self._trailing + block)[-CHUNK:] if not block.strip(b"\r\n") else block[-CHUNK:]
        self._size += len(block)

    def _validate(self, block: bytes) -> None:
        self._ascii = False
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError as error:
            position = max(error.start - pending, 0)
            self.bad_line = self.newlines + block[:position].count(b"\n") + 1
            self.bad_byte = error.object[error.start]

    def result(self, path: Path) -> PlainText:
        body = self._trailing.rstrip(b"\r\n")
        ends = self._trailing[len(body) :]
        if self.newlines == 0 and self.returns > 0:
            style = "cr"
        elif self.returns == 0:
            style = "lf"
        else:
            style = "crlf" if self.pairs == self.returns == self.newlines else "mixed"
        blank = ends.count(b"\n")
        lines = self.newlines - blank + (1 if self._size > len(ends) else 0)
        return PlainText(
            path,
            lines,
            self.has_quote,
            self.has_nul,
            style,
            self.bad_line,
            self.bad_byte,
            self.longest,
            self.has_padding or self._last == b" ",
            tuple(self.marks),
        )


def refuse_undecodable(plain: PlainText, original: Path) -> None:
    """Raise when a file that should be UTF-8 is not.

    Raises
    ------
    SourceError
        Naming the first line, the byte, and the setting that helps.
    """
    if plain.bad_line is not None:
        raise SourceError(
            f"{original}, line {plain.bad_line}: byte 0x{plain.bad_byte:02X} is not UTF-8. If the file was written in "
            f'Latin-1 or Windows-1252, set options = {{ encoding = "cp1252" }}; if only single lines are damaged, '
            f'set options = {{ encoding_errors = "reject" }} and they are rejected one by one.'
        )


def raw_lines(plain: PlainText, wanted: set[int]) -> dict[int, str]:
    """Return the text of some physical lines of a plain file; only the parts that hold them are read.

    Parameters
    ----------
    plain : PlainText
    wanted : set of int
        Line numbers from 1.
    """
    found: dict[int, str] = {}
    marks = [newlines for _, newlines in plain.marks]
    with plain.path.open("rb") as handle:
        for place, group in itertools.groupby(sorted(wanted), lambda line: _mark_before(marks, line)):
            offset, newlines = plain.marks[place]
            handle.seek(offset)
            lines = [line - newlines - 1 for line in group]
            text = handle.read(CHUNK)
            ends = _line_ends(text)
            while ends.size <= lines[-1] and (more := handle.read(CHUNK)):
                text += more
                ends = _line_ends(text)
            for line in lines:
                if line <= ends.size:
                    start = ends[line - 1] + 1 if line else 0
                    end = ends[line] if line < ends.size else len(text)
                    found[line + newlines + 1] = text[start:end].rstrip(b"\r").decode("utf-8", "replace")
    return found


def _line_ends(text: bytes) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE)


def _mark_before(marks: Sequence[int], line: int) -> int:
    """The last mark that surely stands before a line's first byte: the end of the line before it is still to come."""
    return max(bisect_left(marks, line - 1) - 1, 0)
