"""What the exports cover: their days, their fields, and what is unknown because of it."""

from __future__ import annotations

from dash import html

from dashboard.components.table import Column, table
from dashboard.data import data_quality as data
from dashboard.page import Context
from dashboard.pages.data.card import card, take_link
from dashboard.views import coverage as view


def spans(context: Context) -> html.Section:
    """The card: KPIs that are unknown and why, exports with their days and gaps, fields that are missing."""
    reader = context.settings.reader
    kpis = data.meta(context.queries, "kpi_coverage")
    of_days = data.meta(context.queries, "coverage", "source, relation")
    rows = view.spans(of_days, data.meta(context.queries, "coverage_gap"), reader)
    unknown = view.unknown(kpis, context.settings.catalogue, reader)
    partly = [row for row in unknown if row["known"] != view.NEVER]
    silent = [row for row in unknown if row["known"] == view.NEVER]
    silences = view.silences(data.meta(context.queries, "field_coverage"))
    why = [Column("kpis", "KPIs"), Column("known", "Known in"), Column("reason", "Why not in the others")]
    columns = [
        Column("source", "Source"),
        Column("relation", "Table"),
        Column("rows", "Rows", numeric=True),
        Column("days", "Rows from and to"),
        Column("speaks", "Speaks of"),
        Column("gaps", "Gaps"),
    ]
    return card(
        "spans",
        view.title(kpis),
        "An export says nothing about the time before it begins, after it ends, or without a field. What rests on it "
        "is unknown there, and never counted as zero.",
        table(why, partly, caption="KPIs that are known for a part of the time", reader=reader, sortable=False)
        if partly
        else None,
        html.Ul([html.Li(sentence) for sentence in silences], className="small") if silences else None,
        html.Details(
            [
                html.Summary("View the KPIs without data, and what to export for them"),
                table(why, silent, caption="KPIs without data", reader=reader, sortable=False),
            ],
            className="as-table",
        )
        if silent
        else None,
        html.Details(
            [
                html.Summary("View the days each export covers"),
                table(columns, rows, caption="Days and gaps by source and table", reader=reader),
            ],
            className="as-table",
        )
        if rows
        else None,
        csv=take_link("meta.coverage") if rows else None,
        className="spaced",
    )


def corrections(context: Context) -> html.Section | None:
    """The card: which entries of exports were corrected, by whom and why; None where none was."""
    reader = context.settings.reader
    rows = view.corrections(data.corrections(context.queries), reader)
    if not rows:
        return None
    columns = [
        Column("what", "What"),
        Column("entries", "Entries", numeric=True),
        Column("who", "By"),
        Column("when", "On"),
        Column("why", "Why"),
        Column("status", "Now"),
    ]
    return card(
        "corrections",
        view.corrections_title(rows, reader),
        "Exports stay as they came; a file of corrections says what is right, and the weeks it changes are restated.",
        table(columns, rows, caption="Corrections", reader=reader),
        className="spaced",
    )
