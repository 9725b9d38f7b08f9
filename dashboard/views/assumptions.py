"""Assumptions in an address and back: ``?value.escalation_rate=8_11_15&months=24`` is two that a reader changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from analysis.value.assumptions import (
    LARGEST_HURDLE,
    LONGEST_MONTHS,
    AssumptionError,
    Assumptions,
    Stated,
)
from analysis.value.model import check_sign
from analysis.words.numbers import Reader
from etl.configuration.kpis import Kpi

CHOICES = ("value.", "cost.", "lasting_share", "half_life_months", "discount_rate", "months", "hurdle", "goals")
"""Names in the address that belong to this page; one that ends with a dot is the beginning of a name."""
BETWEEN = "_"
"""Separates low, likely and high; no number has one, and no address changes it."""
COST_LINE = "Cost of the programme"
SMALL = 1.0
"""Amounts below this are written with the digits they have, and not as cents."""
LABELS = {
    "cost.programme": "Programme, full cost",
    "cost.seat_per_agent": "Seat, per agent",
    "cost.off_phone_hours_per_agent": "Hours off the phone, per agent",
    "cost.loaded_wage_per_hour": "Loaded wage, per hour",
    "cost.backfill_per_hour": "Backfill, per hour off the phone",
    "cost.refreshers_per_agent": "Refreshers, per agent",
    "cost.trainers": "Trainers and preparation",
    "lasting_share": "Share of the effect that stays",
    "half_life_months": "Months in which half of the rest fades",
    "discount_rate": "Discount a year",
}
ONE_MORE = {"seconds": "one second more", "currency": "kept of one unit of money"}
"""What a unit value is the worth of, where it is not one more event."""
NOT_STATED = {
    "lasting_share": Stated(1.0, 1.0, 1.0),
    "half_life_months": Stated(6.0, 6.0, 6.0),
    "discount_rate": Stated(0.0, 0.0, 0.0),
}
"""What counts where nothing is stated: nothing fades, nothing is discounted."""


@dataclass(frozen=True)
class Asked:
    """The assumptions of one address.

    Attributes
    ----------
    assumptions
        The configuration's, with what the reader changed.
    clear_only
        Whether goals that cannot be told are left out.
    edited
        Whether anything differs from the configuration.
    refused
        Changes that could not be used, one sentence each; the configuration's number counts instead.
    """

    assumptions: Assumptions
    clear_only: bool
    edited: bool
    refused: tuple[str, ...]


def read(chosen: Mapping[str, str], configured: Assumptions, kpis: Mapping[str, Kpi]) -> Asked:
    """The assumptions that an address asks for.

    Parameters
    ----------
    chosen
        Names and texts from the address, as in :data:`CHOICES`.
    configured
        From empathy.toml.
    kpis
        KPIs by id, for the words of refusals and to know which exist.
    """
    assumed, refused = configured, []
    for name, text in chosen.items():
        try:
            if name == "months":
                assumed = replace(assumed, months=_months(text))
            elif name == "hurdle":
                assumed = replace(assumed, hurdle_roi_percent=_hurdle(text))
            elif name != "goals":
                assumed = _with_range(assumed, name, text, kpis)
        except AssumptionError as fault:
            refused.append(f"{label(name, kpis)}: {fault}, so “{_short(text)}” was ignored.")
    goals = chosen.get("goals", "all")
    if goals not in ("all", "clear"):
        refused.append(f"Goals are “all” or “clear”, so “{_short(goals)}” was ignored.")
    edited = assumed != configured or goals == "clear"
    return Asked(assumed, goals == "clear", edited, tuple(refused))


def query_of(asked: Asked, configured: Assumptions, *, goals: str | None = None) -> str:
    """The address of what differs from the configuration, without a question mark."""
    parts: list[tuple[str, str]] = []
    for key, stated in asked.assumptions.stated.items():
        if stated.edited and _ends(stated) != _ends(configured.stated.get(key)):
            parts.append((key, written(stated)))
    if asked.assumptions.months != configured.months:
        parts.append(("months", str(asked.assumptions.months)))
    hurdle = asked.assumptions.hurdle_roi_percent
    if math.isfinite(hurdle) and hurdle != configured.hurdle_roi_percent:
        parts.append(("hurdle", f"{hurdle:g}"))
    if (goals or ("clear" if asked.clear_only else "all")) == "clear":
        parts.append(("goals", "clear"))
    return urlencode(parts)


def written(stated: Stated) -> str:
    """A range as it stands in the address."""
    return BETWEEN.join(f"{end:.10g}" for end in _ends(stated) or ())


def label(key: str, kpis: Mapping[str, Kpi]) -> str:
    """An assumption in words."""
    if key in ("months", "hurdle"):
        return {"months": "Months counted", "hurdle": "Return asked for"}[key]
    name = key.removeprefix("value.").removeprefix("effect.")
    if key.startswith("effect."):
        return f"Effect on {kpis[name].label.lower()}" if name in kpis else key
    if key.startswith("value."):
        return f"{kpis[name].label}, {ONE_MORE.get(kpis[name].unit, 'one more')}" if name in kpis else _short(key)
    return LABELS.get(key, _short(key))


def shown(key: str, value: float, reader: Reader) -> str:
    """A value of an assumption with its unit."""
    if key in ("lasting_share", "discount_rate"):
        return f"{reader.number(100 * value, 1)}%"
    if key == "half_life_months":
        return f"{reader.number(value, 1)} months"
    if key == "cost.off_phone_hours_per_agent":
        return f"{reader.number(value, 1)} hours"
    if 0 < abs(value) < SMALL:
        places = 2 - math.floor(math.log10(abs(value)))
        return reader.amount(value, min(places, 8))
    return reader.money(value)


@dataclass(frozen=True)
class Worth:
    """A unit value or a cost in words; ``line`` is the label of its money line, ``each`` a unit value in short."""

    line: str
    name: str
    words: str
    each: str = ""


def worths(assumed: Assumptions, kpis: Mapping[str, Kpi], reader: Reader) -> list[Worth]:
    """Every stated unit value and cost with its range, what it is for one of, and where it comes from.

    Parameters
    ----------
    assumed : Assumptions
    kpis : mapping
    reader : Reader
    """
    found = []
    for key, stated in assumed.stated.items():
        if not key.startswith(("value.", "cost.")):
            continue
        low, likely, high = (shown(key, end, reader) for end in (stated.low, stated.likely, stated.high))
        kpi = kpis.get(key.removeprefix("value."))
        line = kpi.label if kpi is not None else COST_LINE
        source = "; ".join(part for part in (stated.source, stated.owner) if part) or "no source stated"
        each = f"{likely} each" if kpi is not None else ""
        found.append(Worth(line, label(key, kpis), f"{likely} ({low} to {high}), {source}", each))
    return found


def as_toml(assumed: Assumptions) -> str:
    """The ``[value]`` section that says the same, to be pasted into empathy.toml."""
    lines = ["[value]", f"period_months = {assumed.months}"]
    if math.isfinite(assumed.hurdle_roi_percent):
        lines.append(f"hurdle_roi_percent = {assumed.hurdle_roi_percent:g}")
    single = [k for k in assumed.stated if not k.startswith(("value.", "cost.")) or k == "cost.programme"]
    lines += [f"{'programme_cost' if k == 'cost.programme' else k} = {_table(assumed.stated[k])}" for k in single]
    parts = [k for k in assumed.cost_keys if k != "cost.programme"]
    if parts:
        lines += ["", "[value.cost]", *(f"{k.removeprefix('cost.')} = {_table(assumed.stated[k])}" for k in parts)]
    units = [k for k in assumed.stated if k.startswith("value.")]
    if units:
        lines += ["", "[value.kpis]", *(f"{k.removeprefix('value.')} = {_table(assumed.stated[k])}" for k in units)]
    return "\n".join(lines) + "\n"


def _table(stated: Stated) -> str:
    parts = [f"{name} = {getattr(stated, name):.10g}" for name in ("low", "likely", "high")]
    per = [("per", stated.per)] if stated.per else []
    for name, text in (*per, ("source", stated.source), ("owner", stated.owner), ("note", stated.note)):
        if text:
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            parts.append(f'{name} = "{quoted}"')
    return "{ " + ", ".join(parts) + " }"


def _with_range(assumed: Assumptions, key: str, text: str, kpis: Mapping[str, Kpi]) -> Assumptions:
    known = key in LABELS or (key.startswith("value.") and key.removeprefix("value.") in kpis)
    if not known:
        raise AssumptionError("there is no such assumption")
    others = [k for k in assumed.cost_keys if (k == "cost.programme") != (key == "cost.programme")]
    if key.startswith("cost.") and others:
        raise AssumptionError("a full cost and its parts would pay for the programme twice")
    ends = text.split(BETWEEN)
    if len(ends) not in (1, 3):
        raise AssumptionError("low, likely and high are written like 8_11_15")
    try:
        low, likely, high = (float(end) for end in (ends * 3 if len(ends) == 1 else ends))
    except ValueError:
        raise AssumptionError("low, likely and high must all be numbers") from None
    changed = assumed.with_range(key, low, likely, high)
    if key.startswith("value."):
        check_sign(kpis[key.removeprefix("value.")], low, high)
    pair = {"lasting_share": "half_life_months", "half_life_months": "lasting_share"}.get(key)
    if pair is not None and changed.get(pair) is None:
        changed = replace(changed, stated={**changed.stated, pair: replace(NOT_STATED[pair], edited=True)})
    return changed


def _months(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:6]) <= LONGEST_MONTHS:
        raise AssumptionError(f"a whole number from 1 to {LONGEST_MONTHS}")
    return int(text)


def _hurdle(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST_HURDLE:
        raise AssumptionError(f"a number of per cent from 0 to {LARGEST_HURDLE:,.0f}")
    return value


def _ends(stated: Stated | None) -> tuple[float, float, float] | None:
    return None if stated is None else (stated.low, stated.likely, stated.high)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
