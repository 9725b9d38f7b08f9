"""Progress of reading files: number, speed, and time left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_MEGABYTE = 1e6
_TELLING_SECONDS = 1.0
"""Before so long a rate would say little."""


class ReadingPace:
    """The files of one build, and how many of their bytes are read.

    Parameters
    ----------
    paths : sequence of Path
        All files, read before or not; one that is gone counts as empty.
    tell : callable
        Called with each step and the progress of the whole.
    clock : callable, optional
        Monotonic clock, in seconds.
    """

    def __init__(
        self, paths: Sequence[Path], tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = len(paths)
        self._sizes = {path: size_of(path) for path in paths}
        self._tell = tell
        self._clock = clock
        self._began = clock()
        self._number = self._done = 0
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, path: Path) -> Iterator[Callable[[str], None]]:
        """Count a file as read when the block ends; yields what tells its steps."""
        with self._lock:
            self._number += 1
            number = self._number
        yield lambda step: self._tell(f"{step} ({number} of {self._count}{self._rate()})")
        with self._lock:
            self._done += self._sizes[path]

    def _rate(self) -> str:
        seconds, total = self._clock() - self._began, sum(self._sizes.values())
        if seconds < _TELLING_SECONDS or not self._done:
            return ""
        rate = self._done / seconds
        return f", {rate / _MEGABYTE:,.1f} MB/s, about {(total - self._done) / rate:,.0f} s of reading left"


def size_of(path: Path) -> int:
    """Bytes of a file; 0 for one that is not there, which whoever reads it will say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
