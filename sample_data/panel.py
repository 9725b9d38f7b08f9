"""The fast panel: agent-weeks of one KPI without contacts, from the same process as the full world.

Contacts within an agent-week are independent given the week, so that the count of escalations in it is binomial with
the mean rate over the agent's mix. The fast panel draws that count; the full world draws each contact. Both ask
:class:`~sample_data.centre.Centre` for the rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data.centre import Centre
from sample_data.parameters import Parameters
from sample_data.staff import NEVER, Array
from sample_data.streams import stream

KPIS = {
    "escalation_rate": "escalated",
    "hostile_contact_rate": "hostile",
    "transfer_rate": "transferred",
    "complaints_per_1000": "complained",
    "repeat_contact_7d": "repeated",
    "aht_seconds": "handle_seconds",
}
"""KPIs that the fast panel can draw, with the outcome behind each."""


@dataclass(frozen=True)
class PanelWorld:
    """Agent-weeks and their true effects, in the same order.

    Parameters
    ----------
    frame : polars.DataFrame
        ``agent, team`` (one per agent: the team at the scheduled week, else the first), ``week, scheduled_week,
        trained_week`` (int or null), ``hired_week`` (negative before the window), ``y`` (rate or mean, float), ``n``
        (contacts, int). Rows without contacts are left out.
    truth : polars.DataFrame
        ``agent, week, tau`` (true effect on the rate in the cell, spillover included), ``spillover`` (of which
        from team-mates: non-zero for the untrained only), ``y_none`` (expected rate without a programme),
        ``trained`` (base course completed), ``n``.
    """

    frame: pl.DataFrame
    truth: pl.DataFrame

    def att(self, weighted: bool = True) -> float:
        """Return the true average effect over trained cells, weighted by contacts or not."""
        trained = self.truth.filter(pl.col("trained"))
        if trained.is_empty():
            return float("nan")
        weight = trained["n"].to_numpy().astype(np.float64) if weighted else np.ones(trained.height)
        return float(np.average(trained["tau"].to_numpy(), weights=weight))


def simulate_panel(params: Parameters, kpi: str = "escalation_rate") -> PanelWorld:
    """Simulate agent-weeks of one KPI.

    Parameters
    ----------
    params : Parameters
        ``Parameters.coverage()`` is meant for studies of bias and coverage.
    kpi : str
        One of :data:`KPIS`.

    Returns
    -------
    PanelWorld

    Raises
    ------
    ValueError
        If the KPI is not one that the fast panel can draw.
    """
    if kpi not in KPIS:
        raise ValueError(f"kpi: {kpi!r} cannot be drawn without contacts; use one of {', '.join(KPIS)}")
    name = KPIS[kpi]
    centre = Centre(params)
    parts: list[tuple[Array, ...]] = []
    for t in range(params.weeks):
        week = centre.begin(t)
        rng = stream(params.seed, "panel", t)
        contacts = _weekly_volume(centre, week.expected.sum(axis=1), t, week.seats)
        seen, none = centre.seen_and_none(name, week)
        count = _draw(params, name, rng, contacts, seen)
        escalated = count
        if name != "escalated" and params.assignment == "lowest_performers":
            rate, _ = centre.seen_and_none("escalated", week)
            escalated = stream(params.seed, "panel escalated", t).binomial(contacts, rate).astype(np.float64)
        centre.end(week, escalated, contacts.astype(np.float64))
        if name == "handle_seconds":
            seen, none = (rate * np.exp(params.handle_log_sd**2 / 2) for rate in (seen, none))
        ends = np.stack([count, contacts, seen - none, none])
        keys = np.stack([week.agent, week.team, np.full(week.agent.size, t), week.trained])
        parts.append((keys[:, contacts > 0], ends[:, contacts > 0]))
    keys = np.concatenate([part[0] for part in parts], axis=1)
    values = np.concatenate([part[1] for part in parts], axis=1)
    return _tables(centre, keys.astype(np.int64), values)


def _assignment_team(
    agent: NDArray[np.int64], team: NDArray[np.int64], week: NDArray[np.int64], scheduled: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return one team per agent: the last one held up to the scheduled week, else the first."""
    place: NDArray[np.int64] = np.lexsort((week, agent))
    ordered = agent[place]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    early = np.add.reduceat((week[place] <= scheduled[place]) & (scheduled[place] < NEVER), first).astype(np.int64)
    held = team[place][first + np.maximum(early - 1, 0)]
    whose = np.empty(agent.size, dtype=np.int64)
    whose[place] = np.repeat(held, np.diff(np.r_[first, agent.size]))
    return whose


def _weekly_volume(centre: Centre, expected: Array, week: int, seats: np.ndarray) -> np.ndarray:
    full = np.zeros(centre.params.seats)
    full[seats] = expected
    drawn: NDArray[np.int64] = stream(centre.params.seed, "panel volume", week).poisson(full)[seats]
    return drawn


def _draw(params: Parameters, name: str, rng: np.random.Generator, contacts: np.ndarray, rate: Array) -> Array:
    if name != "handle_seconds":
        return rng.binomial(contacts, rate).astype(np.float64)
    variance = params.handle_log_sd**2
    mean = rate * np.exp(variance / 2)
    shape = np.maximum(contacts, 1) / np.expm1(variance)
    total: Array = contacts * rng.gamma(shape) / shape * mean
    return total


def _tables(centre: Centre, keys: np.ndarray, values: Array) -> PanelWorld:
    agent, team, week, trained = keys
    count, contacts, tau, none = values
    programme = centre.programme
    left = centre.staff.left
    base = np.where(programme.base_week <= left, programme.base_week, NEVER)
    frame = pl.DataFrame(
        {
            "agent": agent,
            "team": _assignment_team(agent, team, week, programme.scheduled[agent]),
            "week": week,
            "scheduled_week": programme.scheduled[agent],
            "trained_week": base[agent],
            "hired_week": centre.staff.hired[agent],
            "y": count / contacts,
            "n": contacts.astype(np.int64),
        }
    ).with_columns(
        pl.when(pl.col("scheduled_week") < NEVER).then(pl.col("scheduled_week")),
        pl.when(pl.col("trained_week") < centre.params.weeks).then(pl.col("trained_week")),
    )
    is_trained = trained.astype(bool)
    truth = pl.DataFrame(
        {
            "agent": agent,
            "week": week,
            "tau": tau,
            "spillover": np.where(is_trained, 0.0, tau),
            "y_none": none,
            "trained": is_trained,
            "n": contacts.astype(np.int64),
        }
    )
    return PanelWorld(frame=frame, truth=truth)
