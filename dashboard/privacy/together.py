"""What answers of several kinds tell together of parts of what few agents did, and which of them may be told.

Levels are about everybody in a cell in four weeks, estimates about the trained of it from their own training on. Each
kind may be harmless and both together not: of a team with eleven agents trained in May and one in August, the level
after training and the levels by four weeks are the one agent's weeks in between; and where the estimate of that team is
withheld, all of its site less the other teams is that estimate again. So all answers are looked at together, of all
cells, and figures are any weights on the rows of few agents, not their totals alone.

Rows that are in the same answers are told apart by nothing, so they are one *pattern*; an agent has some part of its
weight. Answers are vectors on patterns. With ``Q`` an orthonormal basis of what is told, a figure ``x`` about a group
is told by ``x' Q Q' x``, and the largest over all ``x`` on the patterns of a group is an eigenvalue of a small matrix.
Groups are searched as in the truncated power method: by whom most of an answer is about, then by the figure that is
told best, and so on.

Assumptions
-----------
1. As in :mod:`dashboard.privacy.lattice`: the attacker is linear and knows who is in which answer.
2. An answer is a sum over rows whose sizes are known. What an estimate compares with is not looked at.
3. The search finds what is told too well; that it finds nothing is no proof. The tests search in another way.

References
----------
Yuan, X.-T., & Zhang, T. (2013). Truncated power method for sparse eigenvalue problems. JMLR 14, 899-925.
https://jmlr.org/papers/v14/yuan13a.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.linalg import eigsh

from dashboard.privacy.lattice import MOST_TOLD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MOST_OF_LEVELS, MOST_TOGETHER = MOST_TOLD - 0.02, MOST_TOLD - 0.01
"""What answers of one kind, and of all, may tell of parts of few agents as far as is found here: below ``MOST_TOLD``,
since a better search finds a little more (0.903 where 0.9 was found)."""
_RIDGE_TOLD, _RIDGE = 1e-12, 1e-9
"""Of what is told anyway and of what is chosen: directions in which answers depend on each other."""
_SEEDS, _MOST_SEEDS = 8, 60
"""Answers, and agents, from which groups are searched: more where much of more answers lies in few agents."""
_OF_FEW = 0.4
"""Share of an answer in few agents from which on they are such a group."""
_LED, _LED_BESIDE, _LEADING = 10, 120, 0.75
"""Agents from whom groups grow, and groups of a round that lead to others: at least so many, beside what is told anyway
more, and all of whom so much is told."""
_ROUNDS = 6
_SMALL = 150
"""Patterns up to which all eigenvalues are worked out."""
_FEW_PATTERNS, _TOGETHER = 48, 64
"""Patterns of a group up to which many groups are looked at in one go, and how many."""
_HARDLY, _NEARLY = 0.02, 0.75
"""Share of a pattern below which it is left out at first, and share of a figure from which on nothing is left out."""
_LITTLE = 0.005
"""What answers may add to what is told of a figure anyway where that alone is more than may be told."""
_INVOLVED, _A_LITTLE = 0.3, 0.1
"""Share of the largest multiple of an answer in an attack from which on that answer may be given up to end it; the
lower one where it would be everybody's otherwise."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What agents did, by pattern: rows in the same answers are one.

    Attributes
    ----------
    held : (A, P) sparse array
        Weight of every agent in every pattern: the variance of its part, above 0.
    first : (P,) int array
        A row of every pattern.
    """

    held: sparse.csr_array
    first: Ints

    @classmethod
    def of(cls, agent: NDArray[np.integer], pattern: NDArray[np.integer], volume: NDArray[np.floating] | None) -> Rows:
        """From N rows: whose each is, a number for the answers it is in, and how much there is of it.

        Parameters
        ----------
        agent, pattern : (N,) int array
        volume : (N,) float array or None
            How much there is of each, of which an agent's part varies with the square; alike where None.
        """
        _, person = np.unique(agent, return_inverse=True)
        _, first, at = np.unique(pattern, return_index=True, return_inverse=True)
        given = np.ones(agent.size) if volume is None else np.square(volume, dtype=np.float64)
        held = sparse.coo_array((given, (person, at)), shape=(int(person.max(initial=-1)) + 1, first.size)).tocsr()
        return cls(held, first)

    @property
    def weight(self) -> Floats:
        """(P,) weight of all agents."""
        return np.asarray(self.held.sum(axis=0), dtype=np.float64).ravel()


def cells_of(inside: Ints, allowed: Bools) -> sparse.csr_array:
    """(P, C) whether a pattern is in a cell that is allowed, from (P, D) positions of its cells, -1 for none."""
    at, _ = np.nonzero(inside >= 0)
    cell = inside[inside >= 0]
    fine = allowed[cell]
    return sparse.csr_array((np.ones(int(fine.sum())), (at[fine], cell[fine])), shape=(len(inside), allowed.size))


class Together:
    """Answers that are told anyway, beside which others are chosen.

    Parameters
    ----------
    rows : Rows
    most : int
        Agents that are few.
    part : (P,) int array, optional
        Part that a pattern belongs to, such as a block of weeks, -1 for none; all -1 by default.
    told : sequence of (P, C) sparse arrays, optional
        Answers about the patterns of every part that are told anyway.
    limit : float, optional
        Largest share of a figure that may be told.
    """

    def __init__(
        self,
        rows: Rows,
        most: int,
        part: Ints | None = None,
        told: Sequence[sparse.csr_array] = (),
        limit: float = MOST_TOLD,
    ) -> None:
        self._limit, self._led = limit, _LED_BESIDE if told else _LED
        self._held, self._weight = rows.held, rows.weight
        self._most = min(most, rows.held.shape[0])
        self._part = np.full(self._weight.size, -1, dtype=np.int64) if part is None else part
        self._by_part = np.argsort(self._part, kind="stable")
        width = max((answers.shape[1] for answers in told), default=0)
        self._levels = np.zeros((self._weight.size, width))
        self._told, self._levels_of = [], []
        for number, answers in enumerate(told):
            at = np.flatnonzero(self._part == number)
            used = np.unique(answers[at].indices)
            mine = answers[at][:, used]
            gram = (mine.T @ sparse.diags_array(self._weight[at]) @ mine).toarray()
            self._levels_of.append(np.asarray(mine @ _inverse_root(gram, _RIDGE_TOLD)))
            self._levels[at, : used.size] = self._levels_of[-1]
            self._told.append(at)

    def admitted(self, answers: sparse.csr_array, owner: Ints, start: Bools, fixed: int = 0) -> Bools:
        """Which may be answered beside what is told anyway: (C,).

        Parameters
        ----------
        answers : (P, R) sparse array
            Answers to choose among.
        owner : (R,) int array
            What is given up with each, from 0 to C - 1, in the order of their worth; several answers may be one's.
        start : (C,) bool array
            Those considered.
        fixed : int, optional
            How many of the first are told whatever is decided here.
        """
        kept, groups = start.copy(), list[Ints]()
        while True:
            there = np.flatnonzero(kept[owner])
            chosen = self._chosen(answers[:, there])
            searched_in_full = not groups
            found = [one for one in self._best(chosen, groups or self._seeds(chosen)) if one.share > self._limit]
            gone = {last for one in found if (last := self._given_up(chosen, owner[there], one, fixed)) is not None}
            if not gone and searched_in_full:
                return kept
            kept[sorted(gone)] = False
            groups = [one.group for one in found] if gone else []

    def most_told(self, answers: sparse.csr_array) -> float:
        """The largest share of a figure about few agents that the search finds told."""
        chosen = self._chosen(answers)
        return max((one.share for one in self._best(chosen, self._seeds(chosen))), default=0.0)

    def _chosen(self, answers: sparse.csr_array) -> _Chosen:
        """What answers add to those that are told anyway."""
        gram = (answers.T @ sparse.diags_array(self._weight) @ answers).toarray()
        sizes = np.sqrt(np.diag(gram))
        added = answers.toarray()
        for at in self._told:
            levels, theirs = self._levels[at], answers[at]
            along = (theirs.T @ (levels * self._weight[at, None])).T
            gram -= along.T @ along
            added[at] -= levels @ along
        basis = _inverse_root(gram, _RIDGE, sizes)
        return _Chosen(added @ basis, basis)

    def _seeds(self, chosen: _Chosen) -> list[Ints]:
        """Groups in whom most of an answer lies, beside all that is told and the answers before it; none where no
        group can be told of too well, since an eigenvalue is at most the trace."""
        mass = np.asarray(self._held @ chosen.added**2)
        if not mass.size:
            return []
        added = mass.sum(axis=1)
        people = np.argsort(-added, kind="stable")
        anyway = np.asarray(self._held @ (self._levels**2).sum(axis=1))
        if np.sort(added + anyway)[-self._most :].sum() <= self._limit:
            return []
        top = np.argpartition(-mass, self._most - 1, axis=0)[: self._most]
        shares = np.take_along_axis(mass, top, axis=0).sum(axis=0)
        order = np.argsort(-shares, kind="stable")
        order = order[: max(_SEEDS, min(int((shares > _OF_FEW).sum()), _MOST_SEEDS))]
        return [*top.T[order], people[: self._most], *people[: self._led, None]]

    def _best(self, chosen: _Chosen, groups: Sequence[Ints]) -> list[_Attack]:
        """The best that is told of figures about few agents, searched from every one of some groups."""
        best: dict[tuple[int, ...], _Attack] = {}
        for _ in range(_ROUNDS):
            known = {tuple(sorted(group.tolist())): group for group in groups}
            new = [key for key in known if key not in best]
            found = dict(zip(new, self._figures(chosen, [known[key] for key in new]), strict=True))
            if not found:
                break
            best |= found
            led = sorted(found.items(), key=lambda one: -one[1].share)
            found = dict(led[: max(self._led, sum(one.share > _LEADING for _, one in led))])
            figure = chosen.added @ np.column_stack([one.along for one in found.values()])
            anyway = np.stack([one.on_levels for one in found.values()], axis=2)
            for at, levels, on_levels in zip(self._told, self._levels_of, anyway, strict=False):
                figure[at] += levels @ on_levels[: levels.shape[1]]
            order = _largest_first(np.asarray(self._held @ figure**2), self._most)
            # A group grows by one agent at a time: those who come together at once are often no group.
            groups = [order[: one.group.size + 1, k] for k, one in enumerate(found.values())]
        return list(best.values())

    def _of(self, group: Ints) -> tuple[Ints, Floats]:
        """Patterns of a group, and its weight in each."""
        mass = np.zeros(self._weight.size)
        for agent in group.tolist():
            here = slice(self._held.indptr[agent], self._held.indptr[agent + 1])
            mass[self._held.indices[here]] += self._held.data[here]
        at = self._by_part[mass[self._by_part] > 0]
        return at, mass[at]

    def _figures(self, chosen: _Chosen, groups: Sequence[Ints]) -> list[_Attack]:
        """What is told best of every one of some groups: many small ones at once, since each takes next to nothing."""
        of = [self._of(group) for group in groups]
        found: dict[int, _Attack] = {}
        order = sorted((k for k, (at, _) in enumerate(of) if at.size <= _FEW_PATTERNS), key=lambda k: of[k][0].size)
        for first in range(0, len(order), _TOGETHER):
            some = order[first : first + _TOGETHER]
            found |= zip(some, self._at_once(chosen, [groups[k] for k in some], [of[k] for k in some]), strict=True)
        return [found[k] if k in found else self._figure(chosen, group, *of[k]) for k, group in enumerate(groups)]

    def _at_once(self, chosen: _Chosen, groups: Sequence[Ints], of: Sequence[tuple[Ints, Floats]]) -> list[_Attack]:
        """As :meth:`_figure` for groups of few patterns, filled up to the same number with patterns of no weight."""
        shape = (len(groups), max((at.size for at, _ in of), default=0))
        at, root = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for k, (mine, weight) in enumerate(of):
            at[k, : mine.size], root[k, : mine.size] = mine, np.sqrt(weight)
        added, levels = chosen.added[at] * root[..., None], self._levels[at] * root[..., None]
        part = self._part[at]
        told = np.einsum("gpr,gpr->gp", added, added)
        gram = added @ added.transpose(0, 2, 1)
        if levels.shape[2]:
            of_part = part >= 0
            told += np.where(of_part, np.einsum("gpr,gpr->gp", levels, levels), 0.0)
            same = (part[:, :, None] == part[:, None, :]) & of_part[:, :, None]
            gram += (levels @ levels.transpose(0, 2, 1)) * same
        much = told > _HARDLY
        values, axes = np.linalg.eigh(gram * (much[:, :, None] & much[:, None, :]))
        share, axis = values[:, -1].copy(), axes[:, :, -1].copy()
        again = np.flatnonzero(((share >= _NEARLY) & (much != (root > 0)).any(axis=1)) | ~much.any(axis=1))
        if again.size:
            values, axes = np.linalg.eigh(gram[again])
            share[again], axis[again] = values[:, -1], axes[:, :, -1]
        along = (axis[:, None, :] @ added)[:, 0]
        on_levels = self._of_part(part) @ (levels * axis[..., None])
        return [_Attack(float(share[k]), group, along[k], on_levels[k]) for k, group in enumerate(groups)]

    def _of_part(self, part: Ints) -> Floats:
        """(..., B + 1, P) one where a pattern is of a part; the last is that of no part."""
        number = np.where(part < 0, len(self._told), part)
        return np.asarray(number[..., None, :] == np.arange(len(self._told) + 1)[:, None], dtype=np.float64)

    def _figure(self, chosen: _Chosen, group: Ints, at: Ints, weight: Floats) -> _Attack:
        """What is told best of a group, and by which answers."""
        root = np.sqrt(weight)[:, None]
        added, levels = chosen.added[at], self._levels[at]
        added *= root
        levels *= root
        share, axis = _largest(added, levels, self._part[at])
        on_levels = np.zeros((len(self._told) + 1, levels.shape[1]))
        for same in _alike(self._part[at]):
            on_levels[self._part[at[same.start]]] = axis[same] @ levels[same]
        return _Attack(share, group, added.T @ axis, on_levels)

    def _given_up(self, chosen: _Chosen, owner: Ints, attack: _Attack, fixed: int) -> int | None:
        """The last that an attack rests on; None where what is told anyway suffices for it."""
        used = np.abs(chosen.parts @ attack.along) * (owner >= fixed)
        if not used.any() or self._told_anyway(attack.group) > max(self._limit, attack.share - _LITTLE):
            return None
        last = int(owner[used >= _INVOLVED * used.max()].max())
        if last == fixed:  # everybody together is what all ask for: others are given up before it
            last = int(owner[used >= _A_LITTLE * used.max()].max())
        return last

    def _told_anyway(self, group: Ints) -> float:
        at, weight = self._of(group)
        levels = self._levels[at] * np.sqrt(weight)[:, None]
        return _largest(np.zeros((at.size, 0)), levels, self._part[at])[0] if levels.size else 0.0


@dataclass(frozen=True, eq=False)
class _Attack:
    share: float
    group: Ints
    along: Floats
    on_levels: Floats


@dataclass(frozen=True, eq=False)
class _Chosen:
    """What answers add: (P, R) by pattern, orthonormal, and (R, R) the multiples of answers that make each."""

    added: Floats
    parts: Floats


def _largest(added: Floats, levels: Floats, part: Ints) -> tuple[float, Floats]:
    """The largest eigenvalue of ``added added' + levels levels'``, levels of the same part only, and its vector.

    Patterns of a part stand one after the other.
    Where it is well below what may be told, patterns in which hardly anything is told are left out of it.
    """
    told = np.einsum("pr,pr->p", added, added) + np.where(part >= 0, np.einsum("pr,pr->p", levels, levels), 0.0)
    for at in (np.flatnonzero(told > _HARDLY), np.arange(part.size)):
        if not at.size:
            continue
        mine, anyway, its = added[at], levels[at], part[at]
        # A matrix by itself: half of the products are not worked out.
        gram = mine @ mine.T
        for same in _alike(its):
            gram[same, same] += anyway[same] @ anyway[same].T
        if at.size < _SMALL:
            value, axes = linalg.eigh(gram, subset_by_index=[at.size - 1, at.size - 1], check_finite=False)
        else:
            value, axes = eigsh(gram, 1, which="LA", tol=1e-4, ncv=12, v0=_spread(at.size))
        if value[0] < _NEARLY or at.size == part.size:
            break
    axis = np.zeros(part.size)
    axis[at] = axes[:, 0]
    return float(value[0]), axis


def _alike(part: Ints) -> list[slice]:
    """Where patterns of one part stand, but for those of none; parts in order."""
    ends = np.flatnonzero(np.diff(part, append=part[-1] + 1)) + 1 if part.size else part
    return [slice(a, b) for a, b in pairwise([0, *ends.tolist()]) if part[a] >= 0]


def _largest_first(values: Floats, most: int) -> Ints:
    """(most, K) positions of the largest values of every column, the largest first; of equal ones the first."""
    left, columns = values.copy(), np.arange(values.shape[1])
    order = np.empty((most, values.shape[1]), dtype=np.int64)
    for row in order:
        row[:] = left.argmax(axis=0)
        left[row, columns] = -np.inf
    return order


def _spread(n: int) -> Floats:
    """Where the search for a vector begins: with a part in every direction, and the same each time."""
    return np.asarray(0.5 + np.modf(np.arange(1, n + 1) * 0.6180339887498949)[0])


def _inverse_root(gram: Floats, ridge: float, sizes: Floats | None = None) -> Floats:
    """``T`` with ``T' G T`` the identity but for directions in which answers depend on each other."""
    scale = np.sqrt(np.diag(gram)) if sizes is None else sizes
    scale = np.where(scale > 0, scale, 1.0)
    even = gram / np.outer(scale, scale)
    even[np.diag_indices_from(even)] += ridge
    lower = linalg.cholesky(even, lower=True, check_finite=False)
    inverse = linalg.solve_triangular(lower, np.eye(len(even)), lower=True, check_finite=False)
    return np.asarray(inverse.T / scale[:, None])
