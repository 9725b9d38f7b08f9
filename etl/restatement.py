"""Which weeks and KPIs changed since the last version, and by how much.

Late surveys, corrected contacts, a repaired team history, a window that has closed since: the past moves, and whoever
quoted last week's number wants to know. Weeks that are only in the new version are new data and are not listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from etl.kpis import Catalogue

TOLERANCE = 1e-9
"""Relative difference below which two sums are the same number."""

Totals = dict[tuple[str, date], tuple[float | None, float | None]]
"""(KPI, week) to (numerator, denominator), over all agents."""


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
    """

    kpi: str
    week: date
    old_num: float | None
    old_den: float | None
    new_num: float | None
    new_den: float | None
    change: float | None


def weekly_totals(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Totals:
    """Numerator and denominator of every KPI and week, over all agents.

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
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = 'mart' and table_name = 'agent_week'"
        ).fetchall()
    }
    known = [kpi for kpi in catalogue if f"{kpi}_num" in columns and f"{kpi}_den" in columns]
    if not known:
        return {}
    sums = ", ".join(f"sum({kpi}_num), sum({kpi}_den)" for kpi in known)
    rows = con.execute(f"select week, {sums} from mart.agent_week group by week").fetchall()
    return {
        (kpi, row[0]): (row[1 + 2 * position], row[2 + 2 * position])
        for row in rows
        for position, kpi in enumerate(known)
    }


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
    if not old:
        return ()
    last = max(week for _, week in old)
    found = []
    for key in sorted({*old, *new}):
        kpi, week = key
        if week > last:
            continue
        before, now = old.get(key, (None, None)), new.get(key, (None, None))
        if _same(before[0], now[0]) and _same(before[1], now[1]):
            continue
        ratios = _ratio(*before), _ratio(*now)
        change = None if ratios[0] is None or ratios[1] is None else ratios[1] - ratios[0]
        found.append(Change(kpi, week, *before, *now, change))
    return tuple(found)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _same(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return (before or 0) == (now or 0)
    return abs(before - now) <= TOLERANCE * max(1.0, abs(before), abs(now))
