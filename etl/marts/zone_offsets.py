"""UTC offsets by time zone and period, used to split ``core.agent_place``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from etl.timezones import FIRST_YEAR, LAST_YEAR, transitions

BEGINNING = datetime(1, 1, 1)
END = datetime(9999, 12, 31)


@dataclass(frozen=True)
class ZoneOffset:
    """A zone is ``offset_s`` seconds ahead of UTC in [from_at, to_at), both UTC without zone."""

    zone: str
    from_at: datetime
    to_at: datetime
    offset_s: int


def zone_offsets(zones: Iterable[str], first_at: datetime, last_at: datetime) -> tuple[ZoneOffset, ...]:
    """Periods of constant offset that together cover all time.

    Only clock changes between ``first_at`` and ``last_at`` are listed; the first and last offsets extend before and
    after, which keeps the table small.

    Parameters
    ----------
    zones : iterable of str
        IANA names.
    first_at, last_at : datetime
        The time the data cover, UTC without zone.
    """
    stretches: list[ZoneOffset] = []
    for zone in sorted(set(zones)):
        years = max(first_at.year, FIRST_YEAR), min(last_at.year + 1, LAST_YEAR)
        inside = [change for change in transitions(zone, *years) if first_at < change[0] < last_at]
        start = BEGINNING
        offset = _offset(zone, first_at)
        for at, before, after in inside:
            stretches.append(ZoneOffset(zone, start, at, before))
            start, offset = at, after
        stretches.append(ZoneOffset(zone, start, END, offset))
    return tuple(stretches)


def _offset(zone: str, at: datetime) -> int:
    distance = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int((distance or timedelta()).total_seconds())
