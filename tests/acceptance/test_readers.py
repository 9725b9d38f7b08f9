"""Readers under 25 publishes: no error, never a mixture of two versions, never an older one after a newer one."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse

PUBLISHES = 25
READERS = 4
ROWS = 20_000

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["etl.warehouse.publish", "duckdb"])


def publish(folder: str, first: int, count: int) -> None:
    """Publish versions in which every row of two tables carries the version's number."""
    for number in range(first, first + count):
        with Draft.open(Path(folder), f"r{number:03d}") as draft:
            for table in ("a", "b"):
                draft.con.execute(f"create table mart.{table} as select ? as v, range from range({ROWS})", [number])
            draft.publish()


def test_readers_see_whole_versions_only(tmp_path: Path) -> None:
    publish(str(tmp_path), 0, 1)
    warehouse = Warehouse(tmp_path)
    faults: list[str] = []
    seen: list[set[int]] = [set() for _ in range(READERS)]
    stop = threading.Event()

    def read(reader: int) -> None:
        newest = -1
        while not stop.is_set():
            try:
                with warehouse.reader() as cursor:
                    a = cursor.execute("select min(v), max(v), count(*) from mart.a").fetchone()
                    b = cursor.execute("select min(v), max(v), count(*) from mart.b").fetchone()
            except Exception as error:
                faults.append(repr(error))
                continue
            if a is None or a != b or a[0] != a[1] or a[2] != ROWS:
                faults.append(f"a mixture: {a} and {b}")
            elif a[0] < newest:
                faults.append(f"version {a[0]} after {newest}")
            else:
                newest = a[0]
                seen[reader].add(newest)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(READERS)]
    for thread in threads:
        thread.start()
    writer = CONTEXT.Process(target=publish, args=(str(tmp_path), 1, PUBLISHES))
    writer.start()
    writer.join()
    stop.set()
    for thread in threads:
        thread.join()
    assert writer.exitcode == 0
    assert faults == []
    assert warehouse.current().run_id == f"r{PUBLISHES:03d}"
    assert len(set().union(*seen)) > PUBLISHES // 2, "the readers were too slow to prove anything"
