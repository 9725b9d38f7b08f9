"""From a selection to the six pages of the report, through the query layer and the words of the pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from dashboard.data import cohorts as cohort_data
from dashboard.data import data_quality as quality_data
from dashboard.data.value import configured as configured_of
from dashboard.data.value import money_parts, not_there
from dashboard.figures.dumbbell import dumbbell
from dashboard.figures.forest import forest
from dashboard.figures.money import money_bars
from dashboard.page import Context
from dashboard.pages.adoption import course_names
from dashboard.pages.overview import effects_of, head_of, rest_of
from dashboard.privacy.viewer import current
from dashboard.report.document import Chart, Interval, Lines, Report, Sheet, Table, Tile, Tiles
from dashboard.report.extras import ReportError
from dashboard.state import Filters
from dashboard.views import assumptions as assumption_views
from dashboard.views import cohorts as cohort_views
from dashboard.views import data_quality as quality_views
from dashboard.views import methods as method_views
from dashboard.views import overview as overview_views
from dashboard.views import value as value_views
from dashboard.views.verdicts import UNUSABLE, Effect
from etl.configuration.kpis import Kpi

VALID_DAYS = 90
"""After a quarter somebody should look again before a number of this report is repeated."""
MOST_GROUPS = 12
"""Groups on the page of who gained; a board reads no list of sixty teams."""
MOST_QUESTIONS = 12
MOST_CHECKS = 6
"""Data checks that have something to look at, failures first; the rest is counted."""


def report_of(context: Context, query: str = "", *, today: date, since: str = "") -> Report:
    """Return the report of one selection of the version being served.

    Parameters
    ----------
    context : Context
    query : str
        The selection as in an address: ``site=Madrid&from=2025-07-07``.
    today : date
        The day it is made.
    since : str
        Run of an earlier version to say what changed since; none when empty.

    Raises
    ------
    ReportError
        When the selection may not be shown, or a version is not there.
    """
    if since and current().restricted and since not in context.queries.told(context.queries.served()):
        raise ReportError(f'Readers of the shared dashboard were not told of run "{since}": choose another.')
    with context.queries.pinned() as run_id:
        filters = context.queries.selection(query)
        if filters.notices:  # a file for a board must not be of everybody where a site was asked for
            raise ReportError(f"This selection cannot be reported: {' '.join(filters.notices)}")
        decision = context.queries.decision(filters)
        if not decision.allowed:
            raise ReportError(f"This selection cannot be reported: {decision.reason}")
        about, config = context.queries.about(), context.settings.config
        kpis = context.queries.kpis()
        effects = effects_of(context, filters, kpis)
        sheets = (
            _answer(context, filters, effects, since),
            _goals(context, effects),
            _money(context, filters),
            _groups(context, filters, effects),
            _open(context, filters),
            _trust(context, filters),
        )
        return Report(
            project=config.project.name,
            programme=config.programme.name,
            selection=filters.describe(config.project.locale),
            run_id=run_id,
            published_at=about.created_at,
            data_from=about.data_from,
            data_to=about.data_to,
            made_on=today,
            expires_on=today + timedelta(days=VALID_DAYS),
            demo=config.privacy.demo,
            sheets=sheets,
        )


def _answer(context: Context, filters: Filters, effects: dict[str, Effect], since: str) -> Sheet:
    head = head_of(context, filters)
    tiles = tuple(
        Tile(
            name=card.effect.kpi.label,
            level=card.level,
            seen=card.seen,
            change=card.effect.change if card.effect.available else "",
            likely=card.effect.likely,
            verdict=card.effect.verdict.label,
            mark=card.effect.verdict.mark,
            tone=card.effect.tone,
            counts=card.effect.counts,
        )
        for card in head.cards
    )
    parts: list[Tiles | Lines] = [Tiles(tiles)]
    if since:
        parts.append(Lines(f"Since run {since}", tuple(_changes(context, filters, effects, since))))
    return Sheet("answer", head.sentence, head.detail, tuple(parts))


def _changes(context: Context, filters: Filters, now: dict[str, Effect], since: str) -> list[str]:
    with context.queries.pinned(since):
        before = effects_of(context, filters, context.queries.kpis())
    found = []
    for kpi_id, item in now.items():
        old = before.get(kpi_id)
        if old is None or old.verdict.state != item.verdict.state or old.available != item.available:
            was = "not measured" if old is None else old.verdict.label
            found.append(f"{item.kpi.label}: {was} before, {item.verdict.label} now.")
    return found or ["No verdict has changed."]


def _goals(context: Context, effects: dict[str, Effect]) -> Sheet:
    reader = context.settings.reader
    shown = [item for item in effects.values() if item.kpi.role in ("primary", "guardrail")]
    level = context.settings.config.project.ci_level
    rows = tuple(_relative(item) for item in shown)
    chart = Chart(
        title=overview_views.forest_title([item for item in shown if item.verdict.mark != "–"]),
        subtitle=f"Estimated change as a share of the level before training, with its {level:.0%} range; "
        "right is better.",
        axis="% of the level before, right is better",
        rows=rows,
        figure=forest(shown, reader),
    )
    table = Table(
        "Goals and guardrails",
        ("KPI", "Estimated change", "Likely between", "Verdict", "Rests on"),
        tuple(
            (
                item.kpi.label,
                item.change,
                item.span or "–",
                f"{item.verdict.mark} {item.verdict.label}",
                item.counts or "–",
            )
            for item in shown
        ),
    )
    others = overview_views.beside(tuple(effects.values()), level)
    return Sheet("goals", chart.title, others, (chart, table))


def _relative(item: Effect) -> Interval:
    low, high = sorted((100 * item.relative(item.ci_low), 100 * item.relative(item.ci_high)))
    return Interval(
        item.kpi.label,
        100 * item.relative(item.estimate),
        low,
        high,
        item.change,
        item.span,
        item.verdict.label,
        item.tone,
    )


def _money(context: Context, filters: Filters) -> Sheet:
    if not filters.is_everything:
        words = "Money is worked out for the whole programme, not for a selection."
        return Sheet("money", "What it is worth is said for everybody only", words, ())
    settings, reader, kpis = context.settings, context.settings.reader, context.queries.kpis()
    parts, configured = money_parts(context.queries), configured_of(context.queries)
    if parts is None:
        return Sheet("money", "What it is worth has not been worked out", not_there(context.queries), ())
    if not any(key.startswith("value.") for key in configured.stated):
        words = "Nothing has a unit value. Unit values and costs are written into empathy.toml, each with its source."
        return Sheet("money", "What it is worth has not been worked out", words, ())
    asked = assumption_views.read({}, configured, {kpi.id: kpi for kpi in kpis})
    model = value_views.view(parts, asked, kpis, reader, settings.config.project.ci_level)
    chart = Chart(
        title=model.title,
        subtitle=f"In {settings.config.project.currency}, over {settings.config.value.period_months} months.",
        axis=settings.config.project.currency,
        rows=tuple(
            Interval(
                line.label,
                line.likely,
                line.low,
                line.high,
                line.shown,
                f"{reader.money(line.low, None)} to {reader.money(line.high, None)}",
                tone="unsure" if line.unsure or line.low <= 0 <= line.high else "better" if line.low > 0 else "worse",
            )
            for line in model.lines
        ),
        figure=money_bars(model.lines, reader),
    )
    assumptions = Table(
        "Assumptions",
        ("Assumption", "Low", "Likely", "High", "Source", "Owner"),
        tuple(
            (
                assumption_views.label(key, {kpi.id: kpi for kpi in kpis}),
                *(assumption_views.shown(key, value, reader) for value in (stated.low, stated.likely, stated.high)),
                stated.source or "not stated",
                stated.owner or "not stated",
            )
            for key, stated in sorted(configured.stated.items())
        ),
    )
    swings = Table(
        model.swings_title,
        ("What may be otherwise", "Net at its low end", "Net at its high end", "Breaks even at"),
        tuple((row.name, row.at_low, row.at_high, row.break_even) for row in model.swings[:6]),
    )
    return Sheet("money", model.title, model.detail, (chart, assumptions, swings))


def _groups(context: Context, filters: Filters, effects: dict[str, Effect]) -> Sheet:
    queries, reader = context.queries, context.settings.reader
    kpi = _goal_to_show(effects)
    title = "Who gained cannot be told"
    if kpi is None:
        return Sheet("groups", title, "No goal can be read for this selection.", ())
    ways = cohort_data.by_values(queries, kpi)
    if not ways or queries.unavailable(kpi, filters):
        return Sheet("groups", title, "There are no groups to compare for this selection.", ())
    by = "cohort" if "cohort" in ways else ways[0]
    found = cohort_data.gains(queries, kpi, by, filters)
    shown = cohort_views.groups(found, kpi, by, course_names(context), reader)
    if not shown:
        return Sheet("groups", title, found.reason or "No group is large enough to be shown.", ())
    told = cohort_views.sentence(shown, kpi, by, found, reader)
    few = shown[:MOST_GROUPS]
    chart = Chart(
        title=cohort_views.gains_title(shown, kpi, by, differ=found.differ),
        subtitle=f"{kpi.label}: estimated change, with its range.",
        axis=reader.change_unit(kpi),
        rows=tuple(
            Interval(
                group.label,
                reader.shown(group.estimate, kpi),
                reader.shown(group.low, kpi),
                reader.shown(group.high, kpi),
                group.change,
                group.span,
                tone=group.tone,
            )
            for group in few
        ),
        figure=dumbbell(few, label=f"{kpi.label} by group, with ranges", kpi=kpi, mean=math.nan, reader=reader),
        note="" if len(few) == len(shown) else f"The first {len(few)} of {len(shown)} groups.",
    )
    warning = (
        "Groups differ by chance too: a group at the top of this list is likely to be nearer the others next time. "
        "No group is ranked by it, and none rests on fewer agents than the minimum."
    )
    return Sheet("groups", told, warning, (chart,))


def _goal_to_show(effects: dict[str, Effect]) -> Kpi | None:
    """A clear goal where there is one, else the first that can be read."""
    goals = [item for item in effects.values() if item.kpi.role == "primary" and item.verdict.state != UNUSABLE]
    clear = [item for item in goals if item.verdict.state == "clear"]
    return (clear or goals)[0].kpi if goals else None


def _open(context: Context, filters: Filters) -> Sheet:
    model = rest_of(context, filters)
    questions = model.open_questions
    goals = [item for item in questions if item.kpi.role == "primary"]
    rows = tuple(
        (item.kpi.label, f"{item.verdict.mark} {item.verdict.label}", _why(item), _when(item))
        for item in questions[:MOST_QUESTIONS]
    )
    n_goals = sum(item.kpi.role == "primary" for item in model.effects)
    named = f"{len(goals)} of {n_goals} goals cannot be told yet" if goals else "Every goal has an answer"
    rest = len(questions) - len(rows)
    table = Table(
        "What we cannot say yet",
        ("KPI", "Verdict", "Why", "When we would know"),
        rows,
        f"And {rest} more." if rest > 0 else "",
    )
    return Sheet("open", named, "No answer is an answer: it says what to wait for.", (table,) if rows else ())


def _why(item: Effect) -> str:
    if item.verdict.reason:
        return item.verdict.reason
    return f"Anything from {item.span} fits the data." if item.available else "There is no estimate."


def _when(item: Effect) -> str:
    weeks = item.verdict.weeks_to_know
    if item.verdict.state == UNUSABLE:
        return "Not with this comparison"
    if weeks is None or not math.isfinite(weeks):
        return "Not by waiting alone"
    return f"In about {math.ceil(weeks)} {'week' if math.ceil(weeks) == 1 else 'weeks'} at the present pace"


def _trust(context: Context, filters: Filters) -> Sheet:
    queries, reader = context.queries, context.settings.reader
    about = queries.about()
    ledger = quality_views.ledger(quality_data.meta(queries, "file_manifest"))
    said = quality_views.sentence(ledger, about, reader)
    columns = ("Source", "Files", "Rows read", "Loaded", "Rejected", "Duplicate")
    rows = [
        (str(row["source"]), *(reader.count(row[name]) for name in ("files", *quality_views.COUNTS)))
        for row in [*ledger.sources, ledger.total]
    ]
    checks = quality_views.checks(quality_data.meta(queries, "check_result"))
    open_checks = [f"{row['mark']} {row['words']}: {row['sentence']}" for row in checks if row["words"] != "passed"]
    noted = tuple(open_checks[:MOST_CHECKS])
    if len(open_checks) > MOST_CHECKS:
        noted += (f"And {len(open_checks) - MOST_CHECKS} more, on the Data page.",)
    passed = "Every data check passed." if checks else "No data check has been recorded."
    return Sheet(
        "trust",
        said,
        f"Run {about.run_id}, published {about.created_at:%Y-%m-%d %H:%M} UTC.",
        (
            Table("Every row has its place: read = loaded + rejected + duplicate", columns, tuple(rows)),
            Lines("What the data checks found", noted or (passed,)),
            Lines("How the numbers were made", tuple(_method(context))),
        ),
    )


def _method(context: Context) -> Sequence[str]:
    rows, notes = context.queries.design()
    project, assignment = context.settings.config.project, context.settings.config.programme.assignment
    return method_views.in_ten_lines(rows, notes, assignment.mode, assignment.unit, project.ci_level)


def frame_of(report: Report) -> pl.DataFrame:
    """Every number of the report's charts, for whoever wants them as a table.

    Parameters
    ----------
    report : Report
    """
    rows = [
        {"page": sheet.key, "chart": part.title, "label": row.label, "unit": part.axis}
        | {"estimate": row.estimate, "ci_low": row.low, "ci_high": row.high}
        for sheet in report.sheets
        for part in sheet.parts
        if isinstance(part, Chart)
        for row in part.rows
    ]
    return pl.DataFrame(rows)
