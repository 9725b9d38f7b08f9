"""Before, after and expected of every group, with its estimated change."""

from __future__ import annotations

from statistics import median
from typing import Any

from dash import html

from analysis.words.numbers import decimals_for
from dashboard import glossary
from dashboard.components.chart import chart_card
from dashboard.components.table import Column
from dashboard.data import cohorts as data
from dashboard.figures.dumbbell import dumbbell
from dashboard.page import Context, csv_link
from dashboard.state import Filters
from dashboard.views import cohorts as view
from etl.configuration.kpis import Kpi


def gains_card(
    context: Context, shown: list[view.Group], found: data.Gains, kpi: Kpi, by: str, filters: Filters
) -> html.Section:
    reader = context.settings.reader
    title = view.gains_title(shown, kpi, by)
    level = f"{context.settings.config.project.ci_level:.0%}"
    unit, decimals = reader.change_unit(kpi), _decimals(shown, kpi, reader)

    def number(value: float) -> str:
        return reader.number(value, decimals)

    columns = [
        Column("label", view.NOUNS[by].capitalize()),
        Column("n_agents", "Agents", numeric=True),
        Column("before", "Before", numeric=True, show=number),
        Column("expected", "Expected without", numeric=True, show=number),
        Column("after", "After", numeric=True, show=number),
        Column("change", f"Change ({unit})", numeric=True, show=number),
        Column("low", "likely from", numeric=True, show=number),
        Column("high", "to", numeric=True, show=number),
        Column("own", "By its own data", numeric=True, show=number, help="Before it was pulled towards the average"),
    ]
    legend = html.Div(
        [
            html.Span([html.Span("○", className="ink-before"), " before training"]),
            html.Span([html.Span("●", className="ink-trained"), " after"]),
            html.Span([html.Span("|", className="strong"), " expected without training"]),
            html.Span("grey band: less than would matter"),
        ],
        className="legend",
    )
    return chart_card(
        id="gains",
        reader=context.settings.reader,
        title=title,
        subtitle=f"{kpi.label}: level, and estimated change ({unit}) against agents not trained yet, {level} range; "
        "largest gain first.",
        figure=dumbbell(shown, label=title, kpi=kpi, mean=found.mean, reader=reader),
        definition=f"{kpi.definition} {glossary.plain('expected')}",
        columns=columns,
        rows=view.table(shown, kpi, reader),
        csv=csv_link("cohorts", filters, kpi=kpi.id, by=by),
        legend=legend,
        instead=html.P("No group has a level both before and after training.", className="muted"),
        note=view.spread_words(found, kpi, by, reader),
        table_open=True,
    )


def _decimals(shown: list[view.Group], kpi: Kpi, reader: Any) -> int:
    """As many as the ranges support, the same in a whole column."""
    halves = [reader.shown(g.high - g.low, kpi) / 2 for g in shown if g.known and g.high > g.low]
    return max(0, decimals_for(median(halves) if halves else reader.shown(kpi.smallest_effect, kpi)))
