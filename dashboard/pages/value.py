"""Value: what is it worth?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html

from analysis.value.assumptions import Assumptions
from analysis.value.money import value_frame
from analysis.value.phillips import Principle
from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card
from dashboard.components.states import message
from dashboard.components.table import Column
from dashboard.data.refreshers import refreshed
from dashboard.data.value import configured as configured_of
from dashboard.data.value import money_parts, not_there, values
from dashboard.figures.money import money_bars
from dashboard.figures.tornado import tornado
from dashboard.page import Context, Download, Page
from dashboard.pages.value_programmes import programmes_card, programmes_frame
from dashboard.state import Filters
from dashboard.views import assumptions as address
from dashboard.views import value as view
from dashboard.views.overview import Money
from etl.configuration.money_overlap import overlaps

SIGNS = {"met": "●", "in part": "◐", "not met": "○", "for you": "–"}
ENDS = ("low", "likely", "high")
NO_VALUES = "Nothing has a unit value yet"
HOW_TO = (
    "Money is worked out from unit values and costs that somebody stands for: add [value.kpis] and [value.cost] to "
    "empathy.toml, each with low, likely and high, then run `empathy estimate`."
)


def answer(context: Context, filters: Filters, choices: Mapping[str, str]) -> html.Div:
    """What the programme is worth under the assumptions of one address."""
    settings = context.settings
    reader, kpis = settings.reader, context.queries.kpis()
    parts = money_parts(context.queries)
    if parts is None:
        words = not_there(context.queries)
        return html.Div([html.H1(PAGE.question), message("What it is worth has not been worked out", words)])
    configured = configured_of(context.queries)
    asked = address.read(choices, configured, {kpi.id: kpi for kpi in kpis})
    if not any(key.startswith("value.") for key in asked.assumptions.stated):
        return html.Div([html.H1(PAGE.question), message(NO_VALUES, HOW_TO)])
    shown = view.view(parts, asked, kpis, reader, settings.config.project.ci_level, refreshed(context.queries))
    level = f"{settings.config.project.ci_level:.0%}"
    query = address.query_of(asked, configured)
    csv = "/download/value-page.csv" + (f"?{query}" if query else "")
    moves = "/download/value-moves.csv" + (f"?{query}" if query else "")
    left = [
        _lines(context, shown, asked, configured, level, csv),
        _bars(context, shown, level, csv),
        _tornado(context, shown, moves),
        programmes_card(context, asked, "/download/value-programmes.csv" + (f"?{query}" if query else ""), shown.net),
    ]
    right = [_form(context, asked, configured), _refresher(shown), _beside(shown), _principles(shown)]
    return html.Div(
        [
            html.H1(shown.title, id="headline"),
            html.P(shown.detail, className="lede"),
            _badge(asked),
            *[html.Div(words, className="banner banner-note", role="status") for words in asked.refused],
            *_overlaps(context),
            html.Div([_tile(tile) for tile in shown.tiles], className="tiles"),
            html.Div([html.Div(part, className="stack") for part in (left, right)], className="columns two-one"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """What is typed into an assumption goes into the address."""
    client: Any = app.clientside_callback
    ranges, single = {"type": "assumption", "key": ALL, "end": ALL}, {"type": "horizon", "key": ALL}
    client(
        ClientsideFunction("value", "writeAssumptions"),
        Output("url", "search", allow_duplicate=True),
        Input(ranges, "value"),
        Input(single, "value"),
        State(ranges, "id"),
        State(single, "id"),
        State({"type": "assumptions-configured", "key": ALL}, "data"),  # ALL: none is there once the page is left
        State("url", "search"),
        prevent_initial_call=True,
    )


def _overlaps(context: Context) -> list[html.Div]:
    """What may be counted twice, where the configuration does not say what an amount holds."""
    found = overlaps(context.settings.config.value, context.settings.catalogue.values())
    if not found:
        return []
    said = "; ".join(item.sentence for item in found)
    advice = (
        "Write the amount without it and add contains = [] under [value.kpis], or leave one of the two out of the "
        "configuration."
    )
    words = f"Money that may be counted twice: {said}. {advice}"
    return [html.Div(words, className="banner banner-error", id="counted-twice", role="status")]


def _tile(tile: view.Tile) -> html.Div:
    return html.Div(
        [
            html.Div(tile.name, className="tile-name"),
            html.Div(tile.value, className="tile-value"),
            html.Div(tile.note, className="tile-note"),
        ],
        className="tile",
    )


def _badge(asked: address.Asked) -> html.Div | None:
    if not asked.edited and not asked.refused:
        return None
    return html.Div(
        [
            html.Span("Your assumptions" if asked.edited else "As configured", className="strong"),
            html.Span(" What you change is in the address of this page, and nowhere else. "),
            dcc.Link("Reset to the configuration", href=PAGE.path),
        ],
        className="banner banner-note",
        id="your-assumptions",
    )


def _lines(
    context: Context, shown: view.View, asked: address.Asked, configured: Assumptions, level: str, csv: str
) -> html.Section:
    reader, currency = context.settings.reader, context.settings.config.project.currency
    months = asked.assumptions.months
    goals = html.Nav(
        [
            dcc.Link(
                words,
                href=PAGE.path + (f"?{link}" if (link := address.query_of(asked, configured, goals=key)) else ""),
                className="choice here" if (key == "clear") == asked.clear_only else "choice",
            )
            for key, words in (("all", "All goals"), ("clear", "Clear goals only"))
        ],
        className="choices no-print",
        **attributes({"aria-label": "Which goals are counted"}),
    )
    note = "◌ Can't be told yet: it enters with its whole range and is drawn hollow."
    if asked.clear_only:
        note = "Only clear goals are counted. That overstates: what came out clear did so partly by chance."
    if shown.money_groups:
        same = "; ".join(f"{item.kpi.label} is {item.words}" for item in shown.money_groups)
        note += f" Counted once: {same}."
    return chart_card(
        id="money",
        reader=reader,
        title=f"Benefit, cost and net over {months} months, for the agents trained by now",
        subtitle=f"Effect × volume × what one is worth, less the full cost, in {currency}, with {level} ranges.",
        figure=money_bars(shown.lines, reader),
        definition="Benefits that are the same money are counted once, through the most direct KPI.",
        legend=goals,
        note=note,
        columns=[Column("label", "Line"), Column("shown", "Estimate"), Column("range", "Likely between")],
        rows=_money_rows(context, shown.lines),
        csv=csv,
        instead=html.P("No goal with a unit value has a result that is safe to use.", className="muted"),
    )


def _bars(context: Context, shown: view.View, level: str, csv: str) -> html.Section:
    return chart_card(
        id="two-ranges",
        reader=context.settings.reader,
        title=shown.bars_title,
        subtitle=f"{level} range of the net when only the effects, only the assumptions, or both are uncertain.",
        figure=money_bars(shown.bars, context.settings.reader),
        definition="The first bar keeps every assumption at its likely value, the second every effect at its estimate. "
        "Ranges do not add up: what is uncertain in one may be made up for in the other.",
        columns=[Column("label", "Uncertain"), Column("shown", "Net"), Column("range", "Likely between")],
        rows=_money_rows(context, shown.bars),
        csv=csv,
        instead=html.P("There is no net to take apart.", className="muted"),
    )


def _tornado(context: Context, shown: view.View, csv: str) -> html.Section:
    net = shown.lines[-1].likely if shown.lines else math.nan
    columns = [
        Column("name", "Uncertain number"),
        Column("low", "Low"),
        Column("high", "High"),
        Column("at_low", "Net at low"),
        Column("at_high", "Net at high"),
        Column("break_even", "Net is zero at"),
    ]
    return chart_card(
        id="tornado",
        reader=context.settings.reader,
        title=shown.swings_title,
        subtitle="Net when one number goes from its low to its high end and all others stay. Blue: an effect; grey: an "
        "assumption. The dashed line is the net at the estimate.",
        figure=tornado(shown.swings, net, context.settings.reader),
        definition="The break-even value of a number is the one at which the net is zero, all others as they are.",
        columns=columns,
        rows=[{column.key: getattr(row, column.key) for column in columns} for row in shown.swings],
        csv=csv,
        instead=html.P("Nothing can be varied yet.", className="muted"),
        table_open=True,
    )


def _money_rows(context: Context, lines: Sequence[Money]) -> list[dict[str, Any]]:
    money = context.settings.reader.money
    return [
        {
            "label": item.label,
            "shown": item.shown,
            "range": " and ".join(money(end, (item.high - item.low) / 2 or None) for end in (item.low, item.high)),
        }
        for item in lines
    ]


def _form(context: Context, asked: address.Asked, configured: Assumptions) -> html.Section:
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    stated = dict(asked.assumptions.stated)
    for key, otherwise in address.NOT_STATED.items():
        stated.setdefault(key, otherwise)
    known = {**stated, **address.NOT_STATED, **configured.stated}
    given = {key: address.written(known[key]) for key in stated}
    hurdle = asked.assumptions.hurdle_roi_percent
    configured_hurdle = configured.hurdle_roi_percent
    given |= {
        "months": str(configured.months),
        "hurdle": f"{configured_hurdle:g}" if math.isfinite(configured_hurdle) else "",
    }
    head = html.Div(
        [html.Span(""), *[html.Span(end.capitalize(), className="muted small") for end in ENDS]], className="assumption"
    )
    rows = [_row(key, one, kpis, context) for key, one in stated.items()]
    single = [
        ("months", "Months counted", str(asked.assumptions.months)),
        ("hurdle", "Return asked for, %", f"{hurdle:g}" if math.isfinite(hurdle) else ""),
    ]
    return html.Section(
        [
            html.H2("Assumptions", className="card-title"),
            html.P(
                f"Type over a number: the address keeps it. Money in {context.settings.config.project.currency}.",
                className="card-subtitle",
            ),
            dcc.Store(id={"type": "assumptions-configured", "key": "value"}, data=given),
            html.Div([head, *rows], className="assumptions"),
            html.Div(
                [
                    html.Label(
                        [
                            html.Span(words, className="small"),
                            dcc.Input(
                                id={"type": "horizon", "key": key},
                                type="text",
                                inputMode="numeric",
                                value=value,
                                debounce=True,
                                className="input",
                            ),
                        ],
                        className="assumption-single",
                    )
                    for key, words, value in single
                ],
                className="assumption-singles",
            ),
            html.Details(
                [
                    html.Summary("Copy as TOML"),
                    html.P("Put this in place of [value] in empathy.toml to keep it.", className="muted small"),
                    html.Pre(address.as_toml(asked.assumptions), className="mono", tabIndex=0),
                ],
                className="as-table",
            ),
        ],
        className="card",
        id="assumptions",
        **attributes({"aria-label": "Assumptions"}),
    )


def _row(key: str, stated: Any, kpis: Mapping[str, Any], context: Context) -> html.Div:
    words = address.label(key, kpis)
    said = [f"source: {stated.source}" if stated.source else "", f"owner: {stated.owner}" if stated.owner else ""]
    note = "; ".join(part for part in (*said, stated.note) if part) or "no source given"
    if key in address.NOT_STATED and not stated.edited and key not in configured_of(context.queries).stated:
        note = "not stated: nothing fades" if key != "discount_rate" else "not stated: nothing is discounted"
    return html.Div(
        [
            html.Div(
                [
                    html.Span(words, className="strong small" if stated.edited else "small"),
                    html.Span(note, className="muted small note"),
                ]
            ),
            *[
                html.Label(
                    [
                        html.Span(f"{words}: {end}", className="visually-hidden"),
                        dcc.Input(
                            id={"type": "assumption", "key": key, "end": end},
                            type="text",
                            inputMode="numeric",
                            value=f"{getattr(stated, end):.10g}",
                            debounce=True,
                            className="input",
                        ),
                    ]
                )
                for end in ENDS
            ],
        ],
        className="assumption",
    )


def _refresher(shown: view.View) -> html.Section | None:
    if not shown.refresher:
        return None
    title = html.H2("When a refresher pays", className="card-title")
    return html.Section([title, html.P(shown.refresher, className="small")], className="card", id="refresher")


def _beside(shown: view.View) -> html.Section:
    items = [
        html.Li(
            [
                html.Span(item.mark, className="mark-sign", **attributes({"aria-hidden": "true"})),
                html.Span([dcc.Link(item.kpi.label, href=f"/effects/{item.kpi.id}"), f": {item.words}"]),
            ]
        )
        for item in shown.unmoneyed
    ]
    return html.Section(
        [
            html.H2("What is not money", className="card-title"),
            html.P("Shown beside the sum, never added to it.", className="card-subtitle"),
            html.Ul(items, className="open-list") if items else html.P("Every KPI with an effect is in the sum."),
        ],
        className="card",
        id="not-money",
    )


def _principles(shown: view.View) -> html.Section:
    met = sum(item.met == "met" for item in shown.principles)
    return html.Section(
        [
            html.H2(f"{met} of 12 principles of the ROI methodology are met", className="card-title"),
            html.Details(
                [
                    html.Summary("Which ones, and by what"),
                    html.Ul([_principle(item) for item in shown.principles], className="check-list"),
                ],
                className="as-table",
            ),
        ],
        className="card",
        id="principles",
    )


def _principle(item: Principle) -> html.Li:
    words = html.Span(f"{item.number}. {item.words}: {item.met}. ", className="strong")
    return html.Li([html.Span(SIGNS[item.met], className="check-mark", title=item.met), html.Span([words, item.by])])


def _frame(context: Context, _filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    """``result.value`` under the assumptions of an address."""
    found = money_parts(context.queries)
    if found is None:
        return pl.DataFrame()
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    asked = address.read(parts, configured_of(context.queries), kpis)
    return value_frame(
        view.worths_in(found, asked),
        asked.assumptions,
        reader=context.settings.reader,
        n_trained=found.n_trained,
        n_everybody=found.n_everybody,
        ci_level=context.settings.config.project.ci_level,
        correlation=found.correlation,
    )


def _stored(context: Context, _filters: Filters, _parts: dict[str, str]) -> pl.DataFrame:
    return values(context.queries)


def _programmes_frame(context: Context, _filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    """What the programmes of this server are worth, each and together."""
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    return programmes_frame(context, address.read(parts, configured_of(context.queries), kpis))


def _moves_frame(context: Context, _filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    """What each uncertain number does to the net, and where the net is zero."""
    found = money_parts(context.queries)
    if found is None:
        return pl.DataFrame()
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    asked = address.read(parts, configured_of(context.queries), kpis)
    names = ("key", "kind", "low", "likely", "high", "net_at_low", "net_at_high", "break_even")
    rows = [{name: getattr(swing, name) for name in names} for swing in view.swings(found, asked)]
    return pl.DataFrame(rows).with_columns(pl.col("break_even").fill_nan(None)) if rows else pl.DataFrame()


PAGE = Page(
    key="value",
    path="/value",
    name="Value",
    question="What is it worth?",
    answer=answer,
    filtered=False,
    of_several=True,
    choices=address.CHOICES,
    downloads={
        "value": Download("What the estimated effects are worth, as configured", _stored, applies=()),
        "value-page": Download("What the estimated effects are worth", _frame, choices=address.CHOICES, applies=()),
        "value-moves": Download(
            "Net when one uncertain number goes to its ends", _moves_frame, choices=address.CHOICES, applies=()
        ),
        "value-programmes": Download(
            "Net of every programme of this server", _programmes_frame, choices=address.CHOICES, applies=()
        ),
    },
    register=register,
)
