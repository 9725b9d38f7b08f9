"""A KPI card: level, estimated change with its range, verdict in words, how many it rests on, and the trend."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from analysis.units import Reader
from dashboard.components.chart import drawing, info
from dashboard.components.states import address
from dashboard.figures.range_bar import range_bar
from dashboard.figures.sparkline import sparkline
from dashboard.state import Filters, day
from dashboard.views.overview import Card
from dashboard.views.verdicts import MEANINGS


def verdict_badge(state: str, mark: str, label: str, tone: str) -> html.Span:
    """A verdict: its mark, its words, and what it means on hover."""
    return html.Span(
        [html.Span(mark, className="mark-sign", **{"aria-hidden": "true"}), f" {label}"],
        className=f"verdict tone-{tone}",
        **({"data-tip": MEANINGS[state]} if state in MEANINGS else {}),
    )


def kpi_card(card: Card, filters: Filters, reader: Reader) -> html.Article:
    """One card.

    Parameters
    ----------
    card : Card
    filters : Filters
        Carried along by the link to the KPI's own page.
    reader : Reader
    """
    effect, kpi = card.effect, card.effect.kpi
    verdict = effect.verdict
    bar = range_bar(effect)
    trend = sparkline(
        card.trend,
        label=kpi.label,
        show=lambda value: reader.level(value, kpi),
        show_day=lambda value: day(value, reader.locale),
        trained_from=card.trained_from,
        target=kpi.target,
    )
    arrow = {True: "▲", False: "▼"}[effect.estimate > 0] if effect.tone != "unsure" else ""
    change: list[Any] = [html.Span(arrow, className="arrow", **{"aria-hidden": "true"}) if arrow else None, effect.change]
    return html.Article(
        [
            html.Div(
                [
                    html.H2(dcc.Link(kpi.label, href=address(f"/effects/{kpi.id}", filters)), className="card-title"),
                    info(f"{kpi.definition} {kpi.caveat}".strip(), f"How {kpi.label} is counted"),
                ],
                className="card-heading",
            ),
            html.Div(
                [
                    html.Span(card.level, className="level", **{"data-kpi": kpi.id, "data-what": "level"}),
                    html.Span(["last 4 weeks", html.Br(), card.target] if card.target else "last 4 weeks", className="level-note"),
                ],
                className="level-row",
            ),
            html.Div(
                [
                    html.Span(change, className=f"change tone-{effect.tone}", **{"data-kpi": kpi.id, "data-what": "change"}),
                    html.Span("from training, estimated" if effect.available else verdict.reason, className="muted small"),
                ],
                className="change-row",
            ),
            html.P(effect.likely, className="likely") if effect.available else None,
            drawing(bar) if bar else None,
            html.P([verdict_badge(verdict.state, verdict.mark, verdict.label, effect.tone), html.Span(effect.counts, className="counts")], className="verdict-row"),
            drawing(trend) if trend else html.P("No trend can be shown.", className="muted small"),
        ],
        className="card kpi-card",
        id=f"card-{kpi.id}",
    )
