"""Kinds of KPI: properties that follow from a KPI's unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "seconds", "score", "currency", "per_1000", "points", "hazard"]
"""Units of KPIs."""
Estimation = Literal["average", "hazard"]
"""``average``: agents are compared before and after, week by week. ``hazard``: an agent leaves once, in the last week
observed, so there is no before and after within an agent; hazards of leaving are compared instead."""


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
        """Whether agents are compared before and after, so that event studies, ladders and team gains exist."""
        return self.estimation == "average"


KINDS = (
    KpiKind("share", ("share",)),
    KpiKind("mean", ("seconds", "score", "points")),
    KpiKind("rate", ("per_1000",)),
    KpiKind("money", ("currency",)),
    KpiKind("hazard", ("hazard",), estimation="hazard", first_days=True),
)
KIND_OF_UNIT = {unit: kind for kind in KINDS for unit in kind.units}
