"""Counts that readers of a shared dashboard are told: of people by whole groups, of contacts to two digits."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest

from analysis.effects.hazard import hazard_ratio, person_weeks
from analysis.study.result_tables import SCHEMAS
from dashboard.data.attrition import attrition
from dashboard.data.value import VOLUME_DIGITS, VOLUMES, money_parts, values
from dashboard.privacy.leaving import by_whole_groups
from dashboard.privacy.redaction import PEOPLE, TOTALS, coarse
from dashboard.privacy.viewer import READER, seen_by
from dashboard.state import Filters
from tests.dashboard.privacy.conftest import Corners

OF_PLACES = {"n_clusters", "n_trained_clusters", "n_exposed_teams"}
"""Counts of teams, which say nothing of anybody in them."""
OF_TESTS = {"n_tested"}
"""Tests that a verdict is corrected for: KPIs times sites and the like, and told to nobody."""
LINK = {"n"}
"""Of ``result.chain``: made coarse link by link (:mod:`dashboard.data.skills`)."""


def test_every_count_of_a_result_table_is_of_people_of_contacts_or_of_places() -> None:
    """A count that is added to a table later is exact until somebody says what it counts."""
    counts = {
        name for schema in SCHEMAS.values() for name, kind in dict(schema).items()
        if (name == "n" or name.startswith("n_")) and kind in (pl.Int64, pl.Float64)
    }  # fmt: skip
    assert counts == OF_PLACES | OF_TESTS | LINK | (set(TOTALS) | set(PEOPLE)) & counts
    assert counts >= {"n_agents", "n_contacts", "n_trained_agents", "n_events"}


def test_one_agent_more_is_nothing_or_a_whole_group_in_every_table() -> None:
    rows = pl.DataFrame({name: list(range(40, 61)) for name in PEOPLE})
    told = coarse(rows, 10)
    for name in PEOPLE:
        assert told[name].unique().sort().to_list() == [40, 50, 60]


def test_estimates_tell_of_the_trained_by_whole_groups(corners: Corners) -> None:
    minimum = corners.shared.queries.settings.min_group
    with seen_by(READER):
        for filters in (Filters(), Filters(site=("Madrid",)), Filters(team=("Porto-3",))):
            effect = corners.shared.queries.study("escalation_rate", filters)["effect"]
            told = effect.select("n_agents", "n_trained_agents").drop_nulls()
            assert not told.is_empty()
            assert {n % minimum for row in told.iter_rows() for n in row} == {0}
            weekly = corners.shared.queries.weekly("escalation_rate", filters)
            assert {n % minimum for n in weekly["n_agents"].drop_nulls()} == {0}
    exact = corners.own.queries.study("escalation_rate", Filters(team=("Porto-3",)))["effect"]["n_agents"].drop_nulls()
    assert any(n % minimum for n in exact)


def test_money_is_made_of_volumes_and_agents_that_are_told(corners: Corners) -> None:
    own, shared = corners.own.queries, corners.shared.queries
    exact = money_parts(own)
    with seen_by(READER):
        told, rows = money_parts(shared), values(shared)
    assert exact is not None
    assert told is not None
    assert told.n_trained % shared.settings.min_group == 0
    for one, other in zip(exact.worths, told.worths, strict=True):
        for name in VOLUMES:
            before, now = getattr(one, name), getattr(other, name)
            assert now == pytest.approx(before, rel=0.5 * 10 ** (1 - VOLUME_DIGITS))
            assert len(f"{now:.0f}".rstrip("0")) <= VOLUME_DIGITS
        assert other.effect == pytest.approx(one.effect, abs=one.std_error / 2)
    likely = rows.filter(pl.col("scenario") == "likely", pl.col("volume").is_finite())
    assert not likely.is_empty()
    for volume in likely["volume"] / corners.shared.settings.config.value.period_months:
        assert volume == pytest.approx(float(f"{volume:.{VOLUME_DIGITS - 1}e}"), rel=1e-9)


def spells(n_weeks: int) -> pl.DataFrame:
    """Ten agents of each of twelve teams, half of them trained in week 20; two leave a week, every fourth dismissed."""
    start, rows = date(2025, 1, 6), []
    leavers = [(7 * k + 3) % 120 for k in range(120)]
    gone = {agent: (1 + k // 2, "involuntary" if k % 4 == 0 else "voluntary") for k, agent in enumerate(leavers)}
    for agent in range(120):
        week, kind = gone[agent]
        last, has_left = min(week, n_weeks), week <= n_weeks
        for first, end, trained in ((0, min(20, last), False), (20, last, True)) if agent % 2 else ((0, last, False),):
            if first < end:
                ends = has_left and end == last
                rows.append(
                    {
                        "agent_ix": agent, "team_id": f"t{agent % 12}", "site": "s", "entry_day": 7 * first,
                        "exit_day": 7 * end, "start_on": start + timedelta(weeks=first), "trained": trained,
                        "left": ends, "leave_type": kind if ends else None,
                    }
                )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def test_a_ratio_of_one_kind_of_leaving_moves_by_whole_groups_of_leavers() -> None:
    """Week after week, one dismissed agent every other week: the ratio stands still until a group of five is whole."""
    seen = []
    for n_weeks in range(30, 52):
        weeks = person_weeks(spells(n_weeks))
        kept = by_whole_groups(weeks, "involuntary", 5)
        found = hazard_ratio(kept, leave_type="involuntary")
        seen.append((found.n_events, found.n_agents, str(found.hazard_ratio)))
    counted = sorted({n for n, _, _ in seen})
    assert all(later - before >= 5 for before, later in pairwise(counted))
    assert 2 <= len(set(seen)) <= 4
    every = [hazard_ratio(person_weeks(spells(n)), leave_type="involuntary").n_events for n in range(30, 52)]
    assert len(set(every)) > 6
    assert by_whole_groups(person_weeks(spells(8)), "involuntary", 5).is_empty()


def test_readers_get_kinds_of_leaving_by_whole_groups_and_all_leavers_as_they_are(corners: Corners) -> None:
    with seen_by(READER):
        told = attrition(corners.shared.queries, Filters()).hazard
    own = attrition(corners.own.queries, Filters()).hazard
    ratios = {row["leave_type"]: row["hazard_ratio"] for row in told.iter_rows(named=True)}
    exact = {row["leave_type"]: row["hazard_ratio"] for row in own.iter_rows(named=True)}
    assert set(ratios) == set(exact) == {"any", "voluntary", "involuntary"}
    assert ratios["any"] == round(exact["any"], 2)
    for kind in ("voluntary", "involuntary"):
        assert ratios[kind] is None or ratios[kind] != exact[kind]


def test_why_there_is_no_ratio_says_nothing_of_how_many_left() -> None:
    found = hazard_ratio(person_weeks(spells(6)))
    assert found.too_few
    assert set(re.findall(r"\d+", found.reason)) == {"5"}
