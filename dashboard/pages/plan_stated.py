"""The plan before there are data: what so many teams could tell, from stated numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from analysis.errors import EstimationError
from dashboard.components.chart import chart_card
from dashboard.components.states import message
from dashboard.components.table import Column
from dashboard.figures.plan_curves import plan_curves
from dashboard.settings import Settings
from dashboard.views import plan_stated as view


def stated_page(settings: Settings, choices: Mapping[str, str]) -> html.Div:
    """What a roll-out could tell, from stated numbers alone.

    Parameters
    ----------
    settings : Settings
    choices : mapping
        Of the page's address.
    """
    stated, reader = view.read(choices), settings.reader
    refused = [html.Div(words, className="banner banner-note", role="status") for words in stated.refused]
    try:
        kpi = view.goal_of(settings.catalogue)
        shown = view.view(stated, kpi, reader, settings.config.project.ci_level)
    except EstimationError as fault:
        words = message("This plan cannot be carried out", str(fault), [dcc.Link("Start over", href="/plan?rate=12")])
        return html.Div([html.H1("With so many teams, can we learn anything?"), *refused, words, _controls(stated)])
    rows = [
        {
            "case": name,
            "shared": f"{reader.number(100 * shared, 1)}%",
            "lasting": f"{reader.number(100 * lasting)}%",
            "detectable": reader.size(one.detectable, kpi),
            "week": f"week {int(one.weeks_to_know)}" if one.weeks_to_know < float("inf") else "not in time",
        }
        for (name, shared, lasting), one in zip(view.CASES, shown.outlooks, strict=True)
    ]
    columns = [
        Column("case", "Team shocks"),
        Column("shared", "Shared in a week", help="Of the variance of a contact's outcome."),
        Column("lasting", "Lasts a week", help="Of what is shared, the part still there a week later."),
        Column("detectable", "Detectable at best"),
        Column("week", "Known by"),
    ]
    curves = chart_card(
        id="detectable",
        reader=reader,
        title=f"Smallest detectable change in {kpi.label.lower()}, in multiples of the change that matters",
        subtitle=f"A change of {reader.size(kpi.smallest_effect, kpi)} would matter; by week since the first wave.",
        figure=plan_curves(shown.curves, reader),
        definition="From the stated share and contacts, for the estimator and the interval that will be used. The "
        "size of team shocks is not known before there are data, so three cases are drawn.",
        columns=columns,
        rows=rows,
        instead=html.P("Nobody is left to compare with, so nothing can be told.", className="muted"),
        table_open=True,
    )
    warned = [html.Div(words, className="banner banner-note", role="status") for words in shown.warnings]
    return html.Div(
        [
            html.H1(shown.title, id="headline"),
            html.P(shown.detail, className="lede"),
            *refused,
            *warned,
            html.Div(
                [html.Div(curves, className="stack"), html.Div(_controls(stated), className="stack")],
                className="columns two-one spaced",
            ),
        ]
    )


def _controls(stated: view.Stated) -> html.Section:
    usual = {name: str(value) for name, value in view.read({}).numbers.items()}
    sliders: list[Any] = []
    for name in view.SLIDERS:
        low, high = view.limits(name)
        value = stated.numbers[name]
        head = html.Div(
            [html.Span(view.LABELS[name]), html.Span(str(value), className="strong")], className="slider-head"
        )
        slider = dmc.Slider(
            id={"type": "plan-number", "key": name},
            value=value,
            min=low,
            max=high,
            step=50 if name == "contacts" else 1,
            updatemode="mouseup",
            thumbLabel=view.LABELS[name],
            size="sm",
        )
        sliders.append(html.Div([head, slider]))
    return html.Section(
        [
            html.H2("Stated numbers", className="card-title"),
            html.P("Move a slider: the answer follows, and the address keeps it.", className="card-subtitle"),
            dcc.Store(id={"type": "plan-usual", "key": "plan"}, data=usual),
            html.Div(sliders, className="sliders"),
            dcc.Link("Start over", href="/plan?rate=12", className="choice no-print spaced"),
        ],
        className="card",
        id="the-plan",
    )
