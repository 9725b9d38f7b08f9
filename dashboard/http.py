"""HTTP layer: security headers, host check, compression, caching, access log.

Assumptions
-----------
1. Scripts come from this server or carry the page's nonce; nothing else runs (checked by the browser tests, which fail
   on any console error, and every violation is one).
2. Style *elements* stay allowed inline: the component libraries insert theirs without a nonce. A style cannot send data
   out, because every source of images, fonts and connections is limited to this server.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import brotli
from dash import Dash
from dash.exceptions import DependencyException
from flask import Flask, Response, abort, g, request
from flask_compress import Compress
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboard.settings import Settings

ACCESS_LOGGER = "empathy.access"
ONE_YEAR_SECONDS = 31_536_000
BROTLI_QUALITY = 9
"""For files that are compressed once per process and then served from memory; 11 costs seconds and gains 3%."""
STATIC_PREFIXES = ("/_dash-component-suites/", "/assets/")
COMPILE_ALL = b"//# allFunctionsCalledOnLoad\n"
"""Tells Chromium to compile a script beside the page while it arrives, and not function by function while it runs: 40%
less time in which the page does not answer. A comment to every other browser."""
MAX_REQUEST_BYTES = 1_000_000
LONGEST_LOGGED = 500
CALLBACK_PATH = "_dash-update-component"
RUN = "Empathy-Run"
"""Header of an answer that the browser may show again while this version is served, see ``assets/answers.js``."""
AHEAD = "Empathy-Ahead"
"""Header of a request for what its reader points at and has not chosen yet."""
REPEATED = "Empathy-Repeated"
"""Header that names the headers which a request has more than once; whatever is sent under it is dropped."""


def secure(app: Dash, settings: Settings, scripts: Mapping[str, Callable[[], str]] | None = None) -> None:
    """Attach everything in this module to an application.

    Parameters
    ----------
    app : Dash
    settings : Settings
    scripts : mapping of str to callable, optional
        Long scripts that are sent in place of those that a package installs, by the end of their address.
    """
    server: Flask = app.server
    app.logger.handlers.clear()  # Dash's own would write what readers typed as it came
    server.secret_key = settings.secret
    server.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.proxy_hops > 0 or settings.access is not None,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        COMPRESS_ALGORITHM=["br", "zstd", "gzip"],
        COMPRESS_STREAMS=False,
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    @server.before_request
    def _arrive() -> None:
        g.started = time.perf_counter()
        g.nonce = secrets.token_urlsafe(16)
        g.request_id = uuid.uuid4().hex[:12]
        if request.host.rsplit(":", 1)[0].lower() not in settings.hosts and request.host.lower() not in settings.hosts:
            where = "EMPATHY_HOSTS" if settings.access is None else "hosts in [access]"
            abort(400, f"This address is not one this dashboard answers to; set {where}.")
        if settings.access is None and not settings.proxy_hops and not _from_this_machine(request.remote_addr):
            abort(403, "Without a configured proxy this dashboard answers only to the machine it runs on.")

    # Functions run in the reverse order of registration: headers and log see the compressed response.
    @server.after_request
    def _leave(response: Response) -> Response:
        for name, value in headers(g.get("nonce", ""), https=request.is_secure).items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        response.headers.pop("Server", None)
        log_access(response)
        return response

    @server.errorhandler(DependencyException)
    def _no_such_script(_: DependencyException) -> tuple[str, int, dict[str, str]]:
        """Dash raises for a script that it does not have, and names every one that it has."""
        return "There is no such script.", 404, {"Content-Type": "text/plain; charset=utf-8"}

    Compress(server)
    server.after_request(partial(_cached_static, scripts or {}))


def name_repeated(_worker: Any, asked: Any) -> None:
    """Gunicorn's hook before a request: say which headers it has more than once, before their values are joined.

    Parameters
    ----------
    asked : gunicorn.http.message.Request
        ``headers`` is a list of names and values.
    """
    names = [name.upper() for name, _ in asked.headers]
    twice = sorted({name for name in names if names.count(name) > 1})
    asked.headers = [(name, value) for name, value in asked.headers if name.upper() != REPEATED.upper()]
    if twice:
        asked.headers.append((REPEATED.upper(), ",".join(twice)))


def _from_this_machine(address: str | None) -> bool:
    """Whether a request came over the loopback or a local socket, judged by the connection, not by a header."""
    try:
        return not address or ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return False


def headers(nonce: str, *, https: bool) -> dict[str, str]:
    """Security headers of one response.

    Parameters
    ----------
    nonce : str
        The page's nonce; scripts in the page that carry it may run.
    https : bool
        Whether the reader's connection is encrypted.
    """
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    found = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if https:
        found["Strict-Transport-Security"] = f"max-age={ONE_YEAR_SECONDS}"
    return found


def nonced(html: str, nonce: str) -> str:
    """The index page with the nonce on every script element."""
    return html.replace("<script", f'<script nonce="{nonce}"')


def log_access(response: Response) -> None:
    """One JSON line per request: who asked for what, in which role, and how long it took.

    Everything a reader may have written is escaped to ASCII, so that no text can look like a line of its own.
    """
    logger = logging.getLogger(ACCESS_LOGGER)
    if not logger.isEnabledFor(logging.INFO):
        return
    started = g.get("started", time.perf_counter())
    entry: dict[str, object] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "request_id": g.get("request_id", ""),
        **g.get("asked_by", {}),
        "method": request.method,
        "path": request.path[:LONGEST_LOGGED],
        "query": request.query_string.decode("utf-8", "replace")[:LONGEST_LOGGED],
        "status": response.status_code,
        "bytes": response.content_length,
        "milliseconds": round((time.perf_counter() - started) * 1000, 1),
        "run_id": g.get("run_id"),
    }
    if request.path.endswith(CALLBACK_PATH):
        entry |= _callback_asked() | ({"ahead": True} if AHEAD in request.headers else {})
    logger.info(json.dumps(entry, ensure_ascii=True, default=str))


def body_of() -> Any:
    """The JSON of a request, read once; None where it is none.

    Raises
    ------
    HTTPException
        When it is larger than this server reads.
    """
    if "body" not in g:
        try:
            g.body = request.get_json(silent=True)
        except RecursionError:  # deeply nested JSON
            g.body = None
    return g.body


def _callback_asked() -> dict[str, str]:
    """What a callback's body asks for: its outputs and the address that the reader sees."""
    try:
        body = body_of()
    except HTTPException:  # too large, or incomplete
        return {}
    if not isinstance(body, dict):
        return {}
    seen: dict[str, str] = {"callback": str(body.get("output", ""))[:120]}
    given = [body.get("inputs"), body.get("state")]
    for each in [one for part in given if isinstance(part, list) for one in part if isinstance(one, dict)]:
        if each.get("id") == "url" and each.get("property") in ("pathname", "search"):
            seen[str(each["property"])] = str(each.get("value") or "")[:LONGEST_LOGGED]
    return seen


class OneLine(logging.Formatter):
    """Writes a record as one line and, of a traceback or a text with lines of its own, lines that are marked as such.

    A message may quote what a reader sent, and a traceback the message of an error that does; so no line of either can
    pass for a line of the access log.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record; control characters other than the end of a line are escaped."""
        first, *more = super().format(record).splitlines() or [""]
        lines = [first, *(f"  | {line}" for line in more)]
        return "\n".join("".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line) for line in lines)


def log_to_stderr() -> None:
    """Send the access log to standard error, once, and what else is logged in lines that cannot pass for it."""
    others = logging.getLogger()
    if not any(isinstance(each.formatter, OneLine) for each in others.handlers):
        beside = logging.StreamHandler(sys.stderr)
        beside.setLevel(logging.WARNING)
        beside.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
        others.addHandler(beside)
    logger = logging.getLogger(ACCESS_LOGGER)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def _cached_static(scripts: Mapping[str, Callable[[], str]], response: Response) -> Response:
    """Files that never change under their address: compressed once, kept by the browser for a year."""
    if request.method != "GET" or response.status_code != 200 or not request.path.startswith(STATIC_PREFIXES):
        return response
    fingerprinted = "m=" in request.query_string.decode("ascii", "replace") or response.cache_control.max_age
    response.headers["Cache-Control"] = (
        f"public, max-age={ONE_YEAR_SECONDS}, immutable" if fingerprinted else "no-cache"
    )
    for ending, script in scripts.items():
        if request.path.endswith(ending):
            response.direct_passthrough = False
            response.set_data(COMPILE_ALL + script().encode())
    text = (response.mimetype or "").endswith(("javascript", "css", "json", "svg+xml"))
    if text and "br" in request.headers.get("Accept-Encoding", ""):
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) > 500:
            response.set_data(_squeezed(data))
            response.headers["Content-Encoding"] = "br"
            response.headers["Vary"] = "Accept-Encoding"
            response.headers.pop("ETag", None)
    return response


@lru_cache(maxsize=256)
def _squeezed(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=BROTLI_QUALITY))
