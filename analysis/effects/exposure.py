"""Direct effect of training and spillover on team-mates, where agents of a team are trained at different times.

    y of an agent and week = agent + week + direct x (trained) + spillover x (share of the team-mates who are trained)

Agent and week effects come from weeks before training reached the team; the spillover from untrained agents with
trained team-mates; the direct effect is the rest of the effect on trained agents. Where whole teams are trained
together the two cannot be separated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.imputation import Imputation
from analysis.estimators.registry import cannot_be_estimated
from analysis.inference import jackknife_influence, t_interval
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_EXPOSED_AGENTS = 10
"""Fewest untrained agents with trained team-mates for an estimate."""
MIN_EXPOSED_TEAMS = 6
"""Fewest teams with such agents for an estimate: with fewer, team shocks look like spillover."""
TEN_POINTS = 0.1


@dataclass(frozen=True)
class Part:
    """One number with its interval, natural unit."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Exposure:
    """Direct effect, spillover and their sums.

    Attributes
    ----------
    direct
        Effect on a trained agent none of whose team-mates is trained.
    per_ten
        Effect of every ten points of team-mates trained.
    as_run
        Average effect over the contacts of all agents of teams that training has reached, trained or not.
    everybody
        Direct effect plus the spillover of a team all of whose members are trained.
    naive
        The effect on trained agents when untrained team-mates are part of the comparison.
    mates_trained
        Mean share of team-mates trained, of trained agents.
    n_exposed_agents, n_exposed_teams, n_clusters
        Untrained agents seen beside trained team-mates, their teams, and all teams.
    df
        Degrees of freedom.
    """

    direct: Part
    per_ten: Part
    as_run: Part
    everybody: Part
    naive: float
    mates_trained: float
    n_exposed_agents: int
    n_exposed_teams: int
    n_clusters: int
    df: float


def share_of_mates(panel: Panel) -> Floats:
    """(A, T) share of an agent's team-mates, the agent left out, whose training has come; 0 without team-mates.

    Parameters
    ----------
    panel
        Clustered by team; an agent is in the team from the first to the last week observed.
    """
    weeks = np.arange(panel.n_periods)[None, :]
    seen: Bools = panel.observed
    first, last = seen.argmax(axis=1)[:, None], (panel.n_periods - 1 - seen[:, ::-1].argmax(axis=1))[:, None]
    employed = np.asarray(seen.any(axis=1))[:, None]
    there = ((weeks >= first) & (weeks <= last) & employed).astype(np.float64)
    trained = there * panel.trained_cells
    mates = np.zeros((panel.n_clusters, panel.n_periods))
    done = np.zeros_like(mates)
    np.add.at(mates, panel.cluster_ix, there)
    np.add.at(done, panel.cluster_ix, trained)
    others = mates[panel.cluster_ix] - there
    share: Floats = np.divide(done[panel.cluster_ix] - trained, others, out=np.zeros_like(others), where=others > 0)
    return share


def exposure_effects(panel: Panel, start: Ints, anticipation: int = 0, ci_level: float = 0.95) -> Exposure | None:
    """Direct effect and spillover of training in teams whose agents differ.

    Parameters
    ----------
    panel
        Agents x weeks, all of them, cohorts by own training, clustered by team.
    start
        (A,) panel week in which training reached the agent's team; NEVER when it did not.
    anticipation
        Weeks before that are left out.
    ci_level
        Level of the intervals.

    Returns
    -------
    Exposure or None
        ``None`` with fewer than ``MIN_EXPOSED_AGENTS`` untrained agents beside trained team-mates, or fewer than
        ``MIN_EXPOSED_TEAMS`` such teams: then only the total effect is identified.

    Notes
    -----
    Assumptions:

    1. Parallel trends between teams that training has and has not reached: the checks of the headline.
    2. Spillover grows in proportion to the share of team-mates trained, at once, and stops at the team. Not checked.
    3. Trained team-mates affect a trained agent as much as an untrained one. Not checkable: trained agents soon all
       have trained team-mates.
    4. Who of a team was trained first is unrelated to how the others would have changed. Checked by the dip check.

    Standard errors: leave-one-team-out, all four numbers at once (closed form), t with teams - 1.

    Source: imputation as in Borusyak, Jaravel, Spiess (2024), doi:10.1093/restud/rdae007; exposure as in Aronow, Samii
    (2017), doi:10.1214/16-AOAS1005; leave-own-out as in Angrist (2014), doi:10.1016/j.labeco.2014.05.008.
    """
    reached = panel.with_cohorts(np.minimum(panel.cohort_ix, start)).without_always_trained()
    kept = np.minimum(panel.cohort_ix, start) > 0
    own = panel.cohort_ix[kept]
    if cannot_be_estimated(reached):
        return None
    mates = share_of_mates(panel)[kept]
    trained = np.arange(reached.n_periods)[None, :] >= own[:, None]
    source = Imputation(reached, anticipation, leads=0)
    usable = np.zeros(reached.den.shape, dtype=bool)
    usable[source.layout.order] = source.trained_weights > 0
    after = usable & reached.trained_cells
    beside = after & ~trained & (mates > 0)
    agents = beside.any(axis=1)
    teams = np.unique(reached.cluster_ix[agents])
    if int(agents.sum()) < MIN_EXPOSED_AGENTS or teams.size < MIN_EXPOSED_TEAMS or not (after & trained).any():
        return None
    weight = reached.den
    caught, caught_without = _mean(source, weight * mates * beside)
    scale, scale_without = _ratio(reached, weight * mates * beside, weight * mates**2 * beside)
    on_trained, trained_without = _mean(source, weight * (after & trained))
    among, among_without = _ratio(reached, weight * mates * (after & trained), weight * (after & trained))
    run, run_without = _mean(source, weight * after)
    spill, spill_without = caught * scale, caught_without * scale_without
    direct, direct_without = on_trained - spill * among, trained_without - spill_without * among_without
    active = np.zeros(reached.n_clusters, dtype=bool)
    active[reached.cluster_ix[reached.observed.any(axis=1)]] = True
    df = min(float(active.sum() - 1), source.degrees_of_freedom)

    def part(point: float, without: Floats) -> Part:
        psi = jackknife_influence(without[:, None], np.array([point]), active)[:, 0]
        error = float(np.sqrt(psi @ psi))
        return Part(point, error, *t_interval(point, error, df, ci_level))

    made = (
        part(direct, direct_without),
        part(TEN_POINTS * spill, TEN_POINTS * spill_without),
        part(run, run_without),
        part(direct + spill, direct_without + spill_without),
    )
    if not all(math.isfinite(p.std_error) for p in made):
        return None
    return Exposure(
        *made,
        naive=_naive(panel, anticipation),
        mates_trained=among,
        n_exposed_agents=int(agents.sum()),
        n_exposed_teams=int(teams.size),
        n_clusters=int(active.sum()),
        df=df,
    )


def _mean(source: Imputation, weights: Floats) -> tuple[float, Floats]:
    """Weighted mean of the imputed effects, and without each team, (C,)."""
    made = source.weighing(weights)
    return float(made.point("simple")[1][0]), made.replicates("simple")[0][:, 0]


def _ratio(panel: Panel, top: Floats, bottom: Floats) -> tuple[float, Floats]:
    """Ratio of two sums over all cells, and without each team, (C,)."""
    sums = np.zeros((panel.n_clusters, 2))
    np.add.at(sums, panel.cluster_ix, np.column_stack([top.sum(axis=1), bottom.sum(axis=1)]))
    total = sums.sum(axis=0)
    rest = total - sums
    without = np.divide(rest[:, 0], rest[:, 1], out=np.full(rest.shape[0], np.nan), where=rest[:, 1] > 0)
    return float(total[0] / total[1]), without


def _naive(panel: Panel, anticipation: int) -> float:
    whole = panel.without_always_trained()
    if cannot_be_estimated(whole):
        return math.nan
    return float(Imputation(whole, anticipation, leads=0).point("simple")[1][0])
