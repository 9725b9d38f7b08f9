"""Tenure bands are one table, in Python, in SQL and in the description of the column."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from etl.marts.tenure import TENURE_BANDS, tenure_band_sql

SCHEMA = Path(__file__).resolve().parents[3] / "sql" / "schema.yml"
HIRED = date(2024, 1, 3)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "0-3 months"),
        (90, "0-3 months"),
        (91, "3-12 months"),
        (363, "3-12 months"),
        (364, "over 12 months"),
        (5000, "over 12 months"),
    ],
)
def test_the_day_on_which_a_band_begins(days: int, band: str) -> None:
    sql = f"select {tenure_band_sql('$hired::date', '$week::date')}"
    days_given = {"hired": HIRED, "week": HIRED + timedelta(days=days)}

    assert duckdb.connect().execute(sql, days_given).fetchall() == [(band,)]


def test_nobody_without_a_day_of_hiring_has_a_band() -> None:
    sql = f"select {tenure_band_sql('null::date', 'date $$2024-01-01$$')}"

    assert duckdb.connect().execute(sql).fetchall() == [(None,)]


def test_bands_follow_each_other_and_are_described() -> None:
    ends = [band.end_week for band in TENURE_BANDS]
    text = SCHEMA.read_text(encoding="utf-8")

    assert [band.first_week for band in TENURE_BANDS] == [0, *ends[:-1]]
    assert ends[-1] is None
    assert all(band.name in text for band in TENURE_BANDS)
