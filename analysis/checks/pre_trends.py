"""Did trained and untrained agents drift apart before training, and could such a drift have been detected?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.checks.leads import contrast, lead_keys
from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "pre_trends", "Same path before training"
_SEVERITY = ("failed", "informational", "passed")
MIN_LEADS = 4
"""Weeks before training needed to test for a trend."""
ONE_SIDED = 0.75
"""When at least this share of the weeks before training lies on one side of zero, the sentence says so instead of "no
drift"."""


def check(
    event: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    alarm_level: float = BLOCKING_LEVEL,
) -> CheckResult:
    """Test the leads for a linear drift and for a mean different from zero, and report the power of the test.

    Parameters
    ----------
    event
        ``event_time`` aggregation of the headline estimator, leads included.
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit; a drift of half of it is large enough to fail.
    alarm_level
        Significance level of the check.

    Returns
    -------
    CheckResult
        ``statistic`` is the larger t value of drift and mean; ``threshold`` the critical value at half the level.
        Failed when above it and at least half the smallest effect; informational when a drift as large as the smallest
        effect could not be detected (power below 0.8).

    Notes
    -----
    A passed test is weak evidence (Roth 2022, doi:10.1257/aeri.20210236): so the sentence reports power, and
    ``sensitivity`` allows for drift.
    """
    keys = lead_keys(event)
    if keys.size < MIN_LEADS:
        few = f"Only {keys.size} usable weeks" if keys.size else "No usable weeks"
        return not_measured(ID, LABEL, f"{few} before training in this comparison: too few to see a drift.")
    halved = alarm_level / 2  # two contrasts of the same leads: Bonferroni
    centred = keys - keys.mean()
    span = float(keys.max() - keys.min())
    slope = span * centred / float(centred @ centred)
    drift = contrast(event, dict(zip(keys.tolist(), slope.tolist(), strict=True)), halved)
    level = contrast(event, dict.fromkeys(keys.tolist(), 1.0 / keys.size), halved)
    weeks, seen = round(span) + 1, reader.size(max(drift.detectable, level.detectable), kpi)
    status = min((drift.status(smallest_effect), level.status(smallest_effect)), key=_SEVERITY.index)
    if drift.status(smallest_effect) == "failed":
        words = (
            "Trained and untrained agents were already drifting apart before training: by "
            f"{drift.size(kpi, reader)} in {weeks} weeks."
        )
    elif status == "failed":
        words = (
            f"Over the {weeks} weeks before training taken together, trained agents already stood "
            f"{level.size(kpi, reader)} off the path of the others, compared with longer before."
        )
    else:
        quiet = _one_sided(event, keys, level.size(kpi, reader))
        if status == "informational":
            none = quiet or f"No drift was seen in the {weeks} weeks before training"
            words = f"{none}, but one of up to {seen} could have hidden in the noise."
        else:
            none = quiet or f"Trained and untrained moved together in the {weeks} weeks before training"
            words = f"{none}; a drift of {seen} would have been seen."
    statistic = max(abs(drift.t_value), abs(level.t_value))
    return CheckResult(ID, LABEL, status, statistic, drift.alarm, words)


def _one_sided(event: Aggregation, keys: NDArray[np.int64], size: str) -> str:
    """Words for leads that mostly lie on one side of zero, and by how much; empty where they do not."""
    known = np.isin(np.asarray(event.columns["key"]), keys)
    leads = np.asarray(event.columns["estimate"])[known]
    above, below = int((leads > 0).sum()), int((leads < 0).sum())
    if max(above, below) < ONE_SIDED * leads.size:
        return ""
    side = "above" if above > below else "below"
    most = f"{max(above, below)} of the {leads.size} weeks before training lie {side} no change"
    return f"{most}, by {size} on average: no more than noise makes"
