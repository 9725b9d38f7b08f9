"""Rows of ``result.gain``: groups with larger, smaller or harmful effects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.effects.who_gains import MIN_AGENTS, MIN_TEAMS, Gain, by_starting_level, compared, gains_of_groups
from analysis.inference import holm
from analysis.study.evidence import Evidence
from analysis.study.kpi_study import KpiStudy
from analysis.words import gains as words
from analysis.words.verdict import CLAIMED

SLICE_KINDS = ("site", "channel", "tenure_band")
"""Kinds of slice that partition all contacts, so that one value can be compared with the others."""
ROLES = ("primary", "guardrail")
"""Roles of the KPIs for which groups are compared: those with verdicts."""


def agent_gains(evidence: Evidence) -> list[dict[str, Any]]:
    """Groups of agents: thirds by the level in an early window, and by the first course; states are filled in later.

    Parameters
    ----------
    evidence
        Of the whole programme.
    """
    kpi, setting, comparison = evidence.request.kpi, evidence.setting, evidence.comparison
    if kpi.role not in ROLES or comparison.rule is not None:
        return []
    wait, level = setting.design.anticipation_weeks, setting.ci_level
    thirds = by_starting_level(comparison.panel, better=kpi.better, anticipation=wait, ci_level=level)
    found = [("starting_level", thirds)]
    if comparison.first_course is not None:
        found.append(("first_course", gains_of_groups(comparison.panel, comparison.first_course, wait, level)))
    return [_row(kpi.id, kind, gain) for kind, gains in found for gain in gains]


def gain_rows(studies: Iterable[KpiStudy], ci_level: float) -> list[dict[str, Any]]:
    """Every group of every judged KPI, tested together with all groups of the KPIs of its role.

    Parameters
    ----------
    studies
        Of the whole programme (whose ``gain`` rows are taken over) and of its slices.
    ci_level
        Of the intervals.
    """
    listed = [s for s in studies if s.kpi.role in ROLES]
    by_kpi: dict[str, list[dict[str, Any]]] = {}
    parts: dict[tuple[str, str], list[KpiStudy]] = {}
    whole: dict[str, KpiStudy] = {}
    for study in listed:
        kind, _ = study.request.slice.label
        if study.request.is_overall:
            whole[study.kpi.id] = study
            by_kpi[study.kpi.id] = [dict(row) for row in study.tables.get("gain", [])]
        elif kind in SLICE_KINDS:
            parts.setdefault((study.kpi.id, kind), []).append(study)
    for (kpi, kind), members in parts.items():
        if kpi in by_kpi:
            by_kpi[kpi] += [_row(kpi, kind, gain) for gain in _slices(members, ci_level)]
    claimed = {
        (s.kpi.id, *s.request.slice.label): s.verdict.state in CLAIMED for found in parts.values() for s in found
    }
    n_kpis = {role: sum(s.kpi.role == role for s in whole.values()) for role in ROLES}
    rows = []
    for kpi, found in by_kpi.items():
        study = whole[kpi]
        usable = study.verdict.state != "dont_use"
        times = n_kpis[study.kpi.role]
        for name in ("p_value", "p_own"):
            adjusted = np.minimum(holm([row[name] for row in found]) * times, 1.0)
            for row, value in zip(found, adjusted.tolist(), strict=True):
                row["p_holm" if name == "p_value" else "p_harm"] = value
        for row in found:
            if row["kind"] in SLICE_KINDS and not claimed.get((kpi, row["kind"], row["value"])):
                row["p_harm"] = math.nan  # the slice's own page claims nothing, so neither does this row
            row["state"] = _state(row, study.kpi.better, 1 - ci_level) if usable else words.NOT_USED
            row["sentence"] = words.sentence(row, study.kpi, study.context.setting.reader)
            del row["p_own"]
        rows += found
    return rows


def _slices(members: list[KpiStudy], ci_level: float) -> list[Gain]:
    """Compare slices of one kind; their effects share clusters, so their errors are correlated."""
    known = [
        s
        for s in members
        if s.headline is not None
        and s.headline.available
        and s.influence is not None
        and s.headline.n_trained_agents >= MIN_AGENTS
        and s.headline.n_trained_clusters >= MIN_TEAMS
        and np.isfinite(s.influence[1]).all()
    ]
    if len(known) < 2:
        return []
    labels = sorted({str(c) for s in known for c in s.influence[0].tolist()})  # type: ignore[index]
    place = {label: i for i, label in enumerate(labels)}
    psi = np.zeros((len(labels), len(known)))
    for g, study in enumerate(known):
        clusters, influence = study.influence  # type: ignore[misc]
        psi[[place[str(c)] for c in clusters.tolist()], g] = influence
    heads = [s.headline for s in known if s.headline is not None]
    return compared(
        [s.request.slice.label[1] for s in known],
        [h.n_trained_agents for h in heads],
        np.array([h.estimate for h in heads]),
        psi,
        np.array([s.volumes.to_date for s in known]),
        min(h.df for h in heads),
        ci_level,
    )


def _row(kpi: str, kind: str, gain: Gain) -> dict[str, Any]:
    row = {"kpi": kpi, "kind": kind, "value": gain.name, **asdict(gain)}
    row["estimate_low"], row["estimate_high"] = row.pop("ci_low"), row.pop("ci_high")
    del row["name"]
    return row


def _state(row: Mapping[str, Any], better: str, alpha: float) -> str:
    worse = (row["estimate"] < 0) == (better == "higher")
    if worse and row["p_harm"] <= alpha:
        return words.HARMED
    if math.isfinite(row["p_holm"]) and row["p_holm"] <= alpha:
        return words.MORE if (row["difference"] > 0) == (better == "higher") else words.LESS
    return words.ALIKE
