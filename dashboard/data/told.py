"""Which versions readers of a shared dashboard are told, and whose weeks differ between two of them.

Whoever kept yesterday's answers subtracts them from today's: what is left is about the agents whose records changed in
between. A version that differs from the one told before by a few agents alone (one corrected record) is therefore not
told: readers stay with the version before until a later one, a week of new data at the most, differs by enough. What
still differs by few agents within a version that is told (one corrected week beside a new one) is refused cell by cell
(:mod:`dashboard.data.published`).

Assumptions
-----------
1. Only versions that are kept can be compared. What a version told that is deleted since is not known any more.
2. Analysts may ask for every version, and can open the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.slices import identifier
from dashboard.data.kept_choices import Choice, chosen, content
from dashboard.privacy.lattice import Audit
from etl.warehouse.reader import Version, Warehouse, WarehouseError, alias, frame

if TYPE_CHECKING:
    from dashboard.data.published import Lattice
    from dashboard.data.queries import Queries

Bools = NDArray[np.bool_]
About = Literal["all", "block", "event"]

PLACES = (
    "agent_key", "week", "site", "team_id", "channel", "queue", "tenure_band", "trained_week", "scheduled_week"
)  # fmt: skip
"""What makes two rows of ``mart.agent_week`` the same row of two versions."""
TOLERANCE = 1e-9
"""Relative difference below which two sums are the same number."""
ANY = "any_kpi"
"""Column of rows that differ in anything."""


def difference(warehouse: Warehouse, before: str, now: str) -> pl.DataFrame:
    """Agent-weeks that are not the same in two versions.

    Parameters
    ----------
    warehouse : Warehouse
    before, now : str
        Run ids.

    Returns
    -------
    DataFrame
        ``PLACES``, ``ANY`` and for every KPI of both versions whether it differs; a row
        that has moved stands twice, where it was and where it is. Empty when both versions hold the same.
    """
    with warehouse.reader(before), warehouse.reader(now) as cursor:
        old, new = f"{alias(before)}.mart.agent_week", f"{alias(now)}.mart.agent_week"
        kpis = sorted(_kpis(cursor, old) & _kpis(cursor, new))
        joined = " and ".join(f"o.{name} is not distinct from n.{name}" for name in PLACES)
        placed = ", ".join(f"coalesce(n.{name}, o.{name}) as {name}" for name in PLACES)
        flags = [f"{_differs(kpi)} as {identifier(kpi)}" for kpi in kpis]
        one_sided = "(n.agent_key is null or o.agent_key is null)"
        any_of = " or ".join([one_sided, *(identifier(kpi) for kpi in kpis)])
        sql = (
            f"select {placed}, {', '.join([*flags, f'({any_of}) as {ANY}'])} "
            f"from {new} n full join {old} o on {joined} where {ANY}"
        )
        return frame(cursor, sql)


PEOPLE = ("mart.agent_spell", "core.training", "core.qa_evaluation", "mart.rule_week")
"""Tables of single agents beside their weeks, from which pages tell: who left, who was trained and how, who was
evaluated by whom, which phrases were heard."""


def people_changed(warehouse: Warehouse, before: str, now: str) -> tuple[int, ...]:
    """How many agents differ between two versions, by table of ``PEOPLE``; 0 where a version lacks the table.

    Parameters
    ----------
    warehouse : Warehouse
    before, now : str
        Run ids.
    """
    with warehouse.reader(before), warehouse.reader(now) as cursor:
        return tuple(_people(cursor, alias(before), alias(now), table) for table in PEOPLE)


def _people(cursor: duckdb.DuckDBPyConnection, old: str, new: str, table: str) -> int:
    listed, read = [], {}
    for version in (old, new):
        try:
            names = [row[0] for row in cursor.execute(f"describe {version}.{table}").fetchall()]
        except duckdb.CatalogException:
            return 0
        read[version] = f"{version}.{table}"
        if "agent_key" not in names:
            read[version] = (
                f"(select agent_key, t.* from {version}.{table} t join {version}.mart.agent using (agent_ix))"
            )
            names.append("agent_key")
        listed.append(names)
    # Line, file and run say where a row was read; indices of agents and places are numbered anew by every build.
    both = [n for n in listed[0] if n in listed[1] and not n.startswith("_") and not n.endswith("_ix")]
    columns = ", ".join(identifier(name) for name in both)
    sides = [f"(select {columns} from {read[a]} except all select {columns} from {read[b]})"
             for a, b in ((old, new), (new, old))]  # fmt: skip
    sql = f"select count(distinct agent_key) from (select * from {sides[0]} union all select * from {sides[1]})"
    return int((cursor.execute(sql).fetchone() or (0,))[0])


def _kpis(cursor: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    names = {row[0] for row in cursor.execute(f"describe {table}").fetchall()}
    return {name[:-4] for name in names if name.endswith("_den") and f"{name[:-4]}_num" in names}


def _differs(kpi: str) -> str:
    parts = []
    for end in ("num", "den"):
        new, old = (f"{side}.{identifier(f'{kpi}_{end}')}" for side in "no")
        far = f"abs({new} - {old}) > {TOLERANCE} * greatest(abs({new}), abs({old}))"
        parts.append(f"coalesce({far}, ({new} is null) <> ({old} is null))")
    return f"({' or '.join(parts)})"


def told(
    versions: Sequence[Version],
    served: str,
    minimum: int,
    differ: Callable[[str, str], pl.DataFrame],
    people: Callable[[str, str], Sequence[int]] = lambda _before, _now: (),
) -> tuple[str, ...]:
    """Run ids that readers of a shared dashboard are told one after the other; the last is what they are told now.

    Parameters
    ----------
    versions : sequence of Version
        Those kept, oldest first.
    served : str
        The run that is served: later ones, gone back from, count as told before.
    minimum : int
        Smallest group shown.
    differ : callable
        Two run ids to their :func:`difference`.
    people : callable, optional
        Two run ids to their :func:`people_changed`.
    """
    known = [version.run_id for version in versions]
    until = known.index(served) + 1 if served in known else len(known)
    chain: list[str] = []
    for run_id in known[:until]:
        try:
            # From every one told: a record corrected and set back is a difference from the first of them.
            changed = [
                n for told in chain for n in (differ(told, run_id)["agent_key"].n_unique(), *people(told, run_id))
            ]
        except (WarehouseError, duckdb.Error):  # one of them holds no weeks that could be told, or cannot be read
            chain, changed = [], []
        if all(n == 0 or n >= minimum for n in changed):
            chain.append(run_id)
    return (*known[until:], *(chain or [served]))


def told_before(
    queries: Queries, known: Lattice, kpi: str, kept: Mapping[int, Bools], about: About
) -> dict[int, Bools]:
    """Of some cells, those whose answers, less those of versions told before, are about nobody or about enough agents.

    Parameters
    ----------
    queries : Queries
    known : Lattice
        Of the version asked.
    kpi : str
    kept : mapping of int to (C,) bool array
        Cells by part of the weeks: a single part 0, first weeks of blocks, or weeks from training.
    about : "all", "block" or "event"
        What the parts are.

    Returns
    -------
    dict
        As ``kept``.
    """
    earlier, n_cells = before(queries), len(known.cells)
    if not earlier or not kept:
        return dict(kept)

    def make() -> Choice:
        found = {part: _less(queries, known, kpi, cells, part, about) for part, cells in kept.items()}
        return Choice.of(found, n_cells)

    key = ("told before", content(queries), kpi, earlier, about, *(v for part in kept.items() for v in part))
    found = chosen(queries, key, n_cells, make).by_part
    return {part: cells & found[part] for part, cells in kept.items()}


def _less(queries: Queries, known: Lattice, kpi: str, kept: Bools, part: int, about: About) -> Bools:
    """The same for the cells of one part."""
    for rows in _differences(queries):
        mine = rows.filter(pl.col(kpi)) if kpi in rows.columns else rows
        if about == "block":
            begin = queries.held_weeks().places.origin + timedelta(weeks=part)
            mine = mine.filter(pl.col("week").is_between(begin, begin + timedelta(days=27)))
        if about == "event":
            mine = mine.filter((pl.col("week") - pl.col("start")).dt.total_days() // 7 == part)
        if mine.is_empty():
            continue
        agent = mine["agent_key"].rank("dense").to_numpy().astype(np.int64)
        audit = Audit(agent, known.placed(mine), len(known.cells), queries.settings.min_group)
        kept = kept & (audit.admitted(kept) | (audit.agents_by_cell == 0))
    return kept


def before(queries: Queries) -> tuple[str, ...]:
    """Versions told before the one asked."""
    chain, now = queries.told(queries.served()), queries.run_id()
    return chain[: chain.index(now)] if now in chain else chain


def _differences(queries: Queries) -> list[pl.DataFrame]:
    """What differs from every version told before: one row per agent-week, with one column per filter."""

    def make() -> list[pl.DataFrame]:
        now, timing = queries.run_id(), queries.setting().design.timing
        start = pl.col(f"{timing}_week").cast(pl.Date)
        names = {"team_id": "team"}
        return [
            queries.difference(run_id, now)
            .with_columns(pl.col("week").cast(pl.Date), start=start, cohort=start.dt.to_string("%Y-%m-%d"))
            .rename(names)
            for run_id in before(queries)
        ]

    return queries.remember(("published", "differences", before(queries)), make)
