"""What it is worth: effect x volume x unit value, always as a range, never counted twice.

Three things are uncertain and none may be dropped: the effect (its interval), the unit value and the cost (low,
likely, high, set by the reader; there is no hidden default). They are drawn together, with the effects of different
KPIs correlated as the data say they are, and summed; the range of the sum is not the sum of the ranges.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from analysis.value.draws import Array, correlations, effect_draws, triangular
from analysis.words.numbers import Reader, Wording, rounded

DRAWS = 20_000
SEED = 20_240_607
SCENARIOS = ("low", "likely", "high")


class Range(Protocol):
    """Low, likely and high (``etl.configuration.model.Range`` and ``KpiValue`` satisfy it)."""

    @property
    def low(self) -> float: ...
    @property
    def likely(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True)
class Worth:
    """One KPI's part of the sum.

    Parameters
    ----------
    kpi
        Words of the KPI.
    effect, std_error, effect_low, effect_high
        Effect per unit of its denominator with its interval (natural unit).
    volume
        Units of the denominator that trained agents handle in the period.
    unit_value
        Money per unit of the numerator. Where lower is better a unit is a cost, with or without a minus sign before it;
        elsewhere the sign counts.
    usable
        ``Verdict.believed``: False when the interval cannot be built on (a broken comparison, agents who chose
        themselves, too few teams); then no money is claimed.
    influence
        (n_clusters,) cluster influence of the effect, for the correlation between KPIs; ``None`` = independent.
    purse, purse_rank
        ``Kpi.purse``: parts with the same purse are the same money, and the one with the lowest rank is counted; empty
        = a purse of its own.
    df
        Degrees of freedom of the effect's interval; infinity where it is a normal one.
    """

    kpi: Wording
    effect: float
    std_error: float
    effect_low: float
    effect_high: float
    volume: float
    unit_value: Range
    usable: bool = True
    influence: Array | None = None
    purse: str = ""
    purse_rank: int = 1
    df: float = math.inf


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
    parts: Sequence[Worth],
    cost: Range | None,
    *,
    period_months: int,
    reader: Reader,
    ci_level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pl.DataFrame:
    """Rows of ``result.value``: each KPI in three scenarios, then ``total``, ``cost`` and ``net``.

    Parameters
    ----------
    parts
        KPIs with a money value, in catalogue order.
    cost
        Cost of the programme over the period; ``None`` leaves out ``cost`` and ``net``.
    period_months
        Months the volumes and the cost cover.
    reader
        Locale and currency.
    ci_level
        Level of every range.
    draws, seed
        Of the joint simulation.

    Returns
    -------
    polars.DataFrame
        Columns ``kpi, scenario, effect, effect_low, effect_high, volume, unit_value, amount, amount_low, amount_high,
        currency, sentence``. In a KPI's rows the range comes from the effect alone, at that scenario's unit value. In
        the rows of the sum, ``likely`` carries everything that is uncertain; ``low`` and ``high`` fix the assumptions
        at their unfavourable and favourable ends.

    Notes
    -----
    Assumptions: 1. the effect stays at its average over the trained weeks so far (not checked); 2. volume stays at
    the pace of the last weeks (not checked); 3. unit values are triangular between low and high with the mode at
    likely, and independent of each other (set by the reader); 4. money is linear in the effect (set by the reader).
    """
    if not parts and cost is None:
        return pl.DataFrame(schema=VALUE_COLUMNS)
    counted = _counted([p for p in parts if p.usable and math.isfinite(p.effect) and math.isfinite(p.std_error)])
    rows: list[tuple[object, ...]] = []
    for part in parts:
        rows.extend(_kpi_rows(part, counted, reader))
    rng = np.random.default_rng(seed)
    used = [p for p in parts if counted.get(p.kpi.id) == p.kpi.id]
    effects = effect_draws(
        np.array([p.effect for p in used]),
        np.array([p.std_error for p in used]),
        correlations([p.influence for p in used]),
        min((p.df for p in used), default=math.inf),
        draws,
        rng,
    )
    worths = [scenario_values(p) for p in used]
    columns = [triangular(w["low"], w["likely"], w["high"], draws, rng) for w in worths]
    values = np.column_stack(columns) if used else np.zeros((draws, 0))
    scale = np.array([p.volume for p in used])
    tail = (1 - ci_level) / 2
    total = {
        "low": effects @ (scale * np.array([w["low"] for w in worths])),
        "likely": (effects * values) @ scale,
        "high": effects @ (scale * np.array([w["high"] for w in worths])),
    }
    points = {s: float(sum(p.effect * p.volume * w[s] for p, w in zip(used, worths, strict=True))) for s in SCENARIOS}
    for s in SCENARIOS:
        low, high = np.quantile(total[s], [tail, 1 - tail]) if used else (math.nan, math.nan)
        rows.append(
            _sum_row(
                "total",
                s,
                points[s] if used else math.nan,
                float(low),
                float(high),
                reader,
                _total_words(points[s] if used else math.nan, float(low), float(high), period_months, reader),
            )
        )
    if cost is None:
        return pl.DataFrame(rows, schema=VALUE_COLUMNS, orient="row")
    cost_draws = triangular(cost.low, cost.likely, cost.high, draws, rng)
    against = {"low": cost.high, "likely": cost.likely, "high": cost.low}
    for s in SCENARIOS:
        spread = np.quantile(cost_draws, [tail, 1 - tail]) if s == "likely" else (against[s], against[s])
        words = f"The programme costs {reader.money(against[s])} over {_months(period_months)}."
        rows.append(_sum_row("cost", s, against[s], float(spread[0]), float(spread[1]), reader, words))
    for s in SCENARIOS:
        net = total[s] - (cost_draws if s == "likely" else against[s])
        low, high = np.quantile(net, [tail, 1 - tail]) if used else (math.nan, math.nan)
        point = points[s] - against[s] if used else math.nan
        above = float(np.mean(net > 0)) if used else math.nan
        words = _net_words(point, float(low), float(high), points[s], against[s], above, period_months, reader)
        rows.append(_sum_row("net", s, point, float(low), float(high), reader, words))
    return pl.DataFrame(rows, schema=VALUE_COLUMNS, orient="row")


def break_even_months(benefit: float, cost: float, period_months: int) -> float:
    """Months until the benefit, at a steady pace, has paid the cost; ``inf`` when it never does."""
    return cost / benefit * period_months if benefit > 0 else math.inf


def _counted(usable: Sequence[Worth]) -> dict[str, str]:
    """KPI id -> the id of the KPI through which its money is counted."""
    through: dict[str, str] = {}
    for part in usable:
        same = [p for p in usable if p.purse == part.purse] if part.purse else [part]
        through[part.kpi.id] = min(same, key=lambda p: p.purse_rank).kpi.id
    return through


def scenario_values(part: Worth) -> dict[str, float]:
    """Money per unit in each scenario: ``low`` is the end less favourable at the estimate, ``high`` the other."""
    given = (part.unit_value.low, part.unit_value.likely, part.unit_value.high)
    signed = [-abs(v) for v in given] if part.kpi.better == "lower" else list(given)
    ends = sorted((signed[0], signed[2]), key=lambda v: part.effect * v)
    return {"low": ends[0], "likely": signed[1], "high": ends[1]}


def _kpi_rows(part: Worth, counted: Mapping[str, str], reader: Reader) -> list[tuple[object, ...]]:
    kpi, through = part.kpi, counted.get(part.kpi.id)
    rows: list[tuple[object, ...]] = []
    for s in SCENARIOS:
        unit_value = scenario_values(part)[s]
        factor = part.volume * unit_value
        amounts = [factor * part.effect, *sorted((factor * part.effect_low, factor * part.effect_high))]
        if through is None:
            amounts = [math.nan] * 3
            words = "No money is claimed: this result is not safe to use."
        elif through != kpi.id:
            words = f"Not added to the total: it is the same money as {through}."
        else:
            volume = reader.count(rounded(part.volume, 2 - math.floor(math.log10(max(part.volume, 1.0)))))
            words = (
                f"{_change(part, reader)} on {volume} "
                f"{_plural(kpi.per)} at "
                f"{reader.money(abs(unit_value))} each is {_likely(amounts[0], amounts[1], amounts[2], reader)}."
            )
        rows.append(
            (
                kpi.id,
                s,
                part.effect,
                part.effect_low,
                part.effect_high,
                part.volume,
                unit_value,
                *amounts,
                reader.currency,
                words,
            )
        )
    return rows


def _change(part: Worth, reader: Reader) -> str:
    """The effect in words; finer than its interval supports rather than a zero that is worth money."""
    text = reader.change(part.effect, part.kpi, part.effect_low, part.effect_high)
    return text if any(c in "123456789" for c in text.split(" ")[0]) else reader.change(part.effect, part.kpi)


def _sum_row(
    kpi: str, scenario: str, amount: float, low: float, high: float, reader: Reader, words: str
) -> tuple[object, ...]:
    nan = math.nan
    return (kpi, scenario, nan, nan, nan, nan, nan, amount, low, high, reader.currency, words)


def _likely(amount: float, low: float, high: float, reader: Reader) -> str:
    half = (high - low) / 2
    return f"{reader.money(amount, half)} (likely between {reader.money(low, half)} and {reader.money(high, half)})"


def _total_words(amount: float, low: float, high: float, months: int, reader: Reader) -> str:
    if not math.isfinite(amount):
        return "No money is claimed: no KPI with a money value has a result that is safe to use."
    return f"Over {_months(months)} the estimated benefit is {_likely(amount, low, high, reader)}."


def _net_words(
    net: float, low: float, high: float, benefit: float, cost: float, above: float, months: int, reader: Reader
) -> str:
    if not math.isfinite(net):
        return "Whether it pays cannot be said yet."
    odds = f"it is above zero in {reader.count(100 * above)} of 100 simulated cases"
    if low < 0 < high:  # who cannot say whether it pays cannot say when
        half = (high - low) / 2
        ends = f"{reader.money(low, half)} to {reader.money(high, half)}"
        return (
            f"We can't tell yet whether the programme pays: after its cost, anything from {ends} over "
            f"{_months(months)}; {odds}."
        )
    first = f"After its cost, the programme leaves {_likely(net, low, high, reader)} over {_months(months)}"
    wait = break_even_months(benefit, cost, months)
    if not math.isfinite(wait):
        return f"{first}; {odds}. At this estimate it never pays back."
    if wait > 120:
        return f"{first}; {odds}. At this estimate it takes more than ten years to pay back."
    return f"{first}; {odds}. At this estimate it pays back after about {_months(max(1, math.ceil(wait)))}."


def _months(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def _plural(per: str) -> str:
    head, _, tail = per.partition(" with ")
    return f"{head}s with {tail}" if tail else (per if per.endswith("s") else f"{per}s")
