"""Entry point for gunicorn: ``EMPATHY_CONFIG=empathy.toml gunicorn 'dashboard.wsgi:application()'``.

With more than one worker set ``EMPATHY_SECRET`` too, so that all of them sign with the same key, and say how many with
``WEB_CONCURRENCY`` (rather than ``--workers``), so that each takes its share of the processors and no more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from dashboard.http import log_to_stderr
from dashboard.server import application as served
from dashboard.server import settle
from dashboard.settings import CONFIG_VARIABLE
from etl.configuration.model import ConfigError


def application() -> Callable[..., Iterable[bytes]]:
    """The WSGI application of the configuration named in ``EMPATHY_CONFIG``.

    Raises
    ------
    ConfigError
        When the variable is not set or the configuration cannot be used.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    if not path:
        raise ConfigError(f"{CONFIG_VARIABLE} is not set; give it the path of your empathy.toml.")
    log_to_stderr()
    made = served(path)
    settle()
    return made
