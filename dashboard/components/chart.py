"""Chart card: title with the answer, drawing, table of the numbers, and downloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from analysis.words.numbers import Reader
from dashboard.components.attributes import attributes
from dashboard.components.table import Column, table


class Drawing(Component):
    """A figure in the page; drawn by ``assets/drawing.js``.

    Parameters
    ----------
    id : str or dict, optional
    wide, narrow : list
        Trees for a wide and a narrow column.
    plot : dict, optional
        The same as a Plotly figure, see :mod:`dashboard.plots`; drawn by ``assets/plot.js`` where a reader chooses it.
    label : str
        What it shows, for people who do not see it.
    className : str, optional
    """

    _children_props: list[str] = []  # noqa: RUF012
    _base_nodes: list[str] = ["children"]  # noqa: RUF012
    _namespace = "empathy_lift"
    _type = "Drawing"
    _prop_names: list[str] = ["id", "wide", "narrow", "plot", "label", "className"]  # noqa: RUF012
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012
    available_properties: list[str] = ["id", "wide", "narrow", "plot", "label", "className"]  # noqa: RUF012
    available_wildcard_properties: list[str] = []  # noqa: RUF012

    def __init__(
        self,
        id: Any = None,
        wide: Any = None,
        narrow: Any = None,
        plot: Any = None,
        label: str = "",
        className: str | None = None,
    ) -> None:
        given = {"id": id, "wide": wide, "narrow": narrow, "plot": plot, "label": label, "className": className}
        super().__init__(**attributes({name: value for name, value in given.items() if value is not None}))  # type: ignore[no-untyped-call]


def drawing(figure: dict[str, Any], className: str | None = None) -> Drawing:
    """A bare figure, without a card; for sparklines and bars inside other things."""
    return Drawing(
        wide=figure["wide"],
        narrow=figure.get("narrow"),
        plot=figure.get("plot"),
        label=figure["label"],
        className=className,
    )


def chart_card(
    *,
    id: str,
    reader: Reader,
    title: str,
    subtitle: str,
    figure: dict[str, Any] | None,
    definition: str = "",
    columns: Sequence[Column] = (),
    rows: Sequence[dict[str, Any]] = (),
    csv: str | None = None,
    instead: Any = None,
    legend: Any = None,
    note: str = "",
    className: str = "",
    table_open: bool = False,
    panels: Any = None,
    drawn: bool = True,
    below: Any = None,
) -> html.Section:
    """A chart card with title, drawing, definition, table and downloads.

    Parameters
    ----------
    id : str
        Name in the page's address (``#id``), unique on the page; also the start of downloaded files' names.
    reader : Reader
        Writes the numbers of the table.
    title : str
        The answer, computed from the data.
    subtitle : str
        What is drawn, in which unit, about how many.
    figure : dict or None
        From :mod:`dashboard.figures`; None shows ``instead``.
    definition : str
        Plain words behind the question mark.
    columns, rows
        The same numbers as a table, see :func:`dashboard.components.table.table`.
    csv : str, optional
        Address of the download, from :func:`dashboard.downloads.csv_link`.
    instead : component, optional
        What to show when there is no figure, from :mod:`dashboard.components.states`.
    legend : component, optional
        Shown between subtitle and drawing.
    note : str
        A line under the drawing.
    className : str
        Further classes of the card.
    table_open : bool
        Whether the table stands open below the drawing.
    panels : component, optional
        Several drawings side by side with what belongs to each, in place of ``figure``; they are saved as one picture.
    drawn : bool
        Whether ``panels`` hold drawings.
    below : component, optional
        What the numbers rest on, below the drawing.
    """
    body: list[Any] = []
    if legend is not None:
        body.append(legend)
    if panels is not None:
        body.append(panels)
    else:
        body.append(html.Div(drawing(figure) if figure else instead, className="chart-body"))
    if note:
        body.append(html.P(note, className="chart-note"))
    if below is not None:
        body.append(below)
    plotted = bool(figure and figure.get("plot")) or (panels is not None and drawn and _has_plot(panels))
    if plotted:
        body.append(_explore())
    if columns and rows:
        body.append(
            html.Details(
                [html.Summary("View as table"), table(columns, rows, caption=title, reader=reader)],
                className="as-table",
                open=table_open,
            )
        )
    tools = _tools(id, csv, drawn=figure is not None or (panels is not None and drawn), plotted=plotted)
    heading: list[Any] = [html.H2(title, className="card-title", id=f"{id}-title")]
    if definition:
        heading.append(info(definition))
    return html.Section(
        [
            html.Div([html.Div(heading, className="card-heading"), tools], className="card-head"),
            html.P(subtitle, className="card-subtitle") if subtitle else None,
            *body,
        ],
        id=id,
        className=f"card chart-card {className}".strip(),
        **attributes({"aria-labelledby": f"{id}-title"}),
    )


def info(words: str, label: str = "What this means") -> html.Button:
    """A question mark that explains on hover, focus and touch."""
    return html.Button(
        "?", className="info", type="button", **attributes({"aria-label": f"{label}: {words}", "data-tip": words})
    )


def _has_plot(part: Component) -> bool:
    return any(isinstance(inner, Drawing) and getattr(inner, "plot", None) for inner in part._traverse())  # type: ignore[no-untyped-call]


def _tools(id: str, csv: str | None, *, drawn: bool, plotted: bool) -> html.Details:
    items: list[Any] = []
    if csv:
        items.append(html.A("Numbers (CSV)", href=csv, download="", className="menu-item"))
    if drawn:
        items += [
            html.Button(words, type="button", className="menu-item", **attributes({"data-save": kind, "data-card": id}))
            for kind, words in (("svg", "Drawing (SVG)"), ("png", "Picture (PNG)"), ("copy", "Copy picture"))
        ]
    items.append(
        html.Button("Copy link to this", type="button", className="menu-item", **attributes({"data-copy-link": id}))
    )
    if plotted:
        words = "Explore all charts, or none"
        items.append(html.Button(words, type="button", className="menu-item", **attributes({"data-explore-all": ""})))
    return html.Details(
        [
            html.Summary("⋯", className="tool", **attributes({"aria-label": "Download or link"})),
            html.Div(items, className="menu-list"),
        ],
        className="menu no-print",
    )


def _explore() -> html.Button:
    """Plotly in the drawing's place, and back."""
    tip = "Zoom, read off values and hide layers. The table below has the same numbers for the keyboard."
    return html.Button(
        "Explore",
        type="button",
        className="explore no-print",
        **attributes({"data-explore": "", "aria-pressed": "false", "data-tip": tip}),
    )
