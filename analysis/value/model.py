"""Net value as a function of effects and assumptions: effects x volumes x unit values - full cost.

The stored result, the value page after an edit, break-even values and the tornado chart all use this function, so they
agree.
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
    """One KPI's part of the sum of money.

    Attributes
    ----------
    kpi
        The KPI, for its names and unit.
    effect, std_error, effect_low, effect_high
        Effect per unit of its denominator with its interval (natural unit).
    volume_per_month
        Units of the denominator that trained agents handle per month, from the last weeks.
    volume_to_date
        Units that trained agents have handled since training.
    volume_per_month_everybody
        Units that all agents handle in a month.
    usable
        ``Verdict.believed``: False when the effect must not be used (comparison not valid, self-selected agents, too
        few teams); no money is then claimed.
    state
        State of the verdict.
    influence
        (n_clusters,) cluster influence of the effect, for the correlation between KPIs; ``None`` = independent.
    money_group, money_rank
        As in the catalogue: of parts with the same group only the one with the lowest rank is counted; empty for a
        group of its own.
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
    money_group: str = ""
    money_rank: int = 1
    df: float = math.inf

    @property
    def available(self) -> bool:
        """Whether money may be claimed from it."""
        numbers = (self.effect, self.std_error, self.volume_per_month)
        return self.usable and all(math.isfinite(v) for v in numbers)

    @property
    def key(self) -> str:
        """Key of its unit value in the assumptions."""
        return f"value.{self.kpi.id}"


def check_sign(kpi: Wording, low: float, high: float) -> None:
    """Refuse a unit-value range with both signs where lower is better.

    Raises
    ------
    AssumptionError
        The message is a sentence.
    """
    if kpi.better == "lower" and low < 0 < high:
        raise AssumptionError("fewer are better, so one more costs: write all three with a minus sign, or all without")


def counted(worths: Sequence[Worth]) -> dict[str, str]:
    """KPI id -> id of the KPI that counts its money; KPIs without usable money are left out."""
    usable = [part for part in worths if part.available]
    through: dict[str, str] = {}
    for part in usable:
        same = [p for p in usable if p.money_group == part.money_group] if part.money_group else [part]
        through[part.kpi.id] = min(same, key=lambda p: p.money_rank).kpi.id
    return through


def left_out(worths: Sequence[Worth], assumptions: Assumptions) -> tuple[str, ...]:
    """Ids of KPIs with a unit value but no usable result: their money is unknown, not zero."""
    told = counted(worths)
    priced = [key.removeprefix("value.") for key in assumptions.stated if key.startswith("value.")]
    return tuple(kpi_id for kpi_id in priced if kpi_id not in told)


def signed(part: Worth, stated: Stated) -> tuple[float, float, float]:
    """Low, likely and high value of one more unit, negative where lower is better, whichever sign was stated.

    Raises
    ------
    AssumptionError
        The range has both signs where lower is better.
    """
    given = (stated.low, stated.likely, stated.high)
    if part.kpi.better != "lower":
        return given
    check_sign(part.kpi, stated.low, stated.high)
    return (-abs(given[0]), -abs(given[1]), -abs(given[2]))


@dataclass(frozen=True)
class Model:
    """The sum of money for one population of agents.

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
        Guardrails with a unit value whose result must not be used and does not exclude a loss. A sum without them could
        omit a cost of training, so no sum is given.
    """

    used: tuple[Worth, ...]
    assumptions: Assumptions
    population: Population
    n_trained: float
    n_everybody: float
    unsafe_costs: tuple[Worth, ...] = ()

    @property
    def volumes(self) -> Array:
        """(K,) units per month, or since training for ``to_date``."""
        name = {
            "to_date": "volume_to_date",
            "trained": "volume_per_month",
            "everybody": "volume_per_month_everybody",
        }[self.population]
        return np.array([getattr(part, name) for part in self.used], dtype=np.float64)

    @property
    def agents(self) -> float:
        """Number of agents whose training is paid for."""
        return self.n_everybody if self.population == "everybody" else self.n_trained

    def uncertain(self) -> tuple[str, ...]:
        """Keys of the assumptions used in this sum."""
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
        which is less favourable than assuming them constant.
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
        """The same sum with assumptions fixed at the given values, so that only effects are uncertain."""
        stated = dict(self.assumptions.stated)
        for key, value in values.items():
            stated[key] = replace(stated[key], low=value, likely=value, high=value)
        return replace(self, assumptions=replace(self.assumptions, stated=stated))

    def benefit_by_month(self, months: int) -> Array:
        """(months,) benefit by month, at the point estimate."""
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
    """Build the sum over KPIs with a usable result and a unit value.

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
        Count KPIs with a clear verdict only. This overstates the sum: clear estimates are too large on average
        (winner's curse).
    """
    priced = [part for part in worths if assumptions.get(part.key) is not None]
    counted_groups = {part.money_group for part in priced if part.available and part.money_group}
    unsafe = tuple(
        part
        for part in priced
        if not part.available
        and part.money_group not in counted_groups
        and _may_cost(part, assumptions.stated[part.key])
    )
    if clear_only:
        priced = [part for part in priced if part.state in CLAIMED]
    through = counted(priced)
    used = tuple(part for part in priced if through.get(part.kpi.id) == part.kpi.id)
    return Model(used, assumptions, population, n_trained, n_everybody, unsafe)


def _may_cost(part: Worth, stated: Stated) -> bool:
    """Whether a guardrail may have cost money, given its interval."""
    if getattr(part.kpi, "role", "") != "guardrail":
        return False
    ends = [effect * value for effect in (part.effect_low, part.effect_high) for value in signed(part, stated)]
    return not all(amount >= 0 for amount in ends)
