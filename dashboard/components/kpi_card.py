"""A KPI card: level, estimated change with its range, verdict in words, how many it rests on, and the trend."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from analysis.words.numbers import Reader
from dashboard.components.attributes import attributes
from dashboard.components.chart import drawing, info
from dashboard.components.states import address
from dashboard.figures.range_bar import range_bar
from dashboard.figures.sparkline import sparkline
from dashboard.state import Filters, day
from dashboard.views.events import Tick
from dashboard.views.overview import Card
from dashboard.views.verdicts import MEANINGS, Effect, split_level

LONGEST_UNIT_BESIDE = 12
"""Characters of a unit that fit beside the level; a longer one stands below it."""


def verdict_badge(state: str, mark: str, label: str, tone: str) -> html.Span:
    """A verdict: its mark, its words, and what it means on hover."""
    return html.Span(
        [html.Span(mark, className="mark-sign", **attributes({"aria-hidden": "true"})), f" {label}"],
        className=f"verdict tone-{tone}",
        **attributes({"data-tip": MEANINGS[state]} if state in MEANINGS else {}),
    )


def _why(effect: Effect) -> str:
    """Why there is no clear answer although the range leaves out no change."""
    excludes = effect.available and (effect.ci_low > 0 or effect.ci_high < 0)
    return effect.verdict.reason if excludes and effect.verdict.state == "cant_tell_yet" else ""


def kpi_card(card: Card, filters: Filters, reader: Reader, ticks: Sequence[Tick] = ()) -> html.Article:
    """One card.

    Parameters
    ----------
    card : Card
    filters : Filters
        Carried along by the link to the KPI's own page.
    reader : Reader
    ticks : sequence of Tick
        What else happened, by day.
    """
    effect, kpi = card.effect, card.effect.kpi
    heading = html.Div(
        [
            html.H2(dcc.Link(kpi.label, href=address(f"/effects/{kpi.id}", filters)), className="card-title"),
            info(f"{kpi.definition} {kpi.caveat}".strip(), f"How {kpi.label} is counted"),
        ],
        className="card-heading",
    )
    if effect.verdict.mark == "–":
        words = html.P(f"{effect.verdict.reason} Clear that filter to see it.", className="muted")
        return html.Article([heading, words], className="card kpi-card", id=f"card-{kpi.id}")
    verdict = effect.verdict
    bar = range_bar(effect)
    trend = sparkline(
        card.trend,
        label=kpi.label,
        show=lambda value: reader.level(value, kpi),
        show_day=lambda value: day(value, reader.locale),
        trained_from=card.trained_from,
        target=kpi.target,
        ticks=ticks,
    )
    arrow = {True: "▲", False: "▼"}[effect.estimate > 0] if effect.tone != "unsure" else ""
    number, unit = split_level(card.level)
    beside, below = (unit, "") if len(unit) <= LONGEST_UNIT_BESIDE else ("", unit)
    seen = ", ".join(part for part in (below, card.seen) if part)
    note = " · ".join(part for part in (seen, card.target) if part)
    change = [
        html.Span(arrow, className="arrow", **attributes({"aria-hidden": "true"})) if arrow else None,
        effect.short_change if effect.available else effect.change,
    ]
    level = html.Div(
        [
            html.Div(
                [
                    html.Span(number, className="level", **attributes({"data-kpi": kpi.id, "data-what": "level"})),
                    html.Span(beside, className="level-unit") if beside else None,
                ],
                className="level-row",
            ),
            html.P(note, className="level-note"),
        ]
    )
    body = html.Div(
        [
            html.Div(
                [
                    html.Span(
                        change,
                        className=f"change tone-{effect.tone}",
                        **attributes({"data-kpi": kpi.id, "data-what": "change"}),
                    ),
                    html.Span("from training" if effect.available else verdict.reason, className="small muted"),
                ],
                className="change-row",
            ),
            html.P(effect.between, className="likely") if effect.available else None,
            drawing(bar) if bar else None,
            html.P(verdict_badge(verdict.state, verdict.mark, verdict.label, effect.tone), className="verdict-row"),
            html.P(_why(effect), className="likely") if _why(effect) else None,
            html.P(effect.counts, className="counts") if effect.counts else None,
            html.Div(
                drawing(trend) if trend else html.P("No trend can be shown.", className="muted small"),
                className="trend",
            ),
        ],
        className="kpi-body",
    )
    return html.Article([heading, level, body], className="card kpi-card", id=f"card-{kpi.id}")
