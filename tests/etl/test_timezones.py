"""Local times against Python's own reading of them (PEP 495), instant by instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.marts.zone_offsets import zone_offsets
from etl.timezones import (
    FIRST_YEAR,
    LAST_YEAR,
    carries_offset_sql,
    flag_sql,
    instant_sql,
    is_utc,
    repeats,
    second_reading_sql,
    segments,
    to_utc_sql,
    transitions,
)

ZONES = (
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Africa/Casablanca",  # clocks change around Ramadan
    "Asia/Kolkata",  # never changes
    "Pacific/Apia",  # skipped a whole day
    "UTC",
)


def expected(local: datetime, zone: ZoneInfo) -> tuple[datetime, str | None]:
    first = local.replace(tzinfo=zone).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    back = first.astimezone(zone).replace(tzinfo=None)
    flag = "gap" if back != local else "fold" if first != second else None
    return first.replace(tzinfo=None), flag


def converted(locals_: list[datetime], zone: str) -> list[tuple[datetime, datetime, str | None]]:
    times = pa.table({"l": pa.array(locals_, pa.timestamp("us"))})  # noqa: F841 (read by name)
    with duckdb.connect() as con:
        return con.execute(f"SELECT l, {to_utc_sql('l', zone)}, {flag_sql('l', zone)} FROM times").fetchall()


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_the_clock_is_read_as_python_reads_it(zone: str) -> None:
    around = [
        instant + timedelta(seconds=offset + minutes * 60)
        for instant, before, after in transitions(zone)
        for offset in (before, after)
        for minutes in range(-90, 91, 15)
    ]
    plain = [datetime(1995, 1, 1) + timedelta(hours=31 * step) for step in range(10_000)]

    for local, utc, flag in converted(around + plain, zone):
        assert (utc, flag) == expected(local, ZoneInfo(zone))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(st.datetimes(datetime(1991, 1, 1), datetime(2044, 1, 1)), min_size=1, max_size=50),
)
def test_any_local_time_is_read_as_python_reads_it(zone: str, locals_: list[datetime]) -> None:
    for local, utc, flag in converted(locals_, zone):
        assert (utc, flag) == expected(local, ZoneInfo(zone))


def test_duckdb_alone_would_not_have_said_a_word() -> None:
    """The reason for all this: DuckDB converts a time that does not exist, and takes the second of two, in silence."""
    gap, fold = datetime(2025, 3, 9, 2, 30), datetime(2025, 11, 2, 1, 30)

    assert converted([gap, fold], "America/New_York") == [
        (gap, datetime(2025, 3, 9, 7, 30), "gap"),
        (fold, datetime(2025, 11, 2, 5, 30), "fold"),
    ]


def test_the_tree_stays_shallow() -> None:
    assert len(segments("Europe/Madrid")) < 300
    assert to_utc_sql("x", "UTC") == "x"
    assert is_utc("Etc/UTC")
    assert not is_utc("Europe/London")


@pytest.mark.parametrize(
    ("text", "carries"),
    [
        ("2025-03-09 06:58:00", False),
        ("2025-03-09", False),
        ("2025-03-09T06:58", False),
        ("2025-03-09T06:58:00.123", False),
        ("2025-03-09T06:58:00Z", True),
        ("2025-03-09T06:58:00.000Z", True),
        ("2025-03-09T06:58:00+01:00", True),
        ("2025-03-09T06:58:00-0500", True),
        ("2025-03-09T06:58:00+01", True),
        ("2025-03-09T06:58+01", True),
        ("2025-03-09T06:58-05", True),
        ("2025-03-09 06:58:00 UTC", True),
    ],
)
def test_an_offset_is_seen(text: str, carries: bool) -> None:
    with duckdb.connect() as con:
        row = con.execute(f"SELECT {carries_offset_sql('t')} FROM (SELECT ?::VARCHAR AS t)", [text]).fetchone()
    assert row == (carries,)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "Asia/Kolkata"])
def test_a_time_at_the_ends_of_what_the_database_holds_stops_nothing(zone: str) -> None:
    ends = ["294247-01-10 04:00:54", "290309-12-22 (BC) 00:00:00", "infinity"]
    with duckdb.connect(":memory:") as con:
        for end in ends:
            second = second_reading_sql("l", zone) if repeats(zone) else "null"
            con.execute(f"select {to_utc_sql('l', zone)}, {second} from (select ?::timestamp as l)", [end]).fetchall()


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("Z", 6), ("+00", 6), ("+0000", 6), (" UTC", 6), (" gmt", 6), ("-05:00", 11), ("+0530", 1), ("+14:00", 16),
        (" Europe/Madrid", 5), (" America/Argentina/Ushuaia", 9),
        (" BST", None), (" PST", None), (" IST", None), (" CST", None), ("+99:00", None), ("-1500", None),
        (" AM", None),
    ],
)  # fmt: skip
def test_only_zones_that_mean_one_are_read(zone: str, hour: int | None) -> None:
    with duckdb.connect(":memory:") as con:
        query = f"select {carries_offset_sql('t')}, hour({instant_sql('t')}) from (select ?::varchar as t)"
        assert con.execute(query, [f"2025-03-09 06:30:00{zone}"]).fetchone() == (True, hour)


@pytest.mark.parametrize("zone", ZONES)
def test_changes_are_the_same_whatever_years_are_looked_at(zone: str) -> None:
    for first, last in ((FIRST_YEAR, LAST_YEAR), (2007, 2009), (2011, 2012), (2024, 2024)):
        start, end = datetime(first, 1, 1), datetime(last, 6, 30)
        stretches = zone_offsets([zone], start, end)
        inside = [change for change in transitions(zone) if start < change[0] < end]
        assert [stretch.from_at for stretch in stretches[1:]] == [at for at, _, _ in inside]
        assert [stretch.offset_s for stretch in stretches[1:]] == [after for _, _, after in inside]
