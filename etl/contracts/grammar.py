"""The contract of a table: columns with types, domains, units and ranges, rules across fields, keys, references.

:mod:`etl.contracts.tables` declares one for every canonical table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["text", "integer", "number", "money", "boolean", "date", "timestamp"]

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18,2)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}

TYPE_WORDS: dict[ColumnType, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "money": "an amount of money",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a date and time",
}

ID_LENGTH = 200
"""Longest id, in characters: system ids are far shorter, a longer one is a damaged line."""

TEXT_LENGTH = 10_000
"""Longest free text kept, in characters; longer text is a damaged line, not a comment."""

TURN_LENGTH = 1_000_000
"""Longest turn of a conversation, in characters: mails with their whole history are turns too."""

EARLIEST = "1950-01-01"
EARLIEST_TIME = "1971-01-01"
LATEST = "2100-01-01"
"""Dates before EARLIEST, times before EARLIEST_TIME (1970-01-01 is what systems write for no time) and both from LATEST
on are refused: they come from damage or from placeholder dates."""


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes
    ----------
    name, type, doc
        Name, logical type (see :data:`SQL_TYPES`), meaning in one sentence.
    required : bool
        An empty value refuses the row.
    domain : tuple of str
        Allowed values of a text column; empty means free.
    low, high : float or None
        Smallest and largest value allowed, both included.
    unit : str
        Unit of a number.
    private : bool
        Identifies a person; never leaves the landing folder unhashed.
    free_text : bool
        Written by people; phone numbers, e-mail addresses and card numbers are scrubbed before it lands.
    lower_case : bool
        Folded to lower case when it lands, because its systems do not tell cases apart.
    max_length : int
        Longest text allowed, in characters.
    default : str
        SQL literal used when the source has no such column, or it is empty; ``"NULL"`` means none.
    needed_for : str
        What cannot be known without it, in words; empty where nothing rests on it. Its share is reported.
    often_empty : bool
        Empty in most rows by its nature, such as the day of leaving: only its absence is worth a warning.
    """

    name: str
    type: ColumnType
    doc: str
    required: bool = False
    domain: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    private: bool = False
    free_text: bool = False
    lower_case: bool = False
    max_length: int = ID_LENGTH
    default: str = "NULL"
    needed_for: str = ""
    often_empty: bool = False

    @property
    def sql_type(self) -> str:
        """DuckDB type of the column."""
        return SQL_TYPES[self.type]

    @property
    def is_share(self) -> bool:
        """Whether it is a number from 0 to 1, which exports may hold as a percentage or out of a full score."""
        return self.type == "number" and (self.low, self.high) == (0, 1)


@dataclass(frozen=True)
class Rule:
    """A rule over several columns of one row.

    Attributes
    ----------
    name : str
        Short name, unique in its table.
    broken_when : str
        SQL over the typed columns; a row for which it is true is refused.
    message : str
        What is wrong, as a reader of the reject list is told.
    """

    name: str
    broken_when: str
    message: str


@dataclass(frozen=True)
class Reference:
    """A foreign key: the row should find its partner in another table; checked when core is built."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True)
class Knowledge:
    """Rows and values known by the end of a day; ``{at}`` and ``{day}`` are the instant and the day after it.

    Attributes
    ----------
    when : str
        SQL that keeps a row.
    replaced : mapping of str to str
        Column to SQL of its value at that time.
    """

    when: str
    replaced: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """One canonical table.

    Attributes
    ----------
    name, doc
        Name, and what one row is.
    key : tuple of str
        Columns that identify a row within a source (``_source`` is always part of the key).
    columns : tuple of Column
    rules : tuple of Rule
    references : tuple of Reference
    happened_at : str
        SQL of when a row's agent id was used, to find whose it was then; empty for tables without one.
    known_by : Knowledge or None
        What of it was known by the end of a day; ``None`` where all of it always is.
    identity : {"", "own", "contact"}
        Whether a row that names an agent nobody knows is refused: always (``own``), or only where no contact says whose
        it is (``contact``).
    window_rank : int
        The table with rows and the lowest rank above 0 says which days the data cover.
    window_at : str
        SQL of the instant by which it does; ``happened_at`` when empty.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    references: tuple[Reference, ...] = field(default=())
    happened_at: str = ""
    known_by: Knowledge | None = None
    identity: Literal["", "own", "contact"] = ""
    window_rank: int = 0
    window_at: str = ""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        unknown = [name for name in self.key if name not in names]
        if unknown:
            raise ValueError(f"{self.name}: key column {unknown[0]} is not declared")

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order, without provenance."""
        return tuple(column.name for column in self.columns)
