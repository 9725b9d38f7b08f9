"""Overview: is it working, and is it worth it?"""

from __future__ import annotations

from dash import html

from dashboard.pages import Context, Page
from dashboard.state import Filters

PAGE = Page("overview", "/", "Overview", "Is empathy training working, and is it worth it?")


def answer(context: Context, filters: Filters) -> html.Div:
    """The overview for one selection."""
    return html.Div(html.H1(PAGE.question))
