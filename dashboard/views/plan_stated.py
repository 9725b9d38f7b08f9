"""A roll-out planned before there are data: from stated numbers to a sentence and curves over the stated ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.errors import EstimationError
from analysis.planning.plan import Goal, Outlook, Proposal, outlook, stated_components, warnings
from analysis.words.numbers import Reader
from dashboard.views.plan import LABELS as PLAN_LABELS
from dashboard.views.plan import LIMITS, USUAL, Curve
from etl.configuration.kpis import Kpi

CHOICES = ("teams", "rate", "contacts")
"""Names in the address that belong to a plan from stated numbers."""
ENDS = {"teams": (2, 200), "rate": (1, 60), "contacts": (50, 5000)}
STATED = {"teams": 12, "rate": 12, "contacts": 900, "untrained": 3}
LABELS = {**PLAN_LABELS, "teams": "Teams", "rate": "Share now, %", "contacts": "Contacts of a team a week"}
SLIDERS = ("teams", "rate", "contacts", "waves", "gap", "untrained", "weeks")
CASES = (
    ("Usual team shocks", 0.01, 0.8),
    ("Small team shocks", 0.005, 0.6),
    ("Large team shocks", 0.02, 0.9),
)
"""Names of the cases, with what the contacts of a team and week share and how much of it is there a week later."""


@dataclass(frozen=True)
class Stated:
    """What an address asks for: numbers by name, and what could not be used, one sentence each."""

    numbers: Mapping[str, int]
    refused: tuple[str, ...]

    @property
    def proposal(self) -> Proposal:
        """The roll-out."""
        n = self.numbers
        return Proposal(n["teams"], n["waves"], n["gap"], n["untrained"], after_weeks=n["weeks"])


@dataclass(frozen=True)
class View:
    """The page: outlooks as usual, with small and with large team shocks, and their curves."""

    title: str
    detail: str
    outlooks: tuple[Outlook, ...]
    curves: tuple[Curve, ...]
    warnings: tuple[str, ...]


def limits(name: str) -> tuple[int, int]:
    """Smallest and largest number of a slider."""
    return ENDS.get(name) or LIMITS[name]


def read(chosen: Mapping[str, str]) -> Stated:
    """What an address asks for; a number out of range is refused in words and the usual one counts."""
    numbers = {name: STATED.get(name, USUAL.get(name, 0)) for name in SLIDERS}
    refused = []
    for name in SLIDERS:
        text = chosen.get(name)
        if text is None:
            continue
        low, high = limits(name)
        if text.isdecimal() and low <= int(text[:9]) <= high:
            numbers[name] = int(text)
        else:
            refused.append(f"{LABELS[name]}: a whole number from {low} to {high}, so “{text[:30]}” was ignored.")
    return Stated(numbers, tuple(refused))


def view(stated: Stated, kpi: Kpi, reader: Reader, level: float) -> View:
    """The page for stated numbers.

    Parameters
    ----------
    stated : Stated
    kpi : Kpi
        A share; its change that matters is what should be detected.
    reader : Reader
    level : float
        Of intervals.

    Raises
    ------
    EstimationError
        The plan cannot be carried out; the message is a sentence.
    """
    n, proposal = stated.numbers, stated.proposal
    outlooks = tuple(
        outlook(
            Goal(kpi, kpi.smallest_effect, stated_components(n["rate"] / 100, n["contacts"], shared, lasting)),
            proposal,
            level,
        )
        for _, shared, lasting in CASES
    )
    curves = tuple(
        Curve(
            name,
            tuple(point.weeks for point in known),
            tuple(point.detectable / kpi.smallest_effect for point in known),
            f"{reader.size(one.detectable, kpi)} at best",
            one.weeks_to_know,
        )
        for (name, *_), one in zip(CASES, outlooks, strict=True)
        if (known := [point for point in one.points if math.isfinite(point.detectable)])
    )
    return View(
        title(outlooks, proposal, kpi, reader),
        f"From stated numbers: {reader.count(n['rate'])}% {kpi.label.lower()} now, {reader.count(n['contacts'])} "
        "contacts of a team a week. Detected means: in 80 of 100 such roll-outs.",
        outlooks,
        curves,
        warnings(proposal),
    )


def title(outlooks: tuple[Outlook, ...], proposal: Proposal, kpi: Kpi, reader: Reader) -> str:
    """What so many teams could tell, with the range over the size of team shocks."""
    teams = f"With {reader.count(proposal.n_teams)} teams"
    usual, *ends = (one.detectable for one in outlooks)
    if not math.isfinite(usual):
        return f"{teams} nothing can be told: nobody is left to compare with"
    low, high = sorted(ends)
    sizes = f"{reader.size(usual, kpi)} ({reader.span(low, high, kpi, signed=False, unit=False)})"
    week = outlooks[0].weeks_to_know
    matters = reader.size(kpi.smallest_effect, kpi)
    if math.isfinite(week):
        return f"{teams} a change of {matters} in {kpi.label.lower()} could be told by week {int(week)}"
    what = f"the smallest change in {kpi.label.lower()} that can be told in {proposal.after_weeks} weeks"
    return f"{teams} {what} is {sizes}"


def goal_of(kpis: Mapping[str, Kpi]) -> Kpi:
    """The goal that is planned for before there are data: the first share among the goals."""
    goals = [kpi for kpi in kpis.values() if kpi.role == "primary" and kpi.kind.name == "share"]
    if not goals:
        raise EstimationError("No goal of the catalogue is a share, so a plan needs data.")
    return next((kpi for kpi in goals if kpi.id == "escalation_rate"), goals[0])
