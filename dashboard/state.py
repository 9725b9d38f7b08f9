"""Filters and their readable form in the address.

``?site=Madrid&site=Porto&channel=chat&from=2026-01-05`` is two sites, one channel, weeks from 5 January 2026. A value
that these data do not have is dropped and explained; it never becomes an empty page.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode

from babel.dates import format_date

from analysis.panel.slices import DIMENSIONS as SLICE_DIMENSIONS

DIMENSIONS = tuple(SLICE_DIMENSIONS)
"""Names of the filters that take values from the data; they are also the names in the URL."""
LABELS = {
    "site": "Site",
    "team": "Team",
    "channel": "Channel",
    "queue": "Queue",
    "tenure_band": "Tenure",
    "cohort": "Training wave",
    "from": "From",
    "to": "Until",
}
PLURALS = {
    "site": "sites",
    "team": "teams",
    "channel": "channels",
    "queue": "queues",
    "tenure_band": "tenure bands",
    "cohort": "training waves",
}


@dataclass(frozen=True)
class Facets:
    """What can be selected in the data being served.

    Attributes
    ----------
    values : mapping
        Filter name to its values, in the order to list them; cohorts are ISO dates of Mondays.
    first, last : date or None
        Mondays of the first and last week with data.
    """

    values: Mapping[str, tuple[str, ...]]
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Filters:
    """One selection; empty means everything."""

    site: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    tenure_band: tuple[str, ...] = ()
    cohort: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    notices: tuple[str, ...] = field(default=(), compare=False)
    """What had to be ignored, one sentence each."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered."""
        return self == Filters()

    def active(self) -> dict[str, tuple[str, ...]]:
        """The filters in force, by name, in the order of the filter bar; dates under ``from`` and ``to``."""
        found: dict[str, tuple[str, ...]] = {name: getattr(self, name) for name in DIMENSIONS if getattr(self, name)}
        if self.start:
            found["from"] = (self.start.isoformat(),)
        if self.end:
            found["to"] = (self.end.isoformat(),)
        return found

    def without(self, name: str) -> Filters:
        """The selection with one filter taken away (``from`` and ``to`` by those names)."""
        key = {"from": "start", "to": "end"}.get(name, name)
        changes: dict[str, Any] = {key: () if key in DIMENSIONS else None}
        return replace(self, **changes)

    def to_query(self) -> str:
        """The readable query string, without a question mark; empty for everything."""
        return urlencode([(name, value) for name, values in self.active().items() for value in values])

    def to_store(self) -> dict[str, list[str]]:
        """What the browser keeps: the same names as in the URL."""
        return {name: list(values) for name, values in self.active().items()}

    def describe(self, locale: str = "en_GB") -> str:
        """The selection in words, such as ``Madrid or Porto, chat, from 5 Jan 2026``; empty for everything."""
        parts = []
        for name, values in self.active().items():
            shown = [day(value, locale) for value in values] if name in ("cohort", "from", "to") else list(values)
            text = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
            if len(shown) > 3:
                text = f"{len(shown)} {PLURALS[name]}"
            prefix = {"from": "from ", "to": "until ", "cohort": "trained ", "team": "team "}.get(name, "")
            parts.append(f"{prefix}{text}")
        return ", ".join(parts)

    def base(self, locale: str = "en_GB") -> str:
        """What a period does to the weeks that training is compared with, in one sentence; empty without a period.

        Weeks outside the period do not exist for the estimate: neither as base nor as weeks after training.
        """
        first, last = (day(week, locale) if week else "" for week in (self.start, self.end))
        untrained = f"agents trained after {last} count as not yet trained"
        if not first and not last:
            return ""
        if not first:
            return f"Only weeks until {last} count: the base is the weeks before training, and {untrained}."
        counted = f"Only weeks from {first}{f' until {last}' if last else ' on'} count"
        later = f", and {untrained}" if last else ""
        return (
            f"{counted}: the base is the weeks from then to each agent's training, so agents trained by {first} have "
            f"none and are left out{later}."
        )


def from_query(query: str | Mapping[str, Sequence[str]], facets: Facets, locale: str = "en_GB") -> Filters:
    """Read a selection that anybody may have typed.

    Parameters
    ----------
    query : str or mapping
        A query string with or without ``?``, or names to lists of values (what :meth:`Filters.to_store` gives).
    facets : Facets
        What these data have.
    locale : str
        Locale for dates in the notices.

    Returns
    -------
    Filters
        Valid in these data; ``notices`` says what was ignored and why.
    """
    given: Mapping[str, Sequence[str]]
    given = parse_qs(query.lstrip("?"), keep_blank_values=False) if isinstance(query, str) else query
    notices: list[str] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for name in DIMENSIONS:
        known = facets.values.get(name, ())
        wanted = list(dict.fromkeys(str(value) for value in given.get(name, ())))
        chosen[name] = tuple(value for value in known if value in wanted)
        notices += [_unknown(name, value, known) for value in wanted if value not in known]
    start, end = _period(given, facets, notices, locale)
    known_names = {*DIMENSIONS, "from", "to"}
    for name in given:
        if name not in known_names:
            near = difflib.get_close_matches(name, sorted(known_names), n=1, cutoff=0.75)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            notices.append(f"There is no filter “{_short(name)}”, so it was ignored.{hint}")
    return Filters(**chosen, start=start, end=end, notices=tuple(notices))


def day(value: str | date | None, locale: str = "en_GB") -> str:
    """A date in words, such as ``5 Jan 2026``; the text itself when it is not a date."""
    if value is None:
        return "not known"
    try:
        parsed = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    return format_date(parsed, "d MMM y", locale=locale)


def _unknown(name: str, value: str, known: Sequence[str]) -> str:
    label = LABELS[name].lower()
    if not known:
        return f"These data have no {PLURALS[name]}, so “{_short(value)}” was ignored."
    near = difflib.get_close_matches(value, list(known), n=1, cutoff=0.5)
    hint = (
        f" Did you mean “{near[0]}”?"
        if near
        else f" Choose from: {', '.join(known[:6])}{' and others' if len(known) > 6 else ''}."
    )
    return f"“{_short(value)}” is not a {label} in these data, so it was ignored.{hint}"


def _period(
    given: Mapping[str, Sequence[str]], facets: Facets, notices: list[str], locale: str
) -> tuple[date | None, date | None]:
    ends: dict[str, date | None] = {"from": None, "to": None}
    for name in ends:
        for text in list(given.get(name, ()))[:1]:
            try:
                ends[name] = date.fromisoformat(str(text)[:10])
            except ValueError:
                notices.append(f"“{_short(str(text))}” is not a date, so it was ignored. Write it like 2026-01-05.")
    start, end = ends["from"], ends["to"]
    if start and end and start > end:
        notices.append(
            f"The period ends ({day(end, locale)}) before it starts ({day(start, locale)}), so it was ignored."
        )
        return None, None
    if facets.first and facets.last:
        reach = f"the data run from {day(facets.first, locale)} to {day(facets.last, locale)}"
        if (start and start > facets.last) or (end and end < facets.first):
            notices.append(f"The period lies outside the data ({reach}), so it was ignored.")
            return None, None
        start = None if start and start <= facets.first else start
        end = None if end and end >= facets.last else end
    return start, end


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
