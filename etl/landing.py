"""One file read into its landing folder: typed rows, rejected records with their reasons, and a manifest that adds up.

A folder holds ``records.parquet`` (one row per record, good and refused, with the columns of all tables that take one
row per record), one ``NAME-N.parquet`` per table that takes several, ``rejects.parquet`` (line, reasons, masked text,
and the record itself for a later replay) and ``manifest.json``. The folder is readable by its owner only: it is the one
place where names and addresses of the export still stand as they came.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from etl import compile as compiler
from etl import csvfile, textfile
from etl.compile import Statement, StoredTable
from etl.config import Source
from etl.contracts import CONTRACTS
from etl.csvfile import Structural
from etl.privacy import CARD, EMAIL, mask_value, shape
from etl.reading import Reading, fresh_name, open_file, refused_lines
from etl.sources import CsvShape, JsonShape, Plan, SourceError, literal, quoted

HIDDEN = "•••"
LONGEST_RAW = 2_000
"""Longest text of a record shown in a reject list, in characters."""
MOST_REJECTS_MASKED = 200_000
"""Beyond this many rejects of one file the text of the rest is left out of the reject list; reasons and lines stay."""

WITNESS_ROWS = 400
"""Rows compared with the text of their lines, spread evenly over a file."""

REJECT_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("table_name", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("status", pa.string()),
        ("raw", pa.string()),
        ("record", pa.string()),
    ]
)


@dataclass(frozen=True)
class Stored:
    """One canonical table in a landing folder.

    Attributes
    ----------
    table : StoredTable
    file : str
        Name of the Parquet file.
    """

    table: StoredTable
    file: str


@dataclass(frozen=True)
class LandedFile:
    """What is known of one file that has landed.

    Attributes
    ----------
    folder : Path
        Its landing folder.
    file_id : str
        Twelve hexadecimal characters, from the content and the source's name.
    source, format, path, sha256 : str
    bytes : int
    read, rejected, dropped : int
        Records of the file; ``rejected`` includes ``dropped``. Duplicates are known only across files.
    first_line : int or None
        When given, rows of ``records.parquet`` stand one per line from this line.
    has_refused : bool
        Whether ``records.parquet`` holds refused records too, to be passed over.
    carries_key : bool
        Whether ``records.parquet`` has ``_key`` and ``_version``.
    primary : str
        First canonical table.
    tables : tuple of Stored
    columns : tuple of str
        Columns of a record, to replay rejects.
    kind : str
        ``csv``, ``json`` or ``table``.
    delimiter : str
    replays : str
        Name of the landing folder whose rejected records are read again here; empty for a file.
    hides_open : bool
        Its rejected records have been tried again and are counted in the folder that did so.
    """

    folder: Path
    file_id: str
    source: str
    format: str
    path: str
    sha256: str
    bytes: int
    read: int
    rejected: int
    dropped: int
    first_line: int | None
    has_refused: bool
    carries_key: bool
    primary: str
    tables: tuple[Stored, ...]
    columns: tuple[str, ...] = ()
    kind: str = "table"
    delimiter: str = ","
    replays: str = ""
    hides_open: bool = False

    @property
    def line_sql(self) -> str:
        """SQL of the record's line over ``records.parquet`` read with ``file_row_number``."""
        return "_line" if self.first_line is None else f"file_row_number + {self.first_line}"

    @property
    def good_sql(self) -> str:
        """SQL that keeps the good records of ``records.parquet``."""
        return "_reasons IS NULL AND _dropped IS NULL" if self.has_refused else "true"

    def save(self) -> None:
        """Write ``manifest.json``; its presence says that the folder is complete."""
        content = asdict(self)
        content["folder"] = ""
        temporary = self.folder / "manifest.tmp"
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(temporary, self.folder / "manifest.json")

    @classmethod
    def restore(cls, folder: Path) -> LandedFile:
        """Read back what :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            When the folder is not complete.
        """
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        tables = tuple(Stored(StoredTable(**item["table"]), item["file"]) for item in content.pop("tables"))
        content["columns"] = tuple(content["columns"])
        return cls(**{**content, "folder": folder, "tables": tables})


@dataclass(frozen=True)
class Job:
    """One file to land.

    Attributes
    ----------
    source_name : str
    source : Source
    zone : str
        Zone of times without offset.
    path : Path
        Absolute.
    shown : str
        Path as reports name it, relative to the configuration.
    sha256 : str
    bytes : int
    plan : Plan
        Resolved.
    file_id : str
    """

    source_name: str
    source: Source
    zone: str
    path: Path
    shown: str
    sha256: str
    bytes: int
    plan: Plan
    file_id: str


def land(con: duckdb.DuckDBPyConnection, job: Job, folder: Path, work_dir: Path) -> LandedFile:
    """Read one file into a new landing folder.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    job : Job
    folder : Path
        Must not exist; it appears complete or not at all.
    work_dir : Path
        For temporary files.

    Raises
    ------
    SourceError
        When the file cannot be read.
    """
    with appearing(folder) as building:
        landed = _land(con, job, building, work_dir)
        replace(landed, folder=building).save()
    return replace(landed, folder=folder)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill beside ``folder``, which takes its name when all went well and is removed when not."""
    building = folder.with_name(folder.name + f".{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True, mode=0o700)
    try:
        yield building
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _land(con: duckdb.DuckDBPyConnection, job: Job, folder: Path, work_dir: Path) -> LandedFile:
    try:
        return _attempt(con, job, folder, work_dir, careful=False)
    except AuditError:
        return _attempt(con, job, folder, work_dir, careful=True)


class AuditError(Exception):
    """The fast reader's count of records does not agree with the file's lines."""


def _attempt(con: duckdb.DuckDBPyConnection, job: Job, folder: Path, work_dir: Path, careful: bool) -> LandedFile:
    reading = open_file(con, job.path, job.plan, job.source.options, work_dir, careful)
    return land_reading(con, reading, job, folder, careful)


def land_reading(con: duckdb.DuckDBPyConnection, reading: Reading, job: Job, folder: Path, careful: bool) -> LandedFile:
    """Write the records of an opened file to a folder, and close it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    reading : Reading
    job : Job
    folder : Path
        Exists.
    careful : bool
        Whether ``reading`` came from the careful reader.

    Raises
    ------
    AuditError
        When the fast reader cannot be believed.
    SourceError
        When the file cannot be read.
    """
    temporary: list[str] = []
    try:
        by_line = reading.first_line is not None
        trimmed = by_line and reading.header is not None and reading.plain is not None and not reading.plain.has_padding
        witness = reading.columns[0] if by_line and reading.columns else ""
        faults = by_line and isinstance(reading.plan.shape, JsonShape)
        statement = compiler.records(
            reading.plan, job.source, job.zone, trimmed=trimmed, witness=witness, faults=faults
        )
        elements = [
            (table_map.table, compiler.elements(table_map, job.source, job.zone))
            for table_map in reading.plan.tables
            if table_map.each
        ]
        try:
            tables = _write(con, reading, statement, elements, folder, temporary)
        except duckdb.InvalidInputException as error:
            if reading.plain is not None and not careful:
                raise AuditError from None
            raise SourceError(f"{job.shown}: cannot be read ({str(error).splitlines()[0]}).") from None
        except duckdb.BinderException as error:
            raise _unknown_field(job, error) from None
        return _account(con, reading, statement, tables, job, folder)
    finally:
        reading.close(con)
        for name in temporary:
            con.execute(f"DROP TABLE IF EXISTS {name}")


def _unknown_field(job: Job, error: Exception) -> SourceError:
    found = re.search(r'column "([^"]+)" not found', str(error))
    named = f'there is no column "{found[1]}"' if found else str(error).splitlines()[0]
    return SourceError(f"{job.shown}: {named}; correct [sources.{job.source_name}] in empathy.toml.")


def _write(
    con: duckdb.DuckDBPyConnection,
    reading: Reading,
    statement: Statement,
    elements: Sequence[tuple[str, Statement]],
    folder: Path,
    temporary: list[str],
) -> list[Stored]:
    """Write the Parquet files; refused records stay in ``records.parquet`` with their reasons."""
    target = folder / "records.parquet"
    source = f"WITH records AS NOT MATERIALIZED (SELECT * FROM {reading.relation})"
    query = statement.sql
    breaks = ""
    if reading.first_line is not None:
        query = _without_line(query)
        if reading.header is not None and reading.plain is not None and reading.plain.has_quote:
            breaks = csvfile.line_breaks_sql(reading.columns)
            source = (
                f"WITH records AS NOT MATERIALIZED (SELECT *, ({breaks})::INTEGER AS _line FROM {reading.relation})"
            )
            query = statement.sql
    stored = [Stored(table, target.name) for table in statement.tables]
    if not elements:
        _copy(con, f"{source} {query}", target)
        return stored
    base = fresh_name("base")
    con.execute(f"CREATE TEMP TABLE {base} AS {source} {query}")
    temporary.append(base)
    parts = []
    for index, (name, element) in enumerate(elements):
        part = fresh_name(name)
        con.execute(f"CREATE TEMP TABLE {part} AS {source} {element.sql}")
        temporary.append(part)
        parts.append((part, f"{name}-{index}.parquet", element))
    rows = " UNION ALL ".join(f"SELECT _line, _reasons FROM {part}" for part, _, _ in parts)
    gives = [table.give for table in statement.tables]
    of_record = "true" if any(not give for give in gives) else " OR ".join(gives) or "false"
    final = fresh_name("final")
    con.execute(
        f"CREATE TEMP TABLE {final} AS "
        f"WITH found AS (SELECT _line, count(*) AS n, flatten(list(_reasons) FILTER (_reasons IS NOT NULL)) AS words "
        f"FROM ({rows}) GROUP BY _line) "
        f"SELECT base.* EXCLUDE (_reasons), CASE WHEN _dropped IS NOT NULL THEN NULL "
        f"WHEN base._reasons IS NULL AND coalesce(len(found.words), 0) = 0 THEN "
        f"CASE WHEN coalesce(found.n, 0) = 0 AND NOT ({of_record}) THEN ['the record gives no row of any table'] END "
        f"ELSE list_distinct(list_concat(coalesce(base._reasons, []), coalesce(found.words, []))) END AS _reasons "
        f"FROM {base} AS base LEFT JOIN found USING (_line)"
    )
    temporary.append(final)
    _copy(con, f"SELECT * FROM {final} ORDER BY _line", target)
    for part, file, element in parts:
        _copy(
            con,
            f"SELECT part.* EXCLUDE (_reasons) FROM {part} AS part SEMI JOIN "
            f"(SELECT _line FROM {final} WHERE _reasons IS NULL AND _dropped IS NULL) USING (_line) "
            f"ORDER BY _line, item_no",
            folder / file,
        )
        stored += [Stored(table, file) for table in element.tables]
    order = {table_map.table: index for index, table_map in enumerate(reading.plan.tables)}
    return sorted(stored, key=lambda item: order[item.table.table])


def _without_line(query: str) -> str:
    return query.replace("select _line, ", "select ")


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    con.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION snappy)")


def _account(
    con: duckdb.DuckDBPyConnection,
    reading: Reading,
    statement: Statement,
    tables: Sequence[Stored],
    job: Job,
    folder: Path,
) -> LandedFile:
    target = folder / "records.parquet"
    first_line = reading.first_line
    structural = reading.structural
    if reading.rejects_table:
        refused = refused_lines(con, reading)
        first_line = _audit(con, reading, target, len(refused))
        if first_line is not None:
            _compare_lines(con, reading, statement, target, first_line)
    elif first_line is not None:
        _audit_json(con, reading, target)
    rows = f"read_parquet({literal(str(target))}, file_row_number = true)"
    line = "_line" if first_line is None else f"file_row_number + {first_line}"
    counted = con.execute(f"SELECT count(*), count(*) FILTER (_dropped IS NOT NULL), count(_reasons) FROM {rows}")
    total, dropped, bad = counted.fetchone() or (0, 0, 0)
    refused_rows: list[tuple[int, list[str], str]] = []
    if dropped or bad:
        refused_rows = con.execute(
            f"SELECT {line}, coalesce(_reasons, [_dropped]), "
            f"CASE WHEN _dropped IS NULL THEN 'open' ELSE 'dropped' END "
            f"FROM {rows} WHERE _reasons IS NOT NULL OR _dropped IS NOT NULL ORDER BY 1"
        ).fetchall()
    primary = reading.plan.tables[0].table
    write_rejects(folder, primary, reading, con, refused_rows, structural, first_line is not None)
    is_json = isinstance(reading.plan.shape, JsonShape)
    return LandedFile(
        folder=folder,
        file_id=job.file_id,
        source=job.source_name,
        format=job.source.format,
        path=job.shown,
        sha256=job.sha256,
        bytes=job.bytes,
        read=int(total) + len(structural),
        rejected=int(bad) + int(dropped) + len(structural),
        dropped=int(dropped),
        first_line=first_line,
        has_refused=bool(bad or dropped),
        carries_key=statement.carries_key,
        primary=primary,
        tables=tuple(tables),
        columns=reading.columns,
        kind="json" if is_json else "csv" if isinstance(reading.plan.shape, CsvShape) else "table",
        delimiter=reading.header.delimiter if reading.header is not None else ",",
    )


def _audit(con: duckdb.DuckDBPyConnection, reading: Reading, target: Path, refused: int) -> int | None:
    """Compare the records read with the lines counted; return the first line, or None when lines were written out.

    Raises
    ------
    AuditError
        When they do not agree, or a line was refused: then the careful reader decides.
    """
    plain, header = reading.plain, reading.header
    if plain is None or header is None:
        raise AuditError
    breaks_known = plain.has_quote
    total = con.execute(
        f"SELECT count(*), {'coalesce(sum(_line), 0)' if breaks_known else '0'} "
        f"FROM read_parquet({literal(str(target))})"
    ).fetchone() or (0, 0)
    if refused or int(total[0]) + int(total[1]) + header.lines != max(plain.lines, header.lines):
        raise AuditError
    if not breaks_known:
        return header.lines + 1
    moved = target.with_name("numbered.parquet")
    before = "coalesce(sum(_line) OVER (ORDER BY file_row_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
    _copy(
        con,
        f"SELECT * EXCLUDE (file_row_number) "
        f"REPLACE ((file_row_number + {header.lines + 1} + {before})::BIGINT AS _line) FROM read_parquet({literal(str(target))}, file_row_number = true)",
        moved,
    )
    os.replace(moved, target)
    return None


def _audit_json(con: duckdb.DuckDBPyConnection, reading: Reading, target: Path) -> None:
    """Compare the records of JSON lines with the lines counted: a blank line among them would shift all others.

    Raises
    ------
    AuditError
    """
    total = con.execute(f"SELECT count(*) FROM read_parquet({literal(str(target))})").fetchone() or (0,)
    if reading.plain is None or int(total[0]) != reading.plain.lines:
        raise AuditError


def _compare_lines(
    con: duckdb.DuckDBPyConnection, reading: Reading, statement: Statement, target: Path, first_line: int
) -> None:
    """Compare some rows with the text of the lines they are said to stand on.

    Line numbers rest on rows being written in the order of the file. A query plan that loses the order would shift
    whole blocks of rows, so rows spread evenly over the file are enough to see it.

    Raises
    ------
    AuditError
        When a row is not the line it should be.
    """
    plain, header = reading.plain, reading.header
    total = (con.execute(f"SELECT count(*) FROM read_parquet({literal(str(target))})").fetchone() or (0,))[0]
    if plain is None or header is None or not total or not statement.witnesses:
        return
    step = max(int(total) // WITNESS_ROWS, 1)
    named = [name for name, said in statement.witnesses.items() if said in reading.columns][:1]
    rows = con.execute(
        f"SELECT {', '.join(['file_row_number', *named])} "
        f"FROM read_parquet({literal(str(target))}, file_row_number = true) WHERE file_row_number % {step} = 0"
    ).fetchall()
    texts = textfile.raw_lines(plain, {first_line + int(row[0]) for row in rows})
    places = [reading.columns.index(statement.witnesses[name]) for name in named]
    for number, *values in rows:
        fields = texts.get(first_line + int(number), "").split(header.delimiter)
        for place, value in zip(places, values, strict=True):
            if place >= len(fields) or fields[place].strip().strip('"').strip() != (value or "").strip():
                raise AuditError


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
    with pq.ParquetWriter(folder / "rejects.parquet", REJECT_SCHEMA, compression="zstd") as writer:
        for batch in _batches(_reject_rows(primary, reading, kept, refused, records, structural)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=REJECT_SCHEMA))


def _reject_rows(
    primary: str,
    reading: Reading,
    kept: frozenset[str],
    refused: Sequence[tuple[int, list[str], str]],
    records: Mapping[int, str],
    structural: Sequence[Structural],
) -> Iterator[dict[str, Any]]:
    for count, (line, reasons, status) in enumerate(refused):
        record = records.get(line, "")
        masked = mask_record(record, reading, kept) if count < MOST_REJECTS_MASKED else ""
        yield {
            "line": line,
            "table_name": primary,
            "reasons": [mask_reason(word) for word in reasons],
            "status": status,
            "raw": masked,
            "record": record,
        }
    for item in structural:
        yield {
            "line": item.line,
            "table_name": primary,
            "reasons": [item.reason],
            "status": "open",
            "raw": shape(item.raw[:LONGEST_RAW]),
            "record": item.raw,
        }


def _batches(rows: Iterable[dict[str, Any]], size: int = 20_000) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
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
        return textfile.raw_lines(reading.plain, set(lines))
    if reading.rejects_table:
        return _careful_records(reading, set(lines))
    wanted = pa.table({"_line": pa.array(lines, pa.int64())})  # noqa: F841 (read by name)
    matching = f"FROM {reading.relation} AS records SEMI JOIN wanted USING (_line)"
    if isinstance(reading.plan.shape, JsonShape):
        return dict(con.execute(f"SELECT _line, j::VARCHAR {matching}").fetchall())
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
        for number, fields, _, _ in csvfile.careful(reading.plain.path, reading.header)
        if number in wanted and fields is not None
    }


def join_fields(fields: Sequence[str | None], delimiter: str) -> str:
    """Return fields as one CSV record, quoted where needed."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="").writerow(
        ["" if item is None else item for item in fields]
    )
    return buffer.getvalue()


def shown_fields(plan: Plan) -> frozenset[str]:
    """Return the source fields whose values may be shown in a reject list: mapped, and not private."""
    shown: set[str] = set()
    hidden: set[str] = set()
    for table_map in plan.tables:
        for canonical, mapped in table_map.fields.items():
            item = CONTRACTS[table_map.table][canonical]
            names = {name.strip() for name in mapped.source.split(" + ")}
            (hidden if item.private or item.free_text else shown).update(names)
    return frozenset(shown - hidden)


def mask_reason(words: str) -> str:
    """Return a reason without e-mail addresses and card numbers in the value it quotes."""
    return re.sub(CARD, "[card]", re.sub(EMAIL, "[e-mail]", words))


def mask_record(record: str, reading: Reading, kept: frozenset[str]) -> str:
    """Return a record with every field hidden that is not mapped, or is private.

    Parameters
    ----------
    record : str
        Its text.
    reading : Reading
        Names the fields.
    kept : frozenset of str
        Fields to show.
    """
    if reading.header is not None:
        return _mask_csv(record, reading, kept)[:LONGEST_RAW]
    try:
        value = json.loads(record)
    except ValueError:
        return shape(record[:LONGEST_RAW])
    return json.dumps(_mask_json(value, "", kept), ensure_ascii=False)[:LONGEST_RAW]


def _mask_csv(record: str, reading: Reading, kept: frozenset[str]) -> str:
    if reading.header is None:
        return shape(record)
    fields = csvfile.parse_record(record, reading.header.delimiter)
    if fields is None or len(fields) != len(reading.columns):
        return shape(record[:LONGEST_RAW])
    shown = [
        value if not value else mask_value(value) if name in kept else HIDDEN
        for name, value in zip(reading.columns, fields, strict=True)
    ]
    return join_fields(shown, reading.header.delimiter)


def _mask_json(value: Any, dotted: str, kept: frozenset[str]) -> Any:
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
        return mask_value(value) if isinstance(value, str) else value
    return HIDDEN
