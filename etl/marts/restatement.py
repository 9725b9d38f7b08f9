"""Which weeks and KPIs changed since the last version, and by how much.

Past weeks change through late surveys, corrected contacts, repaired team histories and windows that have closed since.
Weeks after the old version's last one are new data and are not listed. A week whose total is unchanged is listed when
part of it counts for another team or site than before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from etl.configuration.kpis import Catalogue

TOLERANCE = 1e-9
"""Relative difference below which two sums count as equal."""


@dataclass(frozen=True)
class Totals:
    """Weekly sums of a version, by team and site.

    Attributes
    ----------
    kpis : tuple of str
        KPIs that are summed.
    cells : dict of (date, str, str) to tuple of float or None
        (week, team, site) to numerators and denominators of all KPIs, in pairs.
    """

    kpis: tuple[str, ...]
    cells: dict[tuple[date, str, str], tuple[float | None, ...]]

    def column(self, kpi: str, place: int, cells: Iterable[tuple[date, str, str]]) -> list[float | None]:
        """Numerators (place 0) or denominators (1) of a KPI; None where the version lacks the KPI."""
        if kpi not in self.kpis:
            return [None for _ in cells]
        at = 2 * self.kpis.index(kpi) + place
        return [row[at] if (row := self.cells.get(cell)) is not None else None for cell in cells]


@dataclass(frozen=True)
class Change:
    """A KPI of one week, before and now.

    Attributes
    ----------
    kpi : str
    week : date
    old_num, old_den, new_num, new_den : float or None
        Sums over all agents.
    change : float or None
        New ratio minus old ratio, in the KPI's unit; None when either has no denominator.
    moved : float
        Share, 0 to 1, of the denominator, or else of the numerator, that counts for another team or site than before.
    """

    kpi: str
    week: date
    old_num: float | None
    old_den: float | None
    new_num: float | None
    new_den: float | None
    change: float | None
    moved: float


def weekly_totals(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Totals:
    """Numerator and denominator of every KPI, by week, team and site.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        On a version or a draft.
    catalogue : Catalogue
        KPIs the version does not know are left out.
    """
    columns = {
        name
        for (name,) in con.execute(
            "select name from pragma_table_info('mart.agent_week')"
        ).fetchall()
    }
    known = tuple(kpi for kpi in catalogue if f"{kpi}_num" in columns and f"{kpi}_den" in columns)
    if not known:
        return Totals((), {})
    sums = ", ".join(f"sum({kpi}_num), sum({kpi}_den)" for kpi in known)
    rows = con.execute(
        f"select week, team_id, site, {sums} from mart.agent_week group by week, team_id, site"
    ).fetchall()
    return Totals(known, {row[:3]: row[3:] for row in rows})


def changes(old: Totals, new: Totals) -> tuple[Change, ...]:
    """Compare two versions' weekly totals.

    Parameters
    ----------
    old, new : Totals
        From :func:`weekly_totals`.

    Returns
    -------
    tuple of Change
        Sorted by KPI and week; weeks after the old version's last one are left out.
    """
    if not old.cells:
        return ()
    last = max(week for week, _, _ in old.cells)
    by_week: dict[date, list[tuple[date, str, str]]] = {}
    for cell in sorted({*old.cells, *new.cells}):
        if cell[0] <= last:
            by_week.setdefault(cell[0], []).append(cell)
    found = []
    for week, cells in by_week.items():
        if old.kpis == new.kpis and all(old.cells.get(cell) == new.cells.get(cell) for cell in cells):
            continue
        found += [_change(old, new, kpi, week, cells) for kpi in {**dict.fromkeys(old.kpis), **dict.fromkeys(new.kpis)}]
    return tuple(sorted((change for change in found if change), key=lambda change: (change.kpi, change.week)))


def _change(old: Totals, new: Totals, kpi: str, week: date, cells: Sequence[tuple[date, str, str]]) -> Change | None:
    """How a KPI of a week changed; None when it did not."""
    (old_num, new_num, elsewhere), (old_den, new_den, moved) = (
        _compare(old.column(kpi, place, cells), new.column(kpi, place, cells)) for place in (0, 1)
    )
    if _same(old_num, new_num) and _same(old_den, new_den) and not elsewhere and not moved:
        return None
    ratios = _ratio(old_num, old_den), _ratio(new_num, new_den)
    change = None if ratios[0] is None or ratios[1] is None else ratios[1] - ratios[0]
    return Change(kpi, week, old_num, old_den, new_num, new_den, change, moved or elsewhere)


def _compare(before: Sequence[float | None], now: Sequence[float | None]) -> tuple[float | None, float | None, float]:
    """The sum before, the sum now, and the share that moved between cells."""
    sums = _sum(before), _sum(now)
    shifts = [(b or 0) - (a or 0) for a, b in zip(before, now, strict=True) if not _same(a, b)]
    moved = (math.fsum(map(abs, shifts)) - abs(math.fsum(shifts))) / 2
    if _same(moved, 0):
        return *sums, 0.0
    return *sums, moved / max(math.fsum(abs(value or 0) for value in values) for values in (before, now))


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _same(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return (before or 0) == (now or 0)
    return abs(before - now) <= TOLERANCE * max(1.0, abs(before), abs(now))
