"""Read all panels that one study needs, before anything is estimated."""

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
    """Panel of all agents, to estimate spillover on untrained agents with trained team-mates.

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
    """The panel of a headline and the data its checks use. A field is ``None`` where there are no data or it was not
    requested.

    Attributes
    ----------
    panel
        Agents x weeks, learning curve removed: the panel that is estimated on.
    raw
        The same with the learning curve: for levels and the naive rungs of the ladder.
    rule
        The selection rule when the design compares by the same rule.
    team_mates
        Present where untrained weeks beside trained team-mates were left out.
    contacts
        The KPI by kind of contact.
    completed
        (A,) week of completion, where agents count from their planned week.
    dose
        (A, T) courses completed by each week, where agents count from their planned week.
    answering
        For an outcome known only for respondents: the same comparison of the response rate.
    evaluations
        For a skill: its single evaluations.
    labels
        For phrases: contacts that were evaluated too.
    first_course
        (A,) course that each agent completed first; empty where none, or several in one week.
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
        """Compare a given panel as it is (simulations, published panels)."""
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
        Settings common to all slices.
    thorough
        Also read the data that are too slow for an interactive page: team-mates, kinds of contact, completion, doses.

    Raises
    ------
    analysis.errors.PanelError
        When nothing is observed in the slice, or it cannot be read.
    """
    design, roster = setting.design, setting.roster
    found = _plain(weeks, kpi.id, slice_, setting)
    panel, rule = found.panel, found.rule
    if kpi.answered_by:
        with suppress(PanelError):  # nobody was asked, or the exports hold respondents only
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
    """(A,) the course completed in an agent's first week with a completion; ``None`` with fewer than two courses."""
    if len(doses) < 2:
        return None
    began = np.array([np.where(dose.any(axis=1), dose.argmax(axis=1), NEVER) for dose in doses.values()])
    first = began.min(axis=0)
    alone = (began == first).sum(axis=0) == 1
    names = np.array(list(doses), dtype=str)
    return np.where(alone & (first < NEVER), names[began.argmin(axis=0)], "")


def _plain(weeks: AgentWeeks, kpi_id: str, slice_: Slice, setting: Setting) -> Comparison:
    """Panel and rule, without the data of the checks."""
    raw = fair_panel(weeks, kpi_id, slice_, setting)
    panel = _experienced(raw, setting)
    rule = None
    if setting.design.same_rule is not None:
        rule = selection_rule(weeks, panel, setting.design.same_rule, setting)
    return Comparison(panel, raw, rule)


def _experienced(panel: Panel, setting: Setting) -> Panel:
    """The panel without the learning curve of new agents."""
    return without_learning_curve(panel, setting.roster.hired_weeks(panel), setting.design.anticipation_weeks)
