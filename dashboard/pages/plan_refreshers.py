"""Plan: whom to refresh when, as far as the fading that was measured tells it."""

from __future__ import annotations

from dash import html

from analysis.words.refreshers import due
from dashboard.data.plan import fading
from dashboard.page import Context
from dashboard.state import day


def due_note(context: Context) -> html.P:
    """One paragraph, also where nobody is left to plan for."""
    labels = {kpi.id: kpi.label for kpi in context.queries.kpis()}
    locale, last = context.settings.reader.locale, context.queries.about().data_to
    words = due(fading(context.queries), labels, last, lambda at: day(at, locale))
    return html.P(words, id="due", className="small")
