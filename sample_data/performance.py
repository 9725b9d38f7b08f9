"""Linear predictor of every outcome, shared by the fast panel and the full world.

For outcome k, agent i in week t, a contact of queue q and channel c::

    eta = intercept_k + form_k * form_it + b_k . skill_it + tenure_k * (curve(tenure_it) - 1)
          + trend_k * t + season_k * A * peak_t + incident_k * I * incident_t + release_k * released_t
          + difficulty_k * (d_q + d_c)  +  effect_it,k

``effect_it,k = s * effect_k * (indirect_k * sum_j w_kj dose_itj + (1 - indirect_k) * mean_j dose_itj)`` where the dose
of skill j already holds ramp, decay, refresher, spillover and heterogeneity (see ``programme``), and
``b_kj = effect_k * indirect_k * w_kj / skill_gain`` is the slope of the outcome on the skill itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sample_data import calendar
from sample_data.chain import LIFT
from sample_data.outcomes import Outcome
from sample_data.parameters import SKILLS, Parameters
from sample_data.streams import stream

Array = NDArray[np.float64]

QA_LEVEL, QA_PER_SD = 0.62, 0.12
"""Score, 0 to 1, of an average untrained agent, and score per sd of skill."""


def linked_outcome(params: Parameters, name: str) -> Outcome:
    """Return an outcome adapted to the world's chain: no effect of training, or an effect not through skills."""
    outcome = params.outcomes[name]
    if params.chain.mode == "no_link":
        return replace(outcome, effect=0.0)
    return replace(outcome, indirect=0.0) if params.chain.mode == "shared_shock" else outcome


def skill_slopes(params: Parameters, name: str) -> Array:
    """Return the slope of an outcome's log-odds on each skill, per sd of skill, shape (5,)."""
    outcome = linked_outcome(params, name)
    return outcome.effect * outcome.indirect * np.asarray(outcome.skills) / params.skill_gain


def skill_covariance(params: Parameters) -> Array:
    """Return the covariance of the starting skills, shape (5, 5), ones on the diagonal."""
    size = len(SKILLS)
    return params.skill_correlation * np.ones((size, size)) + (1 - params.skill_correlation) * np.eye(size)


def residual_sd(params: Parameters) -> float:
    """Return the sd of persistent form not explained by skills, so that the total is ``agent_sd``."""
    slopes = skill_slopes(params, "escalated")
    explained = float(slopes @ skill_covariance(params) @ slopes)
    return float(np.sqrt(max(params.agent_sd**2 - explained, 0.0)))


def tenure_curve(params: Parameters, tenure_weeks: NDArray[np.integer] | Array) -> Array:
    """Return the share of the learning curve completed, 0 to 1."""
    full = 1.0 - 2.0 ** (-params.tenure_full_weeks / params.tenure_half_life_weeks)
    raw = 1.0 - 2.0 ** (-np.asarray(tenure_weeks, dtype=np.float64) / params.tenure_half_life_weeks)
    curve: Array = np.minimum(raw / full, 1.0)
    return curve


@dataclass(frozen=True)
class Mix:
    """The kinds of contact: every queue with every channel.

    Parameters
    ----------
    queue, channel : (kinds,) int
        Index of queue and channel of each kind.
    difficulty : (kinds,) float
        Log-odds of escalation added.
    share : (teams, kinds) float
        Share of each kind in a team's contacts; rows sum to one.
    """

    queue: NDArray[np.int64]
    channel: NDArray[np.int64]
    difficulty: Array
    share: Array


def contact_mix(params: Parameters) -> Mix:
    """Draw each team's mix of queues and channels."""
    queues, channels = params.queues, params.channels
    queue = np.repeat(np.arange(len(queues)), len(channels))
    channel = np.tile(np.arange(len(channels)), len(queues))
    base = np.array([q.share for q in queues])
    tilt = np.exp(params.mix_sd * stream(params.seed, "mix").standard_normal((params.teams, len(queues))))
    by_queue = base * tilt
    by_queue /= by_queue.sum(axis=1, keepdims=True)
    by_channel = np.array([c.share for c in channels])
    by_channel = by_channel / by_channel.sum()
    share = by_queue[:, queue] * by_channel[channel]
    difficulty = np.array([q.difficulty for q in queues])[queue] + np.array([c.difficulty for c in channels])[channel]
    return Mix(queue=queue, channel=channel, difficulty=difficulty, share=share)


def _centred_difficulty(params: Parameters) -> tuple[Array, Array]:
    queue_share = np.array([q.share for q in params.queues])
    channel_share = np.array([c.share for c in params.channels])
    weight = np.outer(queue_share / queue_share.sum(), channel_share / channel_share.sum()).ravel()
    difficulty = np.add.outer(
        np.array([q.difficulty for q in params.queues]), np.array([c.difficulty for c in params.channels])
    ).ravel()
    return weight, difficulty


def intercept(params: Parameters, name: str) -> float:
    """Return the intercept that makes experienced, untrained agents reach the outcome's base rate on average.

    Assumptions
    -----------
    1. Team, persistent and passing form, starting skill and its drift are normal (they are drawn so).
    2. The average is over the centre's mix of queues and channels.
    """
    outcome = params.outcomes[name]
    if name == "handle_seconds":
        return float(np.log(outcome.base))
    slopes = skill_slopes(params, name)
    form_variance = params.team_sd**2 + residual_sd(params) ** 2 + params.form_sd**2
    skill_variance = (1.0 + params.chain.drift_sd**2) * (slopes @ skill_covariance(params) @ slopes)
    spread = np.sqrt(outcome.form**2 * form_variance + skill_variance)
    nodes, node_weight = np.polynomial.hermite_e.hermegauss(21)
    weight, difficulty = _centred_difficulty(params)
    offset = spread * nodes[:, None] + outcome.difficulty * difficulty[None, :]
    joint = np.outer(node_weight / node_weight.sum(), weight)
    value = float(np.log(outcome.base / (1 - outcome.base)))
    for _ in range(30):
        rate = expit(value + offset)
        error = float((joint * rate).sum()) - outcome.base
        value -= error / float((joint * rate * (1 - rate)).sum())
        if abs(error) < 1e-14:
            break
    return value


@dataclass(frozen=True)
class Predictor:
    """The terms of one outcome's linear predictor that are fixed before the first week.

    Parameters
    ----------
    outcome : Outcome
    weekly : (weeks,) float
        Intercept and calendar.
    slopes : (5,) float
        Slope on each skill.
    """

    outcome: Outcome
    weekly: Array
    slopes: Array

    @classmethod
    def of(cls, params: Parameters, name: str) -> Predictor:
        """Prepare the predictor of one outcome."""
        outcome = linked_outcome(params, name)
        week = np.arange(params.weeks)
        weekly = (
            intercept(params, name)
            + outcome.trend * week
            + outcome.season * params.season_amplitude * calendar.season(params)
            + outcome.incident * params.incident_size * calendar.incident(params)
            + outcome.release * calendar.release(params)
        )
        return cls(outcome=outcome, weekly=weekly, slopes=skill_slopes(params, name))

    def untrained(self, week: int, form: Array, skill: Array, curve: Array) -> Array:
        """Return the linear predictor without any training, without queue and channel, shape (agents,)."""
        outcome = self.outcome
        eta: Array = self.weekly[week] + outcome.form * form + skill @ self.slopes + outcome.tenure * (curve - 1.0)
        return eta

    def effect(self, dose: Array, scale: float) -> tuple[Array, Array]:
        """Return the effect through the skills and the direct effect, each (agents,), for doses (agents, 5)."""
        outcome = self.outcome
        through = scale * outcome.effect * outcome.indirect * (dose @ np.asarray(outcome.skills))
        direct = scale * outcome.effect * (1.0 - outcome.indirect) * dose.mean(axis=1)
        return through, direct

    def lift(self) -> float:
        """Return the change of the linear predictor for an increase of ``LIFT`` on every score."""
        return float(self.slopes.sum()) * LIFT / QA_PER_SD

    def rate(self, eta: Array, difficulty: Array) -> Array:
        """Return the rate (or median seconds) by kind of contact, shape (agents, kinds)."""
        value = eta[:, None] + self.outcome.difficulty * difficulty[None, :]
        return np.exp(value) if self.outcome.base > 1 else expit(value)
