"""Two groups side by side, each against its own comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
from dash import html

from analysis.words.numbers import Reader
from dashboard import glossary
from dashboard.components.chart import chart_card, drawing
from dashboard.components.choice import menu
from dashboard.components.table import Column
from dashboard.data import cohorts as data
from dashboard.data.events import happenings
from dashboard.figures.pair_lines import pair_lines
from dashboard.page import Context, csv_link
from dashboard.pages.adoption import course_names
from dashboard.pages.cohorts.choices import address_of, chosen_kpi
from dashboard.state import Filters, day
from dashboard.views import cohorts as view
from dashboard.views.events import by_day, listed
from dashboard.views.events import shown as events_shown
from etl.configuration.kpis import Kpi


def pair_card(
    context: Context, shown: list[view.Group], found: data.Gains, kpi: Kpi, by: str, pair: str, filters: Filters
) -> html.Section | None:
    reader, ci_level = context.settings.reader, context.settings.config.project.ci_level
    two = view.pair_of(pair, shown)
    if two is None:
        return None
    df = found.rows["df"].drop_nulls().min()
    least = float(df) if isinstance(df, int | float) else 1.0
    compared = view.pair(*two, kpi, least, ci_level, reader, len(shown), view.why_no_pair(found, by))
    drawn = [levels_over_time(context, g, kpi, by, filters) for g in two]
    span = _span([level for points, _ in drawn for level in points], two)
    period = _period([points for points, _ in drawn])
    happened = happenings(context.queries, filters)
    ticks = by_day(happened, *period, reader) if period else ()
    own = view.of_own_data(shown, kpi, reader)
    sides = []
    for side, (g, (points, trained_from)) in enumerate(zip(two, drawn, strict=True)):
        other = two[1 - side]
        options = []
        for item in shown:
            if item.value != other.value:
                names = (item.value, other.value) if side == 0 else (other.value, item.value)
                options.append((address_of(kpi, by, view.PAIR_SEPARATOR.join(names)), item.label))
        here = address_of(kpi, by, view.PAIR_SEPARATOR.join((two[0].value, two[1].value)))
        figure = None
        if period is not None:
            figure = pair_lines(
                points,
                label=f"{kpi.label} of {g.label} over time",
                span=span,
                period=period,
                trained_from=trained_from,
                before=g.before,
                after=g.after,
                expected=g.after - g.own_estimate,
                show=lambda value: reader.level(value, kpi),
                show_day=lambda value: day(value, reader.locale),
                locale=reader.locale,
                ticks=ticks,
            )
        sides.append(_side(g, kpi, own, menu(g.label, options, here, filters), figure))
    legend = [
        html.Span([html.Span("━", className="ink-before"), " before training"]),
        html.Span([html.Span("━", className="ink-trained"), " after"]),
        html.Span([html.Span("┅", className="ink-compare"), " expected without training"]),
        html.Span("points: four weeks each"),
    ]
    return chart_card(
        id="pair",
        reader=context.settings.reader,
        title=compared.sentence,
        subtitle=f"{kpi.label} of two {view.NAMES[by].lower()} side by side, each against its own comparison, its own "
        f"data alone. {_extremes(shown, pair)}".rstrip(),
        figure=None,
        panels=html.Div(sides, className="halves columns pair-sides"),
        drawn=period is not None,
        definition=f"{kpi.definition} {glossary.plain('expected')}",
        legend=html.Div(legend, className="legend") if period is not None else None,
        columns=[Column("what", kpi.label), *(Column(f"group{k}", g.label) for k, g in enumerate(two))],
        rows=_told([(g, points) for g, (points, _) in zip(two, drawn, strict=True)], kpi, own),
        csv=csv_link("cohort_pair", filters, kpi=kpi.id, by=by, pair=view.PAIR_SEPARATOR.join(g.value for g in two)),
        note=listed(events_shown(happened, ticks), reader),
        className="spaced",
    )


def _told(drawn: Sequence[tuple[view.Group, list[dict[str, Any]]]], kpi: Kpi, reader: Reader) -> list[dict[str, Any]]:
    """Everything drawn of the groups, as rows of the table: one column for each group."""
    rows: dict[str, dict[str, Any]] = {}
    for number, (g, points) in enumerate(drawn):
        for name, value in _facts(g, kpi, reader):
            rows.setdefault(name, {"what": name})[f"group{number}"] = value
        for point in points:
            name = f"Four weeks from {day(point['week'], reader.locale)}"
            rows.setdefault(name, {"what": name})[f"group{number}"] = reader.level(point["level"], kpi)
    return list(rows.values())


def _extremes(shown: list[view.Group], pair: str) -> str:
    """Warn of selection where the first and the last of a list are compared."""
    known = sum(g.known for g in shown)
    if pair or known < 3:
        return ""
    return f"They are the first and the last of {known}, so part of the gap is chance. "


def _facts(g: view.Group, kpi: Kpi, reader: Reader) -> tuple[tuple[str, str], ...]:
    """What the numbers of one group are called, and the numbers in words."""

    def level(value: float) -> str:
        return reader.level(value, kpi) if math.isfinite(value) else "–"

    own = "no estimate"
    if math.isfinite(g.own_estimate):
        own = reader.change(g.own_estimate, kpi, g.own_low, g.own_high)
        if math.isfinite(g.own_low):
            own += f" (likely {reader.span(g.own_low, g.own_high, kpi)})"
    return (
        ("Before", level(g.before)),
        ("After", level(g.after)),
        ("Expected without, own data", level(g.after - g.own_estimate)),
        ("Agents", reader.count(g.n_agents)),
        ("Change, own data", own),
    )


def _side(g: view.Group, kpi: Kpi, reader: Reader, picker: Any, figure: dict[str, Any] | None) -> html.Div:
    return html.Div(
        [
            picker,
            html.H3(g.label, className="print-only strong"),
            html.Dl(
                [html.Div([html.Dt(name), html.Dd(value)]) for name, value in _facts(g, kpi, reader)],
                className="pair-facts",
            ),
            html.Div(drawing(figure), className="chart-body") if figure else None,
        ]
    )


def levels_over_time(
    context: Context, g: view.Group, kpi: Kpi, by: str, filters: Filters
) -> tuple[list[dict[str, Any]], date | None]:
    if by == "course":
        return [], None
    one: dict[str, Any] = {data.BY[by]: (g.value,)}
    chosen = replace(filters, **one)
    rows = data.levels(context.queries, kpi, chosen)
    counted = [row for row in rows.iter_rows(named=True) if row["den"]]
    points = [{"week": row["week"], "level": row["num"] / row["den"]} for row in counted]
    return points, context.queries.first_training(chosen) if points else None


def _span(points: list[dict[str, Any]], two: tuple[view.Group, view.Group]) -> tuple[float, float]:
    values = [row["level"] for row in points]
    values += [v for g in two for v in (g.before, g.after, g.after - g.own_estimate) if math.isfinite(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = (high - low) * 0.08 or 1.0
    return low - pad, high + pad


def _period(series: list[list[dict[str, Any]]]) -> tuple[date, date] | None:
    weeks = [row["week"] for points in series for row in points]
    return (min(weeks), max(weeks)) if weeks else None


def download_pair(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    """What the two drawings hold: one row per group, number and, for levels over time, week."""
    kpi, reader = chosen_kpi(context, parts["kpi"]), context.settings.reader
    by = parts["by"] if parts["by"] in data.by_values(context.queries, kpi) else "team"
    shown = view.groups(data.gains(context.queries, kpi, by, filters), kpi, by, course_names(context), reader)
    rows: list[dict[str, Any]] = []
    for g in view.pair_of(parts["pair"], shown) or ():
        one = {"group": g.value, "n_agents": g.n_agents}
        levels = {"before": g.before, "after": g.after, "expected": g.after - g.own_estimate}
        change = {"estimate": g.own_estimate, "ci_low": g.own_low, "ci_high": g.own_high}
        rows += [{**one, "what": name, "week": None, "value": value} for name, value in {**levels, **change}.items()]
        points, _ = levels_over_time(context, g, kpi, by, filters)
        rows += [{**one, "what": "level", "week": row["week"], "value": row["level"]} for row in points]
    schema = {"group": pl.String, "n_agents": pl.Int64, "what": pl.String, "week": pl.Date, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col("value").fill_nan(None))
