"""Interface of the source modules: how their files are recognised and planned."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.configuration.formats import FORMATS
from etl.errors import EmpathyError
from etl.sources.plan import Plan

if TYPE_CHECKING:
    from etl.configuration.model import Source

class SourceError(EmpathyError):
    """A file that cannot be read as what it is said to be.

    Attributes
    ----------
    exit_code : int
        1: the data are at fault and nothing is published.
    """

    exit_code = 1


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


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a header made unique, so that a repeated or empty one can be read, or read past.

    Parameters
    ----------
    names : sequence of str

    Examples
    --------
    >>> unique_names(["", "Quiz", "", "quiz"])
    ('column 1', 'Quiz', 'column 3', 'quiz (column 4)')
    """
    taken = {"_line"}  # the name under which a record's line travels
    unique = []
    for position, name in enumerate(names, start=1):
        candidate = name or f"column {position}"
        while candidate.casefold() in taken:
            candidate += f" (column {position})"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return tuple(unique)


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
    """The inputs of ``plan``.

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
    columns : tuple of str
        Columns it knows; those of a file are found whatever their case.
    """

    name: str
    label: str
    tables: tuple[str, ...]
    plan: Callable[[Context], Plan]
    recognise: Callable[[Sample], Recognition | None]
    options: Mapping[str, str] = field(default_factory=dict)
    local_times: bool = False
    columns: tuple[str, ...] = ()


def get(name: str) -> SourceFormat:
    """Return the format called ``name`` in empathy.toml.

    Parameters
    ----------
    name : str
        A key of :data:`etl.configuration.formats.FORMATS`.
    """
    loaded = importlib.import_module(FORMATS[name]).FORMAT
    if not isinstance(loaded, SourceFormat):
        raise TypeError(f"{FORMATS[name]}.FORMAT is not a SourceFormat")
    return loaded
