"""How every column of the tables of estimates is told to readers of a shared dashboard; what is not named is not told.

A column that is worked out from exact estimates (weeks until it could be told, a ratio, a second unit) undoes the
rounding of the estimate that stands beside it. So each column is named here with how it is told, and one that nobody
has named is blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl

How = Literal["as it is", "in steps", "worked out again", "level", "volumes", "counted", "words", "digits"]
"""
as it is
    Names, settings and decisions: a verdict is that of the exact numbers.
in steps
    By :func:`dashboard.privacy.imprecision.imprecise`.
worked out again
    From numbers that are told, by the function that the product uses.
level
    Exact: the sum by which cells were chosen (:func:`dashboard.data.published_estimates.levels_beside`).
volumes
    Follows from who was trained when and from volumes alone.
counted
    By :func:`dashboard.privacy.redaction.coarse`; clusters too, where they are agents.
words
    Numbers in them are written again, or counted coarsely.
digits
    Two digits: of everybody together.
"""

DIGITS = 2
"""Digits of numbers of everybody alone."""
_ENDS = ("", "_low", "_high")

COLUMNS: Mapping[str, How] = {
    **dict.fromkeys(("kpi", "slice_kind", "slice_value", "estimator", "role", "estimand", "control"), "as it is"),
    **dict.fromkeys(("ci_level", "smallest_effect", "unit", "better", "position", "event_time", "cohort"), "as it is"),
    **dict.fromkeys(("verdict", "believed", "check", "status", "state"), "as it is"),
    **dict.fromkeys(("estimate", "std_error", "ci_low", "ci_high", "band_low", "band_high"), "in steps"),
    "weeks_to_know": "worked out again",
    "baseline": "level",
    "df": "volumes",
    **dict.fromkeys(("n_contacts", "n_agents", "n_trained_agents", "n_clusters", "n_trained_clusters"), "counted"),
    **dict.fromkeys(("n_exposed_agents", "n_exposed_teams"), "counted"),
    **dict.fromkeys(("sentence", "reason", "note", "label"), "words"),
    # What is told of everybody alone beside an estimate: who left, team-mates, the course of the effect.
    **dict.fromkeys(("hazard_ratio", "excess_share", "naive", "mates_trained", "size", "weeks"), "digits"),
    **dict.fromkeys(("bound_low", "bound_high"), "digits"),
    **{f"{name}{end}": "digits" for name in ("weighted", "direct", "per_ten", "as_run", "everybody") for end in _ENDS},
    **{f"{name}{end}": "digits" for name in ("ramp", "half_life", "floor") for end in _ENDS},
}
"""Columns of ``effect``, ``event_time``, ``cohort_effect``, ``ladder``, ``check`` and the tables of everybody alone."""


def as_declared(rows: pl.DataFrame) -> pl.DataFrame:
    """A table of estimates whose numbers are told already, the others to two digits, and what is not named blank.

    Parameters
    ----------
    rows : DataFrame

    Examples
    --------
    >>> as_declared(pl.DataFrame({"kpi": ["a"], "half_life": [1.2345], "t_ratio": [2.3456]})).row(0)
    ('a', 1.2, None)
    """
    unknown = [pl.lit(None, kind).alias(name) for name, kind in rows.schema.items() if name not in COLUMNS]
    digits = [
        pl.col(name).round_sig_figs(DIGITS)
        for name, kind in rows.schema.items()
        if COLUMNS.get(name) == "digits" and kind.is_float()
    ]
    return rows.with_columns(*unknown, *digits)
