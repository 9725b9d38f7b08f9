"""Constrained randomisation: draw the order of waves by lot among balanced orders, for a randomisation test later."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_ORDERS = 50_000
"""Up to this many orders all are scored; with more, this many are sampled."""
KEPT_SHARE = 0.1
FEWEST_KEPT = 100
FEWEST_FOR_TEST = 20
"""Fewest kept orders for a randomisation test at 5%."""
TOGETHER_HIGH, TOGETHER_LOW = 0.75, 0.25
"""Shares of kept orders below and above which two teams almost never, or almost always, share a wave."""


@dataclass(frozen=True, eq=False)
class Draw:
    """One order drawn by lot, and the orders it was drawn from.

    Attributes
    ----------
    waves
        (J,) wave of each team, from 0.
    kept
        (R, J) all orders that could have been drawn; a randomisation test permutes over these only.
    seed
        Seed of the draw.
    n_orders
        Orders scored.
    complete
        Whether these were all possible orders.
    score, mean_score
        Imbalance of the order drawn, and mean imbalance of all orders scored.
    largest_difference
        Largest difference of a wave's mean from the mean, in standard deviations, in the order drawn.
    bound
        Pairs of teams that share a wave in more than three of four kept orders, or in fewer than one of four (two
        waves only), with that share.
    digest
        Hash of the kept orders.
    """

    waves: Ints
    kept: Ints
    seed: int
    n_orders: int
    complete: bool
    score: float
    mean_score: float
    largest_difference: float
    bound: tuple[tuple[int, int, float], ...]
    digest: str

    @property
    def testable(self) -> bool:
        """Whether a randomisation test at 5% is possible."""
        return bool(self.kept.shape[0] >= FEWEST_FOR_TEST)

    @property
    def note(self) -> str:
        """A warning about the draw; empty where there is none."""
        if not self.testable:
            return "No test at 5% exists for so few teams."
        return ""


def draw_order(sizes: Sequence[int], covariates: Array, seed: int, locked: Mapping[int, int] | None = None) -> Draw:
    """Draw which team starts in which wave.

    Parameters
    ----------
    sizes
        Teams in each wave; they add up to J. A wave may stand for "not trained".
    covariates
        (J, K) covariates to balance over waves, such as site (as 0 and 1), agents, and the KPI before. A column without
        variation is left out.
    seed
        Seed of the draw; the same seed gives the same order.
    locked
        Team to the wave it must be in.

    Returns
    -------
    Draw

    Raises
    ------
    EstimationError
        Sizes that do not add up, or locks that do not fit.

    Notes
    -----
    ``B = sum over covariates and waves of (mean of the wave - mean)^2 / s^2`` (Raab and Butcher's l2 metric); of all
    orders where there are at most 50,000, else of 50,000 drawn, the best tenth is kept, at least 100, and one of them
    drawn.

    Sources: G. M. Raab, I. Butcher (2001), doi:10.1002/1097-0258(20010215)20:3<351::AID-SIM797>3.0.CO;2-C;
    L. H. Moulton (2004), doi:10.1191/1740774504cn024oa.

    Examples
    --------
    >>> made = draw_order([2, 2], np.array([[1.0], [2.0], [3.0], [4.0]]), seed=1)
    >>> made.n_orders, made.complete, made.note
    (6, True, 'No test at 5% exists for so few teams.')
    """
    teams = sum(sizes)
    locked = dict(locked or {})
    _checked(sizes, covariates, locked)
    rng = np.random.default_rng(seed)
    orders, complete = _orders(sizes, locked, teams, rng)
    values = _standardised(covariates)
    scores = _scores(orders, values, len(sizes))
    n_kept = min(len(orders), max(FEWEST_KEPT, math.ceil(KEPT_SHARE * len(orders))))
    best = np.argsort(scores, kind="stable")[:n_kept]
    kept = orders[np.sort(best)]
    chosen = int(rng.integers(n_kept))
    waves = kept[chosen]
    means = np.array([values[waves == wave].mean(axis=0) for wave in range(len(sizes))])
    return Draw(
        waves=waves.astype(np.int64),
        kept=kept.astype(np.int64),
        seed=seed,
        n_orders=len(orders),
        complete=complete,
        score=float(scores[np.sort(best)[chosen]]),
        mean_score=float(scores.mean()),
        largest_difference=float(np.abs(means).max(initial=0.0)),
        bound=_bound(kept, len(sizes)),
        digest=hashlib.sha256(np.ascontiguousarray(kept.astype("<i8")).tobytes()).hexdigest(),
    )


def _checked(sizes: Sequence[int], covariates: Array, locked: Mapping[int, int]) -> None:
    teams = sum(sizes)
    if len(sizes) < 2 or any(size < 1 for size in sizes):
        raise EstimationError("A draw needs at least two waves (or one and untrained teams), each with a team.")
    if covariates.shape[0] != teams:
        raise EstimationError(f"The waves hold {teams} teams and there are {covariates.shape[0]}.")
    for wave, size in enumerate(sizes):
        held = sum(1 for chosen in locked.values() if chosen == wave)
        if held > size:
            raise EstimationError(f"{held} teams are locked into wave {wave + 1}, which has room for {size}.")
    if any(not 0 <= wave < len(sizes) or not 0 <= team < teams for team, wave in locked.items()):
        raise EstimationError("A team is locked into a wave that does not exist.")


def _orders(sizes: Sequence[int], locked: Mapping[int, int], teams: int, rng: np.random.Generator) -> tuple[Ints, bool]:
    """(R, J) orders that respect the locks: all of them, or a sample."""
    free = np.array([team for team in range(teams) if team not in locked], dtype=np.int64)
    room = [size - sum(1 for wave in locked.values() if wave == k) for k, size in enumerate(sizes)]
    n_all = math.factorial(free.size)
    for places in room:
        n_all //= math.factorial(places)
    pool = np.repeat(np.arange(len(sizes)), room)
    if n_all <= MOST_ORDERS:
        drawn = np.array(list(_arrangements(list(room))), dtype=np.int16).reshape(n_all, free.size)
    else:
        drawn = rng.permuted(np.tile(pool.astype(np.int16), (MOST_ORDERS, 1)), axis=1)
        marks = drawn @ rng.integers(1, 2**40, free.size)  # equal rows have equal sums, others almost surely not
        drawn = drawn[np.sort(np.unique(marks, return_index=True)[1])]
    orders = np.zeros((drawn.shape[0], teams), dtype=np.int16)
    orders[:, free] = drawn
    for team, wave in locked.items():
        orders[:, team] = wave
    return orders.astype(np.int64), n_all <= MOST_ORDERS


def _arrangements(room: list[int]) -> list[tuple[int, ...]]:
    """Every sequence with ``room[k]`` times k."""
    if sum(room) == 0:
        return [()]
    found = []
    for wave, places in enumerate(room):
        if places:
            room[wave] -= 1
            found += [(wave, *rest) for rest in _arrangements(room)]
            room[wave] += 1
    return found


def _standardised(covariates: Array) -> Array:
    spread = covariates.std(axis=0)
    kept = spread > 0
    return np.asarray((covariates[:, kept] - covariates[:, kept].mean(axis=0)) / spread[kept])


def _scores(orders: Ints, values: Array, waves: int) -> Array:
    total = np.zeros(orders.shape[0])
    for wave in range(waves):
        inside = (orders == wave).astype(np.float64)
        means = inside @ values / inside.sum(axis=1, keepdims=True)
        total += (means**2).sum(axis=1)
    return total


def _bound(kept: Ints, waves: int) -> tuple[tuple[int, int, float], ...]:
    """Pairs of teams that almost always share a wave in the kept orders; with two waves also pairs that almost never
    do."""
    teams = kept.shape[1]
    together = np.zeros((teams, teams))
    for wave in range(waves):
        inside = (kept == wave).astype(np.float64)
        together += inside.T @ inside
    together /= kept.shape[0]
    found = []
    for i in range(teams):
        for j in range(i):
            share = float(together[i, j])
            if share > TOGETHER_HIGH or (waves == 2 and share < TOGETHER_LOW):
                found.append((j, i, share))
    return tuple(found)
