"""How one file is read: its shape, its tables and their fields, its rules over records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etl.sql_text import json_path, literal, quoted

DURATION_UNITS = {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0, "d": 86_400.0}
"""Units in which durations are exported, in seconds."""


@dataclass(frozen=True)
class Field:
    """Where one canonical column comes from.

    Attributes
    ----------
    sql : str
        DuckDB expression over a record (see the module's docstring), giving VARCHAR, or the contract's type when
        ``typed``.
    source : str
        Name of the field in the export, as its users know it; several are joined by `` + ``.
    format : str
        ``strptime`` pattern of a date or time that is not ISO 8601; several are separated by ``|``, tried in order.
    timezone : str or None
        Zone of times without offset, when it is not the source's.
    decimal : str
        Decimal separator of a number: ``"."`` or ``","`` (then dots group thousands).
    values : mapping of str to str
        Source value to canonical value; a value that is not listed stays as it is.
    typed : bool
        The expression already has the contract's type.
    local : bool
        The typed expression is a TIMESTAMP in the zone of the field or the source, not in UTC.
    unit : str
        Unit of a bare number in a column of seconds: ``"s"``, ``"ms"``, ``"min"`` or ``"h"``.
    full_score : float or None
        What stands for 1 in a column from 0 to 1; ``None`` where the format says it, and no option does.
    """

    sql: str
    source: str
    format: str = ""
    timezone: str | None = None
    decimal: str = "."
    values: Mapping[str, str] = field(default_factory=dict)
    typed: bool = False
    unit: str = "s"
    full_score: float | None = None
    local: bool = False


@dataclass(frozen=True)
class TableMap:
    """The rows of one canonical table that a record gives.

    Attributes
    ----------
    table : str
        Name in :data:`etl.contracts.tables.CONTRACTS`.
    fields : mapping of str to Field
        Canonical column to field; columns left out take the contract's default.
    when : str
        SQL over a record (and ``item``): which records give a row. NULL counts as no.
    each : str
        SQL giving a LIST (usually ``JSON[]``); the record gives one row per element, available to expressions as
        ``item``, with its position from 1 as ``item_no``. Empty: one row per record.
    """

    table: str
    fields: Mapping[str, Field]
    when: str = "true"
    each: str = ""


KINDS = "_kinds"
"""Stands in a :class:`Check` for what its ``kinds`` gave."""


@dataclass(frozen=True)
class Check:
    """A rule over the record itself: a record for which ``broken_when`` is true is rejected with ``message``.

    Attributes
    ----------
    broken_when : str
        SQL over a record.
    message : str
        SQL giving the reason as text, or plain words; plain words unless ``message_is_sql``.
    kinds : str
        SQL computed once for every record, to which the other two refer as :data:`KINDS`; empty when they do not.
    """

    broken_when: str
    message: str
    message_is_sql: bool = False
    kinds: str = ""


@dataclass(frozen=True)
class Drop:
    """Records left out on purpose, such as a previewed survey: counted as rejected with the status ``dropped``.

    Dropped records do not count towards ``max_reject_share``.

    Attributes
    ----------
    when : str
        SQL over a record.
    reason : str
        Why, in words.
    """

    when: str
    reason: str


@dataclass(frozen=True)
class Named:
    """A word of the export that the configuration names: it is watched for, and missed where no record has it.

    Attributes
    ----------
    setting : str
        Where the configuration names it, below the section of the source.
    word : str
    met : str
        SQL over a record that is true when the record has it.
    may : str
        Cheaper SQL that is true whenever the record may have it, for all words beside each other that share it.
    """

    setting: str
    word: str
    met: str
    may: str = "true"


def bits_sql(words: Sequence[Named]) -> str:
    """Return SQL of a BIGINT with a bit for each word that a record has.

    Parameters
    ----------
    words : sequence of Named
    """
    together: dict[str, list[str]] = {}
    for bit, word in enumerate(words):
        together.setdefault(word.may, []).append(f"case when {word.met} then {1 << bit} else 0 end")
    parts = [
        f"({' + '.join(bits)})" if may == "true" else f"case when {may} then {' + '.join(bits)} else 0 end"
        for may, bits in together.items()
    ]
    return f"({' + '.join(parts)})::bigint"


@dataclass(frozen=True)
class CsvShape:
    """A delimited text file.

    Attributes
    ----------
    required, optional : tuple of str
        Column names of the header. A required one that is missing is an error of the file; further columns are
        ignored.
    extra_header_lines : int
        Records after the header that are not data (Qualtrics has two).
    delimiter : str or None
        ``None`` finds it in the header line among comma, semicolon, tab and bar.
    encoding : str
        As Python names it; a byte-order mark is skipped.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    extra_header_lines: int = 0
    delimiter: str | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True)
class JsonShape:
    """JSON lines, a JSON array, or a JSON document that holds the records in a list.

    Attributes
    ----------
    lists : tuple of str
        Keys of the document under which the list of records may stand, such as ``conversations``.
    """

    lists: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableShape:
    """A Parquet or XLSX file.

    Attributes
    ----------
    required, optional : tuple of str
        As in :class:`CsvShape`.
    sheet : str
        Sheet of a workbook; the first when empty.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    sheet: str = ""


Shape = CsvShape | JsonShape | TableShape


@dataclass(frozen=True)
class Plan:
    """How one file is read.

    Attributes
    ----------
    shape : CsvShape, JsonShape or TableShape
    tables : tuple of TableMap
        The first is the primary one: users' overrides apply to it.
    checks, drops : tuple
        Rules over records; see :class:`Check` and :class:`Drop`.
    key : tuple of str
        SQL expressions that identify a record within the source, across files; empty takes the key of the primary
        table. Of several records with one key one is loaded, the others are duplicates.
    version : str
        SQL giving the record's version as text (a time) for ``key``; empty takes ``row_version`` of the primary
        table. The newest counts; without versions, or among equals, the last in order of path and line.
    ids_are_names : bool
        Whether agents' ids are kept out of reject lists, like names.
    named : tuple of Named
        Words of the export that the configuration names.
    lacking : tuple of (str, str)
        Settings of mapped columns, with the column, that this file does not have: it is read without them, and some
        other file of the source has to have them.
    """

    shape: Shape
    tables: tuple[TableMap, ...]
    checks: tuple[Check, ...] = ()
    drops: tuple[Drop, ...] = ()
    key: tuple[str, ...] = ()
    version: str = ""
    ids_are_names: bool = False
    named: tuple[Named, ...] = ()
    lacking: tuple[tuple[str, str], ...] = ()


def column(name: str, **options: Any) -> Field:
    """Return the field that is the column ``name`` of a CSV or table, as it stands."""
    return Field(quoted(name), name, **options)


def path(dotted: str, inside: str = "j", **options: Any) -> Field:
    """Return the field at a dotted path of a JSON record, as text: ``path("Agent.Username")``.

    Parameters
    ----------
    dotted : str
        Names joined by dots; ``name[0]`` for a list's element.
    inside : str
        ``"j"`` for the record, ``"item"`` for an element of ``TableMap.each``.
    **options
        Further attributes of :class:`Field`.
    """
    return Field(f"({inside} ->> {literal(json_path(dotted))})", dotted, **options)


def named_by(elements: str, key: str, name: str, wanted: str) -> str:
    """Return SQL of one name of the first element that has another: the role of a participant by the participant's id.

    The two lists depend on the record alone, so that they are made once for all of its elements
    (:mod:`etl.landing.compile`).

    Parameters
    ----------
    elements : str
        A list of the record, as ``json_extract(j, '$.Participants[*]')::JSON[]``.
    key, name : str
        What elements are looked up by, and what is taken of the one found.
    wanted : str
        The key looked for; of NULL nothing is found.
    """
    keys, names = (f"list_transform({elements}, lambda p: p ->> '$.{one}')" for one in (key, name))
    return f"({names})[case when {wanted} is not null then list_position({keys}, {wanted}) end]"


def numeric(*fields: Field) -> tuple[Check, ...]:
    """Return one check per field: given, it must be a number; for fields that enter a computed one."""
    checks = []
    for item in fields:
        opening, closing = literal(f'{item.source}: "'), literal('" is not a number')
        checks.append(
            Check(
                f"({item.sql}) is not null and try_cast({item.sql} as double) is null",
                f"{opening} || left({item.sql}, 60) || {closing}",
                message_is_sql=True,
            )
        )
    return tuple(checks)
