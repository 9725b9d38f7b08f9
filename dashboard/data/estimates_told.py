"""Result tables of a selection as readers of a shared dashboard see them: numbers as precise as they may be known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.errors import PanelError
from analysis.planning.waiting_time import weeks_to_decide
from analysis.study.result_tables import STUDY_TABLES, table
from analysis.words.change import Change, reworded
from analysis.words.verdict import settles, waiting, whole_weeks
from dashboard.data.answering_told import who_answers_as_told
from dashboard.data.compared import comparison_of
from dashboard.data.published import observed
from dashboard.data.published_estimates import levels_beside
from dashboard.privacy.columns import DIGITS, as_declared
from dashboard.privacy.imprecision import STEPS, STEPS_BY_WEEK, imprecise
from dashboard.privacy.redaction import coarse, without_count_of_clusters
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries


def withheld_study(queries: Queries, kpi: str, filters: Filters) -> dict[str, pl.DataFrame] | None:
    """What readers are told of a selection whose estimates are not: the same whatever there is; None where they are.

    Nothing is estimated for it, so neither the tables that could be made nor the time that takes tell of few agents.
    A KPI that was observed nowhere is left to be said to be so.

    Raises
    ------
    KeyError
        When the configuration leaves the KPI out.
    """
    entry = queries.settings.catalogue[kpi]
    if entry.hidden:  # left out of every list, and so of addresses
        raise KeyError(kpi)
    if queries.publishes(kpi, filters):
        return None
    try:
        if not observed(queries, kpi).rows.size:
            return None
    except PanelError:
        pass
    few = "was observed for too few agents of this selection, or has too few to compare with, to be published."
    words = f"{entry.label} {few}"
    row = {"kpi": kpi, "role": "headline", "estimator": "", "verdict": "cant_tell_yet", "reason": words}
    row |= {"sentence": f"We can't tell: {words}", "unit": entry.unit, "better": entry.better}
    return {name: table(name, [row] if name == "effect" else []) for name in STUDY_TABLES}


def as_told(queries: Queries, kpi: str, filters: Filters, rows: pl.DataFrame) -> pl.DataFrame:
    """A table of estimates as readers of a shared dashboard see it, column by column as declared.

    Estimates are in steps, and so are counts; what follows from an estimate is worked out again from the one told
    (:data:`dashboard.privacy.columns.COLUMNS`).

    Parameters
    ----------
    queries : Queries
    kpi : str
        What the estimates are of.
    filters : Filters
        The selection that they are of.
    rows : DataFrame
        With exact counts.
    """
    minimum, setting = queries.settings.min_group, queries.setting()
    matters = abs(queries.settings.catalogue[kpi].smallest_effect)
    steps = STEPS_BY_WEEK if "event_time" in rows.columns else STEPS
    told = imprecise(rows, _fewest(queries, kpi, filters, rows), minimum, matters, steps)
    if "sentence" in rows.columns and "smallest_effect" in rows.columns:
        said = [_sentence(queries, kpi, *pair) for pair in zip(rows.to_dicts(), told.to_dicts(), strict=True)]
        told = told.with_columns(pl.Series("sentence", said, dtype=pl.String))
    if setting.design.cluster == "agent":
        told = without_count_of_clusters(told, minimum, setting.ci_level)
    if "weeks_to_know" in told.columns:
        told = waiting_as_told(rows, told)
    if "baseline" in told.columns:
        told = told.with_columns(pl.lit(_baseline(queries, kpi, filters, told), pl.Float64).alias("baseline"))
    return as_declared(coarse(told, minimum))


def _baseline(queries: Queries, kpi: str, filters: Filters, rows: pl.DataFrame) -> float | None:
    """The level before training by which cells were chosen; of leaving, which has no such cells, to two digits."""
    exact = rows["baseline"].drop_nulls()
    if exact.is_empty():
        return None
    try:
        observed(queries, kpi)
    except PanelError:
        return float(exact.round_sig_figs(DIGITS)[0])
    beside = levels_beside(queries, kpi, filters)
    few = beside.n_agents < queries.settings.min_group or not math.isfinite(beside.baseline)
    return None if few else beside.baseline


def waiting_as_told(exact: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.effect`` with the weeks until it could be told that follow from the estimate that is told.

    The exact weeks are a function of the exact estimate over its error, so of what rounding takes away. Weeks are
    whole ones, in the column as in words; where the version does not keep what they follow from, none are told.

    Parameters
    ----------
    exact, told : DataFrame
        The same rows, with the exact numbers and with those told.
    """
    weeks, texts = [], dict[str, list[str | None]]()
    words = [name for name in ("sentence", "reason") if name in told.columns]
    for row, new in zip(exact.iter_rows(named=True), told.iter_rows(named=True), strict=True):
        old = waiting(math.inf if row["weeks_to_know"] is None else row["weeks_to_know"])
        waits = any(old in (row[name] or "") for name in words)
        found = _weeks(row, new) if waits else math.nan
        weeks.append(float(whole_weeks(found)) if settles(found) else None)
        said = "" if math.isnan(found) else waiting(found)
        for name in words:
            text = new[name]
            texts.setdefault(name, []).append(text if text is None else text.replace(old, said).strip())
    return told.with_columns(
        pl.Series("weeks_to_know", weeks, dtype=pl.Float64),
        *(pl.Series(name, values, dtype=pl.String) for name, values in texts.items()),
    )


def _weeks(exact: Mapping[str, Any], told: Mapping[str, Any]) -> float:
    if any(exact.get(name) is None for name in ("n_tested", "post_weeks", "pre_weeks")):
        return math.nan
    if told["estimate"] is None or told["std_error"] is None:
        return math.nan
    return weeks_to_decide(
        told["estimate"],
        told["std_error"],
        told["smallest_effect"],
        math.inf if told["df"] is None else told["df"],
        ci_level=told["ci_level"],
        n_tested=exact["n_tested"],
        post_weeks=exact["post_weeks"],
        pre_weeks=exact["pre_weeks"],
    )


def _fewest(queries: Queries, kpi: str, filters: Filters, rows: pl.DataFrame) -> list[float]:
    """Agents on the smaller side of each estimate: of its week from training, or its wave, where it is of one.

    A wave has the steps of the selection that is this wave, since both estimates are the same number.
    """
    whole, by_week = comparison_of(queries, kpi, filters)
    found = [whole.fewest] * rows.height
    if "event_time" in rows.columns:
        found = [by_week.get(week, whole).fewest for week in rows["event_time"].fill_null(NO_WEEK).to_list()]
    if "cohort" in rows.columns:
        waves = [replace(filters, cohort=(str(wave)[:10],)) for wave in rows["cohort"].to_list()]
        found = [comparison_of(queries, kpi, wave)[0].fewest for wave in waves]
    for name in {"cohort", "n_trained_agents"} & set(rows.columns):
        n = rows["n_agents" if name == "cohort" else name].to_list()
        found = [fewest if count is None else min(fewest, count) for fewest, count in zip(found, n, strict=True)]
    return found


NO_WEEK = -(10**6)
"""Stands for an estimate that is of no single week from training."""


def _sentence(queries: Queries, kpi: str, exact: Mapping[str, Any], told: Mapping[str, Any]) -> str | None:
    text: str | None = exact["sentence"]
    if not text or exact["estimate"] is None or exact["ci_low"] is None or exact["ci_high"] is None:
        return text
    entry = queries.settings.catalogue[kpi]
    said, new = (
        Change(
            entry,
            queries.settings.reader,
            row["estimate"],
            row["ci_low"],
            row["ci_high"],
            abs(entry.smallest_effect),
            entry.role == "guardrail",
        )
        for row in (exact, told)
    )
    return reworded(text, said, new)


def tables_as_told(
    queries: Queries, kpi: str, filters: Filters, shown: Mapping[str, pl.DataFrame], names: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Tables of one selection as readers of a shared dashboard see them; those not named have no rows.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
        The selection.
    shown : mapping of str to DataFrame
        With exact numbers.
    names : sequence of str
        Of the tables that are told.
    """
    told = {
        name: as_told(queries, kpi, filters, rows) if name in names else rows.clear() for name, rows in shown.items()
    }
    if "effect" in told:
        told["effect"] = who_answers_as_told(queries, kpi, filters, told["effect"])
    return told
