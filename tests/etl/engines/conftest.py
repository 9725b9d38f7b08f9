"""A small dirty centre that has landed, filled by DuckDB alone, and by DuckDB with its contacts in another engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from etl import privacy
from etl.configuration import kpis, model
from etl.engines.split import CONTACT_TABLES, Remote, SplitConnection
from etl.landing.extract import extract
from etl.marts.fill import Filled, fill
from etl.warehouse.publish import scratch
from sample_data import exports
from sample_data.parameters import Parameters
from sample_data.world import simulate


@dataclass
class World:
    """A draft that was filled."""

    con: duckdb.DuckDBPyConnection
    split: SplitConnection | None
    filled: Filled


class SecondDuckDB:
    """Another engine that happens to be a DuckDB; it sees nothing of the first."""

    def __init__(self) -> None:
        self.con = duckdb.connect(":memory:")
        self.con.execute("set timezone = 'UTC'")
        for schema in ("landing", "staging", "core", "mart", "meta"):
            self.con.execute(f"create schema {schema}")
        self.queries: list[str] = []

    def ship(self, relation: str, rows: pa.Table) -> None:
        self.con.register("shipped", rows)
        self.con.execute(f"create or replace table {relation} as select * from shipped")
        self.con.unregister("shipped")

    def define(self, relation: str, query: str, *, kept: bool) -> None:
        self.queries.append(query)
        kind = "table" if kept else "view"
        self.con.execute(f"create or replace {kind} {relation} as {query}")

    def read(self, query: str) -> pa.Table:
        self.queries.append(query)
        return self.con.sql(query).to_arrow_table()

    def map(self, relation: str, table: str) -> dict[str, str]:
        self.con.execute(f"create or replace view {relation} as select * from read_parquet('{table}')")
        kinds = {"VARCHAR": "string", "INTEGER": "int"}
        found = self.con.execute(f"describe {relation}").fetchall()
        return {name: kinds.get(kind, kind.lower()) for name, kind, *_ in found}

    def close(self) -> None:
        self.con.close()


@pytest.fixture(scope="session")
def second_duckdb() -> type[SecondDuckDB]:
    return SecondDuckDB


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("centre")
    drawn = simulate(
        Parameters(teams=3, seats_per_team=2, weeks=26, pre_weeks=8, wave_gap_weeks=4, contacts_per_week=3.0, seed=21)
    )
    exports.write(drawn, folder, dirt=True)
    return folder


@pytest.fixture(scope="session")
def filled_world(centre: Path) -> Callable[..., AbstractContextManager[World]]:
    return partial(_filled_world, centre)


@pytest.fixture(scope="session")
def differing() -> Callable[[World, World], dict[str, tuple[int, int]]]:
    return _differing


@contextmanager
def _filled_world(centre: Path, folder: Path, make_remote: Callable[[], Remote] | None) -> Iterator[World]:
    """Land the exports and fill a draft; with a remote, contacts are taken from DuckDB and given to it."""
    config = model.load(centre / "empathy.toml")
    folder.mkdir()
    con = scratch(folder / "draft.duckdb", 1, None)
    landing = centre / "landed"  # read once for all worlds
    landing.mkdir(exist_ok=True)
    landed = extract(config, None, con, None, enforce=False, folder=landing, run_id="r1")
    split = None
    if make_remote is not None:
        config = config.model_copy(update={"engine": config.engine.model_copy(update={"kind": "spark"})})
        remote = make_remote()
        for table in CONTACT_TABLES:
            remote.ship(f"landing.{table}", con.sql(f"select * from landing.{table}").to_arrow_table())
            con.execute(f"create or replace view landing.{table} as select * from ({_view(con, table)}) limit 0")
        split = SplitConnection(con, remote, CONTACT_TABLES)
    filled = fill(split or con, config, kpis.configured(config), landed, run_id="r1", secret=privacy.key(config))
    yield World(con, split, filled)
    con.close()


def _view(con: duckdb.DuckDBPyConnection, table: str) -> str:
    (text,) = con.execute(
        "select sql from duckdb_views() where database_name = 'landing' and view_name = ?", [table]
    ).fetchone() or ("",)
    return text.split(" AS ", 1)[1].rstrip().rstrip(";")


@pytest.fixture(scope="session")
def in_duckdb(centre: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with _filled_world(centre, tmp_path_factory.mktemp("alone") / "work", None) as world:
        yield world


def _differing(alone: World, split: World) -> dict[str, tuple[int, int]]:
    """Relations with rows that one of two worlds has and the other has not: rows missing, rows too many."""
    found = {}
    left_there = set(split.split.left_there) if split.split else set()
    names = alone.con.execute(
        "select schema_name || '.' || table_name, database_name from duckdb_tables() "
        "where schema_name in ('core', 'mart', 'meta') union all "
        "select 'staging.' || table_name, database_name from duckdb_tables() where database_name = 'staging'"
    ).fetchall()
    for relation, _ in sorted(names):
        query = f"select * from {relation}"
        rows = alone.con.sql(query).to_arrow_table()
        if relation in left_there:
            other = split.split.remote.read(query).select(rows.column_names)
        else:
            other = split.con.sql(query).to_arrow_table()
        with duckdb.connect(":memory:") as judge:
            judge.register("one", rows)
            judge.register("other", other)
            counted = judge.execute(
                "select (select count(*) from (from one except all from other)), "
                "(select count(*) from (from other except all from one))"
            ).fetchone()
        if counted != (0, 0):
            found[relation] = counted
    return found
