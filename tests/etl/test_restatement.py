"""Which weeks and KPIs changed since the last version."""

from __future__ import annotations

import datetime as dt

import pytest

from etl.restatement import changes

WEEK = dt.date(2024, 1, 1)
NEXT = WEEK + dt.timedelta(days=7)


def test_equal_versions_restate_nothing() -> None:
    totals = {("aht_seconds", WEEK): (300.0, 2.0), ("nps", WEEK): (None, None)}
    assert changes(totals, dict(totals)) == ()


def test_a_late_answer_is_listed_with_the_change_of_the_ratio() -> None:
    (change,) = changes({("csat_top2", WEEK): (3.0, 4.0)}, {("csat_top2", WEEK): (3.0, 5.0)})
    assert (change.kpi, change.week, change.old_den, change.new_den) == ("csat_top2", WEEK, 4.0, 5.0)
    assert change.change == pytest.approx(-0.15)


def test_new_weeks_are_new_data_and_lost_weeks_are_listed() -> None:
    old = {("nps", WEEK): (1.0, 2.0), ("nps", NEXT): (1.0, 2.0)}
    new = {("nps", NEXT): (1.0, 2.0), ("nps", NEXT + dt.timedelta(days=7)): (1.0, 2.0)}
    (change,) = changes(old, new)
    assert (change.week, change.new_num, change.change) == (WEEK, None, None)


def test_the_first_version_restates_nothing() -> None:
    assert changes({}, {("nps", WEEK): (1.0, 2.0)}) == ()
