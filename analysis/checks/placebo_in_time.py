"""Placebo in time: is an effect found in weeks before training, where there can be none?"""

from __future__ import annotations

from analysis.checks.leads import contrast, lead_keys
from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured
from analysis.checks.selection_dip import DIP_WEEKS
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

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
    """Mean lead over weeks before both training and the selection window, relative to earlier weeks.

    Parameters
    ----------
    event
        ``event_time`` aggregation of the imputation estimator.
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit.
    alarm_level
        Significance level of the check.

    Returns
    -------
    CheckResult
        Failed when a significant effect of at least half the smallest effect is found there.
    """
    keys = [k for k in lead_keys(event).tolist() if k < -DIP_WEEKS]
    if len(keys) < MIN_LEADS:
        return not_measured(ID, LABEL, "Too few weeks before training to pretend that it came earlier.")
    fake = contrast(event, dict.fromkeys(keys, 1.0 / len(keys)), alarm_level)
    when = f"{-keys[0]} to {-keys[-1]} weeks before training"
    return fake.result(
        ID,
        LABEL,
        smallest_effect,
        {
            "failed": f"An effect of {fake.size(kpi, reader)} appears {when}, when there was nothing to have one: the "
            "comparison is off.",
            "informational": f"Nothing was found {when}, but up to {reader.size(fake.detectable, kpi)} could have "
            "hidden in the noise.",
            "passed": f"Pretending that training came {when} finds nothing.",
        },
    )
