"""Rows of result tables that qualify a headline (survivors, spillover, course); for the whole programme only.

Survivors and course use the fit of the headline; spillover has its own fit for all its numbers.
"""

from __future__ import annotations

import math
from typing import Any

from analysis.effects.course import effect_path
from analysis.effects.exposure import exposure_effects
from analysis.study.evidence import Evidence
from analysis.study.gain_rows import agent_gains
from analysis.words import course as course_words
from analysis.words import spillover as spillover_words
from analysis.words import survivors as survivor_words

Rows = dict[str, list[dict[str, Any]]]


def side_rows(evidence: Evidence) -> Rows:
    """Rows by result table: ``survivor``, ``spillover``, ``course``; and ``gain``, which is read with the slices
    later (:func:`analysis.study.gain_rows.gain_rows`)."""
    if not (evidence.request.thorough and evidence.request.is_overall and evidence.found.available):
        return {}
    return {
        "survivor": _survivor_rows(evidence),
        "spillover": _spillover_rows(evidence),
        "course": _course_rows(evidence),
        "gain": agent_gains(evidence),
    }


def _spillover_rows(evidence: Evidence) -> list[dict[str, Any]]:
    mates, setting, kpi = evidence.comparison.team_mates, evidence.setting, evidence.request.kpi
    row: dict[str, Any] = {**evidence.request.where, "state": spillover_words.TOTAL_ONLY}
    if evidence.comparison.rule is not None:
        return [row | {"state": spillover_words.NOT_TOLD, "sentence": spillover_words.PICKED}]
    wait = setting.design.anticipation_weeks
    found = None if mates is None else exposure_effects(mates.panel, mates.start, wait, setting.ci_level)
    if found is None:
        if setting.roster is not None and setting.roster.situation().whole_teams:
            return [row | {"sentence": spillover_words.WHOLE_TEAMS}]
        why = spillover_words.AT_ONCE if setting.design.within_teams else spillover_words.TOO_FEW
        return [row | {"state": spillover_words.NOT_TOLD, "sentence": why}]
    parts = {"direct": found.direct, "per_ten": found.per_ten, "as_run": found.as_run, "everybody": found.everybody}
    for name, part in parts.items():
        row |= {name: part.estimate, f"{name}_low": part.ci_low, f"{name}_high": part.ci_high}
    words = spillover_words.sentence(found.direct, found.per_ten, found.everybody, found.naive, kpi, setting.reader)
    more = {
        "state": spillover_words.TOLD,
        "naive": found.naive,
        "mates_trained": found.mates_trained,
        "n_exposed_agents": found.n_exposed_agents,
        "n_exposed_teams": found.n_exposed_teams,
        "sentence": words,
    }
    return [row | more]


def _course_rows(evidence: Evidence) -> list[dict[str, Any]]:
    course = effect_path(evidence.events, evidence.setting.ci_level)
    row: dict[str, Any] = {
        **evidence.request.where,
        "state": course_words.state(course),
        "sentence": course_words.sentence(course),
    }
    if course is not None:
        row |= {"weeks": course.weeks, "size": course.size}
        for name, told in (("ramp", course.ramp), ("half_life", course.half_life), ("floor", course.floor)):
            row |= {name: told.estimate, f"{name}_low": told.low, f"{name}_high": told.high}
    return [row]


def _survivor_rows(evidence: Evidence) -> list[dict[str, Any]]:
    found = evidence.survivors
    if found is None:
        return []
    kpi, reader = evidence.request.kpi, evidence.setting.reader
    left = found.measured(kpi.smallest_effect)
    return [
        {
            **evidence.request.where,
            "state": survivor_words.state(left),
            "hazard_ratio": math.exp(found.staying.log_ratio),
            "excess_share": found.excess,
            "estimate": found.headline.estimate,
            "weighted": found.weighted.estimate,
            "weighted_low": found.weighted.ci_low,
            "weighted_high": found.weighted.ci_high,
            "bound_low": found.bounds.low,
            "bound_high": found.bounds.high,
            "ci_low": found.bounds.ci_low,
            "ci_high": found.bounds.ci_high,
            "sentence": survivor_words.said(left, kpi, reader),
        }
    ]
