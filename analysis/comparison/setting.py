"""What is the same for every KPI and slice that is studied."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.design import Design
from analysis.panel.roster import Roster
from analysis.words.numbers import Reader


@dataclass(frozen=True, eq=False)
class Setting:
    """What is the same for every KPI and slice of one warehouse version, or of one frame.

    Attributes
    ----------
    design
        The comparison this programme allows.
    roster
        Agents with their teams and weeks.
    reader
        Locale and currency.
    ci_level
        Level of every interval.
    rule_better
        Which way is better for the KPI of the selection rule.
    courses
        Ids of the treatment courses; every course when empty.
    n_primary
        How many primary KPIs are tested together.
    """

    design: Design
    roster: Roster
    reader: Reader
    ci_level: float
    rule_better: str = "lower"
    courses: tuple[str, ...] = ()
    n_primary: int = 1
