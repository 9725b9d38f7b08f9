"""Skills: which skills moved, and does the goal move with them?"""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import Dash, Input, Output, dcc, html, no_update

from analysis.estimators.same_design import designs_shared
from analysis.panel.evaluations import OVERALL
from dashboard.answers import Made, Question
from dashboard.components.chart import chart_card, info
from dashboard.components.choice import choice
from dashboard.components.states import address, message, relax
from dashboard.components.table import Column, table
from dashboard.data import skills as data
from dashboard.figures.dumbbell import dumbbell
from dashboard.figures.slopes import slopes as slopes_figure
from dashboard.page import Context, Download, Page, csv_link
from dashboard.pages.adoption import course_names
from dashboard.pages.skills.phrases import phrase_cards, phrases_frame
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from dashboard.views import skill_chain as chain_view
from dashboard.views import skills as view
from dashboard.views.skill_gaps import gaps
from dashboard.views.verdicts import Effect, effect
from etl.configuration.kpis import Kpi

BASE, VALUE = "/skills", "/value"
REST = "skills-rest.children"
"""What the second answer fills."""
SLOPE_MEANING = (
    "Among agents not trained yet: how the goal differs in weeks in which the same agent scores higher on a skill, "
    "other agents' same weeks held equal, corrected for the sampling error of few evaluations. "
    "A good week can raise both, so a slope is consistent with the skill and never shows that it is the cause."
)


def answer(context: Context, filters: Filters, kpi: str = "") -> html.Div:
    """The chain, the skills and the slopes of one goal; what must be estimated first follows the sentence."""
    queries, reader = context.queries, context.settings.reader
    scored = data.scored(queries)
    goals = queries.goals()
    goal = _goal(context, kpi)
    quick = filters.is_everything
    kpis = data.skills(queries) if quick else data.skills(queries)[:1]
    moved = _moved(context, kpis, filters)
    if (quick and not moved) or (scored is not None and not scored.n_evaluations):
        return _nothing(context, filters)
    effects = view.effects_of(moved, kpis, reader)
    of_goal = _goal_effect(context, goal, filters)
    whole = data.chain(queries) if quick else None
    slopes = [] if whole is None or goal is None else view.slopes_of(whole.slopes, goal, _labels(context), reader)
    reading = next((item.reading for item in slopes if item.skill == OVERALL), "")
    links = chain_view.strip(
        pl.DataFrame() if whole is None else whole.links, effects.get(OVERALL), of_goal, reader,
        valued=bool(context.settings.config.value.kpis),
    )  # fmt: skip
    links = [link for link in links if link.href != VALUE or current().may_open("value")]
    pending = html.P("Estimating the single skills for this selection…", className="card pending", role="status")
    wanted = None if quick else [goal.id if goal else "", filters.to_query()]
    return html.Div(
        [
            html.H1(view.headline(effects, of_goal, reading, reader), id="headline"),
            _choice(goals, goal, filters),
            _strip(links, filters),
            html.Div(_rest(context, goal, filters) if quick else pending, id="skills-rest"),
            None if quick else dcc.Store(id="skills-wanted", data=wanted),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """The second half of the page, where it has to be estimated."""

    @app.callback(Output("skills-rest", "children"), Input("skills-wanted", "data"), prevent_initial_call=False)
    def _more(wanted: list[str] | None) -> Any:
        return no_update if wanted is None else _rest_answer(context, wanted).outputs.get(REST, no_update)


def _rest_answer(context: Context, wanted: list[str], run_id: str | None = None) -> Made:
    with context.queries.pinned(run_id) as pinned:
        kpi, query = (str(part) for part in wanted)
        filters = context.queries.selection(query)
        allowed = context.queries.decision(filters).allowed
        return Made({REST: _rest(context, _goal(context, kpi), filters)} if allowed else {}, pinned)


def _rest_asked(context: Context, given: dict[str, Any]) -> Question | None:
    wanted = given["skills-wanted.data"]
    if not isinstance(wanted, list) or len(wanted) != 2:
        return None
    with context.queries.pinned() as run_id:
        filters = context.queries.selection(str(wanted[1]))
    return Question((run_id, "skills rest", str(wanted[0]), filters), lambda: _rest_answer(context, wanted, run_id))


def _rest(context: Context, goal: Kpi | None, filters: Filters) -> list[Any]:
    """Skills and slopes, waves and courses, raters, and what is missing."""
    queries = context.queries
    moved = _moved(context, data.skills(queries), filters)
    if not moved:
        return [_nothing_here(context, filters)]
    whole = data.chain(queries) if filters.is_everything else None
    first = html.Div([_skills(context, moved, whole, filters), _missing(context, whole, goal)], className="stack")
    return [
        html.Div([first, _slopes(context, whole, goal, filters)], className="columns two-one"),
        html.Div(
            [part for part in (_chain(context, whole, goal, filters), _trust(context, whole, moved)) if part],
            className="columns two-one",
        ),
        _courses(context, whole),
        *phrase_cards(context, moved, filters),
    ]


def _goal(context: Context, kpi: str) -> Kpi | None:
    goals = {goal.id: goal for goal in context.queries.goals()}
    return goals.get(kpi) or goals.get(data.first_goal(context.queries))


def _moved(context: Context, kpis: list[Kpi], filters: Filters) -> dict[str, data.Moved]:
    with designs_shared():
        found = {kpi.id: data.moved(context.queries, kpi, filters) for kpi in kpis}
    return {name: one for name, one in found.items() if one is not None}


def _labels(context: Context) -> dict[str, str]:
    return {kpi.id: kpi.label for kpi in data.skills(context.queries)}


def _nothing(context: Context, filters: Filters) -> html.Div:
    return html.Div([html.H1(PAGE.question), _nothing_here(context, filters)])


def _nothing_here(context: Context, filters: Filters) -> html.Div:
    scored = data.scored(context.queries)
    if not filters.is_everything and (scored is None or scored.n_evaluations):
        buttons = [relax(name, filters, BASE) for name in filters.active()]
        words = "No evaluation of this selection was scored. Widen it, or evaluate contacts of these agents."
        return message("No skill can be read for this selection", words, buttons)
    said = gaps(scored, data.skills(context.queries), context.settings.reader.locale)
    return message("No skill can be read", said[0])


def _goal_effect(context: Context, goal: Kpi | None, filters: Filters) -> Effect | None:
    if goal is None or context.queries.unavailable(goal, filters):
        return None
    row = context.queries.headline(goal.id, filters, alone=True)
    return None if row is None else effect(row, goal, context.settings.reader)


def _choice(goals: list[Kpi], goal: Kpi | None, filters: Filters) -> html.Nav:
    options = [(f"{BASE}/{item.id}", item.label) for item in goals]
    return choice("Goal", options, f"{BASE}/{goal.id}" if goal else "", filters)


def _strip(links: list[chain_view.Link], filters: Filters) -> html.Section:
    """The chain of everybody in one line; what is not shown has a dashed frame."""
    items = [
        html.Li(
            [
                html.P(dcc.Link(link.name, href=address(link.href, filters)) if link.href else link.name,
                       className="chain-name"),
                html.P(link.number, className="chain-number"),
                html.P(link.verdict, className="chain-verdict") if link.verdict else None,
                html.P(link.note, className="chain-note"),
            ],
            className="chain-link" if link.holds else "chain-link open",
        )
        for link in links
    ]  # fmt: skip
    return html.Section(
        [
            html.Div(
                [
                    html.H2(chain_view.strip_title(links), className="card-title"),
                    info("Planned agents who completed, what they scored in the course, what training changed in the "
                         "skills and in the goal, and what it is worth. A dashed frame: this link is not shown."),
                ],
                className="card-heading",
            ),
            html.Ol(items, className="chain"),
        ],
        className="card spaced",
        id="chain",
    )  # fmt: skip


def _skills(context: Context, moved: dict[str, data.Moved], whole: data.Chain | None, filters: Filters) -> html.Section:
    effects = view.effects_of(moved, data.skills(context.queries), context.settings.reader)
    reader, level = context.settings.reader, f"{context.settings.config.project.ci_level:.0%}"
    first = next(iter(effects.values())).kpi
    rows = view.groups(effects, moved, reader, lambda kpi: address(f"/effects/{kpi}", filters))
    title = view.skills_title(effects)
    columns = [
        Column("skill", "Skill"),
        Column("before", "Before"),
        Column("expected", "Expected without"),
        Column("after", "After"),
        Column("change", "Estimated change"),
        Column("range", f"{level} range"),
        Column("corrected", "Corrected for raters and forms"),
        Column("verdict", "Verdict"),
        Column("agents", "Agents", numeric=True),
        Column("evaluations", "Evaluations", numeric=True),
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
    slopes = pl.DataFrame() if whole is None else whole.slopes
    return chart_card(
        id="skills",
        reader=reader,
        title=title,
        subtitle=f"Scores of trained agents, 0 to 1, and the estimated change against agents not trained yet, {level} "
        "range.",
        figure=dumbbell(rows, label=title, kpi=first, mean=float("nan"), reader=reader),
        definition="Scores of quality evaluations, calibration rounds left out. Expected: the level after, less the "
        "estimated change.",
        columns=columns,
        rows=view.skill_rows(effects, moved, slopes, reader),
        csv=csv_link("skills", filters),
        legend=legend,
        instead=html.P(view.nothing_drawn(effects), className="muted"),
    )


def _slopes(context: Context, whole: data.Chain | None, goal: Kpi | None, filters: Filters) -> Any:
    reader = context.settings.reader
    if whole is None or goal is None:
        words = "Whether a goal moves with a skill is worked out for everybody together: it needs all weeks and teams."
        link = [] if filters.is_everything else [dcc.Link("Show everybody", href=BASE, className="button")]
        return message("The link is read for everybody", words, link)
    rows = view.slopes_of(whole.slopes, goal, _labels(context), reader)
    if not rows:
        why = "No skill and this goal were seen in the same weeks of untrained agents."
        if not goal.kind.before_and_after:
            why = (
                "Leaving happens once, so an agent has no weeks with more and weeks with less of it to learn a slope "
                "from."
            )
        elif whole.slopes.is_empty():
            why = "A slope is read for skills and goals that have an estimate; here no skill has one."
        return message(f"No link to {goal.label.lower()} can be read", why)
    across = f"{reader.change_unit(goal)} where the skill is {reader.number(view.STEP, 1)} higher"
    note = " ".join(
        part
        for part in (
            next((row.sentence for row in rows if row.skill == OVERALL), rows[0].sentence),
            view.split_words(whole.slopes, goal, reader),
            view.second_route(whole.slopes, goal),
        )
        if part
    )
    return chart_card(
        id="slopes",
        reader=reader,
        title=view.slopes_title(rows, goal),
        subtitle="Before training, in weeks in which the same agent scores higher. Filled: training moved the skill, "
        "and the goal moves with it.",
        figure=slopes_figure(rows, label=f"{goal.label} by skill", across=across, locale=reader.locale),
        definition=SLOPE_MEANING,
        columns=[
            Column("label", "Skill"),
            Column("change", "Slope"),
            Column("span", "Range"),
            Column("reading", "Reading"),
        ],
        rows=[{"label": r.label, "change": r.change, "span": r.span or "–", "reading": r.reading} for r in rows],
        csv=csv_link("skill_slopes", filters, kpi=goal.id),
        instead=html.P(rows[0].sentence, className="muted"),
        note=note,
    )


def _card(title: str, subtitle: str, body: list[Any], key: str) -> html.Section:
    return html.Section(
        [html.H2(title, className="card-title"), html.P(subtitle, className="card-subtitle"), *body],
        className="card spaced" if key == "courses" else "card",
        id=key,
    )


def _chain(context: Context, whole: data.Chain | None, goal: Kpi | None, filters: Filters) -> html.Section | None:
    if whole is None or goal is None:
        return None
    reader = context.settings.reader
    skill = next(kpi for kpi in context.queries.kpis() if kpi.id == OVERALL)
    rows = chain_view.chain_rows(whole.links, goal, skill, course_names(context), reader)
    if not rows:
        return None
    columns = [
        Column("label", "Wave or course"),
        Column("completed", "Completed"),
        Column("learned", "Course score"),
        Column("applied", skill.label),
        Column("goal", goal.label),
        Column("broken", "First link that is not shown"),
    ]
    hidden = f" {whole.n_hidden} waves are too small to be shown." if whole.n_hidden else ""
    body = [
        table(columns, rows, caption="The chain by wave and course", reader=reader, sortable=False),
        html.P(html.A("Numbers (CSV)", href=csv_link("skill_chain", filters), download=""), className="small no-print"),
    ]
    return _card(
        "Where the chain breaks, by wave and course",
        f"Estimated change with its range. A wave has few teams of its own, so most links are open.{hidden}",
        body,
        "waves",
    )


def _courses(context: Context, whole: data.Chain | None) -> html.Section | None:
    if whole is None:
        return None
    labels = _labels(context)
    if whole.courses.is_empty():
        words = (
            "Effects of single courses need at least two courses that agents took in different weeks, and are not "
            "shown on a shared dashboard, where agents of two courses overlap."
        )
        return _card("Courses are not compared", words, [], "courses")
    reader = context.settings.reader
    kpis = {kpi.id: kpi for kpi in data.skills(context.queries)}
    columns = [Column("course", "Course"), Column("agents", "Agents", numeric=True)]
    columns += [Column(name, label) for name, label in labels.items()]
    rows = chain_view.course_rows(whole.courses, course_names(context), kpis, reader)
    body = [
        table(columns, rows, caption="Courses and skills", reader=reader, sortable=False),
        html.P(
            html.A("Numbers (CSV)", href=csv_link("skill_courses", Filters()), download=""), className="small no-print"
        ),
    ]
    return _card(
        chain_view.courses_title(whole.courses, labels),
        "All courses estimated together, so that one is not credited with another's; in the order of the programme, "
        "which is no ranking.",
        body,
        "courses",
    )


def _trust(context: Context, whole: data.Chain | None, moved: dict[str, data.Moved]) -> html.Section | None:
    if whole is None:
        return None
    reader = context.settings.reader
    rows = view.trust_rows(whole.slopes, whole.spread, _labels(context), reader)
    columns = [
        Column("skill", "Skill"),
        Column("reliability", "Reliability", help="Share of what moves in the scores that is not sampling error"),
        Column("enough", "Evaluations needed", help=f"For a reliability of {view.GOOD_RELIABILITY}"),
        Column("raters", "Raters differ by", help="Standard deviation of their strictness, on the scale of the score"),
    ]
    grains = {row["per"] for row in rows if row["per"]}
    words = f"Reliability within {' and '.join(sorted(grains))}. " if grains else ""
    return _card(
        "Can the scores be relied on?",
        f"{words}{view.rater_words(moved)}",
        [table(columns, rows, caption="Reliability and raters", reader=reader, sortable=False)],
        "trust",
    )


def _missing(context: Context, whole: data.Chain | None, goal: Kpi | None) -> html.Section:
    queries = context.queries
    scored = data.scored(queries)
    said = [] if scored is None else gaps(scored, data.skills(queries), context.settings.reader.locale)
    if whole is None:
        said.append("Slopes, waves and courses are shown for everybody together.")
    said.append(
        "A goal that moves with a skill may move because of it, or because good weeks raise both. Only courses that "
        "come at different weeks by lot can tell these apart."
    )
    if goal is not None and goal.id != "agent_attrition":
        said.append("Agents who left are not measured afterwards: see who stays under Attrition before reading levels.")
    items = [html.Li([html.Span("–", className="mark-sign"), html.Span(words)]) for words in said]
    return html.Section(
        [
            html.H2("What this cannot say, and what is missing", className="card-title"),
            html.Ul(items, className="open-list"),
        ],
        className="card",
        id="missing",
    )


def _skills_frame(context: Context, filters: Filters, _parts: dict[str, str]) -> pl.DataFrame:
    found = [(kpi, data.moved(context.queries, kpi, filters)) for kpi in data.skills(context.queries)]
    rows = [{**one.row, "after": one.after} for _, one in found if one is not None]
    return pl.DataFrame(rows, infer_schema_length=None)


def _stored_frame(name: str) -> Any:
    def make(context: Context, filters: Filters, parts: dict[str, str]) -> pl.DataFrame:
        whole = data.chain(context.queries) if filters.is_everything else None
        if whole is None:
            return pl.DataFrame()
        rows: pl.DataFrame = getattr(whole, name)
        if name == "slopes":
            return rows.filter(pl.col("kpi") == parts["kpi"])
        return rows.rename({"n": "n_agents"}) if name == "links" else rows

    return make


PAGE = Page(
    key="skills",
    path=f"{BASE}/<kpi>",
    name="Skills",
    question="Which skills moved, and do they move the goal?",
    answer=answer,
    register=register,
    asked={(REST,): _rest_asked},
    downloads={
        "skills": Download("Estimated effect of training on every skill, and the level after", _skills_frame),
        "skill_slopes": Download(
            "Slopes of a goal on every skill, with effects and readings", _stored_frame("slopes"), ("kpi",)
        ),
        "skill_chain": Download("The chain from training to money, by wave and course", _stored_frame("links")),
        "phrases": Download("Phrases before and after training, with estimated change", phrases_frame("rules")),
        "phrases_heard": Download("Agreement of phrases heard with evaluations", phrases_frame("heard")),
        "skill_courses": Download("Effect of every course on every skill", _stored_frame("courses")),
    },
)
