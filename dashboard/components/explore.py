"""Exploring a chart: hover, zoom and further layers with Plotly, loaded when a reader asks for it and not before.

The drawing in the page stays what it is; this opens below it. :func:`graph` is the only way to a Plotly chart.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.components.attributes import attributes
from dashboard.figures.interactive import Layer

CONFIG: Any = {
    "displaylogo": False,
    "displayModeBar": True,
    "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d"]],
    "responsive": True,
    "scrollZoom": False,
    "showSendToCloud": False,
    "showEditInChartStudio": False,
}
"""Of every Plotly chart: no button that sends data away, and only the buttons that the page does not have itself."""


def graph(id: Any) -> dcc.Graph:
    """A Plotly chart without its figure, which the browser fills in with the colours of the scheme.

    Its points cannot be reached without a pointer; the same numbers stand in the table of the card, which can be.
    """
    return dcc.Graph(id=id, figure={"data": [], "layout": {}}, config=CONFIG, className="explore-graph")


def disclosure(card: str, of: str) -> html.Details:
    """The closed part of a card.

    Parameters
    ----------
    card : str
        Id of the card; its page's ``EXPLORE`` has a figure under this name.
    of : str
        What the card is about (KPI, selection, run): another value is another, closed, disclosure.
    """
    names = {"card": card, "of": of}
    return html.Details(
        [
            html.Summary("Explore", id={"type": "explore-open", **names}, n_clicks=0),
            html.Div(
                html.P("Loading…", className="muted small"),
                id={"type": "explore", **names},
                className="explore-body",
                **attributes({"aria-live": "polite"}),
            ),
        ],
        className="as-table explore no-print",
        id={"type": "explore-fold", **names},
    )


def opened(names: dict[str, str], figure: dict[str, Any], layers: tuple[Layer, ...]) -> list[Any]:
    """What a disclosure holds once it is open.

    Parameters
    ----------
    names : dict
        ``card`` and ``of`` of the disclosure.
    figure : dict
        From a function of :mod:`dashboard.figures` that makes interactive figures.
    layers : tuple of Layer
        What can be shown and hidden.
    """
    choices = dmc.CheckboxGroup(
        dmc.Group([dmc.Checkbox(label=layer.name, value=layer.key, size="xs") for layer in layers], gap="md"),
        id={"type": "explore-layers", **names},
        value=[layer.key for layer in layers if layer.shown],
        className=None if layers else "visually-hidden",
        **attributes({"aria-label": "Layers of the chart"}),
    )
    return [
        choices,
        dcc.Store(id={"type": "explore-figure", **names}, data=figure),
        graph({"type": "explore-graph", **names}),
        html.P("Drag to zoom, double-click to go back. The numbers are those of the table.", className="muted small"),
    ]
