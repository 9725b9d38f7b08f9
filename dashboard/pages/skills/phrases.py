"""Cards on phrases: changes by rule, what to say instead, and agreement with evaluations."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard.components.table import Column, table
from dashboard.data import phrases as data
from dashboard.data import skills as skill_data
from dashboard.page import Context, csv_link
from dashboard.state import Filters
from dashboard.views import phrases as view
from dashboard.views.skills import effects_of
from dashboard.views.verdicts import Effect, effect

NONE = (
    "No transcript was read, so nothing is known of the words. Add transcripts as docs/conversations.md says "
    "([conversations] read = true and a source); nothing is read without it."
)

FEW = (
    "Too few agents were heard, trained or not, for what phrases say of training to be published on a shared dashboard."
)


def phrase_cards(context: Context, moved: dict[str, skill_data.Moved], filters: Filters) -> list[Any]:
    """Cards of phrases; one sentence where no transcript was read; nothing for a selection."""
    if not filters.is_everything:
        return []
    found = data.phrases(context.queries)
    if found is None:
        return [_card("What was said is not known", NONE, [], "words")]
    if found.rules.is_empty() and found.heard.is_empty():
        return [_card("Phrases are not told", FEW, [], "words")]
    reader = context.settings.reader
    labels = {kpi.id: kpi.label for kpi in skill_data.skills(context.queries)}
    rows = view.rule_rows(found.rules, labels, reader)
    scored = effects_of(moved, skill_data.skills(context.queries), reader)
    return [
        _heard(context, found, scored),
        _rules(context, rows),
        _triggers(context, rows),
    ]


def _measures(context: Context) -> dict[str, Effect]:
    queries = context.queries
    kpis = [kpi for kpi in queries.kpis() if kpi.role == "phrases"]
    found = {kpi.id: (kpi, queries.headline(kpi.id, Filters())) for kpi in kpis}
    return {name: effect(row, kpi, context.settings.reader) for name, (kpi, row) in found.items() if row is not None}


def _heard(context: Context, found: data.Phrases, scored: dict[str, Effect]) -> html.Section:
    reader, effects = context.settings.reader, _measures(context)
    rows = view.heard_rows(found.heard, effects, scored, reader)
    columns = [
        Column("measure", "Phrases heard"),
        Column(
            "change", "Change as counted", help="Whether it moved: share of contacts in which the phrases are heard"
        ),
        Column("range", "Range"),
        Column(
            "corrected", "As a change of the skill", help="How much: divided by Se + Sp - 1, where that may be said"
        ),
        Column("level", "Contacts that show it", help="From phrases and evaluations together"),
        Column("agreement", "Phrases and evaluations"),
        Column("agrees", "Do the scores say the same?"),
    ]
    threshold = found.heard["threshold"].drop_nulls()
    at = f" An evaluation counts as showing the skill from a score of {threshold[0]:g}." if threshold.len() else ""
    return _card(
        view.heard_title(effects),
        f"Phrases are not the skill: a rule misses some and hears others wrongly, and training teaches phrases.{at}",
        [table(columns, rows, caption="Phrases and evaluations", reader=reader, sortable=False), _csv("phrases_heard")],
        "words",
    )


def _rules(context: Context, rows: list[dict[str, Any]]) -> html.Section:
    reader = context.settings.reader
    columns = [
        Column("phrase", "Such as"),
        Column("skill", "Skill"),
        Column("before", "Before"),
        Column("after", "After"),
        Column("untrained", "Untrained then"),
        Column("change", "Change, points"),
        Column("range", "Range"),
    ]
    return _card(
        view.rules_title(rows),
        "Share of contacts of trained agents before and after, of untrained agents in the same weeks, and the "
        "estimated change; filled: clear among all phrases together. The words are the rule's own example, never a "
        "transcript.",
        [table(columns, rows[: view.MOST_RULES], caption="Phrases", reader=reader), _csv("phrases")],
        "phrases",
    )


def _triggers(context: Context, rows: list[dict[str, Any]]) -> html.Section:
    reader = context.settings.reader
    used = sorted((row for row in rows if row["instead"] != "–"), key=lambda row: -row["contacts"])
    columns = [
        Column("phrase", "Heard most, such as"),
        Column("instead", "Say instead"),
        Column("after", "After"),
        Column("change", "Change, points"),
        Column("contacts", "Contacts", numeric=True),
    ]
    title = f"Most used trigger phrase: {used[0]['phrase']}" if used else "No trigger phrase was heard"
    return _card(
        title,
        "Phrases that make customers angrier, by the number of contacts, with what to say in their place.",
        [table(columns, used[: view.MOST_TRIGGERS], caption="Trigger phrases", reader=reader)] if used else [],
        "triggers",
    )


def _csv(name: str) -> html.P:
    return html.P(html.A("Numbers (CSV)", href=csv_link(name, Filters()), download=""), className="small no-print")


def _card(title: str, subtitle: str, body: list[Any], key: str) -> html.Section:
    head = [html.H2(title, className="card-title"), html.P(subtitle, className="card-subtitle")]
    return html.Section([*head, *body], className="card spaced", id=key)


def phrases_frame(name: str) -> Any:
    """A download of one of the tables."""

    def make(context: Context, filters: Filters, _parts: dict[str, str]) -> pl.DataFrame:
        found = data.phrases(context.queries) if filters.is_everything else None
        rows: pl.DataFrame = pl.DataFrame() if found is None else getattr(found, name)
        return rows

    return make
