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
from dashboard.data.published import WIDE, Bools, Ints, audit_of, blocks, kept_of, lattice, observed, stamp
from dashboard.data.told import told_before
from dashboard.privacy.viewer import Viewer
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

TOLD = ("effect", "event_time", "cohort_effect", "ladder", "check")
"""Tables of estimates that readers are told of any cell; ``att_gt`` and ``calendar_effect`` would be cells of single
weeks, and a table that is not named here is told to nobody until somebody decides about it."""
NEVER = 10**6
"""Week of the training of agents without one; no data reach so far."""


def estimated(queries: Queries, kpi: str) -> Bools:
    """Cells of which estimates of a KPI are told: (C,).

    An estimate rests on the weeks of the trained from training on and on their weeks before it, and not on agents who
    lack either; so what all estimates together tell is looked at for these weeks apart. So is what they tell less those
    of versions told before.
    """

    def make() -> Bools:
        kept = kept_of(queries, kpi)
        try:
            rows = observed(queries, kpi)
        except PanelError:
            return told_before(queries, lattice(queries), kpi, kept)
        since, places = event_week(queries), queries.held_weeks().places
        apart = queries.setting().design.anticipation_weeks
        agent, after = places.agent[rows], since[rows] >= 0
        before = (since[rows] < -apart) & (since[rows] > -NEVER)
        usable = np.isin(agent, agent[after]) & np.isin(agent, agent[before])
        for part in (after, before):
            kept = _allowing_none(queries, rows[part & usable], kept)
        return told_before(queries, lattice(queries), kpi, kept)

    return queries.remember(("published estimates", kpi), make)


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

    def make(week: int) -> Bools:
        known = lattice(queries)
        start = estimated(queries, kpi) & np.array([{name for name, _ in cell} <= WIDE for cell in known.cells])
        try:
            rows = observed(queries, kpi)
        except PanelError:
            return np.zeros_like(start)
        here = rows[event_week(queries)[rows] == week]
        kept = _allowing_none(queries, here, start)
        return told_before(queries, known, kpi, kept, event=week)

    def told(week: int) -> bool:
        return bool(queries.remember(("published weeks", kpi, week), lambda: make(week))[parts].all())

    return [week for week in weeks if told(week)]


def _allowing_none(queries: Queries, rows: Ints, start: Bools) -> Bools:
    """Cells that may be answered together about some rows; those without any of them tell nothing."""

    def make() -> Bools:
        audit = audit_of(queries, rows)
        return np.asarray(start & (audit.admitted(start) | (audit.agents_by_cell == 0)))

    # KPIs that were observed in the same rows share what may be answered of them.
    return queries.remember(("published estimates", "rows", stamp(rows), start.tobytes()), make)


def warm(queries: Queries) -> None:
    """Choose the cells of the served version before the first reader asks: seconds, once a version and process.

    Parameters
    ----------
    queries : Queries
    """
    with queries.pinned():
        for kpi in queries.kpis():
            with suppress(PanelError):
                blocks(queries, kpi.id)
                estimated(queries, kpi.id)
