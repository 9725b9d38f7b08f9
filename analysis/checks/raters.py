"""Did the skill rise, or did its measurement change (raters, form, knowledge of who was trained)?"""

from __future__ import annotations

import math

import numpy as np

from analysis.checks.result import BLOCKING_LEVEL, CheckResult, Status, not_measured, t_quantile, t_statistic
from analysis.effects.skills import Skill
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "raters", "Scored by the same measure"


def check(
    skill: Skill | None, plain: Aggregation, corrected: Aggregation | None, kpi: Wording, small: float, reader: Reader
) -> CheckResult:
    """Compare the effect on raw scores with that on corrected scores, and the raters with each other.

    Parameters
    ----------
    skill
        The skill with its raters; ``None`` where single evaluations are not kept.
    plain, corrected
        Average effects on raw scores and on scores corrected for rater and form, same clusters.
    kpi
        Names and unit of the skill.
    small
        Smallest effect that matters.
    reader
        Locale.

    Returns
    -------
    CheckResult
        Failed when raters differ significantly, and by at least half the smallest effect, in how much higher they score
        trained agents; or when the correction changes the effect by that much, significantly.
    """
    if skill is None or corrected is None:
        return not_measured(ID, LABEL, "Single evaluations are not kept, so raters cannot be compared.")
    model, leak = skill.model, skill.leak
    if model.raters.size < 2:
        return not_measured(
            ID, LABEL, "One rater scored everybody, so nothing shows whether the measure stayed the same: add a second."
        )
    limit = t_quantile(1 - BLOCKING_LEVEL / 2, plain.overall.df)
    told = f"{model.raters.size} raters" + (f" and {model.forms.size} forms" if model.forms.size > 1 else "")

    def answer(status: Status, statistic: float, sentence: str) -> CheckResult:
        return CheckResult(ID, LABEL, status, statistic, limit, sentence)

    apart = math.nan
    if leak.n_raters >= 2:
        apart = float(t_quantile(1 - max(leak.p_value, 1e-15) / 2, plain.overall.df))
        if apart > limit and leak.spread >= small / 2:
            size = reader.size(leak.spread, kpi)
            return answer(
                "failed",
                apart,
                f"Raters differ in how much higher they score the trained: one rater in three is more than {size} away "
                "from the others. Some may know who was trained; have contacts scored without the agent's name.",
            )
    gap = corrected.overall.estimate - plain.overall.estimate
    error = float(np.sqrt(np.sum((corrected.overall_influence - plain.overall_influence) ** 2)))
    moved = t_statistic(gap, error)
    if moved > limit and abs(gap) >= small / 2:
        changes = [reader.change(found.overall.estimate, kpi) for found in (corrected, plain)]
        return answer(
            "failed",
            moved,
            f"Corrected for who scored and on which form, the effect is {changes[0]} instead of {changes[1]}: who was "
            "scored by whom changed with training.",
        )
    if leak.n_raters < 2:
        return answer(
            "informational",
            moved,
            f"Corrected for {told} the effect stays. Too few raters scored both trained and untrained agents to show "
            "whether some know who was trained.",
        )
    return answer(
        "passed",
        max(apart, moved),
        f"Corrected for {told} the effect stays, and raters agree on how the trained compare. If all of them know who "
        "was trained, no data show it.",
    )
