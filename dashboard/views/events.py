"""Events as ticks on charts over time, as a list beneath them, and in a title where one fell on a wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analysis.words.numbers import Reader
from dashboard.data.events import EVERYBODY, Happening
from dashboard.state import day


@dataclass(frozen=True)
class Tick:
    """One tick: a day or a week from training, the numbers of the events there, and what they are in words."""

    at: date | float
    numbers: str
    words: str


def by_day(events: Sequence[Happening], first: date, last: date, reader: Reader) -> tuple[Tick, ...]:
    """Ticks for an axis of days; an event that began earlier stands at the first day.

    Parameters
    ----------
    events : sequence of Happening
    first, last : date
        Ends of the axis.
    reader : Reader
    """
    places: dict[date | float, list[tuple[Happening, str]]] = {}
    for event in events:
        if event.at <= last and event.until >= first:
            places.setdefault(max(event.at, first), []).append((event, line(event, reader)))
    return _ticks(places)


def by_week(events: Sequence[Happening], first: int, last: int, reader: Reader) -> tuple[Tick, ...]:
    """Ticks for an axis of weeks from training: an event stands once for every wave whose agents it touched.

    Parameters
    ----------
    events : sequence of Happening
    first, last : int
        Ends of the axis.
    reader : Reader
    """
    places: dict[date | float, list[tuple[Happening, str]]] = {}
    for event in events:
        for wave in event.waves:
            week = (event.at - wave.monday).days // 7
            if first <= week <= last:
                words = f"{line(event, reader)}, for the wave of {day(wave.monday, reader.locale)}"
                places.setdefault(float(week), []).append((event, words))
    return _ticks(places)


def shown(events: Sequence[Happening], ticks: Sequence[Tick]) -> tuple[Happening, ...]:
    """The events that have a tick."""
    numbers = {number for tick in ticks for number in tick.numbers.split(", ")}
    return tuple(event for event in events if str(event.number) in numbers)


def line(event: Happening, reader: Reader) -> str:
    """An event in a few words: ``1 New CRM (12 Feb 2025, Porto)``."""
    when = day(event.at, reader.locale)
    if event.until > event.at + timedelta(days=1):
        when += f" to {day(event.until, reader.locale)}"
    place = f", {event.place}" if event.place else ""
    return f"{event.number} {event.label} ({when}{place})"


def listed(events: Sequence[Happening], reader: Reader) -> str:
    """What the numbers stand for, in one line; empty without events."""
    if not events:
        return ""
    parts = [f"{line(one, reader)}{f', on a wave; it touched {one.fell_on}' if one.fell_on else ''}" for one in events]
    return f"Also happened: {'. '.join(parts)}."


def in_title(events: Sequence[Happening]) -> str:
    """What a title adds where an event fell on a wave; empty where none did. The least shared one is named."""
    fell = sorted((event for event in events if event.fell_on), key=lambda event: event.fell_on == EVERYBODY)
    if not fell:
        return ""
    more = f" (and {len(fell) - 1} more)" if len(fell) > 1 else ""
    return f"; {fell[0].label}{more} fell on a wave and touched {fell[0].fell_on}"


def _ticks(places: dict[date | float, list[tuple[Happening, str]]]) -> tuple[Tick, ...]:
    found = []
    for at in sorted(places):
        there = list(dict.fromkeys(places[at]))
        numbers = ", ".join(dict.fromkeys(str(event.number) for event, _ in there))
        found.append(Tick(at, numbers, "\n".join(words for _, words in there)))
    return tuple(found)
