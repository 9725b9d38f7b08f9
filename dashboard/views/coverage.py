"""View model of the data page's coverage: days and fields covered by exports, and unknown KPIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from analysis.words.numbers import Reader
from dashboard.state import day
from etl.configuration.kpis import Catalogue

_BY = {"configuration": "so configured", "file name": "so named", "first row": "first row", "last row": "last row"}

NEVER = "no week"
"""What a KPI without data is known in."""


def title(kpis: pl.DataFrame) -> str:
    """How many KPIs are known all the time, for a part of it, and not at all."""
    if kpis.is_empty():
        return "What the exports cover is not recorded in this version"
    silent = kpis.filter(pl.col("known_weeks") == 0).height
    partly = kpis.filter((pl.col("known_weeks") > 0) & (pl.col("known_weeks") < pl.col("weeks"))).height
    if not silent and not partly:
        return f"All {kpis.height} KPIs are known in every week"
    parts = []
    if silent:
        parts.append(f"{silent} of {kpis.height} KPIs {'has' if silent == 1 else 'have'} no data")
    if partly:
        counted = f"{partly} {'is' if partly == 1 else 'are'}" if silent else f"{partly} of {kpis.height} KPIs are"
        parts.append(f"{counted} known for a part of the time")
    return " and ".join(parts)


def spans(coverage: pl.DataFrame, gaps: pl.DataFrame, reader: Reader) -> list[dict[str, Any]]:
    """Source and table with its rows, its days, the days of which it speaks, and what is missing in between."""
    holes: dict[tuple[str, str], list[str]] = {}
    for row in gaps.iter_rows(named=True):
        between = f"{day(row['last_seen'], reader.locale)} to {day(row['next_seen'], reader.locale)}"
        holes.setdefault((row["source"], row["relation"]), []).append(
            f"{between}, {reader.count(row['contacts'])} contacts"
        )
    return [
        {
            "source": row["source"],
            "relation": row["relation"],
            "rows": row["row_count"],
            "days": f"{day(row['first_day'], reader.locale)} to {day(row['last_day'], reader.locale)}",
            "speaks": _speaks(row, reader),
            "gaps": "; ".join(holes.get((row["source"], row["relation"]), [])) or "none",
        }
        for row in coverage.iter_rows(named=True)
    ]


def _speaks(row: Mapping[str, Any], reader: Reader) -> str:
    parts = [
        f"{word} {day(row[at], reader.locale)} ({_BY.get(str(row[by]), row[by])})"
        for word, at, by in (("from", "known_from", "from_by"), ("to", "known_to", "to_by"))
        if row[at] is not None
    ]
    return " ".join(parts) or "all the time"


def silences(fields: pl.DataFrame) -> list[str]:
    """Sentences about fields on which KPIs rest that are missing or mostly empty."""
    return [str(row["sentence"]) for row in fields.iter_rows(named=True) if row["sentence"]]


def corrections(rows: pl.DataFrame, reader: Reader) -> list[dict[str, Any]]:
    """Corrections of entries about people, those made together in one line: ``what, who, when, why, entries, status``.

    Neither the person nor the value is there: a correction is about one of them.
    """
    if rows.is_empty():
        return []
    keys = ["corrected_at", "corrected_by", "why", "table_name", "action", "field", "status"]
    together = rows.group_by(keys).agg(pl.col("entries").sum())
    together = together.sort("corrected_at", "table_name", "field", descending=[True, False, False])
    return [
        {
            "what": f"{row['table_name']}: {row['field'] or 'whole entry'}",
            "who": row["corrected_by"],
            "when": day(row["corrected_at"].date(), reader.locale),
            "why": row["why"],
            "entries": row["entries"] or 0,
            "status": row["status"],
        }
        for row in together.iter_rows(named=True)
    ]


def corrections_title(found: list[dict[str, Any]], reader: Reader) -> str:
    """How many entries were corrected, and by how many people."""
    changed = sum(row["entries"] for row in found)
    who = len({row["who"] for row in found})
    return (
        f"{reader.count(changed)} {'entry' if changed == 1 else 'entries'} of exports corrected "
        f"by {who} {'person' if who == 1 else 'people'}"
    )


def unknown(kpis: pl.DataFrame, catalogue: Catalogue, reader: Reader) -> list[dict[str, str]]:
    """KPIs that are not known all the time, those with one reason together: ``kpis, known, reason``."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in kpis.iter_rows(named=True):
        if row["known_weeks"] == row["weeks"] or row["kpi"] not in catalogue:
            continue
        known = NEVER
        if row["known_weeks"]:
            first, last = day(row["first_week"], reader.locale), day(row["last_week"], reader.locale)
            known = f"{reader.count(row['known_weeks'])} of {reader.count(row['weeks'])} weeks, {first} to {last}"
        together.setdefault((known, str(row["reason"])), []).append(catalogue[row["kpi"]].label)
    rows = [
        {"kpis": ", ".join(labels), "known": known, "reason": f"{reason[:1].upper()}{reason[1:]}."}
        for (known, reason), labels in together.items()
    ]
    return sorted(rows, key=lambda row: row["known"] == NEVER)
