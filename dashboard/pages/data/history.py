"""What became of the rows, and what changed since earlier versions."""

from __future__ import annotations

import polars as pl
from dash import html

from analysis.words.numbers import plural
from dashboard.components.table import Column, table
from dashboard.data import data_quality as data
from dashboard.page import Context
from dashboard.pages.data.card import card, take_link
from dashboard.views import data_quality as view

MOST_RESTATED = 100


def relations(context: Context) -> html.Section | None:
    rows = data.meta(context.queries, "reconciliation", "relation")
    if rows.is_empty():
        return None
    unequal = rows.filter(pl.col("difference") != 0).height if "difference" in rows.columns else 0
    title = (
        f"{plural('Table', rows.height)} reconciled back to the files: all {rows.height}"
        if not unequal
        else f"{unequal} of {rows.height} tables do not reconcile back to the files"
    )
    columns = [
        Column("relation", "Table"),
        Column("rows", "Rows", numeric=True),
        Column("from_files", "From the files", numeric=True),
        Column("difference", "Difference", numeric=True),
        Column("sentence", "Explained"),
    ]
    return card(
        "tables",
        title,
        "What became of the loaded rows, table by table.",
        html.Details(
            [
                html.Summary(f"View {rows.height} {plural('table', rows.height)}"),
                table(columns, rows.to_dicts(), caption=title, reader=context.settings.reader),
            ],
            className="as-table",
            open=bool(unequal),
        ),
        csv=take_link("meta.reconciliation"),
        className="spaced",
    )


def restated(context: Context) -> html.Section:
    reader = context.settings.reader
    rows = data.meta(context.queries, "restatement")
    found = view.restatements(rows, context.settings.catalogue, reader) if not rows.is_empty() else []
    columns = [
        Column("kpi", "KPI"),
        Column("week", "Week of"),
        Column("before", "Was"),
        Column("after", "Is"),
        Column("rows", "Counted"),
        Column("moved", "In other teams now"),
    ]
    if len(context.queries.versions()) < 2 and not found:
        first = "This is the first version, so there is nothing yet that could have changed."
        return card("restated", "No earlier version to compare with", first)
    return card(
        "restated",
        view.restated_title(found, reader),
        "Late and corrected files change the past; here is what changed, largest first.",
        table(
            columns,
            found[:MOST_RESTATED],
            caption="Restated weekly numbers",
            reader=context.settings.reader,
            limit=MOST_RESTATED,
        )
        if found
        else html.P("Every week that was published before reads the same today.", className="muted small"),
        csv=take_link("meta.restatement") if found else None,
    )


def versions(context: Context) -> html.Section:
    locale = context.settings.reader.locale
    runs = {row["run_id"]: row for row in data.meta(context.queries, "run").iter_rows(named=True)}
    rows = []
    for item in data.versions(context.queries):
        run = runs.get(item["run_id"], {})
        seconds = run.get("seconds")
        rows.append(
            {
                "when": view.when(item["created_at"], locale),
                "run": item["run_id"] + (" (shown)" if item["served"] else ""),
                "took": None if seconds is None else f"{context.settings.reader.number(seconds, 1)}\u00a0s",
                "estimates": "yes" if item["has_results"] else "no",
            }
        )
    columns = [Column("when", "Published (UTC)"), Column("run", "Run"), Column("took", "Took")]
    columns.append(Column("estimates", "Estimates"))
    kept = f"{len(rows)} {'version is' if len(rows) == 1 else 'versions are'} kept"
    return card(
        "runs",
        f"{kept}; the newest was published {rows[0]['when'] if rows else 'never'}",
        "A version never changes once it is published. empathy versions rollback returns to an older one.",
        table(columns, rows, caption="Versions", reader=context.settings.reader, sortable=False),
    )
