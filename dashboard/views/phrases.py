"""View model of phrases on the skills page: changes by rule, what to say instead, agreement with evaluations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from analysis.words.numbers import Reader, decimals_for
from analysis.words.verdict import CLAIMED
from dashboard.views.verdicts import Effect
from etl.conversations.rules import Rule, languages, load_rules
from etl.errors import EmpathyError

MOST_RULES, MOST_TRIGGERS = 12, 8
NO_CHANGE = "too few contacts or teams"
"""Rows shown; the download has all."""
MEASURED = {
    "paraphrase": "the customer's words given back",
    "customer_name": "the customer's name",
}
"""Measures that are no rule, as they are shown."""
STATES = {
    "agree": "compared",
    "weak": "size cannot be said",
    "differ": "mean something else after training",
    "not_compared": "not compared",
}
"""State of ``result.heard`` in words."""


@cache
def known_rules() -> Mapping[str, Rule]:
    """Every rule of every language that can be read, by its id."""
    found: dict[str, Rule] = {}
    for language in languages():
        try:
            found |= {rule.id: rule for rule in load_rules(language).rules}
        except EmpathyError:  # a build with such rules stops; the page shows what it has
            continue
    return found


def example(rule: str) -> str:
    """What a rule hears, by its own first example; its id where it is not known here."""
    if rule in MEASURED:
        return MEASURED[rule]
    known = known_rules().get(rule)
    return f"“{known.examples[0]}”" if known else rule


def say_instead(rule: str) -> str:
    """What to say in place of a phrase that breaks a skill."""
    known = known_rules().get(rule)
    return known.say_instead if known and known.say_instead else "–"


def rule_rows(rules: pl.DataFrame, labels: Mapping[str, str], reader: Reader) -> list[dict[str, Any]]:
    """Rules by how much of a change they carry: claimed ones first, then by size."""
    rows = [_row(row, labels, reader) for row in rules.iter_rows(named=True)]
    return sorted(rows, key=lambda row: (not row["claimed"], -row["size"]))


def _row(row: Mapping[str, Any], labels: Mapping[str, str], reader: Reader) -> dict[str, Any]:
    known = None not in (row["estimate"], row["ci_low"], row["ci_high"])
    mark = "●" if row["claimed"] else "◌"
    return {
        "phrase": example(row["rule"]),
        "rule": row["rule"],
        "skill": labels.get(row["skill"], row["skill"].replace("_", " ").capitalize()),
        "before": _share(row["before"], reader),
        "after": _share(row["after"], reader),
        "untrained": _share(row["untrained"], reader),
        "change": f"{mark} {_points(row['estimate'], reader)}" if known else NO_CHANGE,
        "range": f"{_points(row['ci_low'], reader)} to {_points(row['ci_high'], reader)}" if known else "–",
        "instead": say_instead(row["rule"]),
        "contacts": int(row["n_contacts"] or 0),
        "claimed": bool(row["claimed"]),
        "size": abs(row["estimate"]) if known else -1.0,
    }


def _share(value: float | None, reader: Reader) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{reader.number(100 * value, 1)}%"


def _points(value: float, reader: Reader, places: int = 1) -> str:
    words = reader.number(100 * value, places)
    return f"+{words}" if value > 0 and words.strip("0.,") else words


def rules_title(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many phrases clearly moved, with the one of the largest estimate."""
    claimed = [row for row in rows if row["claimed"]]
    if not claimed:
        return "No single phrase clearly carries a change"
    count = f"{len(claimed)} {'phrase' if len(claimed) == 1 else 'phrases'} clearly moved"
    return f"{count}: {claimed[0]['phrase']}" if len(claimed) == 1 else f"{count}, such as {claimed[0]['phrase']}"


def heard_title(effects: Mapping[str, Effect]) -> str:
    """What became of phrases, counted as phrases."""
    known = [item for item in effects.values() if item.available]
    clear = [item for item in known if item.verdict.state in CLAIMED]
    if not known:
        return "Whether phrases moved cannot be said"
    return f"{len(clear)} of {len(known)} measures of phrases heard clearly moved"


def heard_rows(
    heard: pl.DataFrame, effects: Mapping[str, Effect], scored: Mapping[str, Effect], reader: Reader
) -> list[dict[str, Any]]:
    """One row per measure of phrases: as counted, as a change of the skill, and the evaluations beside it.

    Parameters
    ----------
    heard : DataFrame
        Columns of ``result.heard``.
    effects : mapping
        Measures of phrases by KPI.
    scored : mapping
        Skills by KPI, as evaluations score them.
    reader : Reader
    """
    by_kpi = {row["kpi"]: row for row in heard.iter_rows(named=True)}
    return [_measure(item, by_kpi.get(name), scored, reader) for name, item in effects.items()]


def _measure(
    item: Effect, row: Mapping[str, Any] | None, scored: Mapping[str, Effect], reader: Reader
) -> dict[str, Any]:
    told = {
        "measure": item.kpi.label,
        "change": f"{item.verdict.mark} {item.change}" if item.available else item.verdict.label,
        "range": item.span or "–",
        "corrected": "–",
        "level": "phrases heard only",
        "agreement": "never evaluated",
        "agrees": "–",
    }
    if row is None:
        return told
    told["agreement"] = STATES.get(row["state"], str(row["state"]))
    if row["kappa"] is not None:
        right, wrong = (reader.number(100 * share, 0) for share in (row["sensitivity"], 1 - row["specificity"]))
        told["agreement"] += (
            f": hears {right}% of what is shown, {wrong}% of what is not; kappa {reader.number(row['kappa'], 2)}"
        )
    if row["corrected"] is not None:
        half = 50 * (row["corrected_high"] - row["corrected_low"])
        ends = [_points(row[f"corrected{end}"], reader, max(0, decimals_for(half))) for end in ("", "_low", "_high")]
        told["corrected"] = f"{ends[0]} points ({ends[1]} to {ends[2]})"
    if row["level"] is not None and row["state"] in ("agree", "weak"):
        ends = [_share(row[f"level{end}"], reader) for end in ("", "_low", "_high")]
        told["level"] = f"{ends[0]} ({ends[1]} to {ends[2]})"
    told["agrees"] = beside(item, scored.get(row["skill"]))
    return told


def beside(heard: Effect, score: Effect | None) -> str:
    """Whether phrases and evaluations moved the same way."""
    if score is None or not score.available or not heard.available:
        return "cannot be said"
    sure = [item.verdict.state in CLAIMED for item in (heard, score)]
    same = (heard.sign * heard.estimate > 0) == (score.sign * score.estimate > 0)
    if all(sure):
        return "yes, both clearly" if same else "no: they went apart"
    if not any(sure):
        return "neither is clear"
    return "the same way, one clearly" if same else "one clearly, the other the other way"
