"""Map a function over items in this process and worker processes.

Workers are fresh interpreters (no forks, which threads of numeric libraries do not survive), so it works the same on
Windows. Each gets the shared objects once, then one item at a time. This process works too. If a worker dies, the whole
map fails; leaving the block, also by an interrupt, ends the workers.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import IO, Any, Generic, Self, TypeVar

from analysis.errors import EstimationError, ProcessLost
from etl.errors import EmpathyError

Context = TypeVar("Context")
Item = TypeVar("Item")
Result = TypeVar("Result")

_SIZE = struct.Struct("<Q")
_START = "from analysis.study.processes import serve; serve()"
_ONE_THREAD = ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Processes(Generic[Context]):
    """This process and its workers.

    Parameters
    ----------
    prepare : callable
        ``prepare(*shared)`` makes the context of the work, once in every process. A module-level function.
    shared : sequence
        Objects sent to every process once. In results they are replaced by this process's own objects, not copied.
    others : int
        Number of worker processes; with 0 this process does all the work.
    here : optional
        The context of this process, where it exists already.

    Raises
    ------
    ProcessLost
        From :meth:`map`, when another process ended before its work did.
    """

    def __init__(
        self, prepare: Callable[..., Context], shared: Sequence[Any], others: int, here: Context | None = None
    ) -> None:
        self._prepare = prepare
        self._shared = tuple(shared)
        self._here = here
        self._others: list[_Other] = []
        with contextlib.suppress(OSError):  # no further process can be started: continue with those that run
            self._others.extend(_Other(prepare, self._shared) for _ in range(others))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for other in self._others:
            other.end()

    def map(
        self,
        work: Callable[[Context, Item], Result],
        items: Iterable[Item],
        done: Callable[[Item, int], None] = lambda _item, _count: None,
    ) -> list[Result]:
        """``work(context, item)`` for every item, results in the order of the items.

        Parameters
        ----------
        work : callable
            A function of a module.
        items : iterable
            Taken in this order by the next free process.
        done : callable, optional
            Called with each finished item and how many are finished, by one thread at a time.
        """
        listed = list(items)
        job = _Job(deque(enumerate(listed)), [None] * len(listed), done, listed)
        threads = [threading.Thread(target=self._by_other, args=(other, work, job), daemon=True)
                   for other in self._others]  # fmt: skip
        for thread in threads:
            thread.start()
        self._by_me(work, job)
        for thread in threads:
            while thread.is_alive():  # a join without a limit keeps an interrupt waiting on Windows
                thread.join(0.2)
        if job.failures:
            raise job.failures[0]
        return job.results

    def _by_me(self, work: Callable[[Context, Item], Result], job: _Job) -> None:
        if self._here is None:
            self._here = self._prepare(*self._shared)
        while not job.failures and (taken := job.next()) is not None:
            job.finish(taken[0], work(self._here, taken[1]))

    def _by_other(self, other: _Other, work: Callable[[Context, Item], Result], job: _Job) -> None:
        while not job.failures and (taken := job.next()) is not None:
            try:
                job.finish(taken[0], other.ask(work, taken[1], self._shared))
            except BaseException as fault:
                job.failures.append(fault)


class _Job:
    """Waiting items, and results of finished ones."""

    def __init__(
        self,
        waiting: deque[tuple[int, Any]],
        results: list[Any],
        done: Callable[[Any, int], None],
        items: Sequence[Any],
    ) -> None:
        self._waiting = waiting
        self.results = results
        self._done = done
        self._items = items
        self._count = 0
        self._lock = threading.Lock()
        self.failures: list[BaseException] = []

    def next(self) -> tuple[int, Any] | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def finish(self, place: int, result: Any) -> None:
        with self._lock:
            self.results[place] = result
            self._count += 1
            self._done(self._items[place], self._count)


class _Other:
    """A worker process, with pipes to its standard input and output."""

    def __init__(self, prepare: Callable[..., Any], shared: tuple[Any, ...]) -> None:
        self._greeting = pickle.dumps((prepare, shared))
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        apart: dict[str, Any] = {"start_new_session": True}  # interrupts are for this process only
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            **apart,
        )

    def ask(self, work: Callable[[Any, Any], Any], item: Any, shared: tuple[Any, ...]) -> Any:
        """Result of one item; an error of the worker is raised here."""
        if self._greeting:
            self._send(self._greeting)
            self._greeting = b""
        self._send(_dumps((work, item), shared))
        assert self._process.stdout is not None
        try:
            answer = _receive(self._process.stdout)
        except (EOFError, OSError):
            raise self._lost() from None
        worked, result = _loads(answer, shared)
        if not worked:
            raise result
        return result

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unwritten data would go to a closed pipe
                    pipe.close()

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin, message)
        except OSError:
            raise self._lost() from None

    def _lost(self) -> ProcessLost:
        self._process.kill()
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return ProcessLost(
            f"One of the processes that estimate was ended {how}, so nothing was published. If memory is short, set "
            "[engine] threads = 1, which estimates in one process."
        )


def cores(limit: int | None = None) -> int:
    """Number of processors that this process may use, at most ``limit``."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, limit or usable))


def serve() -> None:
    """Main function of a worker: process items until the parent closes the pipe."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printed output must not mix with the answers on stdout
    prepare, shared = pickle.loads(_receive(asked))
    context, failed = None, None
    try:
        context = prepare(*shared)
    except Exception as fault:
        failed = fault
    while True:
        try:
            work, item = _loads(_receive(asked), shared)
        except EOFError:
            return
        try:
            if failed is not None:
                raise failed
            answer = _dumps((True, work(context, item)), shared)
        except Exception as fault:
            answer = _dumps((False, _portable(fault)), shared)
        _write(answers, answer)


def _portable(fault: Exception) -> Exception:
    """The error itself where it can be pickled, else an error of its base class with the same message."""
    try:
        pickle.loads(pickle.dumps(fault))
    except Exception:
        return EstimationError(str(fault)) if isinstance(fault, EmpathyError) else RuntimeError(str(fault))
    return fault


def _write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(_SIZE.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    (size,) = _SIZE.unpack(_exactly(pipe, _SIZE.size))
    return _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _dumps(message: Any, shared: tuple[Any, ...]) -> bytes:
    place = {id(one): i for i, one in enumerate(shared)}

    class Pickler(pickle.Pickler):
        def persistent_id(self, found: Any) -> int | None:
            return place.get(id(found))

    buffer = io.BytesIO()
    Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(message)
    return buffer.getvalue()


def _loads(message: bytes, shared: tuple[Any, ...]) -> Any:
    class Unpickler(pickle.Unpickler):
        def persistent_load(self, place: int) -> Any:
            return shared[place]

    return Unpickler(io.BytesIO(message)).load()
