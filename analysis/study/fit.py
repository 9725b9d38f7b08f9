"""From a panel to a study: the headline, the second opinion, the checks, in the order the design asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.checks import (
    balance,
    case_mix,
    composition,
    decomposition,
    estimator_gap,
    few_clusters,
    placebo_in_time,
    pre_trends,
    sensitivity,
    spillover,
)
from analysis.checks import selection_dip as dip
from analysis.checks.randomisation import Randomisation, randomisation_test
from analysis.checks.result import BLOCKING_LEVEL, SLICE_ALARM_LEVEL, CheckResult, Status
from analysis.comparison.fair_panel import (
    comparison_panel,
    completed_weeks,
    hired_weeks,
    selection_rule,
    share_picked_by_rule,
    started_weeks,
)
from analysis.comparison.learning_curve import without_learning_curve
from analysis.design import Design
from analysis.effects.completion import completion_effect, dose_effect
from analysis.effects.spillover import spillover_effect
from analysis.errors import EstimationError, NothingObserved, PanelError
from analysis.estimators import Study, estimate
from analysis.estimators.naive.bacon import bacon
from analysis.estimators.rungs import rung_rows
from analysis.estimators.stacked import SelectionRule
from analysis.panel.doses import courses_by_week
from analysis.panel.facts import baseline, control_clusters, volumes, weeks_around
from analysis.panel.panel import Panel, from_warehouse
from analysis.panel.slices import Slice
from analysis.results import EffectEstimate
from analysis.study.result_tables import LADDER_LABELS, parts_rows, slice_columns
from analysis.words.numbers import Reader

if TYPE_CHECKING:
    import duckdb

    from analysis.panel.held_weeks import Rows
    from etl.configuration.kpis import Kpi

from analysis.study.kpi_study import Judgement, KpiStudy, Setting, no_study, nothing_seen


def study_panel(
    cur: duckdb.DuckDBPyConnection,
    kpi: Kpi,
    slice_: Slice,
    setting: Setting,
    *,
    slice_kind: str,
    slice_value: str,
    thorough: bool = False,
    by_week: bool = True,
    by_cohort: bool = False,
    with_ladder: bool = False,
    rows: Rows | None = None,
) -> KpiStudy:
    """Estimate a KPI that is a mean over contacts (or answers, offers, days) in one slice.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi
        Catalogue entry, overrides applied.
    slice_
        Which agent-weeks.
    setting
        What is common to all slices.
    slice_kind, slice_value
        Labels for the result tables.
    thorough
        Also what is too slow for a click: case mix, stayers, sensitivity, decomposition, ladder, cohorts by week.
    by_week
        Also effects by cohort and by calendar week.
    by_cohort
        Also effects by cohort alone.
    with_ladder
        Also the naive answers beside the fair one, as ``thorough`` does.
    rows
        Rows read before from the same warehouse version, where many slices are asked for.

    Returns
    -------
    KpiStudy
        Never an error for a slice without data: then the verdict says why there is nothing.
    """
    design = setting.design
    try:
        raw = comparison_panel(
            cur,
            kpi.id,
            slice_,
            timing=design.timing,
            cluster=design.cluster,
            roster=setting.roster,
            unexposed_controls=design.unexposed_controls,
            anticipation=design.anticipation_weeks,
            rows=rows,
        )
    except NothingObserved:
        return no_study(kpi, setting, slice_kind, slice_value, missing=nothing_seen(slice_))
    except PanelError as error:
        return no_study(kpi, setting, slice_kind, slice_value, str(error))
    panel = without_learning_curve(raw, hired_weeks(raw, setting.roster), design.anticipation_weeks)
    rule = None
    if design.same_rule is not None:
        worst = "high" if setting.rule_better == "lower" else "low"
        rule = selection_rule(
            cur, panel, setting.roster, design.same_rule, worst=worst, timing=design.timing, rows=rows
        )
    beside: tuple[CheckResult, ...] = ()
    if thorough and (design.unexposed_controls or rule is not None):
        beside = (_beside(cur, kpi, slice_, setting),)
    by_plan = thorough and design.timing == "scheduled"
    return study_of(
        panel,
        kpi,
        setting,
        rule=rule,
        further=beside,
        slice_kind=slice_kind,
        slice_value=slice_value,
        thorough=thorough,
        by_week=by_week,
        by_cohort=by_cohort,
        warehouse=(cur, slice_),
        raw=raw,
        completed=completed_weeks(panel, setting.roster) if by_plan else None,
        dose=courses_by_week(cur, panel, setting.courses) if by_plan else None,
        with_ladder=with_ladder,
    )


def study_of(
    panel: Panel,
    kpi: Kpi,
    setting: Setting,
    *,
    rule: SelectionRule | None = None,
    slice_kind: str = "overall",
    slice_value: str = "",
    thorough: bool = False,
    by_week: bool = True,
    by_cohort: bool = False,
    warehouse: tuple[duckdb.DuckDBPyConnection, Slice] | None = None,
    completed: NDArray[np.int64] | None = None,
    dose: NDArray[np.float64] | None = None,
    with_ladder: bool = False,
    raw: Panel | None = None,
    further: tuple[CheckResult, ...] = (),
) -> KpiStudy:
    """The same on a panel that is already there (simulations, published panels).

    Parameters
    ----------
    panel
        Agents x weeks.
    kpi, setting, slice_kind, slice_value, thorough, by_week, by_cohort
        As in :func:`study_panel`.
    rule
        The selection rule when the design compares by the same rule.
    warehouse
        Cursor and slice for the case-mix check; ``None`` leaves it out.
    completed
        (A,) week of completion, where agents count from their planned week: gives the effect of completing.
    dose
        (A, T) courses completed by each week, likewise: gives the effect per course.
    with_ladder
        Also the naive answers beside the fair one, as ``thorough`` does.
    raw
        The panel before the learning curve was taken out: for levels and for the naive rungs of the ladder.
    further
        Checks made elsewhere, shown with the others.
    """
    design, reader = setting.design, setting.reader
    raw = panel if raw is None else raw
    wait, level = design.anticipation_weeks, setting.ci_level

    def fit(name: str, on: Panel, **options: Any) -> Study:
        if name == "stacked" and rule is not None:
            options["rule"] = rule
        return estimate(on, name, design.control, wait, ci_level=level, **options)

    main = fit(design.headline, panel)
    simple, events = main.aggregate("simple"), main.aggregate("event_time")
    second = fit(design.second_opinion, panel).aggregate("simple")
    checks: list[CheckResult] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    where = slice_columns(kpi.id, slice_kind, slice_value)
    small = kpi.smallest_effect
    if simple.overall.available:
        alarm = BLOCKING_LEVEL if slice_kind == "overall" else SLICE_ALARM_LEVEL
        checks.append(pre_trends.check(events, kpi, small, reader, alarm_level=alarm))
        checks.append(placebo_in_time.check(events, kpi, small, reader, alarm_level=alarm))
        checks.append(_dip(design, events, kpi, small, reader, panel, rule, alarm))
        checks.append(balance.check(panel, kpi, reader, assigned=not design.limited))
        checks.append(estimator_gap.check(simple, second, kpi, small, reader, same_rule=rule is not None))
        if slice_kind == "overall":
            dealt = _dealt(panel, kpi, design, rule, simple.overall) if thorough else None
            word = design.limits().cluster_word
            again = few_clusters.check(simple, kpi, reader, cluster_word=word, dealt=dealt)
            checks.extend([again] if again is not None else [])
        checks.extend(setting.inherited.get(kpi.id, ()))
        checks.extend(further)
    tables["event_time"] = parts_rows(where, events, "event_time", bands=True)
    if (by_week or by_cohort) and panel.cohorts.size:
        tables["cohort_effect"] = parts_rows(where, main.aggregate("cohort"), "cohort")
    if by_week and panel.cohorts.size:
        tables["calendar_effect"] = parts_rows(where, main.aggregate("calendar_time"), "week")
    if thorough and simple.overall.available:
        stay = composition.stayers(panel)
        of_stayers = estimate(stay, "imputation", design.control, wait, ci_level=level).aggregate("simple")
        checks.append(
            composition.check(panel, simple, kpi, small, reader, of_stayers=None if rule is not None else of_stayers)
        )
        if warehouse is not None and kpi.by_contact:
            checks.append(_mix(warehouse, panel, kpi, design, reader, fit))
        from_one_base = fit("group_time", panel, base="universal") if rule is None else None
        universal = None if from_one_base is None else from_one_base.aggregate("event_time")
        checks.append(sensitivity.check(universal, kpi, reader, alpha=1 - level))
        checks.append(decomposition.check(_forbidden_weight(raw), reader))
        tables["att_gt"] = _att_gt_rows(kpi.id, main)
    else:
        checks.append(composition.check(panel, simple, kpi, small, reader))
    if (thorough or with_ladder) and simple.overall.available:
        tables["ladder"] = _ladder_rows(where, raw, main, second.overall, design, level)
    post, pre = weeks_around(panel, wait)
    found = simple.overall
    if not found.available:
        completed = dose = None
    judgement = Judgement(
        kpi=kpi,
        setting=setting,
        checks=tuple(checks),
        n_trained_clusters=found.n_trained_clusters if panel.cohorts.size else None,
        n_control_clusters=control_clusters(panel, wait),
        post_weeks=post,
        pre_weeks=pre,
        unusable=_why_nothing(found),
        too_few=_nobody_yet(panel),
    )
    return KpiStudy(
        kpi=kpi,
        slice_kind=slice_kind,
        slice_value=slice_value,
        headline=found,
        second=second.overall,
        completion=completion_effect(panel, completed, wait, level, rule).per_unit if completed is not None else None,
        dose=dose_effect(panel, dose, wait, level, "course", rule).per_unit if dose is not None else None,
        tables=tables,
        checks=tuple(checks),
        verdict=judgement.decide(found),
        baseline=baseline(raw, wait),
        context=judgement,
        influence=(panel.clusters, simple.overall_influence),
        volumes=volumes(panel),
    )


def _beside(cur: duckdb.DuckDBPyConnection, kpi: Kpi, slice_: Slice, setting: Setting) -> CheckResult:
    """What happened to untrained agents beside trained team-mates."""
    design = setting.design
    whole = from_warehouse(cur, kpi.id, slice_, timing=design.timing, cluster="team")
    whole = without_learning_curve(whole, hired_weeks(whole, setting.roster), design.anticipation_weeks)
    start = started_weeks(whole, setting.roster)
    effect = spillover_effect(whole, start, design.anticipation_weeks, setting.ci_level)
    return spillover.check(effect, kpi, setting.reader)


def _dealt(
    panel: Panel, kpi: Kpi, design: Design, rule: SelectionRule | None, found: EffectEstimate
) -> Randomisation | None:
    """The waves dealt out again: for the primary KPIs, where few clusters were assigned by draw or by plan."""
    if kpi.role != "primary" or rule is not None or design.limited or found.n_clusters >= few_clusters.MANY_CLUSTERS:
        return None
    return randomisation_test(
        panel, draws=few_clusters.DEALS, anticipation=design.anticipation_weeks, level=found.ci_level, interval=False
    )


def _dip(
    design: Design,
    events: Any,
    kpi: Kpi,
    small: float,
    reader: Reader,
    panel: Panel,
    rule: SelectionRule | None,
    alarm: float,
) -> CheckResult:
    if rule is None:
        return dip.check(events, kpi, small, reader, panel=panel, alarm_level=alarm)
    share = share_picked_by_rule(panel, rule)
    words = (
        "The trained were picked at a low point on purpose; they are compared with agents whom the same rule would "
        "have "
        f"picked elsewhere. The recorded rule explains {reader.number(100 * share, 0)}% of who was picked."
    )
    status: Status = "informational" if share >= dip.RULE_EXPLAINS else "failed"
    return CheckResult("selection_dip", dip.LABEL, status, share, dip.RULE_EXPLAINS, words)


def _mix(
    warehouse: tuple[duckdb.DuckDBPyConnection, Slice], panel: Panel, kpi: Kpi, design: Design, reader: Reader, fit: Any
) -> CheckResult:
    cur, slice_ = warehouse
    expected = case_mix.expected_by_mix(cur, panel, kpi.id, replace(slice_, cohort=()), timing=design.timing)
    if expected is None:
        return case_mix.check(None, kpi, kpi.smallest_effect, reader)
    effect = fit("imputation", expected.panel).aggregate("simple").overall
    return case_mix.check(effect, kpi, kpi.smallest_effect, reader, unknown=expected.unknown)


def _forbidden_weight(panel: Panel) -> float | None:
    try:
        return bacon(panel).forbidden_weight
    except EstimationError:
        return None


def _ladder_rows(
    where: Mapping[str, str], raw: Panel, main: Study, second: EffectEstimate, design: Design, level: float
) -> list[dict[str, Any]]:
    """Naive rungs on what a slide would show, the others as the headline and the second opinion were estimated."""
    found = main.aggregate("simple").overall
    known = {made.estimator: made for made in (second, found) if made.available}
    rungs = rung_rows(raw, design.anticipation_weeks, level, known)
    if design.headline not in {rung["estimator"] for rung in rungs}:
        rungs.append(
            {
                "estimator": design.headline,
                "estimate": found.estimate,
                "std_error": found.std_error,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "note": "Against agents whom the same rule would have picked elsewhere: the headline.",
            }
        )
    return [
        {**where, "position": i, "label": LADDER_LABELS.get(rung["estimator"], rung["estimator"]), **rung}
        for i, rung in enumerate(rungs)
    ]


def _att_gt_rows(kpi_id: str, main: Study) -> list[dict[str, Any]]:
    rows = []
    for row in main.att_gt.iter_rows(named=True):
        if row["estimate"] is None or not math.isfinite(row["estimate"]):
            continue
        kept = {name: row[name] for name in ("cohort", "estimate", "std_error", "ci_low", "ci_high", "n_agents")}
        rows.append({"kpi": kpi_id, "week": row["time"], **kept, "n_agents": int(row["n_agents"])})
    return rows


def _nobody_yet(panel: Panel) -> str:
    """Why waiting may cure it: training has not come yet, and nobody was trained before the data begin."""
    if (panel.observed & panel.trained_cells).any() or panel.n_always_trained:
        return ""
    return "Nobody is seen after training yet."


def _why_nothing(found: EffectEstimate) -> str:
    if found.available:
        return ""
    reason = found.reason or "there is nobody comparable to compare with"
    return f"There is no estimate for this selection: {reason}."
