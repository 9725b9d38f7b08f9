"""kill -9 at any point of a build: the served version stays served, and the next build is clean."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from etl import build as building
from etl.configuration.model import load
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse

KILLS = 20
SEED = 20260703

TOML = """
[project]
name = "Small"
warehouse = "warehouse"
timezone = "Europe/Madrid"
[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts.csv"
timezone = "UTC"
[sources.training]
format = "tabular"
table = "training"
path = "training.csv"
timezone = "UTC"
[[programme.courses]]
id = "EMP101"
[privacy]
demo = true
"""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["etl.build", "etl.sources.tabular", "polars", "pyarrow.parquet", "sqlglot"])


def write_exports(folder: Path, edition: int) -> None:
    """Exports whose number of contacts says which edition they are."""
    lines = ["interaction_id,source_agent_id,started_at,channel,handle_s"]
    lines += [f"c{n},a{n % 7},2024-0{1 + n % 6}-1{n % 9} 10:00:00,voice,{60 + n % 300}" for n in range(200 + edition)]
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "training.csv").write_text(
        "source_agent_id,course_id,status,completed_at\na1,EMP101,completed,2024-03-05 09:00:00\n", encoding="utf-8"
    )
    (folder / "empathy.toml").write_text(TOML, encoding="utf-8")


def build_in_child(folder: str) -> None:
    building.build(load(Path(folder) / "empathy.toml"))


def contacts_served(folder: Path) -> int:
    warehouse = Warehouse(folder / "warehouse")
    with warehouse.reader() as cursor:
        served, listed, counted = (
            cursor.execute(query).fetchone()
            for query in (
                "select count(*) from core.interaction",
                "select loaded from meta.file_manifest where source = 'contacts'",
                "select sum(aht_seconds_den) from mart.agent_week",
            )
        )
    warehouse.close()
    assert served == listed
    assert counted == (float(served[0]),)
    return int(served[0])


def run_child(target: Any, *arguments: Any, kill_after: float | None = None) -> bool:
    """Whether the child was killed before it ended by itself."""
    child = CONTEXT.Process(target=target, args=arguments)
    child.start()
    child.join(kill_after)
    killed = child.is_alive()
    if killed and child.pid is not None:
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return killed


def test_kill_at_random_points_never_loses_the_served_version(tmp_path: Path) -> None:
    write_exports(tmp_path, 0)
    started = time.perf_counter()
    run_child(build_in_child, str(tmp_path))
    duration = time.perf_counter() - started
    assert contacts_served(tmp_path) == 200
    draw = random.Random(SEED)
    served, kills, edition = 200, 0, 0
    while kills < KILLS:
        edition += 1
        assert edition <= 3 * KILLS, "most builds ended before they could be killed"
        write_exports(tmp_path, edition)
        started = time.perf_counter()
        if run_child(build_in_child, str(tmp_path), kill_after=draw.uniform(0.0, duration)):
            kills += 1
        else:
            duration = time.perf_counter() - started  # what a build takes changes with what else the machine does
        now = contacts_served(tmp_path)
        assert now in (served, 200 + edition), "neither the version before nor the version after"
        served = now

    write_exports(tmp_path, edition + 1)
    run_child(build_in_child, str(tmp_path))
    assert contacts_served(tmp_path) == 200 + edition + 1
    names = {path.name for path in (tmp_path / "warehouse").iterdir()}
    assert not {name for name in names if name.startswith(".build") or name.endswith((".tmp", ".wal"))}
    versions = Warehouse(tmp_path / "warehouse").versions()
    assert {name for name in names if name.endswith(".duckdb")} == {version.path.name for version in versions}


def publish_and_die(folder: str, run_id: str, at_call: int) -> None:
    """Publish, and be killed just before the n-th call that makes something durable."""
    calls = 0

    def dying(real: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    with Draft.open(Path(folder), run_id) as draft:
        draft.con.execute("create table mart.a as select ? as v", [run_id])
        for name in ("fsync", "replace", "unlink"):
            setattr(os, name, dying(getattr(os, name)))
        draft.publish()


@pytest.mark.parametrize("at_call", range(1, 10))
def test_kill_at_every_step_of_publishing(tmp_path: Path, at_call: int) -> None:
    run_child(publish_and_die, str(tmp_path), "r0", 0)
    run_child(publish_and_die, str(tmp_path), "r1", at_call)
    warehouse = Warehouse(tmp_path)
    with warehouse.reader() as cursor:
        row = cursor.execute("select v from mart.a").fetchone()
    assert row == (warehouse.current().run_id,)
    run_child(publish_and_die, str(tmp_path), "r2", 0)
    assert warehouse.current().run_id == "r2"
    files = {path.name for path in tmp_path.iterdir()} - {".lock", ".lock-holder", "CURRENT.json"}
    assert files == {version.path.name for version in warehouse.versions()}
