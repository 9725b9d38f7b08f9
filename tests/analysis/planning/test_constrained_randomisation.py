"""Orders drawn by lot: balanced, repeatable, locked where asked, and tested only where a test exists."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.errors import EstimationError
from analysis.planning.constrained_randomisation import FEWEST_KEPT, draw_order


def teams(n: int, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.integers(0, 3, n), rng.normal(16, 3, n), rng.normal(0.12, 0.03, n), rng.normal(size=n)])


def test_the_kept_orders_are_the_most_balanced_tenth() -> None:
    made = draw_order([8, 8, 7, 7], teams(30), seed=5)

    assert 45_000 < made.n_orders <= 50_000
    assert not made.complete
    assert made.kept.shape[0] == math.ceil(made.n_orders / 10)
    assert made.score < made.mean_score
    assert made.testable
    assert np.array_equal(np.bincount(made.waves), [8, 8, 7, 7])


def test_the_same_seed_gives_the_same_order_and_set() -> None:
    first, again, other = (draw_order([6, 6], teams(12), seed=s) for s in (7, 7, 8))

    assert np.array_equal(first.waves, again.waves)
    assert first.digest == again.digest
    assert first.complete
    assert first.n_orders == math.comb(12, 6)
    assert first.kept.shape[0] == max(FEWEST_KEPT, math.ceil(first.n_orders / 10))
    assert other.digest == first.digest, "all orders are looked at, so the kept set does not depend on the seed"
    assert any(np.array_equal(first.waves, row) for row in first.kept)


def test_every_kept_order_is_drawn_alike() -> None:
    counts: dict[bytes, int] = {}
    for seed in range(1_500):
        made = draw_order([3, 3], teams(6), seed=seed)
        counts[made.waves.tobytes()] = counts.get(made.waves.tobytes(), 0) + 1

    assert len(counts) == made.kept.shape[0] == 20
    assert max(counts.values()) < 2 * min(counts.values())


def test_locked_teams_stay_where_they_are() -> None:
    made = draw_order([3, 3, 4], teams(10), seed=1, locked={0: 2, 4: 0})

    assert (made.kept[:, 0] == 2).all()
    assert (made.kept[:, 4] == 0).all()
    with pytest.raises(EstimationError, match="room for 1"):
        draw_order([1, 9], teams(10), seed=1, locked={0: 0, 1: 0})


def test_teams_tied_together_are_named() -> None:
    pull = np.array([[10.0], [-10.0], [0.1], [-0.1], [0.2], [-0.2], [0.3], [-0.3]])
    made = draw_order([4, 4], np.column_stack([pull, pull**2]), seed=2)

    assert made.n_orders == 70
    assert made.kept.shape[0] == 70, "with fewer than 100 orders all are kept"
    strict = draw_order([6, 6], np.vstack([pull, np.full((4, 1), 0.05)]), seed=2)
    assert any({a, b} == {0, 1} and share > 0.75 for a, b, share in strict.bound)


def test_too_few_teams_for_a_test() -> None:
    made = draw_order([3, 2], teams(5), seed=1)

    assert made.n_orders == 10
    assert made.note == "No test at 5% exists for so few teams."
    with pytest.raises(EstimationError, match="at least two waves"):
        draw_order([4], teams(4), seed=1)




def test_a_test_re_draws_from_the_kept_orders_and_no_others() -> None:
    from analysis import Panel
    from analysis.checks.randomisation import randomisation_test

    made = draw_order([6, 6], teams(12), seed=7)
    rng = np.random.default_rng(1)
    starts = np.array([10, 40])
    y = rng.standard_normal((12, 20)) + 3.0 * (np.arange(20)[None, :] >= starts[made.waves][:, None])
    ix = np.arange(12)
    panel = Panel(y, np.ones_like(y), starts[made.waves], ix, ix, np.arange(20), ix)
    seen: list[bytes] = []

    def statistic(one: Panel) -> float:
        seen.append(one.cohort_ix.tobytes())
        trained = one.trained_cells
        return float(one.y[trained].mean() - one.y[~trained].mean())

    found = randomisation_test(panel, statistic, draws=199, interval=False, orders=starts[made.kept])
    kept = {starts[row].astype(np.int64).tobytes() for row in made.kept}
    assert set(seen) <= kept
    assert found.p_value < 0.05
    wrong = randomisation_test(panel, statistic, draws=9, interval=False, orders=starts[made.kept[:, :5]])
    assert wrong.reason == "the orders of the plan are for other teams than these"
