"""Adoption: who still has to finish?"""

from __future__ import annotations

import polars as pl
from dash import html

from dashboard.components.chart import chart_card
from dashboard.components.choice import choice
from dashboard.components.states import message, relax
from dashboard.components.table import Column, table
from dashboard.data import adoption as data
from dashboard.data.events import happenings
from dashboard.figures.adoption_curve import adoption_curve
from dashboard.figures.bars import part_bars
from dashboard.page import Context, Download, Page, csv_link
from dashboard.state import LABELS, Filters, day
from dashboard.views import adoption as view
from dashboard.views.events import by_day, listed
from dashboard.views.events import shown as events_shown

OVERDUE = "Overdue: the planned week has passed, the course is not completed and the agent is still here."
LEFT = "Left: the agent left after the planned week without having completed the course, so nobody has to be reminded."
BARS = "Pale bar: agents planned so far. Filled bar: those who have completed the course."
MOST_REMINDED = 50
MOST_LATE = 8
"""Teams drawn beside the plan."""
_GROUP_COLUMNS = (
    Column("planned", "Planned", numeric=True),
    Column("started", "Started", numeric=True),
    Column("completed", "Completed", numeric=True),
    Column("overdue", "Overdue", numeric=True, help=OVERDUE),
    Column("left_unfinished", "Left", numeric=True, help=LEFT),
)


def answer(context: Context, filters: Filters, course: str = "") -> html.Div:
    """Completion against plan for one course."""
    names = course_names(context, filters)
    if not names:
        words = (
            'These data have no training plan and no completions. Add a source with table = "training" to empathy.toml '
            "(planned, started and completed courses per agent), then run `empathy run`."
        )
        return html.Div([html.H1(PAGE.question), message("No training is recorded", words)])
    course = course if course in names else next(iter(names))
    path = f"{PAGE.base}/{course}"
    queries, reader = context.queries, context.settings.reader
    by = "team" if filters.site or filters.team or len(queries.facets().values.get("site", ())) < 2 else "site"
    shown = view.view(
        data.progress(queries, filters, course),
        data.by_group(queries, filters, course, by),
        course=names[course],
        by=by,
        reader=reader,
        until=data.last_week(queries, filters, course),
    )
    ignored = [LABELS[name].lower() for name in filters.active() if name not in data.APPLIES]
    behind = [_no_plan()]
    if shown.planned:
        behind = [_groups(context, shown, filters, course, by)]
        teams = data.by_group(queries, filters, course, "team")
        if by == "site" and not teams.is_empty():
            behind.append(_teams(context, teams, filters, course))
    return html.Div(
        [
            html.H1(shown.sentence, id="headline"),
            html.P(view.notice(ignored), className="lede") if ignored else None,
            choice("Course", [(f"{PAGE.base}/{key}", name) for key, name in names.items()], path, filters),
            html.Div(
                [
                    html.Div(
                        [_curve(context, shown, filters, course), _remind(context, filters, course)], className="stack"
                    ),
                    html.Div(behind, className="stack"),
                ],
                className="columns two-one",
            )
            if shown.weeks
            else _nothing(context, shown, filters, path),
        ]
    )


def course_names(context: Context, filters: Filters = Filters()) -> dict[str, str]:  # noqa: B008
    """Course id to name: those of the programme first, then any other with completions that may be told of."""
    named = {course.id: course.name or course.id for course in context.settings.config.programme.courses}
    there = data.courses(context.queries, filters)
    ordered = [key for key in named if key in there] + [key for key in there if key not in named]
    return {key: named.get(key, key) for key in ordered}


def _no_plan() -> html.Section:
    """What is shown where exports hold completed courses, but no plan of who was to complete them by when."""
    return html.Section(
        [
            html.H2("Who is behind cannot be told", className="card-title"),
            html.P(
                "No plan of this course is recorded for this selection. Add one as rows of the table training with "
                "planned_on: then this place shows where agents are overdue.",
                className="card-subtitle",
            ),
        ],
        className="card",
    )


def _nothing(context: Context, shown: view.View, filters: Filters, path: str) -> html.Div:
    """Nobody is planned, or too few to be told, or some who would tell of too few beside them."""
    if not shown.hidden:
        return message("Nobody is planned here", "No agent of this selection is in the plan of this course.")
    words = (
        f"On the list of this course, this selection has fewer than {context.settings.min_group} agents, or would let "
        "the few of a team beside it be worked out by subtraction. So small a number would be about persons."
    )
    buttons = [relax(name, filters, path) for name in ("team", "site") if name in filters.active()]
    return message("Nothing to show for this selection", words, buttons)


def _curve(context: Context, shown: view.View, filters: Filters, course: str) -> html.Section:
    reader = context.settings.reader
    happened = happenings(context.queries, filters)
    ticks = by_day(happened, shown.weeks[0]["week"], shown.weeks[-1]["week"], reader) if shown.weeks else ()
    also = listed(events_shown(happened, ticks), reader)
    note = f"{OVERDUE} {LEFT}" if any(row["left_unfinished"] for row in shown.weeks) else OVERDUE
    return chart_card(
        id="plan",
        reader=context.settings.reader,
        title=shown.curve_title,
        subtitle=f"Agents, counted up, {view.weeks_shown(shown.weeks, reader.locale)}.",
        figure=adoption_curve(
            shown.weeks,
            label=shown.curve_title,
            count=reader.count,
            show_day=lambda value: day(value, reader.locale),
            locale=reader.locale,
            ticks=ticks,
        ),
        definition="The dashed line is the plan as it was made; the filled area is who has completed the course.",
        columns=[Column("week", "Week of", show=lambda value: day(value, reader.locale)), *_GROUP_COLUMNS],
        rows=shown.weeks,
        csv=csv_link("adoption", filters, course=course),
        note=f"{note} {also} {_steps(context)}".strip(),
    )


def _steps(context: Context) -> str:
    unit = context.settings.min_group
    return f"Counts are given to the nearest {unit}, so that none of them tells of one agent." if data.coarse() else ""


def _groups(context: Context, shown: view.View, filters: Filters, course: str, by: str) -> html.Section:
    reader = context.settings.reader
    return chart_card(
        id="behind",
        reader=context.settings.reader,
        title=shown.group_title,
        subtitle=f"Completed of planned agents by {by}, most overdue first.",
        figure=part_bars(view.bars(shown.groups, reader), label=shown.group_title),
        definition=f"{BARS} {OVERDUE} {_steps(context)}".strip(),
        columns=[Column("label", LABELS[by]), *_GROUP_COLUMNS],
        rows=shown.groups,
        csv=csv_link(f"adoption_by_{by}", filters, course=course),
        instead=html.P(
            f"Every {by} here has fewer than {context.settings.min_group} planned agents, or would reveal one.",
            className="muted",
        ),
    )


def _teams(context: Context, teams: pl.DataFrame, filters: Filters, course: str) -> html.Section:
    reader = context.settings.reader
    shown = view.view(pl.DataFrame(), teams, course=course, by="team", reader=reader)
    late = [row for row in shown.groups if row["overdue"]]
    figure = part_bars(view.bars(late[:MOST_LATE], reader), label=shown.group_title)
    return chart_card(
        id="teams",
        reader=context.settings.reader,
        title=shown.group_title,
        subtitle="Teams with most agents overdue; the table has every team.",
        figure=figure,
        definition=f"{BARS} {OVERDUE}",
        columns=[Column("label", "Team"), Column("site", "Site"), *_GROUP_COLUMNS],
        rows=shown.groups,
        csv=csv_link("adoption_by_team", filters, course=course),
        instead=html.P(
            "Nobody is overdue in any team that may be shown."
            if any(row["planned"] for row in shown.groups)
            else f"Every team has fewer than {context.settings.min_group} planned agents, or would reveal one.",
            className="muted small",
        ),
    )


def _remind(context: Context, filters: Filters, course: str) -> html.Section | None:
    """Single agents, by pseudonym, for whoever sits at the machine that holds the warehouse."""
    reader, rows = context.settings.reader, data.remind(context.queries, filters, course)
    if rows.is_empty():
        return None
    n = rows.height
    columns = [
        Column("team_id", "Team"),
        Column("agent_key", "Agent"),
        Column("planned_on", "Planned", show=lambda value: day(value, reader.locale)),
        Column("days_overdue", "Days overdue", numeric=True),
        Column("has_started", "Begun", show=lambda value: "yes" if value else "no"),
    ]
    title = f"Remind first: {n} {'agent' if n == 1 else 'agents'}, longest overdue on top"
    return html.Section(
        [
            html.H2(title, className="card-title"),
            html.P(
                [
                    "Agents are pseudonyms. ",
                    html.Span("empathy export overdue ", className="mono"),
                    html.Span("--out overdue.csv", className="mono unbroken"),
                    " writes the list with their ids in the training system, on this machine; a shared dashboard does "
                    "not show it.",
                ],
                className="card-subtitle",
            ),
            table(columns, rows.to_dicts(), caption=title, reader=reader, limit=MOST_REMINDED),
        ],
        className="card",
        id="remind",
    )


def _course(context: Context, filters: Filters, parts: dict[str, str]) -> str:
    return parts["course"] if parts["course"] in course_names(context, filters) else ""


PAGE = Page(
    key="adoption",
    path="/adoption/<course>",
    name="Adoption",
    question="Who still has to finish?",
    answer=answer,
    downloads={
        "adoption": Download(
            "Agents planned, started, completed, overdue and left unfinished by week, counted up",
            lambda context, filters, parts: data.progress(context.queries, filters, _course(context, filters, parts)),
            ("course",),
            data.APPLIES,
        ),
        "adoption_by_site": Download(
            "Agents planned, started, completed, overdue and left unfinished by site",
            lambda context, filters, parts: data.by_group(
                context.queries, filters, _course(context, filters, parts), "site"
            ),
            ("course",),
            data.APPLIES,
        ),
        "adoption_by_team": Download(
            "Agents planned, started, completed, overdue and left unfinished by team",
            lambda context, filters, parts: data.by_group(
                context.queries, filters, _course(context, filters, parts), "team"
            ),
            ("course",),
            data.APPLIES,
        ),
    },
)
