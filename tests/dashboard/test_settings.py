"""How the dashboard may be reached: loopback by default, anything else only behind a proxy that signs people in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.settings import check_binding, check_port, from_config, is_loopback
from etl.configuration.model import ConfigError

SECRET = "x" * 40
PROXY = {"EMPATHY_PROXY_HOPS": "1", "EMPATHY_HOSTS": "training.example.org", "EMPATHY_SECRET": SECRET}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_loopback_needs_nothing(config_path: Path, host: str) -> None:
    check_binding(host, from_config(config_path, environ={}))
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "training.example.org"])
def test_an_open_address_is_refused_with_the_reason(config_path: Path, host: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_binding(host, from_config(config_path, environ={}))
    for words in (host, "no sign-in of its own", "EMPATHY_PROXY_HOPS=1", "--host 127.0.0.1"):
        assert words in str(refused.value)


def test_an_open_address_is_allowed_behind_a_proxy(config_path: Path) -> None:
    settings = from_config(config_path, environ=PROXY)
    check_binding("0.0.0.0", settings)
    assert "training.example.org" in settings.hosts


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"EMPATHY_HOSTS": ""}, "EMPATHY_HOSTS is not"),
        ({"EMPATHY_SECRET": ""}, "EMPATHY_SECRET is not set"),
        ({"EMPATHY_SECRET": "short"}, "at least 32"),
        ({"EMPATHY_PROXY_HOPS": "yes"}, "number of proxies"),
    ],
)
def test_half_a_proxy_is_explained(config_path: Path, change: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        from_config(config_path, environ=PROXY | change)


def test_without_a_secret_each_start_has_its_own(config_path: Path) -> None:
    first, second = (from_config(config_path, environ={}).secret for _ in range(2))
    assert first != second
    assert len(first) >= 32


@pytest.mark.parametrize(
    ("proxy", "host", "words"),
    [
        ("unix", "0.0.0.0", "lets in what comes through a socket file"),
        ("unix", "127.0.0.1", "lets in what comes through a socket file"),
        ("10.0.0.5", "unix:/run/x.sock", "no proxy that connects through a socket file"),
    ],
)
def test_a_server_that_would_let_nobody_in_does_not_start(tmp_path: Path, proxy: str, host: str, words: str) -> None:
    path = tmp_path / "empathy.toml"
    path.write_text(
        f'[access]\nproxy = ["{proxy}"]\nhosts = ["a.example.org"]\n[access.groups.x]\nrole = "executive"\n',
        encoding="utf-8",
    )
    settings = from_config(path, environ={"EMPATHY_SECRET": SECRET, "EMPATHY_PROXY_SECRET": SECRET})
    with pytest.raises(ConfigError, match=words):
        check_binding(host, settings)
    check_binding("unix:/run/x.sock" if proxy == "unix" else "10.0.0.7", settings)


def test_the_folder_of_a_socket_file_has_to_be_there(tmp_path: Path) -> None:
    check_port(f"unix:{tmp_path}/dashboard.sock", 0)
    with pytest.raises(ConfigError, match=r"nowhere, does not exist .* RuntimeDirectory"):
        check_port(f"unix:{tmp_path}/nowhere/dashboard.sock", 0)
