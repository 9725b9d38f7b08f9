"""Heterogeneous effects: effects of groups of agents, tested as differences and shrunk to their mean.

That one group's interval excludes zero and another's does not says nothing about their difference. The difference is
tested itself, with the covariance of the two estimates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.effects.hierarchical import shrink
from analysis.estimators.imputation import Imputation
from analysis.estimators.registry import cannot_be_estimated
from analysis.inference import holm, jackknife_influence
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_AGENTS = 10
"""Fewest trained agents of a group."""
MIN_TEAMS = 4
"""Fewest trained teams of a group."""
LEVELS = ("worst third", "middle third", "best third")
EARLY_SHARE = 0.5
"""Share of the weeks before the first training in which the starting level is measured; effects are measured from the
remaining weeks, so that regression to the mean does not look like a gain."""
GAP_WEEKS = 2
"""Weeks between the two windows, so that autocorrelated errors do not connect them."""
MIN_EARLY_WEEKS = 4


@dataclass(frozen=True)
class Gain:
    """The effect on one group and how it differs from the others.

    Attributes
    ----------
    name
        Of the group.
    n_agents
        Trained agents in it; -1 where only agent-weeks are known.
    estimate, ci_low, ci_high
        Its own effect.
    shrunk, shrunk_low, shrunk_high
        Its effect shrunk to the mean of all groups.
    difference, difference_low, difference_high
        From the mean of the other groups, weighted by contacts.
    p_value
        Of no difference, two-sided.
    p_own
        Of no effect on the group itself.
    """

    name: str
    n_agents: int
    estimate: float
    ci_low: float
    ci_high: float
    shrunk: float
    shrunk_low: float
    shrunk_high: float
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    p_own: float


def compared(
    names: Sequence[str],
    n_agents: Sequence[int],
    theta: Floats,
    psi: Floats,
    mass: Floats,
    df: float,
    ci_level: float = 0.95,
) -> list[Gain]:
    """Compare each group with the mean of the others.

    Parameters
    ----------
    names, n_agents
        Of the G groups.
    theta : (G,) array
        Effects.
    psi : (C, G) array
        Influences on the same clusters, so that covariances between groups are included.
    mass : (G,) array
        Contacts behind each.
    df, ci_level
        Of the intervals.

    Returns
    -------
    list of Gain
        Empty with fewer than two groups.

    Notes
    -----
    Partial pooling is :func:`analysis.effects.hierarchical.shrink`, from four groups on. Source of the question:
    Gelman, Stern (2006), doi:10.1198/000313006X152649.
    """
    if len(names) < 2:
        return []
    half = float(stdtrit(df, 0.5 + ci_level / 2))
    error = np.sqrt(np.einsum("cg,cg->g", psi, psi))
    drawn = shrink(theta, error, error, np.full(theta.size, df), ci_level=ci_level)
    rows = []
    for g, name in enumerate(names):
        share = np.where(np.arange(theta.size) == g, 0.0, mass)
        share = share / share.sum()
        gap = float(theta[g] - share @ theta)
        gap_error = float(np.linalg.norm(psi[:, g] - psi @ share))
        rows.append(
            Gain(
                name=str(name),
                n_agents=int(n_agents[g]),
                estimate=float(theta[g]),
                ci_low=float(theta[g] - half * error[g]),
                ci_high=float(theta[g] + half * error[g]),
                shrunk=float(drawn.estimate[g]),
                shrunk_low=float(drawn.ci_low[g]),
                shrunk_high=float(drawn.ci_high[g]),
                difference=gap,
                difference_low=gap - half * gap_error,
                difference_high=gap + half * gap_error,
                p_value=_p(gap, gap_error, df),
                p_own=_p(float(theta[g]), float(error[g]), df),
            )
        )
    return rows


def gains_of_groups(
    panel: Panel, labels: Sequence[str] | NDArray[np.str_], anticipation: int = 0, ci_level: float = 0.95
) -> list[Gain]:
    """Effects on groups of agents from one fit, with a joint leave-one-team-out jackknife.

    Parameters
    ----------
    panel
        Of the headline.
    labels
        (A,) group of each agent; empty for an agent in no group.
    anticipation, ci_level
        As in the headline.

    Returns
    -------
    list of Gain
        Groups with at least ``MIN_AGENTS`` trained agents of ``MIN_TEAMS`` teams, in the order of their labels; empty
        with fewer than two.

    Notes
    -----
    Assumptions: those of :class:`analysis.estimators.imputation.Imputation`, for every group: a group that would have
    changed differently without training (new agents, who improve anyway) looks as if it gained. Not checked by group.
    """
    if cannot_be_estimated(panel):
        return []
    source = Imputation(panel, anticipation, leads=0)
    usable = np.zeros(panel.den.shape, dtype=bool)
    usable[source.layout.order] = source.trained_weights > 0
    usable &= panel.trained_cells
    group = np.asarray(labels, dtype=str)
    active = np.zeros(panel.n_clusters, dtype=bool)
    active[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    names, sizes, theta, psi, mass = [], [], [], [], []
    for name in [n for n in dict.fromkeys(sorted(group.tolist())) if n]:
        rows = (group == name) & usable.any(axis=1)
        if int(rows.sum()) < MIN_AGENTS or np.unique(panel.cluster_ix[rows]).size < MIN_TEAMS:
            continue
        weights = panel.den * (usable & rows[:, None])
        made = source.weighing(weights)
        point = made.point("simple")[1]
        influence = jackknife_influence(made.replicates("simple")[0], point, active)[:, 0]
        if not (np.isfinite(influence).all() and math.isfinite(point[0])):
            continue
        names.append(name)
        sizes.append(int(rows.sum()))
        theta.append(float(point[0]))
        psi.append(influence)
        mass.append(float(weights.sum()))
    if len(names) < 2:
        return []
    df = min(float(active.sum() - 1), source.degrees_of_freedom)
    return compared(names, sizes, np.array(theta), np.column_stack(psi), np.array(mass), df, ci_level)


def by_starting_level(panel: Panel, *, better: str, anticipation: int = 0, ci_level: float = 0.95) -> list[Gain]:
    """Effects on thirds of agents by their level in an early window that is not used for the effect.

    Agents picked for a bad window were partly below their mean by chance, and recover whether trained or not
    (regression to the mean). So the level is measured in the first ``EARLY_SHARE`` of the weeks before anybody's
    training, and agent effects are estimated from weeks at least ``GAP_WEEKS`` later, with independent errors.

    Parameters
    ----------
    panel
        Of the headline.
    better
        ``higher`` or ``lower``; by which the thirds are named.
    anticipation, ci_level
        As in the headline.

    Returns
    -------
    list of Gain
        Empty where there are too few early weeks.
    """
    early = _early_weeks(panel, anticipation)
    third = starting_thirds(panel, better=better, anticipation=anticipation)
    if third is None:
        return []
    # A number in front keeps the order; it is taken off again.
    labels = np.where(third >= 0, np.array([f"{i}{name}" for i, name in enumerate(LEVELS)])[third], "")
    later_weeks = panel.take(None, start=early + GAP_WEEKS)
    found = gains_of_groups(later_weeks, labels, anticipation, ci_level)
    return [replace(gain, name=gain.name[1:]) for gain in found]


def _early_weeks(panel: Panel, anticipation: int) -> int:
    """Weeks in which the starting level is measured; 0 where there are too few before the first training."""
    first = int(panel.cohorts.min()) if panel.cohorts.size else 0
    early = int((first - anticipation) * EARLY_SHARE)
    enough = early >= MIN_EARLY_WEEKS and first - anticipation - early - GAP_WEEKS >= MIN_EARLY_WEEKS
    return early if enough else 0


def starting_thirds(panel: Panel, *, better: str, anticipation: int = 0) -> Ints | None:
    """(A,) third of each agent's level in the early window, 0 the worst; -1 where the agent was not seen in it.

    Parameters
    ----------
    panel, better, anticipation
        As in :func:`by_starting_level`.

    Returns
    -------
    (A,) int array or None
        ``None`` with too few early weeks, or too few trained agents seen in them.
    """
    early = _early_weeks(panel, anticipation)
    if not early:
        return None
    window = panel.den[:, :early]
    by_week = window.sum(axis=0)
    common = np.divide((window * panel.y[:, :early]).sum(axis=0), by_week, out=np.zeros(early), where=by_week > 0)
    own = window.sum(axis=1)
    gap = (window * (panel.y[:, :early] - common)).sum(axis=1)
    level = np.divide(gap, own, out=np.full(own.size, np.nan), where=own > 0)
    level = level if better == "higher" else -level
    known = np.isfinite(level) & panel.trained_units
    if int(known.sum()) < len(LEVELS) * MIN_AGENTS:
        return None
    edges = np.quantile(level[known], [1 / 3, 2 / 3])
    return np.where(np.isfinite(level), np.searchsorted(edges, np.nan_to_num(level)), -1)


def stands_out(gains: Sequence[Gain], ci_level: float = 0.95) -> list[bool]:
    """Which groups differ significantly from the others, after Holm's correction for all groups tested together."""
    adjusted = holm([gain.p_value for gain in gains])
    return [bool(p <= 1 - ci_level) for p in adjusted]


def harmed(gains: Sequence[Gain], better: str, ci_level: float = 0.95) -> list[bool]:
    """Which groups got significantly worse, after Holm's correction for all groups tested together."""
    adjusted = holm([gain.p_own for gain in gains])
    worse = [(gain.estimate < 0) == (better == "higher") for gain in gains]
    return [bool(p <= 1 - ci_level) and bad for p, bad in zip(adjusted, worse, strict=True)]


def _p(value: float, error: float, df: float) -> float:
    return float(2 * stdtr(max(df, 1.0), -abs(value / error))) if error > 0 else math.nan
