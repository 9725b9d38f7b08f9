"""Overview: is it working, and is it worth it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from analysis.words.numbers import plural
from dashboard.answers import Made, Question
from dashboard.components.attributes import attributes
from dashboard.components.chart import chart_card
from dashboard.components.kpi_card import kpi_card, verdict_badge
from dashboard.components.states import address, message, period_base
from dashboard.components.table import Column
from dashboard.data.changes import changes, sentences
from dashboard.data.events import happenings
from dashboard.data.value import configured, values
from dashboard.figures.forest import forest
from dashboard.figures.money import money_bars
from dashboard.page import Context, Download, Page, csv_link
from dashboard.privacy.viewer import current
from dashboard.state import Filters, day
from dashboard.views import overview as view
from dashboard.views.assumptions import Worth, worths
from dashboard.views.events import by_day, listed, shown
from dashboard.views.price import price
from dashboard.views.verdicts import Effect, effect, missing
from etl.configuration.kpis import Kpi

MAX_REASONS = 4
MAX_NAMED = 5
REST = "overview-rest.children"
"""What the second answer fills."""


def answer(context: Context, filters: Filters) -> html.Div:
    """The overview for one selection; what must be estimated first follows the sentence and the cards."""
    head, reader = head_of(context, filters), context.settings.reader
    quick = context.queries.is_quick(filters)
    others = len(context.queries.kpis()) - len(head.cards)
    happened = happenings(context.queries, filters)
    weeks = [point.week for card in head.cards for point in card.trend]
    ticks = by_day(happened, min(weeks), max(weeks), reader) if weeks else ()
    also = listed(shown(happened, ticks), reader)
    pending = html.P(f"Estimating the other {others} KPIs for this selection…", className="card pending", role="status")
    return html.Div(
        [
            html.H1(head.sentence, id="headline"),
            html.P(head.detail, className="lede"),
            period_base(filters, reader),
            _worth(context, filters) if quick else None,
            html.Div(
                [kpi_card(card, filters, reader, ticks) for card in head.cards],
                className=f"cards cards-{len(head.cards)}",
            ),
            html.P(also, className="small muted", id="events") if also else None,
            html.Div(_rest(context, filters) if quick else pending, id="overview-rest"),
            None if quick else dcc.Store(id="overview-wanted", data=filters.to_query()),
            _since_place(context) if filters.is_everything else None,
        ]
    )


def register(app: Dash, context: Context) -> None:
    """The second half of the page, where it has to be estimated."""

    @app.callback(Output("overview-rest", "children"), Input("overview-wanted", "data"), prevent_initial_call=False)
    def _more(wanted: str | None) -> Any:
        return no_update if wanted is None else _rest_answer(context, wanted).outputs.get(REST, no_update)

    client: Any = app.clientside_callback
    client(
        ClientsideFunction("visits", "since"),
        Output("visit-since", "data"),
        Input("visit-run", "data"),
        prevent_initial_call=False,
    )

    @app.callback(
        Output("since-place", "children"),
        Input("visit-since", "data"),
        State("url", "search"),
        prevent_initial_call=False,
    )
    def _visit(before: str | None, search: str | None) -> Any:
        return since_visit(context, before, search or "") if before else no_update


def since_visit(context: Context, before: str, search: str) -> Any:
    """What changed since the version a reader saw last; what stands there already where that version is gone.

    Parameters
    ----------
    context : Context
    before : str
        Its run id, as the reader's browser kept it.
    search : str
        Of the page's address: changes are told of everybody only.
    """
    queries = context.queries
    with queries.pinned():
        if not queries.selection(search).is_everything or before not in {one.run_id for one in queries.versions()}:
            return no_update
        found = changes(queries, before)
        if not found.since and before != found.until:  # not a version that readers of a shared dashboard were told of
            return no_update
        then = day(found.data_to_before, context.settings.config.project.locale) if found.data_to_before else "–"
        lines = sentences(found, context.settings.min_group) if found.any else ("Nothing that is told here changed.",)
        return _changed("Since your last visit", f"You saw the data to {then}.", lines)


def _rest_answer(context: Context, wanted: str, run_id: str | None = None) -> Made:
    with context.queries.pinned(run_id) as pinned:
        filters = context.queries.selection(wanted)
        allowed = context.queries.decision(filters).allowed
        return Made({REST: _rest(context, filters)} if allowed else {}, pinned)


def _rest_asked(context: Context, given: dict[str, Any]) -> Question | None:
    wanted = given["overview-wanted.data"]
    if wanted is None:
        return None
    with context.queries.pinned() as run_id:
        filters = context.queries.selection(wanted)
    return Question((run_id, "rest", filters), lambda: _rest_answer(context, wanted, run_id))


def head_of(context: Context, filters: Filters) -> view.Head:
    """Sentence and cards of one selection; also what other files (reports, tests) show."""
    queries, settings = context.queries, context.settings
    primary = queries.goals()
    weekly = {
        kpi.id: queries.weekly(kpi.id, filters)
        for kpi in primary[: view.N_CARDS]
        if not queries.unavailable(kpi, filters)
    }
    return view.head(
        primary=primary,
        effects=effects_of(context, filters, primary),
        weekly=weekly,
        trained_from=queries.first_training(filters),
        reader=settings.reader,
        weeks_a_row=queries.weeks_a_row,
        where=filters.describe(settings.config.project.locale),
        ci_level=settings.config.project.ci_level,
        programme=settings.config.programme.name,
    )


def rest_of(context: Context, filters: Filters) -> view.Rest:
    """Every KPI, the money and the open questions of one selection."""
    kpis = context.queries.kpis()
    return view.rest(
        kpis=kpis,
        effects=effects_of(context, filters, kpis),
        values=values(context.queries) if filters.is_everything else pl.DataFrame(),
        reader=context.settings.reader,
    )


def effects_of(context: Context, filters: Filters, kpis: Sequence[Kpi]) -> dict[str, Effect]:
    """KPIs with their effects, or with the reason why there is none."""
    found: dict[str, Effect] = {}
    for kpi in kpis:
        reason = context.queries.unavailable(kpi, filters)
        row = None if reason else context.queries.headline(kpi.id, filters)
        if row is None:
            found[kpi.id] = missing(kpi, reason or "Nothing was observed for this selection.")
        else:
            found[kpi.id] = effect(row, kpi, context.settings.reader)
    return found


def _since_place(context: Context) -> html.Div:
    """What changed since the version before, until the browser says which version this reader saw last."""
    run = dcc.Store(id="visit-run", data=context.queries.run_id())
    return html.Div([html.Div(_since(context), id="since-place"), run, dcc.Store(id="visit-since")])


def _since(context: Context) -> html.Section | None:
    """What changed since the version before; nothing where nothing did, or where there is none."""
    found = changes(context.queries)
    if not found.any:
        return None
    then = day(found.data_to_before, context.settings.config.project.locale)
    lines = sentences(found, context.settings.min_group)
    return _changed("Since the last version", f"Compared with the data to {then}.", lines)


def _changed(title: str, subtitle: str, lines: Sequence[str]) -> html.Section:
    return html.Section(
        [
            html.H2(title, className="card-title"),
            html.P(subtitle, className="card-subtitle"),
            html.Ul([html.Li(line) for line in lines], className="check-list"),
        ],
        className="card spaced",
        id="since",
    )


def _rest(context: Context, filters: Filters) -> html.Div:
    model = rest_of(context, filters)
    money = _money(context, model, filters) if current().may_open("value") else None
    side = html.Div([_open_questions(model, filters), money], className="stack")
    return html.Div([_forest(context, model, filters), side], className="columns two-one")


def _forest(context: Context, model: view.Rest, filters: Filters) -> html.Section:
    reader = context.settings.reader
    level = f"{context.settings.config.project.ci_level:.0%}"
    others = " ".join(
        words
        for words in (view.beside(model.effects, context.settings.config.project.ci_level), price(model.effects))
        if words
    )
    rows = [
        {
            "kpi": item.kpi.label,
            "change": item.estimate if item.available else None,
            "shown": item.change,
            "range": item.span or "–",
            "verdict": f"{item.verdict.mark} {item.verdict.label}"
            + (f": {item.verdict.reason}" if not item.available and item.verdict.reason else ""),
            "agents": item.n_agents,
        }
        for item in model.effects
    ]
    columns = [
        Column("kpi", "KPI"),
        Column("shown", "Estimated change"),
        Column("range", f"{level} range"),
        Column("verdict", "Verdict"),
        Column("agents", "Agents", numeric=True),
    ]
    legend = html.Div(
        [
            verdict_badge("clear", "●", "clear", "unsure"),
            verdict_badge("clear_but_small", "◐", "clear but small", "unsure"),
            verdict_badge("no_meaningful_change", "○", "no meaningful change", "unsure"),
            verdict_badge("cant_tell_yet", "◌", "can't tell yet", "unsure"),
            verdict_badge("dont_use", "⊘", "don't use", "unsure"),
        ],
        className="legend",
    )
    return chart_card(
        id="forest",
        reader=context.settings.reader,
        title=model.title,
        subtitle=f"Estimated change from training, as a share of the level before it, with {level} range. "
        f"Grey band: less than would matter. Right is better for every KPI. {others}".rstrip(),
        figure=forest(model.drawn, reader, lambda kpi: address(f"/effects/{kpi}", filters)),
        definition="Each line compares trained agents with agents not yet trained over the same weeks. "
        "A filled mark means that the range leaves out no change.",
        legend=legend,
        columns=columns,
        rows=rows,
        csv=csv_link("effects", filters),
        note=model.left_out,
    )


def _worth(context: Context, filters: Filters) -> html.P | None:
    """The net in one line, where everybody sees it, before what it is made of; and where it is said what to do."""
    if not filters.is_everything:
        return None
    words: list[Any] = []
    if current().may_open("value"):
        kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
        lines, sentence, _ = view.money_lines(values(context.queries), kpis, context.settings.reader)
        link = dcc.Link("See and change the assumptions", href="/value")
        words = [f"{sentence}. ", html.Span([link, ". "], className="no-print")] if lines else []
    words += _to_do()
    return html.P(words, className="lede worth", id="worth") if words else None


def _to_do() -> list[Any]:
    """Where it is said what to do, for whoever may open it."""
    ways = (("plan", "plan the next wave"), ("adoption", "who is overdue"))
    links: list[Any] = [dcc.Link(words, href=f"/{page}") for page, words in ways if current().may_open(page)]
    joined = [part for link in links for part in (", ", link)][1:]
    return [html.Span(["To do: ", *joined], className="no-print")] if links else []


def _money(context: Context, model: view.Rest, filters: Filters) -> Any:
    if model.money:
        months, currency = context.settings.config.value.period_months, context.settings.config.project.currency
        worths = _worths(context)
        unit_values = {worth.line: worth.each for worth in worths if worth.each}
        lines = [replace(item, each=unit_values.get(item.label, "")) for item in model.money]
        return chart_card(
            id="value",
            reader=context.settings.reader,
            title=view.money_title(model.money),
            subtitle=f"Effect × volume × what one is worth, over {months} months, in {currency}, with ranges.",
            figure=money_bars(lines, context.settings.reader),
            definition="Unit values and the cost come from the [value] section of the configuration: low, likely and "
            "high; nothing is assumed that is not written there. Benefits that are the same money are counted once.",
            note=model.money_note,
            below=html.Details(
                [
                    html.Summary("What one is worth, and who says so"),
                    html.Dl(
                        [html.Div([html.Dt(worth.name), html.Dd(worth.words)]) for worth in worths],
                        className="fact-list worths",
                    ),
                    dcc.Link("Change them", href="/value", className="no-print"),
                ],
                className="as-table",
            ),
            columns=[
                Column("label", "Line"),
                Column("shown", "Estimate"),
                Column("range", "Likely between"),
                Column("worth", "Unit value and its source"),
            ],
            rows=[
                {
                    "label": item.label,
                    "shown": item.shown,
                    "range": " and ".join(
                        context.settings.reader.money(end, (item.high - item.low) / 2 or None)
                        for end in (item.low, item.high)
                    ),
                    "worth": "; ".join(f"{w.name}: {w.words}" for w in worths if w.line == item.label) or "–",
                }
                for item in model.money
            ],
            csv=csv_link("value", filters),
        )
    if not filters.is_everything:
        return message(
            "Money is worked out for everybody together",
            "The unit values in the configuration hold for the whole programme, not for one part of it.",
            [dcc.Link("Show everybody", href="/", className="button")],
        )
    if model.money_sentence:
        return message(
            "What it is worth cannot be said",
            f"{model.money_sentence} The cost of the programme alone would be half an answer, so it is not drawn.",
        )
    return message(
        "What is it worth?",
        "No money is shown because no unit value was given. Write what one escalation, one sale or one leaver is worth "
        "under [value.kpis] in the configuration, as low, likely and high, then estimate again.",
    )


def _worths(context: Context) -> list[Worth]:
    """The unit values and the cost that the money rests on."""
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    return worths(configured(context.queries), kpis, context.settings.reader)


def _open_questions(model: view.Rest, filters: Filters) -> html.Section:
    items = model.open_questions
    if not items:
        return html.Section(
            [
                html.H2("What we cannot say yet", className="card-title"),
                html.P("Every KPI has an answer for this selection."),
            ],
            className="card",
        )
    reasons: dict[tuple[str, str], list[Effect]] = {}
    for item in items:
        reasons.setdefault((item.verdict.mark, _why(item)), []).append(item)
    lines = [
        html.Li(
            [
                html.Span(mark, className="mark-sign", **attributes({"aria-hidden": "true"})),
                html.Span([*_named(group, filters), f": {words[:1].lower()}{words[1:]}"]),
            ]
        )
        for (mark, words), group in list(reasons.items())[:MAX_REASONS]
    ]
    rest = len(items) - sum(len(group) for group in list(reasons.values())[:MAX_REASONS])
    return html.Section(
        [
            html.H2("What we cannot say yet", className="card-title"),
            html.Ul(lines, className="open-list"),
            html.P(f"And {rest} more, in the list of all KPIs.", className="muted small") if rest > 0 else None,
        ],
        className="card",
        id="open-questions",
    )


def _named(group: Sequence[Effect], filters: Filters) -> list[Any]:
    """KPIs with links, as a list in words."""
    shown: list[Any] = []
    for number, item in enumerate(group[:MAX_NAMED]):
        if number:
            shown.append(" and " if number == len(group) - 1 else ", ")
        shown.append(dcc.Link(item.kpi.label, href=address(f"/effects/{item.kpi.id}", filters)))
    if len(group) > MAX_NAMED:
        shown.append(f" and {len(group) - MAX_NAMED} more")
    return shown


def _why(item: Effect) -> str:
    weeks = item.verdict.weeks_to_know
    if item.available and weeks is not None:
        count = max(1, math.ceil(weeks))
        return f"we would know in about {count} {plural('week', count)}."
    if item.verdict.reason:
        return item.verdict.reason
    return f"anything from {item.span} fits the data." if item.available else "there is no estimate."


def _effects_frame(context: Context, filters: Filters, _parts: dict[str, str]) -> pl.DataFrame:
    return context.queries.effects(filters)


PAGE = Page(
    key="overview",
    path="/",
    name="Overview",
    question="Is the training working, and is it worth it?",
    answer=answer,
    asked={(REST,): _rest_asked},
    downloads={
        "effects": Download("Estimated effect of training on every KPI", _effects_frame),
    },
    register=register,
)
