"""Rows of ``mechanism``, ``course_skill`` and ``rater``: effects of courses on skills, and links from skills to
KPIs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.comparison.compare import compare
from analysis.comparison.setting import Setting
from analysis.effects.course_events import REFRESHERS, course_events
from analysis.effects.course_instruments import course_effects
from analysis.effects.mechanism import Mechanism, mechanism
from analysis.effects.skills import Skill
from analysis.errors import PanelError
from analysis.inference import jackknife_influence
from analysis.panel.scored_contacts import scored_contacts, without_contacts
from analysis.panel.slices import EVERYTHING
from analysis.results import EffectEstimate
from analysis.study.by_kpi import VersionAtHand
from analysis.study.kpi_study import KpiStudy
from analysis.words.mechanism import reading, sentence
from etl.configuration.kpis import Kpi

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Skills:
    """The skills of a version, corrected for rater and form, by id of their KPI."""

    by_id: Mapping[str, Skill]
    labels: Mapping[str, str]

    @classmethod
    def of(cls, version: VersionAtHand, judged: Mapping[str, KpiStudy]) -> Skills:
        """Correct every skill that can be estimated; none where no evaluation is kept."""
        found: dict[str, Skill] = {}
        for name, study in judged.items():
            if study.headline is None or not study.headline.available:
                continue
            skill = version.skill(study.kpi)
            if skill is not None:
                found[name] = skill
        return cls(found, {name: judged[name].kpi.label for name in found})


def read_together(judged: Mapping[str, KpiStudy], skills: Skills) -> list[Kpi]:
    """The goals for which a mechanism is estimated."""
    goals = [study.kpi for study in judged.values() if study.kpi.role == "primary"]
    return [kpi for kpi in goals if kpi.kind.before_and_after and skills.by_id]


def mechanisms_of(version: VersionAtHand, *, goal: Kpi, skills: Sequence[Kpi]) -> dict[str, Mechanism]:
    """Mechanism of a goal with each skill separately: slopes of correlated skills cannot be estimated jointly.

    Parameters
    ----------
    version
        Where panels come from.
    goal
        A primary KPI.
    skills
        KPIs that :meth:`VersionAtHand.skill` corrects.

    Returns
    -------
    dict
        By id of the skill; empty where the goal has no panel.
    """
    setting = version.setting
    try:
        made = compare(version.weeks, goal, EVERYTHING, setting)
    except PanelError:
        return {}
    panel = made.panel
    apart = without_contacts(made.raw, panel, scored_contacts(version.cur, goal))
    doses = list(version.weeks.doses(panel, setting.courses).values())
    found = {}
    for kpi in skills:
        skill = version.skill(kpi)
        assert skill is not None
        found[kpi.id] = mechanism(
            panel,
            {kpi.id: skill.panel},
            apart=apart,
            courses=doses,
            anticipation=setting.design.anticipation_weeks,
            ci_level=setting.ci_level,
            kpi=_small(goal.label),
        )
    return found


def mechanism_rows(
    made: Mapping[str, Mapping[str, Mechanism]], skills: Skills, judged: Mapping[str, KpiStudy], setting: Setting
) -> list[dict[str, Any]]:
    """Rows of ``mechanism``.

    Parameters
    ----------
    made
        By goal and skill, see :func:`mechanisms_of`.
    skills, setting
        Of the version.
    judged
        Studies of the whole programme, by KPI: no mechanism is read where their comparison is not valid.
    """
    rows = []
    for name, by_skill in made.items():
        for skill_id, found in by_skill.items():
            why = _not_believed(judged[name], judged[skill_id], setting)
            label = _small(judged[name].kpi.label)
            rows.append(_row(name, skill_id, skills.labels[skill_id], found, why, label))
    return rows


def _small(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _not_believed(kpi: KpiStudy, skill: KpiStudy, setting: Setting) -> str:
    """Why the effects of the whole programme cannot be used; empty when they can."""
    if setting.design.same_rule is not None:
        return "agents were picked by a rule, and this split has no comparison with agents the rule would have picked"
    for study in (kpi, skill):
        if not study.verdict.believed:
            why = study.verdict.reason.rstrip(".")
            return f"for {_small(study.kpi.label)}, {_small(why)}" if why else f"{study.kpi.label} is not to be used"
    return ""


def _row(kpi: str, skill_id: str, label: str, made: Mechanism, why: str, kpi_label: str) -> dict[str, Any]:
    part = made.skills.row(0, named=True)
    state = "not_readable" if why else made.state
    row: dict[str, Any] = {
        "kpi": kpi,
        "skill": skill_id,
        "state": state,
        "reading": reading("not_readable", math.nan) if why else made.reading,
        "sentence": sentence(
            "not_readable", kpi=kpi_label, skills=[_small(label)], correlation=math.nan, learned=False, carried=False,
            why=why,
        ) if why else made.sentence,
        "grain": made.grain,
        "reliability": part["reliability"],
        "shared_shock": made.correlation,
        "robustness": made.robustness,
        "second_slope": made.second_route.slope,
        "second_low": made.second_route.ci_low,
        "second_high": made.second_route.ci_high,
        "second_first_stage_f": made.second_route.first_stage_f,
        "second_overidentification_p": made.second_route.overidentification_p,
        "second_reason": made.second_route.reason,
        "n_agents": made.total.n_agents,
        "n_clusters": made.total.n_clusters,
    }  # fmt: skip
    for ours, theirs in (("effect_on_skill", "effect"), ("slope", "slope")):
        for end in ("", "_low", "_high"):
            row[ours + end] = part[theirs + end]
    for name in ("total", "direct", "indirect", "share"):
        found: EffectEstimate = getattr(made, name)
        row |= {name: found.estimate, f"{name}_low": found.ci_low, f"{name}_high": found.ci_high}
    return row


def course_rows(version: VersionAtHand, *, skill: Kpi) -> list[dict[str, Any]]:
    """Effect of each course on a skill, from one regression, and whether any two effects differ significantly."""
    setting, corrected = version.setting, version.skill(skill)
    assert corrected is not None
    panel = corrected.panel
    doses = version.weeks.doses(panel, setting.courses)
    if len(doses) < 2:
        return []
    theta, without = course_effects(panel, list(doses.values()))
    active = np.zeros(panel.n_clusters, dtype=bool)
    active[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    psi = jackknife_influence(without, theta, active)
    errors = np.sqrt(np.einsum("ck,ck->k", psi, psi))
    df, alpha = max(int(active.sum()) - 1, 1), 1 - setting.ci_level
    half = float(stdtrit(df, 1 - alpha / 2))
    pairs = theta.size * (theta.size - 1) / 2
    apart = _told_apart(theta, psi, float(stdtrit(df, 1 - alpha / 2 / pairs)))
    rows: list[dict[str, Any]] = []
    for k, (course, dose) in enumerate(doses.items()):
        point, error = float(theta[k]), float(errors[k])
        rows.append(
            {
                "course": course,
                "skill": skill.id,
                "estimate": point if math.isfinite(error) else math.nan,
                "std_error": error,
                "ci_low": point - half * error,
                "ci_high": point + half * error,
                "told_apart": apart,
                "n_agents": int((dose * panel.observed).any(axis=1).sum()),
            }
        )
    return rows


def course_event_rows(version: VersionAtHand, *, skill: Kpi) -> list[dict[str, Any]]:
    """Event study of each course on a skill, all courses and refreshers in one regression."""
    corrected = version.skill(skill)
    assert corrected is not None
    weeks, setting = version.weeks, version.setting
    doses = {
        course: dose
        for course, dose in weeks.doses(corrected.panel, setting.courses).items()
        if course not in setting.refreshers
    }
    refreshed = weeks.refreshed(corrected.panel, setting.courses, setting.refreshers)
    if refreshed is not None:
        doses[REFRESHERS] = refreshed
    found = course_events(corrected.panel, doses, setting.ci_level)
    return [{"skill": skill.id, **asdict(event)} for event in found]


def _told_apart(theta: Floats, psi: Floats, half: float) -> bool:
    """Whether the largest and the smallest effect differ significantly; ``half`` is corrected for the number of
    pairs."""
    if not np.isfinite(psi).all():
        return False
    high, low = int(theta.argmax()), int(theta.argmin())
    gap = float(np.sqrt(((psi[:, high] - psi[:, low]) ** 2).sum()))
    return bool(theta[high] - theta[low] > half * gap)


def rater_rows(skills: Skills) -> list[dict[str, Any]]:
    """Rows of ``rater``: effect of every rater and form on the scores of each skill."""
    rows = []
    for name, skill in skills.by_id.items():
        model = skill.model
        both = {
            "skill": name,
            "sd_between": model.sd_between,
            "sd_within": model.sd_within,
            "leak_spread": skill.leak.spread,
            "n_evaluations": skill.n_evaluations,
        }
        for kind, labels, added in (("rater", model.raters, model.severity), ("form", model.forms, model.form_effect)):
            rows += [
                {**both, "kind": kind, "name": str(label), "severity": float(value)}
                for label, value in zip(labels.tolist(), added.tolist(), strict=True)
            ]
    return rows
