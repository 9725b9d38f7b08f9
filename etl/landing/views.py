"""Landing tables as views over landed Parquet files, without duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from etl.contracts.columns import PERSON_IDS
from etl.contracts.grammar import Contract
from etl.contracts.tables import CONTRACTS, PROVENANCE
from etl.landing import duplicates
from etl.landing.land_file import LandedFile, Stored
from etl.landing.landed_files import Distinct
from etl.scrubbing import mask_sql
from etl.sql_text import literal, quoted


def create(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile], run_id: str, distinct: Distinct) -> None:
    """Create every view of the attached catalogue ``landing``, with tables of what they give and what repeats took out.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    files : sequence of LandedFile
        In order of source and path.
    run_id : str
        Value of ``_run_id``.
    distinct : Distinct
        Where no key was found twice before.
    """
    con.execute(
        "CREATE TABLE landing._lost (file_id VARCHAR, line BIGINT, dropped BOOLEAN, kind VARCHAR, "
        "kept_file_id VARCHAR, kept_line BIGINT)"
    )
    con.execute("CREATE TABLE landing._conflict_text (file_id VARCHAR, line BIGINT, table_name VARCHAR, raw VARCHAR)")
    con.execute("CREATE TABLE landing.derived_duplicate (source VARCHAR, table_name VARCHAR, rows BIGINT)")
    _note_unsaid(con, files)
    _note_named(con, files)
    order = list(dict.fromkeys(file.file_id for file in files))
    con.execute("CREATE TABLE landing.file_order (file_id VARCHAR, position INTEGER)")
    con.execute("INSERT INTO landing.file_order SELECT unnest(?::VARCHAR[]), unnest(range(?))", [order, len(order)])
    _find_duplicates(con, files, distinct)
    lost = {str(row[0]) for row in con.execute("SELECT DISTINCT file_id FROM landing._lost").fetchall()}
    for contract in CONTRACTS.values():
        _create_view(con, contract, files, lost, run_id)
    _count_records(con, files)
    for contract in CONTRACTS.values():
        _leave_out_repeats(con, contract, files, distinct)


def _note_unsaid(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Fill ``landing.unsaid_field``: per file and table it can fill, the fields it does not have; one row with none."""
    con.execute(
        "CREATE TABLE landing.unsaid_field (file_id VARCHAR, source VARCHAR, table_name VARCHAR, field VARCHAR)"
    )
    rows: dict[tuple[str, str, str, str | None], None] = {}
    for file in files:
        rows.update(((file.file_id, file.source, stored.table.table, None), None) for stored in file.tables)
        rows.update(((file.file_id, file.source, table, name), None) for table, name in file.unsaid)
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("INSERT INTO landing.unsaid_field SELECT unnest(?), unnest(?), unnest(?), unnest(?)", columns)


def _note_named(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Fill ``landing.named_word``: words of the exports that the configuration names, and whether any file has them."""
    con.execute("CREATE TABLE landing.named_word (source VARCHAR, setting VARCHAR, word VARCHAR, met BOOLEAN)")
    found: dict[tuple[str, str, str], bool] = {}
    for file in files:
        for setting, word, met in file.named:
            found[file.source, setting, word] = found.get((file.source, setting, word), False) or met
    if found:
        columns = zip(*((*key, met) for key, met in found.items()), strict=True)
        con.execute(
            "INSERT INTO landing.named_word SELECT unnest(?), unnest(?), unnest(?), unnest(?)",
            [list(column) for column in columns],
        )


def _rows(file: LandedFile, name: str = "records.parquet") -> str:
    return f"read_parquet({literal(str(file.folder / name))}, file_row_number = true)"


def _find_duplicates(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile], distinct: Distinct) -> None:
    """Fill ``landing._lost``: records that give way to another record of the same source with the same key.

    A record that is left out on purpose still counts as a version: it takes the place of the versions before it, and
    gives way to those after it.
    """
    groups: dict[tuple[str, str, bool], list[LandedFile]] = defaultdict(list)
    for file in files:
        groups[file.source, file.primary, file.carries_key].append(file)
    for (source, primary, carries_key), members in groups.items():
        contract = CONTRACTS[primary]
        selects = []
        places = {name: place for place, name in enumerate(dict.fromkeys(file.file_id for file in members))}
        for file in members:
            order = places[file.file_id]  # records tried again stand where they stood in their file
            if carries_key:
                columns = "_key AS k0, _version AS version, _dropped IS NOT NULL AS dropped"
                where = _unrefused(file)
                keys = ["k0"]
            else:
                stored = next(item.table for item in file.tables if item.table.table == primary)
                named = [f"{stored.columns[name]} AS k{index}" for index, name in enumerate(contract.key)]
                columns = f"{', '.join(named)}, {stored.columns['row_version']} AS version, false AS dropped"
                keys = [f"k{index}" for index in range(len(contract.key))]
                where = f"{file.good_sql} AND {stored.give}" if stored.give else file.good_sql
            selects.append(
                f"SELECT {literal(file.file_id)} AS file_id, {order} AS file_order, ({file.line_sql})::BIGINT AS line, "
                f"{columns} FROM {_rows(file)} WHERE {where}"
            )
        relation = f"({' UNION ALL '.join(selects)})"
        rows = sum(file.read for file in members)
        find = partial(duplicates.are_unique, con, keys, relation, rows)
        if not distinct.holds(f"{primary} records of {source}", _names(members), find):
            _judge(con, members, duplicates.repeated_sql(keys, "version", relation))


def _judge(con: duckdb.DuckDBPyConnection, members: Sequence[LandedFile], repeated: str) -> None:
    """Enter the records with one key that do not count, by comparing what they say."""
    con.execute(f"CREATE OR REPLACE TABLE landing._repeated AS {repeated}")
    con.execute("CREATE OR REPLACE TABLE landing._content (file_id VARCHAR, line BIGINT, content UBIGINT)")
    seen = {str(row[0]) for row in con.execute("SELECT DISTINCT file_id FROM landing._repeated").fetchall()}
    concerned = [file for file in members if file.file_id in seen]
    for file in concerned:
        con.execute(f"INSERT INTO landing._content {_content(file)}")
    with_content = "(SELECT * FROM landing._repeated LEFT JOIN landing._content USING (file_id, line))"
    con.execute(f"INSERT INTO landing._lost {duplicates.judged_sql(with_content)}")
    found = con.execute("SELECT DISTINCT file_id FROM landing._lost WHERE kind = 'conflict'").fetchall()
    in_conflict = {str(row[0]) for row in found}
    for file in concerned:
        if file.file_id in in_conflict:
            con.execute(f"INSERT INTO landing._conflict_text {_shown(file)}")
    con.execute("DROP TABLE landing._repeated; DROP TABLE landing._content")


def _unrefused(file: LandedFile) -> str:
    """SQL that keeps the records that were not refused: of a folder whose rejects were tried again, its own only."""
    return "_reasons IS NULL" if file.has_refused else "true"


def _content(file: LandedFile) -> str:
    """A query for a hash of all that the repeated records of a file say in any table, their versions aside."""
    hashes, joins = [], []
    for place, stored in enumerate(file.tables):
        columns = [sql for name, sql in stored.table.columns.items() if name != "row_version"]
        said = f"hash({', '.join(columns)})"
        if stored.file == "records.parquet":
            hashes.append(f"CASE WHEN {stored.table.give or 'true'} THEN {said} END")
            continue
        joins.append(
            f"LEFT JOIN (SELECT _line AS line, list({said} ORDER BY item_no) AS part{place} "
            f"FROM {_rows(file, stored.file)} WHERE {stored.table.give or 'true'} GROUP BY _line) AS more{place} "
            f"ON more{place}.line = records.line"
        )
        hashes.append(f"part{place}")
    wanted = f"(SELECT line FROM landing._repeated WHERE file_id = {literal(file.file_id)})"
    return (
        f"SELECT {literal(file.file_id)}, records.line, hash({', '.join(hashes)}) "
        f"FROM (SELECT *, ({file.line_sql})::BIGINT AS line FROM {_rows(file)} WHERE {_unrefused(file)}) AS records "
        f"{' '.join(joins)} "
        f"SEMI JOIN {wanted} AS wanted ON wanted.line = records.line"
    )


def _shown(file: LandedFile) -> str:
    """A query for the masked text of a file's records that are in conflict."""
    stored = next(item for item in file.tables if item.table.table == file.primary)
    contract = CONTRACTS[file.primary]
    fields = ", ".join(
        f"{quoted(item.name)} := {mask_sql(sql) if item.type == 'text' else sql}"
        for item in contract
        if not item.private and not item.free_text and item.name not in PERSON_IDS
        and (sql := stored.table.columns[item.name]) != f"CAST(NULL AS {item.sql_type})"
    )
    of_records = stored.file == "records.parquet"
    line, where = (f"({file.line_sql})::BIGINT", _unrefused(file)) if of_records else ("_line", "true")
    return (
        f"SELECT DISTINCT ON (records.line) {literal(file.file_id)}, records.line, {literal(file.primary)}, "
        f"to_json(struct_pack({fields}))::VARCHAR "
        f"FROM (SELECT *, {line} AS line FROM {_rows(file, stored.file)} WHERE {where}) AS records SEMI JOIN "
        f"(SELECT line FROM landing._lost WHERE kind = 'conflict' AND file_id = {literal(file.file_id)}) AS wanted "
        f"ON wanted.line = records.line"
    )


def _are_unique(con: duckdb.DuckDBPyConnection, keys: Sequence[str], relation: str) -> bool:
    counted = con.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    return duplicates.are_unique(con, keys, relation, int(counted[0]))


def _names(files: Iterable[LandedFile]) -> list[str]:
    return [file.folder.name for file in files]


@dataclass(frozen=True)
class _Part:
    """Files whose rows of a table are read back in the same way."""

    file: str
    columns: tuple[tuple[str, str], ...]
    give: str
    flag: str
    line: str
    good: str
    source: str
    lost: bool


def _parts(table: str, files: Sequence[LandedFile], lost: set[str]) -> dict[_Part, list[LandedFile]]:
    grouped: dict[_Part, list[LandedFile]] = defaultdict(list)
    for file in files:
        for stored in file.tables:
            if stored.table.table == table:
                grouped[_part(file, stored, lost)].append(file)
    return grouped


def _part(file: LandedFile, stored: Stored, lost: set[str]) -> _Part:
    of_records = stored.file == "records.parquet"
    return _Part(
        stored.file,
        tuple(stored.table.columns.items()),
        stored.table.give,
        stored.table.flag,
        file.line_sql if of_records else "_line",
        file.good_sql if of_records else "true",
        file.source,
        file.file_id in lost,
    )


def _create_view(
    con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[LandedFile], lost: set[str], run_id: str
) -> None:
    """Create ``landing.<table>`` (see :mod:`etl.landing.extract`), rows of further tables repeated as they may be."""
    grouped = _parts(contract.name, files, lost)
    selects = [_select(contract, part, members, run_id) for part, members in grouped.items()]
    if not selects:
        nothing = [f"NULL::{item.sql_type} AS {quoted(item.name)}" for item in (*contract.columns, *PROVENANCE)]
        selects = [f"SELECT {', '.join(nothing)} WHERE false"]
    con.execute(f"CREATE VIEW landing.{contract.name} AS {' UNION ALL '.join(selects)}")


def _count_records(con: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Fill ``landing._given``: how many records of each file the views give rows of.

    Rows are counted in the views, not derived from rows read and refused: so the counts of a file reconcile only when
    no record was lost.
    """
    con.execute("CREATE TABLE landing._given (file_id VARCHAR, records BIGINT)")
    tables: dict[str, set[str]] = defaultdict(set)
    whole: dict[str, set[str]] = {}
    for file in files:
        tables[file.file_id] |= {stored.table.table for stored in file.tables}
        each = {item.table.table for item in file.tables if item.file == "records.parquet" and not item.table.give}
        whole[file.file_id] = whole.get(file.file_id, each) & each
    counted_by: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for file_id, named in tables.items():
        if whole[file_id]:
            counted_by["count(*)", (min(whole[file_id]),)].append(file_id)
        else:
            counted_by["count(DISTINCT _line)", tuple(sorted(named))].append(file_id)
    for (count, relations), file_ids in counted_by.items():
        rows = " UNION ALL ".join(f"SELECT _file_id, _line FROM landing.{table}" for table in relations)
        con.execute(
            f"INSERT INTO landing._given SELECT _file_id, {count} FROM ({rows}) "
            f"WHERE list_contains(?, _file_id) GROUP BY _file_id",
            [file_ids],
        )


def _leave_out_repeats(
    con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[LandedFile], distinct: Distinct
) -> None:
    """Keep one row per key of ``landing.<table>`` where records of several keys give the same one."""
    members = [file for file in files if any(stored.table.table == contract.name for stored in file.tables)]
    unsure = [file.source for file in members if file.primary != contract.name or file.carries_key]
    keys = ["_source", *(quoted(name) for name in contract.key)]
    repeated = False
    for source in dict.fromkeys(unsure):
        where = f"landing.{contract.name} WHERE _source = {literal(source)}"
        if distinct.holds(f"{contract.name} of {source}", _names(files), partial(_are_unique, con, keys, where)):
            continue
        repeated = True
        con.execute(
            f"INSERT INTO landing.derived_duplicate SELECT _source, {literal(contract.name)}, "
            f"count(*) - count(DISTINCT ({', '.join(keys)})) FROM {where} GROUP BY _source"
        )
    if repeated:
        order = ", ".join(literal(name) for name in dict.fromkeys(file.file_id for file in files))
        names = ", ".join(quoted(item.name) for item in (*contract.columns, *PROVENANCE))
        plain = f"landing._every_{contract.name}"
        con.execute(f"ALTER VIEW landing.{contract.name} RENAME TO _every_{contract.name}")
        con.execute(
            f"CREATE VIEW landing.{contract.name} AS SELECT {names} FROM {plain} "
            f"QUALIFY row_number() OVER (PARTITION BY {', '.join(keys)} "
            f"ORDER BY row_version DESC NULLS LAST, list_position([{order}], _file_id) DESC, _line DESC) = 1"
        )


def _select(contract: Contract, part: _Part, members: Sequence[LandedFile], run_id: str) -> str:
    columns = dict(part.columns)
    named = [f"{columns[item.name]} AS {quoted(item.name)}" for item in contract]
    paths = ", ".join(literal(str(file.folder / part.file)) for file in members)
    if len(members) == 1:
        identity = literal(members[0].file_id)
        rows = f"read_parquet([{paths}], file_row_number = true)"
    else:
        start = len(str(members[0].folder.parent)) + 2
        identity = f"substr(filename, {start}, 12)"
        rows = f"read_parquet([{paths}], file_row_number = true, filename = true)"
    where = [condition for condition in (part.good, part.give) if condition not in ("", "true")]
    provenance = (
        f"{literal(part.source)} AS _source, {identity} AS _file_id, ({part.line})::BIGINT AS _line, "
        f"{literal(run_id)} AS _run_id, {part.flag} AS _time_flag"
    )
    select = f"SELECT {', '.join(named)}, {provenance} FROM {rows}"
    if where:
        select += f" WHERE {' AND '.join(where)}"
    if part.lost:
        select = (
            f"SELECT * FROM ({select}) AS kept ANTI JOIN landing._lost AS lost "
            f"ON lost.file_id = kept._file_id AND lost.line = kept._line"
        )
    return select
