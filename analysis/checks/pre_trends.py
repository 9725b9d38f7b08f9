"""Were trained and untrained drifting apart before training, and could we have seen it?"""

from __future__ import annotations

from analysis.checks.leads import contrast, lead_keys
from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "pre_trends", "Same path before training"
MIN_LEADS = 4
"""Fewer weeks before training than this show no trend."""


def check(
    event: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    alarm_level: float = BLOCKING_LEVEL,
) -> CheckResult:
    """Linear drift over the weeks before training, with the power to see one that would matter.

    Parameters
    ----------
    event
        ``event_time`` aggregation of the headline estimator, leads included.
    kpi, reader
        For the words.
    smallest_effect
        Natural unit; a drift of half of it is large enough to fail.
    alarm_level
        Chance of a false alarm that is accepted.

    Returns
    -------
    CheckResult
        ``statistic`` is the drift over the leads in units of its error; ``threshold`` the t value at the alarm level.
        Failed when beyond it and at least half the smallest effect; informational when a drift as large as the
        smallest effect could not have been seen (power below 0.8).

    Notes
    -----
    A passed test is weak evidence (Roth 2022, doi:10.1257/aeri.20210236): hence the power, and hence ``sensitivity``.
    """
    keys = lead_keys(event)
    if keys.size < MIN_LEADS:
        few = f"Only {keys.size} usable weeks" if keys.size else "No usable weeks"
        return not_measured(ID, LABEL, f"{few} before training in this comparison: too few to see a drift.")
    centred = keys - keys.mean()
    span = float(keys.max() - keys.min())
    weights = span * centred / float(centred @ centred)
    drift = contrast(event, dict(zip(keys.tolist(), weights.tolist(), strict=True)), alarm_level)
    weeks, seen = round(span) + 1, reader.size(drift.detectable, kpi)
    return drift.result(
        ID,
        LABEL,
        smallest_effect,
        {
            "failed": "Trained and untrained agents were already drifting apart before training: by "
            f"{drift.size(kpi, reader)} in {weeks} weeks.",
            "informational": f"No drift was seen in the {weeks} weeks before training, but one of up to {seen} could "
            "have hidden in the noise.",
            "passed": f"Trained and untrained moved together in the {weeks} weeks before training; a drift of {seen} "
            "would have been seen.",
        },
    )
