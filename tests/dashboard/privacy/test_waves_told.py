"""Weeks from training are weeks of the calendar where one wave was trained: with levels they tell of the untrained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.data import published, published_estimates
from dashboard.data.published import BLOCK_WEEKS, Lattice, Observed
from dashboard.data.published_estimates import WavesTold
from dashboard.data.queries import Queries
from dashboard.privacy.lattice import Cell
from dashboard.privacy.viewer import READER, seen_by
from tests.dashboard.conftest import COHORTS, FIRST_WEEK
from tests.dashboard.privacy.conftest import NEW_HIRE, Corners
from tests.dashboard.privacy.test_twin_worlds import twin

Weeks = Mapping[int, NDArray[np.bool_]]
KPI, LISBON = "escalation_rate", (("site", ("Lisbon",)),)
FIRST = COHORTS[0] or date.min
GONE_BY = 24
"""Week from which two agents are left of the one untrained team of Lisbon."""


def one_wave_at_a_site(corners: Corners, folder: Path) -> Queries:
    """Lisbon was trained at once but for one team, of which two agents stay to the end."""
    stay = "(select distinct agent_ix from mart.agent_week where team_id = 'Lisbon-8' order by 1 limit 2)"
    changes = [
        f"delete from mart.agent_week where agent_ix = {NEW_HIRE}",
        f"update mart.agent_week set trained_week = '{FIRST}', scheduled_week = '{FIRST}' where site = 'Lisbon'",
        "update mart.agent_week set trained_week = null, scheduled_week = null where team_id = 'Lisbon-8'",
        f"delete from mart.agent_week where team_id = 'Lisbon-8' and week_ix >= {GONE_BY} and agent_ix not in {stay}",
    ]
    return twin(corners, folder, changes).queries


def test_levels_less_weeks_of_a_site_trained_at_once_are_not_the_few_others(
    corners: Corners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, alone = one_wave_at_a_site(corners, tmp_path), dict[int, NDArray[np.bool_]]()
    less = published_estimates._less_of_waves

    def noted(asked: Queries, seen: Observed, told: Weeks, levels: Weeks) -> Weeks:
        alone.update(told)
        return less(asked, seen, told, levels)

    monkeypatch.setattr(published_estimates, "_less_of_waves", noted)
    with seen_by(READER), queries.pinned():
        cell = published.lattice(queries).cells.index(LISBON)
        told = published_estimates.by_week(queries, KPI)
        levels = [block for block, cells in published.blocks(queries, KPI)[1].items() if cells[cell]]

    def found(weeks: Weeks) -> list[int]:
        """Blocks whose level and whose weeks of the trained are told, where others of the site are two agents."""
        since = (FIRST - FIRST_WEEK).days // 7
        few = [block for block in levels if block >= GONE_BY]
        return [b for b in few if any(e in weeks and weeks[e][cell] for e in range(b - since, b - since + BLOCK_WEEKS))]

    assert len(found(alone)) >= 3  # without the control
    assert found(told) == []
    assert any(weeks[cell] for event, weeks in told.items() if event >= 0)


def known(*cells: Cell) -> Lattice:
    """Sixty agents: a third in each of two waves and a third in none; half of each at one site."""
    wave, site = np.arange(60) % 3, np.arange(60) // 3 % 2
    inside = [np.full(60, -1) for _ in cells]
    for k, cell in enumerate(cells):
        named = dict(cell)
        mask = np.ones(60, dtype=bool)
        mask &= wave == int(named["cohort"][0]) if "cohort" in named else True
        mask &= site == int(named["site"][0]) if "site" in named else True
        inside[k][mask] = k
    nothing = np.arange(60)
    return Lattice(cells, np.ones(len(cells), dtype=bool), nothing, nothing, np.stack(inside, axis=1))


@pytest.mark.parametrize(
    ("cells", "of_everybody"),
    [
        ([()], []),  # two waves, of neither of which anything else is told
        ([(), (("cohort", ("0",)),)], [1]),  # everybody less the first
        ([(), (("cohort", ("0",)),), (("cohort", ("1",)),)], [0, 1]),
    ],
)
def test_a_wave_is_told_by_the_cell_less_its_other_waves(cells: list[Cell], of_everybody: list[int]) -> None:
    trained = np.flatnonzero(np.arange(60) % 3 < 2)
    found = WavesTold.of(known(*cells), trained, trained % 3, np.ones(len(cells), dtype=bool))
    assert found.wave[found.cell == 0].tolist() == of_everybody
    assert (found.owner[found.cell == 0] > 0).all()
