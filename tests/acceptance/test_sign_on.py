"""Behind a real reverse proxy: the shipped nginx configuration, a sign-on that says who asks, and the dashboard."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from dashboard.slow_requests import READ_SECONDS
from tests.dashboard.conftest import TOML

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "examples" / "sign-on" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
ACCESS = """
[access]
proxy = ["unix"]
hosts = ["localhost"]
[access.groups.board]
role = "executive"
[access.groups."madrid leads"]
role = "site_lead"
sites = ["Madrid"]
[access.groups.agents]
role = "agent"
"""
SECONDS = 60
FIRST_SECONDS = 240
"""For the first answer of a server that starts beside other tests: which cells are told is worked out for it."""


@dataclass
class Served:
    address: str
    folder: Path
    log: Path
    socket: Path
    proxy: subprocess.Popen[bytes]

    def restart_proxy(self) -> None:
        """Start the proxy once more, as the system does when it has died."""
        self.proxy = started_proxy(self.folder)


def answered(
    line: socket.socket,
    headers: str,
    dashboard: subprocess.Popen[bytes],
    log: Path,
    path: str = "/download/effects.csv",
) -> None:
    """Wait for the first answer, by default of estimates; without it, fail with what every thread was doing."""
    with line:
        line.settimeout(FIRST_SECONDS)
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n".encode())
        try:
            assert line.recv(200).startswith(b"HTTP/1.1 200")
        except TimeoutError:
            os.killpg(dashboard.pid, signal.SIGABRT)
            dashboard.wait(SECONDS)
            said = log.read_text(errors="replace")
            pytest.fail(f"No answer in {FIRST_SECONDS} seconds. Log and stacks:\n{said}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SignOn(http.server.BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does: who a session's cookie stands for, or 401."""

    def do_GET(self) -> None:
        found = re.search(r"session=(\w+):([\w ]+)", self.headers.get("Cookie", ""))
        self.send_response(202 if found else 401)
        if found:
            self.send_header("X-Auth-Request-Email", f"{found[1]}@example.org")
            self.send_header("X-Auth-Request-Groups", found[2])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(folder: Path, *more: str, access: str = ACCESS) -> subprocess.Popen[bytes]:
    config = folder / "shared.toml"
    config.write_text(TOML + access, encoding="utf-8")
    environment = os.environ | {"EMPATHY_SECRET": "k" * 40, "PYTHONFAULTHANDLER": "1"}
    with (folder / "dashboard.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "empathy", "serve", "-c", str(config), *more],
            cwd=ROOT, env=environment, stderr=log, start_new_session=True,
        )  # fmt: skip


def started_proxy(folder: Path) -> subprocess.Popen[bytes]:
    assert NGINX is not None
    return subprocess.Popen(
        [NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")], start_new_session=True
    )


def until(there: Path, words: str) -> None:
    end = time.monotonic() + SECONDS
    while words not in (there.read_text(errors="replace") if there.exists() else ""):
        assert time.monotonic() < end, there.read_text(errors="replace")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.dashboard.conftest import _build

    folder = tmp_path_factory.mktemp("shared")
    _build(folder, only=("escalation_rate", "csat_top2"))
    return folder


@pytest.fixture(scope="module")
def served(published: Path) -> Iterator[Served]:
    if NGINX is None:
        words = "nginx is not installed (apt-get install nginx-light), so no proxy was tried."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(words)
        pytest.skip(words)
    folder = published
    sign_on = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SignOn)
    threading.Thread(target=sign_on.serve_forever, daemon=True).start()
    port, file = free_port(), folder / "dashboard.sock"
    text = SHIPPED.read_text(encoding="utf-8")
    for name, value in {
        "unix:SOCKET": f"unix:{file}",
        "OAUTH2_PROXY": f"127.0.0.1:{sign_on.server_address[1]}",
        "LISTEN": f"127.0.0.1:{port}",
        "server_name HOST": "server_name localhost",
        "SECRET": "s" * 40,
    }.items():
        text = text.replace(name, value)
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; user root;"
    if os.geteuid() != 0:
        main = main.replace(" user root;", "")
    (folder / "nginx.conf").write_text(
        f"{main}\nevents {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}", encoding="utf-8"
    )
    dashboard = serve(folder, "--host", f"unix:{file}")
    site = Served(f"http://localhost:{port}", folder, folder / "dashboard.log", file, started_proxy(folder))
    try:
        until(folder / "dashboard.log", "Serving unix:")
        end = time.monotonic() + SECONDS
        while not file.exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        own = socket.socket(socket.AF_UNIX)
        own.connect(str(file))
        answered(own, "X-Forwarded-User: eva@example.org\r\nX-Forwarded-Groups: board", dashboard, site.log)
        yield site
    finally:
        site.proxy.send_signal(signal.SIGQUIT)
        os.killpg(dashboard.pid, signal.SIGINT)
        site.proxy.wait(SECONDS)
        dashboard.wait(SECONDS)
        sign_on.shutdown()


def get(served: Served, path: str, session: str = "", **headers: str) -> tuple[int, str]:
    sent = {**({"Cookie": f"session={session}"} if session else {}), **headers}
    try:
        with urlopen(Request(served.address + path, headers=sent), timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_whoever_is_signed_in_sees_what_the_role_allows(served: Served) -> None:
    status, text = get(served, "/download/effects.csv", "ann:board")
    assert status == 200
    assert "# selection: everybody" in text
    status, text = get(served, "/download/effects.csv?site=Porto", "bob:madrid leads")
    assert status == 200
    assert "# selection: Madrid" in text
    assert get(served, "/download/table.csv?relation=mart.team_week", "ann:board")[0] == 403
    assert get(served, "/", "eve:agents")[0] == 403
    assert get(served, "/", "eve:nobody")[0] == 403
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]
    assert {"ann@example.org", "bob@example.org"} <= {line.get("who") for line in lines}


def test_headers_that_a_reader_sends_count_for_nothing(served: Served) -> None:
    forged = {"X-Forwarded-User": "root@example.org", "X-Forwarded-Groups": "board", "X-Empathy-Secret": "s" * 40}
    assert get(served, "/download/effects.csv", "eve:agents", **forged)[0] == 403
    underscored = {name.replace("-", "_"): value for name, value in forged.items()}
    assert get(served, "/download/effects.csv", "eve:agents", **underscored)[0] == 403
    status, _ = get(served, "/download/effects.csv", **forged)
    assert status in (302, 401, 404)


def test_a_dashboard_that_is_gone_is_an_error_of_the_proxy_and_no_page(served: Served) -> None:
    """The socket file belongs to the proxy's group and to nobody else."""
    mode = (served.folder / "dashboard.sock").stat().st_mode & 0o777
    assert mode == 0o660


def asked_directly(file: Path, path: str) -> bytes:
    """The answer to a request on the dashboard's socket file, past the proxy, which alone may connect to it."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(SECONDS)
        line.connect(str(file))
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        parts = []
        while part := line.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def test_a_proxy_that_dies_opens_no_way_past_it_and_may_come_back(served: Served) -> None:
    assert get(served, "/download/effects.csv", "ann:board")[0] == 200
    os.killpg(served.proxy.pid, signal.SIGKILL)  # its workers too
    served.proxy.wait(SECONDS)
    with pytest.raises(OSError, match=r"refused|reset|closed|urlopen"):
        get(served, "/download/effects.csv", "ann:board")
    answer = asked_directly(served.socket, "/download/effects.csv")
    assert answer.startswith(b"HTTP/1.1 403"), answer[:200]
    assert b"estimate" not in answer, "without the proxy nobody is signed in"
    served.restart_proxy()
    end = time.monotonic() + SECONDS
    while True:
        try:
            assert get(served, "/download/effects.csv", "ann:board")[0] == 200
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_header_that_comes_twice_is_refused(served: Served) -> None:
    """As from a proxy that adds its headers to those of the reader; asked on the socket file itself."""
    sent = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-User: eva@example.org\r\n"
    for more, status in (("X-Forwarded-Groups: board\r\n", b" 200 "), ("X-Forwarded-Groups: board\r\n" * 2, b" 403 ")):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(served.socket))
            asking.sendall(f"{sent}{more}\r\n".encode())
            assert status in asking.recv(200).split(b"\r\n")[0] + b" "


HALF_SENT = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    b"POST /_dash-update-component HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 900\r\n\r\n{",
    b"POST /_dash-update-component HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
)


def test_forty_half_sent_requests_do_not_hold_up_the_others(published: Path) -> None:
    port = free_port()
    alone = published / "alone"
    alone.mkdir()
    (alone / "warehouse").symlink_to(published / "warehouse")
    dashboard = serve(alone, "--port", str(port), access="")
    try:
        until(alone / "dashboard.log", "Serving http")
        line = socket.create_connection(("127.0.0.1", port))
        answered(line, "Accept: */*", dashboard, alone / "dashboard.log", "/healthz")
        health = f"http://127.0.0.1:{port}/healthz"
        half = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS) for _ in range(40)]
        for number, each in enumerate(half):
            each.sendall(HALF_SENT[number % 3])
        started = time.monotonic()
        with urlopen(health, timeout=SECONDS) as answer:
            assert answer.status == 200
        assert time.monotonic() - started < READ_SECONDS / 2
        for each in half[:3]:
            each.settimeout(READ_SECONDS + 10)
            while each.recv(1000):  # cut off, with or without a word
                pass
        for each in half:
            each.close()
    finally:
        os.killpg(dashboard.pid, signal.SIGINT)
        dashboard.wait(SECONDS)
