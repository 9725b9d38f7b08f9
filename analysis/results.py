"""Result types of estimation: frozen, always with interval, counts and reason.

A point estimate cannot be created without its interval, number of clusters and estimator. Where no valid estimate
exists it is NaN and ``reason`` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtr

from analysis.words.estimators import ALL_AGGREGATIONS

Floats = NDArray[np.float64]

#: Aggregations every staggered estimator offers.
KINDS = ALL_AGGREGATIONS
BAND_COLUMNS = ("band_low", "band_high")
INTERVAL_COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", *BAND_COLUMNS)
COUNT_COLUMNS = ("n", "n_agents", "n_trained_clusters")
#: Columns of every part of an aggregation.
PART_COLUMNS = ("key", *INTERVAL_COLUMNS, "n", "n_contacts", "n_agents", "n_trained_clusters", "reason")


@dataclass(frozen=True)
class EffectEstimate:
    """One effect with its interval, counts and method.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high : float
        In the natural unit of the outcome (shares 0-1, seconds, currency). NaN when not available.
    df : float
        Degrees of freedom of the t distribution behind the interval: clusters minus one, or fewer where a few clusters
        dominate the effect or the comparison.
    ci_level : float
        Coverage of the interval, e.g. 0.95.
    n_cells, n_contacts, n_agents, n_trained_agents, n_clusters, n_trained_clusters : int or float
        Observed agent-weeks, their total weight (contacts), agents, agents trained within the window,
        clusters, clusters with a trained agent.
    estimator, estimand, control, variance : str
        What was estimated, against whom, and how the standard error was computed.
    share_identified : float
        Share of the trained weight that has a valid comparison; the rest is left out, not extrapolated.
    reason : str or None
        Why the estimate (or its standard error) is not available.
    notes : tuple of str
        Data left out of the estimate, in words.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> starts = {0: 3, 1: 3, 2: 5, 3: 5, 4: None, 5: None, 6: None}
    >>> rows = [
    ...     {"agent": a, "week": w, "start": s, "y": a + w % 3 + (a * w) % 5 / 10 + (2.0 if s and w >= s else 0.0)}
    ...     for a, s in starts.items()
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(pl.DataFrame(rows), "agent", "week", "start", "y")
    >>> found = estimate(panel).aggregate("simple").overall
    >>> round(found.estimate, 2), round(found.ci_low, 2), round(found.ci_high, 2), found.n_clusters
    (2.01, 1.91, 2.11, 7)
    >>> found.available, found.reason
    (True, None)
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    df: float
    ci_level: float
    estimator: str
    estimand: str
    control: str
    variance: str
    n_cells: int
    n_contacts: float
    n_agents: int
    n_trained_agents: int
    n_clusters: int
    n_trained_clusters: int
    share_identified: float = 1.0
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """True when both the point and its interval exist."""
        return math.isfinite(self.estimate) and math.isfinite(self.std_error)

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect from t(df); NaN when not available. For the Methods page only."""
        if not self.available or self.std_error == 0:
            return math.nan
        return float(2 * stdtr(self.df, -abs(self.estimate / self.std_error)))


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Event-time coefficients with their joint covariance, as sensitivity analyses need them.

    Attributes
    ----------
    event_times : (K,) int array
        Weeks since training; the reference week is not among them.
    estimates : (K,) array
    covariance : (K, K) array
        Clustered covariance of ``estimates``.
    reference : int
        The event time every coefficient is measured from.
    df : float
    estimator : str

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> starts = {0: 3, 1: 3, 2: 5, 3: 5, 4: None, 5: None, 6: None}
    >>> rows = [
    ...     {"agent": a, "week": w, "start": s, "y": a + w % 3 + (a * w) % 5 / 10 + (2.0 if s and w >= s else 0.0)}
    ...     for a, s in starts.items()
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(pl.DataFrame(rows), "agent", "week", "start", "y")
    >>> events = estimate(panel).aggregate("event_time").event_study()
    >>> events.event_times.tolist(), events.reference
    ([-3, -2, 0, 1, 2, 3, 4], -1)
    >>> events.covariance.shape
    (7, 7)
    """

    event_times: NDArray[np.int64]
    estimates: Floats
    covariance: Floats
    reference: int
    df: float
    estimator: str

    @property
    def pre(self) -> NDArray[np.bool_]:
        """Mask of the event times before training."""
        return np.asarray(self.event_times < 0)


@dataclass(frozen=True, eq=False)
class Aggregation:
    """One way of averaging the effects, with its parts.

    Attributes
    ----------
    kind : str
        ``simple``, ``event_time``, ``cohort`` or ``calendar_time``.
    overall : EffectEstimate
    columns : mapping of str to (K,) array or list
        ``PART_COLUMNS`` of the parts without ``BAND_COLUMNS``; NaN where an estimate is not available.
    find_critical_value : callable
        Gives the sup-t critical value of the band.
    influence : (n_clusters, K) array
        Column k satisfies Var(parts[k]) = sum of squares; rows are clusters, in the panel's cluster order.
    overall_influence : (n_clusters,) array

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> starts = {0: 3, 1: 3, 2: 5, 3: 5, 4: None, 5: None, 6: None}
    >>> rows = [
    ...     {"agent": a, "week": w, "start": s, "y": a + w % 3 + (a * w) % 5 / 10 + (2.0 if s and w >= s else 0.0)}
    ...     for a, s in starts.items()
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(pl.DataFrame(rows), "agent", "week", "start", "y")
    >>> events = estimate(panel).aggregate("event_time")
    >>> events.parts.filter(pl.col("key") == 0)["estimate"].round(2).item()
    1.98
    >>> events.kind, round(events.overall.estimate, 2)
    ('event_time', 2.0)
    """

    kind: str
    overall: EffectEstimate
    columns: Mapping[str, Any] = field(repr=False)
    find_critical_value: Callable[[], float] = field(repr=False)
    influence: Floats = field(repr=False)
    overall_influence: Floats = field(repr=False)

    @cached_property
    def critical_value(self) -> float:
        """The sup-t critical value of the band, simulated on first use."""
        return self.find_critical_value()

    @cached_property
    def band(self) -> tuple[Floats, Floats]:
        """(K,) lower and upper ends of the uniform band over the parts."""
        theta, half = np.asarray(self.columns["estimate"]), self.critical_value * np.asarray(self.columns["std_error"])
        return theta - half, theta + half

    @cached_property
    def parts(self) -> pl.DataFrame:
        """The parts as a frame, NaN as null.

        Columns key, estimate, std_error, ci_low, ci_high, band_low, band_high, n (trained agent-weeks or agents behind
        the number), n_contacts, n_agents, n_trained_clusters, reason. ``band_*`` is the uniform (sup-t) band over the
        parts.
        """
        known = {**self.columns, **dict(zip(BAND_COLUMNS, self.band, strict=True))}
        columns = {name: known[name] for name in PART_COLUMNS}
        if len(columns["key"]) == 0:
            columns["key"] = pl.Series(dtype=pl.Float64)
        columns["reason"] = pl.Series(columns["reason"], dtype=pl.String)
        return pl.DataFrame(columns).with_columns(pl.col(INTERVAL_COLUMNS).fill_nan(None))

    @property
    def covariance(self) -> Floats:
        """(K, K) clustered covariance of the parts; NaN rows where a part is not available."""
        return np.asarray(self.influence.T @ self.influence)

    def event_study(self, reference: int = -1) -> EventStudy:
        """The available parts as an :class:`EventStudy` (``event_time`` aggregations only)."""
        if self.kind != "event_time":
            from analysis.errors import EstimationError

            raise EstimationError(f"event_study() needs aggregate('event_time'); this aggregation is {self.kind!r}.")
        keys = np.asarray(self.columns["key"]).astype(np.int64)
        estimates, se = self.columns["estimate"], self.columns["std_error"]
        keep = np.isfinite(estimates) & np.isfinite(se) & (keys != reference)
        psi = self.influence[:, keep]
        return EventStudy(
            event_times=keys[keep],
            estimates=estimates[keep],
            covariance=np.asarray(psi.T @ psi),
            reference=reference,
            df=self.overall.df,
            estimator=self.overall.estimator,
        )
