"""Did untrained team-mates of trained agents change too?"""

from __future__ import annotations

from analysis.checks.result import ALARM_LEVEL, CheckResult, not_measured, t_quantile, t_statistic
from analysis.effects.exposure import Part
from analysis.results import EffectEstimate
from analysis.words.numbers import Reader, Wording

ID, LABEL = "spillover", "What happened to untrained team-mates"
NO_TEAM_LEFT = (
    "Agents are compared with team-mates who were not drawn, and training reached all teams at once: no team tells "
    "whether those changed too. If they did, the effect shown is off by their change."
)


def check(
    effect: EffectEstimate | None,
    kpi: Wording,
    reader: Reader,
    *,
    within_teams: bool = False,
    everybody: Part | None = None,
) -> CheckResult:
    """Report the effect on untrained agents with trained team-mates.

    Parameters
    ----------
    effect
        :func:`analysis.effects.spillover.spillover_effect`; ``None`` when there are too few such agents.
    kpi, reader
        Wording and number format of the sentence.
    within_teams
        Whether agents were drawn by lot inside every team and are compared with their own team-mates: the spillover on
        these is then missing from the effect.
    everybody
        With ``within_teams``: direct effect plus spillover with the whole team trained
        (:func:`analysis.effects.exposure.exposure_effects`), where teams started in different weeks.

    Returns
    -------
    CheckResult
        Never failed: the headline either leaves those agents out or compares with them by design. Informational when
        they changed, or when that cannot be measured.
    """
    if within_teams and (effect is None or everybody is None):
        return not_measured(ID, LABEL, NO_TEAM_LEFT)
    if effect is None:
        return not_measured(ID, LABEL, "Hardly any untrained agent worked beside trained team-mates before and after.")
    threshold = t_quantile(1 - ALARM_LEVEL / 2, effect.df)
    statistic = t_statistic(effect.estimate, effect.std_error)
    change = reader.change(effect.estimate, kpi, effect.ci_low, effect.ci_high)
    span = reader.span(effect.ci_low, effect.ci_high, kpi, join="and")
    moved = statistic > threshold
    said = f"{'changed too' if moved else 'show no clear change'}: {change} (likely between {span})"
    use = "They are not used as comparison."
    if within_teams and everybody is not None:
        both = reader.span(everybody.ci_low, everybody.ci_high, kpi, join="and")
        use = (
            "They are the comparison, so what they caught is missing from the effect shown. By teams that training "
            f"reached in other weeks, both together come to between {both} with a whole team trained."
        )
    return CheckResult(
        ID,
        LABEL,
        "informational" if moved else "passed",
        statistic,
        threshold,
        f"Untrained agents beside trained team-mates {said}. {use}",
    )
