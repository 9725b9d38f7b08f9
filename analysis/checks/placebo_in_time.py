"""Pretend training came earlier: is an effect found where there can be none?"""

from __future__ import annotations

from analysis.checks.leads import contrast, lead_keys
from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured
from analysis.checks.selection_dip import DIP_WEEKS
from analysis.results import Aggregation
from analysis.units import Reader, Wording

ID, LABEL = "placebo_in_time", "Nothing found before there was anything"
MIN_LEADS = 3


def check(
    event: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    alarm_level: float = BLOCKING_LEVEL,
) -> CheckResult:
    """Mean lead over weeks that are before training and before the selection window, against the distant past.

    Parameters
    ----------
    event
        ``event_time`` aggregation of the imputation estimator.
    kpi, reader
        For the words.
    smallest_effect
        Natural unit.
    alarm_level
        Chance of a false alarm that is accepted.

    Returns
    -------
    CheckResult
        Failed when an effect of at least half the smallest effect is found there beyond luck.
    """
    keys = [k for k in lead_keys(event).tolist() if k < -DIP_WEEKS]
    if len(keys) < MIN_LEADS:
        return not_measured(ID, LABEL, "Too few weeks before training to pretend that it came earlier.")
    fake = contrast(event, dict.fromkeys(keys, 1.0 / len(keys)), alarm_level)
    half = 1.96 * fake.std_error
    size = reader.size(fake.value, kpi, fake.value - half, fake.value + half)
    statistic, threshold = abs(fake.t_value), fake.alarm
    when = f"{-keys[0]} to {-keys[-1]} weeks before training"
    if statistic > threshold and abs(fake.value) >= smallest_effect / 2:
        return CheckResult(
            ID,
            LABEL,
            "failed",
            statistic,
            threshold,
            f"An effect of {size} appears {when}, when there was nothing to have one: the comparison is off.",
        )
    if fake.detectable > smallest_effect:
        return CheckResult(
            ID,
            LABEL,
            "informational",
            statistic,
            threshold,
            f"Nothing was found {when}, but up to {reader.size(fake.detectable, kpi)} could have hidden in the noise.",
        )
    return CheckResult(
        ID, LABEL, "passed", statistic, threshold, f"Pretending that training came {when} finds nothing."
    )
