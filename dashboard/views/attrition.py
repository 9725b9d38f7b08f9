"""View model of the attrition page: sentence, curves, ratios in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.study.leaving import by_plan
from analysis.words.numbers import Reader
from analysis.words.verdict import CLAIMED, LABELS, MARKS
from dashboard.state import day
from dashboard.views.verdicts import UNUSABLE
from etl.configuration.kpis import Kpi

NAMES = {"any": "All leavers", "voluntary": "Left by choice", "involuntary": "Dismissed or contract ended"}
"""Kind of leaving to its name on screen."""
ARM_NAMES = {"trained": "Trained", "untrained": "Untrained"}
WEEKS_PER_MONTH = 365.25 / 12 / 7
NOT_EXPORTED = "or leaving is not exported: then add the last day of those who left."
END_DATE = "Check that the end date is the last day worked and not the end of a contract still running."


@dataclass(frozen=True)
class View:
    """The page's words and numbers.

    Attributes
    ----------
    sentence : str
        The answer, first on the page.
    mark, state : str
        Mark and words of the verdict behind it; empty when there is none.
    counts : str
        Leavers, agents and teams behind it.
    curve_title, curve_subtitle : str
    curves : list of dict
        Rows of the chosen kind of leaving for :func:`dashboard.figures.survival.survival`.
    ratio_title : str
    ratios : list of dict
        Rows for :func:`dashboard.figures.hazard.hazard`.
    table : list of dict
        Survival every three months: ``month, trained, untrained, ...``.
    """

    sentence: str
    mark: str
    state: str
    counts: str
    curve_title: str
    curve_subtitle: str
    curves: list[dict[str, Any]]
    ratio_title: str
    ratios: list[dict[str, Any]]
    table: list[dict[str, Any]]


def view(survival: pl.DataFrame, hazard: pl.DataFrame, kind: str, reader: Reader, ci_level: float) -> View:
    """The page for one kind of leaving.

    Parameters
    ----------
    survival, hazard : DataFrame
        Columns of ``result.survival`` and ``result.hazard``; numbers may be missing where they may not be shown.
    kind : str
        Key of ``NAMES``: which curves are drawn.
    reader : Reader
    ci_level : float
        Level of the intervals, for the subtitle.
    """
    by_kind = {row["leave_type"]: row for row in hazard.iter_rows(named=True)}
    chosen = by_kind.get(kind, {})
    curves = survival.filter(pl.col("leave_type") == kind).to_dicts() if not survival.is_empty() else []
    ratios = [_ratio(by_kind[name], name, reader) for name in NAMES if name in by_kind]
    state = str(chosen.get("verdict") or "cant_tell_yet")
    return View(
        sentence=_sentence(chosen),
        mark=MARKS[state] if chosen else "",
        state=LABELS[state] if chosen else "",
        counts=_counts(chosen, reader),
        curve_title=curve_title(curves, kind, reader),
        curve_subtitle=_subtitle(kind, ci_level, planned=by_plan(hazard)),
        curves=curves,
        ratio_title=_ratio_title(by_kind),
        ratios=ratios,
        table=_table(curves),
    )


@dataclass(frozen=True)
class OnWhom:
    """On whom KPIs are measured, given who left.

    Attributes
    ----------
    title, words : str
    kpis, waves : list of dict
        Rows of the two tables: ``kpi, change, weighted, either, state`` and ``wave, n_agents, left, expected``.
    """

    title: str
    words: str
    kpis: list[dict[str, Any]]
    waves: list[dict[str, Any]]


def on_whom(exits: pl.DataFrame, survivors: pl.DataFrame, kpis: Sequence[Kpi], reader: Reader) -> OnWhom | None:
    """What leaving does to the effects on some KPIs; ``None`` where nothing is stored about it.

    Parameters
    ----------
    exits, survivors : DataFrame
        As :class:`dashboard.data.attrition.Attrition` has them.
    kpis : sequence of Kpi
        In their order; those whose comparison is broken are left out, as their numbers are on every page.
    reader : Reader
    """
    known = {row["kpi"]: row for row in survivors.iter_rows(named=True) if row["verdict"] != UNUSABLE}
    rows = [_measured(known[kpi.id], kpi, reader) for kpi in kpis if kpi.id in known]
    if not rows:
        return None
    first = next(known[kpi.id] for kpi in kpis if kpi.id in known)
    moved, n = first["state"] != "same_people", sum(row["matters"] for row in rows)
    who = "Trained agents stayed longer" if first["hazard_ratio"] < 1 else "Trained agents left sooner"
    if not moved:
        title = "Leaving did not visibly change, so goals are measured on the people who were trained"
    elif n:
        title = f"{who}, so {n} of {len(rows)} goals {'is' if n == 1 else 'are'} measured on different people"
    else:
        title = f"{who}, which changes no goal by an amount that matters"
    words = (
        "An effect is measured on contacts of those who are still there. Weighted: every trained agent counts for "
        "those of the same level before training who left. Stay either way: the range of the effect among agents "
        "whom training neither kept nor drove away, the worst and the best case."
    )
    return OnWhom(title, words, rows, [_wave(row, reader) for row in exits.iter_rows(named=True)])


def _measured(row: Mapping[str, Any], kpi: Kpi, reader: Reader) -> dict[str, Any]:
    ends = (row["bound_low"], row["bound_high"])
    shown = {name: math.nan if row[name] is None else float(row[name]) for name in ("estimate", "weighted")}
    return {
        "kpi": kpi.label,
        "change": reader.change(shown["estimate"], kpi, row["ci_low"], row["ci_high"]),
        "weighted": reader.change(shown["weighted"], kpi, row["ci_low"], row["ci_high"]),
        "either": reader.span(*ends, kpi),
        "matters": row["state"] == "matters",
        "state": {"matters": "different people", "other_people": "too little to matter"}.get(
            row["state"], "same people"
        ),
    }


NOT_SHOWN = "not shown"
"""In place of who left, where it would tell of fewer leavers than the smallest group."""


def _wave(row: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    def percent(share: float | None) -> str:
        return NOT_SHOWN if share is None else f"{reader.number(100 * share, 0)}%"

    unknown = NOT_SHOWN if row["share_left"] is None else "not known"
    expected = unknown if row["share_expected"] is None else percent(row["share_expected"])
    if row["expected_low"] is not None:
        expected += f" ({percent(row['expected_low'])} to {percent(row['expected_high'])})"
    return {
        "wave": "All waves" if row["wave"] is None else day(row["wave"], reader.locale),
        "n_agents": row["n_agents"],
        "left": percent(row["share_left"]),
        "expected": expected,
        "suppressed": row["n_agents"] is None,
    }


def curve_title(curves: Sequence[Mapping[str, Any]], kind: str, reader: Reader) -> str:
    """What the curves show at the last tenure that both reach, and whether their ranges there are apart."""
    arms = {arm: [row for row in curves if row["arm"] == arm] for arm in ARM_NAMES}
    if not all(arms.values()):
        return "Too few agents in both groups at the same tenure to draw who is still here"
    first = max(min(row["tenure_week"] for row in rows) for rows in arms.values())
    last = min(max(row["tenure_week"] for row in rows) for rows in arms.values())
    levels = {arm: _level(rows, last) for arm, rows in arms.items()}
    month = reader.count(last / WEEKS_PER_MONTH)
    verb = {"any": "still here", "voluntary": "not gone by choice", "involuntary": "not dismissed"}[kind]
    trained, untrained = (f"{reader.number(levels[arm] * 100, 0)}%" for arm in ARM_NAMES)
    who = "trained agents"
    if first > 4:
        who = f"trained agents who reached month {reader.count(max(1.0, first / WEEKS_PER_MONTH))}"
    if trained == untrained:
        return f"{trained} of {who} are {verb} at month {month}, and as many of the untrained"
    (low, high), (other_low, other_high) = (_range(rows, last) for rows in arms.values())
    apart = "; their ranges overlap" if low <= other_high and other_low <= high else ""
    return f"{trained} of {who} are {verb} at month {month}, against {untrained} of the untrained{apart}"


def ratio_words(ratio: float | None, low: float | None, high: float | None, reader: Reader) -> str:
    """A hazard ratio in words: ``22% less likely (likely between 2% and 38% less)``."""
    if ratio is None or low is None or high is None or not all(map(math.isfinite, (ratio, low, high))):
        return ""
    ends = [_less_or_more(end, reader) for end in (low, high)]
    return f"{_less_or_more(ratio, reader)} likely (between {ends[0]} and {ends[1]})"


def _less_or_more(ratio: float, reader: Reader) -> str:
    return f"{_size(ratio, reader)} {'more' if ratio > 1 else 'less'}"


def _size(ratio: float, reader: Reader) -> str:
    """Distance from 1 in whole per cent; a bound that is not 1 is never shown as nothing."""
    size = abs(ratio - 1) * 100
    return "under 1%" if 0 < size < 0.5 else f"{reader.number(size, 0)}%"


def _sentence(row: Mapping[str, Any]) -> str:
    """The verdict's own words; they are made where the ratio is (``analysis.study.leaving``)."""
    return str(row.get("sentence") or "") or "Nothing has been measured yet about who stays."


def to_collect(rows: Sequence[Mapping[str, Any]]) -> str:
    """What to check in the export where nobody, or everybody, has left; empty otherwise.

    Parameters
    ----------
    rows : sequence of mapping
        Of ``result.hazard`` with exact counts, all kinds of leaving.
    """
    row = next((one for one in rows if one.get("leave_type") == "any" and one.get("n_agents")), None)
    if row is None or row.get("n_events") is None:
        return ""
    if row["n_events"] == 0:
        return f"Nobody left in these weeks; {NOT_EXPORTED}"
    return f"Everybody on record has left. {END_DATE}" if row["n_events"] >= row["n_agents"] else ""


def _counts(row: Mapping[str, Any], reader: Reader) -> str:
    if not row or row.get("n_agents") is None:
        return ""
    return (
        f"{reader.count(row['n_events'])} leavers among {reader.count(row['n_agents'])} agents "
        f"in {reader.count(row['n_clusters'])} teams"
    )


def _subtitle(kind: str, ci_level: float, *, planned: bool) -> str:
    others = {
        "any": "",
        "voluntary": " Agents who were dismissed count until then.",
        "involuntary": " Agents who left by choice count until then.",
    }[kind]
    since = "the planned week, completed or not" if planned else "the day it was completed"
    return (
        f"Share of agents still employed by time since hire. Training counts from {since}: until then "
        f"an agent belongs to the untrained.{others} Bands: {ci_level:.0%} range."
    )


def _ratio(row: Mapping[str, Any], name: str, reader: Reader) -> dict[str, Any]:
    state = str(row["verdict"])
    if state == UNUSABLE:
        row = {**row, "hazard_ratio": None, "ci_low": None, "ci_high": None}
    words = ratio_words(row["hazard_ratio"], row["ci_low"], row["ci_high"], reader)
    tone = "unsure"
    if state in CLAIMED and row["hazard_ratio"] is not None:
        tone = "better" if row["hazard_ratio"] < 1 else "worse"
    return {
        "name": f"{NAMES[name]} {MARKS[state]} {LABELS[state]}",
        "kind": NAMES[name],
        "hazard_ratio": row["hazard_ratio"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "n_events": row["n_events"],
        "n_agents": row["n_agents"],
        "verdict": f"{MARKS[state]} {LABELS[state]}",
        "tone": tone,
        "words": words or (f"– {LABELS[state]}" if state == UNUSABLE else "Too few leavers to compare"),
        "tip": f"{NAMES[name]}: {words}. {_counts(row, reader)}." if words else str(row["sentence"] or ""),
    }


def _ratio_title(by_kind: Mapping[str, Mapping[str, Any]]) -> str:
    clear = [
        NAMES[name].lower()
        for name in ("voluntary", "involuntary")
        if name in by_kind and by_kind[name]["verdict"] in CLAIMED
    ]
    if len(clear) == 1:
        return f"The difference is in one kind of leaving: {clear[0]}"
    if len(clear) == 2:
        return "Both kinds of leaving changed"
    if by_kind.get("any", {}).get("verdict") in CLAIMED:
        return "Clear for all leavers together, not for one kind alone"
    return "No kind of leaving shows a clear change by itself"


def _at(rows: Sequence[Mapping[str, Any]], week: int) -> Mapping[str, Any] | None:
    """The last row of a curve up to a week of tenure."""
    return max((row for row in rows if row["tenure_week"] <= week), key=lambda row: row["tenure_week"], default=None)


def _level(rows: Sequence[Mapping[str, Any]], week: int) -> float:
    found = _at(rows, week)
    return 1.0 if found is None else float(found["survival"])


def _range(rows: Sequence[Mapping[str, Any]], week: int) -> tuple[float, float]:
    """The ends of a curve's range; everything where they are not known."""
    found = _at(rows, week)
    ends = (None, None) if found is None else (found["ci_low"], found["ci_high"])
    return (0.0 if ends[0] is None else float(ends[0])), (1.0 if ends[1] is None else float(ends[1]))


def _table(curves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per quarter of tenure and arm, and the last week of each arm."""
    rows: list[dict[str, Any]] = []
    for arm, name in ARM_NAMES.items():
        points = sorted((row for row in curves if row["arm"] == arm), key=lambda r: r["tenure_week"])
        for index, row in enumerate(points):
            if row["tenure_week"] % 13 == 0 or index in (0, len(points) - 1):
                rows.append({**row, "arm": name})
    return rows
