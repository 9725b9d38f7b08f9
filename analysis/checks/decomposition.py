"""How much of the two-way fixed-effects coefficient comes from comparisons with agents already trained."""

from __future__ import annotations

import math

from analysis.checks.result import CheckResult, not_measured
from analysis.words.numbers import Reader

ID, LABEL = "decomposition", "Why not the usual regression"
LARGEST_SHARE = 0.10
"""The usual regression should not be quoted when its weight on already-trained comparisons is this large."""


def check(share: float | None, reader: Reader) -> CheckResult:
    """Weight of forbidden comparisons in the two-way fixed-effects number (Goodman-Bacon 2021).

    Parameters
    ----------
    share
        ``Bacon.forbidden_weight``; ``None`` when the decomposition cannot be made.
    reader
        Wording and number format of the sentence.

    Returns
    -------
    CheckResult
        For information: the headline does not use that regression. doi:10.1016/j.jeconom.2021.03.014.
    """
    if share is None:
        return not_measured(ID, LABEL, "The usual regression cannot be taken apart here: there is only one group.")
    if not math.isfinite(share):
        return not_measured(ID, LABEL, "The usual regression cannot be taken apart here.")
    percent = reader.number(100 * share, 0)
    words = (
        f"The usual regression takes {percent}% of its number from comparing with agents who were already trained; "
        "the headline takes none."
    )
    return CheckResult(ID, LABEL, "informational" if share > LARGEST_SHARE else "passed", share, LARGEST_SHARE, words)
