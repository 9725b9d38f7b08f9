"""Does statsmodels get the same estimate from the same cells?"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.checks.result import CheckResult, not_measured
from analysis.estimators.fitted import ROUNDING
from analysis.estimators.imputation import Imputation
from analysis.panel.panel import Panel
from analysis.words.numbers import Reader

ID, LABEL = "recomputed", "Refitted by statsmodels"
MOST_AGENTS = 120
"""Larger panels make the dense dummy regression slow: both fits then use a sample of teams with this many agents."""
LARGEST_GAP = 1e-8
"""Largest accepted gap, as a share of the headline's standard error: far above rounding, far too small to change a
reading."""
SEED = 20_260_101


@dataclass(frozen=True)
class Recomputed:
    """One refit.

    Attributes
    ----------
    gap
        Largest difference between the two estimates, in standard errors of the headline.
    n_agents, n_teams
        Agents and teams used in both fits.
    drawn
        Whether they are a sample of the panel.
    """

    gap: float
    n_agents: int
    n_teams: int
    drawn: bool


def recompute(models: list[Imputation], std_error: float) -> Recomputed | None:
    """Refit imputed effects by a dummy regression of statsmodels on the collapsed cells.

    Untrained weeks are regressed on agent and week dummies, weighted by contacts; the effect is the mean residual of
    the trained weeks.

    Parameters
    ----------
    models
        The headline as imputations: one, or one for every wave of a stacked comparison.
    std_error
        Of the headline, natural unit.

    Returns
    -------
    Recomputed or None
        ``None`` where no sampled part has an estimate.
    """
    gaps, agents, teams, drawn = [], 0, 0, False
    for model in models:
        part = _part(model.panel)
        drawn |= part.n_units < model.panel.n_units
        ours = Imputation(part, model.anticipation)
        theta = float(ours.point("simple")[1][0])
        if not math.isfinite(theta):
            continue
        difference = abs(theta - dummy_regression(ours))
        # An effect that hardly varies has a standard error of rounding size or zero; relative to it any other rounding
        # would fail.
        beyond = max(difference - ROUNDING * part.largest, 0.0)
        gaps.append(beyond / std_error if std_error > 0 else math.inf if beyond else 0.0)
        agents, teams = max(agents, part.n_units), max(teams, part.n_clusters)
    return Recomputed(max(gaps), agents, teams, drawn) if gaps else None


def dummy_regression(model: Imputation) -> float:
    """The average effect of a model's panel by ``statsmodels`` weighted least squares on dummies."""
    from statsmodels.regression.linear_model import WLS

    order = model.layout.order
    panel = model.panel.take(order)
    untrained = model.fit.weights > 0
    trained = (model.trained_weights > 0) & (np.arange(panel.n_periods)[None, :] >= panel.cohort_ix[:, None])
    agent, week = np.nonzero(untrained)
    dummies = _dummies(agent, week, panel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dummies of agents and weeks always add up to each other
        fit = WLS(panel.y[untrained], dummies, weights=model.fit.weights[untrained]).fit()
    agent, week = np.nonzero(trained)
    left = panel.y[trained] - _dummies(agent, week, panel) @ np.asarray(fit.params)
    return float(np.average(left, weights=model.trained_weights[trained]))


def _dummies(agent: NDArray[np.int64], week: NDArray[np.int64], panel: Panel) -> NDArray[np.float64]:
    out = np.zeros((agent.size, panel.n_units + panel.n_periods))
    rows = np.arange(agent.size)
    out[rows, agent] = 1.0
    out[rows, panel.n_units + week] = 1.0
    return out


def _part(panel: Panel) -> Panel:
    """The panel, or teams sampled from it, trained and untrained in turn, until there are ``MOST_AGENTS``."""
    if panel.n_units <= MOST_AGENTS:
        return panel
    rng = np.random.default_rng(SEED)
    first = np.full(panel.n_clusters, np.iinfo(np.int64).max)
    np.minimum.at(first, panel.cluster_ix, panel.cohort_ix)
    sizes = np.bincount(panel.cluster_ix, minlength=panel.n_clusters)
    shuffled = rng.permutation(panel.n_clusters)
    rank = np.empty(panel.n_clusters, dtype=np.int64)
    for cohort in np.unique(first):  # the same number of teams of every cohort, as far as they go
        members = shuffled[first[shuffled] == cohort]
        rank[members] = np.arange(members.size)
    order = np.lexsort((first, rank))
    kept = order[np.cumsum(sizes[order]) <= MOST_AGENTS]
    chosen = kept if kept.size > 1 else order[:2]
    return panel.take(np.isin(panel.cluster_ix, chosen))


def check(found: Recomputed | None, reader: Reader, *, cluster_word: str = "teams") -> CheckResult:
    """Compare the refit with the headline.

    Parameters
    ----------
    found
        :func:`recompute`; ``None`` where there was nothing to refit.
    reader
        Wording and number format of the sentence.
    cluster_word
        Plural of the unit of assignment.

    Returns
    -------
    CheckResult
        ``statistic`` is the gap in standard errors, ``threshold`` ``LARGEST_GAP``. Failed above it: one of the two
        programs is wrong.
    """
    if found is None:
        return not_measured(ID, LABEL, "No part of this comparison is small enough to be refitted.")
    where = f"{reader.count(found.n_agents)} agents of {reader.count(found.n_teams)} {cluster_word}"
    which = f"{where}, drawn from all," if found.drawn else f"all {where}"
    if found.gap <= LARGEST_GAP:
        words = f"A dummy regression by statsmodels on {which} gives the same number."
        return CheckResult(ID, LABEL, "passed", found.gap, LARGEST_GAP, words)
    words = (
        f"A dummy regression by statsmodels on {which} gives another number: {found.gap:.2g} standard errors away. One "
        "of the two programs is wrong, so the number is not shown."
    )
    return CheckResult(ID, LABEL, "failed", found.gap, LARGEST_GAP, words)
