"""Open one file of a source: its first records for planning, then a relation called ``records`` to query.

The result is the same for all kinds of file: a relation with ``_line BIGINT`` and the record's fields as text (or the
column ``j`` for JSON), and a list of the records that could not be cut into fields.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import orjson

from etl.configuration.model import ConfigError
from etl.contracts.tables import CONTRACTS
from etl.file_kinds import is_json, is_workbook
from etl.reading import delimited_batches, delimited_records, json_records, table_file, text_file
from etl.reading.delimited_records import Header, Structural
from etl.reading.header_names import as_known
from etl.sources.format import Sample, SourceError
from etl.sources.plan import DURATION_UNITS, CsvShape, Field, JsonShape, Plan, TableShape
from etl.sql_text import literal, quoted

SAMPLE_RECORDS = 20
SAMPLE_BYTES = 1 << 18

_TYPED: dict[str, tuple[str, ...]] = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "number": (
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"
    ),
    "money": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP",),
}


_NEVER = ("9999-12-31 00:00:00", "9999-12-31 23:59:59")
"""The end of time, which stands for no date (:data:`etl.landing.values.NEVER`)."""


@dataclass
class Reading:
    """A file ready to be queried.

    Attributes
    ----------
    relation : str
        FROM clause of the records: columns as text, or ``j``; with ``_line`` unless ``first_line`` is given.
    plan : Plan
        With fields adapted to the file (typed columns of a Parquet file).
    columns : tuple of str
        Names of the record's columns; empty for JSON.
    first_line : int or None
        When given, the relation has no ``_line``: records stand one per line from this line, in order. JSON lines
        then have a column ``_fault``: why the line is no record, or NULL.
    structural : list of Structural
        Records that could not be cut; complete once the relation has been read.
    rejects_table : str
        Name of DuckDB's table of refused lines; empty when there is none.
    plain : PlainText or None
        Facts of a text file, for the audit.
    header : Header or None
    temporary : tuple of str
        Tables to drop when done.
    parsed : bool
        The relation has the structure that was asked for in ``_d`` instead of ``j``.
    texts : str
        FROM clause of ``_line`` and ``j``, where they are not in the relation.
    """

    relation: str
    plan: Plan
    columns: tuple[str, ...] = ()
    first_line: int | None = None
    structural: list[Structural] = field(default_factory=list)
    rejects_table: str = ""
    plain: text_file.PlainText | None = None
    header: Header | None = None
    temporary: tuple[str, ...] = ()
    parsed: bool = False
    texts: str = ""

    def close(self, con: duckdb.DuckDBPyConnection) -> None:
        """Drop what was created for reading."""
        for name in self.temporary:
            con.execute(f"DROP TABLE IF EXISTS {name}")


_numbers = itertools.count(1)


def fresh_name(stem: str) -> str:
    """Return a name no other table of this process has."""
    return f"_{stem}_{next(_numbers)}"


def sample(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    sheet: str = "",
    header_row: int = 1,
) -> Sample:
    """Return the beginning of a file, by its name's ending and its first bytes.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Used for Parquet.
    path : Path
    encoding : str
        Of a text file.
    delimiter : str or None
        Of a delimited file, when configured.
    sheet : str
        Of a workbook; the first when empty.
    header_row : int
        Line of the header of a delimited file or workbook, from 1.

    Raises
    ------
    SourceError
        When the file is empty or is not what its name says.
    """
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty. Export it again.")
    if path.suffix.lower() in (".parquet", ".pq"):
        columns = table_file.parquet_columns(con, path)
        named = ", ".join(quoted(name) for name in columns) or "NULL"
        cursor = con.execute(f"SELECT {named} FROM read_parquet({literal(str(path))}) LIMIT {SAMPLE_RECORDS}")
        rows = tuple(
            {name: None if value is None else str(value) for name, value in zip(columns, row, strict=False)}
            for row in cursor.fetchall()
        )
        return Sample(path, tuple(columns), rows)
    if is_workbook(path):
        frame = table_file.read_workbook(path, sheet, header_row)
        return Sample(path, tuple(frame.columns), tuple(frame.head(SAMPLE_RECORDS).iter_rows(named=True)))
    if is_json(path):
        return _sample_json(path)
    return _sample_csv(path, encoding, delimiter, header_row)


def _sample_json(path: Path) -> Sample:
    lists: tuple[str, ...] = ()
    objects: list[Any]
    if json_records.is_lines(path):
        texts = itertools.islice(json_records.records_of(path, ()), SAMPLE_RECORDS)
        objects = [orjson.loads(text) for _, text, _, _ in texts if text is not None]
    else:
        texts = itertools.islice(json_records.records_of(path, ()), SAMPLE_RECORDS)
        objects = [orjson.loads(text) for _, text, _, _ in texts if text is not None]
        if len(objects) == 1 and not _is_array(path):
            (document,) = objects
            lists = tuple(key for key, value in document.items() if isinstance(value, list))
            if lists:
                objects = [item for item in document[lists[0]] if isinstance(item, dict)][:SAMPLE_RECORDS]
    return Sample(path, (), tuple(objects), lists)


def _is_array(path: Path) -> bool:
    """Whether a JSON document is a list, by its first character."""
    start = b"".join(itertools.islice(text_file.chunks(path), 1))
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _sample_csv(path: Path, encoding: str, delimiter: str | None, header_row: int) -> Sample:
    block = b""
    for chunk in text_file.chunks(path):
        block += chunk
        if len(block) >= SAMPLE_BYTES:
            break
    encoding = text_file.announced(block, text_file.check_encoding(encoding, str(path)), path)
    text = block[:SAMPLE_BYTES].decode(encoding, "replace").removeprefix("\ufeff").replace("\0", "")
    before, header, used = delimited_records.cut_header(text, path, delimiter, header_row)
    rows = []
    reader = csv.reader(io.StringIO(delimited_records.lines_from(text, before), newline=""), delimiter=used)
    try:
        for record in itertools.islice(reader, 1, SAMPLE_RECORDS + 1):
            rows.append(dict(zip(header, record, strict=False)))  # noqa: PERF401 (rows before a fault are kept)
    except csv.Error:
        pass
    return Sample(path, header, tuple(rows))


def count(path: Path, plan: Plan, options: Mapping[str, Any], work_dir: Path) -> text_file.PlainText | None:
    """Count lines and quotes of a delimited file for :func:`open_file`; ``None`` for other files.

    Parameters
    ----------
    path, plan, options, work_dir
        As in :func:`open_file`.

    Raises
    ------
    SourceError
        When the file cannot be decompressed or decoded.
    """
    if not isinstance(plan.shape, CsvShape):
        return None
    encoding = text_file.check_encoding(str(options.get("encoding", plan.shape.encoding)), str(path))
    return text_file.prepare(path, encoding, work_dir)


def open_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plan: Plan,
    options: Mapping[str, Any],
    work_dir: Path,
    careful: bool,
    counted: text_file.PlainText | None = None,
    structure: Callable[[], str] = str,
) -> Reading:
    """Open a file as its plan says.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    path : Path
    plan : Plan
    options : mapping
        The source's options; ``encoding_errors = "reject"`` is honoured here.
    work_dir : Path
        For decompressed or decoded copies.
    careful : bool
        Read delimited text record by record.
    counted : PlainText, optional
        What :func:`count` returned, when it has been called already.
    structure : callable
        Returns the SQL type of the fields used of a JSON record with elements; JSON lines that fit it are parsed once.

    Raises
    ------
    SourceError
        When the file cannot be read in the plan's format.
    """
    shape = plan.shape
    if isinstance(shape, JsonShape):
        return _open_json(con, path, plan, shape, work_dir, careful, structure)
    if isinstance(shape, TableShape):
        return _open_table(con, path, plan, shape, header_row_of(options, path))
    plain = counted or count(path, plan, options, work_dir)
    assert plain is not None
    return _open_csv(con, path, plan, shape, options, plain, careful)


def header_row_of(options: Mapping[str, Any], path: Path) -> int:
    """Return the option ``header_row``.

    Raises
    ------
    ConfigError
        When it is no line.
    """
    given = options.get("header_row", 1)
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ConfigError(f'{path}: options.header_row is "{given}"; write the number of a line, from 1.')
    return given


def _with_missing(relation: str, present: Sequence[str], optional: Iterable[str]) -> str:
    missing = [name for name in dict.fromkeys(optional) if name and name not in present]
    if not missing:
        return relation
    return f"(SELECT *, {', '.join(f'NULL::VARCHAR AS {quoted(name)}' for name in missing)} FROM {relation})"


def _open_csv(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plan: Plan,
    shape: CsvShape,
    options: Mapping[str, Any],
    plain: text_file.PlainText,
    careful: bool,
) -> Reading:
    delimiter = options.get("delimiter", shape.delimiter)
    if options.get("encoding_errors") != "reject":
        text_file.refuse_undecodable(plain, path)
    header = delimited_records.read_header(
        plain.path,
        path,
        delimiter,
        shape.extra_header_lines,
        header_row=header_row_of(options, path),
        known=(*shape.required, *shape.optional),
    )
    delimited_records.check_columns(path, header.names, shape.required, shape.optional)
    columns = header.columns
    careful = careful or plain.has_nul or plain.bad_line is not None or plain.longest
    careful = careful or plain.line_end in ("cr", "mixed") or any(table_map.each for table_map in plan.tables)
    if not careful:
        rejects = fresh_name("refused")
        relation = delimited_records.fast_relation(plain.path, header, plain.has_quote, rejects)
        return Reading(
            _with_missing(relation, columns, shape.optional),
            plan,
            columns,
            first_line=header.lines + 1,
            rejects_table=rejects,
            plain=plain,
            header=header,
            temporary=(rejects, f"{rejects}_scan"),
        )
    structural: list[Structural] = []
    table = fresh_name("records")
    arrow = delimited_batches.batches(plain.path, header, structural)  # noqa: F841 (read by name)
    con.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM arrow")
    return Reading(
        _with_missing(table, columns, shape.optional),
        plan,
        columns,
        structural=structural,
        plain=plain,
        header=header,
        temporary=(table,),
    )


def _open_json(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plan: Plan,
    shape: JsonShape,
    work_dir: Path,
    careful: bool,
    structure: Callable[[], str],
) -> Reading:
    one_row_each = not any(table_map.each for table_map in plan.tables)
    table = fresh_name("records")
    if not careful and json_records.is_lines(path) and not json_records.holds_pages(path, shape.lists):
        plain = text_file.prepare(path, "utf-8", work_dir)
        damaged = plain.has_nul or plain.bad_line is not None or plain.longest or plain.line_end in ("cr", "mixed")
        if plain.lines and not damaged and not json_records.is_marked(plain.path):
            relation = json_records.fast_relation(plain.path)
            if one_row_each:
                return Reading(relation, plan, first_line=1, plain=plain)
            kind = structure()
            if kind and json_records.hold_parsed(con, plain, kind, table):
                numbered = f"(SELECT row_number() OVER () AS _line, j FROM {relation})"
                return Reading(table, plan, temporary=(table,), parsed=True, texts=numbered)
            if json_records.hold_whole(con, relation, table, plain):
                return Reading(table, plan, temporary=(table,))
    structural: list[Structural] = []
    stopped: list[SourceError] = []
    arrow = json_records.batches(path, shape.lists, structural, stopped)  # noqa: F841 (read by name)
    con.execute(f"CREATE TEMP TABLE {table} AS SELECT _line, _text::JSON AS j FROM arrow")
    if stopped:
        con.execute(f"DROP TABLE {table}")
        raise stopped[0]
    return Reading(table, plan, structural=structural, temporary=(table,))


def _open_table(con: duckdb.DuckDBPyConnection, path: Path, plan: Plan, shape: TableShape, header_row: int) -> Reading:
    if is_workbook(path):
        import polars  # a run that reads no workbook should not wait for it

        frame = table_file.read_workbook(path, shape.sheet, header_row)
        known = as_known(frame.columns, (*shape.required, *shape.optional))
        frame = frame.rename(dict(zip(frame.columns, known, strict=True)))
        delimited_records.check_columns(path, frame.columns, shape.required, shape.optional)
        names = [name for name in frame.columns if name != table_file.LINE]
        frame = frame.select(names).with_row_index(table_file.LINE, offset=header_row + 1)
        frame = frame.filter(~polars.all_horizontal(polars.col(names).is_null()))
        table = fresh_name("records")
        con.execute(f"CREATE TEMP TABLE {table} AS SELECT * REPLACE (_line::BIGINT AS _line) FROM frame")
        columns = tuple(frame.columns[1:])
        return Reading(_with_missing(table, columns, shape.optional), plan, columns, temporary=(table,))
    kinds = table_file.parquet_columns(con, path)
    delimited_records.check_columns(path, tuple(kinds), shape.required, shape.optional, first_line=False)
    _refuse_nested(path, plan, kinds)
    typed = {name: f"_typed_{index}" for index, name in enumerate(kinds)}
    own = ", ".join(f"{quoted(name)} AS {alias}" for name, alias in typed.items())
    texts = ", ".join(table_file.as_text(name, kind) for name, kind in kinds.items())
    relation = (
        f"(SELECT file_row_number + 1 AS _line, {texts}, {own} "
        f"FROM read_parquet({literal(str(path))}, file_row_number = true))"
    )
    adapted = tuple(
        replace(
            table_map,
            fields={
                name: _typed_field(table_map.table, name, mapped, kinds, typed)
                for name, mapped in table_map.fields.items()
            },
        )
        for table_map in plan.tables
    )
    columns = tuple(kinds)
    return Reading(_with_missing(relation, columns, shape.optional), replace(plan, tables=adapted), columns)


def _refuse_nested(path: Path, plan: Plan, kinds: Mapping[str, str]) -> None:
    used = {mapped.sql for table_map in plan.tables for mapped in table_map.fields.values()}
    for name, kind in kinds.items():
        if table_file.is_nested(kind) and any(quoted(name) in sql for sql in used):
            raise SourceError(
                f'{path}: the column "{name}" holds several values in one ({kind[:80]}); export the part that is '
                f"meant as a column of its own."
            )


def _typed_field(
    table: str, canonical: str, mapped: Field, kinds: Mapping[str, str], typed: Mapping[str, str]
) -> Field:
    """Keep a Parquet column in its own type where that is the contract's, so that it need not pass through text."""
    name = next((item for item in kinds if mapped.sql == quoted(item)), None)
    if name is None or mapped.typed or mapped.values or mapped.format or mapped.decimal != ".":
        return mapped
    kind = kinds[name]
    wanted = CONTRACTS[table][canonical].type
    if kind in _TYPED.get(wanted, ()):
        sql = typed[name]
        if kind in ("DOUBLE", "FLOAT"):  # NaN is no value; the inner case keeps DuckDB from believing a file's largest
            sql = f"(case when isnan(case when {sql} is not null then {sql} end) then NULL else {sql} end)"
        if kind == "TIMESTAMP":
            never = " or ".join(f"{sql} = timestamp {literal(moment)}" for moment in _NEVER)
            return replace(mapped, sql=f"(case when {never} then NULL else {sql} end)", typed=True, local=True)
        factor = DURATION_UNITS[mapped.unit]
        if CONTRACTS[table][canonical].unit == "seconds" and factor != 1:
            sql = f"({sql}::DOUBLE * {factor!r})"
        if CONTRACTS[table][canonical].is_share and mapped.full_score not in (None, 1):
            sql = f"({sql}::DOUBLE / {mapped.full_score!r})"
        return replace(mapped, sql=sql, typed=True)
    if wanted == "timestamp" and kind == "TIMESTAMP WITH TIME ZONE":
        return replace(mapped, sql=f"({typed[name]} AT TIME ZONE 'UTC')", typed=True)
    return mapped


def refused_lines(con: duckdb.DuckDBPyConnection, reading: Reading) -> list[Structural]:
    """Return the lines DuckDB refused while it read ``reading.relation``, one entry per line."""
    rows = con.execute(
        f"SELECT line, string_agg(DISTINCT error_type || ': ' || error_message, '; ') "
        f"FROM {reading.rejects_table} GROUP BY line ORDER BY line"
    ).fetchall()
    return [Structural(int(line), str(message), "") for line, message in rows]
