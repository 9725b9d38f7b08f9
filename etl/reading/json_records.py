"""JSON lines, arrays and documents, cut into records of one JSON object each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

from etl.file_kinds import plain_name
from etl.reading.delimited_batches import BATCH
from etl.reading.delimited_records import Structural
from etl.reading.text_file import PlainText, chunks
from etl.sources.format import SourceError
from etl.sql_text import literal

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_LINE = 1 << 24
"""Longest line DuckDB takes, in bytes; a file with a longer one is read line by line."""
LARGEST_DOCUMENT = 1 << 30
"""Largest JSON document (not JSON lines) read, in bytes: it has to fit in memory as a whole."""


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that are not blank, numbered from 1, decompressed.

    Raises
    ------
    SourceError
        When a gzip file is cut short.
    """
    number = 0
    begun: list[bytes] = []
    for block in chunks(path):
        first, *pieces = block.split(b"\n")
        begun.append(first)
        if not pieces:
            continue
        last = pieces.pop()
        for piece in (b"".join(begun), *pieces):
            number += 1
            if piece.strip():
                yield number, piece
        begun = [last]
    carry = b"".join(begun)
    if carry.strip():
        yield number + 1, carry


def is_lines(path: Path) -> bool:
    """Whether a file is JSON lines: its first line that is not blank is a complete object and is not alone.

    Objects one after the other on one line, as a delivery stream writes them, are lines too.
    """
    numbered = lines_of(path)
    first = next(numbered, None)
    if first is None:
        return True
    second = next(numbered, None)
    try:
        value = orjson.loads(_unmarked(first[1]))
    except orjson.JSONDecodeError:
        named = plain_name(path).endswith((".jsonl", ".ndjson")) and not first[1].lstrip().startswith(b"[")
        return named or bool(_objects(_unmarked(first[1])))
    return isinstance(value, dict) and (second is not None or plain_name(path).endswith(("l", ".ndjson")))


def is_marked(path: Path) -> bool:
    """Whether a file begins with a byte-order mark."""
    with path.open("rb") as handle:
        return handle.read(3) == b"\xef\xbb\xbf"


def _unmarked(line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf")


_DECODER = json.JSONDecoder()


def _objects(line: bytes) -> list[bytes]:
    """The objects that stand one after the other on a line; none when it holds anything else."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return []
    found, place = [], 0
    while place < len(text):
        if text[place] != "{":
            return []
        try:
            _, end = _DECODER.raw_decode(text, place)
            found.append(text[place:end].encode())
            orjson.loads(found[-1])  # stricter: no NaN, no half characters
        except (ValueError, RecursionError):
            return []
        while end < len(text) and text[end].isspace():
            end += 1
        place = end
    return found


def records_of(path: Path, lists: Sequence[str]) -> Iterator[tuple[int, bytes | None, str, str]]:
    """Yield the records of a file.

    Parameters
    ----------
    path : Path
        JSON lines, an array of objects, one object, or a document holding the records under one of ``lists``.
    lists : sequence of str
        Keys to look under.

    Yields
    ------
    line : int
        Line (JSON lines), or number of the record in the file where one line or document holds several; never twice
        the same, since a record is found again by it.
    text : bytes or None
        One JSON object; ``None`` for a record that is none.
    reason, raw : str
        Why not, and its text; empty for a good record.

    Raises
    ------
    SourceError
        When the file is empty, a gzip is cut short, or a document is not JSON.
    """
    if is_lines(path):
        yield from _json_lines(path, lists)
    else:
        yield from _document(path, lists)


def _json_lines(path: Path, lists: Sequence[str]) -> Iterator[tuple[int, bytes | None, str, str]]:
    place = 0
    is_stream = False
    for number, line in lines_of(path):
        line = _unmarked(line) if number == 1 else line
        is_stream = is_stream or (place == 0 and len(_objects(line)) > 1)
        for is_own, text, reason, raw in _on_line(line, lists, is_stream):
            place = max(place + 1, number if is_own else 0)
            yield place, text, reason, raw
    if not place and next(lines_of(path), None) is None:
        raise SourceError(f"{path}: the file is empty. Export it again.")


def _on_line(line: bytes, lists: Sequence[str], is_stream: bool) -> Iterator[tuple[bool, bytes | None, str, str]]:
    """The records of a line: whether it is the line's own or one of a page's, its text, what is wrong with it.

    Objects one after the other are records in a file that begins so; in any other they are damage.
    """
    if b"\0" in line:
        yield True, None, "holds a NUL byte", line.replace(b"\0", b"").decode("utf-8", "replace")
        return
    try:
        found = [(line, orjson.loads(line))]
    except orjson.JSONDecodeError as error:
        found = [(text, orjson.loads(text)) for text in _objects(line) if is_stream]
        if not found:
            yield True, None, f"not valid JSON ({str(error).split(':')[0]})", line.decode("utf-8", "replace")
    for text, value in found:
        if not isinstance(value, dict):
            yield True, None, "not a JSON object", text.decode("utf-8", "replace")
            continue
        inner = next((value[key] for key in lists if isinstance(value.get(key), list)), None)
        if inner is None:
            yield True, text, "", ""
            continue
        for element in inner:
            yield (False, *_element(0, element)[1:])


def _document(path: Path, lists: Sequence[str]) -> Iterator[tuple[int, bytes | None, str, str]]:
    content = b"".join(_within(path))
    if not content.strip():
        raise SourceError(f"{path}: the file is empty. Export it again.")
    try:
        value = orjson.loads(_unmarked(content))
    except orjson.JSONDecodeError as error:
        raise SourceError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg}); "
            f"the file is cut short or damaged. Export it again; nothing of it was used."
        ) from None
    found: Any = value
    if isinstance(value, dict):
        found = next((value[key] for key in lists if isinstance(value.get(key), list)), [value])
    if not isinstance(found, list):
        raise SourceError(f"{path}: the document is neither an object nor a list of objects.")
    for number, element in enumerate(found, start=1):
        yield _element(number, element)


def document_of(path: Path) -> dict[str, Any] | None:
    """Return the one object that a file is, where it is no JSON lines and no list; None otherwise.

    Raises
    ------
    SourceError
        When the file is no JSON, or too large for a document.
    """
    if is_lines(path):
        return None
    texts = [text for _, text, _, _ in itertools.islice(_document(path, ()), 2)]
    return orjson.loads(texts[0]) if len(texts) == 1 and texts[0] is not None and not _is_list(path) else None


def _is_list(path: Path) -> bool:
    first = next(lines_of(path), None)
    return first is not None and _unmarked(first[1]).lstrip().startswith(b"[")


def _within(path: Path) -> Iterator[bytes]:
    size = 0
    for block in chunks(path):
        size += len(block)
        if size > LARGEST_DOCUMENT:
            raise SourceError(f"{path}: a JSON document over {LARGEST_DOCUMENT >> 30} GiB; export it as JSON lines.")
        yield block


def _element(number: int, element: Any) -> tuple[int, bytes | None, str, str]:
    text = orjson.dumps(element)
    if isinstance(element, dict):
        return number, text, "", ""
    return number, None, "not a JSON object", text.decode()


def fast_relation(path: Path) -> str:
    """Return the FROM clause that reads plain JSON lines: ``j``, and ``_fault`` of a line that is no record.

    There is one row for every line that is not blank, in the order of the file; ``j`` of a faulty one is ``{}``.

    Parameters
    ----------
    path : Path
        Plain UTF-8.
    """
    lines = f"read_ndjson_objects({literal(str(path))}, ignore_errors = true, maximum_object_size = {LARGEST_LINE})"
    fault = "CASE WHEN json IS NULL THEN 'not valid JSON' WHEN left(json, 1) <> '{' THEN 'not a JSON object' END"
    return (
        f"(SELECT CASE WHEN _fault IS NULL THEN json ELSE '{{}}'::JSON END AS j, _fault "
        f"FROM (SELECT json, {fault} AS _fault FROM {lines}))"
    )


def parsed_relation(path: Path, structure: str) -> str:
    """Return the FROM clause that reads plain JSON lines into ``_d``, a structure of texts, and stops where one has
    something else in the place of an object or list, or has a name twice.

    Parameters
    ----------
    path : Path
        Plain UTF-8.
    structure : str
        SQL type.
    """
    return (
        f"(SELECT json AS _d FROM read_json({literal(str(path))}, columns = {{'json': {literal(structure)}}}, "
        f"records = 'false', format = 'newline_delimited', maximum_object_size = {LARGEST_LINE}))"
    )


def hold_parsed(con: duckdb.DuckDBPyConnection, plain: PlainText, structure: str, table: str) -> bool:
    """Hold the structures of JSON lines; False where one does not fit, or is none."""
    relation = parsed_relation(plain.path, structure)
    try:
        con.execute(f"CREATE TEMP TABLE {table} AS SELECT row_number() OVER () AS _line, _d FROM {relation}")
    except duckdb.Error:
        return False
    found = con.execute(f"SELECT count(*), count(*) FILTER (_d IS NULL) FROM {table}").fetchone()
    if found == (plain.lines, 0):
        return True
    con.execute(f"DROP TABLE {table}")
    return False


def hold_whole(con: duckdb.DuckDBPyConnection, relation: str, table: str, plain: PlainText) -> bool:
    """Hold JSON lines of which records are read more than once; False where a line is no record, or is blank."""
    con.execute(f"CREATE TEMP TABLE {table} AS SELECT row_number() OVER () AS _line, * FROM {relation}")
    found = con.execute(f"SELECT count(*), count(_fault) FROM {table}").fetchone()
    if found == (plain.lines, 0):
        return True
    con.execute(f"DROP TABLE {table}")
    return False


def holds_pages(path: Path, lists: Sequence[str]) -> bool:
    """Whether a line holds several records, by the first: under one of ``lists``, or objects one after the other."""
    first = next(lines_of(path), None)
    try:
        value = orjson.loads(_unmarked(first[1])) if first else None
    except orjson.JSONDecodeError:
        return bool(first and _objects(_unmarked(first[1])))
    return isinstance(value, dict) and any(isinstance(value.get(key), list) for key in lists)


def batches(
    path: Path, lists: Sequence[str], structural: list[Structural], stopped: list[SourceError]
) -> pa.RecordBatchReader:
    """Return the good records as Arrow: ``_line`` and ``_text``; the others go to ``structural``.

    A file that cannot be read to its end ends the records, with the error in ``stopped``: raised here, the database
    would wrap it in its own.
    """
    import pyarrow as pa

    schema = pa.schema([("_line", pa.int64()), ("_text", pa.string())])

    def produce() -> Iterator[pa.RecordBatch]:
        numbers: list[int] = []
        texts: list[bytes] = []
        try:
            for number, text, reason, raw in records_of(path, lists):
                if text is None:
                    structural.append(Structural(number, reason, raw))
                    continue
                numbers.append(number)
                texts.append(text)
                if len(texts) >= BATCH:
                    yield _batch(numbers, texts, schema)
                    numbers, texts = [], []
        except SourceError as error:
            stopped.append(error)
        if texts:
            yield _batch(numbers, texts, schema)

    return pa.RecordBatchReader.from_batches(schema, produce())


def _batch(numbers: list[int], texts: list[bytes], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_arrays(
        [pa.array(numbers, pa.int64()), pa.array(texts, pa.binary()).cast(pa.string())], schema=schema
    )
