"""How pages leave the building: headers, nonce, hosts, caching, log; and nothing that talks to anybody else."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

import dashboard
from dashboard import create_app
from dashboard.http import ACCESS_LOGGER, OneLine, log_to_stderr
from dashboard.plots import bundle

LOCAL = {"Host": "127.0.0.1:8050"}


@pytest.fixture(scope="module")
def client(config_path: Path) -> FlaskClient:
    return create_app(config_path).server.test_client()


def test_every_script_carries_the_nonce_of_the_policy(client: FlaskClient) -> None:
    first, second = client.get("/", headers=LOCAL), client.get("/", headers=LOCAL)
    policies = [page.headers["Content-Security-Policy"] for page in (first, second)]
    nonces = [re.search(r"'nonce-([^']+)'", policy)[1] for policy in policies]  # type: ignore[index]
    assert nonces[0] != nonces[1]
    html = first.get_data(as_text=True)
    scripts = re.findall(r"<script[^>]*>", html)
    assert len(scripts) > 5
    assert all(f'nonce="{nonces[0]}"' in script for script in scripts)
    script_policy = re.search(r"script-src ([^;]+)", policies[0])[1]  # type: ignore[index]
    assert "unsafe" not in script_policy


def test_security_headers_are_on_every_answer(client: FlaskClient) -> None:
    for path in ("/", "/healthz", "/nowhere", "/assets/app.css"):
        headers = client.get(path, headers=LOCAL).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_pages_name_no_other_server(client: FlaskClient) -> None:
    html = client.get("/", headers=LOCAL).get_data(as_text=True)
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]+", html) == []
    assets = Path(dashboard.__file__).parent / "assets"
    for file in assets.rglob("*"):
        if file.suffix in (".js", ".css"):
            outside = re.findall(r"https?://[^\s\"')]+", file.read_text(encoding="utf-8"))
            assert [url for url in outside if not url.startswith("http://www.w3.org/")] == [], file.name


def test_no_charting_library_at_first_and_no_tool_server_at_all(client: FlaskClient) -> None:
    """plotly.js is 4.8 MB: drawings need none of it, and it comes when a reader opens Explore."""
    html = client.get("/", headers=LOCAL).get_data(as_text=True)
    assert [src for src in re.findall(r'src="([^"]+)"', html) if "plotly" in src or "ag_grid" in src] == []
    dash_config = json.loads(re.search(r'id="_dash-config"[^>]*>(.*?)</script>', html)[1])  # type: ignore[index]
    assert not dash_config.get("dash_version_url")
    posted = client.post("/_mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=LOCAL)
    assert posted.status_code in (404, 405)


def test_another_host_name_is_refused(client: FlaskClient) -> None:
    """A page elsewhere must not reach this server through a name that points here (DNS rebinding)."""
    assert client.get("/", headers={"Host": "evil.example.org"}).status_code == 400
    assert client.get("/", headers={"Host": "localhost:9999"}).status_code == 200


def test_another_machine_is_refused_whatever_host_it_names(client: FlaskClient) -> None:
    """``gunicorn -b 0.0.0.0`` never passes the check of the address in ``serve``."""
    for address, status in (("192.0.2.7", 403), ("2001:db8::1", 403), ("127.0.0.1", 200), ("::1", 200)):
        answer = client.get("/healthz", headers=LOCAL, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status, address


def test_files_are_squeezed_once_and_kept_for_a_year(client: FlaskClient) -> None:
    html = client.get("/", headers=LOCAL).get_data(as_text=True)
    bundle = re.search(r'src="(/_dash-component-suites/dash_mantine_components/[^"]+\.js)"', html)[1]  # type: ignore[index]
    plain = client.get(bundle, headers=LOCAL)
    squeezed = client.get(bundle, headers=LOCAL | {"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(squeezed.data) == plain.data
    assert len(squeezed.data) < len(plain.data) / 3
    assert "max-age=31536000" in squeezed.headers["Cache-Control"]
    assert client.get("/assets/page.js", headers=LOCAL).headers["Cache-Control"] == "no-cache"
    assert "immutable" in client.get("/assets/page.js?m=1", headers=LOCAL).headers["Cache-Control"]
    assert client.get("/", headers=LOCAL).headers["Cache-Control"] == "no-store"


def test_plotly_comes_with_a_word_to_the_compiler(client: FlaskClient) -> None:
    html = client.get("/", headers=LOCAL).get_data(as_text=True)
    address = re.search(r'<meta name="plotly" content="([^"]+)"', html)[1]  # type: ignore[index]
    first, rest = client.get(address.replace("&amp;", "&"), headers=LOCAL).get_data(as_text=True).split("\n", 1)
    assert first == "//# allFunctionsCalledOnLoad"
    assert rest == bundle.script()
    assert bundle.version() in address


def test_health_says_which_version_is_served(client: FlaskClient) -> None:
    found = client.get("/healthz", headers=LOCAL)
    assert found.status_code == 200
    assert found.get_json() == {"status": "ok", "run_id": "r1"}


def test_the_access_log_is_one_json_object_per_request(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=ACCESS_LOGGER):
        answer = client.get("/healthz?x=1", headers=LOCAL)
    entry = json.loads(caplog.records[-1].message)
    assert entry["path"] == "/healthz"
    assert entry["status"] == 200
    assert entry["request_id"] == answer.headers["X-Request-ID"]
    assert entry["milliseconds"] >= 0


@pytest.mark.parametrize("name", ["nope/x.js", "dash/nope.js", "dash/../app.py", "dash%00/x.js", "plotly/nope"])
def test_a_script_that_does_not_exist_is_not_found_and_names_no_other(
    client: FlaskClient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger=ACCESS_LOGGER):
        answer = client.get(f"/_dash-component-suites/{name}", headers=LOCAL)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "registered" not in text
    assert json.loads(caplog.records[-1].message)["status"] == 404
    assert not [record for record in caplog.records if record.exc_info], "no traceback for a wrong address"


def test_a_large_request_is_refused(client: FlaskClient) -> None:
    answer = client.post(
        "/_dash-update-component", data=b"x" * 2_000_000, headers=LOCAL, content_type="application/json"
    )
    assert answer.status_code == 413


def test_no_text_of_a_reader_is_a_line_of_the_log() -> None:
    """A traceback ends with the message of its error, and that with what was typed: a line of its own, once."""
    forged = '{"who": "somebody@else", "status": 200}'
    try:
        raise ValueError(f"There is no KPI x\n{forged}\r{forged}\u2028{forged}\x1b[2J")
    except ValueError:
        record = logging.LogRecord("n", logging.ERROR, "f", 1, f"no answer\n{forged}", (), sys.exc_info())
    written = OneLine("%(message)s").format(record)
    assert written.count(forged) == 4
    assert not [line for line in re.split(r"[\r\n\x0b\x0c\x85\u2028\u2029]", written) if line.startswith("{")]
    assert "\x1b" not in written


def test_whatever_is_logged_beside_the_access_log_is_written_so(monkeypatch: pytest.MonkeyPatch) -> None:
    others = logging.getLogger()
    monkeypatch.setattr(others, "handlers", [])
    access = logging.getLogger(ACCESS_LOGGER)
    monkeypatch.setattr(access, "handlers", [logging.NullHandler()])
    for _ in range(2):
        log_to_stderr()
    assert [type(each.formatter) for each in others.handlers] == [OneLine]


def test_the_application_writes_its_errors_there_and_nowhere_else(config_path: Path) -> None:
    assert not create_app(config_path).logger.handlers, "a handler of Dash's own"


def test_a_kpi_that_does_not_exist_is_no_error_of_the_server(client: FlaskClient) -> None:
    """It was an exception whose message, with the name as it was typed, stood in the log."""
    given = {"inputs": [("ladder-ask", "n_clicks", 1)]}
    given["state"] = [("url", "pathname", "/effects/x%0aFORGED"), ("url", "search", "")]  # type: ignore[list-item]
    parts = {
        name: [dict(zip(("id", "property", "value"), one, strict=True)) for one in values]
        for name, values in given.items()
    }
    body = {"output": "ladder-place.children", "outputs": {"id": "ladder-place", "property": "children"}, **parts}
    answer = client.post(
        "/_dash-update-component", json=body | {"changedPropIds": ["ladder-ask.n_clicks"]}, headers=LOCAL
    )
    assert answer.status_code in (200, 204)
    assert b"FORGED" not in answer.get_data()
