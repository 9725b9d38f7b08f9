"""The ladder: estimates from the naive to the preferred, side by side."""

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

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, ladder
    >>> starts = {0: 3, 1: 3, 2: 5, 3: 5, 4: None, 5: None, 6: None}
    >>> rows = [
    ...     {"agent": a, "week": w, "start": s, "y": a + w % 3 + (a * w) % 5 / 10 + (2.0 if s and w >= s else 0.0)}
    ...     for a, s in starts.items()
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(pl.DataFrame(rows), "agent", "week", "start", "y")
    >>> ladder(panel).select("estimator", pl.col("estimate").round(1)).rows()
    [('before_after', 1.5), ('trained_vs_untrained', -1.5), ('twfe', 2.0), ('group_time', 2.0), ('imputation', 2.0)]
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
        Estimator to its estimate, where already computed.
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
