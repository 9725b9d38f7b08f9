"""What several programmes are worth together, as the value page shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.value.appraisal import Spread, appraise
from analysis.value.model import Model, model
from analysis.value.programmes import ProgrammeSum, together
from analysis.value.shrinkage import FEWEST_PROGRAMMES
from analysis.words.change import lower_label
from analysis.words.headline import shortened
from analysis.words.numbers import Reader
from dashboard.data.programmes import ProgrammeMoney
from dashboard.views.assumptions import Asked
from dashboard.views.overview import Money
from etl.configuration.kpis import Kpi


@dataclass(frozen=True)
class Row:
    """A programme, or all together: net at its own effects, and net as it is summed."""

    name: str
    measured: Spread
    summed: Spread


@dataclass(frozen=True)
class Programmes:
    """The card.

    Attributes
    ----------
    title, note
        The answer, and what has to be known of it.
    rows
        Programmes in their order, all together last; empty where fewer than two can be told.
    lines
        The same as bars.
    left_out
        What is not in the sum, a sentence each.
    drawn_together
        Labels of the KPIs whose effects were drawn together.
    """

    title: str
    note: str
    rows: tuple[Row, ...]
    lines: tuple[Money, ...]
    left_out: tuple[str, ...]
    drawn_together: tuple[str, ...]


def programmes(
    found: Sequence[ProgrammeMoney],
    asked: Asked,
    kpis: Sequence[Kpi],
    reader: Reader,
    ci_level: float,
    own: Spread | None = None,
) -> Programmes:
    """The sum over the programmes of one server.

    Parameters
    ----------
    found
        All of them.
    asked
        Months and goals that count, for every programme alike.
    kpis
        Of the page's programme, for their labels.
    reader
        Locale and currency.
    ci_level
        Level of every range.
    own
        Net of the page's own programme, where it has been worked out already.
    """
    sums, left_out, uncosted = [], [], []
    for one in found:
        made = None if one.parts is None or one.assumptions is None else _model(one, asked)
        why = one.why if made is None else _why_none(made)
        if made is None or why:
            left_out.append(f"{shortened(one.name)} is not in the sum. {why}")
            continue
        if not made.assumptions.cost_keys:
            uncosted.append(shortened(one.name))
        sums.append(_sum(one, made, asked, ci_level, own))
    if len(sums) < 2:
        title = "What the programmes are worth together can't be told: fewer than two of them have a net"
        return Programmes(title, "", (), (), tuple(left_out), ())
    made_sum = together(sums, ci_level=ci_level)
    rows = [
        Row(shortened(one.name), measured, summed)
        for one, measured, summed in zip(sums, made_sum.measured, made_sum.each, strict=True)
    ]
    all_measured = Spread(*(math.fsum(getattr(row.measured, end) for row in rows) for end in ("mid", "low", "high")))
    rows.append(Row("All together", all_measured, made_sum.net))
    labels = {kpi.id: lower_label(kpi) for kpi in kpis}
    drawn = tuple(labels.get(kpi, kpi) for kpi in made_sum.drawn_together)
    lines = tuple(_line(row, reader, total=row is rows[-1]) for row in rows)
    count = f"{len(sums)} of {len(found)}" if left_out else f"{len(sums)}"
    return Programmes(
        title=_title(made_sum.net, count, uncosted, reader),
        note=" ".join((*_note(made_sum.apart, drawn, len(sums), reader), *left_out)),
        rows=tuple(rows),
        lines=lines,
        left_out=tuple(left_out),
        drawn_together=drawn,
    )


def _model(one: ProgrammeMoney, asked: Asked) -> Model | None:
    if one.parts is None or one.assumptions is None:
        return None
    return model(
        one.parts.worths,
        replace(one.assumptions, months=asked.assumptions.months),
        n_trained=one.parts.n_trained,
        n_everybody=one.parts.n_everybody,
        clear_only=asked.clear_only,
    )


def _sum(one: ProgrammeMoney, made: Model, asked: Asked, ci_level: float, own: Spread | None) -> ProgrammeSum:
    assert one.parts is not None
    table = one.parts.correlation(tuple(part.kpi.id for part in made.used))
    key = (asked.assumptions.months, asked.clear_only, ci_level, tuple(made.assumptions.stated.items()))
    net = own if one.queries is None else None
    measured = net or one.kept(key, lambda: appraise(made, correlation=table, ci_level=ci_level).net)
    return ProgrammeSum(one.name, made, one.parts.worths, table, measured)


def _why_none(made: Model) -> str:
    """Why a programme has no net; empty where it has one."""
    if made.unsafe_costs:
        names = ", ".join(part.kpi.label for part in made.unsafe_costs)
        return f"{names} may have cost money there, and what is known of it may not be used."
    if not made.used or not np.isfinite(made.volumes).all():
        return "No goal with a unit value has a result there that is safe to use."
    return ""


def _title(net: Spread, count: str, uncosted: Sequence[str], reader: Reader) -> str:
    half = (net.high - net.low) / 2 or None
    money = f"net {reader.money(net.mid, half)}, likely {reader.money(net.low, half)} to {reader.money(net.high, half)}"
    before = f", before the cost of {' and '.join(uncosted)}, which nobody stated" if uncosted else ""
    if net.holds_zero:
        return f"Can't tell yet whether {count} programmes together pay: {money}{before}"
    return f"{count} programmes together likely {'pay' if net.low >= 0 else 'do not pay'}: {money}{before}"


def _note(apart: Spread, drawn: Sequence[str], count: int, reader: Reader) -> tuple[str, ...]:
    half = (apart.high - apart.low) / 2 or None
    alone = (
        f"If the programmes' estimates err independently of each other, the sum is likely between "
        f"{reader.money(apart.low, half)} and {reader.money(apart.high, half)}."
    )
    if drawn:
        listed = drawn[0] if len(drawn) == 1 else f"{', '.join(drawn[:-1])} and {drawn[-1]}"
        return (alone, f"Drawn towards their mean before they were summed: effects on {listed}.")
    here = "no KPI is in so many" if count >= FEWEST_PROGRAMMES else f"here there are {count}"
    few = f"effects are drawn towards their mean before they are summed from {FEWEST_PROGRAMMES} programmes on; {here}."
    return (alone, f"{few[:1].upper()}{few[1:]}")


def _line(row: Row, reader: Reader, *, total: bool) -> Money:
    amount = row.summed
    written = reader.money(amount.mid, (amount.high - amount.low) / 2 or None)
    return Money(
        row.name, amount.low, amount.mid, amount.high, written, total=total, unsure=amount.holds_zero and not total
    )
