"""Rows of ``heard`` and ``rule``: agreement of phrases with evaluations, and each phrase's part in a change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtr, stdtrit

from analysis.comparison.compare import compare
from analysis.comparison.setting import Setting
from analysis.effects.heard import AccuracyCheck, Calibration, Rate, calibrate, corrected, level
from analysis.errors import EstimationError, PanelError
from analysis.estimators.many_outcomes import Cells, average_effects
from analysis.inference import benjamini_hochberg, jackknife_influence
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.panel import Panel
from analysis.panel.phrases import Labels
from analysis.panel.slices import EVERYTHING
from analysis.study.kpi_study import KpiStudy
from analysis.study.phrase_labels import NO_LABELS, accuracy, rule_skill_of, skill_of
from analysis.study.result_tables import table
from analysis.words.phrases import Agreement, sentence
from analysis.words.verdict import CLAIMED

PHRASE_TABLES = ("heard", "rule")
"""Result tables built here."""
LEAST_CONTACTS = 30
"""Fewest contacts with a rule's phrase for a statement about its change."""


def phrase_tables(weeks: AgentWeeks, judged: Mapping[str, KpiStudy], setting: Setting) -> dict[str, pl.DataFrame]:
    """``heard`` and ``rule``.

    Parameters
    ----------
    weeks
        Where labels and rules come from.
    judged
        Studies of the whole programme, by KPI.
    setting
        Settings common to all studies.
    """
    labels = weeks.labels()
    heard = [
        _heard(study, skill, labels, setting)
        for study in judged.values()
        if (skill := skill_of(study.kpi)) and study.headline is not None
    ]
    return {"heard": table("heard", heard), "rule": table("rule", _rules(weeks, judged, setting))}


def _heard(study: KpiStudy, skill: str, labels: Labels | None, setting: Setting) -> dict[str, Any]:
    found, reader = study.headline, setting.reader
    label = setting.kpis[skill].label if skill in setting.kpis else study.kpi.label
    row: dict[str, Any] = {"kpi": study.kpi.id, "skill": skill, "threshold": setting.shown_from}
    if found is not None and found.available and study.verdict.state != "dont_use":
        row |= {"effect": found.estimate, "effect_low": found.ci_low, "effect_high": found.ci_high}
    if labels is None:
        return row | {"state": "not_compared", "sentence": sentence("not_compared", skill=label, why=NO_LABELS)}
    scored = np.isfinite(labels.scores[skill])
    heard, team = labels.heard[skill][scored], labels.team[scored]
    shown = labels.shown(skill, setting.shown_from)[scored]
    row |= {"n_labels": int(scored.sum()), "n_shown": int(shown.sum()), "n_agents": _agents(labels, scored)}
    try:
        made = calibrate(heard, shown, team, setting.ci_level)
        whole = level(heard, shown, team, labels.others[skill][1], labels.others[skill][0])
    except EstimationError as error:
        words = str(error)
        why = f"{words[:1].upper()}{words[1:]}"
        return row | {"state": "not_compared", "sentence": sentence("not_compared", skill=label, why=why)}
    row |= _rate("sensitivity", made.sensitivity) | _rate("specificity", made.specificity) | _rate("level", whole)
    row |= {"sharpness": made.sharpness, "sharpness_error": made.sharpness_error, "kappa": made.kappa}
    row |= {"n_clusters": made.sensitivity.n_clusters}
    state, why, size = _size(study, made, accuracy(labels, study.kpi, setting))
    said = {"sharpness": reader.number(made.sharpness, 2), "kappa": reader.number(made.kappa, 2)}
    return row | size | {"state": state, "sentence": sentence(state, skill=label, why=why, **said)}


def _agents(labels: Labels, scored: Any) -> int:
    return int(np.unique(labels.agent_key[scored]).size)


def _rate(name: str, rate: Rate) -> dict[str, float]:
    return {name: rate.estimate, f"{name}_low": rate.ci_low, f"{name}_high": rate.ci_high}


def _size(
    study: KpiStudy, made: Calibration, same: tuple[AccuracyCheck | None, str]
) -> tuple[Agreement, str, dict[str, float]]:
    """State, reason, and the effect on the skill where its size can be estimated."""
    found, (check, why) = study.headline, same
    if check is None:
        return "weak", why, {}
    if check.blocks:
        return "differ", check.sentence, {}
    if found is None or not found.available or study.verdict.state == "dont_use":
        return "agree", "", {}
    try:
        effect = corrected(found.estimate, found.std_error, made, found.n_clusters)
    except EstimationError as error:
        words = str(error)
        return "weak", f"{words[:1].upper()}{words[1:]}", {}
    return "agree", "", {
        "corrected": effect.estimate, "corrected_low": effect.ci_low, "corrected_high": effect.ci_high,
    }  # fmt: skip


# -- which phrases carry a change -------------------------------------------------------------------------------------


def _rules(weeks: AgentWeeks, judged: Mapping[str, KpiStudy], setting: Setting) -> list[dict[str, Any]]:
    rules = weeks.rules()
    studies = {rule_skill_of(study.kpi): study for study in judged.values() if rule_skill_of(study.kpi)}
    if rules is None or not studies or setting.design.headline != "imputation":
        return []
    first = next(iter(studies.values()))
    try:
        panel = compare(weeks, first.kpi, EVERYTHING, setting).raw
    except PanelError:
        return []
    row_of = {str(key): i for i, key in enumerate(panel.units)}
    placed = rules.with_columns(
        agent=pl.col("agent_key").replace_strict(row_of, default=-1, return_dtype=pl.Int64),
        at=(pl.col("week") - pl.lit(panel.times[0])).dt.total_days() // 7,
    ).filter((pl.col("agent") >= 0) & pl.col("at").is_between(0, panel.n_periods - 1))
    keyed = placed.partition_by("skill", "rule", "polarity", maintain_order=True)
    cells = [_cells(part, panel) for part in keyed]
    effects, without = average_effects(panel, cells, setting.design.anticipation_weeks)
    active = np.zeros(panel.n_clusters, dtype=bool)
    active[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    influence = jackknife_influence(without, effects, active)
    errors = np.sqrt(np.einsum("ck,ck->k", influence, influence))
    rows = [
        _rule(part, one, panel, float(effect), float(error), setting)
        for part, one, effect, error in zip(keyed, cells, effects, errors, strict=True)
    ]
    _claim(rows, studies, int(active.sum()) - 1, setting.ci_level)
    return sorted(rows, key=lambda row: (row["skill"], -row["n_contacts"], row["rule"]))


def _cells(part: pl.DataFrame, panel: Panel) -> Cells:
    seen = panel.den[part["agent"].to_numpy(), part["at"].to_numpy()] > 0
    kept = part.filter(pl.Series(seen))
    return Cells(kept["agent"].to_numpy(), kept["at"].to_numpy(), kept["contacts"].to_numpy().astype(np.float64))


def _rule(
    part: pl.DataFrame, cells: Cells, panel: Panel, effect: float, error: float, setting: Setting
) -> dict[str, Any]:
    week = np.arange(panel.n_periods)[None, :]
    trained = week >= panel.cohort_ix[:, None]
    ever = (panel.cohort_ix < panel.n_periods)[:, None]
    later = (np.where(trained, panel.den, 0.0).sum(axis=0) > 0)[None, :]
    arms = {"before": ever & ~trained, "after": trained, "untrained": ~trained & later}
    inside = {name: arm[cells.agent, cells.week] for name, arm in arms.items()}
    row: dict[str, Any] = {
        name: _share(float(cells.count[inside[name]].sum()), float(panel.den[arm].sum())) for name, arm in arms.items()
    }
    known = bool(cells.count.sum() >= LEAST_CONTACTS) and math.isfinite(error) and error > 0
    return row | {
        "skill": part["skill"][0],
        "rule": part["rule"][0],
        "polarity": part["polarity"][0],
        "estimate": effect if known else math.nan,
        "std_error": error if known else math.nan,
        "n_contacts": float(cells.count.sum()),
        "n_agents": int(np.unique(cells.agent).size),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _claim(rows: list[dict[str, Any]], studies: Mapping[str, KpiStudy], df: int, ci_level: float) -> None:
    """Add intervals, and whether a change is claimed: corrected over all rules, and only where the KPI itself claims
    one."""
    df = max(df, 1)
    known = [row for row in rows if math.isfinite(row["estimate"])]
    tests = [2 * float(stdtr(df, -abs(row["estimate"] / row["std_error"]))) for row in known]
    adjusted = benjamini_hochberg(np.asarray(tests, dtype=np.float64)).tolist() if tests else []
    for row in rows:
        row["ci_low"], row["ci_high"] = math.nan, math.nan
        row["claimed"] = False
    half = float(stdtrit(df, 0.5 + ci_level / 2))
    for row, p_value in zip(known, adjusted, strict=True):
        row["ci_low"], row["ci_high"] = (row["estimate"] + side * half * row["std_error"] for side in (-1, 1))
        study = studies.get(row["skill"])
        row["claimed"] = bool(
            p_value < 1 - ci_level and study is not None and study.verdict.state in CLAIMED
        )
