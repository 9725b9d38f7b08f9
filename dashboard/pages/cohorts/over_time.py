"""Waves by time since training."""

from __future__ import annotations

from dash import html

from dashboard.components.chart import chart_card
from dashboard.components.table import Column
from dashboard.data import cohorts as data
from dashboard.data.events import happenings
from dashboard.figures.heatmap import heatmap
from dashboard.page import Context, csv_link
from dashboard.state import Filters
from dashboard.views import waves_over_time as view
from dashboard.views.events import listed
from etl.configuration.kpis import Kpi


def over_time_card(context: Context, kpi: Kpi, filters: Filters, reason: str) -> html.Section:
    reader, ci_level = context.settings.reader, context.settings.config.project.ci_level
    cells = view.blocks(data.effect_by_week(context.queries, kpi, filters), kpi, ci_level, reader)
    title = view.heat_title(cells, kpi)
    happened = happenings(context.queries, filters)
    cells = view.with_events(cells, happened, reader)
    numbers = {number for cell in cells for number in cell["events"].split(", ")}
    unit = reader.change_unit(kpi)
    columns = [
        Column("row_label", "Wave"),
        Column("column_label", "Weeks since training"),
        Column("words", f"Estimated change ({unit})"),
        Column("tip", "In words"),
    ]
    return chart_card(
        id="over-time",
        reader=context.settings.reader,
        title=title,
        subtitle=f"Estimated change in {_lower(kpi.label)} ({unit}) by wave and four weeks since training. Green: "
        "clearly better, purple: clearly worse, white: can't tell, dash: too early or too few agents."
        if cells
        else "",
        figure=heatmap(cells, label=title),
        definition="Each cell averages four weekly effects of one wave against agents not trained yet. Its range is a "
        "cautious one: the mean of the weekly errors.",
        columns=columns,
        rows=cells,
        note=listed([event for event in happened if str(event.number) in numbers], reader),
        csv=csv_link("cohort_weeks", filters, kpi=kpi.id),
        instead=html.P(
            reason or "No wave can be followed over time in this selection; widen the period or the sites.",
            className="muted small",
        ),
    )


def _lower(label: str) -> str:
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
