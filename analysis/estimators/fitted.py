"""A fitted estimator: its aggregations and their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.errors import EstimationError
from analysis.inference import standard_errors, sup_t_critical_value, t_interval
from analysis.panel.panel import Panel
from analysis.results import BAND_COLUMNS, COUNT_COLUMNS, KINDS, PART_COLUMNS, Aggregation, EffectEstimate

Floats = NDArray[np.float64]

#: From this many clusters on, the influence-function standard error is shown; below, the leave-one-cluster-out
#: jackknife.
JACKKNIFE_BELOW = 250
#: The jackknife is also shown below this many degrees of freedom: a few clusters then dominate the estimate.
JACKKNIFE_BELOW_DF = 30.0
VARIANCES = ("auto", "analytic", "jackknife")
#: Effects and standard errors below this share of the largest outcome are rounding error.
ROUNDING = 1e-12
#: Weight below this share of the total counts as none (a replicate without its last trained cluster).
NO_WEIGHT = 1e-12


NEVER_VARIES = "the outcome never varies"
NO_VARIATION = f"{NEVER_VARIES} beyond what agents and weeks have in common"


@dataclass(frozen=True, eq=False)
class Family:
    """Estimates of one aggregation with their influences, before intervals.

    Attributes
    ----------
    keys : sequence of K labels
    theta : (K,) array
    influence : (C, K) array
        Variance of ``theta[k]`` is the sum of squares of column k; NaN where no standard error is available.
    overall : float
    overall_influence : (C,) array
    n_cells, n_contacts, n_agents, n_trained_clusters : (K,) arrays
    reasons : sequence of K, str or None
    variance : str
        How the influence was computed: ``analytic`` or ``jackknife``.
    estimand : str
        What ``overall`` averages.
    overall_reason : str or None
    n_clusters : int or None
        Clusters behind the standard error, where fewer than the panel's.
    df : float or None
        Degrees of freedom of the standard error, where fewer than clusters minus one.
    """

    keys: Sequence[Any]
    theta: Floats
    influence: Floats
    overall: float
    overall_influence: Floats
    n_cells: Floats
    n_contacts: Floats
    n_agents: Floats
    n_trained_clusters: Floats
    reasons: Sequence[str | None]
    variance: str
    estimand: str
    share_identified: float = 1.0
    overall_reason: str | None = None
    notes: tuple[str, ...] = ()
    n_clusters: int | None = None
    df: float | None = None


def empty_family(n_clusters: int, variance: str, reason: str) -> Family:
    """A family without parts, with the reason why nothing could be estimated."""
    none = np.zeros(0)
    return Family(
        keys=[],
        theta=none,
        influence=np.zeros((n_clusters, 0)),
        overall=math.nan,
        overall_influence=np.full(n_clusters, np.nan),
        n_cells=none,
        n_contacts=none,
        n_agents=none,
        n_trained_clusters=none,
        reasons=[],
        variance=variance,
        estimand="not available",
        share_identified=0.0,
        overall_reason=reason,
    )


def empty_att_gt() -> pl.DataFrame:
    """No effects by cohort and period."""
    names = ("cohort", "time", "estimate", "std_error", "n_agents")
    return pl.DataFrame(schema=dict.fromkeys(names, pl.Float64))


class Source(Protocol):
    """Interface of an estimator as a Study uses it."""

    def family(self, kind: str, variance: str) -> Family:
        """Estimates of one aggregation."""

    def att_gt_frame(self) -> pl.DataFrame:
        """Effects by cohort and period: cohort, time, estimate, std_error, n_agents."""


@dataclass(frozen=True, eq=False)
class Study:
    """An estimator fitted to a panel.

    Attributes
    ----------
    panel : Panel
        After agents already trained were dropped.
    estimator, control : str
    anticipation : int
        Periods before training that count as neither before nor after.
    variance : {"auto", "analytic", "jackknife"}
    ci_level : float
    reason : str or None
        Why nothing can be estimated; every aggregation is then not available, with this reason.
    kinds : tuple of str
        Aggregations this estimator offers.
    """

    panel: Panel
    estimator: str
    control: str
    anticipation: int = 0
    variance: str = "auto"
    ci_level: float = 0.95
    reason: str | None = None
    kinds: tuple[str, ...] = KINDS
    notes: tuple[str, ...] = ()
    source: Source | None = field(default=None, repr=False)
    _cache: dict[str, Aggregation] = field(default_factory=dict, repr=False)

    def aggregate(self, kind: str = "simple") -> Aggregation:
        """Average the effects.

        Parameters
        ----------
        kind : {"simple", "event_time", "cohort", "calendar_time"}

        Raises
        ------
        EstimationError
            The kind is unknown, or this estimator does not offer it.
        """
        if kind not in KINDS:
            raise EstimationError(f"aggregate({kind!r}) is not known; use one of {', '.join(KINDS)}.")
        if kind not in self.kinds:
            raise EstimationError(f"{self.estimator} gives one number; only {', '.join(self.kinds)} is available.")
        if kind not in self._cache:
            self._cache[kind] = self._aggregate(kind)
        return self._cache[kind]

    @property
    def att_gt(self) -> pl.DataFrame:
        """Effects by cohort and period: cohort, time, estimate, std_error, ci_low, ci_high, n_agents."""
        if self.source is None:
            return empty_att_gt().with_columns(ci_low=pl.lit(0.0), ci_high=pl.lit(0.0))
        frame = self.source.att_gt_frame()
        half = float(stdtrit(max(self.n_clusters - 1, 1), 0.5 + self.ci_level / 2))
        return frame.with_columns(
            ci_low=pl.col("estimate") - half * pl.col("std_error"),
            ci_high=pl.col("estimate") + half * pl.col("std_error"),
        )

    @property
    def n_clusters(self) -> int:
        """Clusters with anything observed."""
        seen = self.panel.observed.any(axis=1)
        return int(np.unique(self.panel.cluster_ix[seen]).size)

    @property
    def n_trained_clusters(self) -> int:
        """Clusters with an observed agent trained within the window."""
        seen = self.panel.observed.any(axis=1) & self.panel.trained_units
        return int(np.unique(self.panel.cluster_ix[seen]).size)

    def _aggregate(self, kind: str) -> Aggregation:
        if self.source is None or self.reason is not None:
            return _not_available(self, kind)
        variance = self.variance
        if variance == "auto":
            df = getattr(self.source, "degrees_of_freedom", math.inf)  # most estimators do not provide it
            few = self.n_clusters < JACKKNIFE_BELOW or df < JACKKNIFE_BELOW_DF
            variance = "jackknife" if few else "analytic"
        return _with_intervals(self, kind, self.source.family(kind, variance))


def _counts(study: Study) -> dict[str, Any]:
    panel = study.panel
    seen = panel.observed.any(axis=1)
    return {
        "n_cells": int(panel.observed.sum()),
        "n_contacts": float(panel.den.sum()),
        "n_agents": int(seen.sum()),
        "n_trained_agents": int((seen & panel.trained_units).sum()),
        "n_clusters": study.n_clusters,
        "n_trained_clusters": study.n_trained_clusters,
    }


def _not_available(study: Study, kind: str) -> Aggregation:
    nan = math.nan
    overall = EffectEstimate(
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        df=nan,
        ci_level=study.ci_level,
        estimator=study.estimator,
        estimand="not available",
        control=study.control,
        variance="none",
        **_counts(study),
        share_identified=0.0,
        reason=study.reason or "not available",
        notes=(*study.panel.notes, *study.notes),
    )
    nothing: dict[str, Any] = {name: np.zeros(0) for name in PART_COLUMNS if name not in BAND_COLUMNS}
    nothing |= {name: np.zeros(0, dtype=np.int64) for name in COUNT_COLUMNS} | {"reason": []}
    clusters = study.panel.n_clusters
    return Aggregation(kind, overall, nothing, partial(float, nan), np.zeros((clusters, 0)), np.zeros(clusters))


def _nothing_but_rounding(study: Study, family: Family) -> bool:
    """Whether agent and week effects explain every outcome, so that effect and standard error are rounding error."""
    least = ROUNDING * study.panel.largest
    se = float(np.sqrt(np.sum(family.overall_influence**2)))
    return abs(family.overall) <= least and se <= least


def _with_intervals(study: Study, kind: str, family: Family) -> Aggregation:
    if _nothing_but_rounding(study, family):
        nothing = empty_family(study.panel.n_clusters, family.variance, NO_VARIATION)
        family = replace(nothing, estimand=family.estimand)
    df = float((family.n_clusters or study.n_clusters) - 1)
    if family.df is not None and math.isfinite(family.df):
        df = min(df, family.df)
    se = standard_errors(family.influence)
    half = float(stdtrit(df, 0.5 + study.ci_level / 2)) if df >= 1 else math.nan
    theta = np.where(np.isfinite(se), family.theta, np.nan)
    critical: Callable[[], float] = partial(float, half)
    if kind != "simple" and df >= 1:
        critical = partial(_critical_value, family.influence, study.ci_level, df, half)
    columns = {
        "key": list(family.keys),
        "estimate": theta,
        "std_error": se,
        "ci_low": theta - half * se,
        "ci_high": theta + half * se,
        "n": np.asarray(family.n_cells).astype(np.int64),
        "n_contacts": np.asarray(family.n_contacts, dtype=np.float64),
        "n_agents": np.asarray(family.n_agents).astype(np.int64),
        "n_trained_clusters": np.asarray(family.n_trained_clusters).astype(np.int64),
        "reason": list(family.reasons),
    }
    return Aggregation(
        kind=kind,
        overall=_overall(study, family, df),
        columns=columns,
        find_critical_value=critical,
        influence=family.influence,
        overall_influence=family.overall_influence,
    )


def _critical_value(influence: Floats, level: float, df: float, half: float) -> float:
    """Critical value of the band over all parts; never below that of a single part."""
    found = sup_t_critical_value(influence, level, df)
    return half if math.isnan(found) else max(found, half)


def _overall(study: Study, family: Family, df: float) -> EffectEstimate:
    se = float(np.sqrt(np.sum(family.overall_influence**2)))
    reason = family.overall_reason
    estimate = family.overall
    if study.n_trained_clusters < 2:
        reason = reason or "only one cluster was trained, so nobody can say how sure the number is"
    if not math.isfinite(estimate):
        reason = reason or "no trained week has a valid comparison"
    elif not math.isfinite(se):
        reason = reason or "the error cannot be computed: the number hangs on a single cluster"
    if reason is not None:
        estimate, se = math.nan, math.nan
    low, high = t_interval(estimate, se, df, study.ci_level)
    return EffectEstimate(
        estimate=estimate,
        std_error=se,
        ci_low=low,
        ci_high=high,
        df=df,
        ci_level=study.ci_level,
        estimator=study.estimator,
        estimand=family.estimand,
        control=study.control,
        variance=family.variance,
        **_counts(study),
        share_identified=family.share_identified,
        reason=reason,
        notes=(*study.panel.notes, *study.notes, *family.notes),
    )


def refuse(study: Study, reason: str) -> Study:
    """The same study with nothing available, for the given reason."""
    return replace(study, reason=reason, source=None)
