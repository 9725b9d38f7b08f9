"""When repeating the training pays, in words: from the half-life among the assumptions, the benefit and the cost."""

from __future__ import annotations

import math

from analysis.value.fading import refresher_weeks
from analysis.value.model import Model
from analysis.words.numbers import WEEKS_PER_MONTH, Reader

REFRESHER = "cost.refreshers_per_agent"


def refresher(made: Model, reader: Reader) -> str:
    """A sentence about refreshers; empty where nothing is known of fading, benefit or cost.

    Parameters
    ----------
    made
        The sum for the agents trained so far.
    reader
        Locale and currency.
    """
    values = made.likely()
    months = float(made.factor(values)) if made.population != "to_date" else 0.0
    if "half_life_months" not in values or not made.used or made.agents <= 0 or months <= 0:
        return ""
    monthly = float(made.benefit(made.points(), values)) / months
    each = monthly / made.agents / WEEKS_PER_MONTH
    cost = values.get(REFRESHER) or float(made.cost(values)) / made.agents
    if not (math.isfinite(each) and cost > 0):
        return ""
    floor = float(values.get("lasting_share", 0.0))
    low, _, high = made.ends("half_life_months")
    every = [
        refresher_weeks(each, cost, months * WEEKS_PER_MONTH, floor)
        for months in (low, float(values["half_life_months"]), high)
    ]
    costs = f"A refresher that costs {reader.money(cost)} per agent"
    if math.isinf(every[1]):
        return f"{costs} does not pay: what fades of the effect is worth less, even if all of it came back."
    known = sorted(weeks for weeks in every if math.isfinite(weeks))
    span = ""
    if len(known) == len(every) and round(known[0]) != round(known[-1]):
        span = f" (between {reader.count(known[0])} and {reader.count(known[-1])} over the range of the half-life)"
    elif len(known) < len(every):
        span = " (at one end of the half-life's range it never pays)"
    return (
        f"{costs} and brings the full effect back pays most when repeated every {reader.count(every[1])} weeks or "
        f"so{span}."
    )
