"""Admission: determine the viewer of every request of a shared dashboard before anything else.

On one's own machine everybody is the analyst. Where ``[access]`` is configured, a request that does not come from the
proxy with one person in it is refused; only ``/healthz`` is answered, with the status alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Dash
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from dashboard.http import CALLBACK_PATH, REPEATED, body_of
from dashboard.privacy.viewer import OWN_MACHINE, NotAdmittedError, admit, current, viewer_of
from dashboard.settings import Settings

HEALTH = "/healthz"
LONGEST_TEXT = 8_000
"""Characters of an address, or of another text that a page sends: more than any page writes."""
MOST_CLICKS = 10**9


def attach(server: Flask, settings: Settings) -> None:
    """Set the viewer before every request.

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
        repeated = frozenset(request.headers.get(REPEATED, "").upper().split(","))
        try:
            viewer = viewer_of(sent, request.environ.get("REMOTE_ADDR"), access, settings.proxy_secret, repeated)
        except NotAdmittedError as error:
            g.asked_by = {"who": str(sent[access.user_header] or "")[:100], "role": "refused"}
            return plain(str(error), 403)
        admit(viewer)
        g.asked_by = {"who": viewer.who, "role": viewer.role}
        return None

    @server.teardown_request
    def _gone(_error: BaseException | None) -> None:
        admit(OWN_MACHINE)


@dataclass(frozen=True)
class Callback:
    """A callback that the server answers.

    Attributes
    ----------
    given : tuple of str
        ``"id.property"`` of its inputs and states, in order.
    n_inputs : int
        How many of them are inputs.
    page : str
        Key of the page it belongs to; empty for those of every page.
    """

    given: tuple[str, ...]
    n_inputs: int
    page: str = ""


def callbacks_of(app: Dash, owners: Mapping[str, str]) -> dict[str, Callback]:
    """Callbacks of an application by their outputs, without those that the browser answers.

    Parameters
    ----------
    app : Dash
    owners : mapping of str to str
        Outputs of a callback to the key of the page it belongs to.
    """
    found = {}
    for output, entry in app.callback_map.items():
        if "callback" in entry:
            given = tuple(f"{one['id']}.{one['property']}" for one in (*entry["inputs"], *entry["state"]))
            found[output] = Callback(given, len(entry["inputs"]), owners.get(output, ""))
    return found


def guard_callbacks(server: Flask, known: Mapping[str, Callback]) -> None:
    """Refuse what is no request of a page, and the callbacks of a page to whoever may not open it.

    Parameters
    ----------
    server : Flask
    known : mapping of str to Callback
        By their outputs, as a request names them.
    """

    @server.before_request
    def _guarded() -> Response | None:
        if request.method != "POST" or not request.path.endswith(CALLBACK_PATH):
            return None
        try:
            body = body_of()
        except HTTPException as error:  # larger than this server reads
            return plain(error.description or "This cannot be read.", error.code or 400)
        output = body.get("output") if isinstance(body, dict) else None
        asked = known.get(output) if isinstance(output, str) else None
        if asked is not None and asked.page and not current().may_open(asked.page):
            return plain("Your role does not include this page.", 403)
        if asked is None or not _is_request_of(asked, body):
            return plain("This is no request of a page.", 400)
        return None


def _is_request_of(asked: Callback, body: Mapping[str, Any]) -> bool:
    """Whether a body has what the callback is given, each with a value that a page could have sent."""
    inputs, state = body.get("inputs"), body.get("state", [])
    if not isinstance(inputs, list) or not isinstance(state, list) or len(inputs) != asked.n_inputs:
        return False
    given = [*inputs, *state]
    if len(given) != len(asked.given) or not all(isinstance(one, dict) for one in given):
        return False
    if not all(_could_be_sent(name, one) for name, one in zip(asked.given, given, strict=True)):
        return False
    changed, outputs = body.get("changedPropIds", []), body.get("outputs")
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        return False
    several = body["output"].startswith("..")
    named = outputs if several and isinstance(outputs, list) else [outputs]
    return [_name(one) for one in named] == [one.split("@")[0] for one in body["output"].strip(".").split("...")]


def _could_be_sent(name: str, one: Mapping[str, Any]) -> bool:
    value = one.get("value")
    if _name(one) != name or not VALUES.get(name, _anything)(value):
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()  # a truncated character
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _name(one: Any) -> str:
    """``"id.property"``, without the suffix that distinguishes several callbacks of one property."""
    return f"{one.get('id')}.{one.get('property')}".split("@")[0] if isinstance(one, dict) else ""


def _anything(_value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= LONGEST_TEXT)


def _count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_CLICKS)


def _counts(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n < MOST_CLICKS for n in value)
    )


def _texts(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_text, value)))


def _object(value: Any) -> bool:
    return value is None or isinstance(value, dict)


VALUES: dict[str, Callable[[Any], bool]] = {
    "url.pathname": _text,
    "url.search": _text,
    "fresh.data": _text,
    "state.data": _object,
    "poll.n_intervals": _count,
    "overview-wanted.data": _text,
    "visit-since.data": _text,
    "ladder-ask.n_clicks": _count,
    "skills-wanted.data": _texts,
    "trial.n_clicks": _count,
    "trial-tick.n_intervals": _count,
    "trial-counts.data": _counts,
}
"""What the value of an input can be; a test holds that every input of a callback is named."""


def plain(words: str, status: int) -> Response:
    """An answer in one line of text."""
    return Response(words + "\n", status=status, mimetype="text/plain")


def _names(access: Any) -> tuple[str, str, str]:
    return access.user_header, access.groups_header, access.secret_header
