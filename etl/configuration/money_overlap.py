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
    purse : str
        Kind of money: a purse of the catalogue.
    others : tuple of Kpi
        KPIs that count it themselves.
    """

    kpi: Kpi
    purse: str
    others: tuple[Kpi, ...]

    @property
    def sentence(self) -> str:
        """The overlap in words."""
        labels = " and ".join(other.label.lower() for other in self.others)
        own = self.kpi.label.lower()
        return f"what {own} cost or bring often holds {self.purse} too, which the amount of {labels} counts"


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
        Overlap(kpi, purse, others)
        for kpi in priced
        if value.kpis[kpi.id].contains is None
        for purse in kpi.contains
        if (others := tuple(other for other in priced if other.purse == purse and other.id != kpi.id))
    )


def faults(value: Value, kpis: Mapping[str, Kpi]) -> list[str]:
    """Return mistakes in ``contains`` of the configuration, one sentence each.

    Parameters
    ----------
    value : Value
    kpis : mapping of str to Kpi
        The catalogue.
    """
    purses = list(dict.fromkeys(kpi.purse for kpi in kpis.values() if kpi.purse))
    found = []
    for name, amount in value.kpis.items():
        for purse in amount.contains or ():
            if purse not in purses:
                near = f"{did_you_mean(purse, purses)} Purses: {listed(purses)}."
                found.append(f'[value.kpis.{name}] contains: there is no purse "{purse}".{near}')
                continue
            others = [other for other in value.kpis if other != name and kpis[other].purse == purse]
            if others:
                found.append(
                    f"[value.kpis.{name}] contains {purse}, and [value.kpis.{others[0]}] brings that money too: it "
                    "would be counted twice. Write the amount without it and contains = [], or leave one of the two "
                    "out."
                )
    return found
