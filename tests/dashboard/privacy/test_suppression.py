"""Small groups cannot be seen, summed or subtracted out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.privacy.suppression import UNASSIGNED, Decision, decide, decide_period, suppress, tied_groups
from dashboard.state import Filters

MINIMUM = 10
counts_of = st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(1, 30), min_size=1, max_size=7)


@given(counts_of)
def test_tied_groups_are_a_partition_and_large_enough(counts: dict[str, int]) -> None:
    groups = tied_groups(counts, MINIMUM)
    assert sorted(value for group in groups for value in group) == sorted(counts)
    if sum(counts.values()) >= MINIMUM:
        assert all(sum(counts[value] for value in group) >= MINIMUM for group in groups)


@settings(max_examples=60, deadline=None)
@given(counts_of)
def test_no_two_allowed_selections_differ_by_a_small_group(counts: dict[str, int]) -> None:
    """Whatever is asked, sums and differences of what is answered are about at least MINIMUM agents, or nobody."""
    total = sum(counts.values())

    def allowed(values: tuple[str, ...]) -> bool:
        if not values or len(values) == len(counts):
            return total >= MINIMUM
        return decide({"team": values}, {"team": counts}, sum(counts[v] for v in values), MINIMUM).allowed

    names = sorted(counts)
    answered = [set(c) for n in range(1, len(names) + 1) for c in combinations(names, n) if allowed(c)]
    for first in answered:
        for second in answered:
            if second < first:
                rest = sum(counts[value] for value in first - second)
                assert rest >= MINIMUM, (first, second)


def test_reasons_say_the_minimum_and_what_to_do() -> None:
    sizes = {"team": {"A": 40, "B": 12, "C": 4}}
    few = decide({"team": ("C",)}, sizes, 4, MINIMUM, {"team": "Team"})
    assert "Fewer than 10 agents" in few.reason
    assert few.relax == ("team",)
    assert few.n_agents == 0, "the number itself is not told"
    split = decide({"team": ("B",)}, sizes, 12, MINIMUM, {"team": "Team"})
    assert "subtraction" in split.reason
    assert "together with C" in split.reason
    assert decide({"team": ("B", "C")}, sizes, 16, MINIMUM).allowed
    assert decide({"team": ("A",)}, sizes, 40, MINIMUM).allowed
    nobody = decide({"team": ("A",)}, {"team": {}}, 0, MINIMUM)
    assert "Nobody matches" in nobody.reason


def test_a_table_hides_the_small_and_one_beside_it() -> None:
    frame = pl.DataFrame({"team": ["A", "B", "C"], "n_agents": [40, 12, 4], "rate": [0.1, 0.2, 0.3]})
    shown = suppress(frame, count="n_agents", minimum=MINIMUM, hide=("rate",), label="team")
    assert shown["suppressed"].to_list() == [False, True, True]
    assert shown["rate"].to_list() == [0.1, None, None]
    assert shown["n_agents"].to_list() == [40, None, None]


def test_a_table_hides_within_each_parent() -> None:
    frame = pl.DataFrame({"site": ["X", "X", "Y", "Y"], "team": ["A", "B", "C", "D"], "n_agents": [4, 30, 50, 60]})
    shown = suppress(frame, count="n_agents", minimum=MINIMUM, hide=(), within=("site",), label="team")
    assert shown["suppressed"].to_list() == [True, True, False, False]


def test_a_table_without_small_groups_is_shown_whole() -> None:
    frame = pl.DataFrame({"team": ["A", "B"], "n_agents": [40, 12]})
    assert not suppress(frame, count="n_agents", minimum=MINIMUM, hide=()).get_column("suppressed").any()


def test_a_period_is_not_cut_beside_a_thin_week() -> None:
    first = date(2026, 1, 5)
    weeks = {first + timedelta(weeks=k): (4 if k == 9 else 80) for k in range(10)}
    fine = Decision(True)
    assert decide_period(first + timedelta(weeks=3), None, weeks, MINIMUM, fine).allowed
    assert not decide_period(None, first + timedelta(weeks=8), weeks, MINIMUM, fine).allowed
    assert not decide_period(first + timedelta(weeks=9), None, weeks, MINIMUM, fine).allowed
    for day in range(1, 7):  # a day typed by hand cuts at the same weeks as its Monday
        assert not decide_period(None, first + timedelta(weeks=8, days=day), weeks, MINIMUM, fine).allowed
        assert not decide_period(first + timedelta(weeks=8, days=day), None, weeks, MINIMUM, fine).allowed


def test_those_without_a_value_are_protected_like_any_other() -> None:
    """Everybody less every wave is the never trained: too few of them tie the smallest wave to themselves."""
    sizes = {"cohort": {"2025-01-06": 30, "2025-02-03": 20, UNASSIGNED: 3}}

    assert decide({"cohort": ("2025-01-06",)}, sizes, 30, MINIMUM).allowed
    both = decide({"cohort": ("2025-01-06", "2025-02-03")}, sizes, 50, MINIMUM)
    assert not both.allowed
    assert "subtraction. Clear the cohort filter." in both.reason


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(), True),
        (Filters(site=("Porto",)), True),
        (Filters(team=("Porto-8",)), False),
        (Filters(team=("Porto-1",)), False),  # tied to Porto-8: Porto minus the others would show it
        (Filters(team=("Porto-1", "Porto-8")), True),
        (Filters(team=("Porto-2",)), True),
        (Filters(site=("Porto",), team=("Porto-8",)), False),
        (Filters(team=("Madrid-1",), tenure_band=("0-3 months",)), False),
    ],
)
def test_selections_of_the_small_warehouse(context: Context, filters: Filters, allowed: bool) -> None:
    assert context.queries.decision(filters).allowed is allowed


def test_a_week_that_would_tell_a_small_team_by_subtraction_has_no_level(context: Context) -> None:
    """Porto-8 has four agents in every week: Porto less its other seven teams would be they."""
    tied, free = (context.queries.weekly("csat_top2", Filters(team=(team,))) for team in ("Porto-1", "Porto-2"))

    assert tied["num"].null_count() == tied.height
    assert tied["suppressed"].all()
    assert free["num"].null_count() == 0
    assert context.queries.weekly("csat_top2", Filters(site=("Porto",)))["num"].null_count() == 0


def test_checks_and_naive_comparisons_of_few_trained_agents_are_not_told(context: Context) -> None:
    """A check says how far the trained were from the others: with few trained that is about persons."""
    settings = context.settings
    privacy = settings.config.privacy.model_copy(update={"min_group": 10_000})
    strict = replace(settings, config=settings.config.model_copy(update={"privacy": privacy}))
    shown, hidden = (Queries(chosen).study("csat_top2", Filters()) for chosen in (settings, strict))

    assert shown["check"].height
    assert shown["ladder"].height
    assert hidden["effect"]["estimate"].null_count() == hidden["effect"].height
    assert not hidden["check"].height
    assert not hidden["ladder"].height
