"""Frame of every page: name, navigation, filters, freshness, print header."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import theme
from dashboard.components.attributes import attributes
from dashboard.components.fixed import Body, body, fixed
from dashboard.components.markup import Json, markup
from dashboard.components.states import address, skeleton
from dashboard.data.versions import About
from dashboard.page import Context
from dashboard.pages import pages
from dashboard.privacy.viewer import current
from dashboard.state import DIMENSIONS, LABELS, PLURALS, Facets, Filters, day
from etl.warehouse.run_status import days_late

POLL_MILLISECONDS = 30_000
"""How often an open page asks whether newer data were published."""
FIRST = "/."
"""Browsers read it as ``/``: the first programme's pages, and no link that :func:`led_to` leads elsewhere."""
SHOWN_FILTERS = ("site", "team", "channel")
"""Filters beside the period that are always visible; the others are behind one button (five controls at most)."""

QUALITY = {
    "good": ("●", "Data checks passed"),
    "look": ("◐", "Data checks passed, with notes"),
    "bad": ("⊘", "Data checks failed"),
}


def layout(context: Context, live: Collection[str] = ()) -> dmc.MantineProvider:
    """The frame of the application; pages and filter values arrive with the first answer.

    Parameters
    ----------
    context : Context
    live : collection of str
        Ids that callbacks read or fill.
    """
    return dmc.MantineProvider(
        fixed(_frame(context), live),
        theme=theme.mantine(),
        defaultColorScheme="auto",
    )


def _frame(context: Context) -> list[Any]:
    return [
        dcc.Location(id="url", refresh="callback-nav"),
        dcc.Store(id="state"),
        dcc.Store(id="fresh"),
        dcc.Store(id="saved-views", storage_type="local", data=[]),
        dcc.Interval(id="poll", interval=POLL_MILLISECONDS),
        html.A("Skip to content", href="#page", className="skip"),
        html.Header([_masthead(context), _filter_bar()], className="masthead no-print"),
        html.Div(id="print-header", className="print-only"),
        html.Div(id="notices", className="wrap", **attributes({"aria-live": "polite", "data-notices": ""})),
        html.Main(Body(**body(skeleton())), id="page", className="wrap", tabIndex=-1),
        html.Footer(id="footer", className="wrap footer"),
        html.Div(id="tip", role="tooltip", hidden=True),
        html.Div(id="toast", role="status", **attributes({"aria-live": "polite"})),
    ]


def first(frame: Json, response: Mapping[str, Any], mounted: str = "") -> str:
    """The page as HTML, as it stands before any script has run.

    Parameters
    ----------
    frame : component as JSON
        :func:`layout`.
    response : mapping
        The finished answer to the page's address: properties by id.
    mounted : str
        What the addresses of these pages begin with.
    """
    state = (response.get("state") or {}).get("data") or {}
    query, chosen, plurals = state.get("query", ""), state.get("filters") or {}, state.get("plurals") or {}
    given: dict[str, dict[str, Any]] = {name: dict(props) for name, props in response.items() if "children" in props}
    given |= {"filter-bar": {"hidden": state.get("filtered") is False}, "clear": {"className": "text-button"}}
    if not query:
        given["clear"]["className"] += " invisible"
    options = state.get("options") or {}
    for name in (*DIMENSIONS, "from", "to"):
        values = chosen.get(name) or []
        given[f"filter-{name}"] = {"value": values, "data": options.get(name) or []}
        if plurals.get(name):
            given[f"filter-{name}"]["placeholder"] = f"All {plurals[name]}"
    for page in pages():
        here = page.key == state.get("page")
        href = f"{mounted}{page.base}"
        given[f"nav-{page.key}"] = {"href": f"{href}?{query}" if query else href}
        if here:
            given[f"nav-{page.key}"] |= {"className": "nav-link here", "aria-current": "page"}
    return f'<div id="first">{markup(frame, given, ids=False)}</div>'


def _masthead(context: Context) -> html.Div:
    links = [
        html.Li(dcc.Link(page.name, href=page.base, id=f"nav-{page.key}", className="nav-link", title=page.question))
        for page in pages()
        if current().may_open(page.key)
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.Div("Empathy Lift", className="brand"),
                    html.Div(context.settings.config.project.name, className="brand-of"),
                ],
                className="brands",
                title=context.settings.config.project.name,
            ),
            html.Nav(html.Ul(links), **attributes({"aria-label": "Pages"})),
            html.Div(
                [_programmes(context), html.Div(id="freshness", className="freshness"), _views(), _scheme_toggle()],
                className="masthead-tools",
            ),
        ],
        className="wrap masthead-row",
    )


def _programmes(context: Context) -> html.Details | None:
    """The programmes of this server, where there are several: each has pages of its own."""
    served, mounted = context.settings.served, context.settings.mounted
    if not served:
        return None
    names = [
        html.A(
            one.name,
            href=f"{one.mounted}/" if one.mounted else FIRST,
            className="menu-item here" if one.mounted == mounted else "menu-item",
            title=one.name,
            **attributes({"aria-current": "true" if one.mounted == mounted else "false"}),
        )
        for one in served
    ]
    now = next(one.name for one in served if one.mounted == mounted)
    said = html.Span(now, className="programme-now")
    summary = html.Summary(said, className="text-button", title=f"Programme shown: {now}. Choose another")
    return html.Details([summary, html.Div(names, className="menu-list programmes")], className="menu", id="programmes")


def led_to(body: bytes, mounted: str) -> bytes:
    """JSON whose links to pages and downloads lead to those of one programme; links that do already stay.

    Parameters
    ----------
    body : bytes
        JSON of components: a link is a text of its own that begins with the address of a page.
    mounted : str
        What the addresses of the programme's pages begin with; empty for the first, whose links are right.
    """
    return _links().sub(rb"\1" + mounted.encode() + rb"\2", body) if mounted else body


@cache
def _links() -> re.Pattern[bytes]:
    slash, ends = r"(?:/|\\u002f)", r'(?:["?#/]|\\u002f)'  # Dash writes the one or the other
    words = "|".join(re.escape(page.base.strip("/")) for page in pages() if page.base != "/")
    starts = [rf'"href":\s*"(?={slash}["?#])', rf'"(?={slash}\?)', rf'"(?={slash}(?:{words}|download){ends})']
    return re.compile(rf"({'|'.join(starts)})({slash})".encode())


def _copy_link() -> html.Button:
    return html.Button("Copy link", type="button", className="menu-item", **attributes({"data-copy-link": ""}))


def _scheme_toggle() -> html.Button:
    words = "Switch between light and dark"
    return html.Button(
        "◑", type="button", className="icon-button", id="scheme", **attributes({"aria-label": words, "data-tip": words})
    )


def _views() -> html.Details:
    """This view as a link, and those that were saved."""
    return html.Details(
        [
            html.Summary("Views", className="text-button", title="Copy a link to this view, or save it"),
            html.Div(
                [
                    _copy_link(),
                    html.Ul(id="view-list", className="view-list"),
                    html.Div(
                        [
                            dcc.Input(
                                id="view-name",
                                type="text",
                                placeholder="Name this view",
                                maxLength=60,
                                className="input",
                            ),
                            html.Button("Save", id="view-save", type="button", className="button", n_clicks=0),
                        ],
                        className="view-new",
                    ),
                    html.P("Saved in this browser only.", className="muted small"),
                ],
                className="menu-list views",
            ),
        ],
        className="menu",
        id="views",
    )


def _filter_bar() -> html.Div:
    more = [name for name in DIMENSIONS if name not in SHOWN_FILTERS]
    return html.Div(
        html.Details(
            [
                html.Summary(
                    [html.Span("Filters"), html.Span(id="filter-summary", className="muted")],
                    className="filter-summary",
                ),
                html.Div(
                    [
                        *[_choice(name) for name in SHOWN_FILTERS],
                        _period(),
                        html.Details(
                            [
                                html.Summary("More filters", className="control-button", id="more-filters"),
                                html.Div([_choice(name) for name in more], className="menu-list more-filters"),
                            ],
                            className="menu",
                        ),
                        dcc.Link("Clear", href="/", id="clear", className="text-button invisible"),
                    ],
                    className="filters",
                ),
            ],
            open=True,
            id="filter-fold",
        ),
        className="wrap filter-bar",
        id="filter-bar",
    )


def _choice(name: str) -> dmc.MultiSelect:
    return dmc.MultiSelect(
        id=f"filter-{name}",
        label=LABELS[name],
        placeholder=f"All {PLURALS[name]}",
        data=[],
        value=[],
        searchable=True,
        clearable=True,
        hidePickedOptions=False,
        nothingFoundMessage="Nothing by that name",
        className="filter",
        size="sm",
        comboboxProps={"shadow": "sm", "withinPortal": True, "keepMounted": False},
    )


def _period() -> html.Div:
    ends = [
        dmc.Select(
            id=f"filter-{name}",
            label=LABELS[name],
            placeholder=words,
            data=[],
            searchable=True,
            clearable=True,
            nothingFoundMessage="No such week",
            className="filter week",
            size="sm",
            comboboxProps={"shadow": "sm", "withinPortal": True, "keepMounted": False},
        )
        for name, words in (("from", "First week"), ("to", "Last week"))
    ]
    return html.Div(ends, className="period", role="group", **attributes({"aria-label": "Period"}))


def options(facets: Facets, teams_by_site: dict[str, list[str]], locale: str) -> dict[str, list[Any]]:
    """What the filter controls list: teams under their sites, waves by date."""
    found: dict[str, list[Any]] = {name: list(facets.values.get(name, ())) for name in DIMENSIONS}
    if len(teams_by_site) > 1 and sum(map(len, teams_by_site.values())) == len(found["team"]):
        found["team"] = [{"group": site, "items": teams} for site, teams in teams_by_site.items()]
    found["cohort"] = [{"value": value, "label": day(value, locale)} for value in found["cohort"]]
    weeks: list[dict[str, str]] = []
    if facets.first and facets.last:
        count = (facets.last - facets.first).days // 7 + 1
        mondays = [facets.first + timedelta(weeks=k) for k in range(count)]
        weeks = [{"value": monday.isoformat(), "label": day(monday, locale)} for monday in mondays]
    found["from"], found["to"] = weeks, weeks[::-1]
    return found


def freshness(context: Context, about: About, filters: Filters) -> dcc.Link:
    """To which day the data reach, how old that is and whether their checks passed, on every page's first screen."""
    mark, words = QUALITY[about.quality]
    quality, late = about.quality, _late(context, about)
    if late and quality == "good":
        mark, quality = QUALITY["look"][0], "look"
    sign = html.Span(mark, className=f"quality quality-{quality}", **attributes({"aria-hidden": "true"}))
    shown = f" Data to {day(about.data_to, context.settings.config.project.locale)}{late}"
    told = f"{words}. {_counted_from(context)}Run {about.run_id}"
    return dcc.Link([sign, shown], href=address("/data", filters), className="text-button", title=told)


def _late(context: Context, about: About) -> str:
    """How old data are that are older than the configuration's limit; empty for others."""
    if about.data_to is None:
        return ""
    age = days_late(about.data_to, context.settings.today, context.settings.config.project.stale_days)
    return f", {context.settings.reader.count(age)} days old" if age else ""


def _counted_from(context: Context) -> str:
    """That the day it is, is not the clock's but the configuration's; empty where it is."""
    project = context.settings.config.project
    return f"Today is taken to be {day(project.today, project.locale)}. " if project.today else ""


def footer(context: Context, about: About) -> list[Any]:
    """Data to which day, which run, whether the checks passed."""
    locale = context.settings.config.project.locale
    mark, words = QUALITY[about.quality]
    reader = context.settings.reader
    rows = f"{reader.count(about.n_read)} rows read, {reader.count(about.n_rejected)} rejected with a reason"
    if about.unreconciled:
        rows += f"; {about.unreconciled} files do not add up"
    return [
        html.Span(f"Data to {day(about.data_to, locale)}{_late(context, about)}"),
        html.Span(counted) if (counted := _counted_from(context).rstrip(". ")) else None,
        html.Span(f"Published {day(about.created_at.date(), locale)}, {about.created_at:%H:%M} UTC"),
        html.Span(["Run ", html.Span(about.run_id, className="mono")]),
        html.Span(
            [
                html.Span(mark, className=f"quality quality-{about.quality}", **attributes({"aria-hidden": "true"})),
                f" {words}",
            ]
        ),
        html.Span(rows) if about.n_read and not (current().sites or current().teams) else None,
        html.Span(_protection(context)),
    ]


def _protection(context: Context) -> str:
    """Sentence on the protection of single agents: enforced, or not (own machine)."""
    group = f"No group under {context.settings.min_group} agents is shown"
    if current().restricted:
        return f"{group}, nor what would tell of one; estimates are rounded a little"
    return f"{group} (a courtesy: whoever can open the file can read it)"


def print_header(context: Context, about: About, filters: Filters, question: str) -> list[Any]:
    """What a printed page says about itself."""
    project = context.settings.config.project
    selection = filters.describe(project.locale) or "everybody, whole period"
    return [
        html.Strong(f"{project.name} · {question}"),
        html.Div(
            f"Selection: {selection}. Data to {day(about.data_to, project.locale)}, run {about.run_id}. "
            f"Intervals at {project.ci_level:.0%}."
        ),
    ]


def notices(context: Context, about: About, filters: Filters) -> list[Any]:
    """What a reader must know before any number: a failed run, late data, estimates to come, an address misread."""
    said = [(words, "banner-error") for words in (_failed(context), _too_late(context, about)) if words]
    said += [(words, "banner-note") for words in (_pending(about), *filters.notices) if words]
    return [html.Div(words, className=f"banner {kind}", role="status") for words, kind in said]


def _failed(context: Context) -> str:
    """That the last run failed; why, for whoever may see the Data page."""
    failed = context.queries.failed_run()
    if failed is None:
        return ""
    at = datetime.fromisoformat(failed.at)
    when = f"{day(at.date(), context.settings.config.project.locale)}, {at:%H:%M} UTC"
    words = f"The last update failed ({when}), so these are the data of the version before."
    return f"{words} {failed.message}" if current().may_open("data") else words


def _too_late(context: Context, about: About) -> str:
    late = _late(context, about)
    if not late or about.data_to is None:
        return ""
    ends = day(about.data_to, context.settings.config.project.locale)
    return f"The data end on {ends}{late}: what happened since is in no number here."


def _pending(about: About) -> str:
    if not about.pending_kpis:
        return ""
    counted = "one more KPI is" if about.pending_kpis == 1 else f"{about.pending_kpis} more KPIs are"
    return (
        f"The goals are estimated; {counted} being worked out, with sites, channels, waves and the mechanism. "
        "They appear here by themselves, usually within a minute."
    )
