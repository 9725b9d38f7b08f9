"""A card of the data page: title, subtitle, content, download."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.components.attributes import attributes
from dashboard.page import csv_link
from dashboard.state import Filters


def card(id: str, title: str, subtitle: str, *body: Any, csv: str | None = None, className: str = "") -> html.Section:
    """A card without a drawing: title, subtitle, content, download."""
    heading = html.Div(html.H2(title, className="card-title", id=f"{id}-title"), className="card-heading")
    link = html.A("CSV", href=csv, download="", className="text-button no-print") if csv else None
    return html.Section(
        [
            html.Div([heading, link], className="card-head"),
            html.P(subtitle, className="card-subtitle"),
            *[part for part in body if part is not None],
        ],
        id=id,
        className=f"card {className}".strip(),
        **attributes({"aria-labelledby": f"{id}-title"}),
    )


def take_link(relation: str) -> str:
    return csv_link("table", Filters(), relation=relation)
