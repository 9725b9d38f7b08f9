"""Data: can I trust today's numbers?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
from dash import html

from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card
from dashboard.components.choice import menu, on_this_page
from dashboard.components.table import Column, table
from dashboard.data import data_quality as data
from dashboard.figures.bars import count_bars, part_bars
from dashboard.page import Context, Download, Page, csv_link
from dashboard.state import Filters
from dashboard.views import data_quality as view
from dashboard.views.verdicts import plural
from etl.configuration.kpis import Kpi

_PARTS = (
    ("reconciliation", "Every row"),
    ("checks", "Checks"),
    ("rejects", "Rejects"),
    ("coverage", "Agents matched"),
    ("restated", "What changed"),
    ("lineage", "Where a number comes from"),
    ("downloads", "Take the tables along"),
)
MOST_FILES = 400
MOST_RESTATED = 100
OPEN_CHECKS = 14
"""Passed checks are listed at once when there are no more than this."""


def answer(context: Context, filters: Filters, kpi: str = "") -> html.Div:
    """Reconciliation, checks, rejects, joins, restatements, lineage and downloads of the version being served."""
    queries, reader = context.queries, context.settings.reader
    about = queries.about()
    found = view.ledger(data.meta(queries, "file_manifest"))
    coverage = data.meta(queries, "identity_coverage", "source")
    facts = view.facts(found, about, coverage, data.dropped(queries), datetime.now(UTC).date(), reader)
    return html.Div(
        [
            html.H1(view.sentence(found, about, reader), id="headline"),
            on_this_page(_PARTS),
            html.Div([_fact(item) for item in facts], className="tiles"),
            _ledger(context, found),
            html.Div(
                [
                    html.Div([_checks(context), _coverage(context, coverage)], className="stack"),
                    _rejects(context, found),
                ],
                className="columns halves",
            ),
            _relations(context),
            html.Div([_restated(context), _versions(context)], className="columns two-one"),
            _lineage(context, kpi),
            _downloads(context),
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


def _ledger(context: Context, found: view.Ledger) -> html.Section:
    count = context.settings.reader.count
    title = (
        f"Read = loaded + rejected + duplicate, in all {count(len(found.files))} files"
        if found.adds_up and found.files
        else "Files whose rows do not add up"
        if found.files
        else "No file is recorded"
    )
    heads = ("Source", "Files", "Read", "Loaded", "Rejected", "Duplicate", "Difference", "Adds up")
    body = [_ledger_row(row, count) for row in found.sources]
    foot = _ledger_row(found.total, count, total=True) if found.files else None
    files = [
        Column("path", "File"),
        Column("source", "Source"),
        Column("format", "Format"),
        *(Column(name, name.capitalize(), numeric=True) for name in (*view.COUNTS, "difference")),
    ]
    return _card(
        "reconciliation",
        title,
        "Rows of every export, by source. A rejected row keeps its reasons; a duplicate is a row delivered again.",
        html.Div(
            html.Table(
                [
                    html.Caption("Reconciliation by source", className="visually-hidden"),
                    html.Thead(
                        html.Tr(
                            [html.Th(name, scope="col", className="num" if k else None) for k, name in enumerate(heads)]
                        )
                    ),
                    html.Tbody(body),
                    html.Tfoot(foot) if foot else None,
                ],
                className="data-table ledger",
            ),
            className="table-scroll",
            tabIndex=0,
            role="region",
            **attributes({"aria-label": "Reconciliation by source"}),
        ),
        html.Details(
            [
                html.Summary(f"View all {count(len(found.files))} files"),
                table(
                    files,
                    found.files,
                    caption="Reconciliation by file",
                    reader=context.settings.reader,
                    limit=MOST_FILES,
                ),
            ],
            className="as-table",
        )
        if found.files
        else None,
        csv=_take_link("meta.file_manifest"),
    )


def _ledger_row(row: dict[str, Any], count: Any, *, total: bool = False) -> html.Tr:
    equal = row["unequal"] == 0
    sign: list[Any] = [
        html.Span("✓" if equal else "✕", **attributes({"aria-hidden": "true"})),
        f" {'yes' if equal else 'no'}",
    ]
    name: list[Any] = [row["source"]]
    if not total and row["format"] != row["source"]:
        name.append(html.Span(f" {row['format']}", className="muted small"))
    cells = [count(row[key]) for key in ("files", *view.COUNTS)]
    return html.Tr(
        [
            html.Th(name, scope="row"),
            *(html.Td(cell, className="num") for cell in cells),
            html.Td(count(row["difference"]), className="num"),
            html.Td(sign, className=f"num {'quality-good' if equal else 'quality-bad'}"),
        ],
        className="total" if total else None,
    )


def _checks(context: Context) -> html.Section:
    found = view.checks(data.meta(context.queries, "check_result"))
    count = context.settings.reader.count
    open_ = [row for row in found if row["words"] != "passed"]
    passed = [row for row in found if row["words"] == "passed"]
    items = [
        html.Li(
            [
                html.Span(row["mark"], className="check-mark", **attributes({"aria-hidden": "true"})),
                html.Div(
                    [
                        html.Span(f"{row['check']}: {row['words']}. ", className="strong"),
                        html.Span(row["sentence"]),
                        html.Span(f" {count(row['violations'])} rows.", className="muted")
                        if row["violations"]
                        else None,
                    ]
                ),
            ]
        )
        for row in open_
    ]
    columns = [Column("check", "Check"), Column("sentence", "What it found")]
    return _card(
        "checks",
        view.checks_title(found),
        "Grain, ranges, relations, freshness and volume, tested on every build before anything is published.",
        html.Ul(items, className="check-list") if items else None,
        html.Details(
            [
                html.Summary(f"View the {len(passed)} that passed"),
                table(columns, passed, caption="Checks that passed", reader=context.settings.reader),
            ],
            className="as-table",
            open=len(passed) <= OPEN_CHECKS,
        )
        if passed
        else html.P("Run `empathy build` to make checks and their results.", className="muted"),
        csv=_take_link("meta.check_result") if found else None,
    )


def _rejects(context: Context, found: view.Ledger) -> html.Section:
    reader = context.settings.reader
    rows = data.rejects_by_reason(context.queries)
    total = int(found.total["rejected"])
    title = view.rejects_title(rows, total, reader)
    shown = view.reject_rows(rows)
    return chart_card(
        id="rejects",
        reader=context.settings.reader,
        title=title,
        subtitle="Rows refused, by source and reason; a row with two reasons counts under both.",
        figure=count_bars(shown, label=title, count=reader.count),
        definition="A record that breaks its contract is refused with every reason; one that was never meant to be "
        "loaded (a preview, say) is left out on purpose. Both are counted, so that nothing disappears.",
        columns=[
            Column("source", "Source"),
            Column("reason", "Reason"),
            Column("purpose", "Why"),
            Column("value", "Rows", numeric=True),
        ],
        rows=shown,
        csv=csv_link("rejects", Filters()) if shown else None,
        instead=html.P("Every row of every file met its contract.", className="muted"),
        note="To see the rows themselves, masked, and to try them again after a fix: empathy rejects list, "
        "empathy rejects replay."
        if shown
        else "",
    )


def _coverage(context: Context, coverage: pl.DataFrame) -> html.Section:
    reader = context.settings.reader
    title = view.coverage_title(coverage, reader)
    rows = view.coverage_rows(coverage, reader) if not coverage.is_empty() else []
    short = [row for row in rows if row["share"] < 1]
    whole = f"All rows of all {len(rows)} sources with agent ids." if rows else "No source with agent ids is recorded."
    return chart_card(
        id="coverage",
        reader=context.settings.reader,
        title=title,
        subtitle="Share of rows with an agent id whose agent is known, by source, where it is not all of them.",
        figure=part_bars(short, label=title),
        definition="Each system has its own agent ids. They are matched by the crosswalk, the employee number or the "
        "e-mail address, in that order; an id that fits two agents is refused.",
        columns=[
            Column("label", "Source"),
            Column("ids", "Ids", numeric=True),
            Column("matched", "Matched", numeric=True),
            Column("ambiguous", "Fits several agents", numeric=True),
            Column("unknown", "Fits none", numeric=True),
            Column("rows_matched", "Rows matched", numeric=True),
            Column("rows", "Rows", numeric=True),
        ],
        rows=rows,
        csv=_take_link("meta.identity_coverage") if rows else None,
        instead=html.P(whole, className="muted small"),
    )


def _relations(context: Context) -> html.Section | None:
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
    return _card(
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
        csv=_take_link("meta.reconciliation"),
        className="spaced",
    )


def _restated(context: Context) -> html.Section:
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
        return _card("restated", "No earlier version to compare with", first)
    return _card(
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
        csv=_take_link("meta.restatement") if found else None,
    )


def _versions(context: Context) -> html.Section:
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
    return _card(
        "runs",
        f"{kept}; the newest was published {rows[0]['when'] if rows else 'never'}",
        "A version never changes once it is published. empathy versions rollback returns to an older one.",
        table(columns, rows, caption="Versions", reader=context.settings.reader, sortable=False),
    )


def _lineage(context: Context, kpi: str) -> html.Section:
    catalogue = context.settings.catalogue
    shown = context.queries.kpis()
    chosen: Kpi = catalogue[kpi] if kpi in catalogue else shown[0]
    layers = view.lineage_layers(data.lineage(context.queries, chosen.id))
    options = [(f"{PAGE.base}/{item.id}", item.label) for item in shown]
    picker = menu(f"KPI: {chosen.label}", options, f"{PAGE.base}/{chosen.id}", Filters())
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
    return _card(
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
        csv=_take_link("meta.lineage") if parts else None,
    )


def _downloads(context: Context) -> html.Section:
    rows = data.tables(context.queries)
    marts = rows.filter(~pl.col("relation").str.starts_with("result."))
    results = rows.filter(pl.col("relation").str.starts_with("result."))

    def listed(part: pl.DataFrame) -> html.Ul:
        return html.Ul(
            [
                html.Li(
                    [
                        html.A(row["relation"], href=_take_link(row["relation"]), download="", className="mono"),
                        html.Span(f" {row['about']}", className="muted"),
                    ]
                )
                for row in part.iter_rows(named=True)
            ],
            className="download-list",
        )

    minimum = context.settings.min_group
    return _card(
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


def _card(id: str, title: str, subtitle: str, *body: Any, csv: str | None = None, className: str = "") -> html.Section:
    """A card without a drawing: title, subtitle, content, download."""
    heading = html.Div(html.H2(title, className="card-title", id=f"{id}-title"), className="card-heading")
    link = html.A("CSV", href=csv, download="", className="text-button no-print") if csv else None
    return html.Section(
        [
            html.Div([heading, link], className="card-head"),
            html.P(subtitle, className="card-subtitle"),
            *[part for part in body if part is not None],
        ],
        id=id,
        className=f"card {className}".strip(),
        **attributes({"aria-labelledby": f"{id}-title"}),
    )


def _take_link(relation: str) -> str:
    return csv_link("table", Filters(), relation=relation)


PAGE = Page(
    key="data",
    path="/data/<kpi>",
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
