"""Replace links that the viewer may not follow by their text."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

DOWNLOADS = "/download/"
"""Begins the addresses of tables to take along."""


def without_closed(content: Any, opens: Callable[[str], bool]) -> Any:
    """What a page shows, without links that may not be followed; of tables to take along nothing is left.

    Parameters
    ----------
    content : component, text, number, list or None
        The ``children`` of a component; not changed itself.
    opens : callable
        Whether an address may be opened.
    """
    if isinstance(content, list | tuple):
        return [without_closed(part, opens) for part in content]
    if not isinstance(content, Component):
        return content
    href = getattr(content, "href", None)
    if isinstance(href, str) and not opens(href):
        words = None if href.startswith(DOWNLOADS) else getattr(content, "children", None)
        return html.Span(words, className="closed")
    inside = getattr(content, "children", None)
    if not isinstance(inside, Component | list | tuple):
        return content
    made = copy.copy(content)
    made.children = without_closed(inside, opens)
    return made
