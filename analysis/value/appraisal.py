"""Appraisal of the programme with ranges: benefit, cost, net, return, payback, and the probability of a gain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.value.draws import correlations, effect_draws, triangular
from analysis.value.model import Model
from analysis.value.returns import benefit_cost_ratio, payback_months, roi_percent

Array = NDArray[np.float64]
DRAWS = 20_000
SEED = 20_240_607
LONGEST_PAYBACK_MONTHS = 120
"""Longest payback computed, in months, however short the horizon is."""


@dataclass(frozen=True)
class Spread:
    """An amount with its range; NaN where it is not known."""

    mid: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.mid)

    @property
    def holds_zero(self) -> bool:
        """Whether the range includes zero."""
        return self.low < 0 < self.high


UNKNOWN = Spread(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Appraisal:
    """Appraisal for one population of agents.

    Attributes
    ----------
    benefit, cost, net
        Money over the horizon. ``mid`` is at the estimates and the likely assumptions.
    roi
        Net over cost, per cent; ratio
        Benefit over cost.
    payback
        Months until the benefit covers the cost, at the point estimate; infinity where ten years are not enough or the
        whole range of the net is a loss, NaN where not known.
    chance_of_gain, chance_of_hurdle
        Share of the draws with a net above zero, and with a return above the hurdle; NaN where not known.
    from_effects
        Range of the net from the effects' intervals alone, with assumptions at their likely values.
    from_assumptions
        Range of the net from the assumptions alone, with effects at their estimates.
    by_kpi
        Money per KPI id, from effect and assumptions together.
    unsafe_costs
        Labels of :attr:`analysis.value.model.Model.unsafe_costs`; where there are any, no sum is given.
    """

    benefit: Spread
    cost: Spread
    net: Spread
    roi: Spread
    ratio: Spread
    payback: float
    chance_of_gain: float
    chance_of_hurdle: float
    from_effects: Spread
    from_assumptions: Spread
    by_kpi: Mapping[str, Spread]
    unsafe_costs: tuple[str, ...] = ()


def appraise(
    made: Model,
    *,
    correlation: Array | None = None,
    ci_level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Appraisal:
    """Simulate effects and assumptions jointly and take every range from the draws.

    Parameters
    ----------
    made
        From :func:`analysis.value.model.model`.
    correlation
        (K, K) of the effects used; from their influences by default.
    ci_level
        Level of every range.
    draws, seed
        Of the joint simulation.

    Returns
    -------
    Appraisal

    Notes
    -----
    Assumptions: 1. the effect starts at its average over the trained weeks so far and fades as stated (not checked);
    2. volumes stay at the pace of the last weeks (not checked); 3. assumptions are independent, each triangular between
       low and high with its mode at likely (by convention); 4. money is linear in the effect (by convention); 5. the
       cost is paid at the start (by convention). Ranges of ratios are quantiles of jointly drawn ratios; no ratio has a
       benefit as its divisor.

    Source: J. J. Phillips, P. P. Phillips (2016), doi:10.4324/9781315757230, for the ratios.
    """
    rng = np.random.default_rng(seed)
    used, points = made.used, made.points()
    likely = made.likely()
    unsafe = tuple(part.kpi.label for part in made.unsafe_costs)
    cost_mid = float(made.cost(likely))
    has_cost = bool(made.assumptions.cost_keys)
    table = correlations([part.influence for part in used]) if correlation is None else correlation
    effects = effect_draws(
        points,
        np.array([part.std_error for part in used]),
        table,
        min((part.df for part in used), default=math.inf),
        draws,
        rng,
    )
    values = {key: triangular(*made.ends(key), draws, rng) for key in made.uncertain()}
    cost = np.broadcast_to(np.asarray(made.cost(values), dtype=np.float64), (draws,))
    spread_of = _Quantiles(ci_level)
    cost_spread = spread_of(cost_mid, cost) if has_cost else UNKNOWN
    if not used or not np.isfinite(made.volumes).all():
        nan = math.nan
        return Appraisal(UNKNOWN, cost_spread, UNKNOWN, UNKNOWN, UNKNOWN, nan, nan, nan, UNKNOWN, UNKNOWN, {}, unsafe)
    parts = made.by_kpi(effects, values)
    benefit = parts.sum(axis=1)
    mids = made.by_kpi(points, likely)
    benefit_mid = float(mids.sum())
    net, net_mid = benefit - cost, benefit_mid - cost_mid
    by_kpi = {part.kpi.id: spread_of(float(mids[k]), parts[:, k]) for k, part in enumerate(used)}
    if unsafe:
        nan = math.nan
        nothing = (UNKNOWN, cost_spread, UNKNOWN, UNKNOWN, UNKNOWN, nan, nan, nan, UNKNOWN, UNKNOWN)
        return Appraisal(*nothing, by_kpi, unsafe)
    net_spread = spread_of(net_mid, net)
    hurdle = made.assumptions.hurdle_roi_percent
    return Appraisal(
        benefit=spread_of(benefit_mid, benefit),
        cost=cost_spread,
        net=net_spread,
        roi=_ratio(roi_percent(benefit_mid, cost_mid), 100.0 * net, cost, spread_of),
        ratio=_ratio(benefit_cost_ratio(benefit_mid, cost_mid), benefit, cost, spread_of),
        payback=_payback(made, cost_mid, net_spread) if has_cost else math.nan,
        chance_of_gain=float(np.mean(net > 0)),
        chance_of_hurdle=float(np.mean(benefit > cost * (1 + hurdle / 100))) if math.isfinite(hurdle) else math.nan,
        from_effects=spread_of(net_mid, made.net(effects, likely)),
        from_assumptions=spread_of(net_mid, made.benefit(np.broadcast_to(points, effects.shape), values) - cost),
        by_kpi=by_kpi,
    )


class _Quantiles:
    """Range of drawn amounts around a point estimate."""

    def __init__(self, ci_level: float) -> None:
        self._ends = [(1 - ci_level) / 2, (1 + ci_level) / 2]

    def __call__(self, mid: float, drawn: Array) -> Spread:
        low, high = np.quantile(drawn, self._ends)
        return Spread(mid, float(low), float(high))


def _ratio(mid: float, above: Array, below: Array, spread_of: _Quantiles) -> Spread:
    """Quantiles of a drawn ratio; unknown where some draws have no cost to divide by."""
    if not math.isfinite(mid) or not (below > 0).all():
        return UNKNOWN
    return spread_of(mid, above / below)


def _payback(made: Model, cost: float, net: Spread) -> float:
    if made.population == "to_date":
        return math.nan
    if net.high < 0:  # where the whole range is a loss there is no payback
        return math.inf
    return payback_months(made.benefit_by_month(LONGEST_PAYBACK_MONTHS), cost)
