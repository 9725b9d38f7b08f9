"""Read one file into its landing folder: typed rows, rejects with their reasons, and a reconciled manifest.

A folder holds ``records.parquet`` (one row per record, good and refused, with the columns of all tables that take one
row per record), one ``NAME-N.parquet`` per table that takes several, ``rejects.parquet`` (line, reasons, masked text,
and the record itself for a later replay) and ``manifest.json``. The folder is readable by its owner only: it is the one
place where names and addresses of the export still stand as they came.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import duckdb

from etl.configuration.model import Source
from etl.durable import appear
from etl.landing import compile as compiler
from etl.landing import parsed_records
from etl.landing.audit import AS_PARQUET, AuditError, audit_csv, audit_json, check_parquet
from etl.landing.compile import Statement, StoredTable
from etl.landing.file_words import fields_lacking, words_met
from etl.landing.reject_file import write_rejects
from etl.reading import delimited_records
from etl.reading.opened import Reading, fresh_name, open_file
from etl.reading.text_file import PlainText
from etl.sources.format import SourceError
from etl.sources.plan import CsvShape, JsonShape, Plan
from etl.sql_text import literal


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
    """One file that has landed: its identity, counts and tables.

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
    head : tuple of tuple of str
        Records after the column names that are not data, to replay rejects of a file that is understood by them.
    replays : str
        Name of the landing folder whose rejected records are read again here; empty for a file.
    hides_open : bool
        Its rejected records have been tried again and are counted in the folder that did so.
    unsaid : tuple of (str, str)
        Tables and fields on which a KPI rests and which the file does not have.
    named : tuple of (str, str, bool)
        Words of the export that the configuration names: the setting, the word, and whether any record has it.
    lacking : tuple of (str, str)
        Settings of mapped columns, with the column, that the file does not have.
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
    head: tuple[tuple[str, ...], ...] = ()
    replays: str = ""
    hides_open: bool = False
    unsaid: tuple[tuple[str, str], ...] = ()
    named: tuple[tuple[str, str, bool], ...] = ()
    lacking: tuple[tuple[str, str], ...] = ()

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
        ValueError
            When a Parquet file in it does not begin and end as one does.
        """
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        tables = tuple(Stored(StoredTable(**item["table"]), item["file"]) for item in content.pop("tables"))
        content["columns"] = tuple(content["columns"])
        content["head"] = tuple(tuple(record) for record in content["head"])
        content["unsaid"] = tuple((table, name) for table, name in content["unsaid"])
        content["named"] = tuple((setting, word, met) for setting, word, met in content["named"])
        content["lacking"] = tuple((setting, name) for setting, name in content["lacking"])
        for name in {"rejects.parquet", *(stored.file for stored in tables)}:
            check_parquet(folder / name)
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
    counted : PlainText or None
        Result of :func:`etl.reading.opened.count`, where it was called.
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
    counted: PlainText | None = None


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
        appear(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _land(con: duckdb.DuckDBPyConnection, job: Job, folder: Path, work_dir: Path) -> LandedFile:
    try:
        return _attempt(con, job, folder, work_dir, careful=False)
    except AuditError:
        return _attempt(con, job, folder, work_dir, careful=True)


def _attempt(con: duckdb.DuckDBPyConnection, job: Job, folder: Path, work_dir: Path, careful: bool) -> LandedFile:
    parsed = cache(lambda: parsed_records.parsed(job.plan, job.source, job.zone))
    wanted = lambda: found.structure if (found := parsed()) else ""  # noqa: E731
    reading = open_file(con, job.path, job.plan, job.source.options, work_dir, careful, job.counted, wanted)
    return land_reading(con, reading, job, folder, careful, parsed() if reading.parsed else None)


def land_reading(
    con: duckdb.DuckDBPyConnection,
    reading: Reading,
    job: Job,
    folder: Path,
    careful: bool,
    parsed: parsed_records.Parsed | None = None,
) -> LandedFile:
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
    parsed : Parsed, optional
        Statements over a reading whose records were parsed into one structure.

    Raises
    ------
    AuditError
        When the records of the fast reader do not agree with the file's lines.
    SourceError
        When the file cannot be read.
    """
    temporary: list[str] = []
    try:
        by_line = reading.first_line is not None
        trimmed = by_line and reading.header is not None and reading.plain is not None and not reading.plain.has_padding
        trimmed = trimmed and reading.header is not None and reading.header.delimiter in delimited_records.DELIMITERS
        witness = reading.columns[0] if by_line and reading.columns else ""
        faults = by_line and isinstance(reading.plan.shape, JsonShape)
        if parsed:
            statement, elements = parsed.records, list(parsed.elements)
        else:
            statement = compiler.records(
                reading.plan, job.source, job.zone, trimmed=trimmed, witness=witness, faults=faults
            )
            elements = [
                (table_map.table, compiler.elements(table_map, job.source, job.zone))
                for table_map in reading.plan.tables
                if table_map.each
            ]
        try:
            tables, total = _write(con, reading, statement, elements, folder, temporary)
        except duckdb.InvalidInputException as error:
            if reading.plain is not None and not careful:
                raise AuditError from None
            raise SourceError(f"{job.shown}: cannot be read ({str(error).splitlines()[0]}).") from None
        except duckdb.BinderException as error:
            raise _unknown_field(job, error) from None
        return _account(con, reading, statement, tables, total, job, folder)
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
) -> tuple[list[Stored], int]:
    """Write the Parquet files; ``records.parquet`` keeps refused records too. Return the tables and its row count."""
    target = folder / "records.parquet"
    source = f"WITH records AS NOT MATERIALIZED (SELECT * FROM {reading.relation})"
    query = statement.sql
    breaks = ""
    if reading.first_line is not None:
        query = _without_line(query)
        if reading.header is not None and reading.plain is not None and reading.plain.has_quote:
            breaks = delimited_records.line_breaks_sql(reading.columns)
            source = (
                f"WITH records AS NOT MATERIALIZED (SELECT *, ({breaks})::INTEGER AS _line FROM {reading.relation})"
            )
            query = statement.sql
    stored = [Stored(table, target.name) for table in statement.tables]
    if not elements:
        return stored, _copy(con, f"{source} {query}", target)
    base = fresh_name("base")
    con.execute(f"CREATE TEMP TABLE {base} AS {source} {query}")
    temporary.append(base)
    parts = []
    for index, (name, element) in enumerate(elements):
        file = folder / f"{name}-{index}.parquet"
        _copy(con, f"{source} {element.sql}", file)
        parts.append((file, element))
    rows = " UNION ALL ".join(f"SELECT _line, _reasons FROM {_parquet(file)}" for file, _ in parts)
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
    total = _copy(con, f"SELECT * FROM {final} ORDER BY _line", target)
    good = f"SELECT _line FROM {final} WHERE _reasons IS NULL AND _dropped IS NULL"
    all_good = con.execute(f"SELECT count(*) FROM ({good})").fetchone() == (total,)
    for file, element in parts:
        if not all_good:
            _keep(con, file, good)
        stored += [Stored(table, file.name) for table in element.tables]
    order = {table_map.table: index for index, table_map in enumerate(reading.plan.tables)}
    return sorted(stored, key=lambda item: order[item.table.table]), total


def _parquet(file: Path) -> str:
    return f"read_parquet({literal(str(file))})"


def _keep(con: duckdb.DuckDBPyConnection, file: Path, good: str) -> None:
    """Leave in a file of elements those of good records."""
    written = file.rename(file.with_suffix(".all"))
    _copy(
        con,
        f"SELECT part.* FROM {_parquet(written)} AS part SEMI JOIN ({good}) USING (_line) ORDER BY _line, item_no",
        file,
    )
    written.unlink()


def _without_line(query: str) -> str:
    return query.replace("select _line, ", "select ")


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    row = con.execute(f"COPY ({query}) TO {literal(str(target))} ({AS_PARQUET})").fetchone()
    return int(row[0]) if row else 0


def _account(
    con: duckdb.DuckDBPyConnection,
    reading: Reading,
    statement: Statement,
    tables: Sequence[Stored],
    total: int,
    job: Job,
    folder: Path,
) -> LandedFile:
    target = folder / "records.parquet"
    first_line = reading.first_line
    if reading.rejects_table:
        first_line = audit_csv(con, reading, statement, target, total)
    elif first_line is not None:
        audit_json(reading, total)
    structural = reading.structural
    rows = f"read_parquet({literal(str(target))}, file_row_number = true)"
    line = "_line" if first_line is None else f"file_row_number + {first_line}"
    refused_rows = con.execute(
        f"SELECT {line}, coalesce(_reasons, [_dropped]), CASE WHEN _dropped IS NULL THEN 'open' ELSE 'dropped' END "
        f"FROM {rows} WHERE _reasons IS NOT NULL OR _dropped IS NOT NULL ORDER BY 1"
    ).fetchall()
    dropped = sum(status == "dropped" for _, _, status in refused_rows)
    primary = reading.plan.tables[0].table
    one_per_line = reading.plain is not None and reading.first_line is not None and not reading.plain.has_quote
    one_per_line = one_per_line or first_line is not None
    write_rejects(folder, primary, reading, con, refused_rows, structural, one_per_line)
    is_json = isinstance(reading.plan.shape, JsonShape)
    return LandedFile(
        folder=folder,
        file_id=job.file_id,
        source=job.source_name,
        format=job.source.format,
        path=job.shown,
        sha256=job.sha256,
        bytes=job.bytes,
        read=total + len(structural),
        rejected=len(refused_rows) + len(structural),
        dropped=dropped,
        first_line=first_line,
        has_refused=bool(refused_rows),
        carries_key=statement.carries_key,
        primary=primary,
        tables=tuple(tables),
        columns=reading.columns,
        kind="json" if is_json else "csv" if isinstance(reading.plan.shape, CsvShape) else "table",
        delimiter=reading.header.delimiter if reading.header is not None else ",",
        head=reading.header.extra if reading.header is not None else (),
        unsaid=tuple(fields_lacking(job.plan, reading)),
        named=words_met(con, rows, statement.watched, reading.plan),
        lacking=reading.plan.lacking,
    )
