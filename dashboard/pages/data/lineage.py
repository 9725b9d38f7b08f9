"""Where a number comes from, and the tables to take along."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard.components.choice import menu
from dashboard.data import data_quality as data
from dashboard.page import Context
from dashboard.pages.data.card import card, take_link
from dashboard.state import Filters
from dashboard.views import data_quality as view
from etl.configuration.kpis import Kpi

BASE = "/data"


def lineage(context: Context, kpi: str) -> html.Section:
    catalogue = context.settings.catalogue
    shown = context.queries.kpis()
    chosen: Kpi = catalogue[kpi] if kpi in catalogue else shown[0]
    layers = view.lineage_layers(data.lineage(context.queries, chosen.id))
    options = [(f"{BASE}/{item.id}", item.label) for item in shown]
    picker = menu(f"KPI: {chosen.label}", options, f"{BASE}/{chosen.id}", Filters())
    parts: list[Any] = []
    for layer in layers:
        items = [
            html.Div(
                [
                    html.Div(item["relation"], className="mono strong"),
                    html.Div(", ".join(item["columns"]), className="mono muted"),
                ],
                className="layer-item",
            )
            for item in layer["items"]
        ]
        parts.append(html.Li([html.H3(layer["title"], className="layer-title"), *items], className="layer"))
    what = f"where {chosen.where}" if chosen.where else "all rows"
    return card(
        "lineage",
        f"{chosen.label}: from the number back to the fields it is made of",
        chosen.definition,
        picker,
        html.Dl(
            [
                html.Dt("Adds up"),
                html.Dd(chosen.numerator, className="mono"),
                html.Dt("Divided by"),
                html.Dd(f"{chosen.denominator} per row of core.{chosen.exposed_to}", className="mono"),
                html.Dt("Counted on"),
                html.Dd(f"core.{chosen.base}, {what}", className="mono"),
            ],
            className="recipe",
        ),
        html.Ol(parts, className="layers")
        if parts
        else html.P(
            "This version carries no column lineage; build again to make it."
            if data.meta(context.queries, "lineage").is_empty()
            else "No export that was loaded has fields it is made of.",
            className="muted",
        ),
        csv=take_link("meta.lineage") if parts else None,
    )


def downloads(context: Context) -> html.Section:
    rows = data.tables(context.queries)
    marts = rows.filter(~pl.col("relation").str.starts_with("result."))
    results = rows.filter(pl.col("relation").str.starts_with("result."))

    def listed(part: pl.DataFrame) -> html.Ul:
        return html.Ul(
            [
                html.Li(
                    [
                        html.A(row["relation"], href=take_link(row["relation"]), download="", className="mono"),
                        html.Span(f" {row['about']}", className="muted"),
                    ]
                )
                for row in part.iter_rows(named=True)
            ],
            className="download-list",
        )

    minimum = context.settings.min_group
    return card(
        "downloads",
        "Take the tables along",
        f"CSV with numbers as stored and a header that says where they come from. Groups under {minimum} agents, and "
        "what would reveal them, are blank.",
        listed(marts),
        html.Details([html.Summary(f"{results.height} tables of estimates"), listed(results)], className="as-table")
        if results.height
        else None,
        html.P(
            "Rows of single agents stay with the warehouse: empathy export mart.agent_week --out agent_week.parquet, "
            "on the machine that holds it.",
            className="chart-note",
        ),
        className="no-print spaced",
    )
