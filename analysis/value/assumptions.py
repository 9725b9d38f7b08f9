"""Assumptions that turn effects into money: each a range with a key, a source and an owner.

The key is the assumption's name in the address of the value page and in ``[value]``: ``value.escalation_rate``,
``cost.seat_per_agent``, ``lasting_share``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analysis.errors import EstimationError

if TYPE_CHECKING:
    from etl.configuration.model import Config

SHARES = ("lasting_share", "discount_rate")
NOT_MONEY = (*SHARES, "half_life_months", "cost.off_phone_hours_per_agent")
LONGEST_MONTHS = 120
LARGEST_AMOUNT = 1e12
LARGEST_OF_ONE = 1e10
"""Largest accepted unit value."""
LARGEST_HURDLE = 10_000.0


class AssumptionError(EstimationError):
    """An invalid assumption; the message is a sentence for the page."""


@dataclass(frozen=True)
class Stated:
    """One assumption.

    Attributes
    ----------
    low, likely, high
        In project currency, or in the unit of the key.
    source, owner, note
        Where it comes from, who is responsible for it, and a comment; empty when not stated.
    per
        For a unit value: the unit of the volume, as in the configuration.
    edited
        Whether a user of the page changed the configured value.
    """

    low: float
    likely: float
    high: float
    source: str = ""
    owner: str = ""
    note: str = ""
    per: str = ""
    edited: bool = False


@dataclass(frozen=True)
class Assumptions:
    """All assumptions of one appraisal.

    Attributes
    ----------
    months
        Horizon; only the benefit of the first ``months`` is counted.
    hurdle_roi_percent
        Required return; NaN when none.
    stated
        Assumptions by key.
    """

    months: int = 12
    hurdle_roi_percent: float = math.nan
    stated: Mapping[str, Stated] = field(default_factory=dict)

    def get(self, key: str) -> Stated | None:
        """An assumption, or None where none is stated."""
        return self.stated.get(key)

    @property
    def cost_keys(self) -> tuple[str, ...]:
        """Keys of the stated parts of the cost."""
        return tuple(key for key in self.stated if key.startswith("cost."))

    @property
    def edited(self) -> bool:
        """Whether a user of the page changed any of them."""
        return any(stated.edited for stated in self.stated.values())

    def in_currency(self, rate: float) -> Assumptions:
        """The same amounts multiplied by ``rate``, the price of one unit of this currency in the other."""
        changed = {
            key: one
            if key in NOT_MONEY
            else replace(one, low=one.low * rate, likely=one.likely * rate, high=one.high * rate)
            for key, one in self.stated.items()
        }
        return replace(self, stated=changed)

    def with_range(self, key: str, low: float, likely: float, high: float) -> Assumptions:
        """The same with one range changed by a user of the page.

        Raises
        ------
        AssumptionError
            The range is invalid, or the assumption does not exist.
        """
        check_range(key, low, likely, high)
        old = self.stated.get(key, Stated(low, likely, high))
        changed = replace(old, low=low, likely=likely, high=high, edited=True)
        return replace(self, stated={**self.stated, key: changed})


def from_config(config: Config) -> Assumptions:
    """The assumptions of ``[value]``, in project currency.

    Parameters
    ----------
    config
        Checked: every foreign currency has a rate.
    """
    value, currency = config.value, config.project.currency
    stated = {}
    for key, given in value.stated().items():
        rate = 1.0 if key in NOT_MONEY else value.rate(given, currency)
        stated[key] = Stated(
            given.low * rate,
            given.likely * rate,
            given.high * rate,
            given.source,
            given.owner,
            given.note,
            getattr(given, "per", ""),
        )
    hurdle = value.hurdle_roi_percent
    return Assumptions(value.period_months, math.nan if hurdle is None else hurdle, stated)


def check_range(key: str, low: float, likely: float, high: float) -> None:
    """Refuse a range that cannot be used.

    Raises
    ------
    AssumptionError
        The range has missing, descending, negative or implausible values; the message is a sentence.
    """
    ends = (low, likely, high)
    if not all(math.isfinite(v) for v in ends):
        raise AssumptionError("low, likely and high must all be numbers")
    if not low <= likely <= high:
        raise AssumptionError(f"low, likely and high must rise, and {low:g}, {likely:g}, {high:g} do not")
    if max(abs(low), abs(high)) > LARGEST_AMOUNT:
        raise AssumptionError("an amount over a million million is taken for a slip")
    if key.startswith("value.") and max(abs(low), abs(high)) > LARGEST_OF_ONE:
        raise AssumptionError("over 10,000 million for one is taken for a slip")
    if key in SHARES and not 0 <= low <= high <= 1:
        raise AssumptionError("this is a share between 0 and 1, so 10% is 0.1")
    if key == "half_life_months" and low <= 0:
        raise AssumptionError("a half-life is a number of months above zero")
    if key.startswith("cost.") and low < 0:
        raise AssumptionError("a cost is not below zero; write it without a minus sign")
