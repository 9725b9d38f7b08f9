"""Filters and their address: readable, restored exactly, forgiving about what somebody types."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as st

from dashboard.state import DIMENSIONS, Facets, Filters, day, from_query

FACETS = Facets(
    values={
        "site": ("Lisbon", "Madrid", "Porto, north"),
        "team": ("T1", "T2", "T & 3"),
        "channel": ("chat", "voice"),
        "queue": ("billing", "sales?"),
        "tenure_band": ("0-3 months", "over 12 months"),
        "cohort": ("2025-09-08", "2025-11-03"),
    },
    first=date(2025, 6, 2),
    last=date(2026, 3, 2),
)


@st.composite
def selections(draw: st.DrawFn) -> Filters:
    chosen = {name: tuple(v for v in FACETS.values[name] if draw(st.booleans())) for name in DIMENSIONS}
    weeks = draw(st.lists(st.integers(1, 38), min_size=2, max_size=2, unique=True).map(sorted))
    ends = [FACETS.first + timedelta(weeks=k) for k in weeks]  # type: ignore[operator]
    return Filters(**chosen, start=draw(st.sampled_from([None, ends[0]])), end=draw(st.sampled_from([None, ends[1]])))


@given(selections())
def test_an_address_restores_the_selection_exactly(filters: Filters) -> None:
    restored = from_query("?" + filters.to_query(), FACETS)
    assert restored == filters
    assert restored.notices == ()
    assert from_query(filters.to_store(), FACETS) == filters


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = from_query(text, FACETS)
    for name in DIMENSIONS:
        assert set(getattr(found, name)) <= set(FACETS.values[name])


def test_an_address_can_be_read_by_a_person() -> None:
    filters = Filters(site=("Madrid",), channel=("chat",), start=date(2026, 1, 5))
    assert filters.to_query() == "site=Madrid&channel=chat&from=2026-01-05"
    assert parse_qs(filters.to_query())["from"] == ["2026-01-05"]
    assert filters.describe() == "Madrid, chat, from 5 Jan 2026"


def test_unknown_values_are_dropped_and_explained() -> None:
    found = from_query("?site=Madird&site=Lisbon&colour=red&chanel=voice", FACETS)
    assert found.site == ("Lisbon",)
    assert found.notices == (
        "“Madird” is not a site in these data, so it was ignored. Did you mean “Madrid”?",
        "There is no filter “colour”, so it was ignored.",
        "There is no filter “chanel”, so it was ignored. Did you mean “channel”?",
    )


def test_a_period_that_cannot_be_is_ignored_and_explained() -> None:
    for query, words in (
        ("from=2026-02-02&to=2026-01-05", "before it starts"),
        ("from=2030-01-07", "outside the data"),
        ("from=soon", "is not a date"),
    ):
        found = from_query(query, FACETS)
        assert (found.start, found.end) == (None, None)
        assert words in found.notices[0]


def test_a_period_wider_than_the_data_is_no_filter() -> None:
    assert from_query("from=2020-01-06&to=2030-01-07", FACETS).is_everything


def test_taking_one_filter_away_leaves_the_others() -> None:
    filters = Filters(site=("Madrid",), channel=("chat",), start=date(2026, 1, 5), end=date(2026, 2, 2))
    assert filters.without("site") == Filters(channel=("chat",), start=date(2026, 1, 5), end=date(2026, 2, 2))
    assert filters.without("from").start is None
    assert filters.without("to").end is None


def test_days_follow_the_locale() -> None:
    assert day("2026-01-05", "de_DE") == "5 Jan. 2026"
    assert day(None) == "not known"
