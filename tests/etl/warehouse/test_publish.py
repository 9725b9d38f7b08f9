"""Drafts: published whole or not at all; what dead runs leave is cleared; versions can be gone back to."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from etl.warehouse import publish as publishing
from etl.warehouse.lock import WarehouseBusyError
from etl.warehouse.publish import Draft, PublishError, rollback
from etl.warehouse.reader import NoVersionError, Warehouse, WarehouseError


def publish(folder: Path, run_id: str, value: int = 0, keep: int = 3) -> None:
    with Draft.open(folder, run_id, keep=keep) as draft:
        draft.con.execute("create table mart.a as select ? as v, range as i from range(100)", [value])
        draft.publish()


def test_a_published_draft_is_served(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 7)
    warehouse = Warehouse(tmp_path)
    assert warehouse.current().run_id == "r1"
    assert not warehouse.current().has_results
    with warehouse.reader() as cursor:
        assert cursor.execute("select min(v), count(*) from mart.a").fetchone() == (7, 100)


def test_an_unpublished_draft_leaves_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    before = sorted(path.name for path in tmp_path.iterdir())
    with Draft.open(tmp_path, "r2") as draft:
        draft.con.execute("create table mart.a as select 1 as v")
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert Warehouse(tmp_path).current().run_id == "r1"


def test_litter_of_dead_runs_is_cleared_and_versions_are_not(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    for name in (".build-dead.duckdb", ".build-dead.duckdb.wal", "CURRENT.json.tmp", "warehouse-orphan.duckdb"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".build-dead.tmp").mkdir()
    publish(tmp_path, "r2")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {".lock", ".lock-holder", "CURRENT.json", "warehouse-r1.duckdb", "warehouse-r2.duckdb"}


def test_without_a_registry_version_files_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "warehouse-old.duckdb").write_bytes(b"all there is")
    with Draft.open(tmp_path, "r1"):
        assert (tmp_path / "warehouse-old.duckdb").exists()


def test_two_runs_cannot_write_at_once(tmp_path: Path) -> None:
    with Draft.open(tmp_path, "r1"), pytest.raises(WarehouseBusyError, match="r1"):
        Draft.open(tmp_path, "r2")
    publish(tmp_path, "r3")


def test_only_the_last_versions_are_kept_and_the_served_one_always(tmp_path: Path) -> None:
    for number in range(5):
        publish(tmp_path, f"r{number}", keep=2)
    assert [version.run_id for version in Warehouse(tmp_path).versions()] == ["r3", "r4"]
    rollback(tmp_path, "r3")
    publish(tmp_path, "r5", keep=1)
    assert [version.run_id for version in Warehouse(tmp_path).versions()] == ["r3", "r5"]


def test_rollback_serves_an_earlier_version_and_keeps_the_later(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 1)
    publish(tmp_path, "r2", 2)
    rollback(tmp_path, "r1")
    warehouse = Warehouse(tmp_path)
    with warehouse.reader() as cursor:
        assert cursor.execute("select max(v) from mart.a").fetchone() == (1,)
    with warehouse.reader("r2") as cursor:
        assert cursor.execute("select max(v) from mart.a").fetchone() == (2,)
    with pytest.raises(NoVersionError, match="r1, r2"):
        rollback(tmp_path, "r9")


def test_a_draft_can_start_from_a_version(tmp_path: Path) -> None:
    publish(tmp_path, "r1", 4)
    warehouse = Warehouse(tmp_path)
    with Draft.open(tmp_path, "r2", base=warehouse.current()) as draft:
        draft.write_results({"effect": pl.DataFrame({"kpi": ["a"]}), "check": pl.DataFrame(schema={"kpi": pl.String})})
        draft.publish()
    assert warehouse.current().has_results
    with warehouse.reader() as cursor:
        assert cursor.execute("select max(v) from mart.a").fetchone() == (4,)
        assert cursor.execute('select count(*) from result."check"').fetchone() == (0,)


def test_results_can_be_written_twice(tmp_path: Path) -> None:
    with Draft.open(tmp_path, "r1") as draft:
        for value in (1, 2):
            draft.write_results({"effect": pl.DataFrame({"estimate": [value]})})
        assert draft.con.execute("select estimate from result.effect").fetchall() == [(2,)]
        with pytest.raises(PublishError, match="cannot name a table"):
            draft.write_results({'x"; drop table mart.a; --': pl.DataFrame({"a": [1]})})


def test_wrong_counts_stop_publication(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    with Draft.open(tmp_path, "r2") as draft:
        draft.con.execute("create table mart.a as select 1 as v")
        with pytest.raises(PublishError, match=r"mart\.a should hold 2 rows"):
            draft.publish({"mart.a": 2})
    assert Warehouse(tmp_path).current().run_id == "r1"


def test_what_is_to_happen_afterwards_happens_only_after_publishing(tmp_path: Path) -> None:
    done: list[str] = []
    with Draft.open(tmp_path, "r1") as draft:
        draft.after_publishing(lambda: done.append("r1"))
    with Draft.open(tmp_path, "r2") as draft:
        draft.after_publishing(lambda: done.append("r2"))
        draft.publish()
    assert done == ["r2"]


def test_the_new_version_is_registered_before_anything_else_is_swept(tmp_path: Path) -> None:
    """A run that ends between the two leaves litter, which the next one clears, and never a registry of swept files."""
    publish(tmp_path, "r1")
    served: list[str] = []
    with Draft.open(tmp_path, "r2") as draft:
        draft.after_publishing(lambda: served.append(Warehouse(tmp_path).current().run_id))
        draft.publish()
    assert served == ["r2"]


@pytest.mark.parametrize("change", [{"mart.a": 1}, {"mart.b": 5}, {}])
def test_a_file_that_does_not_hold_what_was_written_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, int]
) -> None:
    publish(tmp_path, "r1")
    with Draft.open(tmp_path, "r2") as draft:
        draft.con.execute("create table mart.a as select range as v from range(2)")
        monkeypatch.setattr(publishing, "_count_file", lambda _: change)
        with pytest.raises(PublishError, match=r"mart\..* did not survive writing; nothing was published"):
            draft.publish()
    assert Warehouse(tmp_path).current().run_id == "r1"


@pytest.mark.parametrize("run_id", ["", "../r", "a b", "x" * 65])
def test_unusable_run_ids_are_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(WarehouseError, match="cannot name a run"):
        Draft.open(tmp_path, run_id)


def test_a_taken_run_id_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    with pytest.raises(WarehouseError, match="already holds"):
        Draft.open(tmp_path, "r1")


def test_a_folder_that_cannot_be_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WarehouseError, match="cannot be written"):
        Draft.open(tmp_path / "file" / "warehouse", "r1")


def test_a_damaged_registry_is_explained(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    (tmp_path / "CURRENT.json").write_text("{", encoding="utf-8")
    with pytest.raises(WarehouseError, match="not a registry"):
        Warehouse(tmp_path).current()


def test_the_registry_is_plain_json(tmp_path: Path) -> None:
    publish(tmp_path, "r1")
    document = json.loads((tmp_path / "CURRENT.json").read_text(encoding="utf-8"))
    assert document["current"] == "r1"
    assert [entry["run_id"] for entry in document["versions"]] == ["r1"]


@pytest.mark.parametrize(
    "text",
    ["{}", '{"current": "r9", "versions": []}', '{"current": null, "versions": [], "format": 2}', "[]", "not json",
     '{"current": "x", "versions": [{"run_id": "r1", "created_at": "2026-01-01T00:00+00:00", "has_results": true}]}'],
)  # fmt: skip
def test_a_registry_that_is_not_understood_never_deletes_versions(tmp_path: Path, text: str) -> None:
    for run_id in ("r1", "r2"):
        with Draft.open(tmp_path, run_id) as draft:
            draft.publish()
    (tmp_path / "CURRENT.json").write_text(text)
    with pytest.raises(WarehouseError, match="is not a registry"), Draft.open(tmp_path, "r3") as draft:
        draft.publish()
    assert {path.name for path in tmp_path.glob("*.duckdb")} >= {"warehouse-r1.duckdb", "warehouse-r2.duckdb"}


def test_a_version_is_read_by_owner_and_group_only(tmp_path: Path) -> None:
    with Draft.open(tmp_path, "r1") as draft:
        version = draft.publish()
    assert version.path.stat().st_mode & 0o777 == 0o640
