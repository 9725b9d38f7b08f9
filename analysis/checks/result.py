"""The result type shared by all checks, and their significance levels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl
from scipy.special import stdtrit

from analysis.words.verdict import BLOCKING_CHECKS

Status = Literal["passed", "failed", "informational"]
ALARM_LEVEL = 0.01
"""Significance level over all checks of one KPI of the whole programme."""
BLOCKING_LEVEL = ALARM_LEVEL / len(BLOCKING_CHECKS)
"""Level of each check that blocks a KPI (Bonferroni): with thirty KPIs and five such checks at 1% each, at least one
KPI of a valid comparison would usually be blocked by chance."""
SLICE_ALARM_LEVEL = 0.001
"""Level for slices, of which there are hundreds."""
POWER = 0.80


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t (``scipy.stats.t.ppf`` without its half millisecond of argument checks)."""
    return float(stdtrit(max(df, 1.0), probability))


def t_statistic(value: float, std_error: float) -> float:
    """Absolute value over standard error; with a standard error of zero infinite, or zero where the value is zero
    too."""
    if std_error > 0:
        return abs(value / std_error)
    return math.inf if abs(value) > 0 else 0.0


@dataclass(frozen=True)
class CheckResult:
    """One diagnostic's outcome.

    Attributes
    ----------
    check
        Id, the name of the module.
    label
        Title shown on the page.
    status
        ``passed``; ``failed``: the comparison is in doubt; ``informational``: no objection, or too few data to tell.
    statistic, threshold
        The measured value and the value at which the check fails; NaN when it could not be measured.
    sentence
        The result in plain words, with units.
    """

    check: str
    label: str
    status: Status
    statistic: float
    threshold: float
    sentence: str


SCHEMA: dict[str, type[pl.DataType]] = {
    "check": pl.String,
    "label": pl.String,
    "status": pl.String,
    "statistic": pl.Float64,
    "threshold": pl.Float64,
    "sentence": pl.String,
}


def frame(results: Iterable[CheckResult]) -> pl.DataFrame:
    """Rows of ``result.check`` without the slice columns."""
    rows = [(r.check, r.label, r.status, r.statistic, r.threshold, r.sentence) for r in results]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def not_measured(check: str, label: str, why: str) -> CheckResult:
    """Result of a check that cannot be computed from these data: informational, with the reason."""
    return CheckResult(check, label, "informational", math.nan, math.nan, why)
