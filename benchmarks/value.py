"""Coverage of the net value's range, and calibration of the stated probability of a gain, in simulated worlds.

Each world has three correlated KPIs, autocorrelated team shocks, a roll-out in four waves, true effects drawn wide, and
unit values, cost, fading and discounting drawn from the ranges that are stated to the model. The product's estimator
and value model answer; the truth is known.

    python -m benchmarks.value --worlds 1000
    python -m benchmarks.value --programmes --worlds 1000   # sums over programmes, from drawn effects
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm

from analysis import Panel, estimate
from analysis.panel.panel import NEVER
from analysis.value.appraisal import Spread, appraise
from analysis.value.assumptions import Assumptions, Stated
from analysis.value.horizon import horizon_factor
from analysis.value.model import Worth, model
from analysis.value.programmes import ProgrammeSum, together
from analysis.value.shrinkage import FEWEST_PROGRAMMES

TEAMS_PER_WAVE, WAVES, AGENTS, WEEKS = 6, 4, 6, 32
CONTACTS = 40
NAMES = ("escalation_rate", "repeat_contact_7d", "upsell_revenue")
KPI_CORRELATION = 0.4
AUTOCORRELATION = 0.6
EFFECTS = (-0.03, 0.07)
HORIZON = 12
NOT_READ = Spread(0.0, 0.0, 0.0)
"""Placeholder for the measured net, which is not used where effects are shrunk."""
FEWEST_FOR_SLOPE = 200
"""With fewer worlds the logistic fit may separate them."""
RANGES = {
    "value.escalation_rate": Stated(8.0, 11.0, 15.0),
    "value.repeat_contact_7d": Stated(4.0, 5.5, 8.0),
    "value.upsell_revenue": Stated(3.0, 5.0, 6.0),
    "cost.programme": Stated(45_000.0, 60_000.0, 85_000.0),
    "lasting_share": Stated(0.2, 0.4, 0.7),
    "half_life_months": Stated(3.0, 6.0, 12.0),
    "discount_rate": Stated(0.03, 0.06, 0.10),
}


@dataclass(frozen=True)
class Words:
    """A KPI for a world of its own; more of it is worth more."""

    id: str
    label: str = ""
    unit: str = "share"
    better: str = "higher"
    per: str = "contact"


@dataclass(frozen=True)
class Line:
    """What a number of worlds showed."""

    worlds: int
    coverage: float
    calibration_slope: float
    mean_chance: float
    share_gain: float


def run(worlds: int, seed: int = 1, draws: int = 4_000) -> Line:
    """Coverage of the net's 95% range, and the slope of gains on the stated chance (logistic, on its log odds)."""
    rng = np.random.default_rng(seed)
    inside, chances, gains = [], [], []
    for _ in range(worlds):
        low, high, chance, truth = one_world(rng, draws)
        inside.append(low <= truth <= high)
        chances.append(chance)
        gains.append(truth > 0)
    if worlds < FEWEST_FOR_SLOPE:
        return Line(worlds, float(np.mean(inside)), math.nan, float(np.mean(chances)), float(np.mean(gains)))
    held = np.clip(np.array(chances), 1 / draws, 1 - 1 / draws)
    odds = np.log(held / (1 - held))
    slope = float(sm.Logit(np.array(gains, dtype=float), sm.add_constant(odds)).fit(disp=0).params[1])
    return Line(worlds, float(np.mean(inside)), slope, float(np.mean(chances)), float(np.mean(gains)))


def one_world(rng: np.random.Generator, draws: int) -> tuple[float, float, float, float]:
    """Range and probability of gain of the net from the product, and the true net."""
    effects = rng.uniform(*EFFECTS, len(NAMES))
    waves = np.repeat(np.array([8, 14, 20, NEVER]), TEAMS_PER_WAVE)
    teams = waves.size
    cohort, team = np.repeat(waves, AGENTS), np.repeat(np.arange(teams), AGENTS)
    root = np.linalg.cholesky(np.full((3, 3), KPI_CORRELATION) + (1 - KPI_CORRELATION) * np.eye(3))
    shocks = _lasting(rng, teams) @ root.T
    trained = np.arange(WEEKS)[None, :] >= cohort[:, None]
    worths = []
    for k, name in enumerate(NAMES):
        level = 0.2 + 0.02 * rng.standard_normal((teams * AGENTS, 1)) + 0.01 * rng.standard_normal((1, WEEKS))
        noise = 0.4 / math.sqrt(CONTACTS) * rng.standard_normal((teams * AGENTS, WEEKS))
        y = level + 0.02 * shocks[team, :, k] + effects[k] * trained + noise
        den = np.full(y.shape, float(CONTACTS))
        panel = Panel(y * den, den, cohort, team, np.arange(cohort.size), np.arange(WEEKS), np.arange(teams))
        overall = estimate(panel, "imputation").aggregate("simple")
        found = overall.overall
        volume = float((cohort < NEVER).sum() * CONTACTS * 52 / 12)
        worths.append(
            Worth(
                Words(name),
                found.estimate,
                found.std_error,
                found.ci_low,
                found.ci_high,
                volume_per_month=volume,
                influence=overall.overall_influence,
                df=found.df,
            )
        )
    answer = appraise(model(worths, Assumptions(HORIZON, stated=RANGES), n_trained=1, n_everybody=1), draws=draws)
    drawn = {key: rng.triangular(r.low, r.likely, r.high) for key, r in RANGES.items()}
    months = float(horizon_factor(HORIZON, drawn["half_life_months"], drawn["lasting_share"], drawn["discount_rate"]))
    benefit = sum(
        effect * part.volume_per_month * drawn[f"value.{name}"] * months
        for effect, part, name in zip(effects, worths, NAMES, strict=True)
    )
    return answer.net.low, answer.net.high, answer.chance_of_gain, benefit - drawn["cost.programme"]


def _lasting(rng: np.random.Generator, teams: int) -> np.ndarray:
    """(teams, weeks, KPIs) shocks of variance 1 that fade from week to week."""
    found = rng.standard_normal((teams, WEEKS, len(NAMES)))
    for week in range(1, WEEKS):
        fresh = math.sqrt(1 - AUTOCORRELATION**2) * found[:, week]
        found[:, week] = AUTOCORRELATION * found[:, week - 1] + fresh
    return found


def held_sums(worlds: int, n: int, between: float, draws: int = 1_000, seed: int = 8) -> tuple[float, float]:
    """Share of worlds in which the range of a sum over ``n`` programmes covers the true sum: for independent errors,
    and for any correlation.

    True effects scatter by ``between`` around -0.3 points; errors, volumes, unit values and costs differ.
    """
    rng = np.random.default_rng(seed)
    unit, cost = RANGES["value.escalation_rate"], Stated(800.0, 1_000.0, 1_200.0)
    held = kept = 0
    for _ in range(worlds):
        true = -0.003 + between * rng.standard_normal(n)
        errors, volumes = rng.uniform(0.001, 0.004, n), rng.uniform(2_000, 40_000, n)
        given = []
        for effect, error, volume in zip(true + errors * rng.standard_normal(n), errors, volumes, strict=True):
            ends = (effect - 1.96 * error, effect + 1.96 * error)
            part = Worth(Words("escalation_rate", better="lower"), effect, error, *ends, volume_per_month=volume)
            stated = Assumptions(HORIZON, stated={part.key: unit, "cost.programme": cost})
            made = model([part], stated, n_trained=1, n_everybody=1)
            given.append(ProgrammeSum("", made, (part,), np.eye(1), None if n < FEWEST_PROGRAMMES else NOT_READ))
        found = together(given, draws=draws)
        one = rng.triangular(unit.low, unit.likely, unit.high)
        paid = rng.triangular(cost.low, cost.likely, cost.high)
        truth = float(np.sum(-true * volumes)) * HORIZON * one - n * paid
        held += found.apart.low <= truth <= found.apart.high
        kept += found.net.low <= truth <= found.net.high
    return held / worlds, kept / worlds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programmes", action="store_true", help="sums over programmes instead")
    given = parser.parse_args()
    if given.programmes:
        for n, between in ((3, 0.002), (6, 0.0), (8, 0.002), (12, 0.01)):
            held, kept = held_sums(given.worlds, n, between, seed=given.seed)
            print(f"{n} programmes, effects differ by {between}: {held:.1%} if independent, {kept:.1%} if not known")
    else:
        print(run(given.worlds, given.seed))
