"""The twelve guiding principles of the ROI methodology, and how this result meets them.

Source: J. J. Phillips, P. P. Phillips, Handbook of Training Evaluation and Measurement Methods (4th ed., 2016),
doi:10.4324/9781315757230; the principles are paraphrased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.value.assumptions import Assumptions
from analysis.value.model import Model

Met = Literal["met", "in part", "not met", "for you"]
FIRST_YEAR_MONTHS = 12
WIDEST_RATIO = 10.0
"""An assumption with a larger ratio of high to low counts as extreme."""
COST_PARTS = {
    "cost.seat_per_agent": "seats",
    "cost.off_phone_hours_per_agent": "hours off the phone",
    "cost.backfill_per_hour": "backfill",
    "cost.trainers": "trainers",
    "cost.refreshers_per_agent": "refreshers",
}


@dataclass(frozen=True)
class Principle:
    """One principle.

    Attributes
    ----------
    number
        1 to 12.
    words
        The principle in words.
    met
        Whether this result meets it; ``for you`` where it is up to the user.
    by
        How it is met, or what is missing; one sentence.
    """

    number: int
    words: str
    met: Met
    by: str


def checklist(
    made: Model, *, clear_only: bool, n_without_money: int, skills_measured: bool, labels: dict[str, str]
) -> tuple[Principle, ...]:
    """The twelve principles for one appraisal.

    Parameters
    ----------
    made
        The sum of money shown.
    clear_only
        Whether goals without a clear verdict were left out.
    n_without_money
        Number of KPIs shown without a money value.
    skills_measured
        Whether skills are measured.
    labels
        Labels of the assumptions, by key.
    """
    assumed, used = made.assumptions, made.used
    conservative: tuple[Met, str] = (
        ("not met", "Only what came out clear is added, which overstates.")
        if clear_only
        else ("met", "Goals that cannot be told enter with their whole range; costs for everybody grow in proportion.")
    )
    isolated: tuple[Met, str] = (
        ("met", "Each effect is taken against agents not yet trained, never from before and after alone.")
        if used
        else ("not met", "No effect can be built on.")
    )
    first_year: tuple[Met, str] = (
        ("met", f"{assumed.months} months are counted.")
        if assumed.months <= FIRST_YEAR_MONTHS
        else ("not met", f"{assumed.months} months are counted, by choice.")
    )
    lower: tuple[Met, str] = (
        ("met", "Reach, completion and skills are measured with the KPIs.")
        if skills_measured
        else ("in part", "Reach and completion are measured; skills are not.")
    )
    found: list[tuple[str, Met, str]] = [
        ("Report lower levels of evaluation too", *lower),
        ("Do not spend more on lower levels than needed", "met", "They come from the same exports."),
        ("Use the most credible sources", *_sourced(made, labels)),
        ("Choose the most conservative alternative", *conservative),
        ("Isolate the effect of the programme", *isolated),
        ("No data, no improvement", "met", "A KPI without an estimate brings no money."),
        ("Adjust for error", "met", "Every effect enters with its whole interval, and errors common to KPIs are kept."),
        ("No extreme items, no unsupported claims", *_extremes(made, labels)),
        ("Count only the first year of a short-term solution", *first_year),
        ("Load the full cost", *_cost(assumed)),
        (
            "Leave what is not money unconverted",
            "met",
            f"{n_without_money} KPIs are shown beside the money." if n_without_money else "Nothing is left over.",
        ),
        ("Tell all who have a stake", "for you", "The report and the address of this page carry the same numbers."),
    ]
    return tuple(Principle(i, *row) for i, row in enumerate(found, start=1))


def _sourced(made: Model, labels: dict[str, str]) -> tuple[Met, str]:
    without = [key for key in made.uncertain() if not (made.assumptions.stated[key].source or _edited(made, key))]
    if not made.uncertain():
        return "not met", "Nothing was stated."
    if not without:
        return "met", "Every assumption has a source."
    return "in part", f"No source is given for {_listed([labels.get(k, k) for k in without])}."


def _edited(made: Model, key: str) -> bool:
    return made.assumptions.stated[key].edited


def _extremes(made: Model, labels: dict[str, str]) -> tuple[Met, str]:
    wide = []
    for key in made.uncertain():
        low, _, high = sorted(abs(end) for end in made.ends(key))
        if low > 0 and high / low > WIDEST_RATIO:
            wide.append(labels.get(key, key))
    if wide:
        return "in part", f"The ends lie more than {WIDEST_RATIO:.0f} times apart for {_listed(wide)}."
    return "met", "Broken comparisons bring no money, and no assumption is extreme."


def _cost(assumed: Assumptions) -> tuple[Met, str]:
    if not assumed.cost_keys:
        return "not met", "No cost was stated."
    if "cost.programme" in assumed.cost_keys:
        return "in part", "One total is stated; its parts are not."
    missing = [words for key, words in COST_PARTS.items() if key not in assumed.cost_keys]
    if missing:
        return "in part", f"Not stated: {_listed(missing)}."
    return "met", "Seats, hours off the phone, backfill, trainers and refreshers are in it."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
