"""Apply corrections to landed rows before identities are matched; exports are not changed.

A correction names an entry (an employment, a spell in a team, a day, a course) of an agent and the column that is
wrong, or withdraws the entry. Of several corrections of the same column the newest counts. A correction that matches no
entry, or would make the entry break its contract, is refused with the reason. A withdrawn entry counts as rejected, so
that every record of every file stays accounted for.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

import duckdb

from etl.contracts.corrections import CORRECTABLE, ENTRY, TABLES
from etl.sql_text import literal, quoted


class Refuse(Protocol):
    """Records rows of a landing table (``_file_id, _line, reason``) as refused; ``dropped`` where intended."""

    def __call__(self, table: str, relation: str, *, dropped: bool = False) -> None:
        """Refuse them."""


def apply_corrections(con: duckdb.DuckDBPyConnection, refuse: Refuse, as_of: date | None = None) -> None:
    """Correct ``landing.agent``, ``agent_team``, ``agent_day`` and ``training``.

    Leaves ``staging.correction_effect`` (``_file_id, _line, status, entries``): the outcome of every correction;
    ``status`` is applied, superseded or withdrawn.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached, and ``staging``.
    refuse : callable
        Called with corrections that cannot be applied, and with withdrawn entries.
    as_of : date, optional
        Use only corrections made by the end of this day (UTC).
    """
    con.execute("create or replace table staging.refused (_file_id varchar, _line bigint)")
    con.execute(
        "create or replace table staging.correction_effect "
        "(_file_id varchar, _line bigint, status varchar, entries bigint)"
    )
    row = con.execute("select count(*) from landing.correction").fetchone()
    if not row or not row[0]:
        return
    for table in CORRECTABLE:
        _correct(con, table, refuse, as_of)


def _correct(con: duckdb.DuckDBPyConnection, table: str, refuse: Refuse, as_of: date | None) -> None:
    until = f"and corrected_at < date {literal(str(as_of + timedelta(days=1)))}" if as_of else ""
    con.execute(
        f"""
        create or replace temp table correction as
        select _file_id, _line, corrected_source, source_agent_id, entry, action, field, value, corrected_at
        from landing.correction
        where table_name = {literal(table)} {until}
        """
    )
    if not _count(con, "correction"):
        return
    con.execute(
        f"""
        create or replace temp table correction_match as
        select
            correction.*,
            row._file_id as row_file, row._line as row_line, row.told as row_told,
            row_number() over (
                partition by row._file_id, row._line, row.told, coalesce(correction.field, '')
                order by correction.corrected_at desc, correction._line desc
            ) as place
        from correction
        inner join (select *, {ENTRY[table]} as told from landing.{table}) as row
            on row.source_agent_id = correction.source_agent_id
            and coalesce(correction.corrected_source, row._source) = row._source
            and coalesce(correction.entry, row.told, '') = coalesce(row.told, '')
        """
    )
    _refuse(
        con,
        refuse,
        "correction",
        f"""
        select _file_id, _line,
            'no export has this entry of {table}: nothing is corrected; write source_agent_id and entry as it does'
            as reason
        from correction
        anti join correction_match as found
            on found._file_id = correction._file_id and found._line = correction._line
        """,
    )
    _set_fields(con, table, refuse)
    _withdraw(con, table, refuse)
    con.execute(
        """
        insert into staging.correction_effect
        select
            _file_id, _line,
            case when bool_and(place > 1) then 'superseded' when any_value(action) = 'withdraw' then 'withdrawn'
                else 'applied' end,
            count(*) filter (where place = 1)
        from correction_match
        group by _file_id, _line
        """
    )


def _set_fields(con: duckdb.DuckDBPyConnection, table: str, refuse: Refuse) -> None:
    """Create a view with corrected values, without withdrawn entries."""
    contract = TABLES[table]
    found = con.execute("select distinct field from correction_match where action = 'set' order by 1").fetchall()
    names = [str(name) for (name,) in found]
    values = "".join(
        f", bool_or(field = {literal(name)}) as has_{name}, "
        f"any_value(try_cast(value as {contract[name].sql_type})) filter (where field = {literal(name)}) as new_{name}"
        for name in names
    )
    con.execute(
        f"""
        create or replace table staging.corrected_{table} as
        select row_file, row_line, row_told, bool_or(action = 'withdraw') as withdrawn{values}
        from correction_match
        where place = 1
        group by row_file, row_line, row_told
        """
    )
    replaced = ", ".join(
        f"case when coalesce(fix.has_{name}, false) then fix.new_{name} else row.{quoted(name)} end as {quoted(name)}"
        for name in names
    )
    con.execute(f"alter view landing.{table} rename to _exported_{table}")
    rows = (
        f"(select *, {ENTRY[table]} as told from landing._exported_{table}) as row "
        f"{{}} join staging.corrected_{table} as fix on fix.row_file = row._file_id and fix.row_line = row._line "
        f"and fix.row_told is not distinct from row.told"
    )
    columns = f"row.* exclude (told){f' replace ({replaced})' if replaced else ''}"
    con.execute(
        f"create view landing.{table} as select {columns} from {rows.format('left')} "
        f"where not coalesce(fix.withdrawn, false)"
    )
    broken = " ".join(f"when {rule.broken_when} then {literal(rule.message)}" for rule in contract.rules)
    if not broken or not names:
        return
    con.execute(
        f"""
        create or replace temp table correction_broken as
        select row_file, row_line, row_told, case {broken} end as rule
        from (select {columns}, fix.row_file, fix.row_line, fix.row_told from {rows.format("inner")})
        where case {broken} end is not null
        """
    )
    same = (
        "broken.row_file = made.row_file and broken.row_line = made.row_line "
        "and broken.row_told is not distinct from made.row_told"
    )
    _refuse(
        con,
        refuse,
        "correction",
        f"""
        select distinct made._file_id, made._line,
            'the entry would be wrong after it: ' || broken.rule || '; correct the other column too' as reason
        from correction_match as made
        inner join correction_broken as broken on {same}
        where made.action = 'set'
        """,
    )
    for relation in (f"staging.corrected_{table}", "correction_match"):
        con.execute(f"delete from {relation} as made using correction_broken as broken where {same}")


def _withdraw(con: duckdb.DuckDBPyConnection, table: str, refuse: Refuse) -> None:
    """Record withdrawn entries as dropped on purpose."""
    _refuse(
        con,
        refuse,
        table,
        """
        select distinct row_file as _file_id, row_line as _line, 'withdrawn by a correction' as reason
        from correction_match
        where action = 'withdraw' and place = 1
        """,
        dropped=True,
    )


def _refuse(con: duckdb.DuckDBPyConnection, refuse: Refuse, table: str, query: str, dropped: bool = False) -> None:
    con.execute(f"create or replace table staging.refusal as {query}")
    if _count(con, "staging.refusal"):
        refuse(table, "staging.refusal", dropped=dropped)
        con.execute("insert into staging.refused select distinct _file_id, _line from staging.refusal")


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
