"""Attrition: do trained agents stay?"""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from analysis.study.leaving import by_plan
from dashboard.components.chart import chart_card
from dashboard.components.choice import choice
from dashboard.components.states import message, relax
from dashboard.components.table import Column, table
from dashboard.data.attrition import KPI, attrition
from dashboard.figures.hazard import hazard
from dashboard.figures.survival import survival
from dashboard.page import Context, Download, Page, csv_link
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from dashboard.views import attrition as view

COMPLETED = (
    "People must stay to be trained, so trained agents always look loyal in a plain comparison. Here an agent counts "
    "as untrained until the day training was completed, and is compared with agents of the same tenure in the same "
    "months. No plan says who was due when; whoever was about to leave may have skipped the training."
)
PLANNED = (
    "People must stay to be trained, and whoever is about to leave skips the training, so trained agents always look "
    "loyal in a plain comparison. Here an agent counts as trained from the planned week, whether training was "
    "completed or not, and is compared with agents of the same tenure in the same months."
)
LIKELIHOOD = (
    "How likely trained agents are to leave in a week, against untrained agents of the same site and tenure in the "
    "same months. Left of “the same” means that trained agents stay longer."
)

FEW_LEFT = "Not shown where it would tell, by itself or by subtraction, of fewer leavers than the smallest group shown."


def answer(context: Context, filters: Filters, kind: str = "any") -> html.Div:
    """Survival and hazards of leaving for one selection."""
    reader, ci_level = context.settings.reader, context.settings.config.project.ci_level
    kind = kind if kind in view.NAMES else "any"
    paths = [(PAGE.base if name == "any" else f"{PAGE.base}/{name}", words) for name, words in view.NAMES.items()]
    path = next(path for (path, _), name in zip(paths, view.NAMES, strict=True) if name == kind)
    reason = _not_recorded(context, filters)
    if reason:
        buttons = [relax(name, filters, path) for name in ("channel", "queue") if getattr(filters, name)]
        return html.Div([html.H1(PAGE.question), message("Leaving cannot be read for this selection", reason, buttons)])
    found = attrition(context.queries, filters)
    shown = view.view(found.survival, found.hazard, kind, reader, ci_level)
    how = PLANNED if by_plan(found.hazard) else COMPLETED
    collect = "" if current().restricted else view.to_collect(found.hazard.to_dicts())
    verdict = html.P(
        [html.Span(f"{shown.mark} {shown.state}", className="strong"), f" · {shown.counts}"], className="lede"
    )
    return html.Div(
        [
            html.H1(shown.sentence, id="headline"),
            verdict if shown.counts else html.P(shown.counts, className="lede"),
            html.P(collect, className="small", id="to-collect") if collect else None,
            choice("Kind of leaving", [(address, words) for address, words in paths], path, filters),
            html.Div(
                [
                    _curves(shown, filters, kind, context, how),
                    html.Div([_ratios(shown, filters, context), _how(how)], className="stack"),
                ],
                className="columns two-one",
            ),
            _on_whom(view.on_whom(found.exits, found.survivors, context.queries.goals(), reader), context, filters),
        ]
    )


def _curves(shown: view.View, filters: Filters, kind: str, context: Context, how: str) -> html.Section:
    reader = context.settings.reader

    def percent(share: float) -> str:
        return f"{reader.number(share * 100, 0)}%"

    figure = None
    if shown.curves:
        figure = survival(
            shown.curves,
            label=shown.curve_title,
            names=view.ARM_NAMES,
            percent=percent,
            count=reader.count,
            locale=reader.locale,
        )
    columns = [
        Column("arm", "Group"),
        Column("tenure_week", "Weeks since hire", numeric=True),
        Column("at_risk", "Agents at risk", numeric=True),
        Column("survival", "Still here", numeric=True, show=percent),
        Column("ci_low", "Likely from", numeric=True, show=percent),
        Column("ci_high", "to", numeric=True, show=percent),
    ]
    words = (
        f"A curve needs at least {context.settings.min_group} agents of both groups at the same tenure. Widen the "
        "selection, or come back when more agents have been trained."
    )
    return chart_card(
        id="survival",
        reader=reader,
        title=shown.curve_title,
        subtitle=shown.curve_subtitle,
        figure=figure,
        definition=how,
        columns=columns,
        rows=shown.table,
        csv=csv_link("survival", filters),
        instead=html.P(words, className="muted"),
        note=f"A curve ends where fewer than {context.settings.min_group} agents remain at risk. The number at risk "
        "may rise: an agent joins the count at the tenure at which the data, or training, begin for that agent.",
    )


def _ratios(shown: view.View, filters: Filters, context: Context) -> html.Section:
    reader = context.settings.reader

    def ratio(value: float) -> str:
        return reader.number(value, 2)

    columns = [
        Column("kind", "Kind of leaving"),
        Column("words", "Trained against untrained"),
        Column("hazard_ratio", "Hazard ratio", numeric=True, show=ratio),
        Column("ci_low", "from", numeric=True, show=ratio),
        Column("ci_high", "to", numeric=True, show=ratio),
        Column("n_events", "Leavers", numeric=True),
        Column("verdict", "Verdict"),
    ]
    drawn = any(row["hazard_ratio"] is not None for row in shown.ratios)
    return chart_card(
        id="hazard",
        reader=reader,
        title=shown.ratio_title,
        subtitle="Chance of leaving, trained against untrained, tenure and month held equal.",
        figure=hazard(shown.ratios, label=shown.ratio_title) if shown.ratios else None,
        definition=LIKELIHOOD,
        columns=columns if drawn else (),
        rows=shown.ratios,
        csv=csv_link("hazard", filters),
        instead=html.P("There are too few leavers to compare yet.", className="muted"),
        note=f"Resigned and dismissed count up to a week by which {context.settings.min_group} more had left in that "
        f"way and {context.settings.min_group} more in other ways."
        if current().restricted
        else "",
    )


def _on_whom(shown: view.OnWhom | None, context: Context, filters: Filters) -> html.Section | None:
    """On whom the goals are measured, given who left."""
    if shown is None:
        return None
    reader = context.settings.reader
    kpis = [
        Column("kpi", "Goal"),
        Column("change", "Estimated change"),
        Column("weighted", "Weighted for who left"),
        Column("either", "Among those who stay either way"),
        Column("state", "Measured on"),
    ]
    waves = [
        Column("wave", "Wave"),
        Column("n_agents", "Agents there when it began", numeric=True),
        Column("left", "Left since", numeric=True),
        Column("expected", "Expected without training", numeric=True),
    ]
    return html.Section(
        [
            html.H2(shown.title, className="card-title"),
            html.P(shown.words, className="card-subtitle"),
            table(kpis, shown.kpis, caption=shown.title, reader=reader),
            html.H3("Who left, by wave", className="card-title below"),
            table(waves, shown.waves, caption="Who left, by wave", reader=reader, id="exits"),
            html.P(FEW_LEFT, className="muted small")
            if any(row["left"] == view.NOT_SHOWN for row in shown.waves)
            else None,
            html.P(
                [
                    html.A("Goals as CSV", href=csv_link("survivors", filters)),
                    " · ",
                    html.A("Waves as CSV", href=csv_link("exits", filters)),
                ],
                className="small no-print",
            ),
        ],
        className="card",
        id="on-whom",
    )


def _how(how: str) -> html.Section:
    return html.Section(
        [
            html.H2("Why not simply count who left?", className="card-title"),
            html.P(how, className="card-subtitle"),
        ],
        className="card",
    )


def _not_recorded(context: Context, filters: Filters) -> str:
    catalogue = context.settings.catalogue
    return context.queries.unavailable(catalogue[KPI], filters) if KPI in catalogue else ""


def _frame(name: str) -> Any:
    def make(context: Context, filters: Filters, _parts: dict[str, str]) -> pl.DataFrame:
        if _not_recorded(context, filters):
            return pl.DataFrame()
        found: pl.DataFrame = getattr(attrition(context.queries, filters), name)
        return found

    return make


PAGE = Page(
    key="attrition",
    path="/attrition/<kind>",
    name="Attrition",
    question="Do trained agents stay?",
    answer=answer,
    downloads={
        "survival": Download(
            "Share of agents still employed by tenure, Kaplan-Meier, training switched on when it came",
            _frame("survival"),
        ),
        "hazard": Download("Hazard of leaving, trained against untrained", _frame("hazard")),
        "survivors": Download("What leaving does to the effects on the goals", _frame("survivors")),
        "exits": Download("Who left since training, by wave, and who would have without it", _frame("exits")),
    },
)
