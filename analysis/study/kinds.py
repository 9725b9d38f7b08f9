"""How each kind of KPI is estimated: one record per kind, the only place that branches on the kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analysis.comparison.setting import Setting
from analysis.panel.agent_weeks import AgentWeeks
from analysis.study.averages import study_average
from analysis.study.failures import attempted
from analysis.study.kpi_study import KpiStudy, no_study
from analysis.study.leaving import study_leaving
from analysis.study.request import Request
from etl.configuration.kpi_kinds import Estimation

STRATEGIES: Mapping[Estimation, Callable[[AgentWeeks, Request, Setting], KpiStudy]] = {
    "average": study_average,
    "hazard": study_leaving,
}


def study_one(weeks: AgentWeeks, request: Request, setting: Setting) -> KpiStudy:
    """Study one KPI in one slice, by its kind; a failure is reported in the verdict and affects no other KPI.

    Parameters
    ----------
    weeks
        Where panels and spells come from.
    request
        KPI, slice and what is wanted beside the headline.
    setting
        What is common to all slices.
    """
    strategy = STRATEGIES[request.kpi.kind.estimation]
    return attempted(
        lambda: strategy(weeks, request, setting),
        lambda why: no_study(request, setting, f"It could not be estimated ({why}); the other KPIs are not affected."),
    )
