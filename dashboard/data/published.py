"""The published cells of one version: what every reader of a shared dashboard may ask, and nothing beside it.

Cells are chosen once for a version, over everybody's questions together (:mod:`dashboard.privacy.lattice`): by all
agent-weeks, then for each KPI by those in which it was observed, then for each KPI and block of four weeks. Nothing
here depends on who asks; a reader's sites only narrow which of the cells are that reader's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from analysis.errors import PanelError
from analysis.panel.held_weeks import Places
from dashboard.data.elsewhere import PARTS, told_elsewhere
from dashboard.data.kept_choices import Choice, chosen, content
from dashboard.data.parts import by_parts
from dashboard.data.told import told_before
from dashboard.privacy.lattice import Audit, Candidates, Cell, Rows, cell_of, patterns
from dashboard.privacy.redaction import coarse
from dashboard.privacy.viewer import Viewer
from dashboard.state import DIMENSIONS, Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

BLOCK_WEEKS = 4
"""Weeks that a level is told by: complete ones only, so that one version less the one before is no single week."""
WIDE = frozenset({"site", "cohort", "channel", "tenure_band"})
"""Filters of whose cells estimates by week from training are told: they hold many agents in every week."""
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Cells of one version and which of them are answered.

    Attributes
    ----------
    cells : tuple of Cell
        Those of other programmes of the server that are not cells of this one stand first.
    kept : (C,) bool array
        Those answered at all.
    first : (K,) int array
        One row of ``Places`` of every agent and place.
    key : (N,) int array
        Which of these agents and places every row is.
    inside : (K, D) int array
        Cells of every agent and place, -1 for none.
    elsewhere : int
        How many cells are of other programmes.
    """

    cells: tuple[Cell, ...]
    kept: Bools
    first: Ints
    key: Ints
    inside: Ints
    elsewhere: int = 0

    @cached_property
    def _position(self) -> Mapping[Cell, int]:
        return {cell: k for k, cell in enumerate(self.cells) if k >= self.elsewhere}

    @cached_property
    def kinds(self) -> Bools:
        """(D, C) which cells every column of ``inside`` holds."""
        there = np.zeros((self.inside.shape[1], len(self.cells)), dtype=bool)
        for column, one in zip(there, self.inside.T, strict=True):
            column[one[one >= 0]] = True
        return there

    @cached_property
    def in_cell(self) -> sparse.csr_array:
        """(C, K) one where an agent and place is in a cell."""
        at, _ = np.nonzero(self.inside >= 0)
        cell = self.inside[self.inside >= 0]
        return sparse.csr_array((np.ones(at.size), (cell, at)), shape=(len(self.cells), self.first.size))

    @cached_property
    def _patterns(self) -> dict[bytes, Ints]:
        return {}

    def pattern(self, columns: Bools) -> Ints:
        """(K,) number of the combination of cells of every agent and place, looking at some kinds of cells only."""
        known = columns.tobytes()
        if known not in self._patterns:
            self._patterns[known] = patterns(self.inside[:, columns], len(self.cells))[1]
        return self._patterns[known]

    def of_places(self, rows: Ints, counted: Floats | None = None) -> NDArray[np.float64]:
        """(K,) how many of some rows of ``Places`` are of every agent and place, or what is counted in them."""
        return np.bincount(self.key[rows], counted, minlength=self.first.size).astype(float)

    def parts(self, filters: Filters, viewer: Viewer) -> list[int] | None:
        """Positions of the cells that a selection is the union of; None when it is none of the lattice.

        A selection is a cell, or all sites or teams of whoever asks.
        """
        chosen = {name: getattr(filters, name) for name in DIMENSIONS if getattr(filters, name)}
        if filters.start or filters.end:
            return None
        exact = self._position.get(cell_of(chosen))
        if exact is not None:
            return [exact]
        for name, led in (("site", viewer.sites), ("team", viewer.teams)):
            if set(chosen) == {name} and led and set(chosen[name]) == set(led):
                found = [self._position.get(((name, (value,)),)) for value in chosen[name]]
                return [k for k in found if k is not None] if None not in found else None
        return None

    def placed(self, rows: pl.DataFrame) -> Ints:
        """(N, D) cells of rows with one column per filter, of this version or another; -1 for none."""
        own = self.cells[self.elsewhere :]
        kinds = list(dict.fromkeys(tuple(name for name, _ in cell) for cell in own))
        inside = np.full((rows.height, len(kinds)), -1, dtype=np.int64)
        for k, cell in enumerate(own, start=self.elsewhere):
            tests = [pl.col(name).is_in(list(values)).fill_null(value=False) for name, values in cell]
            mask = rows.select(pl.all_horizontal(tests)).to_series().to_numpy() if tests else slice(None)
            inside[mask, kinds.index(tuple(name for name, _ in cell))] = k
        return inside

    def answered(self) -> dict[str, tuple[str, ...]]:
        """Filter to its values that are answered, alone or tied to others."""
        found: dict[str, list[str]] = {name: [] for name in DIMENSIONS}
        for cell, kept in list(zip(self.cells, self.kept, strict=True))[self.elsewhere :]:
            if kept and len(cell) == 1:
                name, values = cell[0]
                found[name] += values
        return {name: tuple(sorted(values)) for name, values in found.items()}

    def answered_within(self, name: str, led: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        """Values of a filter that are answered within the sites or teams that somebody leads.

        Parameters
        ----------
        name : str
            The filter.
        led : mapping
            ``site`` or ``team`` to those led.
        """
        found: set[str] = set()
        for cell, kept in list(zip(self.cells, self.kept, strict=True))[self.elsewhere :]:
            values = dict(cell)
            where = values.keys() - {name}
            if kept and name in values and where and all(set(values[k]) <= set(led.get(k, ())) for k in where):
                found |= set(values[name])
        return tuple(sorted(found))

    def tied_to(self, name: str, value: str) -> tuple[str, ...]:
        """The values that one is only shown together with."""
        for cell in self.cells[self.elsewhere :]:
            if len(cell) == 1 and cell[0][0] == name and value in cell[0][1]:
                return tuple(other for other in cell[0][1] if other != value)
        return ()


def lattice(queries: Queries) -> Lattice:
    """The lattice of the version asked."""
    return queries.remember(("published",), lambda: _lattice(queries))


def _lattice(queries: Queries) -> Lattice:
    places, minimum = queries.held_weeks().places, queries.settings.min_group
    _, first, place, weeks = np.unique(_keys(places), return_index=True, return_inverse=True, return_counts=True)
    codes = {name: places.codes[name][first] for name in DIMENSIONS}
    rows = Rows(places.agent[first], codes, places.values)
    parents = {team: site for site, teams in queries.teams_by_site().items() for team in teams}
    candidates = Candidates.of(rows, minimum, parents)
    beside, own = told_elsewhere(queries, rows), candidates.inside
    cells, n = (*beside.cells, *candidates.cells), len(beside.cells)
    inside = np.column_stack([beside.inside, np.where(own >= 0, own + n, -1)])
    others = np.column_stack([beside.others, np.full((beside.agent.size, own.shape[1]), -1)])
    agent = np.concatenate([rows.agent, beside.agent + int(rows.agent.max()) + 1])
    weight = np.concatenate([weeks, beside.weeks])
    everybody = np.concatenate([inside, others])
    parts = {name: np.concatenate([rows.codes[name], beside.codes[name]]) for name in (PARTS if n else ())}

    def make() -> Choice:
        kept = Audit(agent, everybody, len(cells), minimum, weight, fixed=n).admitted()
        for part in parts.values():
            unit = agent * (int(part.max()) + 1) + part
            kept = Audit(unit, everybody, len(cells), minimum, weight, fixed=n).admitted(kept)
        return Choice.of({0: kept}, len(cells))

    key = ("lattice", repr(cells), n, agent, everybody, weight, tuple(parts.values()))
    kept = chosen(queries, key, len(cells), make).cells[0]
    return Lattice(cells, kept, first, place.astype(np.int32), inside, n)


def _keys(places: Places) -> Ints:
    """A number per agent and place."""
    key = places.agent.astype(np.int64)
    for name in DIMENSIONS:
        key = key * (len(places.values[name]) + 1) + places.codes[name]
    return np.asarray(key)


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows of ``Places`` in which a KPI is known, and of how much.

    Attributes
    ----------
    rows : (N,) int array
    volume : (N,) array
        What the KPI is a mean over: contacts, surveys, evaluations.
    """

    rows: Ints
    volume: Floats

    def at(self, part: Bools | Ints) -> Observed:
        """Some of them."""
        return Observed(self.rows[part], self.volume[part])

    @cached_property
    def stamp(self) -> str:
        """KPIs observed in the same rows and of as much share what may be answered of them."""
        return hashlib.sha256(self.rows.tobytes() + np.ascontiguousarray(self.volume).tobytes()).hexdigest()


def observed(queries: Queries, kpi: str) -> Observed:
    """Where a KPI is known."""
    places, columns = queries.held_weeks().places, queries.held_weeks().columns(kpi)
    rows = np.arange(places.n_rows) if columns.rows is None else columns.rows.astype(np.int64)
    found = Observed(rows, columns.den)
    return found if columns.complete else found.at(~np.isnan(columns.num))


def kept_of(queries: Queries, kpi: str) -> Bools:
    """Cells of which a KPI is answered: (C,), by the agent-weeks in which it was observed."""

    def make() -> Bools:
        known = lattice(queries)
        try:
            seen = observed(queries, kpi)
        except PanelError:  # leaving is counted by spells; and a version may be older than the KPI
            return known.kept
        kept = answerable(queries, seen, known.kept)[0]
        other = of_same_events(queries, kpi)
        return kept if other is None else kept & kept_of(queries, other)

    return queries.remember(("published", kpi), make)


def of_same_events(queries: Queries, kpi: str) -> str | None:
    """The KPI before one in the catalogue that counts the same events of something else, such as complaints of contacts
    and of days: what both tell of sums is one thing, so the later one tells of no cell that the earlier does not."""
    catalogue = queries.settings.catalogue
    mine = catalogue[kpi]
    for other in queries.kpis():
        if other.id == kpi:
            return None
        if (other.base, other.numerator, other.where) == (mine.base, mine.numerator, mine.where) and queries.counts(
            other.id
        ):
            return other.id
    return None


def answerable(queries: Queries, seen: Observed, start: Bools) -> tuple[Bools, Floats]:
    """Which of some cells may be answered together about some rows, and agents in every cell.

    What all answers tell is looked at twice: as if every week of every agent told as much, for how often something
    happened; and as if an agent told as much as there is of the agent, for how good a mean is. So a cell in which one
    agent takes nearly all contacts is not answered, however many others have a week in it.

    Parameters
    ----------
    queries : Queries
    seen : Observed
    start : (C,) bool array
        Cells considered.
    """
    # KPIs that were observed in the same rows share what may be answered of them.
    key = ("rows", content(queries), seen.stamp, start)
    found = chosen(queries, key, start.size, lambda: Choice.of(*_answerable(queries, {0: seen}, start)))
    return found.cells[0] & start, found.agents_by_part[0]


def answerable_by_part(queries: Queries, parts: Mapping[int, Observed], of: Observed, start: Bools) -> Choice:
    """The same for each of some parts of rows.

    Parameters
    ----------
    queries : Queries
    parts : mapping of int to Observed
    of : Observed
        All rows that they are parts of, by the numbers of which they are known.
    start : (C,) bool array
    """
    rows = tuple(part.rows for part in parts.values())
    key = ("parts", content(queries), of.stamp, tuple(parts), rows, start)
    return chosen(queries, key, start.size, lambda: Choice.of(*_answerable(queries, parts, start))).within(start)


def _answerable(
    queries: Queries, parts: Mapping[int, Observed], start: Bools
) -> tuple[dict[int, Bools], int, dict[int, Floats]]:
    cells, agents = {}, {}
    for number, seen in parts.items():
        audit = _audit(queries, seen.rows, start)
        kept = audit.admitted(start)
        if kept.any():
            kept = _audit(queries, seen.rows, kept, seen.volume).admitted(kept)
        for volume in (None, seen.volume):
            if kept.any():
                kept = by_parts(queries, lattice(queries), seen.rows, kept, volume)
        cells[number], agents[number] = kept, audit.agents_by_cell
    return cells, start.size, agents


def _audit(queries: Queries, rows: Ints, start: Bools, volume: Floats | None = None) -> Audit:
    """What answers of the cells of some kinds tell of agents: those kinds of which any cell could be answered."""
    places, known = queries.held_weeks().places, lattice(queries)
    weight: NDArray[np.float64] = known.of_places(rows, volume)
    weight = weight if volume is None else weight**2  # a variance: of weeks that differ, or of what an agent is
    here = np.flatnonzero(weight)
    columns = np.asarray((known.kinds & start).any(axis=1))
    inside, minimum = known.inside[here][:, columns], queries.settings.min_group
    pattern = known.pattern(columns)[here]
    agent, n = places.agent[known.first[here]], len(known.cells)
    return Audit(agent, inside, n, minimum, weight[here], pattern, known.elsewhere)


def agents_match(queries: Queries, team: str, agents: frozenset[int]) -> bool:
    """Whether a team by its agents' last team is the team of the lattice, or differs by enough agents not to tell.

    Parameters
    ----------
    queries : Queries
    team : str
    agents : frozenset of int
        Indices of the agents whose last team it is.
    """
    places, minimum = queries.held_weeks().places, queries.settings.min_group
    if team not in places.values["team"]:
        return False
    ever = frozenset(places.agent[places.codes["team"] == places.values["team"].index(team) + 1].tolist())
    return all(len(part) == 0 or len(part) >= minimum for part in (ever - agents, agents - ever))


def levels(queries: Queries, kpi: str, filters: Filters, viewer: Viewer) -> pl.DataFrame:
    """Level of a KPI by four weeks: ``week, num, den, n_agents, suppressed``; ``week`` is the first of the four.

    Blocks in which the cell is not answered have no numbers. Blocks start every fourth Monday, counted from one fixed
    Monday and not from the first of the data, and only complete ones are told.
    """
    known = lattice(queries)
    parts = known.parts(filters, viewer)
    schema = {"week": pl.Date, "num": pl.Float64, "den": pl.Float64, "n_agents": pl.Int64, "suppressed": pl.Boolean}
    if parts is None or not known.kept[parts].all():
        return pl.DataFrame(schema=schema)
    sums, answered = blocks(queries, kpi)
    rows = []
    for block, (num, den, agents) in sums.items():
        told = bool(answered[block][parts].all())
        numbers = (float(num[parts].sum()), float(den[parts].sum()), int(agents[parts].sum()))
        monday = queries.held_weeks().places.origin + timedelta(weeks=block)
        rows.append((monday, *(numbers if told else (None, None, None)), not told))
    return coarse(pl.DataFrame(rows, schema=schema, orient="row"), queries.settings.min_group)


Sums = dict[int, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]


def blocks(queries: Queries, kpi: str) -> tuple[Sums, dict[int, Bools]]:
    """Numerators, denominators and agents of every cell by block, and which cells are answered in it.

    Returns
    -------
    dict, dict
        First week of a block to three (C,) arrays, and to a (C,) bool array.
    """

    def make() -> tuple[Sums, dict[int, Bools]]:
        held, known = queries.held_weeks(), lattice(queries)
        places, columns = held.places, held.columns(kpi)
        seen = observed(queries, kpi)
        rows, known_num = seen.rows, ~np.isnan(columns.num)
        nums, dens = columns.num[known_num].astype(float), columns.den[known_num].astype(float)
        first, last = int(places.week.min()), int(places.week.max())
        offset = (-(places.origin.toordinal() // 7)) % BLOCK_WEEKS
        begin = [k for k in range(first, last - BLOCK_WEEKS + 2) if k % BLOCK_WEEKS == offset]
        here_by_block = _by_block(places.week[rows], begin)
        parts = {block: seen.at(here) for block, here in here_by_block.items()}
        audited = answerable_by_part(queries, parts, seen, kept_of(queries, kpi))
        answered = told_before(queries, known, kpi, audited.by_part, "block")
        if (other := of_same_events(queries, kpi)) is not None:
            theirs, nobody = blocks(queries, other)[1], np.zeros_like(known.kept)
            answered = {block: kept & theirs.get(block, nobody) for block, kept in answered.items()}
        sums: Sums = {}
        for block, here in here_by_block.items():
            key, n = known.key[rows[here]], known.first.size
            num, den = (known.in_cell @ np.bincount(key, part[here], n) for part in (nums, dens))
            sums[block] = num, den, audited.agents_by_part[block]
        return sums, answered

    return queries.remember(("published blocks", kpi), make)


def _by_block(week: NDArray[np.integer], begin: list[int]) -> dict[int, Ints]:
    """First week of a block to the positions of the rows in it."""
    return {block: np.flatnonzero((week >= block) & (week < block + BLOCK_WEEKS)) for block in begin}
