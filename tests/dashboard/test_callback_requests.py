"""What is no request of a page is refused in one line, with its line in the log; nothing of it reaches a page."""

from __future__ import annotations

import copy
import json
import logging
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import create_app
from dashboard.admission import LONGEST_TEXT, VALUES, callbacks_of
from dashboard.http import ACCESS_LOGGER
from dashboard.pages import plan

POSTED = "/_dash-update-component"
LOCAL = {"Host": "127.0.0.1"}
SENT = {
    "url.pathname": "/methods", "url.search": "", "state.data": {}, "skills-wanted.data": ["escalation_rate", ""],
    "overview-wanted.data": "", "trial-counts.data": [0, 0, 0],
}  # fmt: skip


@pytest.fixture(scope="module")
def app(config_path: Path) -> Iterator[Dash]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "tried", lambda *_: ("", [200.0, 0.0, 0.0]))
        yield create_app(config_path)


@pytest.fixture(scope="module")
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


@pytest.fixture(scope="module")
def bodies(app: Dash) -> list[dict[str, Any]]:
    """A request of every callback, as a page sends it."""
    found = []
    for output, callback in callbacks_of(app, {}).items():
        names = [name.split("@")[0].rsplit(".", 1) for name in output.strip(".").split("...")]
        given = [
            {**dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)), "value": SENT.get(name)}
            for name in callback.given
        ]
        found.append(
            {
                "output": output,
                "outputs": [dict(zip(("id", "property"), one, strict=True)) for one in names],
                "inputs": given[: callback.n_inputs],
                "state": given[callback.n_inputs :],
                "changedPropIds": [callback.given[0]],
            }
        )
    for body in found:
        if len(body["outputs"]) == 1:
            (body["outputs"],) = body["outputs"]
    return found


def post(client: FlaskClient, body: Any) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(POSTED, data=data, headers=LOCAL, content_type="application/json").status_code


def test_what_pages_send_is_let_through(client: FlaskClient, bodies: list[dict[str, Any]]) -> None:
    assert len(bodies) > 5
    assert {post(client, body) for body in bodies} <= {200, 204}


def test_every_input_has_a_kind_of_value(app: Dash) -> None:
    assert {name for callback in callbacks_of(app, {}).values() for name in callback.given} == set(VALUES)


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(node, dict | list):
        for key, part in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(part, (*at, key))


def changed(body: dict[str, Any], at: tuple[Any, ...], value: Any, *, leave_out: bool) -> Any:
    if not at:
        return value
    copied = copy.deepcopy(body)
    inside: Any = copied
    for key in at[:-1]:
        inside = inside[key]
    if leave_out:
        del inside[at[-1]]
    else:
        inside[at[-1]] = value
    return copied


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["\ud800", "x" * (LONGEST_TEXT + 1), "/p/x", "url", "%", "?site=\x00", "//x"]),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_request_is_answered_or_refused_and_logged(
    client: FlaskClient, bodies: list[dict[str, Any]], caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from(bodies))
    at = data.draw(st.sampled_from(list(places(body))))
    sent = changed(body, at, data.draw(JSON), leave_out=data.draw(st.booleans()))
    caplog.clear()
    with caplog.at_level(logging.INFO):
        status = post(client, sent)
    assert status in (200, 204, 400)
    lines = [record for record in caplog.records if record.name == ACCESS_LOGGER]
    assert [json.loads(record.getMessage())["status"] for record in lines] == [status]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode) | JSON)
def test_any_other_body_is_refused(client: FlaskClient, sent: Any) -> None:
    assert post(client, sent) == 400


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"output":' * 90_000, b'{"output": "x", "inputs": 1e999}'])
def test_brackets_within_brackets_are_refused(client: FlaskClient, body: bytes) -> None:
    assert post(client, body) == 400


@pytest.mark.parametrize("output", ["nowhere.children", "state.id", "url.search", "", "..a.b...c.d..", "__proto__"])
def test_a_callback_that_is_none_of_the_servers_is_refused(
    client: FlaskClient, bodies: list[dict[str, Any]], output: str
) -> None:
    assert post(client, bodies[0] | {"output": output}) == 400
