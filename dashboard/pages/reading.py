"""Section below an effect with context for its reading: course, spillover, leaving, groups."""

from __future__ import annotations

from collections.abc import Iterator

from dash import html

from analysis.words.price import PRICE
from analysis.words.refreshers import sentence
from dashboard.components.table import Column, table
from dashboard.data.gains import gains
from dashboard.data.refreshers import refreshed
from dashboard.page import Context
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from dashboard.views import effects as view
from dashboard.views import gains as gain_view
from dashboard.views.price import price
from dashboard.views.verdicts import Effect, effect


def beside(context: Context, model: view.EffectsPage, filters: Filters) -> html.Section | None:
    """What changes how the number is read; for goals, what agents may pay for it."""
    told = list(model.beside)
    if model.effect.kpi.role == "primary" and model.effect.available and context.queries.is_quick(filters):
        paid = price(_paid(context, filters, model.effect.kpi.id))
        told += [("What it costs agents", paid)] if paid else []
    if filters.is_everything and model.effect.available and not current().restricted:
        brought = refreshed(context.queries)
        seen = None if brought is None else brought.found.get(model.effect.kpi.id)
        told += [("Refreshers", sentence(seen, model.effect.kpi, context.settings.reader))] if seen else []
    if not told:
        return None
    lines = [html.Li(html.Span([html.Strong(f"{name}. "), words])) for name, words in told]
    title = html.H2("How to read the number", className="card-title")
    return html.Section([title, html.Ul(lines, className="open-list")], className="card", id="beside")


def _paid(context: Context, filters: Filters, but: str) -> Iterator[Effect]:
    """Effects on the KPIs in which strain shows, the page's own left out."""
    for kpi in context.queries.kpis():
        if kpi.id in PRICE and kpi.id != but and not context.queries.unavailable(kpi, filters):
            row = context.queries.headline(kpi.id, filters)
            if row is not None:
                yield effect(row, kpi, context.settings.reader)


def gains_of(context: Context, model: view.EffectsPage, filters: Filters) -> html.Section | None:
    """Groups of agents and contacts against each other."""
    kpi, reader = model.effect.kpi, context.settings.reader
    rows = gains(context.queries, kpi.id, filters)
    if rows.is_empty() or not model.effect.available:
        return None
    columns = [
        Column("group", "Told apart by"),
        Column("value", "Group"),
        Column("n_agents", "Trained agents", numeric=True),
        Column("change", "Change, drawn to the others"),
        Column("difference", "Difference from the others"),
        Column("reading", "Reading"),
    ]
    title = gain_view.title(rows)
    words = (
        "Groups are told apart by their difference, allowing for all that were looked at. The level before is that "
        "of an early window, which is left out of the effect, so that a low level by chance does not look like a gain."
    )
    return html.Section(
        [
            html.H2(title, className="card-title"),
            html.P(words, className="card-subtitle"),
            html.Details(
                [
                    html.Summary("The groups"),
                    table(columns, gain_view.table(rows, kpi, reader), caption=title, reader=reader),
                ],
                className="as-table",
                open=gain_view.tells(rows),
            ),
        ],
        className="card",
        id="gains",
    )
