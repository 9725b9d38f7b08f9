"""Whom to refresh when: told by the fading that was measured, and not told without it."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from analysis.panel.stored_courses import last_week, stored_fading
from analysis.words.refreshers import Fading, due

LABELS = {"escalation_rate": "Escalations", "csat_top2": "CSAT"}
LAST = date(2026, 6, 29)


def told(kpi: str, weeks: float, low: float | None, high: float | None) -> Fading:
    return Fading(kpi, "fading", weeks, low, high)


def test_the_goal_that_fades_fastest_says_who_is_due() -> None:
    words = due([told("csat_top2", 30.0, 20.0, 60.0), told("escalation_rate", 10.0, 6.0, None)], LABELS, LAST)

    assert "half of the effect on escalations is gone about 10 weeks after training (likely 6 or more)" in words
    assert "the fastest of the goals" in words
    assert "before 2026-04-20 have lost half" in words


@pytest.mark.parametrize(
    ("low", "high", "says"), [(6.0, 20.0, "between 6 and 20"), (None, 20.0, "20 or less"), (None, None, "not told")]
)
def test_an_open_range_is_said_to_be_open(low: float | None, high: float | None, says: str) -> None:
    words = due([told("csat_top2", 12.0, low, high)], LABELS, LAST)
    assert f"effect on CSAT is gone about 12 weeks after training (likely {says}" in words or says == "not told"
    assert says in words


def test_without_fading_nobody_is_named() -> None:
    cannot = Fading("csat_top2", "cannot_tell", None, None, None)
    lasting = Fading("escalation_rate", "lasting", float("inf"), 40.0, None)

    assert "cannot be told from the data yet" in due([], LABELS, LAST)
    assert "cannot be told from the data yet" in due([cannot, lasting], LABELS, LAST)
    assert "no goal's effect is seen to fade" in due([lasting], LABELS, LAST)
    assert "cannot be told" in due([told("csat_top2", 12.0, 6.0, 20.0)], LABELS, None)


def test_only_goals_whose_effect_is_believed_count() -> None:
    with duckdb.connect() as con:
        assert stored_fading(con, ["a"]) == []
        con.execute("create schema result; create schema mart; create table mart.agent(last_week date)")
        con.execute("insert into mart.agent values (date '2026-06-22'), (date '2026-06-29')")
        slice_ = "'overall' as slice_kind, '' as slice_value"
        con.execute(
            f"create table result.course as select kpi, {slice_}, 'fading' as state, 12.0::double as half_life, "
            "6.0::double as half_life_low, null::double as half_life_high from (values ('a'), ('b'), ('c')) t(kpi)"
        )
        con.execute(
            f"create table result.effect as select kpi, {slice_}, role, believed from (values ('a', 'headline', true), "
            "('a', 'dose', true), ('b', 'headline', false), ('c', 'headline', true)) t(kpi, role, believed)"
        )
        assert stored_fading(con, ["a", "b"]) == [Fading("a", "fading", 12.0, 6.0, None)]
        assert last_week(con) == LAST
