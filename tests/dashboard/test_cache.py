"""The memory of answers: bounded by bytes, the least recently used goes first, one asker works for all."""

from __future__ import annotations

import threading
import time

import numpy as np
import polars as pl
import pytest

from dashboard.data.cache import ENTRY_BYTES, Cache, weight


def test_it_never_holds_more_bytes_than_allowed() -> None:
    cache = Cache(limit_bytes=10_000)
    for number in range(100):
        cache.get(number, lambda number=number: b"x" * (50 * (number % 30)))  # type: ignore[misc]
        assert cache.bytes <= 10_000
    assert 99 in cache
    assert 0 not in cache


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(limit_bytes=3 * (ENTRY_BYTES + weight(b"x" * 1000)))
    for name in ("a", "b", "c"):
        cache.get(name, lambda: b"x" * 1000)
    cache.get("a", lambda: pytest.fail("a was kept"))
    cache.get("d", lambda: b"x" * 1000)
    assert [name in cache for name in ("a", "b", "c", "d")] == [True, False, True, True]


def test_what_is_larger_than_the_whole_is_given_but_not_kept() -> None:
    cache = Cache(limit_bytes=5_000)
    cache.get("small", lambda: b"x")
    assert len(cache.get("large", lambda: b"x" * 6_000)) == 6_000
    assert "large" not in cache
    assert "small" in cache


def test_an_exception_is_not_kept() -> None:
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.get("k", lambda: 1 // 0)
    assert cache.get("k", lambda: 7) == 7


def test_an_answer_of_none_is_kept() -> None:
    cache = Cache()
    assert cache.get("k", lambda: None) is None
    assert cache.get("k", lambda: pytest.fail("it was kept")) is None


def test_two_askers_of_the_same_question_wait_for_one_answer() -> None:
    cache, made, found = Cache(), [], []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return 3

    threads = [threading.Thread(target=lambda: found.append(cache.get("k", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), found) == (1, [3] * 8)


def test_weights_follow_what_is_held() -> None:
    frame = pl.DataFrame({"x": np.arange(10_000)})
    assert weight(frame) >= 80_000
    assert weight({"a": frame, "b": [frame]}) >= 160_000
    assert weight(np.zeros(1000)) == 8_000
    assert weight("x" * 1000) >= 1000
