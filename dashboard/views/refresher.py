"""When repeating the training pays, in words: from the half-life among the assumptions, the benefit and the cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.value.fading import refresher_weeks
from analysis.value.model import Model
from analysis.words.numbers import WEEKS_PER_MONTH, Reader, Wording
from analysis.words.refreshers import MOVED_BEFORE, NONE_SEEN, Seen, sentence

REFRESHER = "cost.refreshers_per_agent"
NOT_TOLD = (
    "When a refresher pays cannot be told: that takes how fast the effect fades, what the effect is worth and what a "
    "refresher costs."
)


def refresher(
    made: Model, reader: Reader, found: Mapping[str, Seen] | None = None, kpis: Sequence[Wording] = (), skill: str = ""
) -> str:
    """Sentences about refreshers; empty where nothing is known of fading, benefit or cost, nor of refreshers.

    Parameters
    ----------
    made
        The sum for the agents trained so far.
    reader
        Locale and currency.
    found
        KPI to what refreshers brought so far; empty where none was seen, and with ``None`` only the sum is told.
    kpis
        Words of KPIs, in the order to tell them.
    skill
        Which of them goals are taken to follow where what refreshers brought to the goals is not known.
    """
    when, worth = _sum(made, reader, found or {}, kpis, skill)
    if found is None or not (when or found):
        return when
    asked = {part.kpi.id for part in made.used} | {skill}
    seen = [sentence(found[kpi.id], kpi, reader) for kpi in kpis if kpi.id in asked and kpi.id in found]
    seen = seen or [NONE_SEEN]
    return " ".join(part for part in (when or NOT_TOLD, *seen, worth) if part)


def _sum(
    made: Model, reader: Reader, found: Mapping[str, Seen], kpis: Sequence[Wording], skill: str
) -> tuple[str, str]:
    """When a refresher that restores all pays, and whether one like those seen does; each empty when not known."""
    values = made.likely()
    months = float(made.factor(values)) if made.population != "to_date" else 0.0
    if "half_life_months" not in values or not made.used or made.agents <= 0 or months <= 0:
        return "", ""
    by_kpi = made.by_kpi(np.ones(len(made.used)), values) / months / made.agents / WEEKS_PER_MONTH
    each = float(by_kpi @ made.points())
    cost = values.get(REFRESHER) or float(made.cost(values)) / made.agents
    if not (math.isfinite(each) and cost > 0):
        return "", ""
    floor = float(values.get("lasting_share", 0.0))
    low, _, high = made.ends("half_life_months")
    every = [
        refresher_weeks(each, cost, months * WEEKS_PER_MONTH, floor)
        for months in (low, float(values["half_life_months"]), high)
    ]
    # What one unit of a goal is worth a week, kept until what fades of it has faded.
    lasts = (1 - floor) * float(values["half_life_months"]) * WEEKS_PER_MONTH / math.log(2)
    units = {part.kpi.id: float(unit) * lasts for part, unit in zip(made.used, by_kpi, strict=True)}
    worth = _worth_of_goals(found, units, kpis, cost, reader) or _worth(found.get(skill), each * lasts, cost, reader)
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


def _worth_of_goals(
    found: Mapping[str, Seen], units: Mapping[str, float], kpis: Sequence[Wording], cost: float, reader: Reader
) -> str:
    """What one refresher is worth by what it brought to everything that has a price; empty where any of it is not told.

    ``units``: what one unit of a KPI is worth over the life of a refresher. Ends are added up, so that the range holds
    whatever the KPIs have in common.
    """
    told = [found.get(kpi) for kpi in units]
    if not told or any(one is None or one.state == MOVED_BEFORE or not math.isfinite(one.low) for one in told):
        return ""
    ends = [sorted((units[kpi] * found[kpi].low, units[kpi] * found[kpi].high)) for kpi in units]
    low, high = (sum(end[side] for end in ends) for side in (0, 1))
    likely = sum(units[kpi] * found[kpi].rise for kpi in units)
    names = [kpi.label for kpi in kpis if kpi.id in units]
    through = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return (
        f"By what those so far brought to {through}, one refresher is worth {reader.money(likely)} per agent until it "
        f"has faded (likely {reader.money(low)} to {reader.money(high)}): {_verdict(low, high, cost)}."
    )


def _worth(found: Seen | None, fading: float, cost: float, reader: Reader) -> str:
    """What one refresher like those seen is worth until it has faded; the goals follow the skill in proportion.

    ``fading``: what the full effect of one agent is worth until what fades of it has faded.
    """
    if found is None or not math.isfinite(found.share) or not fading > 0:
        return ""
    low, likely, high = (end / found.full * fading for end in (found.low, found.rise, found.high))
    return (
        f"If the goals follow the skill in proportion, one such refresher is worth {reader.money(likely)} per agent "
        f"until it has faded (likely {reader.money(low)} to {reader.money(high)}): {_verdict(low, high, cost)}."
    )


def _verdict(low: float, high: float, cost: float) -> str:
    return "it pays" if low > cost else "it does not pay" if high < cost else "whether it pays is open"
