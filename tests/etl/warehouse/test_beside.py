"""Cells kept beside a version: guarded like it, deleted with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etl.warehouse.beside import cells_path, read_beside, write_beside
from etl.warehouse.publish import Draft, keep_only
from etl.warehouse.reader import Warehouse


def publish(folder: Path, run_id: str, keep: int = 3) -> Path:
    with Draft.open(folder, run_id, keep=keep) as draft:
        draft.con.execute("create table mart.a as select 1 as v")
        return draft.publish().path


def test_it_is_read_as_written_and_by_owner_and_group_alone(tmp_path: Path) -> None:
    version = publish(tmp_path, "r1")
    assert read_beside(version) is None
    assert write_beside(version, b"cells")
    assert read_beside(version) == b"cells"
    assert cells_path(version).stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir() if "cells" in path.name) == ["warehouse-r1.cells"]


def test_it_goes_with_its_version(tmp_path: Path) -> None:
    paths = [publish(tmp_path, run_id) for run_id in ("r1", "r2")]
    for path in paths:
        write_beside(path, b"cells")
    paths.append(publish(tmp_path, "r3", keep=1))  # the one served until now stays
    assert [cells_path(path).exists() for path in paths] == [False, True, False]
    write_beside(paths[2], b"cells")
    keep_only(tmp_path, "r3")
    assert [cells_path(path).exists() for path in paths] == [False, False, True]


def test_what_is_left_of_versions_that_are_gone_is_cleared(tmp_path: Path) -> None:
    version = publish(tmp_path, "r1")
    write_beside(version, b"cells")
    (tmp_path / "warehouse-gone.cells").write_bytes(b"cells")
    (tmp_path / ".warehouse-r1.cells.abc").write_bytes(b"half")
    publish(tmp_path, "r2")
    assert {path.name for path in tmp_path.iterdir() if "cells" in path.name} == {"warehouse-r1.cells"}


def test_nothing_is_kept_beside_a_version_that_is_gone(tmp_path: Path) -> None:
    version = publish(tmp_path, "r1")
    version.unlink()
    assert not write_beside(version, b"cells")
    assert not list(tmp_path.glob("*cells*"))
    assert not list(tmp_path.glob(".*cells*"))


@pytest.mark.parametrize("case", ["group", "others", "link", "second name", "folder"])
def test_what_others_may_have_written_is_not_read(tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture) -> None:
    version = publish(tmp_path, "r1")
    path = cells_path(version)
    write_beside(version, b"cells")
    if case == "group":
        path.chmod(0o660)
    elif case == "others":
        path.chmod(0o646)
    elif case == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif case == "second name":
        os.link(path, tmp_path / "elsewhere")
    else:
        path.unlink()
        path.mkdir()
    assert read_beside(version) is None
    assert "warehouse-r1.cells is not used" in caplog.text


def test_a_file_of_somebody_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    version = publish(tmp_path, "r1")
    write_beside(version, b"cells")
    owner = version.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert read_beside(version) == b"cells"  # whoever serves may be another user than whoever built
    if owner == 0:
        os.chown(cells_path(version), 12345, -1)
        assert read_beside(version) is None
        assert "belongs to somebody else" in caplog.text


def test_who_may_not_write_keeps_nothing_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = publish(tmp_path, "r1")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    assert not write_beside(version, b"cells")
    assert Warehouse(tmp_path).current().run_id == "r1"
    assert not [path for path in tmp_path.iterdir() if "cells" in path.name]
