"""One module per system's export. What such a module must say, and nothing it must do.

A source module is a declaration: how a file is cut into *records*, and which SQL expression over a record gives each
canonical column. The engine (:mod:`etl.extract`) does the rest the same way for every format: reading, casting,
time zones, checking against the contracts, reasons, rejects, duplicates, conservation.

A module ``etl/sources/NAME.py`` exports ``FORMAT``, a :class:`SourceFormat`, and is listed in
:data:`etl.sources.registry.FORMATS`::

    FORMAT = SourceFormat(
        name="amazon_connect",
        label="Amazon Connect contact records",
        tables=("interaction", "escalation"),
        options={"offer_attribute": "attribute that holds the offer's id"},
        recognise=recognise,      # Sample -> Recognition | None
        plan=plan,                # Context -> Plan, called once per file
    )

**Records.** ``Plan.shape`` says how a file becomes records:

- :class:`CsvShape`: one record per CSV row. Expressions name the file's columns, quoted: ``"Course complete"``. All are
  VARCHAR; an empty field is NULL. Optional columns that a file lacks are there, all NULL.
- :class:`JsonShape`: one record per JSON line, or per element of the list found in a JSON document. Expressions use
  the column ``j`` of type JSON: ``j ->> '$.Agent.Username'`` (text) or ``j -> '$.Attributes'`` (JSON). JSON null gives
  NULL. A record that is not a JSON object has been rejected before a plan's expressions see it.
- :class:`TableShape`: one record per row of a Parquet or XLSX file; as :class:`CsvShape`, every column cast to VARCHAR.

Every record relation also has ``_line BIGINT``. A record has one fate: it is loaded with all rows it gives, or rejected
with all reasons of all of them, or it is a duplicate. A record that gives no row and is not dropped is rejected.

**Fields.** :class:`Field` holds the expression, the name of the source field (for messages, documentation and lineage)
and how its text is to be read. The engine casts to the contract's type and refuses what does not cast; do not
``try_cast`` in an expression and lose the reason. Where a value must be computed from several fields, use
``Field(sql, source, typed=True)`` and add :func:`numeric` (or your own :class:`Check`) for the fields that went in.

**Times** with an offset or ``Z`` are converted; times without are read in ``Field.timezone``, or in the source's zone.

**Users may override**: ``columns``, ``values`` and ``constants`` of ``[sources.NAME]`` apply to the first table of any
format, after the module's own mapping (JSON columns by dotted path). Modules need not care.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import EmpathyError
from etl.sources.registry import FORMATS

if TYPE_CHECKING:
    from etl.config import Source


class SourceError(EmpathyError):
    """A file that cannot be read as what it is said to be.

    Attributes
    ----------
    exit_code : int
        1: the data are at fault and nothing is published.
    """

    exit_code = 1


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
    """

    sql: str
    source: str
    format: str = ""
    timezone: str | None = None
    decimal: str = "."
    values: Mapping[str, str] = field(default_factory=dict)
    typed: bool = False


@dataclass(frozen=True)
class TableMap:
    """The rows of one canonical table that a record gives.

    Attributes
    ----------
    table : str
        Name in :data:`etl.contracts.CONTRACTS`.
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
    """

    shape: Shape
    tables: tuple[TableMap, ...]
    checks: tuple[Check, ...] = ()
    drops: tuple[Drop, ...] = ()
    key: tuple[str, ...] = ()
    version: str = ""
    ids_are_names: bool = False


@dataclass(frozen=True)
class Sample:
    """The beginning of a file, for recognising it and for planning.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Column names; empty for JSON.
    rows : tuple of mapping
        The first few records (up to 20): header to text for tables, parsed objects for JSON.
    lists : tuple of str
        For a JSON document: the keys of its lists.
    """

    path: Path
    header: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether the records are JSON objects."""
        return not self.header


@dataclass(frozen=True)
class Recognition:
    """A guess that a file has this format.

    Attributes
    ----------
    confidence : float
        0 to 1; the highest wins, under 0.5 is not used.
    what : str
        What the file holds, in words: ``"contact records"``.
    undecided : tuple of str
        Keys of the source's section a person must decide, such as ``timezone``.
    options : mapping
        Options to write into the section.
    columns : mapping of str to str
        Canonical column to source column, to write into the section.
    table : str
        Canonical table, to write into the section of a format that reads any table.
    seen : mapping of str to tuple of str
        Undecided key to words of the file that may help to decide it.
    """

    confidence: float
    what: str
    undecided: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a plan may depend on.

    Attributes
    ----------
    name : str
        Name of the source in empathy.toml.
    source : Source
        Its section.
    timezone : str
        Zone of times without offset.
    sample : Sample
        The beginning of the file.
    """

    name: str
    source: Source
    timezone: str
    sample: Sample

    def option(self, key: str, default: Any) -> Any:
        """The option ``key`` of the section, or ``default``."""
        return self.source.options.get(key, default)


@dataclass(frozen=True)
class SourceFormat:
    """A format; see the module's docstring.

    Attributes
    ----------
    name, label : str
        As in empathy.toml; as a person would say it.
    tables : tuple of str
        Canonical tables it can fill.
    plan : callable
        From :class:`Context` to :class:`Plan`, once per file. Raises ``SourceError`` when the file is not of this
        format, naming what is missing.
    recognise : callable
        From :class:`Sample` to :class:`Recognition` or ``None``.
    options : mapping of str to str
        Option to its meaning; other options are refused.
    local_times : bool
        Times carry no zone, so ``timezone`` must be given in empathy.toml.
    """

    name: str
    label: str
    tables: tuple[str, ...]
    plan: Callable[[Context], Plan]
    recognise: Callable[[Sample], Recognition | None]
    options: Mapping[str, str] = field(default_factory=dict)
    local_times: bool = False


def get(name: str) -> SourceFormat:
    """Return the format called ``name`` in empathy.toml.

    Parameters
    ----------
    name : str
        A key of :data:`etl.sources.registry.FORMATS`.
    """
    loaded = importlib.import_module(FORMATS[name]).FORMAT
    if not isinstance(loaded, SourceFormat):
        raise TypeError(f"{FORMATS[name]}.FORMAT is not a SourceFormat")
    return loaded


def quoted(name: str) -> str:
    """Return a column name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as a SQL literal; only for names and patterns of the program, never for values of a file."""
    return "'" + value.replace("'", "''") + "'"


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


def json_path(dotted: str) -> str:
    """Return the JSON path of dotted names: ``Agent.Username`` becomes ``$."Agent"."Username"``."""
    steps = []
    for part in dotted.split("."):
        name, bracket, index = part.partition("[")
        steps.append('."' + name.replace('"', "") + '"' + bracket + index)
    return "$" + "".join(steps)


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
