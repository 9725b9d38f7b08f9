"""View model of the value page: sentence, money lines, ranges, tornado."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.panel.evaluations import OVERALL
from analysis.value.appraisal import UNKNOWN, Appraisal, Spread, appraise
from analysis.value.model import Model, Population, Worth, counted, left_out, model
from analysis.value.money import unsafe_words
from analysis.value.phillips import Principle, checklist
from analysis.value.sensitivity import Swing, tornado
from analysis.words.change import direction, lower_label
from analysis.words.numbers import Reader
from analysis.words.verdict import CLAIMED, MARKS
from analysis.words.verdict import LABELS as VERDICTS
from dashboard.data.refreshers import Refreshed
from dashboard.data.value import MoneyParts
from dashboard.views.assumptions import Asked, label, shown
from dashboard.views.overview import Money
from dashboard.views.refresher import refresher
from etl.configuration.kpis import Kpi

MOST_SWINGS = 10


@dataclass(frozen=True)
class Tile:
    """One big number."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class SwingRow:
    """What one uncertain number does to the net, in words and numbers."""

    name: str
    swing: Swing
    at_low: str
    at_high: str
    low: str
    high: str
    break_even: str


@dataclass(frozen=True)
class Beside:
    """A KPI that is not in the sum: its words and why."""

    kpi: Kpi
    mark: str
    words: str


@dataclass(frozen=True)
class View:
    """The page.

    Attributes
    ----------
    title, detail
        The answer, and what it is about.
    tiles
        So far, trained so far over the horizon, everybody, return.
    lines
        Benefit lines, cost, net.
    bars
        What the effects' range and what the assumptions do to the net.
    swings
        Largest first.
    money_groups
        KPIs that are the same money as another.
    unmoneyed
        KPIs that are not turned into money, or bring none.
    principles
        The twelve principles.
    refresher
        When repeating the training pays; empty where nothing is known of fading.
    net
        Of the agents trained by now.
    """

    title: str
    detail: str
    tiles: tuple[Tile, ...]
    lines: tuple[Money, ...]
    bars: tuple[Money, ...]
    bars_title: str
    swings: tuple[SwingRow, ...]
    swings_title: str
    money_groups: tuple[Beside, ...]
    unmoneyed: tuple[Beside, ...]
    principles: tuple[Principle, ...]
    refresher: str = ""
    net: Spread = UNKNOWN


def view(
    parts: MoneyParts,
    asked: Asked,
    kpis: Sequence[Kpi],
    reader: Reader,
    ci_level: float,
    refreshed: Refreshed | None = None,
) -> View:
    """The page for one set of assumptions.

    Parameters
    ----------
    parts
        Effects, volumes, agents.
    asked
        Assumptions, and whether only clear goals count.
    kpis
        All that are shown, in catalogue order.
    reader
        Locale and currency.
    ci_level
        Level of every range.
    refreshed
        What refreshers brought so far; None where that is not to be told.
    """
    by_id = {kpi.id: kpi for kpi in kpis}
    made = _model(parts, asked, "trained")
    answer = _appraised(made, parts, ci_level)
    others: dict[Population, Appraisal] = {
        who: _appraised(_model(parts, asked, who), parts, ci_level) for who in ("to_date", "everybody")
    }
    months = asked.assumptions.months
    rows = tuple(_swing_row(swing, by_id, reader, answer.net) for swing in tornado(made)[:MOST_SWINGS])
    names = {key: label(key, by_id) for key in asked.assumptions.stated}
    without = _unmoneyed(parts, asked, kpis, made)
    missing = left_out(parts.worths, asked.assumptions)
    return View(
        title=title(answer, reader, all_goals=not missing),
        detail=f"{_detail(answer, made, months, reader)}{_not_counted(missing, kpis, made)}",
        tiles=_tiles(answer, others, made, months, reader),
        lines=_lines(answer, made, by_id, reader),
        bars=_bars(answer, reader),
        bars_title=_bars_title(answer),
        swings=rows,
        swings_title=_swings_title(rows),
        money_groups=_money_groups(parts, asked, by_id),
        unmoneyed=without,
        net=answer.net,
        refresher=refresher(made, reader, refreshed.found if refreshed else None, kpis, OVERALL),
        principles=checklist(
            made,
            clear_only=asked.clear_only,
            n_without_money=len(without),
            skills_measured=any(by_id[p.kpi.id].role == "mechanism" for p in parts.worths if p.kpi.id in by_id),
            labels=names,
        ),
    )


def swings(parts: MoneyParts, asked: Asked) -> tuple[Swing, ...]:
    """Every uncertain number and what it alone does to the net, the largest first."""
    return tornado(_model(parts, asked, "trained"))


def worths_in(parts: MoneyParts, asked: Asked) -> tuple[Worth, ...]:
    """The KPIs that count: all, or those that are clear."""
    return tuple(part for part in parts.worths if not asked.clear_only or part.state in CLAIMED)


def title(answer: Appraisal, reader: Reader, *, all_goals: bool = True) -> str:
    """Whether it pays, how much, and how sure that is; a loss is claimed only where all goals are counted."""
    net = answer.net
    if answer.unsafe_costs:
        return f"Whether it pays can't be told: {unsafe_words(answer)}"
    if not net.known:
        return "Whether it pays can't be told: no goal with a unit value has a result that is safe to use"
    half = (net.high - net.low) / 2
    amounts = (
        f"net {reader.money(net.mid, half)}, likely {reader.money(net.low, half)} to {reader.money(net.high, half)}"
    )
    chance = f"above zero in {reader.count(100 * answer.chance_of_gain)} of 100 simulated cases"
    if net.holds_zero:
        verdict = "Can't tell yet whether it pays"
    elif net.low >= 0:
        verdict = "Likely pays"
    else:
        verdict = "Likely does not pay" if all_goals else "Can't tell whether it pays, as not every goal is counted"
    cost = "" if answer.cost.known else " before any cost, because none is stated"
    return f"{verdict}{cost}: {amounts}; {chance}"


def _model(parts: MoneyParts, asked: Asked, population: Population) -> Model:
    return model(
        parts.worths,
        asked.assumptions,
        population=population,
        n_trained=parts.n_trained,
        n_everybody=parts.n_everybody,
        clear_only=asked.clear_only,
    )


def _appraised(made: Model, parts: MoneyParts, ci_level: float) -> Appraisal:
    ids = tuple(part.kpi.id for part in made.used)
    return appraise(made, correlation=parts.correlation(ids), ci_level=ci_level)


def _detail(answer: Appraisal, made: Model, months: int, reader: Reader) -> str:
    agents = f"{reader.count(made.n_trained)} agents trained by now" if math.isfinite(made.n_trained) else "the trained"
    fading = ""
    if made.assumptions.get("lasting_share") is None:
        fading = " No fading is stated, so the effect is taken to last as long."
    hurdle = made.assumptions.hurdle_roi_percent
    asked = ""
    if math.isfinite(hurdle) and answer.net.known:
        asked = (
            f" A return of {reader.number(hurdle, 0)}% or more comes out in "
            f"{reader.count(100 * answer.chance_of_hurdle)} of 100 simulated cases."
        )
    return f"For {agents}, over {_months(months)}.{fading}{asked}"


def _not_counted(missing: Sequence[str], kpis: Sequence[Kpi], made: Model) -> str:
    """Which goals are left out of the sum, by name; costs that block it are named where it would stand."""
    blocking = {part.kpi.id for part in made.unsafe_costs}
    names = [lower_label(kpi) for kpi in kpis if kpi.id in missing and kpi.id not in blocking]
    if not names or not made.used:
        return ""
    return f" Not in the net, because no result of it is safe to use: {'; '.join(names)}."


def _tiles(
    answer: Appraisal, others: Mapping[Population, Appraisal], made: Model, months: int, reader: Reader
) -> tuple[Tile, ...]:
    every = f"all {reader.count(made.n_everybody)} agents" if math.isfinite(made.n_everybody) else "everybody"
    so_far, everybody = others["to_date"], others["everybody"]
    return (
        Tile("So far", _amount(so_far.net, reader), f"net of all contacts since training{_range(so_far.net, reader)}"),
        Tile(
            "If everybody",
            _amount(everybody.net, reader),
            f"net with {every} trained, over {_months(months)}, at the same effect{_range(everybody.net, reader)}",
        ),
        Tile("Return on investment", _percent(answer.roi, reader), _return_note(answer, reader)),
        Tile("Payback", _payback(answer, reader), _payback_note(answer)),
    )


def _return_note(answer: Appraisal, reader: Reader) -> str:
    if not answer.roi.known:
        return "There is no cost to return on." if answer.net.known else "No money can be claimed."
    ratio, half = answer.ratio, (answer.ratio.high - answer.ratio.low) / 2
    places = 1 if half >= 0.2 else 2
    mid, low, high = (reader.number(value, places) for value in (ratio.mid, ratio.low, ratio.high))
    ends = f"likely {reader.number(answer.roi.low, 0)}% to {reader.number(answer.roi.high, 0)}%"
    return f"{ends}; benefit-cost ratio {mid} ({low} to {high})"


def _payback(answer: Appraisal, reader: Reader) -> str:
    if not answer.net.known or not answer.cost.known:
        return "not known"
    if answer.net.holds_zero or not math.isfinite(answer.payback):
        if answer.net.high < 0:
            return "none"
        return "can't tell yet" if answer.net.holds_zero else "not within ten years"
    return _months(max(1, math.ceil(answer.payback)))


def _payback_note(answer: Appraisal) -> str:
    if not answer.net.known:
        return "No money can be claimed."
    if not answer.cost.known:
        return "There is no cost to pay back."
    if answer.net.known and answer.net.holds_zero:
        return "Whether it pays is not known yet, so neither is when."
    if answer.net.known and answer.net.high < 0:
        return "A loss has no payback."
    return "until the benefit has paid the cost, at the estimate"


def _lines(answer: Appraisal, made: Model, kpis: Mapping[str, Kpi], reader: Reader) -> tuple[Money, ...]:
    lines = []
    for part in made.used:
        found = answer.by_kpi.get(part.kpi.id)
        if found is not None:
            hollow = part.state == "cant_tell_yet"
            name = f"{kpis[part.kpi.id].label}{' ◌' if hollow else ''}"
            lines.append(_money(name, found, reader, unsure=hollow))
    if not lines or not answer.benefit.known:
        return tuple(lines)
    lines.append(_money("All together", answer.benefit, reader, total=True))
    if answer.cost.known:
        spent = Spread(-answer.cost.mid, -answer.cost.high, -answer.cost.low)
        lines.append(_money("Cost of the programme", spent, reader, total=True, spent=True))
        lines.append(_money("Net of cost", answer.net, reader, total=True))
    return tuple(lines)


def _bars(answer: Appraisal, reader: Reader) -> tuple[Money, ...]:
    if not answer.net.known:
        return ()
    return (
        _money("The effects' range alone", answer.from_effects, reader),
        _money("The assumptions alone", answer.from_assumptions, reader),
        _money("Both", answer.net, reader, total=True),
    )


def _bars_title(answer: Appraisal) -> str:
    if not answer.net.known:
        return "Where the range comes from cannot be said"
    effects = answer.from_effects.high - answer.from_effects.low
    assumed = answer.from_assumptions.high - answer.from_assumptions.low
    if effects > 1.5 * assumed:
        return "Most of the range comes from the effects: more data would narrow it"
    if assumed > 1.5 * effects:
        return "Most of the range comes from the assumptions: agree on them first"
    return "Effects and assumptions make about as much of the range"


def _money(
    name: str, amount: Spread, reader: Reader, *, total: bool = False, spent: bool = False, unsure: bool = False
) -> Money:
    half = (amount.high - amount.low) / 2
    written = reader.money(amount.mid, half or None)
    return Money(name, amount.low, amount.mid, amount.high, written, total=total, spent=spent, unsure=unsure)


def _swing_row(swing: Swing, kpis: Mapping[str, Kpi], reader: Reader, net: Spread) -> SwingRow:
    half = (net.high - net.low) / 2 or None
    name = label(swing.key, kpis)

    def value(number: float) -> str:
        if not math.isfinite(number):
            return "none in reach"
        if swing.kind == "effect":
            kpi = kpis[swing.key.removeprefix("effect.")]
            return reader.change(number, kpi, swing.low, swing.high)
        return shown(swing.key, number, reader)

    ends = [(swing.low, swing.net_at_low), (swing.high, swing.net_at_high)]
    ends.sort()
    (low, at_low), (high, at_high) = ends
    nets = [reader.money(end, half) for end in (at_low, at_high)]
    return SwingRow(name, swing, nets[0], nets[1], value(low), value(high), value(swing.break_even))


def _swings_title(rows: Sequence[SwingRow]) -> str:
    if not rows:
        return "Nothing can be varied yet"
    turning = [row.name[:1].lower() + row.name[1:] for row in rows if row.swing.turns_inside]
    first = rows[0].name[:1].lower() + rows[0].name[1:]
    if not turning:
        return f"What moves the answer most: {first}; none of the ranges alone would turn it"
    named = turning[0] if len(turning) == 1 else f"{', '.join(turning[:-1])} or {turning[-1]}"
    return f"The answer turns within the range of: {named}"


def _money_groups(parts: MoneyParts, asked: Asked, kpis: Mapping[str, Kpi]) -> tuple[Beside, ...]:
    priced = [part for part in parts.worths if asked.assumptions.get(part.key) is not None]
    return tuple(
        Beside(kpis[one], MARKS.get(_state(parts, one), "–"), f"the same money as {kpis[other].label.lower()}")
        for one, other in counted(priced).items()
        if one != other
    )


def _unmoneyed(parts: MoneyParts, asked: Asked, kpis: Sequence[Kpi], made: Model) -> tuple[Beside, ...]:
    used = {part.kpi.id for part in made.used}
    same = {item.kpi.id for item in _money_groups(parts, asked, {kpi.id: kpi for kpi in kpis})}
    found = []
    for kpi in kpis:
        if kpi.id in used or kpi.id in same or kpi.role in ("mechanism", "phrases"):
            continue
        state = _state(parts, kpi.id)
        if not state and asked.assumptions.get(f"value.{kpi.id}") is not None:
            found.append(Beside(kpi, "–", "no estimate: no money is claimed"))
        if not state:
            continue
        said = f"{VERDICTS.get(state, state)}{_which_way(parts, kpi)}"
        if asked.assumptions.get(f"value.{kpi.id}") is not None:
            left_out = asked.clear_only and state != "dont_use"
            said = f"{said}: {'left out' if left_out else 'no money is claimed'}"
        found.append(Beside(kpi, MARKS.get(state, "–"), said))
    return tuple(found)


def _which_way(parts: MoneyParts, kpi: Kpi) -> str:
    """Whether a clear change is for the better: a mark alone would pass a loss off as a gain."""
    effect = next((part.effect for part in parts.worths if part.kpi.id == kpi.id and part.state in CLAIMED), None)
    way = "unknown" if effect is None else direction(kpi, effect, guardrail=kpi.role == "guardrail")
    return "" if way == "unknown" else f", for the {way}"


def _state(parts: MoneyParts, kpi: str) -> str:
    return next((part.state for part in parts.worths if part.kpi.id == kpi), "")


def _amount(amount: Spread, reader: Reader) -> str:
    return reader.money(amount.mid, (amount.high - amount.low) / 2 or None) if amount.known else "not known"


def _range(amount: Spread, reader: Reader) -> str:
    if not amount.known:
        return ""
    half = (amount.high - amount.low) / 2 or None
    return f"; likely {reader.money(amount.low, half)} to {reader.money(amount.high, half)}"


def _percent(amount: Spread, reader: Reader) -> str:
    return f"{reader.number(amount.mid, 0)}%" if amount.known else "not known"


def _months(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"
