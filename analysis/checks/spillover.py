"""Did untrained team-mates change too?"""

from __future__ import annotations

from analysis.checks.result import ALARM_LEVEL, CheckResult, not_measured, t_quantile, t_statistic
from analysis.results import EffectEstimate
from analysis.words.numbers import Reader, Wording

ID, LABEL = "spillover", "What happened to untrained team-mates"


def check(effect: EffectEstimate | None, kpi: Wording, reader: Reader) -> CheckResult:
    """The effect on untrained agents beside trained team-mates, in words.

    Parameters
    ----------
    effect
        :func:`analysis.effects.spillover.spillover_effect`; ``None`` when there are too few such agents.
    kpi, reader
        For the words.

    Returns
    -------
    CheckResult
        Never failed: the headline leaves those agents out whatever they did. Informational when they changed.
    """
    if effect is None:
        return not_measured(ID, LABEL, "Hardly any untrained agent worked beside trained team-mates before and after.")
    threshold = t_quantile(1 - ALARM_LEVEL / 2, effect.df)
    statistic = t_statistic(effect.estimate, effect.std_error)
    change = reader.change(effect.estimate, kpi, effect.ci_low, effect.ci_high)
    span = reader.span(effect.ci_low, effect.ci_high, kpi, join="and")
    moved = statistic > threshold
    return CheckResult(
        ID,
        LABEL,
        "informational" if moved else "passed",
        statistic,
        threshold,
        f"Untrained agents beside trained team-mates {'changed too' if moved else 'show no clear change'}: {change} "
        f"(likely between {span}). They are not used as comparison.",
    )
