"""Coverage of the exports: days and fields. Outside it, values are unknown, not zero.

An export of outcomes (escalations, offers, customer events) begins and ends where its section of empathy.toml says so
(``begins``, ``ends``), else where the names of all its files say it (``cases_2025-01-01_2025-06-30.csv``,
``cases-2025-03.csv``), else at its first and last row; sql/staging/coverage.sql has the rule.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

import duckdb

from etl.contracts.tables import CONTRACTS
from etl.sql_text import quoted

if TYPE_CHECKING:
    from etl.configuration.model import Config

FEW = 0.5
"""Fields filled in a smaller share of rows are reported."""

_DAY = r"(20\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_TWO_DAYS = re.compile(rf"(?<!\d){_DAY}(?!\d).*?(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])\6(0[1-9]|[12]\d|3[01])(?!\d)")
_MONTH = re.compile(r"(?<!\d)(20\d\d)[-_.](0[1-9]|1[0-2])(?![-_.]?\d)")


@dataclass(frozen=True)
class Field:
    """How many rows and files of one source have a field.

    Attributes
    ----------
    relation, source, field : str
    needed_for : str
        Results that need the field.
    files, files_without : int
        Files with rows of the relation, and those of them without the field.
    rows, filled : int
    """

    relation: str
    source: str
    field: str
    needed_for: str
    files: int
    files_without: int
    rows: int
    filled: int

    @property
    def sentence(self) -> str:
        """The finding in words; empty where the field is complete."""
        where = f"[sources.{self.source}] {self.relation}.{self.field}"
        if self.files_without == self.files:
            return f"{where} is in no file: {self.needed_for} cannot be known from it."
        if self.files_without:
            return (
                f"{where} is missing from {self.files_without:,} of {self.files:,} files: {self.needed_for} cannot be "
                "known from those."
            )
        if self.filled < FEW * self.rows and not CONTRACTS[self.relation][self.field].often_empty:
            return (
                f"{where} is filled in {self.filled:,} of {self.rows:,} rows ({self.filled / self.rows:.1%}): "
                f"{self.needed_for} can be known from those only. Is it mapped to the right column?"
            )
        return ""


@dataclass(frozen=True)
class Span:
    """The days on which one source has rows of one table (UTC)."""

    relation: str
    source: str
    rows: int
    first_day: date | None
    last_day: date | None


def named_span(name: str) -> tuple[date, date] | None:
    """Return the days a file's name says it covers: two days, or a month; ``None`` when it says neither.

    A single day is when the export was made, not what it covers.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> named_span("cases_2025-01-01_2025-03-31.csv")
    (datetime.date(2025, 1, 1), datetime.date(2025, 3, 31))
    >>> named_span("cases-2025-02.csv")
    (datetime.date(2025, 2, 1), datetime.date(2025, 2, 28))
    >>> named_span("cases-2025-02-03.csv") is None
    True
    """
    two = _TWO_DAYS.search(name)
    try:
        if two:
            first = date(int(two[1]), int(two[3]), int(two[4]))
            last = date(int(two[5]), int(two[7]), int(two[8]))
            return (first, last) if first <= last else None
        if re.search(rf"(?<!\d){_DAY}(?!\d)", name):
            return None
        month = _MONTH.search(name)
        if month:
            year, number = int(month[1]), int(month[2])
            return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    except ValueError:
        return None
    return None


def declare_spans(con: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Create ``staging.declared_span``: the days each source covers, by configuration or file names.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the catalogues ``landing`` and ``staging`` attached.
    config : Config
    """
    con.execute(
        "create or replace table staging.declared_span "
        "(source varchar, begins date, begins_by varchar, ends date, ends_by varchar)"
    )
    paths: dict[str, list[str]] = {}
    for source, path in con.execute("select source, path from landing.file_manifest").fetchall():
        paths.setdefault(str(source), []).append(PurePath(str(path)).name)
    for name, section in config.sources.items():
        spans = [named_span(path) for path in paths.get(name, [])]
        known = [span for span in spans if span is not None]
        named = (min(first for first, _ in known), max(last for _, last in known)) if known and all(spans) else None
        begins, begins_by = (section.begins, "configuration") if section.begins else (named and named[0], "file name")
        ends, ends_by = (section.ends, "configuration") if section.ends else (named and named[1], "file name")
        if begins or ends:
            con.execute(
                "insert into staging.declared_span values (?, ?, ?, ?, ?)",
                [name, begins, begins_by if begins else None, ends, ends_by if ends else None],
            )


def fields(con: duckdb.DuckDBPyConnection) -> tuple[Field, ...]:
    """Return how far the fields that KPIs need are filled.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached.
    """
    found = []
    for contract in CONTRACTS.values():
        needed = [item for item in contract if item.needed_for]
        if not needed:
            continue
        counted = ", ".join(f"count({quoted(item.name)})" for item in needed)
        rows = con.execute(
            f"select _source, count(*), {counted} from landing.{contract.name} group by _source order by _source"
        ).fetchall()
        for source, total, *filled in rows:
            files = _files(con, contract.name, str(source))
            found += [
                Field(
                    contract.name, str(source), item.name, item.needed_for,
                    len(files), sum(item.name in unsaid for unsaid in files), int(total), int(n),
                )
                for item, n in zip(needed, filled, strict=True)
            ]  # fmt: skip
    return tuple(found)


def _files(con: duckdb.DuckDBPyConnection, table: str, source: str) -> list[frozenset[str]]:
    """File id to the fields of a table that the file lacks, for files of a source that can have rows of it."""
    rows = con.execute(
        "select file_id, list(field) from landing.unsaid_field where table_name = ? and source = ? group by file_id",
        [table, source],
    ).fetchall()
    return [frozenset(str(name) for name in names if name is not None) for _, names in rows]


def spans(con: duckdb.DuckDBPyConnection) -> tuple[Span, ...]:
    """Return the first and last day of each source's rows, for tables with a time.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached.
    """
    dated = [contract for contract in CONTRACTS.values() if contract.happened_at and contract.name != "agent"]
    every = [
        f"select {place} as place, '{contract.name}' as relation, _source, count(*) as row_count, "
        f"min(cast({contract.happened_at} as date)) as first_day, "
        f"max(cast({contract.happened_at} as date)) as last_day from landing.{contract.name} group by _source"
        for place, contract in enumerate(dated)
    ]
    rows = con.execute(
        "select relation, _source, row_count, first_day, last_day "
        f"from ({' union all '.join(every)}) as spans order by place, _source"
    )
    return tuple(
        Span(relation, str(source), int(n), first, last) for relation, source, n, first, last in rows.fetchall()
    )


def silences(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return sentences on missing data: fields that are missing or mostly empty, and gaps between rows.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with its ``meta`` tables written.
    """
    found = [
        str(sentence)
        for (sentence,) in con.execute(
            "select sentence from meta.field_coverage where sentence <> '' order by relation, source, field"
        ).fetchall()
    ]
    gaps = con.execute("select source, relation, last_seen, next_seen, contacts from meta.coverage_gap").fetchall()
    found += [
        f"[sources.{source}] {relation} has no row between {last} and {following}, in which there are {contacts:,} "
        "contacts. Is a file missing?"
        for source, relation, last, following, contacts in gaps
    ]
    return tuple(found)
