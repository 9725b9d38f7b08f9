"""Card with the origin of a number: export fields, SQL, and Python to reproduce it."""

from __future__ import annotations

from dash import dcc, html


def further(*, lineage: str, sql: str, python: str) -> html.Section:
    """The card.

    Parameters
    ----------
    lineage : str
        Address of the page that leads back to the fields of the exports.
    sql : str
        Empty where the KPI is not counted by agent and week.
    python : str
    """
    where = "On the machine that holds the warehouse, beside empathy.toml:"
    return html.Section(
        [
            html.H2("Take this number further", className="card-title"),
            html.P([dcc.Link("From the number back to the fields it is made of", href=lineage)], className="small"),
            html.Details(
                [
                    html.Summary("Remake this number in three lines of Python"),
                    html.P(where, className="small muted"),
                    html.Pre(html.Code(python), className="code", tabIndex=0),
                ],
                className="as-table",
            ),
            html.Details(
                [
                    html.Summary("Count it in SQL"),
                    html.P("In the newest warehouse-….duckdb, opened with duckdb -readonly:", className="small muted"),
                    html.Pre(html.Code(sql), className="code", tabIndex=0),
                    html.P("Levels only: what training changed is the estimate above.", className="small muted"),
                ],
                className="as-table",
            )
            if sql
            else None,
        ],
        className="card no-print",
        id="further",
    )
