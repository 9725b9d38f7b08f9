"""Small roll-outs with known effects, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from analysis import Panel

Rollout = Callable[..., pl.DataFrame]


def rollout(
    seed: int = 0,
    teams: int = 14,
    size: int = 6,
    weeks: int = 30,
    never: int = 3,
    first: int = 10,
    gap: int = 4,
    waves: int = 4,
    effect: float = 0.5,
    growth: float = 0.02,
    missing: float = 0.15,
    contacts: int = 40,
    mixed: float = 0.0,
    team_week_sd: float = 0.3,
) -> pl.DataFrame:
    """One row per observed agent-week: agent, team, week, trained_week (null = never), y, n, x, tau.

    Agents of a team share a wave (``mixed``: share of agents who are never trained whatever their team). Outcome: agent
    level + random-walk week level + team-week shock + tau + noise, n contacts per agent-week (1 when contacts = 0).
    """
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    wave = np.where(np.arange(teams) < never, np.inf, first + gap * (np.arange(teams) % waves))
    start = np.where(draw.random(team.size) < mixed, np.inf, wave[team])
    week = np.arange(weeks)
    since = week[None, :] - start[:, None]
    tau = np.where(since >= 0, effect + growth * np.where(np.isfinite(since), since, 0), 0.0)
    x = draw.normal(size=team.size)
    level = draw.normal(size=team.size)[:, None] + 0.3 * draw.normal(size=weeks).cumsum()[None, :]
    y = level + team_week_sd * draw.normal(size=(teams, weeks))[team] + tau + draw.normal(size=tau.shape)
    n = draw.integers(1, contacts, size=tau.shape) if contacts else np.ones(tau.shape, dtype=np.int64)
    agent, at = np.nonzero(draw.random(tau.shape) >= missing)
    return pl.DataFrame(
        {
            "agent": agent,
            "team": team[agent],
            "week": at,
            "trained_week": pl.Series(start[agent]).map_elements(
                lambda value: None if np.isinf(value) else int(value), return_dtype=pl.Int64
            ),
            "y": y[agent, at],
            "n": n[agent, at],
            "x": x[agent],
            "tau": tau[agent, at],
        }
    )


def as_panel(frame: pl.DataFrame, weight: str | None = "n", outcome: str = "y") -> Panel:
    """The rollout as a panel clustered by team."""
    return Panel.from_frame(frame, "agent", "week", "trained_week", outcome, weight=weight, cluster="team")


@pytest.fixture(scope="session")
def make_rollout() -> Rollout:
    """Factory of roll-out frames."""
    return rollout


@pytest.fixture(scope="session")
def to_panel() -> Callable[..., Panel]:
    """Frame -> panel clustered by team, weighted by contacts."""
    return as_panel
