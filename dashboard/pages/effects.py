"""Effects: did training change this, when, and how sure are we?"""

from __future__ import annotations

from dash import html

from dashboard.pages import Context, Page
from dashboard.state import Filters

PAGE = Page("effects", "/effects/<kpi>", "Effects", "Did training change this? When? How sure are we?")


def answer(context: Context, filters: Filters, kpi: str = "") -> html.Div:
    """The effect on one KPI for one selection."""
    return html.Div(html.H1(PAGE.question))
