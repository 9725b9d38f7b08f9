"""Checks of an estimate as readers of a shared dashboard are told them: in words, without a number.

A check compares what no cell was chosen for: agents of other weeks, with other weights, a part of a wave. Its numbers
would have to be looked at one by one, beside all others, to say that they are about enough agents. So no statistic, no
threshold and no number in a sentence is told. The sentences that are stand in :mod:`analysis.words.checks`, and a check
that is not named there is told by its status alone. Verdicts that give a failed check as their reason quote the same.
"""

from __future__ import annotations

import polars as pl

from analysis.checks import short_histories
from analysis.words.change import lower_first
from analysis.words.checks import without_numbers
from analysis.words.survivors import without_bounds

NOT_TOLD = (short_histories.ID,)
"""Checks of which not even the status is told: that there is one says that few agents weigh much."""
NUMBERS = ("statistic", "threshold")


def checks_as_told(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.check`` without numbers.

    Parameters
    ----------
    rows : DataFrame
        As estimated.

    Examples
    --------
    >>> row = {"check": "balance", "status": "passed", "statistic": 0.09, "threshold": 0.25, "sentence": "It was 0.09."}
    >>> checks_as_told(pl.DataFrame([row])).row(0)[2:]
    (None, None, 'Before training the trained were like the others, in level and in how much they had to do.')
    """
    if rows.is_empty() or "check" not in rows.columns:
        return rows
    told = rows.with_columns(pl.Series("sentence", [said for _, said in _said(rows)], dtype=pl.String))
    blank = [pl.lit(None, pl.Float64).alias(name) for name in NUMBERS if name in rows.columns]
    return told.with_columns(blank).filter(~pl.col("check").is_in(NOT_TOLD))


def reasons_as_told(effects: pl.DataFrame, checks: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.effect`` whose verdicts quote checks as these are told, and give no bounds for leaving.

    Parameters
    ----------
    effects : DataFrame
        As estimated.
    checks : DataFrame
        Rows of ``result.check`` as estimated.
    """
    names = [name for name in ("sentence", "reason") if name in effects.columns]
    pairs = _said(checks) if "check" in checks.columns else []
    pairs += [(lower_first(exact), lower_first(said)) for exact, said in pairs]
    for exact, said in ((exact, said) for exact, said in pairs if exact and exact != said):
        effects = effects.with_columns(pl.col(name).str.replace_all(exact, said, literal=True) for name in names)
    return effects.with_columns(pl.col(name).map_elements(without_bounds, pl.String) for name in names)


def _said(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Every check's own sentence, and the one that is told."""
    return [
        (
            row["sentence"] or "",
            without_numbers(
                row["check"],
                row["status"] or "",
                row["sentence"] or "",
                measured=(statistic := row.get("statistic")) is not None and statistic == statistic,
            ),
        )
        for row in rows.iter_rows(named=True)
    ]
