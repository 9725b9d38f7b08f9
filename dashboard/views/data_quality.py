"""View model of the data page: reconciliation, rejects, and lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from analysis.words.numbers import Reader
from dashboard.data.data_quality import Step
from dashboard.data.versions import About
from dashboard.state import day
from etl.configuration.kpis import Catalogue

COUNTS = ("read", "loaded", "rejected", "duplicate")


@dataclass(frozen=True)
class Ledger:
    """Row counts of all files, with sums.

    Attributes
    ----------
    sources : list of dict
        One per source: ``source, format, files, read, loaded, rejected, duplicate, difference``.
    files : list of dict
        One per file, with its ``path``.
    total : dict
        The sums.
    """

    sources: list[dict[str, Any]]
    files: list[dict[str, Any]]
    total: dict[str, Any]

    @property
    def adds_up(self) -> bool:
        """Whether read = loaded + rejected + duplicate in every file."""
        return all(row["difference"] == 0 for row in self.files)


def ledger(manifest: pl.DataFrame) -> Ledger:
    """The reconciliation of ``meta.file_manifest``."""
    files: list[dict[str, Any]] = []
    if not manifest.is_empty():
        several = ["files"] if "files" in manifest.columns else []  # readers of a shared dashboard: one row a source
        files = manifest.sort("source", "path").select("source", "format", "path", *COUNTS, *several).to_dicts()
    for row in files:
        row["difference"] = _difference(row)
    grouped: dict[str, dict[str, Any]] = {}
    for row in files:
        into = grouped.setdefault(
            row["source"],
            {"source": row["source"], "format": row["format"], "files": 0, **dict.fromkeys(COUNTS, 0), "unequal": 0},
        )
        into["files"] += row.get("files", 1)
        into["unequal"] += row["difference"] != 0
        for name in COUNTS:
            into[name] += row[name]
    sources = [{**row, "difference": _difference(row)} for row in grouped.values()]
    total: dict[str, Any] = {name: sum(row[name] for row in files) for name in COUNTS}
    n_files = sum(row.get("files", 1) for row in files)
    total |= {"source": "All sources", "files": n_files, "unequal": sum(row["difference"] != 0 for row in files)}
    total["difference"] = _difference(total)
    return Ledger(sources, files, total)


def sentence(found: Ledger, about: About, reader: Reader) -> str:
    """``All 6,731,402 rows are accounted for, and every data check passed.``"""
    if not found.files:
        return "No file has been recorded for this version, so nothing can be said about its rows."
    if found.adds_up:
        first = f"All {reader.count(found.total['read'])} rows read are accounted for"
    else:
        missing = sum(abs(row["difference"]) for row in found.files)
        first = (
            f"{reader.count(missing)} of {reader.count(found.total['read'])} rows read are not accounted for, "
            f"in {found.total['unequal']} {'file' if found.total['unequal'] == 1 else 'files'}"
        )
    if about.failed_checks:
        failed = f"{about.failed_checks} data {'check' if about.failed_checks == 1 else 'checks'} failed"
        return f"{first}, {'but' if found.adds_up else 'and'} {failed}."
    if about.warned_checks:
        have = "check has" if about.warned_checks == 1 else "checks have"
        noted = f"{about.warned_checks} {have} something to look at"
        return f"{first}; {noted}."
    return f"{first}, and every data check passed."


def facts(
    found: Ledger, about: About, coverage: pl.DataFrame, n_dropped: int, today: date, reader: Reader
) -> list[dict[str, str]]:
    """Four facts for the head of the page: ``name, value, note``."""
    age = (today - about.data_to).days if about.data_to else None
    if age is None:
        fresh = "no day is recorded"
    elif age <= 0:
        fresh = "up to date"
    else:
        fresh = f"{reader.count(age)} {'day' if age == 1 else 'days'} old"
    read = found.total["read"] or 1
    share = 100 * found.total["rejected"] / read
    matched, total = _matched(coverage)
    return [
        {"name": "Data to", "value": day(about.data_to, reader.locale), "note": fresh},
        {
            "name": "Published",
            "value": day(about.created_at.date(), reader.locale),
            "note": f"{about.created_at:%H:%M} UTC, run {about.run_id}",
        },
        {
            "name": "Rejected with a reason",
            "value": f"{reader.number(share, 2 if 0 < share < 0.1 else 1)}%",
            "note": f"{reader.count(found.total['rejected'])} of {reader.count(found.total['read'])} rows"
            + (f", {reader.count(n_dropped)} of them left out on purpose" if n_dropped else ""),
        },
        {
            "name": "Rows matched to an agent",
            "value": f"{reader.number(_floor_share(matched, total), 1)}%" if total else "not known",
            "note": f"{reader.count(matched)} of {reader.count(total)} rows with an agent id" if total else "",
        },
    ]


def checks(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Data checks, failures first: ``mark, words, check, sentence, violations``."""
    if rows.is_empty():
        return []
    order = {("failed", "error"): 0, ("failed", "warning"): 1, ("failed", "info"): 2}
    found = []
    for row in rows.iter_rows(named=True):
        status, severity = str(row["status"]), str(row["severity"])
        mark, words = ("●", "passed")
        if status == "failed":
            mark, words = ("⊘", "failed") if severity == "error" else ("◐", "look at this")
        elif status not in ("passed", "ok"):
            mark, words = ("◌", status.replace("_", " "))
        rank = order.get((status, severity), 3 if status == "failed" else 4 if mark == "◌" else 5)
        found.append(
            {
                "rank": rank,
                "mark": mark,
                "words": words,
                "check": str(row["check"]).replace("_", " "),
                "sentence": row["sentence"],
                "violations": row["violations"],
            }
        )
    return sorted(found, key=lambda row: (row["rank"], row["check"]))


def checks_title(found: Sequence[Mapping[str, Any]]) -> str:
    """How many passed."""
    if not found:
        return "No data check has been recorded"
    passed = sum(row["words"] == "passed" for row in found)
    if passed == len(found):
        return f"All {passed} data checks passed"
    return f"{passed} of {len(found)} data checks passed"


def rejects_title(rows: pl.DataFrame, total: int, reader: Reader) -> str:
    """The commonest reason for refusing a row."""
    if rows.is_empty() or total == 0:
        return "No row was rejected"
    if rows["on_purpose"].all():
        return "No row was faulty; some were left out on purpose"
    by_reason = (
        rows.filter(~pl.col("on_purpose"))
        .group_by("reason")
        .agg(pl.col("rows").sum())
        .sort("rows", "reason", descending=[True, False])
    )
    reason, count = by_reason.row(0)
    share = reader.number(100 * count / total)
    if by_reason.height == 1:
        return f"Every faulty row has the same fault: {_plain(reason)}"
    return f"{share}% of rejected rows have one fault: {_plain(reason)}"


def reject_rows(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rejects by source and reason for table and bars: ``label, source, reason, value``."""
    return [
        {
            "label": f"{row['source']}: {_plain(row['reason'])}",
            "source": row["source"],
            "reason": _plain(row["reason"]),
            "purpose": "left out on purpose" if row["on_purpose"] else "",
            "value": row["rows"],
        }
        for row in rows.iter_rows(named=True)
    ]


def restatements(rows: pl.DataFrame, catalogue: Catalogue, reader: Reader) -> list[dict[str, Any]]:
    """Weekly numbers that changed since the last version, largest change first.

    Returns
    -------
    list of dict
        ``kpi, week, before, after, rows, moved, size`` in words; ``moved`` is the share that counts for another team or
        site than before, ``size`` the change as a share of what was there.
    """
    found = []
    for row in rows.iter_rows(named=True):
        if row["kpi"] not in catalogue:
            continue
        kpi = catalogue[row["kpi"]]
        before, after = _ratio(row["old_num"], row["old_den"]), _ratio(row["new_num"], row["new_den"])
        size = abs(after - before) if before is not None and after is not None else float("inf")
        base = abs(before) if before else 1.0
        found.append(
            {
                "kpi": kpi.label,
                "week": day(row["week"], reader.locale),
                "before": "none" if before is None else reader.level(before, kpi),
                "after": "none" if after is None else reader.level(after, kpi),
                "rows": f"{reader.count(row['old_den'] or 0)} → {reader.count(row['new_den'] or 0)}",
                "moved": _moved(row.get("moved") or 0, reader),
                "size": size / base,
            }
        )
    return sorted(found, key=lambda item: -item["size"])


def _moved(share: float, reader: Reader) -> str:
    if not share:
        return "none"
    return f"{reader.number(100 * share, 0)}%" if share >= 0.01 else "under 1%"


def restated_title(found: Sequence[Mapping[str, Any]], reader: Reader) -> str:
    """How much of the past changed."""
    if not found:
        return "No weekly number changed since the last version"
    kpis = len({row["kpi"] for row in found})
    return (
        f"{reader.count(len(found))} weekly {'number' if len(found) == 1 else 'numbers'} of {kpis} "
        f"{'KPI' if kpis == 1 else 'KPIs'} changed since the last version"
    )


def coverage_rows(coverage: pl.DataFrame, reader: Reader) -> list[dict[str, Any]]:
    """Join coverage by source, worst first, for bars and table."""
    rows = []
    for row in coverage.iter_rows(named=True):
        whole, part = int(row["rows"] or 0), int(row["rows_matched"] or 0)
        share = _floor_share(part, whole)
        lost = int(row["ambiguous"] or 0) + int(row["unknown"] or 0)
        words = f"{reader.number(share, 1)}%" + (f" · {reader.count(lost)} ids without an agent" if lost else "")
        rows.append(
            {
                **row,
                "label": row["source"],
                "whole": 100 if whole else 0,
                "part": share,
                "words": words,
                "strong": lost > 0,
                "share": share / 100,
            }
        )
    return sorted(rows, key=lambda row: (row["share"], row["label"]))


def coverage_title(coverage: pl.DataFrame, reader: Reader) -> str:
    """How many rows found their agent."""
    matched, total = _matched(coverage)
    if not total:
        return "No join coverage is recorded"
    if matched == total:
        return f"Every one of {reader.count(total)} rows found its agent"
    return f"{reader.number(_floor_share(matched, total), 1)}% of {reader.count(total)} rows found their agent"


def lineage_layers(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """A lineage as layers, mart first: ``title`` and ``items`` of ``relation`` and ``columns``."""
    layers: dict[str, dict[str, list[str]]] = {}
    for step in steps:
        for relation, column in ((step.relation, step.column), (step.source_relation, step.source_column)):
            columns = layers.setdefault(_layer(relation), {}).setdefault(relation, [])
            if column not in columns:
                columns.append(column)
    return [
        {"title": title, "items": [{"relation": name, "columns": columns} for name, columns in layers[key].items()]}
        for key, title in LAYERS.items()
        if key in layers
    ]


LAYERS = {
    "mart": "Mart",
    "core": "Core tables",
    "staging": "Staging",
    "landing": "As loaded",
    "source": "Fields of the exports",
}
"""Parts of the warehouse from what is shown back to what was read."""


def _layer(relation: str) -> str:
    head = relation.split(".")[0]
    return head if head in LAYERS else "source"


def _difference(row: Mapping[str, Any]) -> int:
    return int(row["read"] - row["loaded"] - row["rejected"] - row["duplicate"])


def _matched(coverage: pl.DataFrame) -> tuple[int, int]:
    if coverage.is_empty():
        return 0, 0
    return int(coverage["rows_matched"].sum() or 0), int(coverage["rows"].sum() or 0)


def _floor_share(part: float, whole: float) -> float:
    """Per cent, rounded down to a tenth: 100% is said only of all."""
    return int(1000 * part / whole) / 10 if whole else 0.0


def _ratio(num: float | None, den: float | None) -> float | None:
    return num / den if num is not None and den else None


def _plain(reason: Any) -> str:
    text = str(reason)
    return text if " " in text else text.replace("_", " ")


def when(value: Any, locale: str) -> str:
    """A time of day with its date, UTC."""
    return f"{day(value.date(), locale)}, {value:%H:%M}" if isinstance(value, datetime) else day(value, locale)
