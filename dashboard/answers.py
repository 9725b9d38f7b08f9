"""Cache of finished answers: the response to an address, kept as long as its version is served.

Most of the time of an answer is spent on the page (components, drawings, text, JSON, compression), not on the estimate.
So the compressed bytes are cached. A kept answer depends on the version of the data, the address, the configuration of
this process and the viewer's rights (role and scope, part of every key), and on nothing else: no name, no cookie, no
saved view (those stay in the browser).

Assumptions
-----------
1. Pages are functions of their version, filters and address; one that shows more (today's date, the list of versions)
   says so with ``Page.moving`` and is made anew for every reader.
2. Failures are never cached.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Hashable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import brotli
import orjson
from dash import Dash
from dash.development.base_component import Component
from flask import Flask, Response, g, request

from analysis.words.numbers import unbroken
from dashboard.components.fixed import BODY, READ, body, fixed, properties, read
from dashboard.components.links import without_closed
from dashboard.data.cache import MEBIBYTE, Cache
from dashboard.http import AHEAD, RUN, body_of
from dashboard.privacy.viewer import current

LIMIT_BYTES = 48 * MEBIBYTE
"""Answers of one worker, compressed: some 2,500 pages."""
BROTLI_QUALITY = 4
"""What a page is compressed with: a few milliseconds; 5 costs twice as much and gains 3%."""
CALLBACK_PATH = "/_dash-update-component"
_LOG = logging.getLogger("empathy.dashboard")


@dataclass(frozen=True)
class Made:
    """An answer in the form a callback returns.

    Attributes
    ----------
    outputs : dict
        ``"id.property"`` to its value; outputs left out stay as they are.
    run_id : str
        The version it is about.
    lasting : bool
        Whether it may be kept; a failure may not.
    """

    outputs: dict[str, Any]
    run_id: str = ""
    lasting: bool = True


@dataclass(frozen=True)
class Question:
    """A cache key, and the function that makes the answer.

    Attributes
    ----------
    key : hashable or None
        Everything the answer depends on, the run id among it; None when it must not be kept.
    make : callable
        Gives the answer.
    """

    key: Hashable | None
    make: Callable[[], Made]


@dataclass(frozen=True)
class Sent:
    """An answer ready to be sent: compressed JSON and the version it is about."""

    body: bytes
    run_id: str


class _NotLasting(Exception):
    """Raised to return an answer without caching it."""

    def __init__(self, sent: Sent) -> None:
        super().__init__()
        self.sent = sent


class Answers:
    """Finished answers of one process; safe to share between threads.

    Parameters
    ----------
    limit_bytes : int
        Largest total size of the cached answers.
    turns : int, optional
        Answers computed at the same time; unlimited by default. More than the number of processors slow each other
        down.
    opens : callable, optional
        Whether a link may be followed by whoever asks; where not, its words stand without it.
    led : callable, optional
        Leads the links in a written answer to the addresses of these pages, where those begin with more than a slash.
    """

    def __init__(
        self,
        limit_bytes: int = LIMIT_BYTES,
        turns: int | None = None,
        led: Callable[[bytes], bytes] | None = None,
        opens: Callable[[str], bool] | None = None,
    ) -> None:
        self._led, self._opens = led, opens
        self._cache = Cache(limit_bytes)
        self._turns = threading.BoundedSemaphore(turns) if turns else None
        self.live: frozenset[str] = frozenset()
        """Ids that callbacks read or fill, from :meth:`attach` on."""
        self._questions: dict[str, Callable[[dict[str, Any]], Question | None]] = {}

    def register(self, outputs: tuple[str, ...], read: Callable[[dict[str, Any]], Question | None]) -> None:
        """Answer a callback from here instead of by Dash.

        Parameters
        ----------
        outputs : tuple of str
            ``"id.property"`` of the callback, in its order.
        read : callable
            From the values of the inputs (``"id.property"`` to value) to the question; None leaves it to Dash.
        """
        name = outputs[0] if len(outputs) == 1 else f"..{'...'.join(outputs)}.."
        self._questions[name] = read

    def knows(self, question: Question) -> bool:
        """Whether an answer is kept."""
        return question.key is not None and (question.key, current().scope) in self._cache

    def sent(self, question: Question) -> Sent:
        """The answer to a question, worked out at most once."""
        key = question.key
        try:
            if key is None:
                return self._made(question)
            return self._cache.get((key, current().scope), lambda: self._made(question))
        except _NotLasting as carried:
            return carried.sent

    def read(self, question: Question) -> dict[str, dict[str, Any]]:
        """The properties that an answer sets, by id, as the browser reads them."""
        found: dict[str, dict[str, Any]] = orjson.loads(brotli.decompress(self.sent(question).body))["response"]
        return found

    def sent_as_json(self, part: Component) -> Any:
        """A component as the browser reads it, with its links led as those of answers are."""
        body = orjson.dumps(part, default=_plain)
        return orjson.loads(self._led(body) if self._led is not None else body)

    def _made(self, question: Question) -> Sent:
        with self._turns or nullcontext():
            made = question.make()
            outputs = made.outputs
            if self._opens is not None and current().shared:
                outputs = {name: without_closed(part, self._opens) for name, part in outputs.items()}
            body = encoded(outputs, self.live)
            body = self._led(body) if self._led is not None else body
            sent = Sent(bytes(brotli.compress(body, quality=BROTLI_QUALITY)), made.run_id)
        if not made.lasting:
            raise _NotLasting(sent)
        return sent

    def attach(self, app: Dash) -> None:
        """Let requests for registered callbacks be answered from here."""
        server: Flask = app.server
        self.live = live_ids(app)
        led = self._led
        if led is not None:

            @server.after_request
            def _led(found: Response) -> Response:
                """What Dash wrote itself: the frame, and callbacks that are not kept."""
                if found.mimetype == "application/json" and "Content-Encoding" not in found.headers:
                    found.set_data(led(found.get_data()))
                return found

        @server.before_request
        def _known() -> Response | None:
            if request.method != "POST" or request.path != CALLBACK_PATH:
                return None
            body: Any = body_of()  # as admission.guard_callbacks let it through
            read = self._questions.get(body["output"])
            if read is None:
                return None
            question = read({f"{given['id']}.{given['property']}": given.get("value") for given in body["inputs"]})
            if AHEAD in request.headers and not (question and self.may_be_asked_ahead(question)):
                return Response(status=204)
            if question is None:
                return None
            kept = self.knows(question)
            sent = self.sent(question)
            found = response(sent)
            found.headers["Server-Timing"] = "kept" if kept else "made"
            if sent.run_id and self.knows(question):
                found.headers[RUN] = sent.run_id
            return found

    def may_be_asked_ahead(self, question: Question) -> bool:
        """Whether a prefetch request is answered: if the answer is cached, or nobody waits for another answer.

        On a shared dashboard prefetched answers are not computed, because readers share its processors.
        """
        if self.knows(question):
            return True
        if question.key is None or current().shared:
            return False
        if self._turns is None:
            return True
        free = self._turns.acquire(blocking=False)
        if free:
            self._turns.release()
        return free

    @property
    def cache(self) -> Cache:
        """The kept answers."""
        return self._cache


def response(sent: Sent) -> Response:
    """An HTTP response of a finished answer, compressed when the reader takes it so."""
    g.run_id = sent.run_id
    if "br" in request.headers.get("Accept-Encoding", ""):
        made = Response(sent.body, mimetype="application/json")
        made.headers["Content-Encoding"] = "br"
    else:
        made = Response(brotli.decompress(sent.body), mimetype="application/json")
    made.headers["Vary"] = "Accept-Encoding"
    return made


def encoded(outputs: dict[str, Any], live: Collection[str] = ()) -> bytes:
    """A callback's outputs as JSON; what no callback reads or fills is one component.

    Parameters
    ----------
    outputs : dict
        ``"id.property"`` to its value.
    live : collection of str
        Ids that callbacks read or fill.
    """
    by_id: dict[str, dict[str, Any]] = {}
    for name, value in outputs.items():
        component, prop = name.rsplit(".", 1)
        sets = by_id.setdefault(component, {})
        if prop != "children":
            sets[prop] = value
        elif component == BODY:
            sets |= body(value, live, unbroken) | {"page": (outputs.get("state.data") or {}).get("page", "")}
        else:
            sets[prop] = fixed(value, live, unbroken)
    return orjson.dumps({"multi": True, "response": by_id}, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def live_ids(app: Dash) -> frozenset[str]:
    """Ids of single components that any callback of an application reads or fills."""
    found: set[str] = set()
    for callback in app._callback_list:
        found |= {str(part["id"]) for part in (*callback["inputs"], *callback["state"])}
        found |= {name.rsplit(".", 1)[0] for name in callback["output"].strip(".").split("...")}
    return frozenset(found)


def _plain(value: Any) -> Any:
    """A component as the browser reads it."""
    if isinstance(value, Component):
        props = {name: read(part, unbroken) if name in READ else part for name, part in properties(value).items()}
        return {"props": props, "type": value._type, "namespace": value._namespace}
    raise TypeError(f"{type(value).__name__} cannot be sent to the browser")
