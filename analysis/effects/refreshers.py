"""Effect of refreshers: agents who had one against agents of the same wave who have not had one yet.

    y of a trained agent and week = agent + wave x week + effect by weeks since the refresher

Agents of a wave were trained in the same week, so wave-by-week effects absorb the fading of the first training,
whatever its course.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.effects.spans import SpanEffect, spans_of
from analysis.effects.within_slope import COLLINEAR, moments_of
from analysis.inference import jackknife_influence, t_interval
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_TEAMS = 6
"""Fewest teams in which some agents of a wave had a refresher and others not: with fewer, team shocks look like an
effect."""
LEAST_LEFT = 1e-9
"""A span is not identified when agent and wave-by-week effects leave less than this share of its variation."""


@dataclass(frozen=True, kw_only=True)
class RefresherEvent(SpanEffect):
    """Effect of refreshers in one span of weeks, against agents of the same wave without one so far.

    Attributes
    ----------
    n_clusters
        Teams with refreshed agents whose wave had others.
    """

    n_clusters: int


def refresher_events(
    panel: Panel, refreshed: Floats, *, ci_level: float = 0.95, looked_at: int = 1
) -> list[RefresherEvent]:
    """Effects of refreshers by span of weeks since the refresher.

    Parameters
    ----------
    panel
        The outcome; cohorts by training.
    refreshed
        (A, T), 1 from the week of an agent's first refresher on.
    ci_level
        Level of the intervals.
    looked_at
        Outcomes that are looked at together; ``stands_out`` allows for them.

    Returns
    -------
    list of RefresherEvent
        In the order of time; empty where no trained agent was seen after a refresher.

    Notes
    -----
    Weighted least squares on weeks from training on, with effects of agents and of every week of every wave; one
    indicator per span, against weeks more than 8 before the refresher and agents without one. A wave whose agents all
    had their refresher in the same week does not contribute.

    Assumptions:

    1. Whether and when an agent of a wave had a refresher is unrelated to how the outcome would have changed. Checked
       by the span before the refresher.
    2. Agents of a wave differ in their level after training, not in how fast its effect fades. Not checked.
    3. Team-mates of refreshed agents are not moved by it. Not checked.

    Standard errors: leave-one-team-out, t with one less than the number of teams with refreshers.

    Source: differences in differences with effects of cohort by time, Sun, Abraham (2021),
    doi:10.1016/j.jeconom.2020.09.006; jackknife: MacKinnon, Nielsen, Webb (2023), doi:10.1002/jae.2969.

    Examples
    --------
    Two agents a team are trained in week 2; one of them has a refresher in week 12, which brings 0.2 back of an effect
    that has faded.

    >>> import numpy as np, polars as pl
    >>> from analysis import Panel
    >>> agent, week = (grid.ravel() for grid in np.mgrid[:16, :20])
    >>> again = np.where((agent % 2 == 0), 12, 99)
    >>> y = 0.5 * 0.9 ** (week - 2) * (week >= 2) + 0.2 * (week >= again)
    >>> frame = pl.DataFrame({"agent": agent, "week": week, "team": agent // 2, "start": 2, "y": y})
    >>> panel = Panel.from_frame(frame, "agent", "week", "start", "y", cluster="team")
    >>> had = (np.arange(20)[None, :] >= np.where(np.arange(16) % 2 == 0, 12, 99)[:, None]).astype(float)
    >>> [(event.from_week, round(event.estimate, 6) + 0.0) for event in refresher_events(panel, had)]
    [(-8, 0.0), (0, 0.2), (4, 0.2)]
    """
    seen = panel.observed & panel.trained_cells
    spans = spans_of(refreshed, seen)
    if not any(first >= 0 for first, _, _ in spans):
        return []
    columns = [inside for _, _, inside in spans]
    theta, without, active, had = _fitted(panel, refreshed, columns)
    n_clusters = int(had.sum())
    error = np.full(len(spans), np.nan)
    if n_clusters >= MIN_TEAMS:
        psi = jackknife_influence(without, theta, active)
        error = np.sqrt(np.einsum("ck,ck->k", psi, psi))
    df = max(n_clusters - 1, 1)
    wide = float(stdtrit(df, 1 - (1 - ci_level) / 2 / looked_at))
    found = []
    for k, (first, last, inside) in enumerate(spans):
        told = bool(np.isfinite(error[k]))
        at, own = (float(theta[k]), float(error[k])) if told else (float("nan"), float("nan"))
        low, high = t_interval(at, own, df, ci_level)
        found.append(
            RefresherEvent(
                from_week=first,
                to_week=last,
                estimate=at,
                std_error=own,
                ci_low=low,
                ci_high=high,
                stands_out=told and abs(at) > wide * own,
                n_agents=int((seen & (inside > 0)).any(axis=1).sum()),
                n_clusters=n_clusters,
            )
        )
    return found


def _fitted(panel: Panel, refreshed: Floats, columns: list[Floats]) -> tuple[Floats, Floats, Bools, Bools]:
    """Coefficients (K,), without each cluster (C, K), clusters (C,) that are used, and those that had refreshers."""
    k = len(columns)
    total = np.zeros((k + 1, k + 1))
    changes = np.zeros((panel.n_clusters, k + 1, k + 1))
    own = np.zeros(k)
    active, having = np.zeros((2, panel.n_clusters), dtype=bool)
    for start in panel.cohorts.tolist():
        rows = np.flatnonzero(panel.cohort_ix == start)
        weeks = np.arange(start, panel.n_periods)
        inside = np.ix_(rows, weeks)
        weight = panel.den[inside] * ((panel.den[inside] > 0).sum(axis=1) > 1)[:, None]
        had = (refreshed[inside] > 0) & (weight > 0)
        beside = had.any(axis=0) & ((weight > 0) & ~had).any(axis=0)
        if not beside.any():
            continue
        weight[:, np.flatnonzero(beside)[-1] + 1 :] = 0.0  # nobody of the wave is left to compare with
        values = np.stack([column[inside] for column in (*columns, panel.y)])
        cluster = panel.cluster_ix[rows]
        moments = moments_of(weight, values, [], np.eye(1), cluster, panel.n_clusters)
        whole = _left(moments.whole[0], k + 1)
        total += whole
        own += (weight * values[:k] ** 2).sum(axis=(1, 2))
        for c in np.unique(cluster).tolist():
            changes[c] += _left(moments.whole[0] - moments.system[c], k + 1) - whole
        active[np.unique(cluster)] = True
        having[np.unique(cluster[had[:, beside].any(axis=1)])] = True
    theta = _solve(total, own)
    without = np.array([_solve(total + change, own) if change.any() else theta for change in changes])
    return theta, without.reshape(panel.n_clusters, k), active, having


def _left(system: Floats, n_columns: int) -> Floats:
    """Cross products of the last columns once the weeks before them are taken out."""
    weeks = slice(0, system.shape[0] - n_columns)
    cross = system[weeks.stop :, weeks]
    inverse = np.linalg.pinv(system[weeks, weeks], hermitian=True, rcond=1e-10)
    left: Floats = system[weeks.stop :, weeks.stop :] - cross @ inverse @ cross.T
    return left


def _solve(left: Floats, own: Floats) -> Floats:
    """Coefficients of all columns but the last on it; NaN for those that are not identified."""
    spread = np.diag(left)[: own.size]
    known = np.flatnonzero((own > 0) & (spread > LEAST_LEFT * own))
    found = np.full(own.size, np.nan)
    square, scale = left[np.ix_(known, known)], np.sqrt(spread[known])
    if known.size and np.linalg.eigvalsh(square / np.outer(scale, scale))[0] >= COLLINEAR:
        found[known] = np.linalg.solve(square, left[known, own.size])
    return found
