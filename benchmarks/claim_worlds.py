"""Simulated worlds in which a claim would be wrong, for the rows of benchmarks/coverage_claims.py.

Each function draws one world on agents x weeks from a seed and returns panels; nothing here estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.panel import NEVER, Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Answered:
    """Outcome among respondents, and response rate: panels of the same agents and weeks."""

    outcome: Panel
    answering: Panel


def panel_of(num: Floats, den: Floats, cohort: Ints, cluster: Ints, outcome: str) -> Panel:
    """A panel from arrays: ``num``, ``den`` (A, T), ``cohort`` and ``cluster`` (A,)."""
    labels, codes = np.unique(cluster, return_inverse=True)
    return Panel(
        num=num,
        den=den,
        cohort_ix=cohort,
        cluster_ix=codes.astype(np.int64),
        units=np.array([f"a{i:04d}" for i in range(num.shape[0])]),
        times=np.arange(num.shape[1]),
        clusters=np.array([f"t{label:03d}" for label in labels]),
        outcome=outcome,
        n_rows=int((den > 0).sum()),
    )


def team_waves(teams: int, seats: int, first: int, gap: int, per_wave: int, never: int) -> tuple[Ints, Ints]:
    """Cohort and team of every agent: ``per_wave`` teams every ``gap`` weeks from ``first``, the last ``never`` not."""
    team = np.repeat(np.arange(teams), seats)
    start = first + gap * (np.arange(teams) // per_wave)
    start = np.where(np.arange(teams) >= teams - never, NEVER, start)
    return start[team].astype(np.int64), team


def team_drift(rng: np.random.Generator, teams: int, weeks: int, size: float, memory: float) -> Floats:
    """(teams, weeks) autocorrelated deviations with standard deviation ``size``."""
    out = np.empty((teams, weeks))
    out[:, 0] = rng.standard_normal(teams) * size
    for t in range(1, weeks):
        out[:, t] = memory * out[:, t - 1] + np.sqrt(1 - memory**2) * size * rng.standard_normal(teams)
    return out


def answering_world(
    seed: int,
    *,
    teams: int = 40,
    seats: int = 8,
    weeks: int = 52,
    satisfied: float = 0.75,
    rate: float = 0.30,
    rate_satisfied: float = 0.30,
    rate_other: float = 0.30,
    effect: float = 0.0,
    asked: float = 40.0,
) -> Answered:
    """Customers answer a survey; training may change the response rate and satisfaction.

    ``rate`` is the answer rate without training, ``rate_satisfied`` and ``rate_other`` those of satisfied and other
    customers of trained agents, ``effect`` the change of the share that is satisfied.
    """
    rng = np.random.default_rng(seed)
    cohort, team = team_waves(teams, seats, weeks // 3, 4, max(teams // 5, 1), teams // 5)
    level = satisfied + 0.05 * rng.standard_normal(team.size)[:, None]
    level = level + team_drift(rng, teams, weeks, 0.02, 0.8)[team] + 0.02 * np.sin(np.arange(weeks) / 5)[None, :]
    after = np.arange(weeks)[None, :] >= cohort[:, None]
    level = np.clip(level + effect * after, 0.02, 0.98)
    invited = rng.poisson(asked, level.shape)
    happy = rng.binomial(invited, level)
    drift = 1 + 0.05 * team_drift(rng, teams, weeks, 1.0, 0.8)[team]
    happy_answers = rng.binomial(happy, np.clip(np.where(after, rate_satisfied, rate) * drift, 0, 1))
    other_answers = rng.binomial(invited - happy, np.clip(np.where(after, rate_other, rate) * drift, 0, 1))
    answers = happy_answers + other_answers
    build: Any = (cohort, team)
    return Answered(
        panel_of(happy_answers.astype(float), answers.astype(float), *build, "csat_top2"),
        panel_of(answers.astype(float), invited.astype(float), *build, "survey_response_rate"),
    )


def drifting_teams(
    seed: int,
    *,
    trained: int,
    never: int,
    waves: int = 1,
    seats: int = 8,
    weeks: int = 40,
    memory: float = 0.8,
    effect: float = 0.0,
    uneven: bool = False,
    spread: float = 0.0,
    newcomers: int = 0,
) -> Panel:
    """Teams with autocorrelated drift; ``trained`` of them are trained in ``waves``, ``never`` are not.

    ``uneven`` gives teams between half and twice the seats; ``spread`` is the standard deviation of teams' true
    effects, which stand in the panel's ``notes``; ``newcomers`` agents of every team are hired one to three weeks
    before the first wave and have two contacts a week until then.
    """
    rng = np.random.default_rng(seed)
    teams = trained + never
    size = rng.integers(max(seats // 2, 1), 2 * seats + 1, teams) if uneven else np.full(teams, seats)
    start = weeks // 2 + 4 * (np.arange(teams) % waves)
    start = np.where(np.arange(teams) >= trained, NEVER, start)
    team = np.repeat(np.arange(teams), size)
    cohort = start[team].astype(np.int64)
    mean = 0.2 + 0.03 * rng.standard_normal(team.size)[:, None] + team_drift(rng, teams, weeks, 0.02, memory)[team]
    contacts = rng.poisson(60, mean.shape).astype(float)
    if newcomers:
        new = np.arange(team.size) - np.searchsorted(team, team) < newcomers
        week, hired = np.arange(weeks)[None, :], weeks // 2 - rng.integers(1, 4, team.size)[:, None]
        few = np.where(week < hired, 0.0, rng.poisson(2, mean.shape).clip(1))
        contacts = np.where(new[:, None] & (week < weeks // 2), few, contacts)
    after = np.arange(weeks)[None, :] >= cohort[:, None]
    true = effect + (spread * rng.standard_normal(teams) if spread else np.zeros(teams))
    y = mean + true[team][:, None] * after + rng.standard_normal(mean.shape) * 0.4 / np.sqrt(np.maximum(contacts, 1))
    panel = panel_of(y * contacts, contacts, cohort, team, "y")
    return replace(panel, notes=tuple(f"{value!r}" for value in true.tolist())) if spread else panel


def drawn_inside_teams(
    seed: int,
    *,
    teams: int = 20,
    seats: int = 10,
    weeks: int = 40,
    share: float = 0.8,
    effect: float = 0.085,
    waves: int = 1,
    caught: float = 0.0,
) -> tuple[Panel, float]:
    """A share of every team drawn by lot and trained in one week; teams drift. Returns panel and true effect.

    With ``waves`` teams start in that many different weeks; ``caught`` is the spillover on an agent whose team-mates
    are all trained, proportional to the share trained.
    """
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), seats)
    drawn = np.concatenate([rng.permutation(seats) < round(share * seats) for _ in range(teams)])
    start = weeks // 2 - 6 * (team % waves)
    cohort = np.where(drawn, start, NEVER).astype(np.int64)
    mean = 0.4 + 0.1 * rng.standard_normal(team.size)[:, None] + team_drift(rng, teams, weeks, 0.03, 0.9)[team]
    contacts = rng.poisson(60, mean.shape).astype(float)
    after = np.arange(weeks)[None, :] >= cohort[:, None]
    mates = (round(share * seats) - drawn) / (seats - 1)
    gained = effect * after + caught * mates[:, None] * (np.arange(weeks)[None, :] >= start[:, None])
    y = mean + gained + 0.3 * rng.standard_normal(mean.shape) / np.sqrt(np.maximum(contacts, 1))
    return panel_of(y * contacts, contacts, cohort, team, "y"), effect


def leaving_world(
    seed: int, *, teams: int = 30, hires: int = 20, weeks: int = 78, hazard: float = 0.25
) -> pl.DataFrame:
    """Person-weeks of agents who leave with a chance of ``hazard / tenure week``, trained in their weeks 1 to 4.

    Training has no effect; teams differ in their level. Columns as from :func:`analysis.effects.hazard.person_weeks`.
    """
    rng = np.random.default_rng(seed)
    level = np.exp(0.2 * rng.standard_normal(teams))
    start = date(2024, 1, 1)
    team = np.repeat(np.arange(teams), hires)
    joined = rng.integers(0, weeks - 4, team.size)
    trained_at = np.where(rng.random(team.size) < 0.7, rng.integers(1, 5, team.size), 10_000)
    stay = weeks - joined
    tenure = np.arange(weeks)[None, :]
    leaves = rng.random((team.size, weeks)) < np.minimum(hazard * level[team][:, None] / (tenure + 1), 0.9)
    left_at = np.where(leaves.any(axis=1), leaves.argmax(axis=1), 10_000)
    last = np.minimum(left_at + 1, stay)
    agent = np.repeat(np.arange(team.size), last)
    week = np.concatenate([np.arange(n) for n in last])
    return pl.DataFrame(
        {
            "agent_ix": agent.astype(np.int32),
            "team_id": [f"t{t:02d}" for t in team[agent]],
            "site": ["A"] * agent.size,
            "tenure_week": week.astype(np.int32),
            "on": [start + timedelta(weeks=int(w)) for w in joined[agent] + week],
            "period": ((joined[agent] + week) // 4).astype(np.int32),
            "trained": week >= trained_at[agent],
            "left": week == left_at[agent],
            "leave_type": ["voluntary"] * agent.size,
            "days": np.full(agent.size, 7, dtype=np.int32),
        }
    )


def bad_performers_leave(
    seed: int, *, teams: int = 24, seats: int = 10, weeks: int = 60, kept: float = 1.0
) -> tuple[Panel, pl.DataFrame]:
    """Agents leave depending on their results of the last four weeks; half of the teams are trained in four waves.

    Training changes no result, and multiplies the probability of leaving by ``kept``. An agent one standard deviation
    below average leaves 2.2 times as often, so stayers are better than joiners in both halves.

    Returns
    -------
    panel
        Weekly results of agents while they stay.
    pl.DataFrame
        Their person-weeks; columns as from :func:`analysis.effects.hazard.person_weeks`.
    """
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), seats)
    start = np.where(np.arange(teams) < teams // 2, weeks // 3 + 4 * (np.arange(teams) % 4), NEVER)
    cohort = start[team].astype(np.int64)
    spread = 0.04
    mean = 0.3 + spread * rng.standard_normal(team.size)[:, None] + team_drift(rng, teams, weeks, 0.01, 0.8)[team]
    contacts = rng.poisson(60, mean.shape).astype(float)
    y = mean + rng.standard_normal(mean.shape) * 0.4 / np.sqrt(np.maximum(contacts, 1))
    summed = np.cumsum(np.pad(y, ((0, 0), (1, 0))), axis=1)
    week = np.arange(weeks)
    first = np.maximum(week - 3, 0)
    lately = (summed[:, week + 1] - summed[:, first]) / (week + 1 - first)
    trained = week[None, :] >= cohort[:, None]
    chance = np.minimum(0.015 * np.exp(-0.8 * (lately - 0.3) / spread) * np.where(trained, kept, 1.0), 0.3)
    leaves = rng.random(chance.shape) < chance
    last = np.where(leaves.any(axis=1), leaves.argmax(axis=1), weeks - 1)
    stays = week[None, :] <= last[:, None]
    panel = panel_of(np.where(stays, y * contacts, 0.0), np.where(stays, contacts, 0.0), cohort, team, "y")
    agent, at = np.nonzero(stays)
    began = date(2024, 1, 1)
    people = pl.DataFrame(
        {
            "agent_ix": agent.astype(np.int32),
            "team_id": [f"t{t:02d}" for t in team[agent]],
            "site": ["A"] * agent.size,
            "tenure_week": at.astype(np.int32) + 60,
            "on": [began + timedelta(weeks=int(w)) for w in at],
            "period": (at // 4).astype(np.int32),
            "trained": trained[agent, at],
            "left": leaves[agent, at],
            "leave_type": ["voluntary"] * agent.size,
            "days": np.full(agent.size, 7, dtype=np.int32),
        }
    )
    return panel, people
