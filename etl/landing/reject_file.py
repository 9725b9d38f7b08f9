"""The rejected records of one file: their text fetched, masked, and written with every reason.

Each field of a record is shown or hidden by itself: the values of fields that are mapped to a column that is not
private are shown, shortened and without addresses and card numbers; every other value is hidden. A line that could not
be cut into fields shows its shape only.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson

from etl.contracts.columns import PERSON_IDS
from etl.contracts.tables import CONTRACTS
from etl.reading import delimited_records, text_file
from etl.reading.delimited_records import Structural
from etl.reading.opened import Reading, fresh_name
from etl.scrubbing import CARD, EMAIL, mask_value, shape
from etl.sources.plan import JsonShape, Plan
from etl.sql_text import literal, quoted

HIDDEN = "•••"
COLUMNS = {
    "line": "BIGINT",
    "table_name": "VARCHAR",
    "reasons": "VARCHAR[]",
    "status": "VARCHAR",
    "raw": "VARCHAR",
    "record": "VARCHAR",
}
"""Columns of ``rejects.parquet``."""
LONGEST_RAW = 2_000
"""Longest text of a record shown in a reject list, in characters."""
MOST_REJECTS_MASKED = 200_000
"""Beyond this many rejects of one file the text of the rest is left out of the reject list; reasons and lines stay."""


def write_rejects(
    folder: Path,
    primary: str,
    reading: Reading,
    con: duckdb.DuckDBPyConnection,
    refused: Sequence[tuple[int, list[str], str]],
    structural: Sequence[Structural],
    one_per_line: bool,
) -> None:
    """Write ``rejects.parquet``: line, reasons, status, masked text and the record itself."""
    kept = shown_fields(reading.plan)
    records = _records(con, reading, [line for line, _, _ in refused], one_per_line) if refused else {}
    table = fresh_name("rejects")
    con.execute(f"CREATE TEMP TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    try:
        lists = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
        for batch in _batches(_reject_rows(primary, reading, kept, refused, records, structural)):
            con.execute(f"INSERT INTO {table} SELECT {lists}", [list(column) for column in zip(*batch, strict=True)])
        target = literal(str(folder / "rejects.parquet"))
        con.execute(f"COPY {table} TO {target} (FORMAT parquet, COMPRESSION zstd)")
    finally:
        con.execute(f"DROP TABLE {table}")


def _reject_rows(
    primary: str,
    reading: Reading,
    kept: Mapping[str, bool],
    refused: Sequence[tuple[int, list[str], str]],
    records: Mapping[int, str],
    structural: Sequence[Structural],
) -> Iterator[tuple[Any, ...]]:
    """Values of :data:`COLUMNS`, reject by reject."""
    for count, (line, reasons, status) in enumerate(refused):
        record = records.get(line, "")
        masked = mask_record(record, reading, kept) if count < MOST_REJECTS_MASKED else ""
        yield line, primary, [mask_reason(word) for word in reasons], status, masked, record
    for item in structural:
        yield item.line, primary, [item.reason], "open", shape(item.raw[:LONGEST_RAW]), item.raw


def _batches(rows: Iterable[tuple[Any, ...]], size: int = 20_000) -> Iterator[list[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _records(
    con: duckdb.DuckDBPyConnection, reading: Reading, lines: Sequence[int], one_per_line: bool
) -> dict[int, str]:
    """The text of some records: the line itself, a CSV line made again, or JSON."""
    if one_per_line and reading.plain is not None:
        return text_file.raw_lines(reading.plain, set(lines))
    if reading.rejects_table:
        return _careful_records(reading, set(lines))
    import pyarrow as pa

    wanted = pa.table({"_line": pa.array(lines, pa.int64())})  # noqa: F841 (read by name)
    matching = f"FROM {reading.relation} AS records SEMI JOIN wanted USING (_line)"
    if isinstance(reading.plan.shape, JsonShape):
        texts = reading.texts or reading.relation
        return dict(
            con.execute(f"SELECT _line, j::VARCHAR FROM {texts} AS records SEMI JOIN wanted USING (_line)").fetchall()
        )
    named = ", ".join(quoted(name) for name in reading.columns)
    rows = con.execute(f"SELECT _line, {named} {matching}").fetchall()
    if reading.header is not None:
        return {int(row[0]): join_fields(row[1:], reading.header.delimiter) for row in rows}
    return {
        int(row[0]): json.dumps(dict(zip(reading.columns, row[1:], strict=True)), ensure_ascii=False) for row in rows
    }


def _careful_records(reading: Reading, wanted: set[int]) -> dict[int, str]:
    if reading.plain is None or reading.header is None:
        return {}
    delimiter = reading.header.delimiter
    return {
        number: join_fields(fields, delimiter)
        for number, fields, _, _ in delimited_records.careful(reading.plain.path, reading.header)
        if number in wanted and fields is not None
    }


def join_fields(fields: Sequence[str | None], delimiter: str) -> str:
    """Return fields as one CSV record, quoted where needed."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(  # which is how it knows what to quote
        ["" if item is None else item for item in fields]
    )
    return buffer.getvalue().removesuffix("\r\n")


def shown_fields(plan: Plan) -> dict[str, bool]:
    """Return the source fields whose values may be shown in a reject list, and whether with words: mapped, not private.

    Agents' own ids are hidden too, since in many systems they are user names; the line tells which record it is.
    """
    shown: dict[str, bool] = {}
    hidden: set[str] = set()
    for table_map in plan.tables:
        for canonical, mapped in table_map.fields.items():
            item = CONTRACTS[table_map.table][canonical]
            names = {name.strip() for name in mapped.source.split(" + ")}
            if item.private or item.free_text or canonical in PERSON_IDS:
                hidden |= names
            else:
                shown |= {name: shown.get(name, False) or item.type == "text" for name in names}
    return {name: words for name, words in shown.items() if name not in hidden}


def mask_reason(words: str) -> str:
    """Return a reason without e-mail addresses and card numbers in the value it quotes."""
    return re.sub(CARD, "[card]", re.sub(EMAIL, "[e-mail]", words, flags=re.ASCII))


def mask_record(record: str, reading: Reading, kept: Mapping[str, bool]) -> str:
    """Return a record with every field hidden that is not mapped, or is private.

    Parameters
    ----------
    record : str
        Its text.
    reading : Reading
        Names the fields.
    kept : mapping of str to bool
        Fields to show, and whether with words.
    """
    if reading.header is not None:
        return _mask_csv(record, reading, kept)[:LONGEST_RAW]
    try:
        value = orjson.loads(record)
    except orjson.JSONDecodeError:  # half a character, or another thing that cannot be shown
        return shape(record[:LONGEST_RAW])
    return json.dumps(_mask_json(value, "", kept), ensure_ascii=False)[:LONGEST_RAW]


def _mask_csv(record: str, reading: Reading, kept: Mapping[str, bool]) -> str:
    if reading.header is None:
        return shape(record)
    fields = delimited_records.parse_record(record, reading.header.delimiter)
    if fields is None or len(fields) != len(reading.columns):
        return shape(record[:LONGEST_RAW])
    shown = [
        value if not value else mask_value(value, words=kept[name]) if name in kept else HIDDEN
        for name, value in zip(reading.columns, fields, strict=True)
    ]
    return join_fields(shown, reading.header.delimiter)


def _mask_json(value: Any, dotted: str, kept: Mapping[str, bool]) -> Any:
    if isinstance(value, dict):
        return {
            key: _mask_json(inner, f"{dotted}.{key}" if dotted else key, kept)
            for key, inner in list(value.items())[:100]
        }
    if isinstance(value, list):
        return [_mask_json(inner, dotted, kept) for inner in value[:20]]
    if value is None or isinstance(value, bool):
        return value
    if dotted in kept:
        return mask_value(value, words=kept[dotted]) if isinstance(value, str) else value
    return HIDDEN
