"""Local time to UTC, with the times that do not exist and the times that exist twice found and flagged.

DuckDB's ``AT TIME ZONE`` turns a time skipped in spring and a time repeated in autumn into some instant without a
word, and a cast of ``2025-03-09T06:58:00+01:00`` to TIMESTAMP drops the offset. Both are answered here. The zone's own
transitions are compiled into tables by year that give the offset in force at a local time and whether the local time is

- a **gap**: skipped when clocks went forward; read with the offset from before, so it lands just after the gap;
- a **fold**: repeated when clocks went back; the first of the two is taken.

That is what Python does with ``fold=0`` (PEP 495), and the tests compare with it, instant by instant. A round trip
(local to UTC and back) returns another local time for exactly the gaps, and the second reading of a fold returns the
same local time: the two properties by which the flags are tested.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_YEAR = 1990
LAST_YEAR = 2045
"""Transitions are compiled for [FIRST_YEAR, LAST_YEAR); outside it the nearest offset is used and nothing flagged."""

NORMAL, GAP, FOLD = "", "gap", "fold"


@dataclass(frozen=True)
class Segment:
    """A stretch of local time with one reading.

    Attributes
    ----------
    starts : datetime
        First local time of the stretch (no zone); it lasts until the next segment starts.
    offset_seconds : int
        Subtracted from local time it gives UTC.
    flag : str
        ``""``, ``"gap"`` or ``"fold"``.
    """

    starts: datetime
    offset_seconds: int
    flag: str


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    moved = instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int(moved.total_seconds()) if moved is not None else 0


@lru_cache(maxsize=128)
def transitions(
    name: str, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR
) -> tuple[tuple[datetime, int, int], ...]:
    """Return every change of a zone's offset: (instant in UTC, seconds before, seconds after).

    Found by comparing offsets day by day and bisecting where they differ; changes that revert within a day would be
    missed, but no zone has any.

    Parameters
    ----------
    name : str
        IANA name.
    first_year, last_year : int
        Half-open range of years looked at.
    """
    zone = ZoneInfo(name)
    found = []
    instant = datetime(first_year, 1, 1)
    end = datetime(last_year, 1, 1)
    before = _offset(zone, instant)
    step = timedelta(days=1)
    while instant < end:
        following = instant + step
        after = _offset(zone, following)
        if after != before:
            low, high = instant, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                if _offset(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            found.append((high, before, after))
            before = after
        instant = following
    return tuple(found)


@lru_cache(maxsize=128)
def segments(name: str) -> tuple[Segment, ...]:
    """Return local time of a zone cut into stretches with one reading each, in order.

    Parameters
    ----------
    name : str
        IANA name.
    """
    changes = transitions(name)
    zone = ZoneInfo(name)
    first = _offset(zone, datetime(FIRST_YEAR, 1, 1)) if not changes else changes[0][1]
    pieces = [Segment(datetime.min, first, NORMAL)]
    for instant, before, after in changes:
        local_before = instant + timedelta(seconds=before)
        local_after = instant + timedelta(seconds=after)
        if after > before:
            pieces.append(Segment(local_before, before, GAP))
            pieces.append(Segment(local_after, after, NORMAL))
        else:
            pieces.append(Segment(local_after, before, FOLD))
            pieces.append(Segment(local_before, after, NORMAL))
    return tuple(pieces)


def is_utc(name: str) -> bool:
    """Whether a zone is UTC under one of its names."""
    return name in ("UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal")


def to_utc_sql(local: str, zone: str) -> str:
    """Return SQL that turns a local TIMESTAMP into a UTC TIMESTAMP, NULL where UTC is beyond what a TIMESTAMP holds.

    Parameters
    ----------
    local : str
        SQL of type TIMESTAMP.
    zone : str
        IANA name.
    """
    if is_utc(zone):
        return local
    pieces = segments(zone)
    if len({piece.offset_seconds for piece in pieces}) == 1:
        return f"try({local} - interval ({pieces[0].offset_seconds}) second)"
    offset = _by_segment(local, pieces, [str(piece.offset_seconds) for piece in pieces], "integer")
    return f"try({local} - to_seconds({offset}))"


def repeats(zone: str) -> bool:
    """Whether clocks are put back in a zone, so that some local times come twice."""
    return not is_utc(zone) and any(piece.flag == FOLD for piece in segments(zone))


def second_reading_sql(local: str, zone: str) -> str:
    """Return SQL like :func:`to_utc_sql` that takes the second of two readings of a repeated local time.

    Parameters
    ----------
    local, zone : str
        As in :func:`to_utc_sql`.
    """
    pieces = segments(zone)
    following = (*pieces[1:], pieces[-1])
    offsets = [
        str((after if piece.flag == FOLD else piece).offset_seconds)
        for piece, after in zip(pieces, following, strict=True)
    ]
    return f"try({local} - to_seconds({_by_segment(local, pieces, offsets, 'integer')}))"


def flag_sql(local: str, zone: str) -> str:
    """Return SQL that gives ``'gap'``, ``'fold'`` or NULL for a local TIMESTAMP.

    Parameters
    ----------
    local : str
        SQL of type TIMESTAMP.
    zone : str
        IANA name.
    """
    if is_utc(zone):
        return "NULL::VARCHAR"
    pieces = segments(zone)
    if all(piece.flag == NORMAL for piece in pieces):
        return "NULL::VARCHAR"
    return _by_segment(local, pieces, [piece.flag or "NULL" for piece in pieces], "varchar")


def _by_segment(local: str, pieces: Sequence[Segment], results: Sequence[str], kind: str) -> str:
    """SQL of the result that belongs to the segment a local time is in.

    The year gives the segment at its beginning; every segment start reached within the year adds one. The tables are
    list literals, which are fast to plan; a CASE over every start since 1990 takes longer to plan than a small file
    takes to read.
    """
    starts = [piece.starts for piece in pieces]
    first, last = starts[1].year - 1, starts[-1].year + 1
    begun: list[int] = []
    within: list[list[datetime]] = []
    for year in range(first, last + 1):
        number = bisect_right(starts, datetime(year, 1, 1))
        begun.append(number)
        within.append([start for start in starts[number:] if start.year == year])
    place = f"least(greatest(year({local}), {first}), {last}) - {first - 1}"
    reached_at = f"{_list([str(count) for count in begun], 'integer')}[{place}]"
    for nth in range(max(len(reached) for reached in within)):
        column = [str(reached[nth]) if nth < len(reached) else "infinity" for reached in within]
        reached_at += f" + ({local} >= {_list(column, 'timestamp')}[{place}])::integer"
    return f"{_list(results, kind)}[{reached_at}]"


def _list(items: Sequence[str], kind: str) -> str:
    return f"('[{', '.join(items)}]'::{kind}[])"


def carries_offset_sql(text: str) -> str:
    """Return SQL that says whether a text of date and time ends in an offset, ``Z`` or the name of a zone.

    The usual ``2025-03-09 06:58:00`` is recognised by length and second colon first, which is fastest.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    """
    last = " or ".join(f"{text}[{place}] in ('+', '-')" for place in (-6, -5, -3))
    return (
        f"(case when strlen({text}) = 19 and {text} like '{'_' * 16}:__' then false "
        f"else strlen({text}) > 10 and ({text}[-1] not between '0' and '9' or {last}) end)"
    )


_UNAMBIGUOUS = r"([+-](0[0-9]|1[0-4])(:?[0-5][0-9])?|[ 0-9](?i:UTC|GMT)| [A-Za-z_]+/[A-Za-z0-9_/+-]+)$"
ABBREVIATED = " ([A-Z]{3,5}|[CEMP]T)$"
"""Ends of texts that name a zone by letters which stand for several: BST is British summer, or Bangladesh."""


def instant_sql(text: str) -> str:
    """Return SQL that reads a text of date, time and offset as a UTC TIMESTAMP.

    NULL for a zone named by letters other than UTC and GMT (the database takes BST for Bangladesh and PST for whatever
    Los Angeles has that day), and for offsets that no zone has.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR, for which :func:`carries_offset_sql` is true.
    """
    return (
        f"(case when {text}[-1] = 'Z' or regexp_matches({text}, '{_UNAMBIGUOUS}') "
        f"then try_cast({text} as timestamptz) at time zone 'UTC' end)"
    )


_PYTHON_DIRECTIVE_WITH_OFFSET = re.compile(r"%z|%Z")


def format_carries_offset(pattern: str) -> bool:
    """Whether a ``strptime`` pattern reads an offset."""
    return bool(_PYTHON_DIRECTIVE_WITH_OFFSET.search(pattern))
