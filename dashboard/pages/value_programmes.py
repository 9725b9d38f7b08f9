"""The value page's card of all programmes of one server together."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from analysis.value.appraisal import Spread
from dashboard.components.chart import chart_card
from dashboard.components.table import Column
from dashboard.data.programmes import programmes_money
from dashboard.figures.money import money_bars
from dashboard.page import Context
from dashboard.views.assumptions import Asked
from dashboard.views.programmes import Programmes, Row, programmes


def programmes_of(context: Context, asked: Asked, own: Spread | None = None) -> Programmes | None:
    """The sum over the programmes of this server; None where there is one alone."""
    found = programmes_money(context.queries, context.beside, asked.assumptions)
    if not found:
        return None
    settings = context.settings
    return programmes(found, asked, context.queries.kpis(), settings.reader, settings.config.project.ci_level, own)


def programmes_card(context: Context, asked: Asked, csv: str, own: Spread) -> html.Section | None:
    """Net of each programme and of all together; ``own`` is that of the page."""
    shown = programmes_of(context, asked, own)
    if shown is None:
        return None
    settings = context.settings
    project, months = settings.config.project, asked.assumptions.months
    columns = [Column("name", "Programme"), Column("net", "Net, as measured"), Column("range", "Likely between")]
    if shown.drawn_together:
        columns += [Column("summed", "Net, as summed"), Column("summed_range", "Likely between")]
    return chart_card(
        id="programmes-together",
        reader=settings.reader,
        title=shown.title,
        subtitle=f"Net of each programme's own trained agents over {months} months, in {project.currency}, with "
        f"{project.ci_level:.0%} ranges; other programmes' assumptions are as configured.",
        figure=money_bars(shown.lines, settings.reader),
        definition="All programmes of this server are in the sum, whatever came out: a sum over those that went well "
        "is too high. Its range adds up the programmes' ranges, because their estimates may err the same way where "
        "the same teams are in several. It takes the programmes' effects on the same people to add up.",
        note=shown.note,
        columns=columns,
        rows=[_row(context, row) for row in shown.rows],
        csv=csv,
        instead=html.Div([html.P(words, className="muted") for words in shown.left_out]),
    )


def programmes_frame(context: Context, asked: Asked) -> pl.DataFrame:
    """``programme, net, low, high, summed, summed_low, summed_high`` in project currency, all together last."""
    shown = programmes_of(context, asked)
    rows = [] if shown is None else shown.rows
    names = ("net", "low", "high", "summed", "summed_low", "summed_high")
    schema = {"programme": pl.String, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame(
        [
            (
                row.name,
                *(getattr(amount, end) for amount in (row.measured, row.summed) for end in ("mid", "low", "high")),
            )
            for row in rows
        ],
        schema=schema,
        orient="row",
    )


def _row(context: Context, row: Row) -> dict[str, Any]:
    money = context.settings.reader.money

    def words(amount: Spread) -> tuple[str, str]:
        half = (amount.high - amount.low) / 2 or None
        return money(amount.mid, half), f"{money(amount.low, half)} and {money(amount.high, half)}"

    (net, span), (summed, summed_span) = words(row.measured), words(row.summed)
    return {"name": row.name, "net": net, "range": span, "summed": summed, "summed_range": summed_span}
