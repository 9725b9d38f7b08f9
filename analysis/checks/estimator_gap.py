"""Do two estimators that use different weeks before training agree?"""

from __future__ import annotations

import math

import numpy as np

from analysis.checks.result import ALARM_LEVEL, CheckResult, not_measured, t_quantile, t_statistic
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "estimator_gap", "A second opinion agrees"


def check(
    headline: Aggregation,
    second: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    same_rule: bool = False,
) -> CheckResult:
    """Compare the headline with the second estimator, relative to the standard error of their difference.

    Parameters
    ----------
    headline, second
        ``simple`` aggregations of two estimators on the same panel.
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit.
    same_rule
        Whether the headline compares with agents picked by the same rule while the second estimator compares with
        everybody. The two then differ by the picked agents' regression to the mean, which is no disagreement.

    Returns
    -------
    CheckResult
        Informational with ``same_rule``. Otherwise failed when the gap is at least half the smallest effect and
        significant at 0.01. It never blocks a verdict.
    """
    one, two = headline.overall, second.overall
    if not (one.available and two.available):
        return not_measured(ID, LABEL, "There is no second opinion here.")
    gap = one.estimate - two.estimate
    same = headline.overall_influence.shape == second.overall_influence.shape
    psi = headline.overall_influence - second.overall_influence if same else None
    error = float(np.sqrt(np.nansum(psi**2))) if psi is not None else math.hypot(one.std_error, two.std_error)
    threshold = t_quantile(1 - ALARM_LEVEL / 2, one.df)
    statistic = t_statistic(gap, error)
    other = reader.change(two.estimate, kpi, two.ci_low, two.ci_high)
    if same_rule:
        words = (
            f"Against everybody not trained yet the answer would be {other}. The picked regain part of that by "
            "themselves, so it is shown and not believed."
        )
        return CheckResult(ID, LABEL, "informational", statistic, threshold, words)
    if statistic > threshold and abs(gap) >= smallest_effect / 2:
        size = reader.size(gap, kpi, gap - 1.96 * error, gap + 1.96 * error)
        return CheckResult(
            ID,
            LABEL,
            "failed",
            statistic,
            threshold,
            f"The second opinion says {other}: {size} away, more than the noise explains. The two lean on different "
            "weeks before training.",
        )
    beside = "which agrees within the noise" if statistic <= threshold else "a distance too small to matter"
    return CheckResult(ID, LABEL, "passed", statistic, threshold, f"The second opinion says {other}, {beside}.")
