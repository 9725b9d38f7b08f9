"""Methods and glossary: what do these numbers mean?"""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from dashboard import glossary
from dashboard.components.attributes import attributes
from dashboard.components.choice import on_this_page
from dashboard.components.table import Column, table
from dashboard.data.scope import led_teams
from dashboard.page import Context, Page
from dashboard.state import Filters
from dashboard.views import methods as view

_SECTIONS = (
    ("verdicts", "Verdicts"),
    ("design", "This programme"),
    ("kpis", "KPIs"),
    ("words", "Words"),
    ("methods", "Methods in full"),
)


def answer(context: Context, filters: Filters) -> html.Div:
    """Verdicts, the design of this programme, KPIs, glossary, and the methods in full."""
    assignment = context.settings.config.programme.assignment
    text = glossary.methods()
    sections = [(key, name) for key, name in _SECTIONS if key != "methods" or text]
    return html.Div(
        [
            html.H1("Every number is a comparison with agents who were not trained yet", id="headline"),
            html.P(view.how_trained(assignment.mode, assignment.unit), className="lede"),
            on_this_page(sections),
            html.Div([_verdicts(), _design(context)], className="columns halves"),
            _kpis(context),
            _words(),
            _section("methods", "Methods in full", [dcc.Markdown(text, className="prose", link_target="_blank")])
            if text
            else None,
        ]
    )


def _verdicts() -> html.Section:
    rows = [
        html.Div(
            [html.Dt([html.Span(mark, **attributes({"aria-hidden": "true"})), f" {name}"]), html.Dd(meaning)],
            className="entry",
        )
        for mark, name, meaning in view.verdicts()
    ]
    return _section("verdicts", "Five verdicts, and no more", [html.Dl(rows, className="entries")])


def _design(context: Context) -> html.Section:
    rows, notes = context.queries.design()
    listed = view.estimators(rows)
    body: list[Any] = [html.P(words, className="card-subtitle") for words in notes.values()]
    config, reader = context.settings.config, context.settings.reader
    beside = view.beside(config.programme, config.programmes, reader, led_teams(context.queries))
    body += [html.P(words, className="card-subtitle") for words in beside]
    if listed:
        columns = [
            Column("estimator", "Comparison"),
            Column("allowed", "Fair here"),
            Column("role", "Used as"),
            Column("reason", "Because"),
        ]
        caption = "Which comparisons this design allows"
        body.append(table(columns, listed, caption=caption, reader=context.settings.reader, sortable=False))
    if not body:
        body.append(html.P("Nothing has been estimated yet; run `empathy estimate`.", className="muted"))
    return _section("design", "How agents came to be trained decides what may be compared", body)


def _kpis(context: Context) -> html.Section:
    groups: list[Any] = []
    for claim, entries in view.glossary(context.settings.catalogue, context.settings.reader).items():
        groups.append(html.H3(claim, className="claim"))
        groups.append(html.Dl([_kpi(entry) for entry in entries], className="entries kpis"))
    return _section("kpis", "What each KPI counts", groups)


def _kpi(entry: view.Entry) -> html.Div:
    kpi = entry.kpi
    better = f"{entry.better[:1].upper()}{entry.better[1:]}"
    facts = f"{entry.role}. {better}; {entry.matters} would matter. By {entry.sliced_by}."
    return html.Div(
        [
            html.Dt(dcc.Link(kpi.label, href=f"/effects/{kpi.id}")),
            html.Dd(
                [
                    html.P(kpi.definition),
                    html.P(f"Careful: {kpi.caveat}") if kpi.caveat else None,
                    html.P(facts, className="muted small"),
                    html.P(entry.counted, className="mono muted"),
                ]
            ),
        ],
        className="entry",
        id=f"kpi-{kpi.id}",
    )


def _words() -> html.Section:
    rows = [
        html.Div(
            [html.Dt(term.name), html.Dd([html.P(term.plain), html.P(term.exact, className="muted small")])],
            className="entry",
            id=f"word-{term.id}",
        )
        for term in glossary.terms()
    ]
    return _section("words", "Words on these pages, plainly and exactly", [html.Dl(rows, className="entries")])


def _section(id: str, title: str, body: list[Any]) -> html.Section:
    return html.Section(
        [html.H2(title, className="card-title", id=f"{id}-title"), *body],
        id=id,
        className="card spaced",
        **attributes({"aria-labelledby": f"{id}-title"}),
    )


PAGE = Page(
    key="methods",
    path="/methods",
    name="Methods",
    question="What do these numbers mean?",
    answer=answer,
    filtered=False,
    tells=False,
)
