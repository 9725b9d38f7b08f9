"""The checks of a study, with their conditions and inputs. To add a check, add a module and an entry in
``DIAGNOSTICS``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from analysis.checks import (
    balance,
    case_mix,
    composition,
    decomposition,
    estimator_gap,
    few_clusters,
    phrases,
    placebo_in_time,
    pre_trends,
    raters,
    recomputed,
    selection_dip,
    sensitivity,
    short_histories,
    spillover,
    who_answers,
)
from analysis.checks.randomisation import Randomisation, randomisation_test
from analysis.checks.result import CheckResult, Status
from analysis.comparison.selection import likeliest_rule, rule_fit
from analysis.effects.exposure import exposure_effects
from analysis.effects.skills import corrected_skill
from analysis.effects.spillover import spillover_effect
from analysis.errors import EstimationError
from analysis.estimators.imputation import Imputation
from analysis.estimators.naive.bacon import bacon
from analysis.estimators.stacked import Stacked
from analysis.panel.evaluations import BASE as EVALUATED
from analysis.panel.roster import Roster
from analysis.study.evidence import Evidence
from analysis.study.failures import attempted
from analysis.study.phrase_labels import accuracy, skill_of
from analysis.words.checks import UNMADE
from analysis.words.verdict import BLOCKING_CHECKS, PHRASE_CHECKS


@dataclass(frozen=True)
class Diagnostic:
    """One check of a study.

    Attributes
    ----------
    check, label
        Id (the module's name) and title shown on the page.
    applies
        Whether it runs for this study; where false it is left out.
    run
        Runs it; ``None`` where it gives no result.
    """

    check: str
    label: str
    applies: Callable[[Evidence], bool]
    run: Callable[[Evidence], CheckResult | None]


def made(evidence: Evidence) -> tuple[CheckResult, ...]:
    """Every check that applies to a study, in the order of ``DIAGNOSTICS``; then those inherited.

    A check that raises is replaced by a result that says so: failed where the check can block verdicts, since the
    comparison is then unchecked, else informational.
    """
    found = [_made(diagnostic, evidence) for diagnostic in DIAGNOSTICS if diagnostic.applies(evidence)]
    inherited = evidence.request.inherited if evidence.found.available else ()
    return (*(result for result in found if result is not None), *inherited)


def _made(diagnostic: Diagnostic, evidence: Evidence) -> CheckResult | None:
    def unmade(why: str) -> CheckResult:
        status: Status = "failed" if diagnostic.check in (*BLOCKING_CHECKS, *PHRASE_CHECKS) else "informational"
        words = f"{UNMADE} ({why})."
        return CheckResult(diagnostic.check, diagnostic.label, status, math.nan, math.nan, words)

    return attempted(lambda: diagnostic.run(evidence), unmade)


def _available(evidence: Evidence) -> bool:
    return evidence.found.available


def _overall(evidence: Evidence) -> bool:
    return evidence.found.available and evidence.request.is_overall


def _thorough(evidence: Evidence) -> bool:
    return evidence.found.available and evidence.request.thorough


def _always(evidence: Evidence) -> bool:
    return True


def _pre_trends(evidence: Evidence) -> CheckResult:
    kpi = evidence.request.kpi
    return pre_trends.check(
        evidence.events, kpi, kpi.smallest_effect, evidence.setting.reader, alarm_level=evidence.alarm_level
    )


def _placebo_in_time(evidence: Evidence) -> CheckResult:
    kpi = evidence.request.kpi
    return placebo_in_time.check(
        evidence.events, kpi, kpi.smallest_effect, evidence.setting.reader, alarm_level=evidence.alarm_level
    )


def _selection_dip(evidence: Evidence) -> CheckResult:
    kpi, reader, comparison = evidence.request.kpi, evidence.setting.reader, evidence.comparison
    if comparison.rule is None:
        return selection_dip.check(
            evidence.events,
            kpi,
            kpi.smallest_effect,
            reader,
            panel=comparison.panel,
            alarm_level=evidence.alarm_level,
        )
    fit = rule_fit(comparison.panel, comparison.rule)
    better = likeliest_rule(comparison.panel, comparison.rule) if evidence.request.is_overall else fit
    return selection_dip.check_rule(fit, better, reader)


def _balance(evidence: Evidence) -> CheckResult:
    setting = evidence.setting
    return balance.check(
        evidence.comparison.panel, evidence.request.kpi, setting.reader, assigned=not setting.design.limited
    )


def _estimator_gap(evidence: Evidence) -> CheckResult:
    kpi = evidence.request.kpi
    return estimator_gap.check(
        evidence.simple,
        evidence.second,
        kpi,
        kpi.smallest_effect,
        evidence.setting.reader,
        same_rule=evidence.comparison.rule is not None,
    )


def _few_clusters(evidence: Evidence) -> CheckResult | None:
    setting = evidence.setting
    return few_clusters.check(
        evidence.simple,
        evidence.request.kpi,
        setting.reader,
        cluster_word=setting.design.limits().cluster_word,
        permuted=_permuted(evidence) if evidence.request.thorough else None,
    )


def _permuted(evidence: Evidence) -> Randomisation | None:
    """Randomisation inference over the waves: for primary KPIs, where few clusters were assigned by lot or by plan."""
    design, found, comparison = evidence.setting.design, evidence.found, evidence.comparison
    if evidence.request.kpi.role != "primary" or comparison.rule is not None or design.limited:
        return None
    if found.n_clusters >= few_clusters.MANY_CLUSTERS:
        return None
    plan = evidence.setting.plan
    return randomisation_test(
        comparison.panel,
        orders=plan.orders_of(comparison.panel) if plan is not None else None,
        draws=few_clusters.PERMUTATIONS,
        anticipation=design.anticipation_weeks,
        level=found.ci_level,
        interval=False,
    )


def _spillover(evidence: Evidence) -> CheckResult | None:
    """What happened to untrained agents beside trained team-mates."""
    mates, setting = evidence.comparison.team_mates, evidence.setting
    if mates is None:
        return None
    kpi, wait, within = evidence.request.kpi, setting.design.anticipation_weeks, setting.design.within_teams
    effect = spillover_effect(mates.panel, mates.start, wait, setting.ci_level)
    made = exposure_effects(mates.panel, mates.start, wait, setting.ci_level) if within else None
    whole = None if made is None else made.everybody
    return spillover.check(effect, kpi, setting.reader, within_teams=within, everybody=whole)


def _composition(evidence: Evidence) -> CheckResult:
    kpi, panel, setting = evidence.request.kpi, evidence.comparison.panel, evidence.setting
    of_stayers = None
    last = setting.roster.last_weeks(panel) if isinstance(setting.roster, Roster) else None
    if _thorough(evidence) and evidence.comparison.rule is None:
        of_stayers = evidence.fit("imputation", composition.stayers(panel, last)).aggregate("simple")
    return composition.check(
        panel,
        evidence.simple,
        kpi,
        kpi.smallest_effect,
        setting.reader,
        of_stayers=of_stayers,
        survivors=evidence.survivors,
        last=last,
    )


def _short_histories(evidence: Evidence) -> CheckResult | None:
    comparison, setting = evidence.comparison, evidence.setting
    if comparison.rule is not None:  # there nobody is compared with their own level alone
        return None
    known = short_histories.known_long_enough(comparison.panel, setting.design.anticipation_weeks)
    share = short_histories.share_of_contacts(comparison.panel, known)
    if share < short_histories.MENTIONED:
        return None
    without = evidence.fit(setting.design.headline, comparison.panel.take(known)).aggregate("simple").overall
    return short_histories.check(share, without, evidence.request.kpi, setting.reader)


def _case_mix(evidence: Evidence) -> CheckResult | None:
    kpi, reader, contacts = evidence.request.kpi, evidence.setting.reader, evidence.comparison.contacts
    if contacts is None:
        return None
    expected = case_mix.expected_by_mix(evidence.comparison.panel, contacts)
    if expected is None:
        return case_mix.check(None, kpi, kpi.smallest_effect, reader)
    effect = evidence.fit("imputation", expected.panel).aggregate("simple").overall
    return case_mix.check(effect, kpi, kpi.smallest_effect, reader, unknown=expected.unknown)


def _who_answers(evidence: Evidence) -> CheckResult:
    kpi, setting = evidence.request.kpi, evidence.setting
    share = who_answers.share_of(setting.kpis.get(kpi.answered_by))
    return who_answers.check(evidence.answers, kpi, share, kpi.smallest_effect, setting.reader)


def _of_answers(evidence: Evidence) -> bool:
    return evidence.found.available and (bool(evidence.request.kpi.answered_by) or evidence.answers is not None)


def _raters(evidence: Evidence) -> CheckResult | None:
    kpi, setting, comparison = evidence.request.kpi, evidence.setting, evidence.comparison
    if kpi.base != EVALUATED or kpi.exposure:
        return None
    skill = corrected = None
    if comparison.evaluations is not None and kpi.numerator in comparison.evaluations.scores:
        wait = setting.design.anticipation_weeks
        skill = corrected_skill(comparison.panel, comparison.raw, comparison.evaluations, kpi.numerator, wait)
        corrected = evidence.fit(setting.design.headline, skill.panel).aggregate("simple")
        if not corrected.overall.available:
            skill = corrected = None
    return raters.check(skill, evidence.simple, corrected, kpi, kpi.smallest_effect, setting.reader)


def _phrases(evidence: Evidence) -> CheckResult | None:
    if not skill_of(evidence.request.kpi):
        return None
    found, why = accuracy(evidence.comparison.labels, evidence.request.kpi, evidence.setting)
    return phrases.check(found, evidence.setting.reader, why)


def _sensitivity(evidence: Evidence) -> CheckResult:
    universal = None
    if evidence.comparison.rule is None:
        universal = evidence.fit("group_time", base="universal").aggregate("event_time")
    setting = evidence.setting
    return sensitivity.check(universal, evidence.request.kpi, setting.reader, alpha=1 - setting.ci_level)


def _decomposition(evidence: Evidence) -> CheckResult:
    try:
        weight = bacon(evidence.comparison.raw).forbidden_weight
    except EstimationError:
        weight = None
    return decomposition.check(weight, evidence.setting.reader)


def _recomputed(evidence: Evidence) -> CheckResult:
    source = evidence.main.source
    if isinstance(source, Imputation):
        models = [source]
    else:
        models = [model for _, model, _ in source.models] if isinstance(source, Stacked) else []
    setting = evidence.setting
    found = recomputed.recompute(models, evidence.found.std_error)
    return recomputed.check(found, setting.reader, cluster_word=setting.design.limits().cluster_word)


def _goal(evidence: Evidence) -> bool:
    return _thorough(evidence) and evidence.request.is_overall and evidence.request.kpi.role == "primary"


DIAGNOSTICS = (
    Diagnostic(pre_trends.ID, pre_trends.LABEL, _available, _pre_trends),
    Diagnostic(placebo_in_time.ID, placebo_in_time.LABEL, _available, _placebo_in_time),
    Diagnostic(selection_dip.ID, selection_dip.LABEL, _available, _selection_dip),
    Diagnostic(balance.ID, balance.LABEL, _available, _balance),
    Diagnostic(estimator_gap.ID, estimator_gap.LABEL, _available, _estimator_gap),
    Diagnostic(few_clusters.ID, few_clusters.LABEL, _overall, _few_clusters),
    Diagnostic(spillover.ID, spillover.LABEL, _available, _spillover),
    Diagnostic(composition.ID, composition.LABEL, _always, _composition),
    Diagnostic(short_histories.ID, short_histories.LABEL, _thorough, _short_histories),
    Diagnostic(who_answers.ID, who_answers.LABEL, _of_answers, _who_answers),
    Diagnostic(case_mix.ID, case_mix.LABEL, _thorough, _case_mix),
    Diagnostic(raters.ID, raters.LABEL, _thorough, _raters),
    Diagnostic(phrases.ID, phrases.LABEL, _thorough, _phrases),
    Diagnostic(sensitivity.ID, sensitivity.LABEL, _thorough, _sensitivity),
    Diagnostic(decomposition.ID, decomposition.LABEL, _thorough, _decomposition),
    Diagnostic(recomputed.ID, recomputed.LABEL, _goal, _recomputed),
)
"""All checks, in the order they run."""
