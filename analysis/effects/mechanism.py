"""Mediation: split the effect of training on a KPI into a part through skills and the rest.

    total      effect of training on the KPI
    a          effect of training on each skill
    b          slope of the KPI on the skills within agents and weeks, before anybody is trained
    indirect   sum of a x b over the skills
    direct     effect of training on KPI - sum of b x skill, which is total - indirect

Total, a and direct are imputation estimates, so ``direct = total - indirect`` up to rounding when all are observed in
the same cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.effects.course_instruments import CourseInstruments, course_instruments
from analysis.effects.same_cells import aligned, not_scored, rows_of
from analysis.effects.shared_shock import robustness_value
from analysis.effects.slope_grain import GRAIN_WORDS, GRAINS, READABLE, slope_at_readable_grain
from analysis.effects.within_slope import WithinSlope, no_slope
from analysis.errors import EstimationError
from analysis.estimators.imputation import Imputation
from analysis.estimators.registry import cannot_be_estimated
from analysis.inference import jackknife_influence
from analysis.inference.cluster import t_interval
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.words.mechanism import State, reading, sentence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SKILL_COLUMNS = {
    "skill": pl.String,
    "effect": pl.Float64,
    "effect_low": pl.Float64,
    "effect_high": pl.Float64,
    "slope": pl.Float64,
    "slope_low": pl.Float64,
    "slope_high": pl.Float64,
    "reliability": pl.Float64,
    "indirect": pl.Float64,
    "indirect_low": pl.Float64,
    "indirect_high": pl.Float64,
}


@dataclass(frozen=True, eq=False)
class Mechanism:
    """How much of an effect on a KPI is consistent with running through skills.

    Attributes
    ----------
    total, direct, indirect : EffectEstimate
        In the KPI's unit. ``direct + indirect = total``.
    share : EffectEstimate
        ``indirect / total``; not available where the total may be zero.
    skills : polars.DataFrame
        By skill: ``effect`` of training on it, ``slope`` of the KPI on it, ``reliability`` within agents and weeks (1
        where its sampling noise is not known: see ``notes``), ``indirect``; each with its interval.
    state : {"not_readable", "no_link", "consistent", "supported"}
    reading, sentence : str
        The state in a few words, and as a sentence.
    grain : str
        Cells the slope was taken from: ``agent_week``, ``agent_month`` or ``team_month``.
    correlation : float
        Correlation of a shared shock of skill and KPI that would explain the whole indirect effect (the rho of Imai,
        Keele and Yamamoto at which it is zero).
    robustness : float
        Share of the leftover variance of both that a shock would have to explain (Cinelli and Hazlett).
    second_route : CourseInstruments
    learned, carried : bool
        Whether training changed the skills significantly, and whether the KPI's slope on them is significant: a link
        needs both (joint significance).
    notes : tuple of str

    Examples
    --------
    See :func:`mechanism` for how one is made.

    >>> from analysis import Mechanism
    >>> [name for name in ("total", "direct", "indirect", "reading") if name in Mechanism.__dataclass_fields__]
    ['total', 'direct', 'indirect', 'reading']
    """

    total: EffectEstimate
    direct: EffectEstimate
    indirect: EffectEstimate
    share: EffectEstimate
    skills: pl.DataFrame
    state: State
    reading: str
    sentence: str
    grain: str
    correlation: float
    robustness: float
    second_route: CourseInstruments
    learned: bool
    carried: bool
    notes: tuple[str, ...] = ()


def mechanism(
    kpi_panel: Panel,
    skills: Mapping[str, Panel],
    controls: Mapping[str, Panel | Floats] | None = None,
    *,
    apart: Panel | None = None,
    courses: Sequence[Floats] = (),
    error_correlation: Floats | None = None,
    anticipation: int = 0,
    ci_level: float = 0.95,
    kpi: str = "",
) -> Mechanism:
    """Split the effect of training on a KPI into a part consistent with its skills and the rest.

    Parameters
    ----------
    kpi_panel : Panel
        The KPI by agent and week.
    skills : mapping of str to Panel
        Skill scores over the same agents and weeks. With ``squares`` (or as counts of yes/no) their sampling noise is
        known and taken out of the slope.
    controls : mapping of str to Panel or (A, T) array, optional
        Control variables that vary within agents and weeks, measured without error; arrays are in the KPI panel's
        order.
    apart : Panel, optional
        The KPI without the contacts on which the skills were scored, for the slope: skill and outcome of one contact
        have correlated errors. Default: the KPI itself.
    courses : sequence of (A, T) arrays, optional
        1 from the week in which each agent completed a course, in the KPI panel's order: the second route.
    error_correlation : (K, K) array, optional
        Correlation of the noise of two skills scored on the same contacts; default none.
    anticipation : int
    ci_level : float
    kpi : str
        What sentences call the KPI; default the panel's outcome.

    Returns
    -------
    Mechanism

    Raises
    ------
    EstimationError
        No skill is given, or a skill's panel has no agent or week in common with the KPI's.

    Notes
    -----
    Assumptions:

    1. Parallel trends of the KPI and of every skill: the checks of their own studies (leads, placebo, dip).
    2. No shock moves skill and KPI together within agents and weeks: not checkable. ``correlation`` and ``robustness``
       say how strong such a shock would have to be, and the reading names it.
    3. The slope before training holds after it (no interaction of training and skill): not checked.
    4. Linear in the skills over the range seen: not checked.
    5. Scores are independent draws of the contacts of the agent and week: the raters check looks at who scored.
    6. Skill and KPI do not share contacts: hand in ``apart`` where they do.

    Standard errors: leave-one-team-out, all estimates at once, t with teams - 1 degrees of freedom.

    Source: VanderWeele (2015), Explanation in Causal Inference; Acharya, Blackwell, Sen (2016),
    doi:10.1017/S0003055416000216 (g-estimation of the direct effect); Fuller (1987), doi:10.1002/9780470316665 (noise);
    Imai, Keele, Yamamoto (2010), doi:10.1214/10-STS321.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> draw = np.random.default_rng(1)
    >>> agent, week = (g.ravel() for g in np.mgrid[:80, :30])
    >>> start = np.array([8, 14, 20, 99])[agent // 4 % 4]
    >>> skill = draw.normal(size=agent.size) + 0.5 * (week >= start)
    >>> frame = pl.DataFrame({"agent": agent, "week": week, "team": agent // 4, "start": start, "skill": skill,
    ...                       "y": 0.4 * skill + 0.2 * (week >= start) + draw.normal(size=agent.size)})
    >>> def made(outcome):
    ...     return Panel.from_frame(frame, "agent", "week", "start", outcome, cluster="team", never=99)
    >>> parts = mechanism(made("y"), {"listening": made("skill")})
    >>> round(parts.indirect.estimate + parts.direct.estimate - parts.total.estimate, 12)
    0.0
    >>> parts.state
    'consistent'
    """
    if not skills:
        raise EstimationError("mechanism needs at least one skill panel, e.g. {'active_listening': panel}.")
    whole = kpi_panel.without_always_trained()
    others = {name: aligned(panel, whole, name) for name, panel in skills.items()}
    slope_panel = whole if apart is None else aligned(apart, whole, "apart")
    known = [_control(values, whole, kpi_panel, name) for name, values in (controls or {}).items()]
    doses = [rows_of(dose, whole, kpi_panel, "courses") for dose in courses]
    label = kpi or whole.outcome
    why = _refusal(whole, others)
    active = _active(whole)
    total, total_without, df = _effect(whole, anticipation)
    effects = [_effect(panel, anticipation) for panel in others.values()]
    a = np.array([found[0] for found in effects])
    a_without = np.column_stack([found[1] for found in effects])
    named = {
        "the KPI": (total, total_without),
        **{name: found[:2] for name, found in zip(others, effects, strict=True)},
    }
    why = why or next(filter(None, (_no_effect(name, *found, active) for name, found in named.items())), "")
    grain, slope = GRAINS[0], no_slope(whole.n_clusters, len(others))
    notes: tuple[str, ...] = ()
    if not why:
        grain, slope, notes = slope_at_readable_grain(
            slope_panel, list(others.values()), known, anticipation, error_correlation
        )
    parts, parts_without = a * slope.slope, a_without * slope.replicates
    indirect, indirect_without = float(parts.sum()), parts_without.sum(axis=1)
    names = {"total": (total, total_without), "indirect": (indirect, indirect_without)}
    names["direct"] = (total - indirect, total_without - indirect_without)
    made = {
        name: _estimate(name, point, without, active, whole, ci_level, label, df)
        for name, (point, without) in names.items()
    }
    frame = _frame(list(others), a, a_without, slope, active, ci_level, np.array([found[2] for found in effects]))
    why = why or _unreadable(slope, grain, list(others))
    learned = _excludes_zero(frame, "effect")
    carried = _excludes_zero(frame, "slope")
    both = bool((_outside(frame, "effect") & _outside(frame, "slope")).any())
    second = CourseInstruments(reason="courses are not given, or several skills are looked at together")
    if doses and len(others) == 1 and not why:
        second = course_instruments(whole, next(iter(others.values())), doses, ci_level)
    state: State = "not_readable"
    if not why:
        state = "no_link"
        if both:
            state = "supported" if second.supports(float(slope.slope[0])) else "consistent"
    skill_words = [name.replace("_", " ") for name in others]
    return Mechanism(
        total=made["total"],
        direct=made["direct"],
        indirect=made["indirect"],
        share=_share(made["total"], indirect, indirect_without, total_without, active, whole),
        skills=frame,
        state=state,
        reading=reading(state, slope.correlation),
        sentence=sentence(
            state,
            kpi=label,
            skills=skill_words,
            correlation=slope.correlation,
            learned=learned,
            carried=carried,
            why=why,
        ),
        grain=grain,
        correlation=slope.correlation,
        robustness=robustness_value(slope.correlation),
        second_route=second,
        learned=learned,
        carried=carried,
        notes=(*notes, *(note for name, panel in others.items() for note in not_scored(panel, whole, name))),
    )


def _control(values: Panel | Floats, whole: Panel, given: Panel, name: str) -> Floats:
    if isinstance(values, Panel):
        panel = aligned(values, whole, name)
        return np.where(panel.observed, panel.y, np.nan)
    return rows_of(values, whole, given, name)


def _refusal(whole: Panel, skills: Mapping[str, Panel]) -> str:
    """Why no mechanism can be estimated, before anything is fitted; empty when it can."""
    why = cannot_be_estimated(whole)
    if why is not None:
        return f"of the KPI, {why}"
    for name, panel in skills.items():
        if not panel.observed.any():
            return f"{name.replace('_', ' ')} was never scored"
        why = cannot_be_estimated(panel)
        if why is not None:
            return f"of {name.replace('_', ' ')}, {why}"
    return ""


def _active(panel: Panel) -> NDArray[np.bool_]:
    seen = np.zeros(panel.n_clusters, dtype=bool)
    seen[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    return seen


def _effect(panel: Panel, anticipation: int) -> tuple[float, Floats, float]:
    """Average effect of training, without each cluster, (C,), and its degrees of freedom; NaN where there is none."""
    nothing_found = (math.nan, np.full(panel.n_clusters, np.nan), math.nan)
    if cannot_be_estimated(panel):
        return nothing_found
    fitted = Imputation(panel, anticipation, leads=0)
    _, theta, _ = fitted.point("simple")
    if not np.isfinite(theta[0]):
        return nothing_found
    return float(theta[0]), fitted.replicates("simple")[0][:, 0], fitted.degrees_of_freedom


def _no_effect(name: str, point: float, without: Floats, active: NDArray[np.bool_]) -> str:
    """Why the effect of training on the KPI or a skill has no interval; empty where it has one."""
    name = name.replace("_", " ")
    if not math.isfinite(point):
        return f"of {name}, nobody is still untrained when training begins, so there is nothing to compare with"
    if not np.isfinite(without[active]).all():
        return f"the effect of training on {name} hangs on a single team; train in at least two"
    return ""


def _unreadable(slope: WithinSlope, grain: str, names: Sequence[str]) -> str:
    worst = float(np.min(slope.reliability)) if np.isfinite(slope.reliability).all() else math.nan
    if math.isnan(worst):
        return "too few untrained cells have both a score and an outcome"
    name = names[int(np.argmin(slope.reliability))].replace("_", " ")
    if worst == 0:
        return f"before training {name} was the same in all weeks of an agent, or in all agents of a week"
    if worst < READABLE or not slope.readable:
        percent = max(0, round(100 * worst))
        return (
            f"even in {GRAIN_WORDS[grain]}, {percent}% of what moves in {name} is real and the rest is sampling "
            f"error of the scores; at least {round(100 * READABLE)}% is needed, which takes more evaluations"
        )
    if not np.isfinite(slope.replicates).all():
        return "the slope hangs on a single team"
    return ""


def _spread(
    point: Floats, without: Floats, active: NDArray[np.bool_], ci_level: float, df: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Errors and both ends of the intervals of (K,) points with (C, K) leave-one-out values; (K,) df, if fewer."""
    psi = jackknife_influence(without, point, active)
    error = np.sqrt(np.einsum("ck,ck->k", psi, psi))
    most = np.full(point.shape, max(int(active.sum()) - 1, 1), dtype=np.float64)
    half = stdtrit(most if df is None else np.fmin(df, most), 0.5 + ci_level / 2) * error
    return error, point - half, point + half


def _frame(
    names: Sequence[str], a: Floats, a_without: Floats, slope: WithinSlope, active: NDArray[np.bool_],
    ci_level: float, df: Floats,
) -> pl.DataFrame:  # fmt: skip
    columns: dict[str, Any] = {"skill": list(names)}
    parts = {
        "effect": (a, a_without),
        "slope": (slope.slope, slope.replicates),
        "indirect": (a * slope.slope, a_without * slope.replicates),
    }
    for name, (point, without) in parts.items():
        error, low, high = _spread(point, without, active, ci_level, df if name == "effect" else None)
        columns[name] = np.where(np.isfinite(error), point, np.nan)
        columns[f"{name}_low"], columns[f"{name}_high"] = low, high
    columns["reliability"] = slope.reliability
    return pl.DataFrame({name: columns[name] for name in SKILL_COLUMNS}, schema=SKILL_COLUMNS).with_columns(
        pl.exclude("skill").fill_nan(None)
    )


def _outside(frame: pl.DataFrame, name: str) -> NDArray[np.bool_]:
    low, high = (frame[f"{name}_{end}"].fill_null(math.nan).to_numpy() for end in ("low", "high"))
    return np.asarray((low > 0) | (high < 0))


def _excludes_zero(frame: pl.DataFrame, name: str) -> bool:
    return bool(_outside(frame, name).any())


def _estimate(
    name: str, point: float, without: Floats, active: NDArray[np.bool_], panel: Panel, ci_level: float, label: str,
    df: float = math.nan,
) -> EffectEstimate:  # fmt: skip
    error = float(_spread(np.array([point]), without[:, None], active, ci_level)[0][0])
    reason = None
    if not (math.isfinite(point) and math.isfinite(error)):
        reason = f"the {name} effect cannot be computed from these cells, or hangs on a single team"
        point, error = math.nan, math.nan
    most = float(active.sum() - 1)
    df = most if math.isnan(df) else min(df, most)
    low, high = t_interval(point, error, df, ci_level)
    words = {
        "total": f"effect of training on {label}",
        "indirect": f"part of the effect on {label} consistent with the skills",
        "direct": f"part of the effect on {label} beside the skills",
        "share": f"share of the effect on {label} consistent with the skills",
    }
    trained = panel.observed & panel.trained_cells
    return EffectEstimate(
        estimate=point,
        std_error=error,
        ci_low=low,
        ci_high=high,
        df=df,
        ci_level=ci_level,
        estimator="mechanism" if name != "total" else "imputation",
        estimand=words[name],
        control="not_yet_trained",
        variance="jackknife",
        n_cells=int(panel.observed.sum()),
        n_contacts=float(panel.den.sum()),
        n_agents=int(panel.observed.any(axis=1).sum()),
        n_trained_agents=int(trained.any(axis=1).sum()),
        n_clusters=int(active.sum()),
        n_trained_clusters=int(np.unique(panel.cluster_ix[trained.any(axis=1)]).size),
        reason=reason,
        notes=panel.notes,
    )


def _share(
    total: EffectEstimate,
    indirect: float,
    indirect_without: Floats,
    total_without: Floats,
    active: NDArray[np.bool_],
    panel: Panel,
) -> EffectEstimate:
    """Indirect over total effect, with Fieller's interval; not available unless the total is significant."""
    ratio = np.divide(indirect_without, total_without, out=np.full(active.size, np.nan), where=total_without != 0)
    clear = total.available and (total.ci_low > 0 or total.ci_high < 0)
    point = indirect / total.estimate if clear else math.nan
    made = _estimate("share", point, ratio, active, panel, total.ci_level, panel.outcome)
    if not clear:
        return replace(made, reason="the total effect may be zero, so a share of it means nothing")
    psi = jackknife_influence(
        np.column_stack([indirect_without, total_without]), np.array([indirect, total.estimate]), active
    )
    covariance = psi.T @ psi
    if not np.isfinite(covariance).all():
        return made
    c2 = float(stdtrit(max(total.df, 1), 0.5 + total.ci_level / 2)) ** 2
    a = total.estimate**2 - c2 * covariance[1, 1]
    b = -2 * (indirect * total.estimate - c2 * covariance[0, 1])
    c = indirect**2 - c2 * covariance[0, 0]
    inside = b**2 - 4 * a * c
    if a <= 0 or inside < 0:
        return made
    root = math.sqrt(inside)
    return replace(made, ci_low=(-b - root) / (2 * a), ci_high=(-b + root) / (2 * a))
