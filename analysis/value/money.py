"""Rows and sentences of ``result.value``: each KPI in three scenarios, then total, cost and net.

Three inputs are uncertain: the effect (its interval), the unit value and the cost (low, likely and high, set by the
user, without defaults). They are drawn jointly, with the correlation of the KPIs' effects estimated from the data; the
range of the sum is not the sum of the ranges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from analysis.value.appraisal import DRAWS, SEED, Appraisal, Spread, appraise
from analysis.value.assumptions import Assumptions, Stated
from analysis.value.draws import Array
from analysis.value.model import Model, Worth, counted, left_out, model, signed
from analysis.words.numbers import Reader, plural, rounded

SCENARIOS = ("low", "likely", "high")

VALUE_COLUMNS: dict[str, type[pl.DataType]] = {
    "kpi": pl.String,
    "scenario": pl.String,
    "effect": pl.Float64,
    "effect_low": pl.Float64,
    "effect_high": pl.Float64,
    "volume": pl.Float64,
    "unit_value": pl.Float64,
    "amount": pl.Float64,
    "amount_low": pl.Float64,
    "amount_high": pl.Float64,
    "currency": pl.String,
    "sentence": pl.String,
}
"""``result.value``, in the order written."""


def value_frame(
    worths: Sequence[Worth],
    assumptions: Assumptions,
    *,
    reader: Reader,
    n_trained: float = math.nan,
    n_everybody: float = math.nan,
    ci_level: float = 0.95,
    correlation: Callable[[tuple[str, ...]], Array] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pl.DataFrame:
    """Rows of ``result.value``: each KPI in three scenarios, then ``total``, ``cost`` and ``net``.

    Parameters
    ----------
    worths
        KPIs with their effects, in catalogue order; those without a unit value are left out.
    assumptions
        Unit values, cost, horizon, fading; without a cost there are no rows ``cost`` and ``net``.
    reader
        Locale and currency.
    n_trained, n_everybody
        Agents trained by now, and all agents.
    ci_level
        Level of every range.
    correlation
        Function from KPI ids to the (K, K) correlation of their estimates; by default from their influences.
    draws, seed
        Of the joint simulation, see :func:`analysis.value.appraisal.appraise`.

    Returns
    -------
    polars.DataFrame
        Columns ``kpi, scenario, effect, effect_low, effect_high, volume, unit_value, amount, amount_low, amount_high,
        currency, sentence``. The range of ``likely`` includes all uncertainty, as on the value page. In ``low`` and
        ``high`` the assumptions are at their unfavourable and favourable ends, and only the effect is uncertain.
    """
    priced = [part for part in worths if assumptions.get(part.key) is not None]
    if not priced:
        return pl.DataFrame(schema=VALUE_COLUMNS)
    made = model(priced, assumptions, n_trained=n_trained, n_everybody=n_everybody)
    through, months = counted(priced), assumptions.months
    ends = {scenario: _scenario(made, scenario) for scenario in SCENARIOS}
    known = None if correlation is None else correlation(tuple(part.kpi.id for part in made.used))
    answers = {
        s: appraise(
            made if s == "likely" else made.fixed(ends[s]),
            correlation=known,
            ci_level=ci_level,
            draws=draws,
            seed=seed,
        )
        for s in SCENARIOS
    }
    rows: list[tuple[object, ...]] = []
    for part in priced:
        rows.extend(_kpi_rows(part, made, through, ends, answers["likely"].by_kpi.get(part.kpi.id), reader))
    for s in SCENARIOS:
        total = answers[s].benefit
        rows.append(_sum_row("total", s, total, reader, _total_words(answers[s], months, reader)))
    if not assumptions.cost_keys:
        return pl.DataFrame(rows, schema=VALUE_COLUMNS, orient="row")
    for s in SCENARIOS:
        paid = answers[s].cost
        words = f"The programme costs {reader.money(paid.mid)} over {_months(months)}."
        rows.append(_sum_row("cost", s, paid, reader, words))
    missing = left_out(worths, assumptions)
    for s in SCENARIOS:
        words = net_words(answers[s], months, reader, all_goals=not missing)
        rows.append(_sum_row("net", s, answers[s].net, reader, words))
    return pl.DataFrame(rows, schema=VALUE_COLUMNS, orient="row")


def _scenario(made: Model, scenario: str) -> dict[str, float]:
    """Every assumption at its unfavourable (``low``), likely or favourable (``high``) value."""
    if scenario == "likely":
        return made.likely()
    values, points, chosen = made.likely(), made.points(), {}
    for key in made.uncertain():
        low, _, high = made.ends(key)
        nets = [float(made.net(points, {**values, key: end})) for end in (low, high)]
        worse, better = (low, high) if nets[0] <= nets[1] else (high, low)
        chosen[key] = worse if scenario == "low" else better
    return chosen


def _kpi_rows(
    part: Worth,
    made: Model,
    through: Mapping[str, str],
    ends: Mapping[str, Mapping[str, float]],
    appraised: Spread | None,
    reader: Reader,
) -> list[tuple[object, ...]]:
    kpi, counted_as = part.kpi, through.get(part.kpi.id)
    stated = made.assumptions.stated[part.key]
    months = made.assumptions.months
    worst_to_best = sorted(signed(part, stated), key=lambda value: value * part.effect)
    rows: list[tuple[object, ...]] = []
    for number, s in enumerate(SCENARIOS):
        unit_value = worst_to_best[number] if s != "likely" else signed(part, stated)[1]
        factor = part.volume_per_month * float(np.asarray(made.factor(ends[s]))) * unit_value
        amounts = [factor * part.effect, *sorted((factor * part.effect_low, factor * part.effect_high))]
        if s == "likely" and appraised is not None and appraised.known:
            amounts = [appraised.mid, appraised.low, appraised.high]
        if counted_as is None:
            amounts = [math.nan] * 3
            words = "No money is claimed: this result is not safe to use."
        elif counted_as != kpi.id:
            words = f"Not added to the total: it is the same money as {counted_as}."
        else:
            units = part.volume_per_month * months
            volume = reader.count(rounded(units, 2 - math.floor(math.log10(max(units, 1.0)))))
            words = (
                f"{_change(part, reader)} on {volume} "
                f"{plural(kpi.per)} at "
                f"{reader.money(abs(unit_value))} each{_stated(stated, reader) if s == 'likely' else ''}"
                f"{_kept(made, ends[s], reader)} is "
                f"{_likely(Spread(*amounts), reader)}."
            )
        rows.append(
            (
                kpi.id,
                s,
                part.effect,
                part.effect_low,
                part.effect_high,
                part.volume_per_month * months,
                unit_value,
                *amounts,
                reader.currency,
                words,
            )
        )
    return rows


def _stated(stated: Stated, reader: Reader) -> str:
    """Words for both ends of an uncertain unit value."""
    low, high = sorted((abs(stated.low), abs(stated.high)))
    return f" ({reader.money(low)} to {reader.money(high)})" if low < high else ""


def _kept(made: Model, values: Mapping[str, float], reader: Reader) -> str:
    """Words for the share left after fading and discounting; empty where nothing is lost."""
    share = float(np.asarray(made.factor(values))) / made.assumptions.months
    return f", of which fading and discounting leave {reader.number(100 * share, 0)}%," if share < 0.9995 else ""


def _change(part: Worth, reader: Reader) -> str:
    """The effect in words, with more digits than its interval supports where it would round to zero."""
    text = reader.change(part.effect, part.kpi, part.effect_low, part.effect_high)
    return text if any(c in "123456789" for c in text.split(" ")[0]) else reader.change(part.effect, part.kpi)


def _sum_row(kpi: str, scenario: str, amount: Spread, reader: Reader, words: str) -> tuple[object, ...]:
    nan = math.nan
    return (kpi, scenario, nan, nan, nan, nan, nan, amount.mid, amount.low, amount.high, reader.currency, words)


def _likely(amount: Spread, reader: Reader) -> str:
    half = (amount.high - amount.low) / 2
    return (
        f"{reader.money(amount.mid, half)} (likely between {reader.money(amount.low, half)} and "
        f"{reader.money(amount.high, half)})"
    )


def unsafe_words(answer: Appraisal) -> str:
    """Why no sum is given, where a possible cost has no usable result; else empty."""
    names = answer.unsafe_costs
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} may have cost money, and {'its result' if len(names) == 1 else 'their results'} may not be used"


def _total_words(answer: Appraisal, months: int, reader: Reader) -> str:
    amount = answer.benefit
    if answer.unsafe_costs:
        return f"No total is claimed: {unsafe_words(answer)}."
    if not amount.known:
        return "No money is claimed: no KPI with a money value has a result that is safe to use."
    return f"Over {_months(months)} the estimated benefit is {_likely(amount, reader)}."


def net_words(answer: Appraisal, months: int, reader: Reader, *, all_goals: bool = True) -> str:
    """Sentence on whether the programme pays; payback is given only where the net is clear.

    Parameters
    ----------
    answer
        Net, chance of a gain and payback.
    months
        Horizon.
    reader
        Locale and currency.
    all_goals
        Whether every KPI with a unit value is counted; a loss is claimed only then.
    """
    net = answer.net
    if answer.unsafe_costs:
        return f"Whether it pays cannot be said: {unsafe_words(answer)}."
    if not net.known:
        return "Whether it pays cannot be said yet."
    odds = f"it is above zero in {reader.count(100 * answer.chance_of_gain)} of 100 simulated cases"
    if net.holds_zero:
        half = (net.high - net.low) / 2
        ends = f"{reader.money(net.low, half)} to {reader.money(net.high, half)}"
        return (
            f"We can't tell yet whether the programme pays: after its cost, anything from {ends} over "
            f"{_months(months)}; {odds}."
        )
    first = f"After its cost, the programme leaves {_likely(net, reader)} over {_months(months)}"
    if net.high < 0 and not all_goals:
        unsaid = "We can't tell whether the programme pays: not every goal with a unit value is counted."
        return f"{unsaid} {first}; {odds}."
    if net.high < 0:
        return f"{first}; {odds}. A loss has no payback."
    if not math.isfinite(answer.payback):
        return f"{first}; {odds}. At this estimate it does not pay back within ten years."
    return f"{first}; {odds}. At this estimate it pays back after about {_months(max(1, math.ceil(answer.payback)))}."


def _months(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"
