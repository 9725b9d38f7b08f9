"""Effects of being scheduled (intention to treat), of completing training, and of each course completed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.errors import EstimationError
from analysis.estimators.fitted import Family
from analysis.estimators.imputation import Imputation
from analysis.estimators.stacked import Ranking, SelectionRule, Stacked
from analysis.inference import jackknife_influence
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate

Floats = NDArray[np.float64]

#: Below this first-stage F the wave is too weak an instrument for a symmetric interval.
WEAK_INSTRUMENT_F = 10.0


@dataclass(frozen=True, eq=False)
class Compliance:
    """Effect of being scheduled, its effect on completion, and the effect of completion.

    Attributes
    ----------
    scheduled : EffectEstimate
        Effect of being scheduled (intention to treat).
    uptake : EffectEstimate
        How much being scheduled raised the dose: share completed, or courses completed.
    per_unit : EffectEstimate
        Effect of completion (or per course) for those who complete because they were scheduled, with the wave as
        instrument.
    first_stage_f : float
        Squared t statistic of ``uptake``.
    ar_low, ar_high : float
        Anderson-Rubin interval of ``per_unit``, valid for weak instruments too; NaN when unbounded.
    """

    scheduled: EffectEstimate
    uptake: EffectEstimate
    per_unit: EffectEstimate
    first_stage_f: float
    ar_low: float
    ar_high: float


def completion_effect(
    panel: Panel,
    completed_ix: NDArray[np.int64],
    anticipation: int = 0,
    ci_level: float = 0.95,
    rule: SelectionRule | None = None,
) -> Compliance:
    """Effect of completing training, with the scheduled wave as instrument.

    ``theta = ITT(y) / ITT(completed)``: the effect of being scheduled on the outcome over its effect on completion,
    both by the headline's estimator on the same weeks and contacts.

    Parameters
    ----------
    panel : Panel
        With cohorts by *scheduled* wave.
    completed_ix : (A,) int array
        Week index of the first completion; T or more = not within the window.
    anticipation : int
    ci_level : float
    rule : SelectionRule, optional
        Where agents were picked by a rule: both effects are then estimated against agents the rule would have picked
        elsewhere.

    Assumptions
    -----------
    1. The wave changes the outcome only through completion (a scheduled no-show is not affected). Not checked.
    2. Being scheduled makes nobody complete later. Not checked.
    3. Those of the imputation estimator, or with a rule of the stacked one, for the schedule.

    Source: Imbens, Angrist (1994), doi:10.2307/2951620; de Chaisemartin, D'Haultfoeuille (2018),
    doi:10.1093/restud/rdx049 (fuzzy differences-in-differences).
    """
    completed = np.arange(panel.n_periods)[None, :] >= np.asarray(completed_ix)[:, None]
    return dose_effect(panel, completed.astype(np.float64), anticipation, ci_level, "completion", rule)


def dose_effect(
    panel: Panel,
    dose: Floats,
    anticipation: int = 0,
    ci_level: float = 0.95,
    per: str = "course",
    rule: SelectionRule | None = None,
) -> Compliance:
    """Effect of one unit of dose (a course completed), with the scheduled wave as instrument.

    ``theta = ITT(y) / ITT(courses completed)``.

    Parameters
    ----------
    panel : Panel
        With cohorts by scheduled wave.
    dose : (A, T) array
        Courses completed by the end of each week.
    anticipation : int
    ci_level : float
    per : str
        What a unit is called.
    rule : SelectionRule, optional
        As in :func:`completion_effect`.

    Raises
    ------
    EstimationError
        When ``dose`` has another shape than the panel, or is not finite.

    Notes
    -----
    Assumptions: those of :func:`completion_effect`, and that the effect of a course does not depend on how many came
    before it, or else the ratio is a mean weighted by how far the schedule moved each of them. Not checked.

    The ratio of two estimates on the same weeks and weights; its standard error leaves out one cluster from both at a
    time. Source: Angrist, Imbens (1995), doi:10.1080/01621459.1995.10476535 (average causal response).
    """
    values = np.asarray(dose, dtype=np.float64)
    if values.shape != panel.num.shape:
        raise EstimationError(f"dose must be agents x weeks {panel.num.shape}; it is {values.shape}.")
    if not np.isfinite(values).all():
        raise EstimationError("dose holds values that are not finite; use 0 before the first course.")
    always = panel.cohort_ix <= 0
    if always.any():
        panel, values = panel.without_always_trained(), values[~always]
        rule = None if rule is None else rule.of(~always)
    if rule is not None and rule.ranking is None:  # picked on the outcome, for the dose as well
        groups = panel.cluster_ix if rule.groups is None else rule.groups
        rule = replace(rule, groups=groups, ranking=Ranking(panel, groups, np.arange(panel.n_units), 0))
    reduced = _scheduled(panel, anticipation, rule)
    first = _scheduled(panel.with_outcome(values, "dose"), anticipation, rule)
    itt, uptake = reduced.overall, first.overall
    psi = np.column_stack([reduced.overall_influence, first.overall_influence])
    seen = np.zeros(panel.n_clusters, dtype=bool)
    seen[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    replicates = np.array([itt, uptake]) + psi / math.sqrt((seen.sum() - 1) / seen.sum()) if seen.sum() > 1 else psi
    covariance = psi.T @ psi
    df = float(seen.sum() - 1)
    critical = float(stdtrit(df, 0.5 + ci_level / 2)) if df >= 1 else math.nan
    reason = reduced.overall_reason or (None if np.isfinite(itt) else "no trained week has a valid comparison")
    if reason is None and not np.isfinite(covariance).all():
        reason = "the error cannot be computed: the number hangs on a single cluster"
    f = uptake**2 / covariance[1, 1] if covariance[1, 1] > 0 else (math.inf if uptake else math.nan)
    ratio, error, ratio_reason = _ratio(itt, uptake, replicates, seen, f, per, reason)
    low, high = _anderson_rubin(itt, uptake, covariance, critical)
    how = "imputation" if rule is None else "stacked"

    def made(value: float, se: float, name: str, estimand: str, why: str | None) -> EffectEstimate:
        if why is not None:
            value, se = math.nan, math.nan
        cells = panel.observed & panel.trained_cells
        return EffectEstimate(
            estimate=value,
            std_error=se,
            ci_low=value - critical * se,
            ci_high=value + critical * se,
            df=df,
            ci_level=ci_level,
            estimator=name,
            estimand=estimand,
            control="not_yet_trained",
            variance="jackknife",
            n_cells=int(panel.observed.sum()),
            n_contacts=float(panel.den.sum()),
            n_agents=int(panel.observed.any(axis=1).sum()),
            n_trained_agents=int(cells.any(axis=1).sum()),
            n_clusters=int(seen.sum()),
            n_trained_clusters=int(np.unique(panel.cluster_ix[cells.any(axis=1)]).size),
            share_identified=reduced.share_identified,
            reason=why,
            notes=panel.notes,
        )

    return Compliance(
        scheduled=made(itt, math.sqrt(covariance[0, 0]), how, "effect of being scheduled", reason),
        uptake=made(uptake, math.sqrt(covariance[1, 1]), how, f"{per} per agent-week scheduled", reason),
        per_unit=made(
            ratio, error, "wave_as_instrument", f"effect per {per} of those the schedule moved", ratio_reason
        ),
        first_stage_f=float(f),
        ar_low=low,
        ar_high=high,
    )


def _scheduled(panel: Panel, anticipation: int, rule: SelectionRule | None) -> Family:
    """Overall effect of being scheduled, and its leave-one-cluster-out influence."""
    source = Imputation(panel, anticipation, leads=0) if rule is None else Stacked(panel, anticipation, rule)
    return source.family("simple", "jackknife")


def _ratio(
    itt: float, uptake: float, replicates: Floats, seen: NDArray[np.bool_], f: float, per: str, reason: str | None
) -> tuple[float, float, str | None]:
    """Ratio, its leave-one-out error, and why it is not shown."""
    if reason is not None:
        return math.nan, math.nan, reason
    if not f >= WEAK_INSTRUMENT_F:
        return math.nan, math.nan, f"the schedule hardly changed who completed ({per}): F = {f:.1f}, below 10"
    left = np.divide(replicates[:, 0], replicates[:, 1], out=np.full(seen.size, np.nan), where=replicates[:, 1] != 0)
    ratio = itt / uptake
    psi = jackknife_influence(left[:, None], np.array([ratio]), seen)[:, 0]
    return ratio, float(np.sqrt(np.sum(psi**2))), None


def _anderson_rubin(itt: float, uptake: float, covariance: Floats, critical: float) -> tuple[float, float]:
    """Effects b with ``|itt - b uptake| <= critical x se(itt - b uptake)``; NaN where the set is not an interval."""
    nan = math.nan
    if not np.isfinite(covariance).all() or not np.isfinite(critical):
        return nan, nan
    c2 = critical**2
    a = uptake**2 - c2 * covariance[1, 1]
    b = -2 * (itt * uptake - c2 * covariance[0, 1])
    c = itt**2 - c2 * covariance[0, 0]
    inside = b**2 - 4 * a * c
    if a <= 0 or inside < 0:
        return nan, nan
    root = math.sqrt(inside)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)
