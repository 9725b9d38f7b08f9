"""Weeks in which each KPI is known, and the reason for the other weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from etl.configuration.kpis import Catalogue, Kpi
from etl.contracts.kpi_needs import in_words, missing_for, needs, what_to_export
from etl.marts.restatement import Totals
from etl.sql_text import quoted


@dataclass(frozen=True)
class KpiCoverage:
    """Coverage of one KPI.

    Attributes
    ----------
    kpi : str
    weeks, known_weeks : int
        Weeks of the version, and those among them in which the KPI has a denominator.
    first_week, last_week : date or None
        The first and the last of those.
    missing : tuple of str
        For a KPI without data, the tables and columns (``table.column``) to export.
    reason : str
        Why it is not known in every week; empty where it is.
    """

    kpi: str
    weeks: int
    known_weeks: int
    first_week: date | None
    last_week: date | None
    missing: tuple[str, ...]
    reason: str


def kpi_coverage(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, totals: Totals) -> tuple[KpiCoverage, ...]:
    """Return for every KPI the weeks in which it is known, and the reason for the others.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with core, staging and landing.
    catalogue : Catalogue
    totals : Totals
        Weekly sums of the draft.
    """
    weeks = [week for (week,) in con.execute("select week from core.week order by week").fetchall()]
    filled = _Filled(con)
    ends = _ends(con)
    found = []
    for place, kpi in enumerate(totals.kpis):
        known = sorted({cell[0] for cell, sums in totals.cells.items() if sums[2 * place + 1]})
        missing = () if known else missing_for(catalogue[kpi], filled.among(needs(catalogue[kpi])))
        reason = "" if len(known) == len(weeks) else _reason(catalogue[kpi], missing, known, weeks, ends)
        found.append(
            KpiCoverage(
                kpi, len(weeks), len(known), known[0] if known else None, known[-1] if known else None, missing, reason
            )
        )
    return tuple(found)


class _Filled:
    """Which landing tables and columns have values; each is queried once."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._found: dict[str, bool] = {}

    def among(self, names: tuple[str, ...]) -> frozenset[str]:
        return frozenset(name for name in names if self._holds(name))

    def _holds(self, name: str) -> bool:
        if name not in self._found:
            table, _, column = name.partition(".")
            where = f" where {quoted(column)} is not null" if column else ""
            asked = f"select 1 from landing.{table}{where} limit 1"
            empty = bool(column) and not self._holds(table)
            self._found[name] = not empty and self._con.execute(asked).fetchone() is not None
        return self._found[name]


def _ends(con: duckdb.DuckDBPyConnection) -> Mapping[str, tuple[str, ...]]:
    """Landing table to sentences about its exports that cover only part of the time, or match few contacts."""
    said: dict[str, list[str]] = {}
    rows = con.execute(
        """
        select
            coverage.relation, coverage.source,
            case when known_from > bounds.first_day then known_from end, from_by,
            case when known_to < bounds.last_day then known_to end, to_by,
            is_tied
        from staging.coverage as coverage
        cross join staging.window as bounds
        order by all
        """
    ).fetchall()
    for relation, source, known_from, from_by, known_to, to_by, is_tied in rows:
        of = f"the {relation} export of [sources.{source}]"
        if known_from:
            said.setdefault(relation, []).append(f"{of} begins {known_from} ({from_by})")
        if known_to:
            said.setdefault(relation, []).append(f"{of} ends {known_to} ({to_by})")
        if not is_tied:
            said.setdefault(relation, []).append(f"{of} names a loaded contact in fewer than half of its rows")
    for known_from, known_to in con.execute("select known_from, known_to from staging.leaving").fetchall():
        if known_from:
            said.setdefault("agent", []).append(f"the exports of employees name leavers from {known_from} on only")
        if known_to:
            said.setdefault("agent", []).append(f"the exports of employees speak of the time to {known_to} only")
    return {table: tuple(sentences) for table, sentences in said.items()}


def _reason(
    kpi: Kpi, missing: tuple[str, ...], known: list[date], weeks: list[date], ends: Mapping[str, tuple[str, ...]]
) -> str:
    if missing:
        return f"no export has {' or '.join(in_words(name) for name in missing)}"
    tables = dict.fromkeys(name.partition(".")[0] for name in needs(kpi))
    parts = [sentence for table in tables for sentence in ends.get(table, ())]
    if kpi.censor_days and weeks and (not known or known[-1] < weeks[-1]):
        parts.append(f"the window of {kpi.censor_days} days after a contact has not closed at the end of the data")
    if not known:
        parts.insert(0, f"no row of {kpi.base} counts for it")
    elif not parts:
        parts.append("no row counts for it in the other weeks")
    return "; ".join(parts)


def without_data(found: Sequence[KpiCoverage], catalogue: Catalogue, what_to_do: bool = False) -> str:
    """Return one line about the KPIs without data; empty when every KPI has some.

    Parameters
    ----------
    found : sequence of KpiCoverage
    catalogue : Catalogue
    what_to_do : bool
        Say what to export for them instead of their names alone.
    """
    silent = [item for item in found if not item.known_weeks]
    if not silent:
        return ""
    counted = f"KPIs without data: {len(silent)} of {len(found)}"
    if not what_to_do:
        return f"{counted} ({', '.join(catalogue[item.kpi].label for item in silent)})."
    phrases = [f"export {phrase}" for phrase in what_to_export((catalogue[item.kpi], item.missing) for item in silent)]
    phrases += [f"{catalogue[item.kpi].label}: {item.reason}" for item in silent if not item.missing]
    return f"{counted}: {'; '.join(phrases)}."


def known_in_part(found: Sequence[KpiCoverage], catalogue: Catalogue) -> tuple[str, ...]:
    """Return one sentence for the KPIs that are unknown in some weeks for the same reason.

    Parameters
    ----------
    found : sequence of KpiCoverage
    catalogue : Catalogue
    """
    together: dict[tuple[object, ...], list[str]] = {}
    for item in found:
        if 0 < item.known_weeks < item.weeks:
            key = (item.first_week, item.last_week, item.known_weeks, item.weeks, item.reason)
            together.setdefault(key, []).append(catalogue[item.kpi].label)
    return tuple(
        f"{', '.join(labels)}: known in {known:,} of {weeks:,} weeks, "
        f"from the week of {first} to that of {last}; {why}."
        for (first, last, known, weeks, why), labels in together.items()
    )
