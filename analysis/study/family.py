"""Multiple testing over KPIs and slices: which intervals exclude zero after correction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.inference import benjamini_hochberg, holm, romano_wolf
from analysis.words.verdict import CLAIMED

ONLY_A_PART = (
    "It stands out by itself, but the whole programme shows no clear change, and parts of it are claimed only where "
    "the whole does."
)

if TYPE_CHECKING:
    from analysis.study.kpi_study import KpiStudy


def holm_excludes_zero(p_values: Mapping[str, float], ci_level: float) -> dict[str, bool]:
    """Which KPIs of a family exclude zero after Holm's correction.

    Parameters
    ----------
    p_values
        KPI id to p-value; NaN is left out of the family.
    ci_level
        Level of the intervals; the family error rate is one minus it.

    See :func:`analysis.inference.holm`.
    """
    known = [name for name, p_value in p_values.items() if math.isfinite(p_value)]
    adjusted = holm([p_values[name] for name in known])
    return {name: bool(p_value <= 1 - ci_level) for name, p_value in zip(known, adjusted, strict=True)}


def bonferroni_excludes_zero(p_value: float, n_tested: int, ci_level: float) -> bool:
    """Bonferroni correction, for when the family's other p-values are not known; never more lenient than Holm's."""
    return math.isfinite(p_value) and p_value * max(n_tested, 1) <= 1 - ci_level


def judged_together(studies: Sequence[KpiStudy], ci_level: float) -> list[KpiStudy]:
    """The same studies, with verdicts corrected for multiple testing.

    For goals of the whole programme the family-wise error rate is controlled (Holm). For other KPIs, and for slices (a
    site, a channel, a tenure band, a wave), the false discovery rate is controlled (Benjamini and Hochberg), within the
    role and kind of slice. A slice is claimed only where the whole programme is, for the same KPI, so slices do not
    raise the error rate of the goals.

    Parameters
    ----------
    studies
        Every KPI, overall and in every stored slice.
    ci_level
        Level of the intervals; one minus it is the error rate that is controlled.

    Returns
    -------
    list of KpiStudy
        In the order given.
    """
    whole = {made.kpi.id: made for made in studies if made.request.is_overall}
    groups: dict[tuple[str, str], list[int]] = {}
    for i, made in enumerate(studies):
        groups.setdefault((made.request.slice.label[0], made.kpi.role), []).append(i)
    out = list(studies)
    for (kind, role), members in groups.items():
        p_values = [studies[i].p_value for i in members]
        adjusted = holm(p_values) if kind == "overall" and role == "primary" else benjamini_hochberg(p_values)
        tested = sum(map(math.isfinite, p_values))
        for i, p_value in zip(members, adjusted, strict=True):
            if math.isfinite(p_value):
                excludes = bool(p_value <= 1 - ci_level)
                out[i] = studies[i].judged(excludes_zero=excludes, n_tested=tested, among=among(kind))
                if kind == "overall":
                    whole[out[i].kpi.id] = out[i]
    for i, made in enumerate(out):
        over_all = whole.get(made.kpi.id)
        if made.request.is_overall or over_all is None or over_all.verdict.state in CLAIMED:
            continue
        if made.verdict.state in CLAIMED:
            out[i] = made.judged(excludes_zero=False, n_tested=1, alone=ONLY_A_PART)
    return out


def judged_beside(made: KpiStudy, others: Sequence[float], ci_level: float) -> KpiStudy:
    """A study of the whole programme with the verdict of :func:`judged_together`, when only p-values of the others are
    known.

    Parameters
    ----------
    made
        The study.
    others
        P-values of the other KPIs of its role; NaN where one has none.
    ci_level
        Level of the intervals.
    """
    p_values = [made.p_value, *others]
    if not math.isfinite(made.p_value):
        return made
    adjusted = holm(p_values) if made.kpi.role == "primary" else benjamini_hochberg(p_values)
    tested = sum(map(math.isfinite, p_values))
    return made.judged(excludes_zero=bool(adjusted[0] <= 1 - ci_level), n_tested=tested, among=among("overall"))


def among(slice_kind: str) -> str:
    """Plural noun for what was tested together."""
    if slice_kind == "overall":
        return "KPIs"
    if slice_kind == "custom":
        return "selections"
    return f"KPIs by {slice_kind.replace('_', ' ')}"


def shared_influence(studies: Mapping[str, KpiStudy]) -> dict[str, NDArray[np.float64] | None]:
    """Cluster influence of each headline, on the union of their clusters.

    Parameters
    ----------
    studies
        KPI id to its study.

    Returns
    -------
    dict
        (all clusters,) arrays, zero where a KPI does not use a cluster; ``None`` for a KPI without influence.
    """
    labels = sorted({str(c) for s in studies.values() if s.influence is not None for c in s.influence[0]})
    place = {label: i for i, label in enumerate(labels)}
    out: dict[str, NDArray[np.float64] | None] = {}
    for name, made in studies.items():
        if made.influence is None:
            out[name] = None
            continue
        clusters, influence = made.influence
        shared = np.zeros(len(labels))
        shared[[place[str(c)] for c in clusters]] = np.nan_to_num(influence)
        out[name] = shared
    return out


def family_rows(studies: Mapping[str, KpiStudy], ci_level: float) -> list[dict[str, Any]]:
    """Rows of ``result.family``: the KPIs tested together, each with its p-value alone and among all of them.

    Parameters
    ----------
    studies
        The primary KPIs of the whole programme, by id, in the order of the catalogue.
    ci_level
        Level of the intervals.

    Returns
    -------
    list of dict
        ``p_holm`` decides the verdict. ``p_romano_wolf`` uses the correlation of the KPIs and is usually smaller; it is
        shown for comparison, and missing where a KPI has no cluster influence.

    Notes
    -----
    Assumes independent clusters, as the intervals do; uses the smallest degrees of freedom of the family.
    """
    tested = {name: made for name, made in studies.items() if math.isfinite(made.p_value)}
    shared = shared_influence(tested)
    effects = [made.headline for made in tested.values() if made.headline is not None]
    adjusted = np.full(len(tested), np.nan)
    columns = [column for column in shared.values() if column is not None]
    if len(columns) == len(tested) == len(effects) and columns:
        points = np.array([found.estimate for found in effects])
        adjusted = romano_wolf(points, np.column_stack(columns), min(found.df for found in effects))
    by_holm = holm([made.p_value for made in tested.values()])
    return [
        {
            "position": i,
            "kpi": name,
            "p_value": made.p_value,
            "p_holm": float(by_holm[i]),
            "p_romano_wolf": float(adjusted[i]),
            "excludes_zero": bool(by_holm[i] <= 1 - ci_level),
        }
        for i, (name, made) in enumerate(tested.items())
    ]
