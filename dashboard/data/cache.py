"""Bounded cache of answers, keyed by data version, so answers are never stale."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl

T = TypeVar("T")

MEBIBYTE = 2**20
ENTRY_BYTES = 400
"""What an entry costs besides its answer: key, lock and place in the order."""


class Cache:
    """LRU cache limited in bytes; concurrent requests for the same key wait for one computation.

    Parameters
    ----------
    limit_bytes : int
        Largest total size, by :func:`weight`. Larger answers are returned, but not cached.
    """

    def __init__(self, limit_bytes: int = 128 * MEBIBYTE) -> None:
        self._limit = limit_bytes
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._working: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer under ``key``, made once.

        Parameters
        ----------
        key : hashable
            Includes the run id of the data the answer is about.
        make : callable
            Makes the answer; an exception it raises is not kept.
        """
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None:
                self._answers.move_to_end(key)
                found: T = kept[0]
                return found
            turn = self._working.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                kept = self._answers.get(key)
                if kept is not None:
                    found = kept[0]
                    return found
            try:
                answer = make()
                self._keep(key, answer)
            finally:
                with self._lock:
                    self._working.pop(key, None)
        return answer

    def _keep(self, key: Hashable, answer: Any) -> None:
        size = ENTRY_BYTES + weight(answer)
        if size > self._limit:
            return
        with self._lock:
            self._answers[key] = (answer, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, gone) = self._answers.popitem(last=False)
                self._bytes -= gone

    @property
    def bytes(self) -> int:
        """Current total size of the cached answers."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._answers


def weight(value: Any) -> int:
    """Bytes that an answer takes: exact for frames, arrays and texts, close for what holds them.

    Parameters
    ----------
    value : object
        Containers and dataclasses are followed; objects met twice count twice.
    """
    if isinstance(value, pl.DataFrame | pl.Series):
        return int(value.estimated_size())
    if isinstance(value, np.ndarray):
        return int(value.nbytes) if value.dtype != object else value.size * 64
    own = sys.getsizeof(value)
    if isinstance(value, Mapping):
        return own + sum(weight(name) + weight(part) for name, part in value.items())
    if isinstance(value, tuple | list | set | frozenset):
        return own + sum(weight(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return own + sum(weight(getattr(value, part.name)) for part in fields(value))
    return own
