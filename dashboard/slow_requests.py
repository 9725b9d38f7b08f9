"""Cut off requests that arrive too slowly, so that they do not occupy threads.

A thread that reads a request waits for its sender. A few dozen incomplete requests would block the whole server. So a
request has ``READ_SECONDS`` from its first to its last byte; then its connection is shut down. A proxy in front
(``examples/sign-on``) holds requests back until they are whole, which is better still.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from dashboard.http import MAX_REQUEST_BYTES

READ_SECONDS = 5.0
"""From the first byte of a request to its last."""
_reading: dict[int, tuple[socket.socket, float]] = {}
_lock = threading.Lock()


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threads, of which none waits for a sender longer than ``READ_SECONDS``."""

    def handle(self, conn: Any) -> Any:
        """Read and answer one request."""
        with _lock:
            _reading[threading.get_ident()] = (conn.sock, time.monotonic() + READ_SECONDS)
        try:
            return super().handle(conn)
        finally:
            read()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Called about every second: cut off what is late."""
        super().wait_for_and_dispatch_events(timeout)
        cut_off()


def read() -> None:
    """The request of this thread has arrived whole."""
    with _lock:
        _reading.pop(threading.get_ident(), None)


def cut_off(now: float | None = None) -> int:
    """Shut down the connections of requests that are late; how many.

    Parameters
    ----------
    now : float, optional
        Of the monotonic clock.
    """
    now = time.monotonic() if now is None else now
    with _lock:
        late = [sock for sock, until in _reading.values() if until < now]
    for sock in late:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)  # the thread that reads it gets the end of the file
    return len(late)


def whole(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that is asked only once the body has arrived; larger bodies than are answered are not read.

    Parameters
    ----------
    application : callable
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        size = int(length) if str(length).isdecimal() else 0
        if "HTTP_TRANSFER_ENCODING" in environ:  # in pieces, whose end is not known before it
            body = environ["wsgi.input"].read(MAX_REQUEST_BYTES + 1)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            del environ["HTTP_TRANSFER_ENCODING"]
        elif 0 < size <= MAX_REQUEST_BYTES:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        read()
        return application(environ, start_response)

    return answer
