"""When repeating the training pays, in words: from the half-life among the assumptions, the benefit and the cost."""

from __future__ import annotations

import math

from analysis.value.fading import refresher_weeks
from analysis.value.model import Model
from analysis.words.numbers import WEEKS_PER_MONTH, Reader, Wording
from analysis.words.refreshers import Seen, sentence

REFRESHER = "cost.refreshers_per_agent"
NOT_TOLD = (
    "When a refresher pays cannot be told: that takes how fast the effect fades, what the effect is worth and what a "
    "refresher costs."
)


def refresher(made: Model, reader: Reader, found: Seen | None = None, skill: Wording | None = None) -> str:
    """Sentences about refreshers; empty where nothing is known of fading, benefit or cost, nor of refreshers.

    Parameters
    ----------
    made
        The sum for the agents trained so far.
    reader
        Locale and currency.
    found, skill
        What refreshers brought so far to which skill; with no skill only the sum is told.
    """
    when, worth = _sum(made, reader, found)
    if skill is None or not (when or found):
        return when
    return " ".join(part for part in (when or NOT_TOLD, sentence(found, skill, reader), worth) if part)


def _sum(made: Model, reader: Reader, found: Seen | None) -> tuple[str, str]:
    """When a refresher that restores all pays, and whether one like those seen does; each empty when not known."""
    values = made.likely()
    months = float(made.factor(values)) if made.population != "to_date" else 0.0
    if "half_life_months" not in values or not made.used or made.agents <= 0 or months <= 0:
        return "", ""
    monthly = float(made.benefit(made.points(), values)) / months
    each = monthly / made.agents / WEEKS_PER_MONTH
    cost = values.get(REFRESHER) or float(made.cost(values)) / made.agents
    if not (math.isfinite(each) and cost > 0):
        return "", ""
    floor = float(values.get("lasting_share", 0.0))
    low, _, high = made.ends("half_life_months")
    every = [
        refresher_weeks(each, cost, months * WEEKS_PER_MONTH, floor)
        for months in (low, float(values["half_life_months"]), high)
    ]
    worth = _worth(found, each * (1 - floor) * float(values["half_life_months"]) * WEEKS_PER_MONTH, cost, reader)
    costs = f"A refresher that costs {reader.money(cost)} per agent"
    if math.isinf(every[1]):
        return f"{costs} does not pay: what fades of the effect is worth less, even if all of it came back.", worth
    known = sorted(weeks for weeks in every if math.isfinite(weeks))
    span = ""
    if len(known) == len(every) and round(known[0]) != round(known[-1]):
        span = f" (between {reader.count(known[0])} and {reader.count(known[-1])} over the range of the half-life)"
    elif len(known) < len(every):
        span = " (at one end of the half-life's range it never pays)"
    when = (
        f"{costs} and brings the full effect back pays most when repeated every {reader.count(every[1])} weeks or "
        f"so{span}."
    )
    return when, worth


def _worth(found: Seen | None, fading: float, cost: float, reader: Reader) -> str:
    """What one refresher like those seen is worth until it has faded; the goals follow the skill in proportion.

    ``fading``: what the full effect of one agent would be worth if it stayed as it is for one half-life.
    """
    if found is None or not math.isfinite(found.share) or not fading > 0:
        return ""
    low, likely, high = (end / found.full * fading / math.log(2) for end in (found.low, found.rise, found.high))
    verdict = "it pays" if low > cost else "it does not pay" if high < cost else "whether it pays is open"
    return (
        f"If the goals follow the skill in proportion, one such refresher is worth {reader.money(likely)} per agent "
        f"until it has faded (likely {reader.money(low)} to {reader.money(high)}): {verdict}."
    )
