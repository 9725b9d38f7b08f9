"""Cohorts: who gained, before against after, against their comparison?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from statistics import median
from typing import Any
from urllib.parse import quote

import polars as pl
from dash import dcc, html

from analysis.words.numbers import decimals_for
from dashboard import glossary
from dashboard.components.chart import chart_card, drawing
from dashboard.components.choice import choice, menu
from dashboard.components.states import address, message
from dashboard.components.table import Column
from dashboard.data import cohorts as data
from dashboard.figures.dumbbell import dumbbell
from dashboard.figures.heatmap import heatmap
from dashboard.figures.pair_lines import pair_lines
from dashboard.page import Context, Download, Page, csv_link
from dashboard.pages.adoption import course_names
from dashboard.state import Filters, day
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
        clear = [dcc.Link("Clear all filters", href=_path(chosen, by), className="button")]
        words = f"{chosen.label}: {reason[:1].lower()}{reason[1:]}"
        return html.Div([html.H1(PAGE.question), *head, message("Not available for this selection", words, clear)])
    found = data.gains(queries, chosen, by, filters)
    shown = view.groups(found, chosen, by, course_names(context), reader)
    sentence, detail = two_parts(view.sentence(shown, chosen, by, found, reader))
    lede = f"{detail} {view.who(shown)}".strip()
    return html.Div(
        [
            html.H1(sentence, id="headline"),
            html.P(lede, className="lede") if lede else None,
            html.Div(head, className="choice-rows"),
            _pair(context, shown, found, chosen, by, pair, filters) if len(shown) > 1 else None,
            html.Div(
                [
                    _dumbbell(context, shown, found, chosen, by, filters),
                    html.Div(
                        [_heat(context, chosen, filters, found.reason), _reading(by), _hidden(context, found, by)],
                        className="stack",
                    ),
                ],
                className="columns two-one",
            )
            if shown
            else _nothing(context, found, chosen, ways, by, filters),
        ]
    )


def chosen_kpi(context: Context, kpi: str) -> Kpi:
    """The KPI an address names, or the first primary one that has data and can be compared here."""
    shown = kpis(context)
    named = [item for item in shown if item.id == kpi]
    primary = [item for item in context.queries.goals() if item.kind.before_and_after]
    return (named or primary or shown)[0]


def kpis(context: Context) -> list[Kpi]:
    """KPIs with a level before and after; leaving happens once and has its own page."""
    return [item for item in context.queries.kpis() if item.kind.before_and_after]


def _path(kpi: Kpi, by: str, pair: str = "") -> str:
    return f"{PAGE.base}/{kpi.id}/{by}" + (f"/{quote(pair, safe='')}" if pair else "")


def _kpis(context: Context, chosen: Kpi, by: str, filters: Filters) -> html.Details:
    options = [(_path(item, by), item.label) for item in kpis(context)]
    return menu(f"KPI: {chosen.label}", options, _path(chosen, by), filters)


def _ways(chosen: Kpi, ways: list[str], by: str, filters: Filters) -> html.Nav:
    options = [(_path(chosen, way), view.NAMES[way]) for way in ways]
    return choice("What is compared", options, _path(chosen, by), filters)


def _dumbbell(
    context: Context, shown: list[view.Group], found: data.Gains, kpi: Kpi, by: str, filters: Filters
) -> html.Section:
    reader = context.settings.reader
    title = view.gains_title(shown, kpi, by)
    level = f"{context.settings.config.project.ci_level:.0%}"
    unit, decimals = reader.change_unit(kpi), _decimals(shown, kpi, reader)

    def number(value: float) -> str:
        return reader.number(value, decimals)

    columns = [
        Column("label", view.NOUNS[by].capitalize()),
        Column("n_agents", "Agents", numeric=True),
        Column("before", "Before", numeric=True, show=number),
        Column("expected", "Expected without", numeric=True, show=number),
        Column("after", "After", numeric=True, show=number),
        Column("change", f"Change ({unit})", numeric=True, show=number),
        Column("low", "likely from", numeric=True, show=number),
        Column("high", "to", numeric=True, show=number),
        Column("own", "Not drawn to the average", numeric=True, show=number),
    ]
    legend = html.Div(
        [
            html.Span([html.Span("○", className="ink-before"), " before training"]),
            html.Span([html.Span("●", className="ink-trained"), " after"]),
            html.Span([html.Span("|", className="strong"), " expected without training"]),
            html.Span("grey band: less than would matter"),
        ],
        className="legend",
    )
    return chart_card(
        id="gains",
        reader=context.settings.reader,
        title=title,
        subtitle=f"{kpi.label}: level, and estimated change ({unit}) against agents not trained yet, {level} range; "
        "largest gain first.",
        figure=dumbbell(shown, label=title, kpi=kpi, mean=found.mean, reader=reader),
        definition=f"{kpi.definition} {glossary.plain('expected')}",
        columns=columns,
        rows=view.table(shown, kpi, reader),
        csv=csv_link("cohorts", filters, kpi=kpi.id, by=by),
        legend=legend,
        instead=html.P("No group has a level both before and after training.", className="muted"),
        note=view.spread_words(found, kpi, by, reader),
        table_open=True,
    )


def _pair(
    context: Context, shown: list[view.Group], found: data.Gains, kpi: Kpi, by: str, pair: str, filters: Filters
) -> html.Section | None:
    reader, ci_level = context.settings.reader, context.settings.config.project.ci_level
    two = view.pair_of(pair, shown)
    if two is None:
        return None
    df = found.rows["df"].drop_nulls().min()
    compared = view.pair(*two, kpi, float(df) if isinstance(df, int | float) else 1.0, ci_level, reader)
    drawn = [_over_time(context, g, kpi, by, filters) for g in two]
    span = _span([level for points, _ in drawn for level in points], two)
    period = _period([points for points, _ in drawn])
    sides = []
    for side, (g, (points, trained_from)) in enumerate(zip(two, drawn, strict=True)):
        other = two[1 - side]
        options = []
        for item in shown:
            if item.value != other.value:
                names = (item.value, other.value) if side == 0 else (other.value, item.value)
                options.append((_path(kpi, by, view.PAIR_SEPARATOR.join(names)), item.label))
        here = _path(kpi, by, view.PAIR_SEPARATOR.join((two[0].value, two[1].value)))
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
            )
        sides.append(_side(context, g, kpi, menu(g.label, options, here, filters), figure))
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
        f"estimate not drawn to the average. {_extremes(shown, pair)}".rstrip(),
        figure=None,
        panels=html.Div(sides, className="halves columns pair-sides"),
        drawn=period is not None,
        definition=f"{kpi.definition} {glossary.plain('expected')}",
        legend=html.Div(legend, className="legend") if period is not None else None,
        columns=[Column("what", kpi.label), *(Column(f"group{k}", g.label) for k, g in enumerate(two))],
        rows=_told(context, [(g, points) for g, (points, _) in zip(two, drawn, strict=True)], kpi),
        csv=csv_link("cohort_pair", filters, kpi=kpi.id, by=by, pair=view.PAIR_SEPARATOR.join(g.value for g in two)),
        className="spaced",
    )


def _told(context: Context, drawn: Sequence[tuple[view.Group, list[dict[str, Any]]]], kpi: Kpi) -> list[dict[str, Any]]:
    """Everything drawn of the groups, as rows of the table: one column for each group."""
    reader = context.settings.reader
    rows: dict[str, dict[str, Any]] = {}
    for number, (g, points) in enumerate(drawn):
        for name, value in _facts(context, g, kpi):
            rows.setdefault(name, {"what": name})[f"group{number}"] = value
        for point in points:
            name = f"Four weeks from {day(point['week'], reader.locale)}"
            rows.setdefault(name, {"what": name})[f"group{number}"] = reader.level(point["level"], kpi)
    return list(rows.values())


def _extremes(shown: list[view.Group], pair: str) -> str:
    """The first and the last of a list are not two that somebody picked beforehand."""
    known = sum(g.known for g in shown)
    if pair or known < 3:
        return ""
    return f"They are the first and the last of {known}, so part of the gap is luck. "


def _facts(context: Context, g: view.Group, kpi: Kpi) -> tuple[tuple[str, str], ...]:
    """What the numbers of one group are called, and the numbers in words."""
    reader = context.settings.reader

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
        ("Expected without", level(g.after - g.own_estimate)),
        ("Estimated change", own),
        ("Agents", reader.count(g.n_agents)),
    )


def _side(context: Context, g: view.Group, kpi: Kpi, picker: Any, figure: dict[str, Any] | None) -> html.Div:
    return html.Div(
        [
            picker,
            html.H3(g.label, className="print-only strong"),
            html.Dl(
                [html.Div([html.Dt(name), html.Dd(value)]) for name, value in _facts(context, g, kpi)],
                className="pair-facts",
            ),
            html.Div(drawing(figure), className="chart-body") if figure else None,
        ]
    )


def _over_time(
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


def _nothing(context: Context, found: data.Gains, kpi: Kpi, ways: list[str], by: str, filters: Filters) -> html.Div:
    """Every group is too small, or nobody was trained: what else can be compared."""
    others = [
        dcc.Link(f"Compare {view.NAMES[way].lower()}", href=address(_path(kpi, way), filters), className="button")
        for way in ways
        if way != by
    ]
    if not filters.is_everything:
        others.append(dcc.Link("Clear all filters", href=_path(kpi, by), className="button"))
    words = _too_few(context, by) if view.n_hidden(found) else found.reason or _too_few(context, by)
    return message(f"No {view.NOUNS[by]} can be shown by itself", words, others)


def _hidden(context: Context, found: data.Gains, by: str) -> html.Section | None:
    n = view.n_hidden(found)
    if not n:
        return None
    noun = view.NAMES[by].lower() if n > 1 else view.NOUNS[by]
    return html.Section(
        [
            html.H2(f"{n} {noun} {'are' if n > 1 else 'is'} not shown", className="card-title"),
            html.P(_too_few(context, by), className="card-subtitle"),
        ],
        className="card",
    )


def _too_few(context: Context, by: str) -> str:
    return (
        f"A {view.NOUNS[by]} with fewer than {context.settings.min_group} trained agents is left out, together with "
        "the one that would let it be worked out by subtraction: so small a number would be about persons."
    )


def _heat(context: Context, kpi: Kpi, filters: Filters, reason: str) -> html.Section:
    reader, ci_level = context.settings.reader, context.settings.config.project.ci_level
    cells = view.blocks(data.effect_by_week(context.queries, kpi, filters), kpi, ci_level, reader)
    title = view.heat_title(cells, kpi)
    unit = reader.change_unit(kpi)
    columns = [
        Column("row_label", "Wave"),
        Column("column_label", "Weeks since training"),
        Column("words", f"Estimated change ({unit})"),
        Column("tip", "In words"),
    ]
    return chart_card(
        id="over-time",
        reader=context.settings.reader,
        title=title,
        subtitle=f"Estimated change in {_lower(kpi.label)} ({unit}) by wave and four weeks since training. Green: "
        "clearly better, purple: clearly worse, white: can't tell, dash: too early or too few agents."
        if cells
        else "",
        figure=heatmap(cells, label=title),
        definition="Each cell averages four weekly effects of one wave against agents not trained yet. Its range is a "
        "cautious one: the mean of the weekly errors.",
        columns=columns,
        rows=cells,
        csv=csv_link("cohort_weeks", filters, kpi=kpi.id),
        instead=html.P(
            reason or "No wave can be followed over time in this selection; widen the period or the sites.",
            className="muted small",
        ),
    )


def _decimals(shown: list[view.Group], kpi: Kpi, reader: Any) -> int:
    """As many as the ranges support, the same in a whole column."""
    halves = [reader.shown(g.high - g.low, kpi) / 2 for g in shown if g.known and g.high > g.low]
    return max(0, decimals_for(median(halves) if halves else reader.shown(kpi.smallest_effect, kpi)))


def _lower(label: str) -> str:
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _download(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    kpi = chosen_kpi(context, parts["kpi"])
    by = parts["by"] if parts["by"] in data.BY else "team"
    return data.gains(context.queries, kpi, by, filters).rows


def _download_pair(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
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
        points, _ = _over_time(context, g, kpi, by, filters)
        rows += [{**one, "what": "level", "week": row["week"], "value": row["level"]} for row in points]
    schema = {"group": pl.String, "n_agents": pl.Int64, "what": pl.String, "week": pl.Date, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col("value").fill_nan(None))


PAGE = Page(
    key="cohorts",
    path="/cohorts/<kpi>/<by>/<pair>",
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
            "Two groups side by side: own estimates, and level by four weeks", _download_pair, ("kpi", "by", "pair")
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
