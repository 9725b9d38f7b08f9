"""Result tables of a selection as readers of a shared dashboard see them: numbers as precise as they may be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.errors import PanelError
from analysis.study.result_tables import STUDY_TABLES, table
from analysis.words.change import Change, reworded
from dashboard.data.answering_told import who_answers_as_told
from dashboard.data.compared import comparison_of
from dashboard.data.published import observed
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
    """A table of estimates as readers of a shared dashboard see it: in steps, and so are counts.

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
    told = coarse(told, minimum)
    of_agents = setting.design.cluster == "agent"
    return without_count_of_clusters(told, minimum, setting.ci_level) if of_agents else told


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
