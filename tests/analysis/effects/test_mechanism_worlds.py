"""The mechanism's sentence is true of sample worlds; the ten of the benchmark are of the demo's size, these smaller."""

from __future__ import annotations

import pytest

from benchmarks.mechanism_worlds import FIRST_SEED, judge, one_world
from sample_data.chain import MechanismMode


@pytest.mark.parametrize("mode", ["no_link", "shared_shock"])
def test_nothing_is_said_of_a_link_that_is_not_there(mode: MechanismMode) -> None:
    said = one_world(mode, FIRST_SEED, weeks=36, teams=12)
    assert said.share == pytest.approx(0.0, abs=1e-9)
    assert said.false == ""
    assert said.sentence


def test_a_false_sentence_is_recognised() -> None:
    class Made:
        state, sentence = "supported", "supported by a second route"

    assert judge("shared_shock", Made())  # type: ignore[arg-type]
    assert not judge("carried", Made())  # type: ignore[arg-type]
    Made.state, Made.sentence = "consistent", "Consistent with the skill."
    assert judge("no_link", Made())  # type: ignore[arg-type]
    assert judge("carried", Made())  # type: ignore[arg-type]
