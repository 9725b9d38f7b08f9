"""What a backup holds comes back as it was; what is damaged or in the way is refused."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import empathy
from etl.configuration.model import load
from etl.keeping.backup import BackupError, backup, restore
from etl.warehouse.reader import Warehouse

if TYPE_CHECKING:
    from tests.acceptance.conftest import Project


def keeping(project: Project) -> None:
    text = project.config.read_text()
    project.config.write_text(text.replace("[project]", '[project]\nkeep = ["plans", "labels.csv"]', 1))
    (project.folder / "plans").mkdir()
    (project.folder / "plans" / "waves.toml").write_text("waves = 3\n")
    (project.folder / "labels.csv").write_text("turn,label\n1,warm\n")


def test_everything_kept_comes_back_and_is_served(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping(project)
    assert project.run("build").code == 0
    file, back = tmp_path / "out" / "monday.tar.gz", tmp_path / "back"
    assert project.run("backup", str(file)).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(sys, "argv", ["empathy", "restore", str(file), str(back)])
    with pytest.raises(SystemExit) as done:
        empathy.main()
    assert not done.value.code

    config = load(back / "empathy.toml")
    assert (back / "plans" / "waves.toml").read_text() == "waves = 3\n"
    assert (back / "labels.csv").exists()
    before, after = Warehouse(project.folder / "warehouse"), Warehouse(config.warehouse)
    assert after.current().run_id == before.current().run_id
    assert after.current().created_at == before.current().created_at
    sql = "select * from mart.agent order by all"
    with before.reader() as old, after.reader() as new:
        assert old.execute(sql).fetchall() == new.execute(sql).fetchall()
    with tarfile.open(file) as packed:
        assert not any("landing" in name or "contacts.csv" in name for name in packed.getnames())


def test_a_backup_never_overwrites(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"
    backup(load(project.config), file)
    with pytest.raises(BackupError, match="never overwrites"):
        backup(load(project.config), file)
    with pytest.raises(BackupError, match="must end in"):
        backup(load(project.config), tmp_path / "a.zip")
    with pytest.raises(BackupError, match="is not empty"):
        restore(file, project.folder)


def test_a_damaged_backup_restores_nothing(project: Project, tmp_path: Path) -> None:
    keeping(project)
    file, back = tmp_path / "a.tar.gz", tmp_path / "back"
    backup(load(project.config), file)
    whole = file.read_bytes()
    for damage in (whole[: len(whole) // 2], b"no archive", whole[:-40] + bytes(40)):
        file.write_bytes(damage)
        with pytest.raises(BackupError):
            restore(file, back)
        assert not back.exists() or not any(back.iterdir())
    with tarfile.open(file, "w:gz") as packed:
        packed.add(project.config, arcname="../empathy.toml")
    with pytest.raises(BackupError):
        restore(file, back)
    assert not (tmp_path / "empathy.toml").exists() or tmp_path == project.folder


def test_what_is_kept_lies_beside_the_configuration(project: Project, tmp_path: Path) -> None:
    project.config.write_text(project.config.read_text().replace("[project]", '[project]\nkeep = ["../"]', 1))
    with pytest.raises(BackupError, match="is not beside"):
        backup(load(project.config), tmp_path / "a.tar.gz")
