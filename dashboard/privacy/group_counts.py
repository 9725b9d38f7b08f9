"""How many agents stand behind what is asked for: counts that decide what may be shown, from the held rows.

Every click asks for dozens of them (agents by week, by value of a filter, by both), and each is a distinct count over a
slice. Held rows answer in a millisecond what a query answers in twenty; the counts are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.held_weeks import Columns, Places
from dashboard.privacy.suppression import UNASSIGNED

Bools = NDArray[np.bool_]
MOST_CELLS = 2**24
"""Largest table of agents x weeks x values that is marked directly."""


@dataclass(frozen=True, eq=False)
class Combinations:
    """Agents by the values of every filter they ever had together, with the first and last week of each; M rows.

    Attributes
    ----------
    agent : (M,) int array
    first, last : (M,) day arrays
    codes : mapping
        Filter name to (M,) codes: 0 is null, k is ``values[name][k - 1]``.
    values : mapping
        Filter name to its values, sorted.
    """

    agent: NDArray[Any]
    first: NDArray[Any]
    last: NDArray[Any]
    codes: Mapping[str, NDArray[Any]]
    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, rows: pl.DataFrame, dimensions: Sequence[str]) -> Combinations:
        """From rows ``agent_ix, first_week, last_week`` and one column per filter."""
        values, codes = {}, {}
        for name in dimensions:
            column = rows[name].cast(pl.String)
            values[name] = tuple(column.drop_nulls().unique().sort().to_list())
            physical = column.cast(pl.Enum(list(values[name]))).to_physical().cast(pl.Int64)
            codes[name] = (physical + 1).fill_null(0).to_numpy()
        days = {name: rows[name].cast(pl.Date).to_numpy() for name in ("first_week", "last_week")}
        return cls(rows["agent_ix"].to_numpy(), days["first_week"], days["last_week"], codes, values)

    def overlapping(self, start: date | None, end: date | None) -> Bools:
        """(M,) those with a week in a period."""
        mask = np.ones(self.agent.size, dtype=bool)
        if start:
            mask &= self.last >= np.datetime64(start)
        if end:
            mask &= self.first <= np.datetime64(end)
        return mask

    def having(self, name: str, chosen: Sequence[str]) -> Bools:
        """(M,) those with one of the values of a filter."""
        table = np.zeros(len(self.values[name]) + 1, dtype=bool)
        table[[k for k, value in enumerate(self.values[name], start=1) if value in chosen]] = True
        return np.asarray(table[self.codes[name]])

    def n_agents(self, mask: Bools) -> int:
        """Agents among some of the rows."""
        return int(distinct(self.agent[mask], np.zeros(np.count_nonzero(mask), dtype=np.int64), 1)[0])

    def sizes(self, name: str, mask: Bools) -> dict[str, int]:
        """Agents by value of a filter among some of the rows; those without a value under ``UNASSIGNED``."""
        names = (UNASSIGNED, *self.values[name])
        counts = distinct(self.agent[mask], self.codes[name][mask], len(names))
        return {value: int(n) for value, n in zip(names, counts, strict=True) if n}


def distinct(agent: NDArray[Any], code: NDArray[Any], n_codes: int) -> NDArray[np.int64]:
    """(n_codes,) number of different agents behind every code.

    Parameters
    ----------
    agent, code : (rows,) int arrays
        Codes from 0 to ``n_codes - 1``.
    n_codes : int
    """
    if agent.size == 0:
        return np.zeros(n_codes, dtype=np.int64)
    n_agents = int(agent.max()) + 1
    if n_codes * n_agents > MOST_CELLS:
        pairs = np.unique(code.astype(np.int64) * n_agents + agent)
        return np.bincount(pairs // n_agents, minlength=n_codes)
    seen = np.zeros((n_codes, n_agents), dtype=bool)
    seen[code, agent] = True
    return np.asarray(np.count_nonzero(seen, axis=1)).astype(np.int64)


def agents_by_week(places: Places, mask: Bools | None) -> dict[date, int]:
    """Agents in every week of a selection: Monday to number, weeks with nobody left out."""
    here: Any = slice(None) if mask is None else mask
    counts = distinct(places.agent[here], places.week[here], int(places.week.max()) + 1)
    return {places.origin + timedelta(weeks=k): int(n) for k, n in enumerate(counts.tolist()) if n}


def agents_by_wave(places: Places, mask: Bools | None) -> dict[date, int]:
    """Agents of every wave in a selection: Monday of training to number, waves with nobody left out.

    Parameters
    ----------
    places : Places
    mask : (N,) bool array or None
        Rows of the selection.
    """
    here: Any = slice(None) if mask is None else mask
    waves = places.values["cohort"]
    counts = distinct(places.agent[here], places.codes["cohort"][here], len(waves) + 1)[1:]
    return {date.fromisoformat(wave[:10]): int(n) for wave, n in zip(waves, counts, strict=True) if n}


def weekly_level(places: Places, columns: Columns, mask: Bools | None) -> pl.DataFrame:
    """A KPI by week of a selection: ``week, num, den, n_agents``, weeks with nobody left out."""
    here, there = columns.inside(mask)
    week, agent = places.week[here], places.agent[here]
    n_weeks = int(places.week.max()) + 1
    num, den = columns.num[there], columns.den[there]
    known = ~np.isnan(num)
    agents = distinct(agent, week, n_weeks)
    kept = np.flatnonzero(agents)
    sums = np.bincount(week, np.where(known, num, 0.0), n_weeks)[kept]
    some = np.bincount(week, known, n_weeks)[kept] > 0
    return pl.DataFrame(
        {
            "week": [places.origin + timedelta(weeks=k) for k in kept.tolist()],
            "num": [value if there_is else None for value, there_is in zip(sums.tolist(), some.tolist(), strict=True)],
            "den": np.bincount(week, den, n_weeks)[kept],
            "n_agents": agents[kept],
        },
        schema={"week": pl.Date, "num": pl.Float64, "den": pl.Float64, "n_agents": pl.Int64},
    )


def sizes_by_week(places: Places, columns: Columns, name: str, mask: Bools | None) -> dict[date, dict[str, int]]:
    """Agents by value of a filter in every week: Monday to value to number; nobody is left out.

    Parameters
    ----------
    places, columns
        Of one version; the KPI's observed rows count.
    name : str
        The filter; agents without a value are under ``UNASSIGNED``.
    mask : (N,) bool array or None
        Rows of the selection without that filter.
    """
    here, _ = columns.inside(mask)
    agent, week, code = places.agent[here], places.week[here], places.codes[name][here]
    names = (UNASSIGNED, *places.values[name])
    n_weeks, n_values = int(places.week.max()) + 1, len(names)
    if agent.size == 0:
        return {}
    if (int(agent.max()) + 1) * n_weeks * n_values <= MOST_CELLS:
        counts = distinct(agent, week.astype(np.int64) * n_values + code, n_weeks * n_values)
    else:
        counts = _few_values_each(agent, week, code, n_weeks, n_values)
    return {
        places.origin + timedelta(weeks=k): {names[v]: int(row[v]) for v in np.flatnonzero(row)}
        for k, row in enumerate(counts.reshape(n_weeks, n_values))
        if row.any()
    }


def _few_values_each(
    agent: NDArray[Any], week: NDArray[Any], code: NDArray[Any], n_weeks: int, n_values: int
) -> NDArray[np.int64]:
    """The same counts where agents have mostly one value a week: one is marked, the others are counted apart."""
    cell = agent.astype(np.int64) * n_weeks + week
    marked = np.full((int(agent.max()) + 1) * n_weeks, -1, dtype=np.int64)
    marked[cell] = code
    used = np.flatnonzero(marked >= 0)
    counts = np.bincount((used % n_weeks) * n_values + marked[used], minlength=n_weeks * n_values)
    other = marked[cell] != code
    pairs = np.unique(cell[other] * n_values + code[other])
    at = (pairs // n_values % n_weeks) * n_values + pairs % n_values
    return np.asarray(counts + np.bincount(at, minlength=n_weeks * n_values))
