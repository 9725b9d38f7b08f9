"""Of which published cells estimates are told: those of a whole selection, and those by week from training.

Levels are sums over weeks, and :mod:`dashboard.data.published` chooses their cells. An estimate weighs the weeks of the
trained after training against their weeks before; a group may have enough agents and yet one of them in both, so cells
are chosen again over those weeks. Nothing here depends on who asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from analysis.errors import PanelError
from dashboard.data.compared import NOTHING, comparison_of
from dashboard.data.kept_choices import Choice, chosen, content
from dashboard.data.parts import at_once
from dashboard.data.published import (
    BLOCK_WEEKS,
    WIDE,
    Bools,
    Floats,
    Ints,
    Lattice,
    Observed,
    answerable,
    answerable_by_part,
    blocks,
    kept_of,
    lattice,
    observed,
    of_same_events,
)
from dashboard.data.slices import to_slice
from dashboard.data.told import told_before
from dashboard.privacy.comparison import Compared, one_side
from dashboard.privacy.lattice import Cell
from dashboard.privacy.together import MOST_TOGETHER, Rows, Together, cells_of
from dashboard.privacy.viewer import Viewer
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

TOLD = ("effect", "event_time", "cohort_effect", "ladder", "check")
"""Tables of estimates that readers are told of any cell; ``att_gt`` and ``calendar_effect`` would be cells of single
weeks, and a table that is not named here is told to nobody until somebody decides about it."""
BEFORE = (12, 26)
"""Weeks before training of which levels are told beside estimates: the baseline of an estimate, and of a group."""
NEVER = 10**6
"""Week of the training of agents without one; no data reach so far."""


def estimated(queries: Queries, kpi: str) -> Bools:
    """Cells of which estimates of a KPI are told: (C,).

    An estimate rests on the weeks of the trained from training on and on their weeks before it, and not on agents who
    lack either; so what all estimates together tell is looked at for these weeks apart, and then what they tell beside
    the levels of all cells. So is what they tell less those of versions told before.
    """
    return _told_of(queries, kpi)[0]


def compared(queries: Queries, kpi: str) -> Bools:
    """Cells of which naive comparisons are told beside the estimate: (C,); wide ones, since they rest on others too."""
    return _told_of(queries, kpi)[1]


def _told_of(queries: Queries, kpi: str) -> tuple[Bools, Bools]:
    def make() -> tuple[Bools, Bools]:
        known, kept = lattice(queries), kept_of(queries, kpi)
        try:
            seen = observed(queries, kpi)
        except PanelError:
            return (told_before(queries, known, kpi, {0: kept}, "all")[0], np.zeros_like(kept))
        after, before, usable = _around_training(queries, seen)
        for part in (after, before):
            kept = allowing_none(queries, seen.at(part & usable), kept)
        sums = np.column_stack([*rows_beside(queries, seen), after, before])
        both = _beside_levels(queries, kpi, seen, sums, kept)
        told = told_before(queries, known, kpi, {0: both[0]}, "all")[0]
        if (other := of_same_events(queries, kpi)) is not None:
            theirs = _told_of(queries, other)
            told, both = told & theirs[0], (both[0], both[1] & theirs[1])
        return told, told & both[1]

    return queries.remember(("published estimates", kpi), make)


def _around_training(queries: Queries, seen: Observed) -> tuple[Bools, Bools, Bools]:
    """Which rows are of the trained from training on, which before it, and which of agents with both: (N,) each."""
    since, agent = event_week(queries)[seen.rows], queries.held_weeks().places.agent[seen.rows]
    after = since >= 0
    before = (since < -queries.setting().design.anticipation_weeks) & (since > -NEVER)
    return after, before, np.isin(agent, agent[after]) & np.isin(agent, agent[before])


def rows_beside(queries: Queries, seen: Observed) -> list[Bools]:
    """Rows of the levels told beside estimates: after training, and before it by ``BEFORE``; (N,) each.

    Parameters
    ----------
    queries : Queries
    seen : Observed
    """
    after, before, usable = _around_training(queries, seen)
    since = event_week(queries)[seen.rows]
    return [after & usable, *(before & usable & (since >= -weeks) for weeks in BEFORE)]


@dataclass(frozen=True)
class Beside:
    """Levels of the trained of a selection, by which cells were chosen; NaN where nothing was observed.

    Attributes
    ----------
    after, baseline, before : float
        From training on, and in the weeks of ``BEFORE`` before it.
    n_agents : int
        Agents seen after training.
    """

    after: float
    baseline: float
    before: float
    n_agents: int


def levels_beside(queries: Queries, kpi: str, filters: Filters) -> Beside:
    """Levels before and after training, of everybody in a selection who was seen in both in whatever cell.

    An estimate rests on whoever was seen before training within the selection. Levels of these alone, of all channels
    and of all queues, differ by the few who were new to one of them.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
        A selection whose estimate is told.
    """

    def make() -> Beside:
        held = queries.held_weeks()
        seen, columns = observed(queries, kpi), held.columns(kpi)
        inside = held.places.inside(to_slice(filters), cohorts=True)
        num = np.asarray(columns.num[~np.isnan(columns.num)], dtype=np.float64)
        here = np.ones(seen.rows.size, dtype=bool) if inside is None else inside[seen.rows]
        parts = [here & part for part in rows_beside(queries, seen)]
        volumes = [float(seen.volume[part].sum(dtype=np.float64)) for part in parts]
        levels = [
            float(num[part].sum()) / total if total else math.nan for part, total in zip(parts, volumes, strict=True)
        ]
        n_agents = int(np.unique(held.places.agent[seen.rows[parts[0]]]).size)
        return Beside(levels[0], levels[1], levels[2], n_agents)

    return queries.remember(("levels beside", kpi, filters), make)


def trained_of(queries: Queries, kpi: str, filters: Filters) -> Compared:
    """The trained of a group, where its estimate is made within a wider selection and compares with agents of that.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
        The group.
    """

    def make() -> Compared:
        held, seen = queries.held_weeks(), observed(queries, kpi)
        inside = held.places.inside(to_slice(filters), cohorts=True)
        here = rows_beside(queries, seen)[0] & (True if inside is None else inside[seen.rows])
        agent, volume = held.places.agent[seen.rows[here]], seen.volume[here].astype(np.float64)
        sums, squares = (np.asarray(np.bincount(agent, part), np.float64) for part in (volume, volume**2))
        return one_side(sums, squares, queries.settings.min_group)

    return queries.remember(("trained of", kpi, filters), make)


def _beside_levels(queries: Queries, kpi: str, seen: Observed, sums: Bools, start: Bools) -> tuple[Bools, Bools]:
    """Cells whose estimates, and whose naive comparisons, tell nothing of few agents beside levels: (C,), (C,).

    Parameters
    ----------
    queries : Queries
    kpi : str
    seen : Observed
    sums : (N, S) bool array
        Which rows are in the sums behind estimates; the last two are all weeks of the trained after and before.
    start : (C,) bool array
        Cells considered.
    """
    known, places = lattice(queries), queries.held_weeks().places
    n, (_, answered) = len(known.cells), blocks(queries, kpi)
    begin = np.array(sorted(answered), dtype=np.int64)
    told = np.array([answered[k] for k in begin.tolist()]).reshape(begin.size, n)

    def make() -> Choice:
        week = places.week[seen.rows].astype(np.int64)
        block = np.searchsorted(begin, week, side="right") - 1
        if begin.size:
            block = np.where((block >= 0) & (week < begin[block] + BLOCK_WEEKS), block, -1)
        code = (block + 1) * (1 << sums.shape[1]) + sums @ (1 << np.arange(sums.shape[1]))
        key = known.key[seen.rows]
        wide = np.array([len(cell) < 2 and {name for name, _ in cell} <= WIDE for cell in known.cells])
        fine = np.append(start, start & wide)  # naive comparisons are given up first
        for here, among in at_once(queries, known, seen.rows, start):
            columns = np.asarray((known.kinds & among).any(axis=1))
            pattern = known.pattern(columns)[key[here]] * (int(code.max(initial=0)) + 1) + code[here]
            for volume in (None, seen.volume[here]):
                rows = Rows.of(places.agent[seen.rows[here]], pattern, volume)
                first = here[rows.first]
                inside, at = known.inside[key[first]][:, columns], block[first]
                inside = np.where((inside >= 0) & among[inside], inside, -1)
                levels = [cells_of(np.where((at == k)[:, None], inside, -1), then) for k, then in enumerate(told)]
                own = np.where(inside >= known.elsewhere, inside, -1)
                parts = [cells_of(np.where(part[:, None], own, -1), start) for part in sums[first].T]
                answers = sparse.hstack([*parts[:-2], _change(parts[-2], parts[-1], rows.weight)], format="csr")
                owner = np.append(np.tile(np.arange(n), len(parts) - 2), n + np.arange(n))
                asked = np.zeros(2 * n, dtype=bool)
                asked[owner[np.diff(answers.tocsc().indptr) > 0]] = True
                beside = Together(rows, queries.settings.min_group, at, levels, MOST_TOGETHER)
                fine &= beside.admitted(answers, owner, fine & asked) | ~asked
        return Choice.of({0: fine[:n], 1: fine[:n] & fine[n:]}, n)

    key = ("beside levels", content(queries), seen.stamp, sums, start, begin, told)
    estimates, comparisons = chosen(queries, key, n, make).within(start).cells
    return estimates, comparisons & estimates


def _change(after: sparse.csr_array, before: sparse.csr_array, weight: Floats) -> sparse.csr_array:
    """(P, C) means of cells after training less those before it, times as much as there is after it."""
    totals = [np.asarray(weight @ part) for part in (after, before)]
    ratio = totals[0] / np.where(totals[1] > 0, totals[1], 1.0)
    return sparse.csr_array(after - before @ sparse.diags_array(ratio))


def event_week(queries: Queries) -> Ints:
    """(N,) weeks since training of every row of ``Places``; a very small number for those never trained."""

    def make() -> Ints:
        places = queries.held_weeks().places
        starts = [(date.fromisoformat(day[:10]) - places.origin).days // 7 for day in places.values["cohort"]]
        start = np.array([NEVER, *starts], dtype=np.int64)[places.codes["cohort"]]
        return np.where(start == NEVER, -NEVER, places.week - start)

    return queries.remember(("published", "event week"), make)


def told_by_week(queries: Queries, kpi: str, filters: Filters, viewer: Viewer, weeks: Sequence[int]) -> list[int]:
    """Those of some weeks from training of which an estimate is told for a selection.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    viewer : Viewer
    weeks : sequence of int
        Weeks from training.

    Returns
    -------
    list of int
        None for a selection by team or queue: few agents in single weeks.
    """
    parts = lattice(queries).parts(filters, viewer)
    if parts is None or not set(filters.active()) <= WIDE:
        return []
    told, compares = by_week(queries, kpi), comparison_of(queries, kpi, filters)[1]
    kept = [week for week in weeks if week in told and told[week][parts].all()]
    return [week for week in kept if compares.get(week, NOTHING).enough]


def by_week(queries: Queries, kpi: str) -> dict[int, Bools]:
    """Week from training to the cells of which an estimate about that week is told, (C,); other weeks of none."""

    def make() -> dict[int, Bools]:
        known = lattice(queries)
        wide = np.array([{name for name, _ in cell} <= WIDE for cell in known.cells])
        wide[: known.elsewhere] = True
        start = estimated(queries, kpi) & wide
        try:
            seen = observed(queries, kpi)
        except PanelError:
            return {}
        told = told_before(queries, known, kpi, _by_week(queries, kpi, seen, start), "event")
        if (other := of_same_events(queries, kpi)) is not None:
            theirs, nobody = by_week(queries, other), np.zeros_like(start)
            told = {week: kept & theirs.get(week, nobody) for week, kept in told.items()}
        return told

    return queries.remember(("published weeks", kpi), make)


def _by_week(queries: Queries, kpi: str, seen: Observed, start: Bools) -> dict[int, Bools]:
    """Cells that may be answered together about the rows of each week from training."""
    since = event_week(queries)[seen.rows]
    trained = np.flatnonzero(since > -NEVER)
    order = trained[np.argsort(since[trained], kind="stable")]
    weeks, first = np.unique(since[order], return_index=True)
    at = np.split(order, first[1:]) if weeks.size else []
    parts = {int(week): seen.at(part) for week, part in zip(weeks, at, strict=True)}
    found = answerable_by_part(queries, parts, seen, start)
    agents = found.agents_by_part
    alone = {week: start & (cells | (agents[week] == 0)) for week, cells in found.by_part.items()}
    levels = blocks(queries, kpi)[1]
    told = tuple(part for block in levels.items() for part in block)
    key = ("weeks of waves", content(queries), seen.stamp, start, told)

    def make() -> Choice:
        return Choice.of(_less_of_waves(queries, seen, alone, levels), start.size)

    less = chosen(queries, key, start.size, make).by_part
    return {week: cells & less[week] for week, cells in alone.items()}


def _less_of_waves(
    queries: Queries, seen: Observed, alone: Mapping[int, Bools], levels_told: Mapping[int, Bools]
) -> dict[int, Bools]:
    """Cells by week from training, without weeks of a wave that, with all of their block, tell of few agents.

    Weeks from training are weeks of the calendar for one wave: four of them, less the level of their block, are the
    agents whom estimates leave out.
    """
    known, places = lattice(queries), queries.held_weeks().places
    since, week, agent = (
        event_week(queries)[seen.rows].astype(np.int64),
        places.week[seen.rows],
        places.agent[seen.rows],
    )
    apart, key = queries.setting().design.anticipation_weeks, known.key[seen.rows]
    place = known.pattern(np.ones(known.inside.shape[1], dtype=bool))
    after, before = since >= 0, (since < -apart) & (since > -NEVER)
    usable = (after | before) & np.isin(agent, agent[after]) & np.isin(agent, agent[before])
    begin = np.where(since > -NEVER, week - since, NEVER).astype(np.int64)
    n = len(known.cells)
    start = np.logical_or.reduce(list(alone.values())) if alone else np.zeros(n, dtype=bool)
    waves_told = WavesTold.of(known, key[usable], begin[usable], start)
    cell, wave, owner = waves_told.cell, waves_told.wave, waves_told.owner
    found = {event: kept.copy() for event, kept in alone.items()}
    for block, told in levels_told.items():
        here = np.flatnonzero((week >= block) & (week < block + BLOCK_WEEKS))
        in_block = [range(block - first, block - first + BLOCK_WEEKS) for first in wave.tolist()]
        events = [[e for e in every if e in found] for every in in_block]
        asked = np.array([any(found[e][k] for e in some) for k, some in zip(cell.tolist(), events, strict=True)], bool)
        fine = np.zeros(n, dtype=bool)
        fine[owner[asked]] = True
        refused = fine.copy()
        for volume in (None, seen.volume[here]):
            if not (fine.any() and told.any()):
                break
            waves, of_wave = np.unique(begin[here], return_inverse=True)
            pattern = (2 * place[key[here]] + usable[here]) * waves.size + of_wave
            rows = Rows.of(agent[here], pattern, volume)
            first = here[rows.first]
            inside, one = known.inside[key[first]], np.zeros(first.size, dtype=np.int64)
            beside = Together(rows, queries.settings.min_group, one, [cells_of(inside, told)], MOST_TOGETHER)
            cells = cells_of(np.where(usable[first][:, None], inside, -1), start).tocsc()
            of = (begin[first][:, None] == wave[asked][None, :]).astype(float)
            answers = sparse.csr_array(cells[:, cell[asked]].multiply(of))
            fine = beside.admitted(answers, owner[asked], fine)
        refused &= ~fine & told.any()
        for k, some in zip(owner.tolist(), events, strict=True):
            for event in some if refused[k] else ():
                found[event][k] = False
    return found


@dataclass(frozen=True, eq=False)
class WavesTold:
    """Waves of cells of whose weeks estimates by week from training tell; W of them.

    Attributes
    ----------
    cell : (W,) int array
        In which cell.
    wave : (W,) int array
        First week of the wave.
    owner : (W,) int array
        The cell whose weeks are given up where a wave tells of few agents.
    """

    cell: Ints
    wave: Ints
    owner: Ints

    @classmethod
    def of(cls, known: Lattice, key: Ints, begin: Ints, start: Bools) -> WavesTold:
        """Those of cells by wave, and those of other cells where other waves of theirs are told or there are none.

        Parameters
        ----------
        known : Lattice
        key : (N,) int array
            Agents and places of the trained rows.
        begin : (N,) int array
            Week of training of each.
        start : (C,) bool array
            Cells considered.
        """
        inside = known.inside[key]
        asked = [k for k in np.flatnonzero(start).tolist() if k >= known.elsewhere]
        waves = {k: np.unique(begin[(inside == k).any(axis=1)]).tolist() for k in asked}
        own: dict[tuple[Cell, int], int] = {}
        for k in asked:
            if "cohort" in dict(known.cells[k]) and len(waves[k]) == 1:
                rest = tuple(part for part in known.cells[k] if part[0] != "cohort")
                own[rest, waves[k][0]] = k
        found = []
        for k in asked:
            cell = known.cells[k]
            if "cohort" in dict(cell):
                found += [(k, wave, k) for wave in waves[k]]
                continue
            for wave in waves[k]:
                others = [own.get((cell, other)) for other in waves[k] if other != wave]
                if None not in others:  # the cell less its other waves
                    found.append((k, wave, max((k, *(each for each in others if each is not None)))))
        return cls(*np.array(found, dtype=np.int64).reshape(-1, 3).T)


def allowing_none(queries: Queries, seen: Observed, start: Bools) -> Bools:
    """Cells that may be answered together about some rows; those without any of them tell nothing."""

    kept, agents = answerable(queries, seen, start)
    return np.asarray(start & (kept | (agents == 0)))
