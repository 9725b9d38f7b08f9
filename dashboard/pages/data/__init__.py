"""Data: can I trust today's numbers?"""

from __future__ import annotations

from dash import html

from dashboard.components.choice import on_this_page
from dashboard.data import data_quality as data
from dashboard.page import Context, Download, Page
from dashboard.pages.data.books import checks, coverage_card, recomputed, reconciliation, rejects
from dashboard.pages.data.coverage import corrections, spans
from dashboard.pages.data.history import relations, restated, versions
from dashboard.pages.data.lineage import BASE, downloads, lineage
from dashboard.state import Filters
from dashboard.views import data_quality as view

_PARTS = (
    ("reconciliation", "Every row"),
    ("checks", "Checks"),
    ("recomputed", "Recomputed"),
    ("rejects", "Rejects"),
    ("coverage", "Agents matched"),
    ("spans", "What is covered"),
    ("restated", "What changed"),
    ("lineage", "Where a number comes from"),
    ("downloads", "Take the tables along"),
)


def answer(context: Context, filters: Filters, kpi: str = "") -> html.Div:
    """Reconciliation, checks, rejects, joins, restatements, lineage and downloads of the version being served."""
    queries, reader = context.queries, context.settings.reader
    about = queries.about()
    found = view.ledger(data.meta(queries, "file_manifest"))
    coverage = data.meta(queries, "identity_coverage", "source")
    refits = recomputed(context)
    second = [] if refits is None else [refits]
    parts = [part for part in _PARTS if second or part[0] != "recomputed"]
    facts = view.facts(found, about, coverage, data.dropped(queries), context.settings.today, reader)
    return html.Div(
        [
            html.H1(view.sentence(found, about, reader), id="headline"),
            on_this_page(parts),
            html.Div([_fact(item) for item in facts], className="tiles"),
            reconciliation(context, found),
            html.Div(
                [
                    html.Div([checks(context), *second], className="stack"),
                    html.Div([rejects(context, found), coverage_card(context, coverage)], className="stack"),
                ],
                className="columns halves",
            ),
            spans(context),
            corrections(context),
            relations(context),
            html.Div([restated(context), versions(context)], className="columns two-one"),
            lineage(context, kpi),
            downloads(context),
        ]
    )


def _fact(item: dict[str, str]) -> html.Div:
    return html.Div(
        [
            html.Div(item["name"], className="tile-name"),
            html.Div(item["value"], className="tile-value"),
            html.Div(item["note"], className="tile-note"),
        ],
        className="tile",
    )


PAGE = Page(
    key="data",
    path=f"{BASE}/<kpi>",
    name="Data",
    question="Can I trust today's numbers?",
    answer=answer,
    filtered=False,
    moving=True,
    downloads={
        "table": Download(
            "A table of the warehouse",
            lambda context, filters, parts: data.take(context.queries, parts["relation"]),
            ("relation",),
            applies=(),
        ),
        "rejects": Download(
            "Where rejected rows stand, and why they were refused",
            lambda context, filters, parts: data.rejects(context.queries),
            applies=(),
        ),
    },
)
