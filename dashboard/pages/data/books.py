"""Every row accounted for: reconciliation, checks, rejects, agents matched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from dash import html

from analysis.words.numbers import plural
from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card
from dashboard.components.table import Column, table
from dashboard.data import data_quality as data
from dashboard.figures.bars import count_bars, part_bars
from dashboard.page import Context, csv_link
from dashboard.pages.data.card import card, take_link
from dashboard.state import Filters
from dashboard.views import data_quality as view

MOST_FILES = 400
OPEN_CHECKS = 14
"""Passed checks are listed at once when there are no more than this."""


def reconciliation(context: Context, found: view.Ledger) -> html.Section:
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
    return card(
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
        csv=take_link("meta.file_manifest"),
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


def _rows(number: int, count: Callable[[float], str]) -> str:
    return f" {count(number)} {plural('row', number)}."


def checks(context: Context) -> html.Section:
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
                        html.Span(_rows(row["violations"], count), className="muted") if row["violations"] else None,
                    ]
                ),
            ]
        )
        for row in open_
    ]
    columns = [Column("check", "Check"), Column("sentence", "What it found")]
    return card(
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
        csv=take_link("meta.check_result") if found else None,
    )


def rejects(context: Context, found: view.Ledger) -> html.Section:
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


def coverage_card(context: Context, coverage: pl.DataFrame) -> html.Section:
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
        csv=take_link("meta.identity_coverage") if rows else None,
        instead=html.P(whole, className="muted small"),
    )


def recomputed(context: Context) -> html.Section | None:
    """How far the goals' headlines agree with a refit by another library; None before the first estimates."""
    found = data.recomputed(context.queries)
    if found.is_empty():
        return None
    catalogue = context.settings.catalogue
    rows = [
        {"kpi": catalogue[row["kpi"]].label, "status": row["status"], "sentence": row["sentence"]}
        for row in found.iter_rows(named=True)
        if row["kpi"] in catalogue
    ]
    agree = sum(row["status"] == "passed" for row in rows)
    columns = [Column("kpi", "Goal"), Column("status", "Result"), Column("sentence", "What was compared")]
    return card(
        "recomputed",
        f"statsmodels gets the same number for {agree} of {len(rows)} goals",
        "Every run fits the goals' headlines a second time, by a regression on dummies of a public library. Where the "
        "two differ by more than a hundred-millionth of the standard error, the number is not used.",
        table(columns, rows, caption="Goals refitted by statsmodels", reader=context.settings.reader),
    )
