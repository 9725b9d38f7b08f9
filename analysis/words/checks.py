"""Sentences on the checks of an estimate without their numbers, for readers who are not told these.

A check's own sentence gives what it measured in the digits of an analyst. These say what was looked at, what came out
and what it means. Every sentence here is true whatever the numbers were.
"""

from __future__ import annotations

from collections.abc import Mapping

Said = tuple[str, str, str]
"""Status; words that the check's own sentence must hold, empty for any; the sentence without numbers."""

UNMADE = "This check could not be made"
"""How the sentence of a check that raised begins."""
MATTERS = "as large as the smallest change that matters"

WITHOUT_NUMBERS: Mapping[str, tuple[Said, ...]] = {
    "pre_trends": (
        ("failed", "", "Trained and untrained agents were already apart, or drifting apart, before training."),
        (
            "informational",
            "",
            f"No clear drift was seen before training, but one {MATTERS} could have hidden in the noise.",
        ),
        (
            "passed",
            "",
            f"Trained and untrained moved together before training; a drift {MATTERS} would have been seen.",
        ),
    ),
    "placebo_in_time": (
        (
            "failed",
            "",
            "An effect appears in weeks before training, when there was nothing to have one: the comparison is off.",
        ),
        (
            "informational",
            "",
            f"Nothing was found in weeks before training, but an effect {MATTERS} could have hidden in the noise.",
        ),
        ("passed", "", "Pretending that training came earlier finds nothing."),
    ),
    "selection_dip": (
        (
            "failed",
            "at a low point on purpose",
            "The trained were picked at a low point on purpose, but the recorded rule does not explain who was picked: "
            "agents whom it would have picked elsewhere are no fair comparison.",
        ),
        (
            "informational",
            "at a low point on purpose",
            "The trained were picked at a low point on purpose; they are compared with agents whom the same rule would "
            "have picked elsewhere.",
        ),
        (
            "failed",
            "",
            "Agents were trained at a low or high point of their own, so part of the change would have come anyway.",
        ),
        (
            "informational",
            "",
            f"No low point was seen just before training, but one {MATTERS} could have hidden in the noise.",
        ),
        (
            "passed",
            "",
            f"Agents were not at a low or high point when they were picked; one {MATTERS} would have been seen.",
        ),
    ),
    "balance": (
        ("passed", "", "Before training the trained were like the others, in level and in how much they had to do."),
        (
            "informational",
            "can be chance",
            "Before training the trained differed from the others, by no more than chance makes.",
        ),
        (
            "informational",
            "",
            "Before training the trained were already different from the others; the comparison allows for that.",
        ),
        ("failed", "", "Before training the trained were already different from the others."),
    ),
    "estimator_gap": (
        (
            "passed",
            "",
            "A second opinion, which leans on other weeks before training, agrees within the noise, or is off by too "
            "little to matter.",
        ),
        (
            "failed",
            "",
            "A second opinion is further away than the noise explains. The two lean on different weeks before "
            "training.",
        ),
        (
            "informational",
            "",
            "The second opinion compares with everybody not trained yet. The picked regain part of its change by "
            "themselves, so it is shown and not believed.",
        ),
    ),
    "few_clusters": (
        ("passed", "", "A second way of judging chance, made for small programmes, agrees."),
        (
            "informational",
            "",
            "A second way of judging chance, made for small programmes, disagrees on whether no change can be ruled "
            "out.",
        ),
    ),
    "spillover": (
        ("passed", "", "Untrained agents beside trained team-mates show no clear change."),
        ("informational", "", "Untrained agents beside trained team-mates changed too."),
    ),
    "composition": (
        (
            "failed",
            "",
            "Part of the change is a change of people: among agents who stayed throughout it is another one.",
        ),
        (
            "informational",
            "mong agents who stayed",
            "Among agents who stayed throughout the estimate is not clearly another one, but trained and others did "
            "not leave alike.",
        ),
        ("informational", "", "Trained and others did not leave alike."),
        (
            "passed",
            "mong agents who stayed",
            "Among agents who stayed throughout the estimate is not clearly another one, and about as large a part of "
            "the trained as of the others was still there at the end.",
        ),
        ("passed", "", "About as large a part of the trained as of the others was still there at the end."),
    ),
    "who_answers": (
        (
            "informational",
            "Training moved who answers",
            "Training moved who answers, so the range is that of those who answer either way.",
        ),
        (
            "informational",
            "",
            "Training did not visibly move who answers, but a shift too small to be seen could move this KPI by more "
            "than the smallest change that matters. Shifts that offset each other cannot be seen.",
        ),
        (
            "passed",
            "",
            "Training did not visibly move who answers, and a shift too small to be seen could not move this KPI by "
            "more than the smallest change that matters. Shifts that offset each other cannot be seen.",
        ),
    ),
    "case_mix": (
        ("failed", "", "Trained agents got other contacts after training: routing alone moves this KPI."),
        (
            "informational",
            "",
            "Trained agents handle contacts of a kind that nobody untrained handled, so whether routing moved this KPI "
            "cannot be said.",
        ),
        ("passed", "", "Trained agents kept the same kind of contacts, as far as can be seen."),
    ),
    "raters": (
        (
            "failed",
            "Raters differ",
            "Raters differ in how much higher they score the trained. Some may know who was trained; have contacts "
            "scored without the agent's name.",
        ),
        (
            "failed",
            "",
            "Corrected for who scored and on which form, the effect is another one: who was scored by whom changed "
            "with training.",
        ),
        (
            "informational",
            "",
            "Corrected for raters and forms the effect stays. Too few raters scored both trained and untrained agents "
            "to show whether some know who was trained.",
        ),
        (
            "passed",
            "",
            "Corrected for raters and forms the effect stays, and raters agree on how the trained compare. If all of "
            "them know who was trained, no data show it.",
        ),
    ),
    "phrases": (
        (
            "failed",
            "",
            "Phrases do not mean the same after training as otherwise, so a change in phrases is no change in the "
            "skill.",
        ),
        ("passed", "", "Phrases mean the same after training as otherwise, as far as the labels can tell."),
    ),
    "sensitivity": (
        (
            "informational",
            "",
            "The answer would change if drift after training were as large as the worst seen before it.",
        ),
        ("passed", "", "The answer would survive drift after training as large as the worst seen before it."),
    ),
    "decomposition": (
        (
            "informational",
            "",
            "The usual regression takes a part of its number that matters from comparing with agents who were already "
            "trained; the headline takes none.",
        ),
        (
            "passed",
            "",
            "The usual regression takes little of its number from comparing with agents who were already trained; the "
            "headline takes none.",
        ),
    ),
    "recomputed": (
        ("passed", "", "A dummy regression by statsmodels gives the same number."),
        (
            "failed",
            "",
            "A dummy regression by statsmodels gives another number. One of the two programs is wrong, so the number "
            "is not shown.",
        ),
    ),
}
"""Check to its sentences; the first whose status and words fit is the one."""

STATUS_ONLY: Mapping[str, str] = {
    "passed": "This check passed.",
    "failed": "This check failed.",
    "informational": "This check is for information.",
}


def without_numbers(check: str, status: str, sentence: str, *, measured: bool) -> str:
    """What a check found, without a number; a check that is not named above is told by its status alone.

    Where nothing could be measured the check's own sentence says why, and stands if it has no digit.

    Parameters
    ----------
    check, status, sentence
        As in ``result.check``.
    measured
        Whether the check has a statistic.

    Examples
    --------
    >>> without_numbers("pre_trends", "failed", "They were drifting apart: by 4.2 points in 12 weeks.", measured=True)
    'Trained and untrained agents were already apart, or drifting apart, before training.'
    >>> without_numbers("of_mine", "passed", "By 4.2 points.", measured=True)
    'This check passed.'
    """
    if sentence.startswith(UNMADE):
        return f"{UNMADE}."
    known = WITHOUT_NUMBERS.get(check, ())
    if known and not measured and status == "informational":
        without_digits = not any(character.isdigit() for character in sentence)
        return sentence if without_digits else "There is too little to look at for this check."
    fitting = (words for state, holds, words in known if state == status and holds in sentence)
    return next(fitting, STATUS_ONLY.get(status, ""))
