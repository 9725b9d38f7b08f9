"""What is asked: one KPI, which agent-weeks of it, and how much beside the headline."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.checks.result import CheckResult
from analysis.panel.slices import EVERYTHING, Slice
from analysis.study.result_tables import slice_columns
from etl.configuration.kpis import Kpi

WEEKLY = frozenset({"cohort_effect", "calendar_effect"})
"""Result tables by cohort and by calendar week."""
LADDER = frozenset({"ladder"})
"""The naive answers beside the fair one."""


@dataclass(frozen=True)
class Request:
    """A question to one study.

    Attributes
    ----------
    kpi
        Catalogue entry, overrides applied.
    slice
        Which agent-weeks; everything by default.
    tables
        Result tables wanted beside those that every study has: of ``WEEKLY`` and ``LADDER``.
    course
        Whether the effect by weeks from training is wanted as a table; checks look at it all the same.
    thorough
        Also what is too slow for a click: case mix, stayers, sensitivity, decomposition, ladder, cohorts by week.
    inherited
        Failed checks of the whole programme that hold for every slice of it too.
    """

    kpi: Kpi
    slice: Slice = EVERYTHING
    tables: frozenset[str] = WEEKLY
    course: bool = True
    thorough: bool = False
    inherited: tuple[CheckResult, ...] = ()

    @property
    def is_overall(self) -> bool:
        """Whether everybody and every week is asked for."""
        return self.slice == EVERYTHING

    @property
    def where(self) -> dict[str, str]:
        """The slice columns of the result tables."""
        return slice_columns(self.kpi.id, *self.slice.label)
