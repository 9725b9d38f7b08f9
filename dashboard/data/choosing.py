"""Choosing ahead what readers of a shared dashboard may be told, so that none of them waits for it.

A command chooses when it has published, and the server for whatever was published otherwise. One process at a time
chooses for a warehouse; the others wait, and read what it kept beside the version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from filelock import FileLock, Timeout

from analysis.errors import PanelError
from dashboard.data.beside_estimates import seconded, stayed
from dashboard.data.kept_choices import Choice, digest
from dashboard.data.published import blocks
from dashboard.data.published_estimates import by_week
from dashboard.data.queries import Queries
from dashboard.data.told import before
from dashboard.data.versions import Prepared
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import Settings, from_config, of_command, served_programmes
from etl.configuration.model import Config
from etl.warehouse.reader import NoVersionError

LOCK_FILE = ".choosing"
"""Held in the warehouse folder by the process that chooses."""
WAIT_SECONDS = 0.5


def queries_of(config: Config, settings_of: Callable[[Config], Settings] = from_config) -> dict[str, Queries]:
    """Of every programme of a server, by what its addresses begin with; each knows those before it.

    Parameters
    ----------
    config : Config
        Of the first programme.
    settings_of : callable, optional
        Of a process that serves, by default.
    """
    served = served_programmes(config)
    if len(served) == 1:
        return {"": Queries(settings_of(config))}
    found = {
        one.mounted: Queries(replace(settings_of(one.config), served=served, mounted=one.mounted)) for one in served
    }
    for number, each in enumerate(found.values()):
        each.earlier = tuple(found.values())[:number]
    return found


def prepare_all(config: Config, step: Callable[[str], None]) -> None:
    """Choose for every programme of a configuration in which something was published.

    Parameters
    ----------
    config : Config
        Of the first programme, with ``[access]``.
    step : callable
        Told what is chosen next.
    """
    for queries in queries_of(config, of_command).values():
        with suppress(NoVersionError), seen_by(READER):
            prepare(queries, step)


def prepare(queries: Queries, step: Callable[[str], None] = lambda _: None, *, hold: bool = False) -> None:
    """Choose the cells of the version that readers are told next, goals first, then let them have it.

    Until then readers stay with the version before. Where this process has answered nobody yet, that is the last one
    of which all was kept.

    Parameters
    ----------
    queries : Queries
    step : callable, optional
        Told what is chosen next.
    hold : bool, optional
        Whether this process will be asked: what was kept is then worked with once, before anybody does.
    """
    served = queries.served()
    chain = queries.told(served)
    ready = Prepared(served, chain[-1])
    if queries.prepared == ready:
        return
    if queries.prepared is None:
        complete = next((run_id for run_id in reversed(chain) if _is_complete(queries, run_id)), None)
        queries.prepared = None if complete is None else Prepared(served, complete)
        if queries.prepared == ready:
            if hold:
                with queries.pinned(ready.told):
                    _choose(queries, step)
            return
    with _turn(queries, step), queries.pinned(ready.told) as run_id:
        kept = queries.kept_choices()
        kept.read()
        kept.borrow([version for version in queries.versions() if version.run_id != run_id])
        _choose(queries, step)
        kept.put(_complete(queries), Choice.of({}, 0))
        kept.write()
    queries.prepared = ready


def _choose(queries: Queries, step: Callable[[str], None]) -> None:
    """All cells of the version asked, goals first."""
    kept = queries.kept_choices()
    for kpi in sorted(queries.kpis(), key=lambda kpi: kpi.role != "primary"):
        step(kpi.label)
        with suppress(PanelError):
            blocks(queries, kpi.id)
            by_week(queries, kpi.id)
            seconded(queries, kpi.id)
            stayed(queries, kpi.id)
        kept.write()


def _complete(queries: Queries) -> bytes:
    """Kept where all cells of the version asked have been chosen."""
    return digest("all of", queries.run_id(), before(queries), tuple(kpi.id for kpi in queries.kpis()))


def _is_complete(queries: Queries, run_id: str) -> bool:
    with queries.pinned(run_id):
        return queries.kept_choices().get(_complete(queries), 0) is not None


@contextmanager
def _turn(queries: Queries, step: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process chooses for this warehouse; whoever may not write there does not wait."""
    lock = FileLock(queries.settings.config.warehouse / LOCK_FILE, mode=0o660, thread_local=False)
    try:
        with suppress(Timeout):
            lock.acquire(timeout=0)
        if not lock.is_locked:
            step("another process chooses; waiting for it")
            lock.acquire(poll_interval=WAIT_SECONDS)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()
