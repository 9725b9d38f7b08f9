"""Estimate all studies of one KPI, independent of other KPIs: the unit of work of a process."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.comparison.compare import compare
from analysis.comparison.setting import Setting
from analysis.effects.skills import Skill, corrected_skill
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.evaluations import BASE as EVALUATED
from analysis.panel.facts import pace_of_everybody
from analysis.panel.held_weeks import HeldWeeks
from analysis.panel.roster import Roster
from analysis.panel.slices import EVERYTHING, Slice
from analysis.study.kinds import study_one
from analysis.study.kpi_study import KpiStudy, failed
from analysis.study.request import Request
from etl.configuration.kpis import Kpi
from etl.warehouse.publish import read_draft

if TYPE_CHECKING:
    import duckdb

OVERALL_CHECKS = ("case_mix", "composition", "raters", "phrases")
"""Checks run for the whole programme only; where they fail, they count as failed for every slice."""
SLICE_TABLES = frozenset({"cohort_effect", "ladder"})
"""Tables stored for every slice besides the headline, its event study and its checks."""


@dataclass(frozen=True, eq=False)
class VersionAtHand:
    """A warehouse version opened for its stored results.

    Attributes
    ----------
    cur
        Cursor on the version.
    setting
        Settings common to all its studies.
    slices
        The slices whose results are stored, without the whole programme.
    """

    cur: duckdb.DuckDBPyConnection
    setting: Setting
    slices: Sequence[Slice]
    _skills: dict[str, Skill] = field(default_factory=dict, repr=False)

    @cached_property
    def held(self) -> HeldWeeks:
        """Its agent-weeks in memory."""
        return HeldWeeks.read(self.cur)

    @cached_property
    def weeks(self) -> WarehouseWeeks:
        """Where panels come from."""
        return WarehouseWeeks(self.cur, self.held)

    def skill(self, kpi: Kpi) -> Skill | None:
        """A skill corrected for rater and form; None for a KPI that no kept evaluation scores."""
        evaluations = self.weeks.evaluations()
        if kpi.base != EVALUATED or evaluations is None or kpi.numerator not in evaluations.scores:
            return None
        if kpi.id not in self._skills:
            made = compare(self.weeks, kpi, EVERYTHING, self.setting)
            wait = self.setting.design.anticipation_weeks
            self._skills[kpi.id] = corrected_skill(made.panel, made.raw, evaluations, kpi.numerator, wait)
        return self._skills[kpi.id]


@dataclass(frozen=True, eq=False)
class KpiStudies:
    """Every stored study of one KPI.

    Attributes
    ----------
    whole
        Study of the whole programme.
    parts
        Studies by slice, for the slices allowed for the KPI.
    pace
        Denominators of all agents per week where ``whole`` does not know them; NaN elsewhere.
    """

    whole: KpiStudy
    parts: Mapping[Slice, KpiStudy]
    pace: float


def open_version(file: Path, setting: Setting, slices: Sequence[Slice], _roster: Roster) -> VersionAtHand:
    """Open a version's file read-only in another process, with one thread."""
    return VersionAtHand(read_draft(file), setting, slices)


def asked_of(version: VersionAtHand, ask: Callable[[VersionAtHand], Any]) -> Any:
    """Apply a function to a version, for work shared between processes.

    Parameters
    ----------
    version
        The warehouse version.
    ask
        A module-level function, or a partial of one.
    """
    return ask(version)


def studies_of(version: VersionAtHand, kpi: Kpi) -> KpiStudies:
    """Study one KPI for the whole programme and in every slice that it may be sliced by."""
    weeks, setting = version.weeks, setting_for(kpi, version.setting)
    whole = study_one(weeks, Request(kpi, thorough=True), setting)
    pace = math.nan
    if whole.headline is not None and math.isnan(whole.volumes.per_week_everybody):
        cells = version.held.cells(kpi.id, EVERYTHING)
        pace = pace_of_everybody(cells["w"], cells["den"])
    inherited = failed(whole.checks, OVERALL_CHECKS)
    parts = {}
    for slice_ in version.slices:
        kind, _ = slice_.label
        if kind == "cohort" or kind in kpi.dimensions:
            part = Request(kpi, slice_, tables=SLICE_TABLES, inherited=inherited)
            parts[slice_] = study_one(weeks, part, setting)
    return KpiStudies(whole, parts, pace)


def named_by(kpi: Kpi, setting: Setting) -> tuple[str, ...]:
    """Other KPIs that a study of this one uses: the response rate, and the selection rule's KPI."""
    rule = setting.design.same_rule
    return tuple(name for name in (kpi.answered_by, rule.kpi if rule is not None else "") if name)


def setting_for(kpi: Kpi, setting: Setting) -> Setting:
    """A setting with only the KPIs that this KPI's studies use, so that they can depend on no other."""
    names = (kpi.id, *named_by(kpi, setting))
    return replace(setting, kpis={name: setting.kpis[name] for name in names if name in setting.kpis})
