"""Level before, level after and effect for every team (or any other set of agents), shrunk to their mean.

A single team gives no standard error of its own. It is taken from untrained teams: how far a team's mean drifts from
one half of its untrained weeks to the other, net of week effects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtr

from analysis.effects.sampling_noise import noise_of_a_contact, spread_of_levels
from analysis.estimators.imputation import Imputation
from analysis.inference import holm
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BEFORE_WEEKS = 26
"""The level before training is the mean over at most this many weeks."""
MIN_PLACEBO_WEEKS = 8
"""Teams with fewer untrained weeks are not used to estimate drift."""
MIN_PLACEBO_TEAMS = 4
"""With fewer teams drift cannot be estimated, and no group gets an interval."""
MIN_COMPARISON_TEAMS = 19
"""A claim at 5% needs an effect larger than the change of all of at least 19 untrained teams; with fewer, nothing is
claimed about a single team."""
MIN_TEAMS_TO_JACKKNIFE = 6
"""From this many trained teams on, a group's standard error is the leave-one-team-out jackknife."""
MOST_OF_THE_WEEKS = 0.9
"""Share of the weeks before and after, by contacts, in which a comparison team must be seen untrained."""
MOST_REPLICATES = 60
"""With more teams, several are left out together (the delete-a-group jackknife)."""
MIN_TEAMS_BESIDE = 6
"""From this many untrained teams on, their changes over the same weeks give a single team's standard error. Halves of
untrained weeks are shorter than the span compared; intervals from them cover 87% where teams drift slowly."""

SCHEMA = {
    "name": pl.String,
    "n_agents": pl.Int64,
    "n_contacts": pl.Float64,
    "before": pl.Float64,
    "after": pl.Float64,
    "estimate": pl.Float64,
    "own_error": pl.Float64,
    "std_error": pl.Float64,
    "df": pl.Float64,
    "n_comparison": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class Groups:
    """Sets of agents of one panel; an agent may be in several.

    Attributes
    ----------
    names : sequence of G str
    member : (A, G) bool array
    since : (A, G) int array or None
        Week from which an agent counts for the group; by default the week of the agent's own training.
    """

    names: Sequence[str]
    member: Bools
    since: Ints | None = None

    @classmethod
    def of(cls, labels: Sequence[str]) -> Groups:
        """One group per label.

        Parameters
        ----------
        labels : sequence of A str
        """
        names, code = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        return cls(names.tolist(), code[:, None] == np.arange(names.size)[None, :])


def group_effects(panel: Panel, groups: Groups, teams: Ints, *, anticipation: int = 0) -> pl.DataFrame:
    """Levels and effects of groups of agents, by imputation.

    The effect of a group is the contact-weighted mean of ``y - agent effect - week effect`` over its trained weeks,
    agent and week effects fitted to untrained weeks only. Its variance is that of a difference in differences of the
    group and its comparison: ``V (m / n_group + m / n_comparison) (1 / T_after + 1 / T_before)``, with ``V`` the
    long-run variance of a team's weekly mean at ``m`` contacts a week and ``n`` contacts a week. Agents with many
    trained and few untrained contacts, such as those hired just before training, add :func:`spread_of_levels`.

    Parameters
    ----------
    panel : Panel
        Cohorts as in the headline.
    groups : Groups
        Of the panel's agents.
    teams : (A,) int array
        Dense index of each agent's team.
    anticipation : int
        Weeks before training that are neither before nor after.

    Returns
    -------
    polars.DataFrame
        One row per group with a trained week: ``name, n_agents, n_contacts, before, after, estimate, own_error,
        std_error, df, n_comparison``. ``n_comparison`` counts teams that nobody trained in the weeks before and after
        that the group's effect compares; from ``MIN_TEAMS_BESIDE`` on, the standard error of a group of few teams is
        the spread of those teams' changes between the same weeks. ``own_error`` leaves out the comparison, which all
        groups share: it is the standard error for differences between groups.

    Notes
    -----
    Assumptions:

    1. Those of the imputation estimator (:class:`analysis.estimators.imputation.Imputation`).
    2. A team's mean drifts in trained weeks as it does in untrained ones. Not checked.
    3. With fewer than ``MIN_TEAMS_BESIDE``: half of a team's untrained weeks is about as long as its trained time.
       Not checked: the standard error is too small when trained time is much longer and teams drift slowly.
    4. The variance of drift falls with contacts as that of a mean does. Not checked.
    5. Apart from the drift of its team, an agent's contacts are independent of each other. Not checked.

    Source: Borusyak, Jaravel, Spiess (2024), doi:10.1093/restud/rdae007, for the effects; standard errors from
    untreated groups: Conley and Taber (2011), doi:10.1162/REST_a_00049.
    """
    fitted = Imputation(panel, anticipation)
    weeks = np.arange(panel.n_periods)
    effect, untrained, residual = _cells(fitted, panel)
    variance, typical, placebo_teams = drift_variance(residual, untrained, teams)
    noise = noise_of_a_contact(residual, untrained)
    since = groups.since if groups.since is not None else np.repeat(panel.cohort_ix[:, None], len(groups.names), axis=1)
    control_by_week = untrained.sum(axis=0)
    jackknife = _Jackknife(panel, teams, anticipation)
    rows = []
    for g, name in enumerate(groups.names):
        inside = np.flatnonzero(groups.member[:, g] & (panel.cohort_ix < panel.n_periods))
        cohort, den = panel.cohort_ix[inside][:, None], panel.den[inside]
        start = np.maximum(since[inside, g][:, None], cohort)
        after = np.where((weeks[None, :] >= start) & np.isfinite(effect[inside]), den, 0.0)
        if after.sum() <= 0:
            continue
        trained = after.sum(axis=1) > 0
        recent = (weeks[None, :] < cohort - anticipation) & (weeks[None, :] >= cohort - anticipation - BEFORE_WEEKS)
        before = np.where(trained[:, None] & recent, den, 0.0)
        own, shared = _error_parts(after, before, control_by_week, variance, typical)
        df = float(max(placebo_teams - 1, 1))
        gaps, sizes = placebos(residual, untrained, teams, after.sum(axis=0), untrained[inside[trained]].sum(axis=0))
        if gaps.size >= MIN_TEAMS_BESIDE:
            size = float(after.sum(axis=0)[after.sum(axis=0) > 0].mean())
            middle = float(np.median(sizes))
            spread = float((gaps**2 * sizes / middle).sum() / (gaps.size - 1))
            own, shared, df = spread * middle / size, spread / gaps.size, float(gaps.size - 1)
        own += spread_of_levels(after.sum(axis=1), untrained[inside].sum(axis=1), noise)
        if np.unique(teams[inside[trained]]).size >= MIN_TEAMS_TO_JACKKNIFE:
            own, shared = jackknife.variance(inside, start), 0.0
        outcome = np.nan_to_num(panel.y[inside])
        rows.append(
            {
                "name": str(name),
                "n_agents": int(trained.sum()),
                "n_contacts": float(after.sum()),
                "before": _mean(outcome, before),
                "after": _mean(outcome, after),
                "estimate": _mean(np.nan_to_num(effect[inside]), after),
                "own_error": math.sqrt(own),
                "std_error": math.sqrt(own + shared),
                "df": df,
                "n_comparison": int(gaps.size),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.selectors.float().fill_nan(None))


class _Jackknife:
    """Variance of a group's effect from fits without one team (or one bunch of teams) at a time.

    Source: Kott (2001), The Delete-a-Group Jackknife, Journal of Official Statistics 17(4), 521-526; with one team a
    bunch it is the cluster jackknife of MacKinnon, Nielsen, Webb (2023), doi:10.1002/jae.2969.
    """

    def __init__(self, panel: Panel, teams: Ints, anticipation: int) -> None:
        self._panel, self._anticipation = panel, anticipation
        self._bunch = teams % MOST_REPLICATES if int(teams.max(initial=0)) >= MOST_REPLICATES else teams
        self._effects: list[tuple[Bools, Floats]] = []

    def _fits(self) -> list[tuple[Bools, Floats]]:
        if not self._effects:
            for bunch in np.unique(self._bunch):
                kept = self._bunch != bunch
                rest = self._panel.take(kept)
                effect = np.full(self._panel.den.shape, np.nan)
                effect[kept] = _cells(Imputation(rest, self._anticipation), rest)[0]
                self._effects.append((kept, effect))
        return self._effects

    def variance(self, inside: Ints, start: Ints) -> float:
        """Of the effect of the panel rows ``inside`` from their weeks ``start`` (rows, 1) on."""
        weeks = np.arange(self._panel.n_periods)[None, :]
        values = []
        for kept, effect in self._fits():
            known = kept[inside][:, None] & np.isfinite(effect[inside]) & (weeks >= start)
            weight = np.where(known, self._panel.den[inside], 0.0)
            if weight.sum() > 0:
                values.append(_mean(np.nan_to_num(effect[inside]), weight))
        n = len(values)
        return float((n - 1) / n * ((np.array(values) - np.mean(values)) ** 2).sum()) if n > 1 else math.nan


def drift_variance(residual: Floats, weight: Floats, teams: Ints) -> tuple[float, float, int]:
    """Variance of the drift of a team's mean in untrained weeks.

    Each team with enough untrained weeks gives one difference between the means of the later and the earlier half of
    them.

    Parameters
    ----------
    residual : (A, T) array
        Outcome minus agent and week effects.
    weight : (A, T) array
        Contacts of untrained weeks, 0 elsewhere.
    teams : (A,) int array
        Dense index.

    Returns
    -------
    variance : float
        Long-run variance of the weekly mean of a team of typical size; NaN with fewer than ``MIN_PLACEBO_TEAMS``.
    typical : float
        Contacts a week of that team.
    n_teams : int
        Teams it rests on.
    """
    n_teams = int(teams.max(initial=-1)) + 1
    mass, total = np.zeros((n_teams, weight.shape[1])), np.zeros((n_teams, weight.shape[1]))
    np.add.at(mass, teams, weight)
    np.add.at(total, teams, weight * residual)
    found: list[tuple[float, float]] = []
    for own, sums in zip(mass, total, strict=True):
        used = np.flatnonzero(own > 0)
        if used.size < MIN_PLACEBO_WEEKS:
            continue
        early, late = used[: used.size // 2], used[used.size // 2 :]
        gap = sums[late].sum() / own[late].sum() - sums[early].sum() / own[early].sum()
        found.append((gap**2 / (1 / early.size + 1 / late.size), float(own[used].mean())))
    if len(found) < MIN_PLACEBO_TEAMS:
        return math.nan, math.nan, len(found)
    sizes = np.array([size for _, size in found])
    typical = float(np.median(sizes))
    variances = np.array([value for value, _ in found])
    return float(np.mean(variances * sizes / typical)), typical, len(found)


def placebos(residual: Floats, weight: Floats, teams: Ints, after: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Changes of untrained teams between the weeks that a group's effect compares.

    Parameters
    ----------
    residual, weight, teams
        As in :func:`drift_variance`.
    after, before : (T,) arrays
        The group's trained and untrained contacts by week.

    Returns
    -------
    gaps, sizes : (K,) arrays
        Mean residual in the ``after`` weeks less that in the ``before`` weeks, and contacts a week, of every team that
        was untrained and seen in ``MOST_OF_THE_WEEKS`` of both.
    """
    n_teams = int(teams.max(initial=-1)) + 1
    mass, total = np.zeros((n_teams, weight.shape[1])), np.zeros((n_teams, weight.shape[1]))
    np.add.at(mass, teams, weight)
    np.add.at(total, teams, weight * residual)
    level = np.divide(total, mass, out=np.zeros_like(total), where=mass > 0)
    means, used = [], np.ones(n_teams, dtype=bool)
    for weeks in (after, before):
        share = np.where(mass > 0, weeks[None, :], 0.0)
        seen = share.sum(axis=1)
        used &= seen >= MOST_OF_THE_WEEKS * weeks.sum()
        means.append(np.divide((share * level).sum(axis=1), seen, out=np.zeros(n_teams), where=seen > 0))
    weekly = np.divide(mass.sum(axis=1), (mass > 0).sum(axis=1), out=np.zeros(n_teams), where=(mass > 0).any(axis=1))
    return (means[0] - means[1])[used], weekly[used]


def claimed(rows: pl.DataFrame, ci_level: float = 0.95) -> list[bool]:
    """Which groups' effects are significant after Holm's correction for all groups shown.

    Parameters
    ----------
    rows : DataFrame
        As from :func:`group_effects`; rows without numbers are never claimed.
    ci_level : float

    Returns
    -------
    list of bool
        Never a group with fewer than ``MIN_COMPARISON_TEAMS`` teams to compare with.
    """
    estimate, error, df = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("estimate", "std_error", "df")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = 2 * stdtr(np.where(df > 0, df, np.nan), -np.abs(estimate / error))
    enough = rows["n_comparison"].fill_null(0).to_numpy() >= MIN_COMPARISON_TEAMS
    adjusted = holm(np.where(enough, p_values, np.nan))
    return [bool(p_value <= 1 - ci_level) for p_value in adjusted]


def _cells(fitted: Imputation, panel: Panel) -> tuple[Floats, Floats, Floats]:
    """In the panel's order: effect of trained cells (NaN elsewhere), weight of untrained cells, their residual."""
    order = fitted.layout.order
    effect = np.full(panel.den.shape, np.nan)
    untrained = np.zeros(panel.den.shape)
    residual = np.zeros(panel.den.shape)
    fit = fitted.fit
    level = np.nan_to_num(fit.unit_effects)[:, None] + np.nan_to_num(fit.week_effects)[None, :]
    effect[order] = np.where(fitted.trained_weights > 0, fitted.effects, np.nan)
    untrained[order] = fit.weights
    residual[order] = np.where(fit.weights > 0, panel.y[order] - level, 0.0)
    return effect, untrained, residual


def _error_parts(
    after: Floats, before: Floats, control: Floats, variance: float, typical: float
) -> tuple[float, float]:
    """Variance of a group's effect: its own part, and the part it shares with all others through the comparison."""
    by_week, weeks_before = after.sum(axis=0), int((before.sum(axis=0) > 0).sum())
    used = by_week > 0
    beside = float(np.average(control[used], weights=by_week[used]))
    if not math.isfinite(variance) or weeks_before == 0 or beside <= 0:
        return math.nan, math.nan
    time = 1 / int(used.sum()) + 1 / weeks_before
    return variance * time * typical / float(by_week[used].mean()), variance * time * typical / beside


def _mean(values: Floats, weight: Floats) -> float:
    total = weight.sum()
    return float((weight * values).sum() / total) if total > 0 else math.nan
