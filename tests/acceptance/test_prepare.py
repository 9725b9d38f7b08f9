"""What readers of a shared dashboard may be told is chosen when a version is published, and kept beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dashboard.data import choosing
from empathy.preparing import choose_after_publishing
from etl.configuration.model import load
from etl.doctor import examine
from etl.keeping.backup import backup, restore
from etl.warehouse.beside import cells_path
from etl.warehouse.reader import Warehouse

if TYPE_CHECKING:
    from tests.acceptance.conftest import Project

ACCESS = """
[access]
proxy = ["unix"]
hosts = ["localhost"]
[access.groups.board]
role = "executive"
"""


@pytest.fixture
def shared(project: Project) -> Project:
    project.config.write_text(project.config.read_text() + ACCESS)
    return project


def cells(folder: Path) -> Path:
    return cells_path(Warehouse(folder / "warehouse").current().path)


def test_publishing_chooses_and_everything_after_it_reads(
    shared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = shared.run("build", "--json")
    assert done.code == 0
    assert "was not chosen" not in done.err
    assert json.loads(done.out)["run_id"] == Warehouse(shared.folder / "warehouse").current().run_id
    assert cells(shared.folder).stat().st_mode & 0o777 == 0o640
    kept = cells(shared.folder).read_bytes()

    monkeypatch.setattr(choosing, "blocks", lambda *_: pytest.fail("cells were chosen again"))
    assert shared.run("prepare").code == 0
    assert cells(shared.folder).read_bytes() == kept

    file, back = tmp_path / "monday.tar.gz", tmp_path / "back"
    backup(load(shared.config), file)
    restore(file, back)
    assert cells(back).read_bytes() == kept
    assert not (back / "version.cells").exists()
    choosing.prepare_all(load(back / "empathy.toml"), lambda _: None)

    readers = {finding.status: finding.sentence for finding in examine(shared.config) if finding.subject == "readers"}
    assert "lies beside it" in readers["ok"]
    cells(shared.folder).chmod(0o666)
    readers = {finding.status: finding.sentence for finding in examine(shared.config) if finding.subject == "readers"}
    assert "`empathy prepare` chooses" in readers["note"]


def test_a_fault_while_choosing_does_not_undo_what_was_published(
    shared: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("no memory is left")

    monkeypatch.setattr(choosing, "prepare_all", fails)
    choose_after_publishing(load(shared.config))
    said = capsys.readouterr().err
    assert "was not chosen (no memory is left)" in said
    assert "The new version is published" in said


def test_where_nothing_is_shared_nothing_is_chosen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "prepare_all", lambda *_: pytest.fail("cells were chosen"))
    choose_after_publishing(load(project.config))
    done = project.run("prepare")
    assert done.code == 0
    assert "has no [access]: nothing is shared" in done.err
