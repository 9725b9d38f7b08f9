"""Did training change who answers? Then the mean of the answers moves although nobody's satisfaction did."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.checks.result import CheckResult, not_measured, t_quantile, t_statistic
from analysis.effects.answering import MOVED_LEVEL, AnswerBounds
from analysis.results import EffectEstimate
from analysis.words.numbers import Reader, Wording

ID, LABEL = "who_answers", "The same people answer"


@dataclass(frozen=True)
class _Share:
    """Wording of the response rate where no KPI of the catalogue measures it."""

    id: str = "answered"
    label: str = "Share that answers"
    unit: str = "share"
    better: str = "higher"
    per: str = "invitation"


def share_of(kpi: Wording | None) -> Wording:
    """The KPI of the response rate, or default wording where there is none."""
    return _Share() if kpi is None else kpi


def words(bounds: AnswerBounds | None, answering: Wording, reader: Reader) -> str:
    """Sentence a verdict adds where training changed who answers; else empty."""
    if bounds is None or not bounds.moved:
        return ""
    shift = bounds.shift
    change = reader.change(shift.estimate, answering, shift.ci_low, shift.ci_high)
    name = f"{answering.label[:1].lower()}{answering.label[1:]}"
    return f"Training moved who answers ({name} {change}), so the range is that of those who answer either way."


def unseen(bounds: AnswerBounds | None, answering: Wording, found: EffectEstimate | None, reader: Reader) -> str:
    """Sentence a claim adds where an undetectably small change of who answers could explain the whole effect."""
    if bounds is None or bounds.moved or found is None or not found.available:
        return ""
    if bounds.hidden < min(abs(found.ci_low), abs(found.ci_high)):
        return ""
    enough, least = (
        reader.number(100 * share / bounds.answered, 1)
        for share in (bounds.overturning(found.ci_low, found.ci_high), bounds.unseen)
    )
    name = f"{answering.label[:1].lower()}{answering.label[1:]}"
    return (
        f"Training did not visibly move who answers, but {enough}% more or fewer answers, all of them at one end of "
        f"the scale, would be enough to look like this, and a change of the {name} by less than {least}% of it cannot "
        "be seen here."
    )


def check(
    bounds: AnswerBounds | None, kpi: Wording, answering: Wording, smallest_effect: float, reader: Reader
) -> CheckResult:
    """Report the effect of training on who answers.

    Parameters
    ----------
    bounds
        :func:`analysis.effects.answering.answer_bounds`; ``None`` where it is not known who was asked and did not
        answer.
    kpi, answering
        The outcome, and the KPI of the response rate.
    smallest_effect
        Of the outcome, natural unit.
    reader
        Wording and number format of the sentence.

    Returns
    -------
    CheckResult
        Never failed. Informational when the response rate changed (the verdict then rests on bounds), and when an
        undetectable change of it could produce the smallest effect by itself.
    """
    name = f"{answering.label[:1].lower()}{answering.label[1:]}"
    if bounds is None:
        return not_measured(
            ID,
            LABEL,
            f"The {name} of trained and others cannot be compared here, so whether training moved who answers is "
            "not known.",
        )
    shift = bounds.shift
    threshold = t_quantile(1 - MOVED_LEVEL / 2, shift.df)
    statistic = t_statistic(shift.estimate, shift.std_error)
    change = reader.change(shift.estimate, answering, shift.ci_low, shift.ci_high)
    beside = ""
    if bounds.weighted == bounds.weighted:
        beside = f" Weighted by each agent's answer rate the change is {reader.change(bounds.weighted, kpi)}."
    if bounds.moved:
        span = reader.span(bounds.low, bounds.high, kpi, join="and")
        return CheckResult(
            ID,
            LABEL,
            "informational",
            statistic,
            threshold,
            f"Training moved who answers: the {name} changed by {change}. Among those who answer either way the change "
            f"lies between {span}, if training only brought people to answer or only kept people from it.{beside}",
        )
    most = reader.at_most(bounds.hidden, kpi)
    return CheckResult(
        ID,
        LABEL,
        "passed" if bounds.hidden <= smallest_effect else "informational",
        statistic,
        threshold,
        f"Training did not visibly move who answers ({name}: {change}); a shift too small to be seen could move this "
        f"KPI by {most}. Shifts that offset each other cannot be seen.{beside}",
    )
