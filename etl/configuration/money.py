"""``[value]``: unit values of KPIs, full cost of the programme, and fading of effects.

Every assumption is a range with a source and an owner. There are no defaults: a KPI or cost that is not listed is not
counted, and the value page says so.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, field_validator, model_validator

from etl.configuration.section import Section

ValuePer = Literal["contact", "response", "eligible", "leaver", "agent_day", "agent", "customer"]
LARGEST_AMOUNT = 1e12
"""Largest accepted amount; larger ones are treated as typing errors."""
LARGEST_OF_ONE = 1e10
"""Largest accepted value of one contact, leaver or sale."""
LONGEST_MONTHS = 120


class Range(Section):
    """Low, likely and high of an assumption; low <= likely <= high."""

    low: float = Field(description="lowest value that is plausible")
    likely: float = Field(description="most plausible value")
    high: float = Field(description="highest value that is plausible")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not all(math.isfinite(v) and abs(v) <= LARGEST_AMOUNT for v in (self.low, self.likely, self.high)):
            raise ValueError(
                f"low, likely, high must be plain numbers up to 1,000,000 million: {self.low}, {self.likely}, "
                f"{self.high}."
            )
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"low, likely, high must rise: {self.low}, {self.likely}, {self.high}.")
        return self


class Assumption(Range):
    """A range with owner and source; ``currency`` where it is not the project's."""

    source: str = Field(default="", description="where the range comes from")
    owner: str = Field(default="", description="who stands for it (a role)")
    note: str = Field(default="", description="what a reader should know of it")
    currency: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$", description="currency of the amount; the project's when absent"
    )


class Amount(Assumption):
    """An amount of money or time that cannot be below zero."""

    @model_validator(mode="after")
    def _not_negative(self) -> Amount:
        if self.low < 0:
            raise ValueError(f"a cost is not below zero; write it without a minus sign: {self.low:g}.")
        return self


class Share(Assumption):
    """A share between 0 and 1."""

    @model_validator(mode="after")
    def _between(self) -> Share:
        if self.low < 0 or self.high > 1:
            raise ValueError(f"is a share between 0 and 1, so 10% is 0.1: {self.low:g} to {self.high:g}.")
        return self


class HalfLife(Assumption):
    """Half-life, in months, of the part of the effect that fades; above zero."""

    @model_validator(mode="after")
    def _above_zero(self) -> HalfLife:
        if self.low <= 0:
            raise ValueError(f"is a number of months above zero: {self.low:g}.")
        return self


class KpiValue(Assumption):
    """``[value.kpis.ID]``: value of one unit of the KPI's numerator."""

    per: ValuePer = Field(default="contact", description="what the amount is for one of")
    contains: tuple[str, ...] | None = Field(
        default=None,
        description="other money groups whose money is in the amount, such as handling time; [] = none",
    )

    @model_validator(mode="after")
    def _of_one(self) -> KpiValue:
        if max(abs(self.low), abs(self.high)) > LARGEST_OF_ONE:
            raise ValueError(f"is what one is worth, and over 10,000 million is taken for a slip: {self.high:g}.")
        return self

    @property
    def crosses_zero(self) -> bool:
        """Whether the range has both signs; refused where lower is better."""
        return self.low < 0 < self.high


class Cost(Section):
    """``[value.cost]``: the full cost of the programme in its parts; a part left out is not counted."""

    seat_per_agent: Amount | None = Field(default=None, description="licence or course fee of one agent")
    off_phone_hours_per_agent: Amount | None = Field(default=None, description="hours one agent spends in training")
    loaded_wage_per_hour: Amount | None = Field(default=None, description="wage with all that comes on top of it")
    backfill_per_hour: Amount | None = Field(default=None, description="what covering an hour off the phone costs")
    refreshers_per_agent: Amount | None = Field(default=None, description="refreshers of one agent over the period")
    trainers: Amount | None = Field(default=None, description="trainers, rooms and preparation, for those trained")

    @model_validator(mode="after")
    def _hours_have_a_wage(self) -> Cost:
        if (self.off_phone_hours_per_agent is None) != (self.loaded_wage_per_hour is None):
            raise ValueError(
                "off_phone_hours_per_agent and loaded_wage_per_hour belong together: hours off the phone cost the wage "
                "of that time."
            )
        if self.backfill_per_hour is not None and self.off_phone_hours_per_agent is None:
            raise ValueError("backfill_per_hour needs off_phone_hours_per_agent: the hours that are covered.")
        return self


class Value(Section):
    """``[value]``: money assumptions. There are no hidden defaults: a KPI not listed has no money."""

    period_months: int = Field(default=12, ge=1, le=LONGEST_MONTHS, description="months that are valued")
    programme_cost: Amount | None = Field(
        default=None, description="cost of the whole programme, where its parts are not known"
    )
    cost: Cost | None = Field(default=None, description="cost by its parts")
    lasting_share: Share | None = Field(default=None, description="share of the effect that never fades; 1 = all")
    half_life_months: HalfLife | None = Field(default=None, description="in which half of the rest has faded")
    discount_rate: Share | None = Field(default=None, description="by which a year takes value away; 0.1 is 10%")
    hurdle_roi_percent: float | None = Field(
        default=None, ge=0, le=10_000, description="return below which the programme would not be bought again"
    )
    exchange_rates: dict[str, float] = Field(default_factory=dict, description="project currency for one of another")
    kpis: dict[str, KpiValue] = Field(default_factory=dict, description="what one unit of a KPI is worth")

    @field_validator("exchange_rates")
    @classmethod
    def _rates(cls, value: dict[str, float]) -> dict[str, float]:
        for currency, rate in value.items():
            if not (math.isfinite(rate) and rate > 0):
                raise ValueError(f"{currency}: a rate is a number above zero, what 1 {currency} costs.")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Value:
        if self.programme_cost is not None and self.cost is not None:
            raise ValueError(
                "programme_cost is the full cost and [value.cost] lists its parts; keep one of them, or the programme "
                "would be paid for twice."
            )
        if (self.lasting_share is None) != (self.half_life_months is None):
            raise ValueError(
                "lasting_share and half_life_months belong together: the share that stays, and how fast the rest fades."
            )
        return self

    def stated(self) -> dict[str, Assumption]:
        """All stated assumptions, by key: ``value.KPI``, ``cost.PART``, ``lasting_share``, ..."""
        found: dict[str, Assumption | None] = {f"value.{name}": value for name, value in self.kpis.items()}
        found["cost.programme"] = self.programme_cost
        if self.cost is not None:
            found |= {f"cost.{name}": getattr(self.cost, name) for name in type(self.cost).model_fields}
        for name in ("lasting_share", "half_life_months", "discount_rate"):
            found[name] = getattr(self, name)
        return {key: assumption for key, assumption in found.items() if assumption is not None}

    def without_rate(self, currency: str) -> tuple[str, ...]:
        """Keys of the assumptions in a foreign currency without an exchange rate."""
        return tuple(
            key
            for key, assumption in self.stated().items()
            if assumption.currency not in (None, currency, *self.exchange_rates)
        )

    def rate(self, assumption: Assumption, currency: str) -> float:
        """Project currency for one unit of an assumption's own currency; 1 where they are the same."""
        own = assumption.currency
        return 1.0 if own is None or own == currency else self.exchange_rates[own]
