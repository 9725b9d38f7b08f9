"""KPIs of small worlds drawn at random, against a recomputation in plain Python that shares no code with the product.

``python -m benchmarks.random_exports`` draws hundreds.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.random_exports import faults
from benchmarks.random_worlds import world

if TYPE_CHECKING:
    import pytest


@settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)  # fmt: skip
@given(seed=st.integers(1, 1_000_000))
def test_whatever_the_exports_are_like_every_cell_is_right_or_named(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert faults(world(random.Random(seed)), tmp_path_factory.mktemp("world")) == []
