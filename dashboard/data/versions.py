"""The warehouse version that queries use, and its metadata.

Assumptions
-----------
1. A version never changes, so every answer is remembered under its run id (:mod:`dashboard.data.cache`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb
import polars as pl

from dashboard.data.cache import Cache
from dashboard.data.kept_choices import KeptChoices, made_by
from dashboard.data.told import difference, people_changed, told
from dashboard.privacy.redaction import nearest
from dashboard.privacy.viewer import current
from dashboard.settings import Settings
from etl.warehouse.reader import Version, Warehouse, frame
from etl.warehouse.run_status import FailedRun, failed_run

T = TypeVar("T")
SAME_FOR_ALL = frozenset(
    {
        "about",
        "coded agents",
        "coded combinations",
        "columns",
        "combinations",
        "difference",
        "goals without data",
        "people",
        "places",
        "published",
        "published blocks",
        "published choice",
        "published estimates",
        "published weeks",
        "setting",
        "site of team",
        "tables",
        "told",
    }
)
"""First words of the keys of answers that no reader is handed as they are: what others are worked out from."""


@dataclass(frozen=True)
class About:
    """Metadata of the served version.

    Attributes
    ----------
    run_id : str
    created_at : datetime
        When this version was published (UTC).
    data_from, data_to : date or None
        First and last day with data.
    n_read, n_rejected : int
        Rows of all files.
    failed_checks, warned_checks : int
        Data checks that failed with severity error, and with severity warning.
    unreconciled : int
        Files whose rows are not all accounted for.
    pending_kpis : int
        KPIs that the next version will have: this one was published with the goals alone.
    """

    run_id: str
    created_at: datetime
    data_from: date | None
    data_to: date | None
    n_read: int
    n_rejected: int
    failed_checks: int
    warned_checks: int
    unreconciled: int
    pending_kpis: int = 0

    @property
    def quality(self) -> str:
        """``good``, ``look`` (something to read) or ``bad`` (something is wrong)."""
        if self.failed_checks or self.unreconciled:
            return "bad"
        return "look" if self.warned_checks else "good"


@dataclass(frozen=True)
class Prepared:
    """The version whose cells were chosen last, ahead of anybody who asks.

    Attributes
    ----------
    served : str
        The run that was served then.
    told : str
        The run that readers of a shared dashboard are told while it is.
    """

    served: str
    told: str


class Versions:
    """The versions of one configuration's warehouse; safe to share between threads.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    prepared : Prepared or None
        What readers of a shared dashboard are answered from until a later one is prepared; None where nobody prepares.
    earlier : tuple of Queries
        Of the programmes of the server before this one, which may be about the same agents.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        engine = settings.config.engine
        self._warehouse = Warehouse(settings.config.warehouse, threads=engine.threads, memory_limit=engine.memory_limit)
        self._cache = Cache()
        self._local = threading.local()
        self._kept: dict[str, KeptChoices] = {}
        self._opening = threading.Lock()
        self.prepared: Prepared | None = None
        self.earlier: tuple[Any, ...] = ()

    def run_id(self) -> str:
        """The version being served now; inside :meth:`pinned`, the one pinned."""
        pinned: str | None = getattr(self._local, "run_id", None)
        return pinned or self._served()

    def served(self) -> str:
        """The version that is published as the one to read, whoever asks."""
        return self._warehouse.current().run_id

    def _served(self) -> str:
        """The version that whoever asks is answered from: readers of a shared dashboard do not get every one.

        While the cells of a new version are being chosen, they stay with the one before.
        """
        run_id = self.served()
        if not current().restricted:
            return run_id
        if self.prepared is not None:
            known = [version.run_id for version in self.versions()]
            told = self.prepared.told
            later = told in known and run_id in known and known.index(told) < known.index(run_id)
            if later or (self.prepared.served == run_id and told in known):
                return told
        return self.told(run_id)[-1]

    def told(self, run_id: str) -> tuple[str, ...]:
        """Runs that readers of a shared dashboard are told while one is served, the one they are told now last."""
        kept = self._warehouse.versions()
        return self._cache.get(
            (run_id, "told", tuple(version.run_id for version in kept)),
            lambda: told(kept, run_id, self.settings.min_group, self.difference, self._people_changed),
        )

    def _people_changed(self, before: str, now: str) -> tuple[int, ...]:
        return self._cache.get((now, "people changed", before), lambda: people_changed(self._warehouse, before, now))

    def difference(self, before: str, now: str) -> pl.DataFrame:
        """Agent-weeks that are not the same in two versions (:func:`dashboard.data.told.difference`)."""
        return self._cache.get((now, "difference", before), lambda: difference(self._warehouse, before, now))

    def kept_choices(self) -> KeptChoices:
        """What was chosen of the cells of this version, by whatever process; those of versions that are gone go."""
        run_id = self.run_id()
        with self._opening:
            if run_id not in self._kept:
                there = {version.run_id for version in self.versions()}
                self._kept = {name: kept for name, kept in self._kept.items() if name in there}
                self._kept[run_id] = KeptChoices(self._warehouse.version(run_id), made_by(self.settings.min_group))
            return self._kept[run_id]

    def versions(self) -> tuple[Version, ...]:
        """Published versions, oldest first."""
        return self._warehouse.versions()

    def failed_run(self) -> FailedRun | None:
        """The last run, where it failed; read anew every time."""
        return failed_run(self.settings.config.warehouse)

    @contextmanager
    def pinned(self, run_id: str | None = None) -> Iterator[str]:
        """Answer everything in the block from one version, whatever is published meanwhile.

        Parameters
        ----------
        run_id : str, optional
            The version; the one being served, or pinned around this block, by default.
        """
        before = getattr(self._local, "run_id", None)
        self._local.run_id = run_id or before or self._served()
        try:
            yield self._local.run_id
        finally:
            self._local.run_id = before

    def ask(self, key: tuple[Any, ...], make: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Remember an answer under this version; for further methods of this class and for page-specific queries.

        Parameters
        ----------
        key : tuple
            Hashable; unique to the question and its arguments.
        make : callable
            Gets a cursor on the pinned version, gives the answer. It must leave small groups out itself, with
            :func:`dashboard.privacy.suppression.suppress`.
        """
        run_id = self.run_id()

        def answer() -> T:
            with self._warehouse.reader(run_id) as cursor:
                return make(cursor)

        return self._cache.get((run_id, *_seen(key)), answer)

    def remember(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """The same for answers worked out from other answers of this class, which need no cursor."""
        return self._cache.get((self.run_id(), *_seen(key)), make)

    def frame(self, sql: str, parameters: tuple[Any, ...] = ()) -> pl.DataFrame:
        """Rows of a query about things that are not persons (``meta``, ``result`` of all slices, ``mart.adoption``)."""
        return self.ask(("frame", sql, parameters), lambda cursor: frame(cursor, sql, list(parameters)))

    def has(self, relation: str) -> bool:
        """Whether this version holds a relation, such as ``result.value``."""
        schema, name = relation.split(".")
        sql = (
            "select table_name from duckdb_tables() where database_name = current_database() and schema_name = ? "
            "union select view_name from duckdb_views() where database_name = current_database() and schema_name = ?"
        )
        found = self.ask(("tables", schema), lambda cursor: frame(cursor, sql, [schema, schema]))
        return name in found.to_series().to_list()

    def about(self) -> About:
        """Run, freshness and quality of the data being served; no exact count of rows for readers of a shared one."""

        def make(cursor: duckdb.DuckDBPyConnection) -> About:
            version = self._warehouse.version(self.run_id())
            span = _first(cursor, "select min(week), max(week) + interval 6 day from mart.agent_week")
            run = (
                _first(cursor, "select data_from, data_to from meta.run order by started_at desc limit 1")
                if self.has("meta.run")
                else None
            )
            if run and run[0] is not None:
                span = run
            rows = (0, 0, 0)
            if self.has("meta.file_manifest"):
                rows = _first(
                    cursor,
                    'select coalesce(sum("read"), 0), coalesce(sum(rejected), 0), '
                    'count(*) filter (where "read" <> loaded + rejected + duplicate) from meta.file_manifest',
                ) or (0, 0, 0)
            checks = (0, 0)
            if self.has("meta.check_result"):
                checks = _first(
                    cursor,
                    "select count(*) filter (where status = 'failed' and severity = 'error'), "
                    "count(*) filter (where status = 'failed' and severity <> 'error') from meta.check_result",
                ) or (0, 0)
            pending = None
            if self.has("meta.pending_kpi"):
                pending = _first(cursor, "select count(*) from meta.pending_kpi")
            first, last = span or (None, None)
            return About(
                version.run_id,
                version.created_at,
                _as_date(first),
                _as_date(last),
                int(rows[0]),
                int(rows[1]),
                int(checks[0]),
                int(checks[1]),
                int(rows[2]),
                int(pending[0]) if pending else 0,
            )

        found = self.ask(("about",), make)
        if not current().restricted:
            return found
        minimum = self.settings.min_group
        return replace(found, n_read=nearest(found.n_read, minimum), n_rejected=nearest(found.n_rejected, minimum))


def _seen(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """A key of the cache: an answer is kept for whoever may see the same as the reader who asked."""
    return key if key[0] in SAME_FOR_ALL else (*key, current().scope)


def _first(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None) -> tuple[Any, ...] | None:
    return cursor.execute(sql, values or []).fetchone()


def _as_date(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value
