"""Orders of an accepted plan as the waves of a panel."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from analysis.checks.randomisation import randomisation_test
from analysis.panel.panel import NEVER, Panel
from analysis.panel.stored_plan import StoredPlan

MONDAY = date(2024, 1, 1)


def day(week: int) -> date:
    return MONDAY + timedelta(weeks=week)


def panel_of(waves: dict[str, int], weeks: int = 12) -> Panel:
    """Two agents a team; each team's waves as given."""
    rng = np.random.default_rng(4)
    teams = sorted(waves)
    cluster = np.repeat(np.arange(len(teams)), 2)
    cohort = np.array([waves[teams[c]] for c in cluster], dtype=np.int64)
    y = rng.standard_normal((cluster.size, weeks)) + 2.0 * (np.arange(weeks)[None, :] >= cohort[:, None])
    times = np.array([day(k) for k in range(weeks)], dtype=object)
    return Panel(y, np.ones_like(y), cohort, cluster, np.arange(cluster.size), times, np.array(teams, dtype=object))


PLAN = StoredPlan(
    ("A", "B", "C", "D", "gone"),
    (1, 2, None, 1, 1),
    (day(6), day(9), None, day(6), day(6)),
    ("01200", "10200", "20110"),
)
FOLLOWED = {"A": 6, "B": 9, "C": NEVER, "D": 6, "earlier": 3}


def test_orders_are_weeks_of_the_panel_and_other_teams_keep_theirs() -> None:
    found = PLAN.orders_of(panel_of(FOLLOWED))
    assert found is not None
    assert found.tolist() == [[6, 9, NEVER, 6, 3], [9, 6, NEVER, 6, 3], [NEVER, 6, 9, 9, 3]]


def test_a_wave_that_has_not_come_is_not_seen() -> None:
    early = panel_of({**FOLLOWED, "B": NEVER}, weeks=8)
    assert PLAN.orders_of(early) is not None


def test_a_plan_that_was_not_carried_out_says_nothing_of_the_assignment() -> None:
    assert PLAN.orders_of(panel_of({**FOLLOWED, "B": 8})) is None
    assert PLAN.orders_of(panel_of({**FOLLOWED, "C": 7})) is None
    assert PLAN.orders_of(panel_of({"X": 3, "Y": 6})) is None
    assert StoredPlan(PLAN.teams, PLAN.waves, PLAN.starts, ()).orders_of(panel_of(FOLLOWED)) is None


def test_re_draws_come_from_the_plan_alone() -> None:
    panel = panel_of(FOLLOWED)
    orders = PLAN.orders_of(panel)
    seen = set()

    def statistic(given: Panel) -> float:
        first = np.full(given.n_clusters, NEVER)
        np.minimum.at(first, given.cluster_ix, given.cohort_ix)
        seen.add(tuple(first.tolist()))
        return float(given.cohort_ix.clip(max=20).sum())

    found = randomisation_test(panel, statistic, draws=60, interval=False, orders=orders)
    assert found.by_plan
    assert orders is not None
    assert seen == set(map(tuple, orders.tolist()))
    assert not randomisation_test(panel, statistic, draws=20, interval=False).by_plan
