"""Effects: did training change this, when, and how sure are we?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
import polars as pl
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card, info
from dashboard.components.further import further
from dashboard.components.kpi_card import verdict_badge
from dashboard.components.states import address, message, period_base
from dashboard.components.table import Column
from dashboard.data import ladder as data
from dashboard.data.events import Happening, happenings
from dashboard.figures.event_study import domain, event_study
from dashboard.figures.ladder import ladder
from dashboard.page import Context, Download, Page, csv_link, unmounted
from dashboard.pages.reading import beside, gains_of
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from dashboard.views import effects as view
from dashboard.views import reproduce
from dashboard.views.events import by_week, in_title, listed, shown
from dashboard.views.verdicts import UNUSABLE, split_level
from etl.configuration.kpis import Kpi, KpiError

LADDER = "ladder-place"
"""Where the ladder stands, so that it can come later than the page."""
LONG_CHANGE = 14
"""Characters of a change that are read large together; a longer unit stands smaller behind its number."""


def answer(context: Context, filters: Filters, kpi: str = "") -> html.Div:
    """The effect on one KPI for one selection."""
    shown = context.queries.kpis()
    try:
        chosen = _chosen(context, kpi)
    except KpiError as error:
        home = dcc.Link("Show the first KPI", href=address("/effects", filters), className="button")
        return html.Div([html.H1(PAGE.question), message("There is no such KPI", str(error), [home])])
    picker = _picker(shown, chosen)
    reason = context.queries.unavailable(chosen, filters)
    if reason:
        action = [dcc.Link("Clear all filters", href=f"/effects/{chosen.id}", className="button")]
        words = f"{chosen.label}: {reason[0].lower()}{reason[1:]} Clear that filter to see it."
        return html.Div([picker, html.H1(chosen.question), message("Not available for this selection", words, action)])
    happened = happenings(context.queries, filters)
    study, reader = context.queries.study(chosen.id, filters), context.settings.reader
    model = view.build(chosen, study, reader, _assigned(context), in_title(happened))
    if model is None:
        words = (
            f"Nothing was estimated for {chosen.label.lower()}: the data hold no observation of it for this selection."
        )
        return html.Div([picker, html.H1(chosen.question), message("No estimate", words)])
    return html.Div(
        [
            picker,
            html.H1(model.sentence, id="headline"),
            html.P(" ".join([chosen.question, *_lede(model)]), className="lede"),
            period_base(filters, reader),
            html.Div(
                [
                    html.Div(
                        [
                            _course(context, model, filters, happened),
                            html.Div(_ladder(context, model, filters), id=LADDER),
                            _would_change(model),
                            beside(context, model, filters),
                            gains_of(context, model, filters),
                            _definition(chosen),
                            _further(context, chosen, filters),
                        ],
                        className="stack",
                    ),
                    html.Div([_verdict(model), _checks(model)], className="stack"),
                ],
                className="columns two-one beside-first",
            ),
        ]
    )


def _assigned(context: Context) -> str:
    """What was assigned to training together, and so counts once in the errors: teams, agents or sites."""
    return f"{context.queries.setting().design.cluster}s".capitalize()


def _further(context: Context, kpi: Kpi, filters: Filters) -> html.Section:
    config = context.settings.config.path
    timing = context.queries.setting().design.timing
    name = config.name if config else "empathy.toml"
    return further(
        lineage=f"/data/{kpi.id}#lineage",
        sql=reproduce.sql(kpi, filters, timing) if kpi.kind.before_and_after else "",
        python=reproduce.python_lines(kpi, filters, name, context.queries.run_id()),
    )


def _lede(model: view.EffectsPage) -> list[str]:
    """What the verdict adds to its answer, once."""
    why = "" if model.why.lower() in f"{model.sentence} {model.detail}".lower() else model.why
    return [words for words in (model.detail, why) if words]


def register(app: Dash, context: Context) -> None:
    """Choosing a KPI writes the address; the simpler ways of comparing come when they are asked for."""

    @app.callback(
        Output(LADDER, "children"),
        Input("ladder-ask", "n_clicks"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _ask(clicks: int | None, pathname: str | None, search: str | None) -> Any:
        return _compared(context, unmounted(pathname or ""), search or "") if clicks else no_update

    client: Any = app.clientside_callback
    client(
        ClientsideFunction("empathy", "chooseKpi"),
        Output("url", "pathname", allow_duplicate=True),
        Input("kpi", "value"),
        prevent_initial_call=True,
    )


def _compared(context: Context, pathname: str, search: str) -> Any:
    """The ladder of a selection for which none is stored, asked for with a button."""
    parts, queries = PAGE.match(pathname), context.queries
    if parts is None:
        return no_update
    with queries.pinned():
        filters = queries.selection(search)
        try:
            chosen = _chosen(context, parts.get("kpi", ""))
        except KpiError:
            return no_update
        if not queries.decision(filters).allowed or queries.unavailable(chosen, filters):
            return no_update
        frames = {**queries.study(chosen.id, filters), "ladder": data.ladder(queries, chosen, filters)}
        model = view.build(chosen, frames, context.settings.reader)
        return no_update if model is None else _ladder(context, model, filters, asked=True)


def _chosen(context: Context, kpi: str) -> Kpi:
    """The KPI an address names, or the first primary one that has data."""
    chosen = context.settings.catalogue[kpi or (*context.queries.goals(), *context.queries.kpis())[0].id]
    if chosen.hidden and current().restricted:
        raise KpiError(f"{chosen.label} is left out of this dashboard.")
    return chosen


def _picker(shown: list[Kpi], chosen: Kpi) -> html.Div:
    groups: dict[str, list[dict[str, str]]] = {}
    for item in shown:
        groups.setdefault(item.claim, []).append({"value": item.id, "label": item.label})
    return html.Div(
        [
            html.Label("KPI", htmlFor="kpi", className="visually-hidden"),
            dmc.Select(
                id="kpi",
                data=[{"group": claim, "items": items} for claim, items in groups.items()],
                value=chosen.id,
                searchable=True,
                allowDeselect=False,
                maxDropdownHeight=420,
                comboboxProps={"keepMounted": False},
                size="sm",
                className="picker",
                **attributes({"aria-label": "KPI"}),
            ),
        ],
        className="picker-row no-print",
        id="kpi-row",
        **attributes({"data-shown": chosen.id}),
    )


def _course(context: Context, model: view.EffectsPage, filters: Filters, happened: Sequence[Happening]) -> html.Section:
    reader, kpi = context.settings.reader, model.effect.kpi
    ticks = by_week(happened, model.events[0].week, model.events[-1].week, reader) if model.events else ()
    level = f"{context.settings.config.project.ci_level:.0%}"
    weekly = reader.for_column(kpi, ((point.ci_low, point.ci_high) for point in model.events))
    rows = [
        {
            "week": point.week,
            "change": weekly.change(point.estimate, kpi, point.ci_low, point.ci_high),
            "range": weekly.span(point.ci_low, point.ci_high, kpi),
            "band": weekly.span(point.band_low, point.band_high, kpi),
            "agents": point.n_agents,
            "contacts": point.n_contacts,
        }
        for point in model.events
    ]
    columns = [
        Column("week", "Week from training", numeric=True, show=str),
        Column("change", "Estimated change"),
        Column("range", f"{level} range"),
        Column("band", f"{level} range of all weeks together"),
        Column("agents", "Agents", numeric=True),
        Column("contacts", "Observed", numeric=True, help=f"Number of {kpi.per}s"),
    ]
    return chart_card(
        id="course",
        reader=context.settings.reader,
        title=model.course_title,
        subtitle=f"Estimated change in {kpi.label.lower()} by week from training, against agents not yet trained. "
        f"Lines: {level} range of a week; blue area: {level} range of all weeks together; grey: less than would "
        f"matter. {model.effect.counts}."
        if len(model.events) > 1
        else "",
        figure=event_study(model.events, model.effect, weekly, model.other, ticks),
        definition="Week 0 is the first week after training. Before it the points should lie around zero: trained and "
        "untrained moved together. After it they show what training changed.",
        instead=_no_course(kpi, filters),
        note=f"{_course_note(context, model)} {listed(shown(happened, ticks), reader)}".strip(),
        columns=columns,
        rows=rows,
        csv=csv_link("event_time", filters, kpi=kpi.id),
    )


def _course_note(context: Context, model: view.EffectsPage) -> str:
    """What of the course is not drawn."""
    effect, minimum = model.effect, context.settings.min_group
    if effect.verdict.state == UNUSABLE:
        return "Only the weeks before training are drawn: what came after them is not an effect of training."
    if not model.events:
        return ""
    share = f"{view.SHARE_OF_PEAK:.0%}"
    words = f"Weeks with few agents are left out (under {share} of the fullest week, or under {minimum} agents)."
    low, high = domain(model.events, effect.kpi, context.settings.reader)
    ends = [context.settings.reader.shown(v, effect.kpi) for p in model.events for v in (p.band_low, p.band_high)]
    if min(ends) < low or max(ends) > high:
        words += " The blue area is cut where it leaves the drawing; the table has its ends."
    return words


def _ladder(context: Context, model: view.EffectsPage, filters: Filters, *, asked: bool = False) -> html.Section:
    kpi, reader = model.effect.kpi, context.settings.reader
    rows = [
        {
            "label": rung.label,
            "shown": rung.shown,
            "range": reader.span(rung.ci_low, rung.ci_high, kpi),
            "note": rung.note,
            "estimator": rung.estimator,
        }
        for rung in model.rungs
    ]
    notes = [html.Li([html.Strong(f"{rung.label}. "), rung.note]) for rung in model.rungs if rung.note]
    return chart_card(
        id="ladder",
        reader=context.settings.reader,
        title=model.ladder_title,
        subtitle="Why not simply compare? The same question, answered from the naive to the fair; the last one counts."
        if model.rungs
        else "",
        figure=ladder(model.rungs, kpi, reader),
        definition="Each step removes a way of being fooled: season, learning on the job, who was picked, and agents "
        "already trained serving as comparison.",
        instead=_no_ladder(model, asked=asked or not data.can_ask(context.queries, kpi, filters)),
        columns=[
            Column("label", "Way of comparing"),
            Column("shown", "Answer"),
            Column("range", "Range"),
            Column("estimator", "Estimator"),
        ],
        rows=rows,
        csv=csv_link("ladder", filters, kpi=kpi.id),
        legend=html.Details(
            [html.Summary("What each way gets wrong"), html.Ul(notes, className="plain-list")], className="as-table"
        )
        if notes
        else None,
    )


def _no_course(kpi: Kpi, filters: Filters) -> html.Div:
    """Why there is no effect by week."""
    if not kpi.kind.before_and_after:
        words = "An agent leaves once, so there is no level of one agent to follow from week to week. The page about "
        words += "attrition shows who is still here after how many months."
        link = dcc.Link("See who stays", href=address("/attrition", filters), className="button")
        return message("Leaving has no course by week", words, [link])
    return message("No course over time", "There are too few weeks or agents to draw it for this selection.")


def _no_ladder(model: view.EffectsPage, *, asked: bool) -> html.Div:
    """Why the simpler ways of comparing are not set side by side."""
    kpi = model.effect.kpi
    if model.effect.verdict.state == UNUSABLE:
        words = "Even the fairest comparison does not hold here, so no way of comparing gives an answer to be read. "
        return message("No way of comparing can be used", f"{words}The file with the numbers is in the menu above.")
    if not kpi.kind.before_and_after:
        words = "People must stay to be trained, so whoever simply counts leavers finds that training keeps people, "
        words += "even where it does nothing. Only agents of the same tenure in the same month are compared."
        return message("Counting leavers would mislead", words)
    if not model.effect.available:
        words = "There is no fair comparison for this selection, so there is nothing to hold the simpler ones against; "
        return message("No simpler answer by itself", f"{words}by themselves they mislead.")
    if asked:
        return message("No simpler answer", "No simpler way of comparing has an answer for this selection.")
    words = (
        "For this selection only the fair comparison was made. The simpler ones can be set beside it, to see how far "
    )
    ask = html.Button("Compare in the simpler ways too", id="ladder-ask", type="button", className="button", n_clicks=0)
    return message("The simpler ways of comparing", f"{words}they would have been off; it takes a moment.", [ask])


def _verdict(model: view.EffectsPage) -> html.Section:
    effect = model.effect
    number, unit = split_level(effect.change) if len(effect.change) > LONG_CHANGE else (effect.change, "")
    facts = [html.Div([html.Dt(name), html.Dd(words)]) for name, words in model.facts]
    return html.Section(
        [
            html.H2("Verdict", className="visually-hidden"),
            html.Div(
                verdict_badge(effect.verdict.state, effect.verdict.mark, effect.verdict.label, effect.tone),
                className="verdict-large",
            ),
            html.Div(
                [
                    html.Span(
                        number,
                        className=f"level tone-{effect.tone}",
                        **attributes({"data-kpi": effect.kpi.id, "data-what": "change"}),
                    ),
                    html.Span(unit, className="level-unit"),
                ],
                className="level-row",
            ),
            html.P(effect.likely or _no_number(model), className="muted"),
            html.Dl(facts, className="fact-list"),
            html.P([html.Strong("Second opinion. "), model.second], className="small") if model.second else None,
            html.P([html.Strong("Completing it. "), model.completion], className="small") if model.completion else None,
        ],
        className="card verdict-card",
        id="verdict",
    )


def _no_number(model: view.EffectsPage) -> str:
    if model.effect.verdict.state == UNUSABLE:
        return "No number is shown, because the comparison does not hold."
    return "" if model.effect.verdict.reason in model.sentence else model.effect.verdict.reason


def _checks(model: view.EffectsPage) -> html.Section:
    lines = [
        html.Li(
            [
                html.Span(
                    line.mark,
                    className=f"check-mark check-{line.status.split()[0]}",
                    title=line.status,
                    role="img",
                    **attributes({"aria-label": line.status}),
                ),
                html.Span([html.Strong(f"{line.label}. "), line.sentence]),
            ]
        )
        for line in model.checks
    ]
    return html.Section(
        [
            html.H2(model.checks_title, className="card-title"),
            html.Ul(lines, className="open-list") if lines else html.P(_unchecked(model.effect.kpi), className="small"),
        ],
        className="card",
        id="checks",
    )


def _unchecked(kpi: Kpi) -> str:
    """Why there are no checks."""
    if not kpi.kind.before_and_after:
        return (
            "Whoever left before the planned week was never there to be trained, so there is no path before training "
            "to check. Agents of the same tenure, month and site stand beside each other instead."
        )
    return "There are too few weeks or agents in this selection to check the comparison."


def _would_change(model: view.EffectsPage) -> html.Section | None:
    if not model.would_change:
        return None
    return html.Section(
        [
            html.H2("The verdict would change if…", className="card-title"),
            html.Ul([html.Li(words) for words in model.would_change], className="open-list"),
        ],
        className="card",
        id="would-change",
    )


def _definition(kpi: Kpi) -> html.Section:
    return html.Section(
        [
            html.H2(["How it is counted ", info(f"Unit: {kpi.unit}. Counted per {kpi.per}.")], className="card-title"),
            html.P(kpi.definition, className="small"),
            html.P(kpi.caveat, className="small muted") if kpi.caveat else None,
        ],
        className="card",
        id="definition",
    )


def _part(name: str) -> Any:
    def make(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
        return context.queries.study(parts["kpi"], filters).get(name, pl.DataFrame())

    return make


PAGE = Page(
    key="effects",
    path="/effects/<kpi>",
    name="Effects",
    question="Did training change this? When? How sure are we?",
    answer=answer,
    downloads={
        "event_time": Download("Estimated effect by week from training", _part("event_time"), ("kpi",)),
        "ladder": Download(
            "The same question, answered from the naive to the fair",
            lambda context, filters, parts: data.ladder(
                context.queries, context.settings.catalogue[parts["kpi"]], filters
            ),
            ("kpi",),
        ),
        "checks": Download("Checks of the comparison", _part("check"), ("kpi",)),
    },
    register=register,
)
