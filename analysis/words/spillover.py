"""Sentences on spillover: direct effect, effect of trained team-mates, and both together."""

from __future__ import annotations

from typing import Protocol

from analysis.words.numbers import Reader, Wording

TOLD, TOTAL_ONLY, NOT_TOLD = "told", "total_only", "not_told"
WHOLE_TEAMS = (
    "Total only: agents of a team were trained together, so what training does to an agent and what team-mates catch "
    "of it are one number."
)
TOO_FEW = (
    "Not told: too few untrained agents were seen beside trained team-mates to tell what they catch from what training "
    "does."
)
AT_ONCE = (
    "Not told: agents were drawn inside every team and training reached all teams at once, so no team tells what "
    "team-mates catch."
)
PICKED = (
    "Not told: agents were picked by a rule, so untrained team-mates are those whom the rule left out and not like "
    "agents of other teams."
)


class Number(Protocol):
    """An estimate with its interval, natural unit."""

    @property
    def estimate(self) -> float: ...
    @property
    def ci_low(self) -> float: ...
    @property
    def ci_high(self) -> float: ...


def sentence(direct: Number, per_ten: Number, everybody: Number, naive: float, kpi: Wording, reader: Reader) -> str:
    """Direct effect, spillover, and the effect a comparison inside teams would have shown.

    Parameters
    ----------
    direct, per_ten, everybody
        Effect on an agent without trained team-mates, per ten percentage points of team-mates trained, and with the
        whole team trained.
    naive
        The effect with untrained team-mates as comparison.
    kpi, reader
        Wording and number format of the sentence.
    """
    caught = f"every ten points of team-mates trained add {_number(per_ten, kpi, reader)}"
    if per_ten.ci_low <= 0 <= per_ten.ci_high:
        caught += ", which may be nothing"
    missed = reader.change(naive, kpi, direct.ci_low, direct.ci_high)
    return (
        f"By itself training changes an agent by {_number(direct, kpi, reader)}; {caught}. With everybody of a team "
        f"trained it comes to {_number(everybody, kpi, reader)}. Compared with their untrained team-mates too, the "
        f"trained would have shown {missed}."
    )


def _number(found: Number, kpi: Wording, reader: Reader) -> str:
    change = reader.change(found.estimate, kpi, found.ci_low, found.ci_high)
    span = reader.span(found.ci_low, found.ci_high, kpi, join="and", unit=False)
    return f"{change} (likely between {span})"
