"""A request for a study: one KPI, its agent-weeks, and the results wanted besides the headline."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.checks.result import CheckResult
from analysis.panel.slices import EVERYTHING, Slice
from analysis.study.result_tables import slice_columns
from etl.configuration.kpis import Kpi

WEEKLY = frozenset({"cohort_effect", "calendar_effect"})
"""Result tables by cohort and by calendar week."""
LADDER = frozenset({"ladder"})
"""Result table of the naive rungs beside the headline."""


@dataclass(frozen=True)
class Request:
    """A request for one study.

    Attributes
    ----------
    kpi
        Catalogue entry, overrides applied.
    slice
        Selection of agent-weeks; everything by default.
    tables
        Result tables wanted besides those of every study: from ``WEEKLY`` and ``LADDER``.
    course
        Whether the event study is wanted as a table; checks use it in any case.
    thorough
        Also compute what is too slow for an interactive page: case mix, stayers, sensitivity, decomposition, ladder,
        cohorts by week.
    inherited
        Failed checks of the whole programme that count as failed for its slices too.
    """

    kpi: Kpi
    slice: Slice = EVERYTHING
    tables: frozenset[str] = WEEKLY
    course: bool = True
    thorough: bool = False
    inherited: tuple[CheckResult, ...] = ()

    @property
    def is_overall(self) -> bool:
        """Whether all agents and weeks are requested."""
        return self.slice == EVERYTHING

    @property
    def where(self) -> dict[str, str]:
        """The slice columns of the result tables."""
        return slice_columns(self.kpi.id, *self.slice.label)
