"""Of which published cells estimates are told: those of a whole selection, and those by week from training.

Levels are sums over weeks, and :mod:`dashboard.data.published` chooses their cells. An estimate weighs the weeks of the
trained after training against their weeks before; a group may have enough agents and yet one of them in both, so cells
are chosen again over those weeks. Nothing here depends on who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import PanelError
from dashboard.data.published import (
    BLOCK_WEEKS,
    WIDE,
    Bools,
    Ints,
    Observed,
    answerable,
    blocks,
    kept_of,
    lattice,
    observed,
)
from dashboard.data.told import told_before
from dashboard.data.versions import Prepared
from dashboard.privacy.split import unsplit
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
    lack either; so what all estimates together tell is looked at for these weeks apart, and then what each tells beside
    the levels of its own cell. So is what they tell less those of versions told before.
    """

    def make() -> Bools:
        kept = kept_of(queries, kpi)
        try:
            seen = observed(queries, kpi)
        except PanelError:
            return told_before(queries, lattice(queries), kpi, kept)
        rows = seen.rows
        since, places = event_week(queries), queries.held_weeks().places
        apart = queries.setting().design.anticipation_weeks
        agent, after = places.agent[rows], since[rows] >= 0
        before = (since[rows] < -apart) & (since[rows] > -NEVER)
        usable = np.isin(agent, agent[after]) & np.isin(agent, agent[before])
        for part in (after, before):
            kept = _allowing_none(queries, seen.at(part & usable), kept)
        recent = [before & usable & (since[rows] >= -weeks) for weeks in BEFORE]
        kept = kept & _beside_levels(queries, kpi, seen, np.column_stack([after & usable, *recent]), kept)
        return told_before(queries, lattice(queries), kpi, kept)

    return queries.remember(("published estimates", kpi), make)


def _beside_levels(queries: Queries, kpi: str, seen: Observed, sums: Bools, start: Bools) -> Bools:
    """Cells whose estimates tell nothing of few agents beside their levels by block: (C,)."""
    known, places = lattice(queries), queries.held_weeks().places
    _, answered = blocks(queries, kpi)
    begin = np.array(sorted(answered), dtype=np.int64)
    told = np.array([answered[k] for k in begin.tolist()]).reshape(begin.size, len(known.cells))

    def make() -> Bools:
        week = places.week[seen.rows].astype(np.int64)
        block = np.searchsorted(begin, week, side="right") - 1
        if begin.size:
            block = np.where((block >= 0) & (week < begin[block] + BLOCK_WEEKS), block, -1)
        # Rows of one agent and place in the same block and sums are one: nothing tells them apart.
        code = sums @ (1 << np.arange(sums.shape[1]))
        alike = (known.key[seen.rows].astype(np.int64) * (begin.size + 1) + block + 1) * (1 << sums.shape[1]) + code
        _, at, where = np.unique(alike, return_index=True, return_inverse=True)
        key = known.key[seen.rows[at]]
        cell = known.inside[key]
        cell = np.where((cell >= known.elsewhere) & start[cell], cell, -1).astype(np.int64)
        agent, minimum, fine = places.agent[known.first[key]], queries.settings.min_group, start
        for each in (None, np.maximum(seen.volume.astype(np.float64), 1.0) ** 2):
            weight = np.bincount(where, each, at.size).astype(np.float64)
            fine = fine & unsplit(cell, told, agent, block[at], sums[at], weight, minimum)
        return np.asarray(fine)

    key = ("published estimates", "beside levels", seen.stamp, start.tobytes(), told.tobytes())
    return queries.remember(key, make)


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
    told = by_week(queries, kpi)
    return [week for week in weeks if week in told and told[week][parts].all()]


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
        chosen = queries.remember(
            ("published weeks", "rows", seen.stamp, start.tobytes()), lambda: _chosen(queries, seen, start)
        )
        return {week: told_before(queries, known, kpi, kept, event=week) for week, kept in chosen.items()}

    return queries.remember(("published weeks", kpi), make)


def _chosen(queries: Queries, seen: Observed, start: Bools) -> dict[int, Bools]:
    """Cells that may be answered together about the rows of each week from training."""
    since = event_week(queries)[seen.rows]
    trained = np.flatnonzero(since > -NEVER)
    order = trained[np.argsort(since[trained], kind="stable")]
    weeks, first = np.unique(since[order], return_index=True)
    parts = np.split(order, first[1:])
    return {int(week): _allowing_none(queries, seen.at(part), start) for week, part in zip(weeks, parts, strict=True)}


def _allowing_none(queries: Queries, seen: Observed, start: Bools) -> Bools:
    """Cells that may be answered together about some rows; those without any of them tell nothing."""

    def make() -> Bools:
        kept, agents = answerable(queries, seen, start)
        return np.asarray(start & (kept | (agents == 0)))

    # KPIs that were observed in the same rows share what may be answered of them.
    return queries.remember(("published estimates", "rows", seen.stamp, start.tobytes()), make)


def prepare(queries: Queries) -> None:
    """Choose the cells of the version that readers are told next, then let them have it: seconds, once a version.

    Parameters
    ----------
    queries : Queries
    """
    served = queries.served()
    ready = Prepared(served, queries.told(served)[-1])
    if queries.prepared == ready:
        return
    with queries.pinned(ready.told):
        for kpi in queries.kpis():
            with suppress(PanelError):
                blocks(queries, kpi.id)
                by_week(queries, kpi.id)
    queries.prepared = ready
