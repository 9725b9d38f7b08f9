"""Who is let in: every request of a shared dashboard has a viewer before anything else looks at it.

On one's own machine everybody is the analyst. Where ``[access]`` is configured, a request that does not come from the
proxy with one person in it is refused, whatever it asks for; only ``/healthz`` is answered, and says no more than that
it is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from dashboard.http import CALLBACK_PATH
from dashboard.privacy.viewer import OWN_MACHINE, NotAdmittedError, admit, current, viewer_of
from dashboard.settings import Settings

HEALTH = "/healthz"


def attach(server: Flask, settings: Settings) -> None:
    """Make the viewer of every request.

    Parameters
    ----------
    server : Flask
    settings : Settings
    """
    access = settings.access

    @server.before_request
    def _admitted() -> Response | None:
        admit(OWN_MACHINE)
        if access is None or request.path == HEALTH:
            return None
        sent = {name: request.headers.get(name) for name in _names(access)}
        try:
            viewer = viewer_of(sent, request.environ.get("REMOTE_ADDR"), access, settings.proxy_secret)
        except NotAdmittedError as error:
            g.asked_by = {"who": str(sent[access.user_header] or "")[:100], "role": "refused"}
            return plain(str(error), 403)
        admit(viewer)
        g.asked_by = {"who": viewer.who, "role": viewer.role}
        return None

    @server.teardown_request
    def _gone(_error: BaseException | None) -> None:
        admit(OWN_MACHINE)


def guard_callbacks(server: Flask, owners: Mapping[str, str]) -> None:
    """Refuse the callbacks of a page to whoever may not open it.

    Parameters
    ----------
    server : Flask
    owners : mapping of str to str
        Outputs of a callback, as a request names them, to the key of the page it belongs to.
    """

    @server.before_request
    def _guarded() -> Response | None:
        if request.method != "POST" or not request.path.endswith(CALLBACK_PATH):
            return None
        try:
            body: Any = request.get_json(silent=True)
        except HTTPException as error:  # larger than this server reads
            return plain(error.description or "This cannot be read.", error.code or 400)
        if not isinstance(body, dict) or not isinstance(body.get("output"), str):
            return plain("This is no request of a page.", 400)
        page = owners.get(body["output"])
        if page is not None and not current().may_open(page):
            return plain("Your role does not include this page.", 403)
        return None


def plain(words: str, status: int) -> Response:
    """An answer in one line of text."""
    return Response(words + "\n", status=status, mimetype="text/plain")


def _names(access: Any) -> tuple[str, str, str]:
    return access.user_header, access.groups_header, access.secret_header
