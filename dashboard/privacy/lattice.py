"""Which cells are answerable at all, so that no arithmetic over their answers tells of a few agents.

Whether one selection may be shown cannot be decided by looking at it alone: a total, less two groups, plus their
overlap, may be one person. So the cells that anybody may ask for are chosen together, once for a version, and
everything else is refused. A cell is everybody, one value of one filter, or one value of a filter at one site; always
over the whole period.

Whoever has all answers knows the projection ``P`` of the agents' figures onto the space that the cells span. A figure
``c`` (weights on agents, of length one) is then estimated, by the best linear estimate there is, with an error of
``1 - c'Pc`` of its variance between agents. Cells are admitted only while no ``c`` on as many agents as the minimum has
``c'Pc`` above ``MOST_TOLD``. With an insider's own figures known besides, the same holds for every group smaller than
the minimum, the insider apart: the block of ``P`` of the group and the insider has no eigenvalue above ``MOST_TOLD``,
and then (Schur complement) neither has what the insider's knowledge leaves of it. So nothing about fewer agents than
the minimum is estimated with less than ``LEAST_ERROR`` of its spread between agents.

The largest ``c'Pc`` over few agents is a sparse principal component. Where the diagonal of ``P`` already bounds it (the
trace of a block), nothing is searched. Else it is searched by the truncated power method from every agent of high
leverage, and by every small combination of cells; the tests attack what was admitted by other searches.

Assumptions
-----------
1. The attacker is linear (sums, differences, least squares), knows who belongs to which cell, and knows nothing else of
   the figures than their mean and spread; figures of different rows do not predict each other.
2. An estimate of an effect over a cell tells no more than the cell's own sum: its weights are the same for agents of
   the same wave, up to what waves of a cell add, which are cells of their own here (filter ``cohort``).
3. One version is looked at. Of two versions of the same weeks the operator decides (``docs/data-protection.md``).
4. The spread of a row's figure grows with the weeks it stands for.

References
----------
Duncan, G. T., & Lambert, D. (1989). The risk of disclosure for microdata. JBES 7(2), 207-217, for disclosure as what
the best predictor of a target reaches. doi:10.1080/07350015.1989.10509729
Yuan, X.-T., & Zhang, T. (2013). Truncated power method for sparse eigenvalue problems. JMLR 14, 899-925, for the
search. https://jmlr.org/papers/v14/yuan13a.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from dashboard.privacy.suppression import tied_groups

MOST_TOLD = 0.9
"""Largest share of the variance between agents that all answers together tell of any figure about few agents."""
LEAST_ERROR = float(np.sqrt(1.0 - MOST_TOLD))
"""Root-mean-square error of the best linear attack on any figure about fewer agents than the minimum, as a share of its
spread between agents; at least this."""
ORDER = ("site", "cohort", "channel", "tenure_band", "team", "queue")
"""Filters whose values are cells; those whose cells go last when some must."""
AT_SITE = ("channel", "tenure_band", "cohort", "queue")
"""Filters whose values are cells within one site too, in this order; a team is within its site anyway."""
_RIDGE = 1e-9
_SEEDS = 40
"""Agents from whom the search starts: those of whom most is told."""
_ROUNDS = 4
_FEW_SEEDS, _FEW_ROUNDS = 8, 2
"""The search while cells are still given up: any figure that too much is told of will do, the worst is not needed."""
_TRIED_AGAIN = 20
"""Cells given up that are tried again at the end, the largest first."""
_INVOLVED = 0.3
"""Share of the strongest cell's part in an attack from which on a cell may be given up to end it."""
_APART = 0.3
"""Cosine of two attacks below which ending one leaves the other, so that both give up a cell at once."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Cell = tuple[tuple[str, tuple[str, ...]], ...]
"""Filter and values chosen, by name of filter; several values are a tied group. Empty for everybody."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that figures are summed from: who, and in which cell of every filter.

    Attributes
    ----------
    agent : (N,) int array
    codes : mapping of str to (N,) int array
        Filter to codes: 0 is no value, k is ``values[name][k - 1]``.
    values : mapping of str to tuple of str
    """

    agent: NDArray[np.integer]
    codes: Mapping[str, NDArray[np.integer]]
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Cells that could be answered, and for every row those it is in.

    Attributes
    ----------
    cells : tuple of Cell
        In the order of their worth: the last are given up first.
    inside : (N, D) int array
        Positions in ``cells``, -1 for none; D is the number of kinds of cells.
    """

    cells: tuple[Cell, ...]
    inside: Ints

    @classmethod
    def of(cls, rows: Rows, minimum: int, parents: Mapping[str, str]) -> Candidates:
        """Every cell of the lattice that holds at least the minimum of agents.

        Parameters
        ----------
        rows : Rows
        minimum : int
            Smallest group shown.
        parents : mapping of str to str
            Team to its site.
        """
        cells: list[Cell] = [()]
        columns = [np.zeros(rows.agent.size, dtype=np.int64)]
        columns += [_place(cells, rows, name, minimum, parents) for name in ORDER]
        columns += [_place_at_site(cells, rows, name, minimum) for name in AT_SITE]
        return cls(tuple(cells), np.stack(columns, axis=1))


def _place(cells: list[Cell], rows: Rows, name: str, minimum: int, parents: Mapping[str, str]) -> Ints:
    """Add the cells of one filter, small values tied; the position of every row's cell."""
    codes, values = rows.codes[name], rows.values[name]
    sizes = dict(zip(values, _agents(rows.agent, codes, len(values) + 1)[1:].tolist(), strict=True))
    table = np.full(len(values) + 1, -1, dtype=np.int64)
    for group in sorted(tied_groups(sizes, minimum, parents if name == "team" else None), key=min):
        if sum(sizes[value] for value in group) < minimum:
            continue
        for value in group:
            table[values.index(value) + 1] = len(cells)
        cells.append(((name, tuple(sorted(group))),))
    return np.asarray(table[codes])


def _place_at_site(cells: list[Cell], rows: Rows, name: str, minimum: int) -> Ints:
    """Add the cells of one filter within every site where more than one value occurs."""
    sites, values = rows.values["site"], rows.values[name]
    if len(sites) < 2 or len(values) < 2:
        return np.full(rows.agent.size, -1, dtype=np.int64)
    width = len(values) + 1
    code = rows.codes["site"].astype(np.int64) * width + rows.codes[name]
    counts = _agents(rows.agent, code, (len(sites) + 1) * width).reshape(len(sites) + 1, width)
    table = np.full(counts.size, -1, dtype=np.int64)
    for s, site in enumerate(sites, start=1):
        for v, value in enumerate(values, start=1):
            if counts[s, v] >= minimum:
                table[s * width + v] = len(cells)
                cells.append(tuple(sorted({"site": (site,), name: (value,)}.items())))
    return np.asarray(table[code])


@dataclass(frozen=True, eq=False)
class Told:
    """What the answers of some cells tell of agents; A agents, R directions.

    Attributes
    ----------
    agents : (A, R) float array
        Each agent's total, of unit spread, in the space that the cells span: ``agents @ agents.T`` is ``P``.
    small : (S, R) float array
        The same for the sums over rows that are in the same cells and of fewer agents than the minimum.
    cells : (C, R) float array
        For every cell the direction of the space that no other answered cell has a part in; its product with the
        direction of an attack is the cell's part in the attack. 0 for those not answered.
    """

    agents: Floats
    small: Floats
    cells: Floats

    def without(self, given_up: Sequence[int]) -> Told:
        """What is told when some cells are not answered, the space left as it is; rounding adds up over many calls.

        Parameters
        ----------
        given_up : sequence of int
            Positions of cells.
        """
        gone = list(given_up)
        space = linalg.qr(self.cells[gone].T, mode="economic", check_finite=False)[0]
        agents, small, cells = (each - (each @ space) @ space.T for each in (self.agents, self.small, self.cells))
        cells[gone] = 0.0
        return Told(agents, small, cells)

    def at_most(self, n_agents: int) -> float:
        """No figure about so many agents is told more of than this: the sum of their shares, the largest ones.

        The largest eigenvalue of a block of ``P`` is at most its trace.

        Parameters
        ----------
        n_agents : int
        """
        shares = np.einsum("ar,ar->a", self.agents, self.agents)
        most = np.partition(shares, shares.size - n_agents)[-n_agents:] if shares.size > n_agents else shares
        few = np.einsum("sr,sr->s", self.small, self.small).max(initial=0.0)
        return max(float(most.sum()), float(few))

    def search(self, n_agents: int, seeds: int = _SEEDS, rounds: int = _ROUNDS) -> tuple[Floats, Floats]:
        """As :meth:`worst`, and nothing where :meth:`at_most` shows that nothing can be found above ``MOST_TOLD``."""
        if self.at_most(n_agents) <= MOST_TOLD:
            return np.zeros(0), np.zeros((self.agents.shape[1], 0))
        return self.worst(n_agents, seeds, rounds)

    def worst(self, n_agents: int, seeds: int = _SEEDS, rounds: int = _ROUNDS) -> tuple[Floats, Floats]:
        """The best that is told of figures about so many agents: shares, and their directions in the space.

        Parameters
        ----------
        n_agents : int
        seeds, rounds : int, optional
            Of the search: how many agents it starts from, and steps from each.

        Returns
        -------
        (K,) float array, (R, K) float array
            Largest share first.
        """
        shares, directions = _sparse_components(self.agents, n_agents, seeds, rounds)
        if self.small.size:
            lengths = np.einsum("sr,sr->s", self.small, self.small)
            most = np.argsort(-lengths)[:seeds]
            shares = np.concatenate([shares, lengths[most]])
            directions = np.concatenate([directions, self.small[most].T], axis=1)
        order = np.argsort(-shares, kind="stable")
        return shares[order], directions[:, order]


class Audit:
    """What the answers of cells about some rows tell of agents, and which cells may be answered together.

    Parameters
    ----------
    agent : (N,) int array
        Whose row it is.
    inside : (N, D) int array
        Cells of every row, -1 for none.
    n_cells : int
        How many cells there are, C.
    minimum : int
        Smallest group shown.
    weeks : (N,) float array, optional
        Weeks every row stands for; one by default.
    pattern : (N,) int array, optional
        Number of every row's combination of cells, where it is known (:func:`patterns`).
    fixed : int, optional
        How many of the first cells are told whatever is decided here, by another programme of the server.

    Examples
    --------
    Thirty agents, and a second cell that holds all but one of them: only the first is answered.

    >>> inside = np.zeros((30, 2), dtype=np.int64)
    >>> inside[29, 1] = -1
    >>> inside[:29, 1] = 1
    >>> Audit(np.arange(30), inside, 2, 5).admitted().tolist()
    [True, False]
    """

    def __init__(
        self,
        agent: NDArray[np.integer],
        inside: Ints,
        n_cells: int,
        minimum: int,
        weeks: Floats | None = None,
        pattern: Ints | None = None,
        fixed: int = 0,
    ) -> None:
        weight = np.ones(agent.size) if weeks is None else weeks
        if pattern is None:
            found, atom = patterns(inside, n_cells)
        else:
            _, first, atom = np.unique(pattern, return_index=True, return_inverse=True)
            found = inside[first]
        people, person = np.unique(agent, return_inverse=True)
        n_atoms = found.shape[0]
        there = found >= 0
        at = (np.nonzero(there)[0], found[there])
        self._in_cell = sparse.csr_array((np.ones(at[0].size), at), shape=(n_atoms, n_cells))
        self._weeks = np.bincount(atom, weights=weight, minlength=n_atoms)
        self._of_agent = sparse.csr_array((weight, (person, atom)), shape=(people.size, n_atoms))
        self._of_agent.sum_duplicates()
        self._total = np.bincount(person, weights=weight, minlength=people.size)
        present = self._of_agent.astype(bool).astype(float)
        n_agents = np.asarray(present.sum(axis=0)).ravel()
        few = n_agents < minimum
        self._small = self._in_cell[few]
        self._small_weeks = np.sqrt(self._weeks[few])[:, None]
        self._gram = (self._in_cell.T @ sparse.diags_array(self._weeks, dtype=float) @ self._in_cell).toarray()
        self._of_cell = self._of_agent @ self._in_cell
        self._minimum, self._fixed = minimum, fixed
        self.agents_by_cell = np.asarray((self._of_cell > 0).astype(float).sum(axis=0)).ravel()
        """(C,) agents in every cell."""

    def admitted(self, start: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Which cells may be answered together.

        Parameters
        ----------
        start : (C,) bool array, optional
            Cells considered; all by default.

        Returns
        -------
        (C,) bool array
            Cells of fewer agents than the minimum are not among them.
        """
        kept = self.agents_by_cell >= self._minimum
        if start is not None:
            kept &= start
        gone: list[int] = []
        if not kept.any():
            return kept
        known, exact = self.told(kept), True
        while kept.any():
            shares, directions = known.search(self._minimum, _FEW_SEEDS, _FEW_ROUNDS)
            if not (shares > MOST_TOLD).any():  # looked for anew and in full before it is believed
                known = known if exact else self.told(kept)
                exact = True
                shares, directions = known.search(self._minimum)
            if not (shares > MOST_TOLD).any():
                break
            given_up = self._given_up(known, directions[:, shares > MOST_TOLD])
            if not given_up:  # told by cells of another programme alone
                break
            kept[given_up] = False
            gone += given_up
            known, exact = known.without(given_up), False
        # One that went early may be let in beside what is left.
        for cell in sorted(gone)[: _TRIED_AGAIN if start is None else 0]:
            kept[cell] = True
            shares, _ = self.told(kept).search(self._minimum)
            kept[cell] = bool(shares.max(initial=0.0) <= MOST_TOLD)
        return kept

    def _given_up(self, known: Told, directions: Floats) -> list[int]:
        """The last cell of every attack that the first attacks do not already contain: those end with the same cell."""
        unit = directions / np.linalg.norm(directions, axis=0)
        apart: list[int] = []
        for k in range(unit.shape[1]):
            if not apart or np.abs(unit[:, apart].T @ unit[:, k]).max() < _APART:
                apart.append(k)
        used = np.abs(known.cells @ directions[:, apart])
        used[: self._fixed] = 0.0
        last = [int(np.flatnonzero(one >= _INVOLVED * one.max()).max()) for one in used.T if one.any()]
        return list(dict.fromkeys(last))

    def told(self, kept: NDArray[np.bool_]) -> Told:
        """What the answers of some cells tell.

        Cells depend on each other (sites add up to everybody): the ridge keeps such directions, in which no agent has
        any extent.

        Parameters
        ----------
        kept : (C,) bool array
        """
        scale = np.sqrt(np.diag(self._gram))
        used = np.flatnonzero(kept & (scale > 0))
        small = self._gram[np.ix_(used, used)] / np.outer(scale[used], scale[used])
        small[np.diag_indices(used.size)] += _RIDGE
        lower = linalg.cholesky(small, lower=True, check_finite=False)
        space = np.zeros((kept.size, used.size))
        inverse = linalg.solve_triangular(lower, np.eye(used.size), lower=True, check_finite=False)
        space[used] = inverse.T / scale[used, None]
        few = (self._small @ space) * self._small_weeks
        agents = (self._of_cell @ space) / np.sqrt(self._total)[:, None]
        return Told(agents, few, space * scale[:, None])


def patterns(inside: Ints, n_cells: int) -> tuple[Ints, Ints]:
    """Different combinations of cells, and which of them every row is.

    Parameters
    ----------
    inside : (N, D) int array
        Cells of every row, -1 for none.
    n_cells : int
    """
    key = np.zeros(inside.shape[0], dtype=np.int64)
    for column in inside.T:  # numbered anew after every kind, so that numbers stay small
        _, key = np.unique(key * (n_cells + 1) + column + 1, return_inverse=True)
    _, first, atom = np.unique(key, return_index=True, return_inverse=True)
    return inside[first], atom.reshape(-1)


def _sparse_components(rows: Floats, k: int, seeds: int, rounds: int) -> tuple[Floats, Floats]:
    """Largest values of ``x' M x`` with ``M = rows @ rows.T`` over unit ``x`` with k entries, and ``rows.T @ x``."""
    if not rows.size:
        return np.zeros(0), np.zeros((rows.shape[1], 0))
    k = min(k, rows.shape[0])
    leverage = np.einsum("ar,ar->a", rows, rows)
    image = rows[np.argsort(-leverage, kind="stable")[:seeds]]
    best, directions = np.zeros(image.shape[0]), image
    for _ in range(rounds):
        x = image @ rows.T
        at = np.argpartition(-np.abs(x), k - 1, axis=1)[:, :k]
        largest = np.take_along_axis(x, at, axis=1)
        largest /= np.maximum(np.linalg.norm(largest, axis=1, keepdims=True), 1e-300)
        image = (largest[:, None, :] @ rows[at])[:, 0]
        reached = np.einsum("sr,sr->s", image, image)
        directions = np.where((reached > best)[:, None], image, directions)
        best = np.maximum(best, reached)
    directions = directions.T
    return best, directions


def _agents(agent: NDArray[np.integer], code: NDArray[np.integer], n_codes: int) -> Ints:
    """Different agents by code."""
    pairs = np.unique(code.astype(np.int64) * (int(agent.max(initial=0)) + 1) + agent)
    return np.bincount(pairs // (int(agent.max(initial=0)) + 1), minlength=n_codes)


def cell_of(chosen: Mapping[str, Sequence[str]]) -> Cell:
    """A selection as a cell: filters in order of their names, values too."""
    return tuple(sorted((name, tuple(sorted(values))) for name, values in chosen.items() if values))
