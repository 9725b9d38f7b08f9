"""Which cells an estimate would split, so that a level less the estimate is about few of their agents.

A level of four weeks is about everybody in a cell; an estimate, and the level before and after training, about the
trained of it, from their own training on. Where eleven of a team were trained in May and one in August, the level after
training and the levels by four weeks together are the one agent's weeks in between. So before estimates of a cell are
told it is looked at what they and its levels together tell of few agents, by the rule of
:mod:`dashboard.privacy.lattice`: no figure about as many agents as the minimum may be told by more than ``MOST_TOLD``
of its variance.

Assumptions
-----------
1. Each cell is looked at apart, with its own levels and estimate; cells together are looked at where they are chosen.
2. Weeks before and after training are sums over rows, whose sizes the attacker knows.
3. Of all groups those are tried in whom most of what an estimate adds to the levels lies: a cell is answered only if
   none of them is told too much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.privacy.lattice import MOST_TOLD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_NOTHING = 1e-9
_SEEDS = 12
"""Agents from whom groups are searched besides: those in whom most of what a sum adds lies."""
_ROUNDS = 4
"""Times that a group is chosen anew by the answer that tells most of it, as in the truncated power method."""


def most_told(
    agent: NDArray[np.integer], block: Ints, sums: NDArray[Any], weight: Floats, most: int, enough: float | None = None
) -> float:
    """The largest share of a figure about few agents that levels by block and some sums of one cell tell.

    Parameters
    ----------
    agent : (N,) int array
        Whose row it is.
    block : (N,) int array
        Block of weeks whose level is told, -1 for a row that is in none.
    sums : (N, S) array
        Whether a row is in a sum, 0 or 1.
    weight : (N,) array
        Variance of a row's part, above 0.
    most : int
        Agents that are few.
    enough : float, optional
        A share that decides: the search ends with the first that is larger, and where none can be larger this share
        is returned without a search.

    Returns
    -------
    float
        0 where the sums add nothing to the levels.

    Examples
    --------
    Two blocks of six agents, five of whom are trained from the second on:

    >>> agent, block = np.tile(np.arange(6), 2), np.repeat([0, 1], 6)
    >>> after = ((block == 1) & (agent < 5)).astype(float)[:, None]
    >>> round(most_told(agent, block, after, np.ones(12), 3), 6)
    1.0
    >>> everybody = (block == 1).astype(float)[:, None]
    >>> most_told(agent, block, everybody, np.ones(12), 3)
    0.0
    """
    _, person = np.unique(agent, return_inverse=True)
    n_people, n_blocks = int(person.max(initial=-1)) + 1, int(block.max(initial=-1)) + 1
    scale = np.sqrt(weight)
    within = block >= 0
    total = np.bincount(block[within], weight[within], n_blocks)
    added = sums.astype(np.float64)
    for k in range(added.shape[1]):
        mean = np.bincount(block[within], (weight * added[:, k])[within], n_blocks) / np.where(total > 0, total, 1.0)
        added[within, k] -= mean[block[within]]
    added *= scale[:, None]
    values, axes = np.linalg.eigh(added.T @ added)
    real = values > _NOTHING * max(float(weight.sum()), _NOTHING)
    if not real.any():
        return 0.0
    basis = (added @ axes[:, real]) / np.sqrt(values[real])
    at_levels = np.zeros(agent.size)
    at_levels[within] = scale[within] / np.sqrt(total[block[within]])
    gram, most = _of_people(person, block, basis, at_levels, n_people, n_blocks), min(most, n_people)
    leverage, levels = np.trace(gram[:, n_blocks:, n_blocks:], axis1=1, axis2=2), gram.diagonal(axis1=1, axis2=2)
    if enough is not None and _at_most(leverage, levels[:, :n_blocks], most) <= enough:
        return enough
    scores = np.vstack([leverage, leverage + levels[:, :n_blocks].sum(axis=1), levels[:, n_blocks:].T])
    groups = np.argsort(-scores, axis=1, kind="stable")[:, :most]
    seeds = np.argsort(-leverage, kind="stable")[:_SEEDS]
    chosen = np.vstack([groups, np.repeat(seeds[:, None], most, axis=1)])
    alone = np.arange(len(chosen)) >= len(groups)  # groups of one agent, in the first round
    found = 0.0
    for _ in range(_ROUNDS):
        together = np.where(alone[:, None, None], gram[chosen[:, 0]], gram[chosen].sum(axis=1))
        shares, directions = np.linalg.eigh(together)
        found = max(found, float(shares[:, -1].max()))
        if enough is not None and found > enough:
            break
        answers = directions[:, :, -1].T
        of_everybody = ((gram @ answers) * answers).sum(axis=1).T
        again = np.sort(np.argsort(-of_everybody, axis=1, kind="stable")[:, :most], axis=1)
        chosen = np.array(sorted({tuple(each) for each in again.tolist()}))
        alone = np.zeros(len(chosen), dtype=bool)
    return found


def _of_people(person: Ints, block: Ints, basis: Floats, at_levels: Floats, n_people: int, n_blocks: int) -> Floats:
    """Products of what levels and sums tell of everybody's rows: (P, B + S, B + S); those of a group add up.

    Parameters
    ----------
    person : (N,) int array
        Number of the agent of every row, below ``n_people``.
    block : (N,) int array
    basis : (N, S) array
        What the sums add to the levels, orthonormal.
    at_levels : (N,) array
        Part of every row in the level of its block, of length one.
    n_people, n_blocks : int
    """
    n_sums, n_told = basis.shape[1], n_blocks + basis.shape[1]
    gram = np.zeros((n_people, n_told, n_told))
    within = np.flatnonzero(block >= 0)
    at, each = person[within] * n_blocks + block[within], np.arange(n_blocks)

    def by_block(values: Floats) -> Floats:
        summed: Floats = np.bincount(at, values, n_people * n_blocks).astype(np.float64)
        return summed.reshape(n_people, n_blocks)

    gram[:, each, each] = by_block(at_levels[within] ** 2)
    for k in range(n_sums):
        gram[:, :n_blocks, n_blocks + k] = by_block(at_levels[within] * basis[within, k])
        gram[:, n_blocks + k, :n_blocks] = gram[:, :n_blocks, n_blocks + k]
        for j in range(n_sums):
            gram[:, n_blocks + k, n_blocks + j] = np.bincount(person, basis[:, k] * basis[:, j], n_people)
    return gram


def _at_most(leverage: Floats, levels: Floats, most: int) -> float:
    """A bound on what is told of any group: the largest eigenvalue of both parts is no more than the sum of theirs.

    Parameters
    ----------
    leverage : (P,) array
        Of everybody, what the sums tell in all.
    levels : (P, B) array
        Of everybody, the part in the level of each block.
    most : int
        Agents of a group.
    """
    first = slice(-most, None)
    of_levels = np.sort(levels, axis=0)[first].sum(axis=0).max(initial=0.0)
    return float(np.sort(leverage)[first].sum() + of_levels)


def unsplit(
    cell: Ints, told: Bools, agent: NDArray[np.integer], block: Ints, sums: Bools, weight: Floats, minimum: int
) -> Bools:
    """Cells whose levels and estimate together tell no more of few agents than may be told: (C,).

    Parameters
    ----------
    cell : (N, D) int array
        Cells of every row, -1 for none.
    told : (B, C) bool array
        Whether the level of a cell is told in a block.
    agent, block, sums, weight
        As for :func:`most_told`.
    minimum : int
        Smallest group shown.
    """
    fine = np.ones(told.shape[1], dtype=bool)
    for column in cell.T:
        order = np.argsort(column, kind="stable")
        order = order[np.searchsorted(column[order], 0) :]
        numbers, first = np.unique(column[order], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, first[1:]), strict=False):
            known = np.append(told[:, number], False)  # position -1: a row in no block
            here = np.where(known[block[rows]], block[rows], -1)
            found = most_told(agent[rows], here, sums[rows], weight[rows], minimum, MOST_TOLD)
            fine[number] &= found <= MOST_TOLD
    return fine
