"""Study of a KPI that is an average over contacts, answers, offers or days: fit, checks, tables, verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from analysis.comparison.compare import Comparison, compare
from analysis.comparison.setting import Setting
from analysis.effects.completion import completion_effect, dose_effect
from analysis.effects.survivors import Staying
from analysis.errors import NothingObserved, PanelError
from analysis.estimators.rungs import rung_rows
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.facts import baseline, control_clusters, effective_controls, volumes, weeks_around
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.study import diagnostics
from analysis.study.evidence import Evidence
from analysis.study.failures import attempted
from analysis.study.kpi_study import Judgement, KpiStudy, no_study, nothing_seen
from analysis.study.leaving import ratio_of_everybody
from analysis.study.request import Request
from analysis.study.result_tables import parts_rows
from analysis.study.side_rows import side_rows
from analysis.words.estimators import RECORDS, label
from etl.configuration.kpis import Kpi


def study_average(weeks: AgentWeeks, request: Request, setting: Setting) -> KpiStudy:
    """Read the comparison that a request asks for, and study it.

    Parameters
    ----------
    weeks
        Where panels come from.
    request
        KPI, slice and the results wanted besides the headline.
    setting
        Settings common to all slices.

    Returns
    -------
    KpiStudy
        A slice without data raises no error: the verdict says why there is no estimate.
    """
    found = evidence_of(weeks, request, setting)
    return found if isinstance(found, KpiStudy) else study_from(found)


def evidence_of(weeks: AgentWeeks, request: Request, setting: Setting) -> Evidence | KpiStudy:
    """The evidence for a request, or a study that says why nothing can be estimated."""
    try:
        comparison = compare(weeks, request.kpi, request.slice, setting, thorough=request.thorough)
    except NothingObserved:
        return no_study(request, setting, missing=nothing_seen(request.slice))
    except PanelError as error:
        return no_study(request, setting, str(error))
    staying = None
    if request.thorough and request.is_overall:
        ratio = attempted(lambda: ratio_of_everybody(weeks, setting), lambda _why: None)
        staying = None if ratio is None else Staying.of(ratio)
    return replace(Evidence.of(comparison, request, setting, staying), counted_twice=weeks.counted_twice())


def study_of(comparison: Comparison, request: Request, setting: Setting) -> KpiStudy:
    """Study a given comparison (simulations, published panels: ``Comparison.of``)."""
    return study_from(Evidence.of(comparison, request, setting))


def study_from(evidence: Evidence) -> KpiStudy:
    """Run the checks on the evidence and decide the verdict."""
    request, setting, comparison = evidence.request, evidence.setting, evidence.comparison
    found, wait = evidence.found, setting.design.anticipation_weeks
    panel = comparison.panel
    checks = diagnostics.made(evidence)
    post, pre = weeks_around(panel, wait)
    judgement = Judgement(
        kpi=request.kpi,
        setting=setting,
        checks=checks,
        n_trained_clusters=found.n_trained_clusters if panel.cohorts.size else None,
        n_control_clusters=control_clusters(panel, wait),
        effective_controls=effective_controls(panel, wait),
        post_weeks=post,
        pre_weeks=pre,
        unusable=_why_nothing(found) or _counted_twice(request.kpi, evidence.counted_twice),
        too_few=_nobody_yet(panel),
        answers=evidence.answers,
        survivors=evidence.survivors,
    )
    return KpiStudy(
        request=request,
        headline=found,
        second=evidence.second.overall,
        completion=_beside(evidence, lambda: _completion(evidence), "completion"),
        dose=_beside(evidence, lambda: _dose(evidence), "dose"),
        tables=_tables(evidence),
        checks=checks,
        verdict=judgement.decide(found),
        baseline=baseline(comparison.raw, wait),
        context=judgement,
        influence=(panel.clusters, evidence.simple.overall_influence),
        volumes=volumes(panel),
    )


def _beside(evidence: Evidence, run: Callable[[], EffectEstimate | None], name: str) -> EffectEstimate | None:
    """An effect besides the headline; where it fails, an effect without a number that gives the reason."""

    def without(why: str) -> EffectEstimate:
        nan = math.nan
        reason = f"it could not be estimated ({why})"
        return replace(
            evidence.found,
            estimate=nan,
            std_error=nan,
            ci_low=nan,
            ci_high=nan,
            estimator=name,
            estimand=name,
            reason=reason,
        )

    return attempted(run, without)


def _completion(evidence: Evidence) -> EffectEstimate | None:
    comparison, setting = evidence.comparison, evidence.setting
    if comparison.completed is None or not evidence.found.available:
        return None
    wait, rule = setting.design.anticipation_weeks, comparison.rule
    return completion_effect(comparison.panel, comparison.completed, wait, setting.ci_level, rule).per_unit


def _dose(evidence: Evidence) -> EffectEstimate | None:
    comparison, setting = evidence.comparison, evidence.setting
    if comparison.dose is None or not evidence.found.available:
        return None
    wait, rule = setting.design.anticipation_weeks, comparison.rule
    return dose_effect(comparison.panel, comparison.dose, wait, setting.ci_level, "course", rule).per_unit


def _tables(evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    """Rows of the result tables that the request wants, other than effects and checks."""
    request, main = evidence.request, evidence.main
    where = request.where
    tables = side_rows(evidence)
    if request.course:
        tables["event_time"] = parts_rows(where, evidence.events, "event_time", bands=True)
    for name, kind, column in (("cohort_effect", "cohort", "cohort"), ("calendar_effect", "calendar_time", "week")):
        if name in request.tables and evidence.comparison.panel.cohorts.size:
            tables[name] = parts_rows(where, main.aggregate(kind), column)
    if evidence.found.available:
        if request.thorough:
            tables["att_gt"] = _att_gt_rows(evidence)
        if request.thorough or "ladder" in request.tables:
            tables["ladder"] = attempted(lambda: _ladder_rows(evidence), lambda why: _no_ladder(evidence, why))
    return tables


def _no_ladder(evidence: Evidence, why: str) -> list[dict[str, Any]]:
    """One rung without a number, where the ladder failed but the headline did not."""
    name = evidence.setting.design.headline
    note = f"The comparisons beside the headline could not be made ({why})."
    return [{**evidence.request.where, "position": 0, "estimator": name, "label": label(name), "note": note}]


def _ladder_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Naive rungs estimated on the raw panel, the others as the headline and the second opinion."""
    found, setting = evidence.found, evidence.setting
    known = {made.estimator: made for made in (evidence.second.overall, found) if made.available}
    rungs = rung_rows(evidence.comparison.raw, setting.design.anticipation_weeks, setting.ci_level, known)
    if setting.design.headline not in {rung["estimator"] for rung in rungs}:
        rungs.append(
            {
                "estimator": setting.design.headline,
                "estimate": found.estimate,
                "std_error": found.std_error,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "note": RECORDS[setting.design.headline].lesson,
            }
        )
    return [
        {
            **evidence.request.where,
            "position": i,
            "label": label(rung["estimator"]),
            **rung,
        }
        for i, rung in enumerate(rungs)
    ]


def _att_gt_rows(evidence: Evidence) -> list[dict[str, Any]]:
    rows = []
    for row in evidence.main.att_gt.iter_rows(named=True):
        if row["estimate"] is None or not math.isfinite(row["estimate"]):
            continue
        kept = {name: row[name] for name in ("cohort", "estimate", "std_error", "ci_low", "ci_high", "n_agents")}
        kept["n_agents"] = int(row["n_agents"])
        rows.append({"kpi": evidence.request.kpi.id, "week": row["time"], **kept})
    return rows


def _nobody_yet(panel: Panel) -> str:
    """Reason that later data may resolve: no training yet, and nobody trained before the data begin."""
    if (panel.observed & panel.trained_cells).any() or panel.n_always_trained:
        return ""
    return "Nobody is seen after training yet."


def _counted_twice(kpi: Kpi, contacts: int) -> str:
    """Reason not to claim an effect: contacts that may be counted twice."""
    if not contacts or not {kpi.base, kpi.exposed_to} & {"interaction", "customer_contact"}:
        return ""
    return (
        f"{contacts:,} {'contact stands' if contacts == 1 else 'contacts stand'} in two sources and may count twice; "
        "say under [identity] whether they are the same."
    )


def _why_nothing(found: EffectEstimate) -> str:
    if found.available:
        return ""
    reason = found.reason or "there is nobody comparable to compare with"
    return f"There is no estimate for this selection: {reason}."
