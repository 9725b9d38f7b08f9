"""A bounded memory of answers, keyed by the version of the data: a new version is a new key, never a stale answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Cache:
    """Least-recently-used answers, safe for threads; two askers of the same new question wait for one answer.

    Parameters
    ----------
    size : int
        Answers kept.
    """

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
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
            if key in self._answers:
                self._answers.move_to_end(key)
                found: T = self._answers[key]
                return found
            turn = self._working.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._answers:
                    found = self._answers[key]
                    return found
            try:
                answer = make()
                with self._lock:
                    self._answers[key] = answer
                    while len(self._answers) > self._size:
                        self._answers.popitem(last=False)
            finally:
                with self._lock:
                    self._working.pop(key, None)
        return answer

    def __len__(self) -> int:
        return len(self._answers)
