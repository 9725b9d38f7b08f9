"""The joint attack of ``benchmarks/attack.py``, which shares nothing with how cells are chosen, on a small world."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from benchmarks import attack
from dashboard.privacy.lattice import MOST_TOLD
from dashboard.privacy.viewer import READER, seen_by
from tests.dashboard.privacy.conftest import Corners


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "STARTS", 20)


@pytest.mark.parametrize("kpi", ["escalation_rate", "csat_top2"])
def test_all_answers_together_leave_every_few_agents_unknown(corners: Corners, kpi: str) -> None:
    with seen_by(READER), corners.shared.queries.pinned():
        found = attack.attack(corners.shared.queries, kpi, levels_alone=False)
        levels = attack.attack(corners.shared.queries, kpi, levels_alone=True)
    assert min(found.values()) > 0.1
    assert max(found.values()) <= MOST_TOLD
    assert max(levels.values()) <= MOST_TOLD


def test_the_attacker_finds_what_is_there() -> None:
    """One of a team is trained later; the site less the other teams is that team, whose levels are told."""
    agent, week = np.repeat(np.arange(36), 20), np.tile(np.arange(20), 36)
    team, block = agent // 12, week // 4
    after = week >= np.where(agent == 0, 14, 8)
    cells = [np.ones(agent.size, dtype=bool), *(team == k for k in range(3))]
    levels = [cell & (block == k) for cell in cells for k in range(5)]
    for estimates, found in (((2, 3), False), ((0, 2, 3), True)):
        told = np.column_stack([*levels, *(cells[k] & after for k in estimates)]).astype(float)
        share = attack.most_told(agent, attack.orthonormal(sparse.csr_array(told)), 5)
        assert (share > 0.99) is found
        assert (share > MOST_TOLD) is found
