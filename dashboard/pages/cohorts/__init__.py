"""Cohorts: who gained, before against after, against their comparison?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from dash import dcc, html

from dashboard import glossary
from dashboard.components.choice import choice, menu
from dashboard.components.states import address, message, period_base
from dashboard.data import cohorts as data
from dashboard.page import Context, Download, Page
from dashboard.pages.adoption import course_names
from dashboard.pages.cohorts.choices import BASE, address_of, chosen_kpi, kpis, too_few
from dashboard.pages.cohorts.gains import gains_card
from dashboard.pages.cohorts.over_time import over_time_card
from dashboard.pages.cohorts.pair import download_pair, pair_card
from dashboard.state import Filters
from dashboard.views import cohorts as view
from dashboard.views.verdicts import two_parts
from etl.configuration.kpis import Kpi


def answer(context: Context, filters: Filters, kpi: str = "", by: str = "", pair: str = "") -> html.Div:
    """Groups compared on one KPI, two of them side by side, and waves over time."""
    queries, reader = context.queries, context.settings.reader
    chosen = chosen_kpi(context, kpi)
    ways = data.by_values(queries, chosen)
    if not ways:
        words = "These data have one wave, one site and one team, so there is nobody to compare with each other."
        return html.Div([html.H1(PAGE.question), message("Nothing to compare", words)])
    by = by if by in ways else ways[0]
    head = [_kpis(context, chosen, by, filters), _ways(chosen, ways, by, filters)]
    reason = queries.unavailable(chosen, filters)
    if reason:
        clear = [dcc.Link("Clear all filters", href=address_of(chosen, by), className="button")]
        words = f"{chosen.label}: {reason[:1].lower()}{reason[1:]}"
        return html.Div([html.H1(PAGE.question), *head, message("Not available for this selection", words, clear)])
    found = data.gains(queries, chosen, by, filters)
    shown = [_leading(g, chosen, by, filters) for g in view.groups(found, chosen, by, course_names(context), reader)]
    sentence, detail = two_parts(view.sentence(shown, chosen, by, found, reader))
    lede = f"{detail} {view.who(shown, chosen)}".strip()
    return html.Div(
        [
            html.H1(sentence, id="headline"),
            html.P(lede, className="lede") if lede else None,
            period_base(filters, reader),
            html.Div(head, className="choice-rows"),
            pair_card(context, shown, found, chosen, by, pair, filters) if len(shown) > 1 else None,
            html.Div(
                [
                    html.Div([gains_card(context, shown, found, chosen, by, filters), _reading(by)], className="stack"),
                    html.Div(
                        [
                            over_time_card(context, chosen, filters, found.reason),
                            _hidden(context, found, by),
                        ],
                        className="stack",
                    ),
                ],
                className="columns two-one",
            )
            if shown
            else _nothing(context, found, chosen, ways, by, filters),
        ]
    )


def _leading(group: view.Group, kpi: Kpi, by: str, filters: Filters) -> view.Group:
    """The group with the address of its own effect; courses share their people and have none."""
    if not data.BY[by]:
        return group
    one: dict[str, Any] = {data.BY[by]: (group.value,)}
    return replace(group, href=address(f"/effects/{kpi.id}", replace(filters, **one)))


def _kpis(context: Context, chosen: Kpi, by: str, filters: Filters) -> html.Details:
    options = [(address_of(item, by), item.label) for item in kpis(context)]
    return menu(f"KPI: {chosen.label}", options, address_of(chosen, by), filters)


def _ways(chosen: Kpi, ways: list[str], by: str, filters: Filters) -> html.Nav:
    options = [(address_of(chosen, way), view.NAMES[way]) for way in ways]
    return choice("What is compared", options, address_of(chosen, by), filters)


def _nothing(context: Context, found: data.Gains, kpi: Kpi, ways: list[str], by: str, filters: Filters) -> html.Div:
    """Every group is too small, or nobody was trained: what else can be compared."""
    others = [
        dcc.Link(f"Compare {view.NAMES[way].lower()}", href=address(address_of(kpi, way), filters), className="button")
        for way in ways
        if way != by
    ]
    if not filters.is_everything:
        others.append(dcc.Link("Clear all filters", href=address_of(kpi, by), className="button"))
    words = too_few(context, by) if view.n_hidden(found) else found.reason or too_few(context, by)
    return message(f"No {view.NOUNS[by]} can be shown by itself", words, others)


def _hidden(context: Context, found: data.Gains, by: str) -> html.Section | None:
    n = view.n_hidden(found)
    if not n:
        return None
    noun = view.NAMES[by].lower() if n > 1 else view.NOUNS[by]
    return html.Section(
        [
            html.H2(f"{n} {noun} {'are' if n > 1 else 'is'} not shown", className="card-title"),
            html.P(too_few(context, by), className="card-subtitle"),
        ],
        className="card",
    )


def _reading(by: str) -> html.Section:
    extra = (
        html.P(
            "Most agents took several courses, so the rows overlap: they say what became of those who took a course, "
            "not what the course did alone.",
            className="card-subtitle",
        )
        if by == "course"
        else None
    )
    return html.Section(
        [
            html.H2("How to read this", className="card-title"),
            html.P(
                "The dot against the ring is what a report would call the improvement. The dot against the bar is what "
                "training changed: the bar is where the group would stand had it moved like agents not trained yet.",
                className="card-subtitle",
            ),
            html.P(glossary.plain("shrunk"), className="card-subtitle") if by == "team" else None,
            extra,
        ],
        className="card",
    )


def _download(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    kpi = chosen_kpi(context, parts["kpi"])
    by = parts["by"] if parts["by"] in data.BY else "team"
    return data.gains(context.queries, kpi, by, filters).rows


PAGE = Page(
    key="cohorts",
    path=f"{BASE}/<kpi>/<by>/<pair>",
    name="Cohorts",
    question="Who gained, and by how much?",
    answer=answer,
    downloads={
        "cohorts": Download(
            "Level before, level after and estimated change by wave, site, team or course; own_ and ci_ columns are "
            "the group's own estimate, shrunk_ columns are drawn to the mean of all",
            _download,
            ("kpi", "by"),
        ),
        "cohort_pair": Download(
            "Two groups side by side: own estimates, and level by four weeks", download_pair, ("kpi", "by", "pair")
        ),
        "cohort_weeks": Download(
            "Estimated change by training wave and week",
            lambda context, filters, parts: data.effect_by_week(
                context.queries, chosen_kpi(context, parts["kpi"]), filters
            ),
            ("kpi",),
        ),
    },
)
