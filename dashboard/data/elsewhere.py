"""What other programmes of one server tell of the same agents: their cells, beside the cells of this one.

Two programmes have waves of their own and, it may be, agents of their own. A wave of one, less a wave of the other that
is nearly the same, is the few agents in which they differ, and so are all agents of one less all agents of the other.
So a later programme of a server chooses its cells knowing those of the earlier ones.

Assumptions
-----------
1. Programmes are built with one key, so that an agent has one pseudonym, and of exports of the same state: what differs
   between two states of the data is looked at for versions of one programme (:mod:`dashboard.data.told`).
2. What the other programme tells of any KPI and week it may tell of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.errors import PanelError
from dashboard.privacy.lattice import Cell, Rows
from dashboard.state import DIMENSIONS
from etl.warehouse.reader import WarehouseError, frame

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

Ints = NDArray[np.int64]
PARTS = ("channel", "queue", "tenure_band")
"""Filters of which an agent has several values: all of one value, in one programme less in the other, are figures of a
part of what the few did."""


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Cells that earlier programmes of the server answer and that are none of this one's.

    Attributes
    ----------
    cells : tuple of Cell
        Names are those of the filters with the number of the programme behind; E of them.
    inside : (N, D) int array
        Those of every agent and place of this programme, -1 for none.
    others : (M, D) int array
        The same for agents whom this programme does not have.
    agent, weeks : (M,) arrays
        Numbers of these agents, from 0, and the weeks of each place.
    codes : mapping of str to (M,) int array
        Filters in ``PARTS`` to the values of each place.
    """

    cells: tuple[Cell, ...]
    inside: Ints
    others: Ints
    agent: Ints
    weeks: NDArray[np.float64]
    codes: Mapping[str, Ints]


def told_elsewhere(queries: Queries, rows: Rows) -> Elsewhere:
    """What earlier programmes of the server tell of the same agents.

    Parameters
    ----------
    queries : Queries
    rows : Rows
        Agents and places of this programme, N.
    """
    cells: list[Cell] = []
    inside = np.full((rows.agent.size, 0), -1, dtype=np.int64)
    others, keys_of_others, weeks = np.full((0, 0), -1, dtype=np.int64), [], np.zeros(0)
    codes = dict.fromkeys(PARTS, np.zeros(0, dtype=np.int64))
    places = pl.DataFrame(
        {name: pl.Series([None, *rows.values[name]], dtype=pl.String)[rows.codes[name].tolist()] for name in DIMENSIONS}
    ).with_columns(agent_key=pl.Series(_keys(queries))[rows.agent.tolist()])
    for number, other in enumerate(queries.earlier):
        try:
            with other.pinned():
                found = _of(other, places, len(cells))
        except (WarehouseError, PanelError):  # it tells nothing
            continue
        cells += [tuple((f"{name} of {number}", values) for name, values in cell) for cell in found.cells]
        inside = np.column_stack([inside, found.inside])
        beside = np.full((others.shape[0] + found.others.shape[0], inside.shape[1]), -1, dtype=np.int64)
        beside[: others.shape[0], : others.shape[1]] = others
        beside[others.shape[0] :, others.shape[1] :] = found.others
        others, weeks = beside, np.concatenate([weeks, found.weeks])
        keys_of_others += found.keys
        codes = {name: np.concatenate([codes[name], found.codes[name]]) for name in PARTS}
    _, agent = np.unique(keys_of_others, return_inverse=True) if keys_of_others else ([], np.zeros(0, dtype=np.int64))
    return Elsewhere(tuple(cells), inside, others, agent.astype(np.int64), weeks, codes)


@dataclass(frozen=True, eq=False)
class _Told:
    cells: list[Cell]
    inside: Ints
    others: Ints
    keys: list[str]
    weeks: NDArray[np.float64]
    codes: Mapping[str, Ints]


def _of(other: Queries, places: pl.DataFrame, n_before: int) -> _Told:
    """Cells of one programme that differ from all of the own ones, and who is in them."""
    from dashboard.data.published import lattice

    known, theirs = lattice(other), other.held_weeks().places
    keys = _keys(other)
    waves = {
        keys[agent]: theirs.values["cohort"][code - 1] if code else None
        for agent, code in zip(theirs.agent.tolist(), theirs.codes["cohort"].tolist(), strict=True)
    }
    there = places["agent_key"].is_in(list(waves)).to_numpy()
    wave = pl.Series("cohort", [waves.get(key) for key in places["agent_key"]], dtype=pl.String)
    inside = known.placed(places.with_columns(wave))
    inside[~there] = -1
    whose = [keys[agent] for agent in theirs.agent[known.first].tolist()]
    missing = ~pl.Series(whose).is_in(places["agent_key"].unique().to_list()).to_numpy()
    same = (inside == known.placed(places)).all(axis=0) & there.all() & ~missing.any()
    kept = known.kept.copy()
    kept[: known.elsewhere] = False
    for column in inside.T[same]:
        kept[column[column >= 0]] = False  # a cell of this programme too
    number = np.full(kept.size + 1, -1, dtype=np.int64)
    number[:-1][kept] = n_before + np.arange(int(kept.sum()))
    own = known.inside[:, known.inside.shape[1] - inside.shape[1] :]
    return _Told(
        [cell for cell, told in zip(known.cells, kept, strict=True) if told],
        number[inside][:, ~same],
        number[own[missing]][:, ~same],
        [key for key, gone in zip(whose, missing, strict=True) if gone],
        known.of_places(np.arange(theirs.n_rows))[missing],
        {name: theirs.codes[name][known.first][missing].astype(np.int64) for name in PARTS},
    )


def _keys(queries: Queries) -> list[str]:
    """Pseudonyms by the agents' numbers."""
    sql = "select agent_ix, any_value(agent_key) as agent_key from mart.agent_week group by 1"
    rows = queries.ask(("coded agents",), lambda cursor: frame(cursor, sql))
    found = [""] * (int(rows["agent_ix"].max() or 0) + 1)  # type: ignore[arg-type]
    for agent, key in rows.iter_rows():
        found[agent] = key
    return found
