"""Which weeks and KPIs changed since the last version."""

from __future__ import annotations

import datetime as dt

import pytest

from etl.marts.restatement import Totals, changes

WEEK = dt.date(2024, 1, 1)
NEXT = WEEK + dt.timedelta(days=7)


def totals(*weeks: tuple[dt.date, float | None, float | None], kpi: str = "csat_top2") -> Totals:
    """One KPI of one team, week by week."""
    return Totals((kpi,), {(week, "A", "Madrid"): (num, den) for week, num, den in weeks})


def test_equal_versions_restate_nothing() -> None:
    both = totals((WEEK, 300.0, 2.0), (NEXT, None, None))
    assert changes(both, both) == ()


def test_a_late_answer_is_listed_with_the_change_of_the_ratio() -> None:
    (change,) = changes(totals((WEEK, 3.0, 4.0)), totals((WEEK, 3.0, 5.0)))
    assert (change.kpi, change.week, change.old_den, change.new_den) == ("csat_top2", WEEK, 4.0, 5.0)
    assert change.change == pytest.approx(-0.15)
    assert change.moved == 0


def test_new_weeks_are_new_data_and_lost_weeks_are_listed() -> None:
    old = totals((WEEK, 1.0, 2.0), (NEXT, 1.0, 2.0))
    new = totals((NEXT, 1.0, 2.0), (NEXT + dt.timedelta(days=7), 1.0, 2.0))
    (change,) = changes(old, new)
    assert (change.week, change.new_num, change.change) == (WEEK, None, None)


def test_the_first_version_restates_nothing() -> None:
    assert changes(Totals((), {}), totals((WEEK, 1.0, 2.0))) == ()


def test_a_kpi_counted_since_is_listed_and_others_are_not() -> None:
    old = totals((WEEK, 1.0, 2.0))
    new = Totals(("nps", "csat_top2"), {cell: (-1.0, 3.0, *row) for cell, row in old.cells.items()})
    (change,) = changes(old, new)
    assert (change.kpi, change.old_num, change.old_den, change.new_den) == ("nps", None, None, 3.0)


def test_what_counts_for_another_team_is_listed_though_the_week_reads_the_same() -> None:
    """Of team A's 10 contacts 4 are team B's now, and one contact of B's has come to light."""
    old = Totals(("aht_seconds",), {(WEEK, "A", "Madrid"): (100.0, 10.0), (WEEK, "B", "Madrid"): (50.0, 5.0)})
    moved = {(WEEK, "A", "Madrid"): (60.0, 6.0), (WEEK, "B", "Madrid"): (90.0, 9.0)}
    (change,) = changes(old, Totals(("aht_seconds",), moved))
    assert (change.old_num, change.new_num, change.change, change.moved) == (150.0, 150.0, 0.0, 4 / 15)
    (change,) = changes(old, Totals(("aht_seconds",), {**moved, (WEEK, "B", "Madrid"): (100.0, 10.0)}))
    assert (change.old_den, change.new_den, change.moved) == (15.0, 16.0, 4 / 16)
    swapped = {(WEEK, "A", "Madrid"): (50.0, 10.0), (WEEK, "B", "Madrid"): (100.0, 5.0)}
    (change,) = changes(old, Totals(("aht_seconds",), swapped))
    assert (change.old_num, change.new_num, change.moved) == (150.0, 150.0, 50 / 150)
