"""The ladder: from what slides show to what can be believed, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from analysis.estimators.registry import estimate
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.words.estimators import RECORDS, RUNGS


def ladder(panel: Panel, anticipation: int = 0, ci_level: float = 0.95) -> pl.DataFrame:
    """One estimate per rung, from the naive to the preferred.

    Parameters
    ----------
    panel : Panel
    anticipation : int
    ci_level : float

    Returns
    -------
    polars.DataFrame
        estimator, estimate, std_error, ci_low, ci_high, note. Not available is null, with the reason in the note.
    """
    return pl.DataFrame(rung_rows(panel, anticipation, ci_level)).with_columns(pl.col(pl.Float64).fill_nan(None))


def rung_rows(
    panel: Panel, anticipation: int, ci_level: float, known: Mapping[str, EffectEstimate] | None = None
) -> list[dict[str, Any]]:
    """The rows of :func:`ladder`, NaN where there is no number.

    Parameters
    ----------
    panel, anticipation, ci_level
        As there.
    known : mapping, optional
        Estimator to its estimate where there is one already; it is not made again.
    """
    panel = panel.without_always_trained()
    rows = []
    for name in RUNGS:
        overall = (known or {}).get(name)
        if overall is None:
            overall = estimate(panel, name, anticipation=anticipation, ci_level=ci_level).aggregate("simple").overall
        rows.append(
            {
                "estimator": name,
                "estimate": overall.estimate,
                "std_error": overall.std_error,
                "ci_low": overall.ci_low,
                "ci_high": overall.ci_high,
                "note": _lesson(name, overall.reason),
            }
        )
    return rows


def _lesson(name: str, reason: str | None) -> str:
    lesson = RECORDS[name].lesson
    return lesson if reason is None else f"{lesson} Not available: {reason}."
