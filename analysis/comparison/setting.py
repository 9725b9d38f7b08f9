"""Settings common to all KPIs and slices of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.design import Design
from analysis.panel.roster import Roster
from analysis.panel.stored_plan import StoredPlan
from analysis.words.numbers import Reader
from etl.configuration.kpis import Kpi


@dataclass(frozen=True, eq=False)
class Setting:
    """Settings common to all KPIs and slices of one warehouse version, or of one frame.

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
        ``higher`` or ``lower``: the better direction of the selection rule's KPI.
    courses
        Ids of the treatment courses; every course when empty.
    refreshers
        Ids of courses that renew what the treatment courses taught.
    kpis
        The KPI catalogue, for sentences about one KPI that name another.
    n_values
        Number of values of each filter, and number of weeks: the selections that were possible.
    shown_from
        Score of an evaluation from which a skill counts as shown in its contact.
    plan
        The accepted plan, where a team is the unit of assignment; None where there is none.
    programme
        Its name, for sentences; empty where it has none.
    """

    design: Design
    roster: Roster
    reader: Reader
    ci_level: float
    rule_better: str = "lower"
    courses: tuple[str, ...] = ()
    refreshers: tuple[str, ...] = ()
    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    n_values: Mapping[str, int] = field(default_factory=dict)
    shown_from: float = 0.6
    plan: StoredPlan | None = None
    programme: str = ""
