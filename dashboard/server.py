"""``empathy serve``: gunicorn where there is one, waitress elsewhere (Windows has no fork, so no gunicorn)."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from dashboard import http
from dashboard.app import WORKERS_VARIABLE, create_app
from dashboard.data.choosing import queries_of
from dashboard.settings import (
    CONFIG_VARIABLE,
    SECRET_VARIABLE,
    SOCKET_FILE,
    Settings,
    check_binding,
    check_port,
    from_config,
    served_programmes,
)
from etl.configuration.model import Config, ConfigError, load

THREADS_PER_WORKER = 64
"""More than readers usually wait at once: waiting for a turn takes a thread, known answers need one too, and requests
that are still arriving hold some (:mod:`dashboard.slow_requests`)."""
SWITCH_SECONDS = 0.001
"""How long a thread that estimates may keep the interpreter while another only wants to hand over a kept answer; with
Python's 5 ms a known answer waits ten times as long as it takes."""
REQUEST_SECONDS = 30
"""Waitress closes a connection on which nothing has arrived for so long."""


@dataclass(frozen=True)
class Binding:
    """Where a server listens.

    Attributes
    ----------
    host, port : str, int
        As given; ``host`` may name a socket file (``unix:...``).
    """

    host: str
    port: int

    @property
    def is_socket_file(self) -> bool:
        """Whether it is a socket file and not an address."""
        return self.host.startswith(SOCKET_FILE)

    @property
    def address(self) -> str:
        """As servers take it; IPv6 in brackets."""
        if self.is_socket_file:
            return self.host
        return f"[{self.host.strip('[]')}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def words(self) -> str:
        """What is said once it listens."""
        where = self.address if self.is_socket_file else f"http://{self.address}"
        return f"Serving {where} (Ctrl+C stops it)"


def serve(source: str | Path | Config, host: str = "127.0.0.1", port: int = 8050, workers: int = 1) -> None:
    """Serve the dashboard until interrupted; say where once it listens.

    Workers of gunicorn are forked from this process, so it must not have worked on data before: threads of polars and
    DuckDB do not come along, and a worker would wait for them forever. Waitress is one process.

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
        When the configuration cannot be used, the address may not or cannot be listened on, or this system has no
        gunicorn and several workers or a socket file are asked for.
    """
    settings = from_config(source)
    served_programmes(settings.config)  # what cannot be served is said before anything listens
    check_binding(host, settings)
    check_port(host, port)
    binding = Binding(host, port)
    os.environ[SECRET_VARIABLE] = settings.secret
    os.environ[CONFIG_VARIABLE] = str(settings.config.path)
    os.environ[WORKERS_VARIABLE] = str(workers)
    if has_gunicorn():
        _with_gunicorn(settings, binding, workers)
    else:
        _with_waitress(settings, binding, workers)


def application(source: str | Path | Config) -> Callable[..., Iterable[bytes]]:
    """The pages of a configuration as one WSGI application, with those of other programmes under their addresses.

    Parameters
    ----------
    source : str, Path or Config
        Of the first programme; ``[[programmes]]`` that name a configuration of their own follow.

    Raises
    ------
    ConfigError
        When a configuration or an environment variable cannot be used.
    """
    config = source if isinstance(source, Config) else load(source)
    served = served_programmes(config)
    if len(served) == 1:
        return create_app(config).server  # type: ignore[no-any-return]
    asked_of = queries_of(config)
    first, *others = [create_app(one.config, served, one.mounted, asked_of).server for one in served]
    return DispatcherMiddleware(first, dict(zip([one.mounted for one in served[1:]], others, strict=True)))


def has_gunicorn() -> bool:
    """Whether gunicorn is installed and this system has what it needs."""
    return all(importlib.util.find_spec(name) is not None for name in ("fcntl", "gunicorn"))


def settle() -> None:
    """Prepare this process for serving, once everything is loaded.

    Freeze permanent objects, so that the garbage collector does not traverse them, which takes 150 ms during an answer.
    """
    from analysis.study import run  # noqa: F401  (loaded here and not by the first reader)

    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or DuckDB tells of everything out of sight as leaked when the process ends


def _with_gunicorn(settings: Settings, binding: Binding, workers: int) -> None:
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    from dashboard.slow_requests import whole

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {
                "bind": binding.address,
                "workers": workers,
                "threads": THREADS_PER_WORKER,
                "worker_class": "dashboard.slow_requests.Worker",
                "timeout": 120,
                "graceful_timeout": 10,
                "loglevel": "warning",
                "control_socket_disable": True,
                "header_map": "drop",  # a header written with _ must not pass for one that the proxy sets
                "umask": 0o117 if binding.is_socket_file else 0o027,
                "keepalive": 5,
                "pre_request": http.name_repeated,
                "when_ready": lambda _: print(binding.words, file=sys.stderr),
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            http.log_to_stderr()
            served = application(settings.config)
            settle()
            return whole(served)

    Gunicorn().run()


def _with_waitress(settings: Settings, binding: Binding, workers: int) -> None:
    from waitress.server import create_server

    if workers > 1:
        raise ConfigError("Several workers need gunicorn, which this system lacks; leave --workers at 1.")
    if binding.is_socket_file:
        raise ConfigError("A socket file needs gunicorn, which this system lacks; give --host an address.")
    http.log_to_stderr()
    served = application(settings.config)
    settle()
    server = create_server(
        served,
        listen=binding.address,
        threads=THREADS_PER_WORKER,
        channel_timeout=REQUEST_SECONDS,
        max_request_body_size=http.MAX_REQUEST_BYTES,
        ident=None,
    )
    print(binding.words, file=sys.stderr, flush=True)
    try:
        server.run()
    finally:
        server.close()
