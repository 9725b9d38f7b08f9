"""A cell of many agents in which one takes nearly all contacts: its mean is that agent's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dashboard.data import published, published_estimates
from dashboard.data.queries import Queries
from dashboard.privacy.lattice import LEAST_ERROR
from dashboard.privacy.together import Together
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters
from tests.dashboard.privacy.conftest import ACCESS, ENVIRONMENT
from tests.dashboard.privacy.test_versions_told import further

KPI, TEAM = "escalation_rate", Filters(team=("Madrid-4",))
ONE_TAKES_NEARLY_ALL = (
    f"update mart.agent_week set {KPI}_num = {KPI}_num * 11, {KPI}_den = {KPI}_den * 11 where team_id = 'Madrid-4' "
    "and agent_ix = (select min(agent_ix) from mart.agent_week where team_id = 'Madrid-4')"
)


@pytest.fixture(scope="module")
def world(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Queries, Queries]:
    """As it was, and with one agent of a team who takes eleven times as many contacts as before."""
    from tests.dashboard.conftest import TOML

    found = []
    for name, changes in (("even", ()), ("uneven", (ONE_TAKES_NEARLY_ALL,))):
        folder = tmp_path_factory.mktemp(name)
        build(folder, "r1", toml=TOML + ACCESS)
        if changes:
            further(folder, "r2", *changes)
            (folder / "warehouse" / "warehouse-r1.duckdb").unlink()
        found.append(Queries(from_config(folder / "empathy.toml", environ=ENVIRONMENT)))
    return found[0], found[1]


def told(queries: Queries, filters: Filters) -> tuple[bool, int]:
    """Whether estimates are told, and how many levels."""
    with seen_by(READER), queries.pinned(queries.served()):
        levels = queries.weekly(KPI, filters)
        return queries.publishes(KPI, filters), levels.filter(~pl.col("suppressed")).height


def error_of_the_largest(queries: Queries) -> float:
    """What remains unknown of the rate of whoever takes most contacts, from the team's mean and one insider."""
    with seen_by(READER), queries.pinned(queries.served()):
        seen, places = published.observed(queries, KPI), queries.held_weeks().places
        here = np.isin(places.codes["team"][seen.rows], [places.values["team"].index("Madrid-4") + 1])
        agent, volume = places.agent[seen.rows][here], np.asarray(seen.volume)[here]
    sums = np.sort(np.bincount(agent, volume)[np.unique(agent)])[::-1] ** 2
    return float(np.sqrt(1 - sums[0] / (sums[0] + sums[2:].sum())))


def test_a_team_whose_mean_is_one_agents_is_not_told(world: tuple[Queries, Queries]) -> None:
    even, uneven = world
    assert told(even, TEAM)[1] > 5
    assert error_of_the_largest(even) > LEAST_ERROR > error_of_the_largest(uneven)
    assert told(uneven, TEAM) == (False, 0)


def test_everybody_and_levels_of_others_are_told_all_the_same(world: tuple[Queries, Queries]) -> None:
    """Estimates of others may go: with that of everybody they would be the team's."""
    assert told(world[1], Filters()) == told(world[0], Filters())
    for filters in (Filters(site=("Lisbon",)), Filters(team=("Lisbon-3",))):
        assert min(told(each, filters)[1] for each in world) > 5


def test_without_looking_at_volumes_it_is_told(world: tuple[Queries, Queries], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = published._audit
    monkeypatch.setattr(published, "_audit", lambda queries, rows, start, _volume=None: plain(queries, rows, start))
    monkeypatch.setattr(Together, "admitted", lambda *given, **_: given[3])
    fresh = Queries(world[1].settings)
    assert told(fresh, TEAM)[0]
    with seen_by(READER), fresh.pinned(fresh.served()):
        assert published_estimates.estimated(fresh, KPI).sum() > 3
