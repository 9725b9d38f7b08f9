"""Who is compared with whom: everything that is read for one study, before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.fair_panel import fair_panel
from analysis.comparison.learning_curve import without_learning_curve
from analysis.comparison.selection import selection_rule
from analysis.comparison.setting import Setting
from analysis.errors import PanelError
from analysis.estimators.stacked import SelectionRule
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.contact_kinds import ContactKinds
from analysis.panel.evaluations import BASE as EVALUATED
from analysis.panel.evaluations import Evaluations
from analysis.panel.panel import NEVER, Panel
from analysis.panel.phrases import BASE as TRANSCRIBED
from analysis.panel.phrases import Labels
from analysis.panel.slices import Slice
from etl.configuration.kpis import Kpi


@dataclass(frozen=True, eq=False)
class TeamMates:
    """Everybody, for what happens to untrained agents beside trained team-mates.

    Attributes
    ----------
    panel
        All weeks of the slice, clustered by team.
    start
        (A,) panel week in which training reached each agent's team; NEVER when it did not.
    """

    panel: Panel
    start: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The panel of a headline and what its checks look at. ``None`` where there is nothing, or nobody asked for it.

    Attributes
    ----------
    panel
        Agents x weeks, learning curve taken out: what is estimated on.
    raw
        The same before the learning curve was taken out: for levels and for the naive rungs of the ladder.
    rule
        The selection rule when the design compares by the same rule.
    team_mates
        Where untrained weeks beside trained team-mates were left out.
    contacts
        The KPI by kind of contact.
    completed
        (A,) week of completion, where agents count from their planned week.
    dose
        (A, T) courses completed by each week, likewise.
    answering
        For an outcome seen only for those who answered: the same comparison of the share that answers.
    evaluations
        Of a skill: the evaluations it is counted from.
    labels
        Of phrases: contacts that were evaluated as well.
    first_course
        (A,) course that each agent completed first, empty where none or several at once.
    """

    panel: Panel
    raw: Panel
    rule: SelectionRule | None = None
    team_mates: TeamMates | None = None
    contacts: ContactKinds | None = None
    completed: NDArray[np.int64] | None = None
    dose: NDArray[np.float64] | None = None
    answering: Comparison | None = None
    evaluations: Evaluations | None = None
    labels: Labels | None = None
    first_course: NDArray[Any] | None = None

    @classmethod
    def of(cls, panel: Panel, rule: SelectionRule | None = None, answering: Panel | None = None) -> Comparison:
        """A panel that is compared as it is (simulations, published panels)."""
        return cls(panel, panel, rule, answering=None if answering is None else cls(answering, answering, rule))


def compare(weeks: AgentWeeks, kpi: Kpi, slice_: Slice, setting: Setting, *, thorough: bool = False) -> Comparison:
    """Read the comparison of one KPI in one slice.

    Parameters
    ----------
    weeks
        Where panels come from.
    kpi, slice_
        Which KPI, which agent-weeks.
    setting
        What is common to all slices.
    thorough
        Also what is too slow to read for a click: team-mates, kinds of contact, completion, doses.

    Raises
    ------
    analysis.errors.PanelError
        When nothing is observed in the slice, or it cannot be read.
    """
    design, roster = setting.design, setting.roster
    found = _plain(weeks, kpi.id, slice_, setting)
    panel, rule = found.panel, found.rule
    if kpi.answered_by:
        with suppress(PanelError):  # nobody was asked, or only those who answered are in the exports
            found = replace(found, answering=_plain(weeks, kpi.answered_by, slice_, setting))
    if not thorough:
        return found
    if design.unexposed_controls or design.within_teams or rule is not None:
        whole = _experienced(weeks.panel(kpi.id, slice_, design.timing, "team"), setting)
        found = replace(found, team_mates=TeamMates(whole, roster.started_weeks(whole)))
    if kpi.by_contact:
        found = replace(found, contacts=weeks.contacts(kpi.id, replace(slice_, cohort=()), design.timing))
    if kpi.base == EVALUATED and not kpi.exposure:
        found = replace(found, evaluations=weeks.evaluations())
    if kpi.base == TRANSCRIBED:
        found = replace(found, labels=weeks.labels())
    if kpi.role in ("primary", "guardrail"):
        found = replace(found, first_course=_first_course(weeks.doses(panel, setting.courses)))
    if design.timing == "scheduled":
        completed = roster.completed_weeks(panel) if roster.knows_completion else None
        found = replace(found, completed=completed, dose=weeks.courses(panel, setting.courses))
    return found


def _first_course(doses: Mapping[str, NDArray[np.float64]]) -> NDArray[Any] | None:
    """(A,) the course of which an agent's first week with a completed one tells; ``None`` with fewer than two."""
    if len(doses) < 2:
        return None
    began = np.array([np.where(dose.any(axis=1), dose.argmax(axis=1), NEVER) for dose in doses.values()])
    first = began.min(axis=0)
    alone = (began == first).sum(axis=0) == 1
    names = np.array(list(doses), dtype=str)
    return np.where(alone & (first < NEVER), names[began.argmin(axis=0)], "")


def _plain(weeks: AgentWeeks, kpi_id: str, slice_: Slice, setting: Setting) -> Comparison:
    """Panel and rule, without what is read for checks."""
    raw = fair_panel(weeks, kpi_id, slice_, setting)
    panel = _experienced(raw, setting)
    rule = None
    if setting.design.same_rule is not None:
        rule = selection_rule(weeks, panel, setting.design.same_rule, setting)
    return Comparison(panel, raw, rule)


def _experienced(panel: Panel, setting: Setting) -> Panel:
    """The panel without what agents learn in their first year by themselves."""
    return without_learning_curve(panel, setting.roster.hired_weeks(panel), setting.design.anticipation_weeks)
