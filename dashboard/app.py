"""The Dash application: one answer per address.

The address is the only state. Controls change the address; its answer contains page, filter values, freshness and title
together, so they are always consistent.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import g, jsonify, request

from analysis.errors import NoWeeksError
from dashboard import admission, http, shell, theme
from dashboard import downloads as export_routes
from dashboard.answers import Answers, Made, Question
from dashboard.components import states
from dashboard.data import choosing
from dashboard.data.queries import Queries
from dashboard.page import Context, Page, unmounted
from dashboard.pages import may_follow, pages
from dashboard.plots import bundle
from dashboard.privacy.viewer import READER, current, seen_by
from dashboard.settings import ServedProgramme, from_config
from dashboard.state import DIMENSIONS, PLURALS, Filters
from etl.configuration.model import Config
from etl.warehouse.reader import NoVersionError

WORKERS_VARIABLE = "WEB_CONCURRENCY"
"""Gunicorn's own variable for the number of workers; tells each of them how many processors are its share."""
OUTPUTS = (
    "page-body.children",
    "state.data",
    "notices.children",
    "footer.children",
    "print-header.children",
    "freshness.children",
)
"""What one answer to an address fills."""
PREPARE_SECONDS = 5.0
"""How soon after publication the cells of a shared dashboard are chosen."""
_LOG = logging.getLogger("empathy.dashboard")

PLOTLY = "/plotly/package_data/plotly.min.js"
INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
    <meta name="plotly" content="PLOTLY_ADDRESS">
    <script>SCHEME</script>
    <style>TOKENS STYLES</style>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""


ENTRY = '<div id="react-entry-point"></div>'
"""Where the page with working controls comes; hidden while the page as it stands first is there."""


class Application(Dash):
    """Dash with a nonce on its scripts and without external addresses in its configuration."""

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = super()._config()  # type: ignore[no-untyped-call]
        return config | {"dash_version_url": ""}

    def set_up(self) -> None:
        """Set up now what otherwise waits for the first request.

        Dash sets its flag too early, and would answer 500 to script requests that arrive during the set-up.
        """
        self._setup_server()  # type: ignore[no-untyped-call]

    first: Callable[[str, str], str] | None = None
    """Gives the HTML of the page at an address (path, query), to stand until the scripts have run."""

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        """The index page of one request, with the page it leads to."""
        if self.first is not None:
            parts["app_entry"] = self.first(request.path, request.query_string.decode("utf-8", "replace"))
            parts["app_entry"] += ENTRY
        return http.nonced(str(super().interpolate_index(**parts)), g.nonce)  # type: ignore[no-untyped-call]


def create_app(
    source: str | Path | Config,
    served: tuple[ServedProgramme, ...] = (),
    mounted: str = "",
    asked_of: Mapping[str, Queries] | None = None,
) -> Dash:
    """Build the dashboard of one programme.

    Parameters
    ----------
    source : str, Path or Config
        An empathy.toml, or one already read.
    served : tuple of ServedProgramme
        Every programme of this server, where there are several.
    mounted : str
        What the addresses of these pages begin with.
    asked_of : mapping of str to Queries, optional
        Of every programme of this server, by what its addresses begin with; its own is made here by default.

    Returns
    -------
    Dash
        ``.server`` is the WSGI application.

    Raises
    ------
    ConfigError
        When the configuration or an environment variable cannot be used.
    """
    settings = replace(from_config(source), served=served, mounted=mounted)
    known = dict(asked_of or {})
    queries = known.pop(mounted, None) or Queries(settings)
    context = Context(settings, queries, known)
    assets = Path(__file__).parent / "assets"
    app = Application(
        __package__,
        assets_folder=str(assets),
        assets_ignore=r"scheme\.js|.*\.css",
        index_string=_index(assets),
        title="Empathy Lift",
        update_title="",
        suppress_callback_exceptions=True,
        enable_mcp=False,
        routes_pathname_prefix="/",
        requests_pathname_prefix=f"{mounted}/",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    http.secure(app, settings, {PLOTLY: bundle.script})
    admission.attach(app.server, settings)
    _callbacks(app, context)
    led = partial(shell.led_to, mounted=mounted) if mounted else None
    answers = Answers(turns=_share_of_processors(), led=led, opens=may_follow)
    app.layout = lambda: shell.layout(context, answers.live)
    answers.register(OUTPUTS, lambda given: asked(context, given["url.pathname"] or "/", given["url.search"] or ""))
    export_routes.register(app.server, context)

    @app.server.get(admission.HEALTH)  # type: ignore[untyped-decorator]
    def _health() -> Any:
        told = settings.access is None  # monitoring has no role
        try:
            with context.queries.pinned() as run_id:
                context.queries.about()
                g.run_id = run_id
            return jsonify(status="ok", **({"run_id": run_id} if told else {}))
        except NoVersionError:
            detail = {"run_id": None, "detail": "Nothing has been published yet. Run `empathy build` first."}
            return jsonify(status="empty", **(detail if told else {})), 503
        except Exception as error:
            _LOG.exception("health check failed")
            detail = {"run_id": None, "detail": type(error).__name__}
            return jsonify(status="failing", **(detail if told else {})), 503

    owners: dict[str, str] = {}
    for page in pages():
        before = set(app.callback_map) | {one["output"] for one in app._callback_list}
        if page.register is not None:
            page.register(app, context)
        after = set(app.callback_map) | {one["output"] for one in app._callback_list}
        owners |= dict.fromkeys(after - before, page.key)
        for outputs, read in page.asked.items():
            answers.register(outputs, partial(read, context))
    admission.guard_callbacks(app.server, admission.callbacks_of(app, owners))
    if settings.access is not None:
        threading.Thread(target=_keep_prepared, args=(context,), daemon=True, name="published cells").start()
    answers.attach(app)
    app.first = partial(_first, context, answers)
    app.set_up()
    return app


def _share_of_processors() -> int:
    """Answers one worker may work out at a time: its share of the processors, at least one."""
    given = os.environ.get(WORKERS_VARIABLE, "")
    workers = max(1, int(given)) if given.isdecimal() else 1
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, available // workers)


def _index(assets: Path) -> str:
    """The index page with everything needed for the first paint inlined, to save round trips."""
    styles = "".join(path.read_text(encoding="utf-8") for path in sorted(assets.glob("*.css")))
    filled = {
        "TOKENS": theme.style_sheet(),
        "STYLES": styles,
        "SCHEME": (assets / "scheme.js").read_text(encoding="utf-8"),
        "PLOTLY_ADDRESS": _plotly_address(),
    }
    return re.sub("|".join(filled), lambda found: filled[found[0]], INDEX)


def _plotly_address() -> str:
    """Where the browser finds Plotly: an address that changes with its version, so it is kept for good."""
    return f"/_dash-component-suites{PLOTLY}?v={bundle.version()}&m={bundle.version()}"


def _keep_prepared(context: Context) -> None:
    """Choose the published cells of every new version as soon as it is served, as long as this process lives."""
    failed = ""
    while True:
        try:
            if context.queries.served() != failed:
                failed = ""
                with seen_by(READER):
                    choosing.prepare(context.queries, hold=True)
        except NoVersionError:
            pass
        except Exception:  # the error is shown to the next reader
            _LOG.exception("published cells were not chosen")
            context.queries.prepared = None
            with suppress(NoVersionError):
                failed = context.queries.served()
        time.sleep(PREPARE_SECONDS)


def _first(context: Context, answers: Answers, pathname: str, query: str) -> str:
    """The page at an address as HTML; empty where it cannot be written, for the scripts bring it as well."""
    try:
        search = f"?{query}" if query else ""
        question = asked(context, request.script_root + quote(pathname), search)
        frame = answers.sent_as_json(shell.layout(context, answers.live))
        return shell.first(frame, answers.read(question), context.settings.mounted)
    except Exception:
        _LOG.exception("no first page for %a", pathname)
        return ""


def own_path(pathname: str) -> str:
    """An address on this server: ``//host/effects`` in a link would lead to another server."""
    return "/" + unmounted(pathname).lstrip("/\\")


def route(pathname: str | None) -> tuple[Page, dict[str, str]] | None:
    """The page an address leads to, with the variable parts of the address."""
    for page in pages():
        parts = page.match(pathname or "/")
        if parts is not None:
            return page, parts
    return None


def _written_out(pathname: str, search: str) -> tuple[str, str]:
    """The canonical form of an address."""
    found = route(pathname)
    return (pathname, search) if found is None else found[0].written_out(pathname, search)


def _callbacks(app: Dash, context: Context) -> None:
    @app.callback(
        *(Output(*name.split(".")) for name in OUTPUTS),  # type: ignore[arg-type]
        Input("url", "pathname"),
        Input("url", "search"),
        Input("fresh", "data"),
    )
    def _navigate(pathname: str | None, search: str | None, _fresh: Any) -> tuple[Any, ...]:
        made = answer(context, pathname or "/", search or "").outputs
        return tuple(made.get(name, no_update) for name in OUTPUTS)

    @app.callback(
        Output("fresh", "data"), Input("poll", "n_intervals"), State("state", "data"), prevent_initial_call=True
    )
    def _newer(_: int, state: dict[str, Any] | None) -> Any:
        try:
            run_id = context.queries.run_id()
        except NoVersionError:
            return no_update
        return no_update if state and state.get("run_id") == run_id else run_id

    client: Any = app.clientside_callback
    client(ClientsideFunction("empathy", "applyState"), Output("state", "id"), Input("state", "data"))
    controls = [Input(f"filter-{name}", "value") for name in (*DIMENSIONS, "from", "to")]
    client(
        ClientsideFunction("empathy", "writeAddress"),
        Output("url", "search"),
        *controls,
        State("state", "data"),
        prevent_initial_call=True,
    )
    client(
        ClientsideFunction("empathy", "saveView"),
        Output("saved-views", "data"),
        Output("view-name", "value"),
        Input("view-save", "n_clicks"),
        Input("view-name", "n_submit"),
        State("view-name", "value"),
        State("saved-views", "data"),
        prevent_initial_call=True,
    )
    client(ClientsideFunction("empathy", "listViews"), Output("view-list", "title"), Input("saved-views", "data"))


def asked(context: Context, pathname: str, search: str) -> Question:
    """The question of an address: its cache key, and the function that answers it.

    Parameters
    ----------
    context : Context
    pathname, search : str
        The address as the browser has it.
    """
    pathname = own_path(pathname)
    queries, found = context.queries, route(pathname)
    if found is None or found[0].moving or not current().may_open(found[0].key):
        return Question(None, lambda: answer(context, pathname, search))
    try:
        with queries.pinned() as run_id:
            choices, rest = found[0].split(_written_out(pathname, search)[1])
            filters = _filters(context, rest)
    except Exception:  # the error is explained where the answer is made
        return Question(None, lambda: answer(context, pathname, search))
    chosen = tuple(sorted(choices.items()))
    address = _written_out(pathname, search)[0]
    failed = queries.failed_run()
    others = context.runs_beside if found[0].of_several else ()
    today = context.settings.today
    key = (run_id, "page", pathname, address, filters, filters.notices, chosen, today, failed, others)
    return Question(key, lambda: answer(context, pathname, search, run_id))


def answer(context: Context, pathname: str, search: str, run_id: str | None = None) -> Made:
    """Everything on screen for one address.

    Parameters
    ----------
    context : Context
    pathname, search : str
        The address as the browser has it.
    run_id : str, optional
        The version to answer from; the one being served by default.

    Returns
    -------
    Made
        Page, state for the browser, notices, footer, print header. When something breaks the page stays as it is and
        the notice says so.
    """
    queries, locale = context.queries, context.settings.config.project.locale
    pathname = own_path(pathname)
    typed, (pathname, search) = (pathname, search), _written_out(pathname, search)
    found = route(pathname)
    if found is None:
        words = f"There is no page at {pathname}."
        page = states.message("Page not found", words, [dcc.Link("Go to the overview", href="/", className="button")])
        return _made(page, _state("", "Page not found", Filters()), [], None, [], None)
    asked_page, parts = found
    if not current().may_open(asked_page.key):
        g.refused = True
        words = "Your role does not include this page. Ask whoever runs this dashboard if you need it."
        page = states.message(
            "Not for your role", words, [dcc.Link("Go to the overview", href="/", className="button")]
        )
        return _made(page, _state(asked_page.key, asked_page.question, Filters()), [], [], [], [], lasting=False)
    try:
        with queries.pinned(run_id) as pinned:
            g.run_id = pinned
            choices, rest = asked_page.split(search)
            carried = _filters(context, rest)
            filters = carried if asked_page.filtered else Filters()
            about = queries.about()
            decision = queries.decision(filters)
            body: Component = (
                asked_page.answer(context, filters, **parts, **({"choices": choices} if asked_page.choices else {}))
                if decision.allowed or not asked_page.tells
                else html.Div([html.H1(asked_page.question), states.refused(decision, filters, pathname)])
            )
            question = _titled(context, asked_page, parts)
            state = _state(asked_page.key, question, carried) | {
                "run_id": pinned,
                "filtered": asked_page.filtered,
                "summary": filters.describe(locale),
                "options": queries.remember(("options", locale), lambda: _options(context)),
                "plurals": PLURALS,
            }
            if (pathname, search) != typed:
                state["address"] = pathname + search
            footer = shell.footer(context, about)
            header = shell.print_header(context, about, filters, question)
            badge = shell.freshness(context, about, carried)
            return _made(body, state, shell.notices(context, about, filters), footer, header, badge, run_id=pinned)
    except NoVersionError as error:
        words = str(error) if context.settings.access is None else "Nothing has been published yet."
        page = states.message("Nothing has been built yet", words)
        if asked_page.unbuilt is not None:
            page = html.Div([page, asked_page.unbuilt(context.settings, asked_page.split(search)[0])])
        return _made(page, _state(asked_page.key, asked_page.question, Filters()), [], [], [], [], lasting=False)
    except NoWeeksError as error:
        page = states.message("There is no week of any agent to show", str(error))
        return _made(page, _state(asked_page.key, asked_page.question, Filters()), [], [], [], [], lasting=False)
    except Exception:
        _LOG.exception("no answer for %a (request %s)", pathname + search, g.get("request_id", ""))
        words = "This could not be worked out."
        notice = [states.failed(words, g.get("run_id", ""), g.get("request_id", ""))]
        return _made(None, None, notice, None, None, None, lasting=False)


def _titled(context: Context, page: Page, parts: Mapping[str, str]) -> str:
    """What a page answers, and about which KPI where its address names one."""
    catalogue, kpi = context.settings.catalogue, parts.get("kpi", "")
    return f"{catalogue[kpi].label}: {page.question}" if kpi in catalogue else page.question


def _filters(context: Context, search: str) -> Filters:
    """What an address selects; a page without filters does not use it, but its links carry it along."""
    return context.queries.selection(search)


def _options(context: Context) -> dict[str, list[Any]]:
    queries = context.queries
    found = shell.options(queries.facets(), queries.teams_by_site(), context.settings.config.project.locale)
    if current().restricted:  # published cells are of the whole period
        found |= {"from": [], "to": []}
    return found


def _made(*values: Any, run_id: str = "", lasting: bool = True) -> Made:
    """The values of ``OUTPUTS``, of which None stays as it is."""
    given = zip(OUTPUTS, values, strict=True)
    return Made({name: value for name, value in given if value is not None}, run_id, lasting)


def _state(key: str, question: str, filters: Filters) -> dict[str, Any]:
    return {
        "page": key,
        "title": f"{question} · Empathy Lift",
        "filters": filters.to_store(),
        "query": filters.to_query(),
    }
