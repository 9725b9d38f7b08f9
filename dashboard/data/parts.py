"""Parts of a version in which answers are looked at together, and levels by parts of what agents did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.privacy.together import MOST_OF_LEVELS, Rows, Together, cells_of

if TYPE_CHECKING:
    from dashboard.data.published import Lattice
    from dashboard.data.queries import Queries

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
MOST_AT_ONCE = 300
"""Cells up to which all of them are looked at together."""


def at_once(queries: Queries, known: Lattice, rows: Ints, start: Bools) -> list[tuple[Ints, Bools]]:
    """Positions of rows, and cells, that are looked at together.

    All, or where cells are many those of each site and those of no team: a team is within its site, so what it is by
    way of others is mostly by those of its site.

    Parameters
    ----------
    queries : Queries
    known : Lattice
    rows : (N,) int array
        Of ``Places``.
    start : (C,) bool array
        Cells considered.
    """
    places = queries.held_weeks().places
    if start.sum() <= MOST_AT_ONCE:
        return [(np.arange(rows.size), np.ones_like(start))]
    site_of = {team: site for site, teams in queries.teams_by_site().items() for team in teams}
    sites = [{site_of.get(value) if name == "team" else value for name, values in cell if name in ("site", "team")
              for value in values} for cell in known.cells]  # fmt: skip
    found = []
    for number, site in enumerate(places.values["site"], start=1):
        at = np.flatnonzero(places.codes["site"][rows] == number)
        found.append((at, np.array([one == {site} for one in sites])))
    of_no_team = np.array([all(not name.startswith("team") for name, _ in cell) for cell in known.cells])
    return [*found, (np.arange(rows.size), of_no_team)]


def by_parts(queries: Queries, known: Lattice, rows: Ints, start: Bools, volume: NDArray[np.floating] | None) -> Bools:
    """Cells that tell no more than may be told of parts of what few agents did either, such as their chats alone: (C,).

    Parameters
    ----------
    queries : Queries
    known : Lattice
    rows : (N,) int array
        Of ``Places``.
    start : (C,) bool array
        Cells considered.
    volume : (N,) array or None
        How much there is of every row; alike where None.
    """
    places, kept = queries.held_weeks().places, start.copy()
    for here, among in at_once(queries, known, rows, start):
        asked = kept & among
        if not asked.any() or not here.size:
            continue
        columns = np.asarray((known.kinds & asked).any(axis=1))
        key = known.key[rows[here]]
        parts = Rows.of(places.agent[rows[here]], known.pattern(columns)[key], None if volume is None else volume[here])
        inside = known.inside[key[parts.first]][:, columns]
        together = Together(parts, queries.settings.min_group, limit=MOST_OF_LEVELS)
        fine = together.admitted(cells_of(inside, asked), np.arange(start.size), asked, fixed=known.elsewhere)
        kept &= fine | ~asked
    return kept
