"""Find money that may be counted twice: an amount that includes money counted by another KPI.

The cost of an escalation often includes the handling time of the second contact; where handling time has its own
amount, the sum may count that time twice. The catalogue lists what amounts often include (``contains``), and
``[value.kpis.ID] contains`` what this amount does include.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.hints import did_you_mean, listed

if TYPE_CHECKING:
    from etl.configuration.kpis import Kpi
    from etl.configuration.money import Value


@dataclass(frozen=True)
class Overlap:
    """Money that two amounts may include.

    Attributes
    ----------
    kpi : Kpi
        KPI whose amount often includes it.
    money_group : str
        Money group of the catalogue.
    others : tuple of Kpi
        KPIs that count it themselves.
    """

    kpi: Kpi
    money_group: str
    others: tuple[Kpi, ...]

    @property
    def sentence(self) -> str:
        """The overlap in words."""
        labels = " and ".join(other.label.lower() for other in self.others)
        own = self.kpi.label.lower()
        return f"what {own} cost or bring often holds {self.money_group} too, which the amount of {labels} counts"


def overlaps(value: Value, kpis: Iterable[Kpi]) -> tuple[Overlap, ...]:
    """Return possible overlaps that the configuration does not resolve with ``contains``.

    Parameters
    ----------
    value : Value
    kpis : iterable of Kpi
        The catalogue.
    """
    known = {kpi.id: kpi for kpi in kpis}
    priced = [known[name] for name in value.kpis if name in known]
    return tuple(
        Overlap(kpi, money_group, others)
        for kpi in priced
        if value.kpis[kpi.id].contains is None
        for money_group in kpi.contains
        if (others := tuple(other for other in priced if other.money_group == money_group and other.id != kpi.id))
    )


def faults(value: Value, kpis: Mapping[str, Kpi]) -> list[str]:
    """Return mistakes in ``contains`` of the configuration, one sentence each.

    Parameters
    ----------
    value : Value
    kpis : mapping of str to Kpi
        The catalogue.
    """
    money_groups = list(dict.fromkeys(kpi.money_group for kpi in kpis.values() if kpi.money_group))
    found = []
    for name, amount in value.kpis.items():
        for money_group in amount.contains or ():
            if money_group not in money_groups:
                near = f"{did_you_mean(money_group, money_groups)} Money groups: {listed(money_groups)}."
                found.append(f'[value.kpis.{name}] contains: there is no money group "{money_group}".{near}')
                continue
            others = [other for other in value.kpis if other != name and kpis[other].money_group == money_group]
            if others:
                found.append(
                    f"[value.kpis.{name}] contains {money_group}, and [value.kpis.{others[0]}] brings that money too: "
                    "it would be counted twice. Write the amount without it and contains = [], or leave one of the "
                    "two out."
                )
    return found
