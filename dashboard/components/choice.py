"""A few choices inside a page, each a link: the address holds the choice, so it can be sent and kept."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from dashboard.components.attributes import attributes
from dashboard.components.states import address
from dashboard.state import Filters


def choice(label: str, options: Sequence[tuple[str, str]], chosen: str, filters: Filters) -> html.Nav:
    """Links side by side, the chosen one marked.

    Parameters
    ----------
    label : str
        What is chosen, for people who hear the page.
    options : sequence of (path, name)
        Address without filters, and the words.
    chosen : str
        Path of the one that is shown.
    filters : Filters
        Kept in every link.
    """
    return html.Nav(
        [
            dcc.Link(
                name,
                href=address(path, filters),
                className="choice here" if path == chosen else "choice",
                title="Shown now" if path == chosen else None,
            )
            for path, name in options
        ],
        className="choices no-print",
        **attributes({"aria-label": label}),
    )


def menu(words: str, options: Sequence[tuple[str, str]], chosen: str, filters: Filters) -> html.Details:
    """Many choices behind one button, each a link.

    Parameters
    ----------
    words : str
        On the button: what is chosen now.
    options : sequence of (path, name)
        Address without filters, and the words.
    chosen : str
        Path of the one that is shown.
    filters : Filters
        Kept in every link.
    """
    links = [
        dcc.Link(
            name,
            href=address(path, filters),
            className="menu-item strong" if path == chosen else "menu-item",
        )
        for path, name in options
    ]
    return html.Details(
        [
            html.Summary(
                [f"{words} ", html.Span("▾", **attributes({"aria-hidden": "true"}))], className="control-button"
            ),
            html.Div(links, className="menu-list scrolling left"),
        ],
        className="menu no-print link-menu",
    )


def on_this_page(parts: Sequence[tuple[str, str]]) -> html.Nav:
    """Links to the parts of a long page; they stay in view while it is read.

    Parameters
    ----------
    parts : sequence of (id, name)
        Id of the part on the page, and the words.
    """
    return html.Nav(
        [html.A(name, href=f"#{key}", className="choice") for key, name in parts],
        className="choices on-this-page no-print",
        **attributes({"aria-label": "On this page"}),
    )
