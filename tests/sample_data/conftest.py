"""Worlds shared by the tests: simulated once per session."""

from __future__ import annotations

import pytest

from sample_data.parameters import Parameters
from sample_data.world import World, simulate


@pytest.fixture(scope="session")
def world() -> World:
    """A centre of 96 seats with everything switched on."""
    return simulate(Parameters(teams=12, seats_per_team=8, weeks=52, pre_weeks=16, wave_gap_weeks=5, seed=11))


@pytest.fixture(scope="session")
def small() -> World:
    """The world of the committed exports."""
    return simulate(Parameters.committed())


@pytest.fixture(scope="session")
def exported() -> World:
    """A smaller centre, for tests that read what was written line by line."""
    return simulate(
        Parameters(teams=9, seats_per_team=6, weeks=52, pre_weeks=16, wave_gap_weeks=5, contacts_per_week=16.0, seed=11)
    )
