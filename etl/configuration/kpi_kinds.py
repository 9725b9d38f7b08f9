"""The kinds of KPI: what follows for a KPI from the unit it is counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "seconds", "score", "currency", "per_1000", "points", "hazard"]
"""What a KPI is counted in."""
Estimation = Literal["average", "hazard"]
"""``average``: agents are compared before and after, week by week. ``hazard``: who leaves leaves once, in the last week
seen, so there is no before and no after within an agent; the chance of leaving is compared among those still there."""


@dataclass(frozen=True)
class KpiKind:
    """One kind of KPI.

    Attributes
    ----------
    name
        ``share``, ``mean``, ``rate``, ``money`` or ``hazard``.
    units
        The units whose KPIs are of this kind.
    estimation
        How its effect is estimated.
    first_days
        Whether it may look at the first days of employment only.
    """

    name: str
    units: tuple[Unit, ...]
    estimation: Estimation = "average"
    first_days: bool = False

    @property
    def before_and_after(self) -> bool:
        """Whether agents are compared before and after: then there are event studies, ladders and gains of teams."""
        return self.estimation == "average"


KINDS = (
    KpiKind("share", ("share",)),
    KpiKind("mean", ("seconds", "score", "points")),
    KpiKind("rate", ("per_1000",)),
    KpiKind("money", ("currency",)),
    KpiKind("hazard", ("hazard",), estimation="hazard", first_days=True),
)
KIND_OF_UNIT = {unit: kind for kind in KINDS for unit in kind.units}
