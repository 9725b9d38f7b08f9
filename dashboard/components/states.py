"""Messages for pages without content: the reason, and what to do."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from analysis.words.numbers import Reader
from dashboard.components.attributes import attributes
from dashboard.privacy.suppression import Decision
from dashboard.state import LABELS, Filters


def refused(decision: Decision, filters: Filters, path: str) -> html.Div:
    """A selection that may not be shown: why, and one button per filter to relax.

    Parameters
    ----------
    decision : Decision
        From :meth:`dashboard.data.queries.Queries.decision`.
    filters : Filters
    path : str
        The page, without filters.
    """
    buttons = [relax(name, filters, path) for name in decision.relax if name in filters.active()]
    if not filters.is_everything:
        buttons.append(dcc.Link("Clear all filters", href=path, className="button"))
    return message("Nothing to show for this selection", decision.reason, buttons, kind="empty")


def relax(name: str, filters: Filters, path: str) -> dcc.Link:
    """A button that takes one filter away."""
    return dcc.Link(f"Clear “{LABELS[name].lower()}”", href=address(path, filters.without(name)), className="button")


def address(path: str, filters: Filters) -> str:
    """A page with its filters."""
    query = filters.to_query()
    return f"{path}?{query}" if query else path


def message(title: str, words: str, actions: list[Any] | None = None, kind: str = "empty") -> html.Div:
    """A plain message in the place of a chart.

    Parameters
    ----------
    title, words : str
    actions : list of components, optional
    kind : str
        ``empty`` or ``error``.
    """
    return html.Div(
        [html.H2(title, className="card-title"), html.P(words), html.Div(actions or [], className="actions")],
        className=f"card state state-{kind}",
        role="alert" if kind == "error" else "status",
    )


def failed(words: str, run_id: str, request_id: str) -> html.Div:
    """Error message: what is still shown, and the ids to quote when asking for help."""
    version, request = run_id or "not known", request_id or "not known"
    detail = f"What is below is the last answer that worked. Data version {version}, request {request}."
    return html.Div([html.Strong(words), html.Span(f" {detail}")], className="banner banner-error", role="alert")


def skeleton(blocks: int = 3) -> html.Div:
    """Grey blocks that appear only when an answer takes longer than 300 ms."""
    return html.Div(
        [html.Div(className="skeleton-block") for _ in range(blocks)],
        className="skeleton",
        **attributes({"aria-hidden": "true"}),
    )


def period_base(filters: Filters, reader: Reader) -> html.P | None:
    """Note on how a selected period limits the weeks before training; None without a period."""
    words = filters.base(reader.locale)
    return html.P(words, className="small muted", id="period-base") if words else None
