"""The application: an address comes in, one answer goes out.

The address is the only state. A control writes the address, the address asks for an answer, the answer brings page,
filter values, freshness and title together, so they never disagree.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import g, jsonify

from dashboard import export_routes, http, shell, theme
from dashboard.components import explore, states
from dashboard.data.queries import Queries
from dashboard.pages import Context, Page, modules
from dashboard.settings import CONFIG_VARIABLE, SECRET_VARIABLE, check_binding, from_config
from dashboard.state import DIMENSIONS, PLURALS, Filters, from_query
from etl.config import Config
from etl.warehouse import NoVersionError

THREADS_PER_WORKER = 8
_LOG = logging.getLogger("empathy.dashboard")

INDEX = """<!DOCTYPE html>
<html lang="en" data-mantine-color-scheme="light">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
    <script src="/assets/scheme.js?m=SCHEME_STAMP"></script>
    <style>TOKENS</style>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""


class Application(Dash):
    """Dash, with the page's nonce on its scripts and no address of anybody else in its configuration."""

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = super()._config()  # type: ignore[no-untyped-call]
        return config | {"dash_version_url": ""}

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        """The index page of one request."""
        return http.nonced(str(super().interpolate_index(**parts)), g.nonce)  # type: ignore[no-untyped-call]


def create_app(source: str | Path | Config) -> Dash:
    """Build the dashboard.

    Parameters
    ----------
    source : str, Path or Config
        An empathy.toml, or one already read.

    Returns
    -------
    Dash
        ``.server`` is the WSGI application.

    Raises
    ------
    ConfigError
        When the configuration or an environment variable cannot be used.
    """
    settings = from_config(source)
    context = Context(settings, Queries(settings))
    assets = Path(__file__).parent / "assets"
    app = Application(
        __package__,
        assets_folder=str(assets),
        assets_ignore=r"scheme\.js",
        index_string=_index(assets),
        title="Empathy Lift",
        update_title="",
        suppress_callback_exceptions=True,
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    http.secure(app, settings)
    app.layout = lambda: shell.layout(context)
    _callbacks(app, context)
    export_routes.register(app.server, context)

    @app.server.get("/healthz")  # type: ignore[untyped-decorator]
    def _health() -> Any:
        try:
            return jsonify(status="ok", run_id=context.queries.run_id())
        except NoVersionError as error:
            return jsonify(status="empty", detail=str(error))
        except Exception as error:
            _LOG.exception("health check failed")
            return jsonify(status="failing", detail=type(error).__name__), 503

    for module in modules():
        if hasattr(module, "register"):
            module.register(app, context)
    return app


def serve(source: str | Path | Config, host: str = "127.0.0.1", port: int = 8050, workers: int = 1) -> None:
    """Serve the dashboard with gunicorn until interrupted.

    Parameters
    ----------
    source : str, Path or Config
        An empathy.toml, or one already read.
    host, port : str, int
        Where to listen; an address others can reach needs a configured proxy.
    workers : int
        Processes; each has ``THREADS_PER_WORKER`` threads.

    Raises
    ------
    ConfigError
        When the configuration cannot be used or the address may not be listened on.
    """
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    settings = from_config(source)
    check_binding(host, settings)
    os.environ[SECRET_VARIABLE] = settings.secret
    os.environ[CONFIG_VARIABLE] = str(settings.config.path)

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {
                "bind": f"{host}:{port}",
                "workers": workers,
                "threads": THREADS_PER_WORKER,
                "worker_class": "gthread",
                "timeout": 120,
                "graceful_timeout": 10,
                "loglevel": "warning",
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            http.log_to_stderr()
            return create_app(settings.config).server

    Gunicorn().run()


def _index(assets: Path) -> str:
    stamp = str(int((assets / "scheme.js").stat().st_mtime))
    return INDEX.replace("TOKENS", theme.style_sheet()).replace("SCHEME_STAMP", stamp)


def route(pathname: str | None) -> tuple[Any, dict[str, str]] | None:
    """The page module an address leads to, with the variable parts of the address."""
    for module in modules():
        parts = module.PAGE.match(pathname or "/")
        if parts is not None:
            return module, parts
    return None


def _callbacks(app: Dash, context: Context) -> None:
    @app.callback(
        Output("page-body", "children"),
        Output("state", "data"),
        Output("notices", "children"),
        Output("footer", "children"),
        Output("print-header", "children"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("fresh", "data"),
    )
    def _navigate(pathname: str | None, search: str | None, _fresh: Any) -> tuple[Any, ...]:
        return answer(context, pathname or "/", search or "")

    @app.callback(
        Output("fresh", "data"), Input("poll", "n_intervals"), State("state", "data"), prevent_initial_call=True
    )
    def _newer(_: int, state: dict[str, Any] | None) -> Any:
        try:
            run_id = context.queries.run_id()
        except NoVersionError:
            return no_update
        return no_update if state and state.get("run_id") == run_id else run_id

    def part(kind: str) -> dict[str, Any]:
        return {"type": kind, "card": MATCH, "of": MATCH}

    @app.callback(
        Output(part("explore"), "children"),
        Input(part("explore-open"), "n_clicks"),
        State(part("explore-open"), "id"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _explore(clicks: int, names: dict[str, str], pathname: str | None, search: str | None) -> Any:
        if clicks != 1:  # closed, or open a second time with the chart still there
            return no_update
        return explored(context, {key: names[key] for key in ("card", "of")}, pathname or "/", search or "")

    client: Any = app.clientside_callback
    client(
        ClientsideFunction("explore", "draw"),
        Output(part("explore-graph"), "figure"),
        Input(part("explore-layers"), "value"),
        Input("scheme-now", "data"),
        State(part("explore-figure"), "data"),
    )
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


def answer(context: Context, pathname: str, search: str) -> tuple[Any, ...]:
    """Everything on screen for one address.

    Parameters
    ----------
    context : Context
    pathname, search : str
        The address as the browser has it.

    Returns
    -------
    tuple
        Page, state for the browser, notices, footer, print header. When something breaks the page stays as it is and
        the notice says so.
    """
    queries, locale = context.queries, context.settings.config.project.locale
    found = route(pathname)
    if found is None:
        words = f"There is no page at {pathname}."
        page = states.message("Page not found", words, [dcc.Link("Go to the overview", href="/", className="button")])
        return page, _state("", "Page not found", Filters()), [], no_update, []
    module, parts = found
    page_of: Page = module.PAGE
    try:
        with queries.pinned() as run_id:
            g.run_id = run_id
            facets = queries.facets()
            filters = from_query(search, facets, locale) if page_of.filtered else Filters()
            about = queries.about()
            decision = queries.decision(filters)
            body: Component = (
                module.answer(context, filters, **parts)
                if decision.allowed
                else html.Div([html.H1(page_of.question), states.refused(decision, filters, pathname)])
            )
            state = _state(page_of.key, page_of.question, filters) | {
                "run_id": run_id,
                "filtered": page_of.filtered,
                "summary": filters.describe(locale),
                "options": shell.options(facets, queries.teams_by_site(), locale),
                "plurals": PLURALS,
            }
            return (
                body,
                state,
                shell.notices(filters),
                shell.footer(context, about),
                shell.print_header(context, about, filters, page_of.question),
            )
    except NoVersionError as error:
        page = states.message("Nothing has been built yet", str(error))
        return page, _state(page_of.key, page_of.question, Filters()), [], [], []
    except Exception:
        _LOG.exception("no answer for %s%s (request %s)", pathname, search, g.get("request_id", ""))
        words = "This could not be worked out."
        return (
            no_update,
            no_update,
            [states.failed(words, g.get("run_id", ""), g.get("request_id", ""))],
            no_update,
            no_update,
        )


def explored(context: Context, names: dict[str, str], pathname: str, search: str) -> Any:
    """The inside of an Explore part that was opened, for the same selection as the page around it.

    Parameters
    ----------
    context : Context
    names : dict
        ``card`` and ``of`` of the part.
    pathname, search : str
        The address as the browser has it.
    """
    found = route(pathname)
    make = getattr(found[0], "EXPLORE", {}).get(names["card"]) if found else None
    if found is None or make is None:
        return html.P("There is nothing to explore here.", className="muted small")
    queries = context.queries
    try:
        with queries.pinned() as run_id:
            g.run_id = run_id
            filters = from_query(search, queries.facets(), context.settings.config.project.locale)
            decision = queries.decision(filters)
            if not decision.allowed:
                return html.P(decision.reason, className="muted small")
            made = make(context, filters, **found[1])
    except Exception:
        _LOG.exception("nothing to explore for %s%s (request %s)", pathname, search, g.get("request_id", ""))
        return html.P("This could not be worked out; the drawing above still holds.", className="muted small")
    if made is None:
        return html.P("There are too few weeks or agents to draw it.", className="muted small")
    return explore.opened(names, *made)


def _state(key: str, question: str, filters: Filters) -> dict[str, Any]:
    return {
        "page": key,
        "title": f"{question} · Empathy Lift",
        "filters": filters.to_store(),
        "query": filters.to_query(),
    }
