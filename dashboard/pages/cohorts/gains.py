"""Before, after and expected of every group, with its estimated change."""

from __future__ import annotations

from dash import html

from analysis.words.numbers import plural
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
    title = view.gains_title(shown, kpi, by, differ=found.differ)
    level = f"{context.settings.config.project.ci_level:.0%}"
    unit = reader.change_unit(kpi)
    counted = (
        f"Agents are those with {plural(kpi.per)} after training: whoever left before, or has none, is counted under "
        "Attrition and Adoption only."
        if any(g.known for g in shown)
        else ""
    )

    columns = [
        Column("label", view.NOUNS[by].capitalize()),
        Column("n_agents", "Agents", numeric=True, help=f"With {plural(kpi.per)} after training"),
        Column("before", "Before", numeric=True, words="before_words"),
        Column("expected", "Expected without", numeric=True, words="expected_words"),
        Column("after", "After", numeric=True, words="after_words"),
        Column("change", f"Change ({unit})", numeric=True, words="change_words"),
        Column("low", "likely from", numeric=True, words="low_words"),
        Column("high", "to", numeric=True, words="high_words"),
        Column("own", "By its own data", numeric=True, help="Before it was pulled to the average", words="own_words"),
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
        note=" ".join(
            filter(None, (view.spread_words(found, kpi, by, reader), view.unclaimed_words(shown, by), counted))
        ),
        table_open=True,
    )
