"""Net value as a function of effects and assumptions: effects x volumes x unit values - full cost.

One function serves the stored result, the value page after an edit, break-even values and the tornado, so none of them
can disagree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.value.assumptions import AssumptionError, Assumptions, Stated
from analysis.value.horizon import horizon_factor, monthly_factors
from analysis.words.numbers import Wording
from analysis.words.verdict import CLAIMED

Array = NDArray[np.float64]
Population = Literal["to_date", "trained", "everybody"]
"""``to_date``: contacts of trained agents so far; ``trained``: agents trained by now, over the horizon; ``everybody``:
all agents, over the horizon."""


@dataclass(frozen=True)
class Worth:
    """One KPI's part of the sum.

    Attributes
    ----------
    kpi
        Words of the KPI.
    effect, std_error, effect_low, effect_high
        Effect per unit of its denominator with its interval (natural unit).
    volume_per_month
        Units of the denominator that trained agents handle in a month, at the pace of the last weeks.
    volume_to_date
        Units that trained agents have handled since training.
    volume_per_month_everybody
        Units that all agents handle in a month.
    usable
        ``Verdict.believed``: False when the interval cannot be built on (a broken comparison, agents who chose
        themselves, too few teams); then no money is claimed.
    state
        The verdict.
    influence
        (n_clusters,) cluster influence of the effect, for the correlation between KPIs; ``None`` = independent.
    purse, purse_rank
        ``Kpi.purse``: parts with the same purse are the same money, and the one with the lowest rank is counted; empty
        = a purse of its own.
    df
        Degrees of freedom of the effect's interval; infinity where it is a normal one.
    """

    kpi: Wording
    effect: float
    std_error: float
    effect_low: float
    effect_high: float
    volume_per_month: float
    volume_to_date: float = math.nan
    volume_per_month_everybody: float = math.nan
    usable: bool = True
    state: str = ""
    influence: Array | None = None
    purse: str = ""
    purse_rank: int = 1
    df: float = math.inf

    @property
    def available(self) -> bool:
        """Whether money may be claimed from it."""
        numbers = (self.effect, self.std_error, self.volume_per_month)
        return self.usable and all(math.isfinite(v) for v in numbers)

    @property
    def key(self) -> str:
        """Key of its unit value among the assumptions."""
        return f"value.{self.kpi.id}"


def check_sign(kpi: Wording, low: float, high: float) -> None:
    """Refuse a unit value on both sides of zero where lower is better.

    Raises
    ------
    AssumptionError
        With a sentence.
    """
    if kpi.better == "lower" and low < 0 < high:
        raise AssumptionError("fewer are better, so one more costs: write all three with a minus sign, or all without")


def counted(worths: Sequence[Worth]) -> dict[str, str]:
    """KPI id -> the id of the KPI through which its money is counted; KPIs that bring no money are left out."""
    usable = [part for part in worths if part.available]
    through: dict[str, str] = {}
    for part in usable:
        same = [p for p in usable if p.purse == part.purse] if part.purse else [part]
        through[part.kpi.id] = min(same, key=lambda p: p.purse_rank).kpi.id
    return through


def left_out(worths: Sequence[Worth], assumptions: Assumptions) -> tuple[str, ...]:
    """Ids of KPIs with a unit value and without a result that may be used: what they bring is unknown, not nothing."""
    told = counted(worths)
    priced = [key.removeprefix("value.") for key in assumptions.stated if key.startswith("value.")]
    return tuple(kpi_id for kpi_id in priced if kpi_id not in told)


def signed(part: Worth, stated: Stated) -> tuple[float, float, float]:
    """Low, likely and high worth of one more unit: where lower is better a unit costs, with or without its sign.

    Raises
    ------
    AssumptionError
        The range is on both sides of zero where lower is better.
    """
    given = (stated.low, stated.likely, stated.high)
    if part.kpi.better != "lower":
        return given
    check_sign(part.kpi, stated.low, stated.high)
    return (-abs(given[0]), -abs(given[1]), -abs(given[2]))


@dataclass(frozen=True)
class Model:
    """The sum for one population.

    Attributes
    ----------
    used
        KPIs whose money is added, each with a stated unit value.
    assumptions
        Ranges.
    population
        Whose volumes and cost.
    n_trained, n_everybody
        Agents trained by now, and all agents.
    unsafe_costs
        Guardrails with a unit value whose result may not be used and does not exclude a loss: without them the sum
        would leave out what training costs, so there is none.
    """

    used: tuple[Worth, ...]
    assumptions: Assumptions
    population: Population
    n_trained: float
    n_everybody: float
    unsafe_costs: tuple[Worth, ...] = ()

    @property
    def volumes(self) -> Array:
        """(K,) units in a month, or since training for ``to_date``."""
        name = {
            "to_date": "volume_to_date",
            "trained": "volume_per_month",
            "everybody": "volume_per_month_everybody",
        }[self.population]
        return np.array([getattr(part, name) for part in self.used], dtype=np.float64)

    @property
    def agents(self) -> float:
        """Agents that are paid for."""
        return self.n_everybody if self.population == "everybody" else self.n_trained

    def uncertain(self) -> tuple[str, ...]:
        """Keys of the assumptions that this sum uses."""
        wanted = [part.key for part in self.used] + list(self.assumptions.cost_keys)
        if self.population != "to_date":
            wanted += [k for k in ("lasting_share", "half_life_months", "discount_rate") if self.assumptions.get(k)]
        return tuple(wanted)

    def likely(self) -> dict[str, float]:
        """Every assumption at its likely value."""
        return {key: self.ends(key)[1] for key in self.uncertain()}

    def ends(self, key: str) -> tuple[float, float, float]:
        """Low, likely and high of an assumption, unit values with their sign."""
        stated = self.assumptions.stated[key]
        for part in self.used:
            if part.key == key:
                return signed(part, stated)
        return (stated.low, stated.likely, stated.high)

    def factor(self, values: Mapping[str, Any]) -> Any:
        """Months of full benefit in the horizon; 1 for ``to_date``, whose volume is a sum already."""
        if self.population == "to_date":
            return 1.0
        return horizon_factor(
            self.assumptions.months,
            values.get("half_life_months", math.inf),
            values.get("lasting_share", 1.0),
            values.get("discount_rate", 0.0),
        )

    def by_kpi(self, effects: Array, values: Mapping[str, Any]) -> Array:
        """(..., K) money of every KPI.

        Parameters
        ----------
        effects
            (..., K) in natural units.
        values
            Assumptions by key, each a number or (...,) array.
        """
        volumes, months = self.volumes, self.factor(values)
        columns = [effects[..., k] * volumes[k] * values[part.key] * months for k, part in enumerate(self.used)]
        return np.stack(np.broadcast_arrays(*columns), axis=-1) if columns else np.zeros((*effects.shape[:-1], 0))

    def benefit(self, effects: Array, values: Mapping[str, Any]) -> Any:
        """Money of all KPIs together; see :meth:`by_kpi`."""
        return self.by_kpi(effects, values).sum(axis=-1)

    def cost(self, values: Mapping[str, Any]) -> Any:
        """Full cost of the programme for the agents of the population.

        ``programme`` and ``trainers`` are stated for the agents trained by now; for all agents they grow in proportion,
        the less favourable of the two simple assumptions.
        """
        growth = self.agents / self.n_trained if self.n_trained > 0 else 1.0
        hour = values.get("cost.loaded_wage_per_hour", 0.0) + values.get("cost.backfill_per_hour", 0.0)
        each = (
            values.get("cost.seat_per_agent", 0.0)
            + values.get("cost.off_phone_hours_per_agent", 0.0) * hour
            + values.get("cost.refreshers_per_agent", 0.0)
        )
        whole = values.get("cost.programme", 0.0) + values.get("cost.trainers", 0.0)
        return self.agents * each + growth * whole

    def net(self, effects: Array, values: Mapping[str, Any]) -> Any:
        """Benefit less cost."""
        return self.benefit(effects, values) - self.cost(values)

    def points(self) -> Array:
        """(K,) estimated effects."""
        return np.array([part.effect for part in self.used], dtype=np.float64)

    def fixed(self, values: Mapping[str, float]) -> Model:
        """The same sum with every assumption at one value, so that only the effects are uncertain."""
        stated = dict(self.assumptions.stated)
        for key, value in values.items():
            stated[key] = replace(stated[key], low=value, likely=value, high=value)
        return replace(self, assumptions=replace(self.assumptions, stated=stated))

    def benefit_by_month(self, months: int) -> Array:
        """(months,) benefit each month brings, at the point."""
        values = self.likely()
        unit = float(sum(e * v * values[p.key] for e, v, p in zip(self.points(), self.volumes, self.used, strict=True)))
        shape = monthly_factors(
            months,
            values.get("half_life_months", math.inf),
            values.get("lasting_share", 1.0),
            values.get("discount_rate", 0.0),
        )
        return np.asarray(unit * shape)


def model(
    worths: Sequence[Worth],
    assumptions: Assumptions,
    *,
    population: Population = "trained",
    n_trained: float = math.nan,
    n_everybody: float = math.nan,
    clear_only: bool = False,
) -> Model:
    """The sum of the KPIs that may be counted and have a unit value.

    Parameters
    ----------
    worths
        KPIs with their effects, in catalogue order.
    assumptions
        Ranges; a KPI without ``value.ID`` brings no money.
    population
        Whose volumes and cost.
    n_trained, n_everybody
        Agents trained by now, and all agents.
    clear_only
        Leave out what cannot be told yet. Overstates: what came out clear did so partly by luck.
    """
    priced = [part for part in worths if assumptions.get(part.key) is not None]
    counted_purses = {part.purse for part in priced if part.available and part.purse}
    unsafe = tuple(
        part
        for part in priced
        if not part.available and part.purse not in counted_purses and _may_cost(part, assumptions.stated[part.key])
    )
    if clear_only:
        priced = [part for part in priced if part.state in CLAIMED]
    through = counted(priced)
    used = tuple(part for part in priced if through.get(part.kpi.id) == part.kpi.id)
    return Model(used, assumptions, population, n_trained, n_everybody, unsafe)


def _may_cost(part: Worth, stated: Stated) -> bool:
    """Whether a KPI that was not meant to move may have cost money, by what is known of it."""
    if getattr(part.kpi, "role", "") != "guardrail":
        return False
    ends = [effect * value for effect in (part.effect_low, part.effect_high) for value in signed(part, stated)]
    return not all(amount >= 0 for amount in ends)
