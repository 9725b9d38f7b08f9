"""The attacker who fits one lasting level per agent: what it finds where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from benchmarks.attack_by_lasting_levels import Told, told_of_few, variances


def two_blocks() -> Told:
    """Four agents in a block, and three of them in the next; the mean of each block is told."""
    agent, block = np.array([0, 1, 2, 3, 1, 2, 3]), np.array([0, 0, 0, 0, 1, 1, 1])
    shares = sparse.csr_array(np.array([[0.25] * 4 + [0.0] * 3, [0.0] * 4 + [1 / 3] * 3]))
    return Told(np.zeros(7), np.ones(7), agent, block, sparse.csr_array((7, 1)), shares)


def test_whoever_leaves_is_told_by_two_levels_only_if_levels_last() -> None:
    lasting, _ = told_of_few(two_blocks(), 1.0, 0.0, 1e-9, 1)
    apart, _ = told_of_few(two_blocks(), 0.0, 1.0, 1e-9, 1)
    assert lasting == pytest.approx(1.0, abs=1e-6)  # four times the one less three times the other
    assert apart == pytest.approx(1 / 3, abs=0.1)  # a third of a mean of three, or less


def test_variances_are_those_that_were_drawn() -> None:
    rng = np.random.default_rng(7)
    agent, block = (part.ravel() for part in np.meshgrid(np.arange(400), np.arange(12), indexing="ij"))
    agent, block = np.repeat(agent, 2), np.repeat(block, 2)
    volume = rng.integers(5, 40, agent.size).astype(float)
    level = rng.normal(0, 0.3, 400)[agent] + rng.normal(0, 0.2, 4800)[agent * 12 + block]
    level = level + rng.normal(0, 1, agent.size) / np.sqrt(volume) + 0.1 * block
    fixed = sparse.csr_array((np.ones(agent.size), (np.arange(agent.size), block)))
    found = variances(Told(level, volume, agent, block, fixed, sparse.csr_array((1, agent.size))))
    assert found == pytest.approx((0.09, 0.04, 1.0), rel=0.15)
