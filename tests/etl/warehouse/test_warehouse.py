"""Reading: one version per block, from any thread, detached when nobody reads it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from etl.warehouse.publish import Draft
from etl.warehouse.reader import NoVersionError, Warehouse, WarehouseError


def publish(folder: Path, run_id: str, value: int) -> None:
    with Draft.open(folder, run_id) as draft:
        draft.con.execute("create table mart.a as select ? as v", [value])
        draft.publish()


def value_of(warehouse: Warehouse, run_id: str | None = None) -> int:
    with warehouse.reader(run_id) as cursor:
        row = cursor.execute("select v from mart.a").fetchone()
    return int(row[0]) if row else -1


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoVersionError, match="empathy build"):
        Warehouse(tmp_path / "none").current()


def test_a_reader_keeps_its_version_while_another_is_published(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    warehouse = Warehouse(tmp_path)
    with warehouse.reader() as cursor:
        publish(tmp_path, "r2", 2)
        assert value_of(warehouse) == 2
        assert cursor.execute("select v from mart.a").fetchone() == (1,)
    assert value_of(warehouse) == 2


def test_a_reader_keeps_its_version_even_when_it_is_pruned(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    warehouse = Warehouse(tmp_path)
    with warehouse.reader() as cursor:
        for number in range(2, 8):
            publish(tmp_path, f"r{number}", number)
        assert not (tmp_path / "warehouse-r1.duckdb").exists()
        assert cursor.execute("select v from mart.a").fetchone() == (1,)


def test_versions_nobody_reads_are_detached(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    publish(tmp_path, "r2", 2)
    warehouse = Warehouse(tmp_path)
    assert value_of(warehouse, "r1") == 1
    with warehouse.reader() as cursor:
        attached = {row[0] for row in cursor.execute("select database_name from duckdb_databases()").fetchall()}
    assert "v_r1" not in attached
    assert "v_r2" in attached


def test_readers_cannot_write(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    with Warehouse(tmp_path).reader() as cursor, pytest.raises(Exception, match="read-only"):
        cursor.execute("create table mart.b as select 1 as v")


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    warehouse = Warehouse(tmp_path)
    seen: list[int] = []

    def read() -> None:
        seen.extend(value_of(warehouse) for _ in range(20))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 80


def test_a_damaged_version_is_explained(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    (tmp_path / "warehouse-r1.duckdb").write_bytes(b"not a database at all, and too short to be one")
    with pytest.raises(WarehouseError, match="cannot be read"), Warehouse(tmp_path).reader():
        pass


def test_unknown_versions_are_named(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    with pytest.raises(NoVersionError, match=r'"r9".*r1'), Warehouse(tmp_path).reader("r9"):
        pass
