"""Compare phrases with evaluations of the same contacts: which skill a KPI's phrases stand for, and their accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.comparison.setting import Setting
from analysis.effects.heard import AccuracyCheck, same_accuracy
from analysis.errors import EstimationError
from analysis.panel.panel import NEVER
from analysis.panel.phrases import BASE, HITS, Labels
from etl.configuration.kpis import Kpi

NO_LABELS = (
    "No evaluated contact has a transcript, so what phrases say of the skill is not known: evaluate contacts that are "
    "transcribed."
)


def skill_of(kpi: Kpi) -> str:
    """The skill whose phrases a KPI counts; empty for none that is evaluated."""
    column = kpi.numerator.removesuffix(" > 0")
    return next((skill for skill, hits in HITS.items() if kpi.base == BASE and hits == column), "")


def rule_skill_of(kpi: Kpi) -> str:
    """The skill of the rules that a KPI counts, sympathy among them; empty for any other KPI."""
    if kpi.base != BASE:
        return ""
    return skill_of(kpi) or ("sympathy" if kpi.numerator.startswith("sympathy_hits") else "")


def accuracy(labels: Labels | None, kpi: Kpi, setting: Setting) -> tuple[AccuracyCheck | None, str]:
    """Whether phrases are as accurate after training; a sentence where that cannot be tested.

    Parameters
    ----------
    labels
        Contacts with transcript and evaluation.
    kpi
        One that :func:`skill_of` knows.
    setting
        Its roster, and the score from which a skill counts as shown, are used.
    """
    if labels is None:
        return None, NO_LABELS
    skill, matters = skill_of(kpi), kpi.smallest_effect / 2
    scored = np.isfinite(labels.scores[skill])
    shown = labels.shown(skill, setting.shown_from)
    try:
        return same_accuracy(
            labels.heard[skill][scored], shown[scored], labels.team[scored], _trained(labels, setting)[scored], matters
        ), ""
    except EstimationError as error:
        words = str(error)
        return None, f"{words[:1].upper()}{words[1:]}"


def _trained(labels: Labels, setting: Setting) -> Any:
    """(N,) whether the agent was trained by the week of the contact, by the week from which the design counts."""
    roster = setting.roster
    start = roster.scheduled if setting.design.timing == "scheduled" else roster.trained
    weeks = {
        str(key): np.datetime64(roster.monday(int(week)), "D")
        for key, week in zip(roster.agent_key.tolist(), start.tolist(), strict=True)
        if week < NEVER
    }
    never = np.datetime64("9999-01-01", "D")
    return labels.week >= np.array([weeks.get(key, never) for key in labels.agent_key.tolist()], dtype="datetime64[D]")
