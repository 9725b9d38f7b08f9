"""Plan: what next, and will we be able to tell?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
import polars as pl
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from analysis.errors import EstimationError
from analysis.planning.ground import Ground
from analysis.planning.plan import LONGEST_HISTORY
from analysis.planning.simulation import simulate
from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card
from dashboard.components.states import message
from dashboard.components.table import Column
from dashboard.data.plan import plan_ground
from dashboard.figures.plan_curves import plan_curves
from dashboard.figures.roll_out import roll_out
from dashboard.page import Context, Download, Page
from dashboard.pages.plan_refreshers import due_note
from dashboard.pages.plan_stated import stated_page
from dashboard.state import Filters, day
from dashboard.views import plan as view
from dashboard.views import plan_stated as stated_view

TRIALS_AT_ONCE, TRIALS, SIDE_BY_SIDE = 20, 200, "columns two-one spaced beside-first"
EVERYBODY = (
    "Every team that works now is trained or planned. A next wave needs teams that are not: keep some untrained, or "
    "plan the next programme, from stated numbers as before there are data."
)


def answer(context: Context, filters: Filters, choices: Mapping[str, str]) -> html.Div:
    """What a proposed roll-out can tell, its order, and what it gives up."""
    if "rate" in choices:
        return stated_page(context.settings, choices)
    ground = plan_ground(context.queries)
    if len(ground.teams) < view.FEWEST_TEAMS:
        stated = [dcc.Link("Plan from stated numbers", href=f"{PAGE.path}?rate=12", className="button")]
        nobody = message("Nobody is left to plan for", EVERYBODY, stated)
        return html.Div([html.H1(PAGE.question), nobody, due_note(context)])
    reader, level = context.settings.reader, context.settings.config.project.ci_level
    asked = view.read(choices, ground, _today(context), _holdout(context))
    beside = view.beside_of(choices["beside"], asked) if "beside" in choices else None
    controls = _controls(context, asked, ground, choices)
    refused = [html.Div(words, className="banner banner-note", role="status") for words in asked.refused]
    try:
        shown = view.view(asked, ground, reader, level, context.settings.min_group, beside)
    except EstimationError as fault:
        words = message("This plan cannot be carried out", str(fault), [dcc.Link("Start over", href=PAGE.path)])
        return html.Div([html.H1(PAGE.question), *refused, words, controls])
    warned = [html.Div(words, className="banner banner-note", role="status") for words in shown.warnings]
    left = [_curves(context, shown), _order(context, shown, choices)]
    right = [controls, _grid(context, shown), _trial(shown)]
    return html.Div(
        [
            html.H1(shown.title, id="headline"),
            html.P(shown.detail, className="lede"),
            *refused,
            *warned,
            html.P(shown.beside, className="banner banner-note") if shown.beside else None,
            due_note(context),
            html.Div([html.Div(part, className="stack") for part in (left, right)], className=SIDE_BY_SIDE),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Sliders write the address; a trial counts up while the reader watches."""
    client: Any = app.clientside_callback
    numbers = {"type": "plan-number", "key": ALL}
    client(
        ClientsideFunction("value", "writeNumbers"),
        Output("url", "search", allow_duplicate=True),
        Input(numbers, "value"),
        State(numbers, "id"),
        State({"type": "plan-usual", "key": ALL}, "data"),  # ALL: none is there once the page is left
        State("url", "search"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("trial-tick", "disabled"),
        Output("trial-tick", "n_intervals"),
        Input("trial", "n_clicks"),
        prevent_initial_call=True,
    )
    def _begin(clicks: int) -> Any:
        return (False, 0) if clicks else (no_update, no_update)

    @app.callback(
        Output("trial-found", "children"),
        Output("trial-counts", "data"),
        Output("trial-tick", "disabled", allow_duplicate=True),
        Input("trial-tick", "n_intervals"),
        State("trial-counts", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _try(tick: int, counts: list[float] | None, search: str | None) -> Any:
        if not tick:
            return no_update, [0, 0, 0], no_update
        with context.queries.pinned():
            words, held = tried(context, PAGE.split(search or "")[0], counts or [0, 0, 0])
        return words, held, held[0] >= TRIALS


def tried(context: Context, choices: Mapping[str, str], counts: list[float]) -> tuple[str, list[float]]:
    """Some more trials of a plan: the words so far, and trials, detections and false alarms so far.

    Parameters
    ----------
    context : Context
    choices : mapping
        Of the page's address.
    counts : list
        Trials, detections and false alarms so far.
    """
    ground = plan_ground(context.queries)
    asked = view.read(choices, ground, _today(context), _holdout(context))
    proposal = view.proposal_of(asked, ground)
    level = context.settings.config.project.ci_level
    try:
        shown = view.view(asked, ground, context.settings.reader, level, context.settings.min_group)
    except EstimationError as fault:
        return str(fault), [float(TRIALS), 0, 0]
    first = min(shown.outlooks, key=lambda one: one.weeks_to_know)
    means, sizes = ground.blocks.get(first.goal.kpi.id, (None, None))
    made = simulate(
        proposal.starts,
        min(proposal.history_weeks, LONGEST_HISTORY),
        proposal.after_weeks,
        first.goal.smallest_effect,
        means=means,
        sizes=sizes,
        components=first.goal.components,
        level=level,
        simulations=TRIALS_AT_ONCE,
        seed=int(counts[0]) + 1,
    )
    n = counts[0] + made.n
    told, alarms = counts[1] + made.power * made.n, counts[2] + made.false_alarms * made.n
    kpi, matters = first.goal.kpi, context.settings.reader.size(first.goal.smallest_effect, first.goal.kpi)
    why = "as own weeks are too few" if means is not None else "since own weeks would tell of single teams"
    where = "own untrained weeks" if made.own_weeks else f"paths made from the estimated movement, {why}"
    words = (
        f"{n:.0f} of {TRIALS} tried on {where}: a change of {matters} in {kpi.label.lower()} was detected in "
        f"{100 * told / n:.0f} of 100; where nothing happened, something was called a change in "
        f"{100 * alarms / n:.0f} of 100."
    )
    return words, [n, told, alarms]


def _controls(context: Context, asked: view.Asked, ground: Ground, choices: Mapping[str, str]) -> html.Section:
    usual = view.read({}, ground, _today(context), _holdout(context)).numbers
    most = {"waves": min(12, len(ground.teams)), "untrained": max(0, len(ground.teams) - 1)}
    sliders = []
    for key in ("waves", "gap", "untrained", "weeks"):
        low, high = view.LIMITS[key]
        high = min(high, most.get(key, high))
        value = asked.numbers[key]
        sliders.append(
            html.Div(
                [
                    html.Div(
                        [html.Span(view.LABELS[key]), html.Span(str(value), className="strong")],
                        className="slider-head",
                    ),
                    dmc.Slider(
                        id={"type": "plan-number", "key": key},
                        value=value,
                        min=low,
                        max=high,
                        step=1,
                        updatemode="mouseup",
                        thumbLabel=view.LABELS[key],
                        size="sm",
                    ),
                ]
            )
        )
    links: list[tuple[str, dict[str, str | None], bool]] = [
        ("By lot", {"order": None}, not asked.worst_first),
        ("Worst teams first", {"order": "worst"}, asked.worst_first),
    ]
    n = asked.numbers
    compare = f"{n['waves']}-{n['gap']}-{n['untrained']}"
    return html.Section(
        [
            html.H2("The plan", className="card-title"),
            html.P("Move a slider: the answer follows, and the address keeps it.", className="card-subtitle"),
            dcc.Store(id={"type": "plan-usual", "key": "plan"}, data={key: str(value) for key, value in usual.items()}),
            html.Div(sliders, className="sliders"),
            html.Nav(
                [
                    dcc.Link(words, href=_link(choices, change), className="choice here" if here else "choice")
                    for words, change, here in links
                ],
                className="choices no-print",
                **attributes({"aria-label": "How the order is made"}),
            ),
            html.Nav(
                [
                    dcc.Link("Draw again", href=_link(choices, {"seed": str(n["seed"] + 1)}), className="choice"),
                    dcc.Link("Keep for comparison", href=_link(choices, {"beside": compare}), className="choice"),
                    dcc.Link("Start over", href=PAGE.path, className="choice"),
                ],
                className="choices no-print",
                **attributes({"aria-label": "Other plans"}),
            ),
        ],
        className="card",
        id="the-plan",
    )


def _curves(context: Context, shown: view.View) -> html.Section:
    reader = context.settings.reader
    rows = [
        {
            "goal": one.goal.kpi.label,
            "matters": reader.size(one.goal.smallest_effect, one.goal.kpi),
            "detectable": reader.size(one.detectable, one.goal.kpi),
            "week": f"week {int(one.weeks_to_know)}" if one.weeks_to_know < float("inf") else "not in time",
            "lasting": f"{reader.number(100 * one.goal.components.autocorrelation, 0)}%",
        }
        for one in shown.outlooks
    ]
    columns = [
        Column("goal", "Goal"),
        Column("matters", "Change that matters"),
        Column("detectable", "Detectable at best"),
        Column("week", "Known by"),
        Column("lasting", "Carried over to the next week", help=view.CARRIED_OVER),
    ]
    return chart_card(
        id="detectable",
        reader=reader,
        title=shown.curves_title,
        subtitle="Smallest change that is detected in 80 of 100 roll-outs, in multiples of the change that matters, by "
        "week since the first wave.",
        figure=plan_curves(shown.curves, reader),
        definition="From how much these teams moved by themselves in weeks without training, for the estimator and the "
        "interval that will be used. A line below 1 means that a change that matters would be detected.",
        columns=columns,
        rows=rows,
        csv=_download("plan-detectable", shown),
        instead=html.P("Nobody is left to compare with, so nothing can be told.", className="muted"),
        table_open=True,
    )


def _order(context: Context, shown: view.View, choices: Mapping[str, str]) -> html.Section:
    reader, minimum = context.settings.reader, context.settings.min_group
    query = urlencode(dict(choices))
    rows = [
        {
            "team": place.team,
            "site": place.site or "–",
            "agents": place.n_agents if place.n_agents >= minimum else None,
            "suppressed": place.n_agents < minimum,
            "wave": "untrained" if place.wave is None else f"wave {place.wave}{', locked' if place.locked else ''}",
            "start": day(place.start, reader.locale) if place.start else "–",
        }
        for place in shown.order
    ]
    columns = [
        Column("team", "Team"),
        Column("site", "Site"),
        Column("agents", "Agents", numeric=True),
        Column("wave", "Wave"),
        Column("start", "Starts"),
    ]
    return chart_card(
        id="order",
        reader=reader,
        title=shown.order_title,
        subtitle=shown.order_note or "Teams by their wave.",
        figure=None,
        definition="Drawn among the orders in which the waves are most alike in site, size and level, so that the draw "
        "can be tested later. Lock a team by adding lock=TEAM=WAVE to the address.",
        columns=columns,
        rows=rows,
        csv=f"/download/plan-order.csv{'?' + query if query else ''}",
        instead=html.P(
            [
                "For the learning system: the CSV behind ⋯ has a row a team. Accept this plan on the command line: ",
                html.Code(_unbroken(_command(shown, choices)), className="mono"),
                ". ",
                dcc.Link("Who is overdue first", href="/adoption"),
            ],
            className="muted small",
        ),
        table_open=True,
    )


def _grid(context: Context, shown: view.View) -> html.Section:
    proposal = shown.proposal
    return chart_card(
        id="grid",
        reader=context.settings.reader,
        title="Who is trained when",
        subtitle="Blue from the team's first week of training on; ▪ locked.",
        figure=roll_out(shown.order, proposal.gap_weeks, proposal.after_weeks, context.settings.reader.locale),
        definition="One row a team; a team without blue stays untrained and is the comparison to the end.",
        columns=[Column("team", "Team"), Column("week", "From week")],
        rows=[
            {
                "team": place.team,
                "week": "never" if place.wave is None else str((place.wave - 1) * proposal.gap_weeks),
            }
            for place in shown.order
        ],
        csv=_download("plan-detectable", shown),
    )


def _trial(shown: view.View) -> html.Section:
    return html.Section(
        [
            html.H2("Try it on weeks without training", className="card-title"),
            html.P(
                "Fake waves where nobody was trained, judged by the estimator and interval of this product.",
                className="card-subtitle",
            ),
            html.Button("Try it", id="trial", type="button", className="button spaced", n_clicks=0),
            dcc.Interval(id="trial-tick", interval=1200, disabled=True, n_intervals=0),
            dcc.Store(id="trial-counts", data=[0, 0, 0]),
            html.P("", id="trial-found", className="small", **attributes({"aria-live": "polite"})),
        ],
        className="card no-print",
        id="trials",
    )


def _unbroken(command: str) -> list[Any]:
    """A command that breaks between its options and never inside one."""
    first, *options = command.split(" --")
    return [first, *(part for option in options for part in (" ", html.Span(f"--{option}", className="unbroken")))]


def _command(shown: view.View, choices: Mapping[str, str]) -> str:
    p = shown.proposal
    start = next((place.start for place in shown.order if place.start is not None), None)
    seed = choices.get("seed", str(view.USUAL["seed"]))
    return (
        f"empathy plan --waves {p.n_waves} --gap {p.gap_weeks} --untrained {p.n_untrained} --weeks {p.after_weeks} "
        f"--seed {seed} --start {start} --accept"
    )


def _link(choices: Mapping[str, str], change: Mapping[str, str | None]) -> str:
    kept = {key: value for key, value in {**choices, **change}.items() if value is not None}
    return PAGE.path + (f"?{urlencode(kept)}" if kept else "")


def _download(name: str, shown: view.View) -> str:
    p = shown.proposal
    query = urlencode({"waves": p.n_waves, "gap": p.gap_weeks, "untrained": p.n_untrained, "weeks": p.after_weeks})
    return f"/download/{name}.csv?{query}"


def _today(context: Context) -> date:
    """The last day of the data: a plan starts after what is known, and an answer does not change overnight."""
    return context.queries.about().data_to or date.min


def _holdout(context: Context) -> tuple[str, ...]:
    """Teams kept out of training on purpose, as far as that lasts."""
    holdout = context.settings.config.programme.holdout
    if holdout is None or (holdout.until is not None and holdout.until <= _today(context)):
        return ()
    return holdout.teams


def _asked(context: Context, parts: Mapping[str, str]) -> tuple[view.View | None, Ground]:
    ground = plan_ground(context.queries)
    if len(ground.teams) < view.FEWEST_TEAMS:
        return None, ground
    asked = view.read(parts, ground, _today(context), _holdout(context))
    level = context.settings.config.project.ci_level
    return view.view(asked, ground, context.settings.reader, level, context.settings.min_group), ground


def _order_frame(context: Context, _filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    shown, _ = _asked(context, parts)
    if shown is None:
        return pl.DataFrame()
    minimum = context.settings.min_group
    rows = [
        {
            "team": place.team,
            "site": place.site,
            "n_agents": place.n_agents if place.n_agents >= minimum else None,
            "wave": place.wave,
            "start": place.start,
            "locked": place.locked,
        }
        for place in shown.order
    ]
    return pl.DataFrame(rows)


def _detectable_frame(context: Context, _filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
    shown, _ = _asked(context, parts)
    if shown is None:
        return pl.DataFrame()
    rows = [
        {
            "kpi": one.goal.kpi.id,
            "week": point.weeks,
            "std_error": point.std_error,
            "detectable": point.detectable,
            "smallest_effect": one.goal.smallest_effect,
        }
        for one in shown.outlooks
        for point in one.points
    ]
    return pl.DataFrame(rows).with_columns(pl.col("std_error", "detectable").fill_nan(None)) if rows else pl.DataFrame()


PAGE = Page(
    key="plan",
    path="/plan",
    name="Plan",
    question="What next, and will we be able to tell?",
    answer=answer,
    filtered=False,
    choices=(*view.CHOICES, *stated_view.CHOICES),
    unbuilt=stated_page,
    downloads={
        "plan-order": Download("Order of waves", _order_frame, choices=view.CHOICES, applies=()),
        "plan-detectable": Download(
            "Smallest detectable change by week", _detectable_frame, choices=view.CHOICES, applies=()
        ),
    },
    register=register,
)
