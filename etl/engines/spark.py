"""Spark as the engine that holds contacts: on this machine, or on a server of Spark Connect."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pyarrow as pa

from etl.engines.rewriting import rewritten
from etl.errors import EmpathyError

_Given = TypeVar("_Given")

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # as in DuckDB, division by zero gives NULL
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.caseSensitive": "false",
}
"""Settings that change the meaning of statements; set for the session, overriding the cluster's."""

_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.showConsoleProgress": "false",
}


class EngineError(EmpathyError):
    """The other engine cannot be reached or refuses a statement; nothing is published."""


def session(url: str) -> Any:
    """Open a Spark session.

    Parameters
    ----------
    url : str
        ``local[N]`` for N threads of this machine, or ``sc://HOST:PORT`` of a server of Spark Connect.

    Raises
    ------
    EngineError
        When pyspark or Java is missing, or the server does not answer.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError(
            '[engine] kind = "spark" needs the extra spark: pip install "empathy-lift[spark]". Nothing was published.'
        ) from None
    builder: Any = SparkSession.builder
    if url.startswith("sc://"):
        builder = builder.remote(url)
    else:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.master(url).appName("empathy")
        for name, value in _LOCAL.items():
            builder = builder.config(name, value)
    try:
        opened = builder.getOrCreate()
        for name, value in SETTINGS.items():
            opened.conf.set(name, value)
    except Exception as error:
        raise EngineError(f"[engine] url = {url!r}: Spark does not start ({_first_line(error)}). {NOTHING}") from None
    return opened


NOTHING = "Nothing was published."


class Spark:
    """Relations of a Spark session, as temporary views ``schema__name`` that end with it.

    Parameters
    ----------
    opened : pyspark.sql.SparkSession
    """

    def __init__(self, opened: Any) -> None:
        self._session = opened
        self._kept: dict[str, Any] = {}

    def ship(self, relation: str, rows: pa.Table) -> None:
        """Send rows of DuckDB to Spark as a view."""
        self._asked(relation, lambda: self._session.createDataFrame(rows).createOrReplaceTempView(_view(relation)))

    def map(self, relation: str, table: str) -> dict[str, str]:
        """Give a table of the catalogue, or Parquet files, the name of a relation; return its columns and types.

        Parameters
        ----------
        relation : str
        table : str
            A name of the session's catalogue, or a path with a slash in it.
        """
        read = self._session.read

        def find() -> dict[str, str]:
            frame = read.parquet(table) if "/" in table else read.table(table)
            frame.createOrReplaceTempView(_view(relation))
            return {field.name: field.dataType.simpleString() for field in frame.schema.fields}

        return self._asked(table, find)

    def define(self, relation: str, query: str, *, kept: bool) -> None:
        """Create a view of a query in Spark; with ``kept`` its rows are cached on the executors."""
        said = rewritten(query, "spark", flat=True)

        def define() -> None:
            frame = self._session.sql(said)
            if kept:
                frame = frame.persist()
            frame.createOrReplaceTempView(_view(relation))
            before = self._kept.pop(relation, None)
            if kept:
                frame.count()
                self._kept[relation] = frame
            if before is not None:
                before.unpersist()

        self._asked(relation, define)

    def read(self, query: str) -> pa.Table:
        """Return the rows of a query."""
        said = rewritten(query, "spark", flat=True)
        return self._asked(query[:60], lambda: self._session.sql(said).toArrow())

    def close(self) -> None:
        """Free cached rows; the session stays open."""
        while self._kept:
            with suppress(Exception):  # a lost session has no cache, and its error was reported before
                self._kept.popitem()[1].unpersist()

    @staticmethod
    def _asked(what: str, do: Callable[[], _Given]) -> _Given:
        try:
            return do()
        except Exception as error:  # errors of py4j, gRPC and Spark have no common base class
            said = " ".join(what.split())
            raise EngineError(f"Spark stopped at {said}: {_first_line(error)} {NOTHING}") from None


def _view(relation: str) -> str:
    return relation.replace(".", "__")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
