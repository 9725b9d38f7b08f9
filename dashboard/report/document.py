"""Content of a report, independent of its format (HTML, PDF, slides)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dashboard.views.verdicts import split_level

RUN_MARK = "empathy-run:"
"""Begins the keyword by which a written report says which version it was made from."""


@dataclass(frozen=True)
class Tile:
    """One KPI, large.

    Attributes
    ----------
    name, level, seen : str
        The KPI, its level now and the weeks of it, in words.
    change, likely : str
        Estimated change and its range, in words; empty without an estimate.
    verdict, mark, tone : str
        Verdict in words, its mark, and ``better``, ``worse`` or ``unsure``.
    counts : str
        Agents and contacts behind it.
    """

    name: str
    level: str
    seen: str
    change: str
    likely: str
    verdict: str
    mark: str
    tone: str
    counts: str

    @property
    def number_and_note(self) -> tuple[str, str]:
        """The level to be read large, and what stands below it: its unit and its weeks."""
        number, unit = split_level(self.level)
        return number, ", ".join(words for words in (unit, self.seen) if words)


@dataclass(frozen=True)
class Interval:
    """One row of a chart of intervals.

    Attributes
    ----------
    label : str
    estimate, low, high : float
        In the unit of the chart; NaN without an estimate.
    shown, span : str
        The same in words, with its unit.
    verdict : str
        In words.
    tone : str
        ``better``, ``worse`` or ``unsure``.
    """

    label: str
    estimate: float
    low: float
    high: float
    shown: str
    span: str
    verdict: str = ""
    tone: str = "unsure"

    @property
    def is_known(self) -> bool:
        """Whether there is something to draw."""
        return all(math.isfinite(value) for value in (self.estimate, self.low, self.high))


@dataclass(frozen=True)
class Tiles:
    """KPIs side by side."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Chart:
    """A chart of intervals, as a drawing and as its numbers.

    Attributes
    ----------
    title : str
        The answer.
    subtitle : str
        What is drawn, in which unit.
    axis : str
        Unit of the numbers.
    rows : tuple of Interval
    figure : dict or None
        From :mod:`dashboard.figures`; the same numbers.
    note : str
    """

    title: str
    subtitle: str
    axis: str
    rows: tuple[Interval, ...]
    figure: dict[str, Any] | None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table; every cell is a text as a reader sees it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Lines:
    """A list of sentences under a title."""

    title: str
    lines: tuple[str, ...]


Part = Tiles | Chart | Table | Lines


@dataclass(frozen=True)
class Sheet:
    """One page.

    Attributes
    ----------
    key : str
        Short name, unique.
    title : str
        The answer.
    lede : str
        What a reader must know beside it.
    parts : tuple
    """

    key: str
    title: str
    lede: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """A report, ready to be laid out.

    Attributes
    ----------
    project, programme : str
    selection : str
        In words; empty for everybody.
    run_id : str
    published_at : datetime
        Of the version.
    data_from, data_to : date or None
    made_on, expires_on : date
        The day it was made, and the day after which nobody should rely on it.
    demo : bool
        Whether the data are simulated.
    sheets : tuple of Sheet
    """

    project: str
    programme: str
    selection: str
    run_id: str
    published_at: datetime
    data_from: date | None
    data_to: date | None
    made_on: date
    expires_on: date
    demo: bool
    sheets: tuple[Sheet, ...] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        """Title of the file."""
        return f"{self.programme}: what it did"

    @property
    def about(self) -> str:
        """One line for the foot of every page."""
        return " · ".join(self.origin)

    @property
    def origin(self) -> Sequence[str]:
        """Where the numbers come from, in words."""
        parts = [self.project]
        if self.selection:
            parts.append(f"only {self.selection}")
        if self.data_from and self.data_to:
            parts.append(f"data {written(self.data_from)} to {written(self.data_to)}")
        parts += [
            f"run {self.run_id}",
            f"made {written(self.made_on)}",
            f"not to be used after {written(self.expires_on)}",
        ]
        return parts


def written(day: date) -> str:
    """A day as reports write it: ``5 January 2026``."""
    return f"{day.day} {day:%B %Y}"
