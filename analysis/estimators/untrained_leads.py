"""Leads of the imputation estimator: differences in the weeks before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.estimators.fitted import Family
from analysis.solver.ratio import ratio
from analysis.solver.two_way import TwoWayFit, fit_two_way

if TYPE_CHECKING:
    from analysis.estimators.imputation import Imputation

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Leads:
    """Coefficients on the last weeks before training, from untrained weeks only.

    Attributes
    ----------
    event_times : (L,) list of negative ints, ascending
    theta : (L,) array
    influence : (C, L) array
    n_cells, n_contacts, n_clusters : (L,) arrays
    """

    event_times: list[int]
    theta: Floats
    influence: Floats
    n_cells: Floats
    n_contacts: Floats
    n_clusters: Floats

    def before(self, family: Family) -> Family:
        """The event-time family with the leads prepended; the overall estimate is unchanged."""
        reasons = [None if np.isfinite(value) else "not identified" for value in self.theta]
        return replace(
            family,
            keys=[*self.event_times, *family.keys],
            theta=np.concatenate([self.theta, family.theta]),
            influence=np.concatenate([self.influence, family.influence], axis=1),
            n_cells=np.concatenate([self.n_cells, family.n_cells]),
            n_contacts=np.concatenate([self.n_contacts, family.n_contacts]),
            n_agents=np.concatenate([self.n_cells, family.n_agents]),
            n_trained_clusters=np.concatenate([self.n_clusters, family.n_trained_clusters]),
            reasons=[*reasons, *family.reasons],
        )


def imputation_leads(model: Imputation, variance: str) -> Leads:
    """Regress untrained weeks on agent and week effects and dummies for the last weeks before training.

    The reference is every earlier week, so a lead is comparable with the effects after training (both are
    measured against the same far past) without using the trained weeks.

    Parameters
    ----------
    model : Imputation
    variance : {"analytic", "jackknife"}

    Source: Borusyak, Jaravel, Spiess (2024), section 4.4, doi:10.1093/restud/rdae007.
    """
    layout, panel = model.layout, model.panel
    values = layout.cohort_values
    earliest = [int(values[h]) - model.anticipation for h in model.trained_cohorts]
    longest = min(model.leads, max(earliest, default=0) - 2)
    if longest < 1:
        return _none(layout.n_clusters)
    table = np.full((values.size, panel.n_periods), -1, dtype=np.int64)
    for h in model.trained_cohorts:
        for k in range(longest):
            week = int(values[h]) - model.anticipation - 1 - k
            if 0 <= week < panel.n_periods:
                table[h, week] = k
    y = panel.y[layout.order]
    fit = fit_two_way(layout, model.fit.weights, y, table, longest, model.fit, model.of_design.get("leads"))
    model.of_design.setdefault("leads", fit)
    influence = fit.dummy_influence()
    if variance == "jackknife":
        influence = _jackknife(fit, influence)
    cells, contacts, clusters = _counts(fit, table, longest)
    influence[:, clusters < 2] = np.nan
    back = slice(None, None, -1)
    return Leads(
        event_times=[-model.anticipation - 1 - k for k in range(longest)][back],
        theta=fit.coefficients[back],
        influence=influence[:, back],
        n_cells=cells[back],
        n_contacts=contacts[back],
        n_clusters=clusters[back],
    )


def pooled_leads(parts: Sequence[Leads], n_clusters: int) -> Leads:
    """Leads of several experiments averaged by the trained contacts behind each; the shares count as fixed.

    Parameters
    ----------
    parts : sequence of Leads
        On the same clusters. Clusters may serve in several experiments: their influences are added before squaring.
    n_clusters : int
    """
    keys = sorted({key for part in parts for key in part.event_times})
    if not keys:
        return _none(n_clusters)
    place = {key: k for k, key in enumerate(keys)}
    sums, mass, cells, clusters = (np.zeros(len(keys)) for _ in range(4))
    influence = np.zeros((n_clusters, len(keys)))
    for part in parts:
        usable = np.isfinite(part.theta) & np.isfinite(part.influence).all(axis=0) & (part.n_contacts > 0)
        at = np.array([place[key] for key in part.event_times], dtype=np.int64)[usable]
        own = part.n_contacts[usable]
        sums[at] += part.theta[usable] * own
        influence[:, at] += part.influence[:, usable] * own
        mass[at] += own
        cells[at] += part.n_cells[usable]
        clusters[at] += part.n_clusters[usable]
    return Leads(keys, ratio(sums, mass), ratio(influence, mass), cells, mass, clusters)


def _jackknife(fit: TwoWayFit, analytic: Floats) -> Floats:
    """(C, L) leave-one-cluster-out influence; a lead that a refit does not identify keeps its analytic column."""
    shift, refit = fit.leave_one_out()
    active = fit.layout.by_cluster(fit.layout.by_pair(fit.unit_total)[:, None])[:, 0] > 0
    n_active = int(active.sum())
    if n_active < 2:
        return np.full(analytic.shape, np.nan)
    out = np.full(analytic.shape, np.nan)
    out[:, fit.kept] = shift[:, fit.n_weeks :] * np.sqrt((n_active - 1) / n_active)
    out[refit] = analytic[refit] * np.sqrt(n_active / (n_active - 1))
    return out


def _counts(fit: TwoWayFit, table: NDArray[np.int64], n_leads: int) -> tuple[Floats, Floats, Floats]:
    layout = fit.layout
    cells, contacts = np.zeros(n_leads), np.zeros(n_leads)
    clusters = np.zeros((layout.n_clusters, n_leads), dtype=bool)
    for h in range(layout.cohort_values.size):
        rows = layout.units_of(h)
        used = np.flatnonzero(table[h] >= 0)
        if used.size == 0:
            continue
        columns = fit.weights[rows, used]
        np.add.at(cells, table[h, used], (columns > 0).sum(axis=0))
        np.add.at(contacts, table[h, used], columns.sum(axis=0))
        unit, place = np.nonzero(columns > 0)
        clusters[layout.pair_cluster[layout.pair_of_unit[rows][unit]], table[h, used[place]]] = True
    return cells, contacts, clusters.sum(axis=0).astype(np.float64)


def _none(n_clusters: int) -> Leads:
    empty = np.zeros(0)
    return Leads([], empty, np.zeros((n_clusters, 0)), empty, empty, empty)
