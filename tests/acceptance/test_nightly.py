"""A nightly run: what it pulls before it reads, and who is told when it fails or its data are late."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.landing.command import run_command
from etl.warehouse.run_status import failed_run

if TYPE_CHECKING:
    from tests.acceptance.conftest import Project

KEEP = "import os, pathlib, sys; pathlib.Path('told.txt').open('a').write(sys.stdin.read())"
PULL = "import shutil; shutil.copyfile('pulled.csv', 'contacts.csv'); print('pulled')"


def script(project: Project, name: str, code: str) -> str:
    (project.folder / name).write_text(code)
    return f"'{sys.executable}' {name}"


def test_a_failed_run_and_late_data_are_told_and_a_run_that_publishes_ends_the_failure(project: Project) -> None:
    alert = script(project, "keep.py", KEEP)
    config = project.config.read_text()
    project.config.write_text(f'{config}\n[alerts]\ncommand = "{alert}"\n')
    whole = project.contacts.read_text()
    project.contacts.write_text(whole.replace("2026-03-1", "2026-13-1"))

    failed = project.run("build")

    assert failed.code == 1
    noted, told = failed_run(project.folder / "warehouse"), (project.folder / "told.txt").read_text()
    assert noted is not None
    assert noted.command == "build"
    assert "not a date" in noted.message
    assert told == f"Small centre: `empathy build` failed. {noted.message}\n"

    project.contacts.write_text(whole)
    project.config.write_text(project.config.read_text().replace("[project]", "[project]\ntoday = 2026-04-30", 1))
    done = project.run("build")

    assert done.code == 0
    assert failed_run(project.folder / "warehouse") is None
    late = "the data end on 2026-03-28, 33 days ago."
    assert f"warning: {late}" in done.err
    assert (project.folder / "told.txt").read_text() == f"{told}Small centre: {late}\n"


def test_a_source_is_pulled_before_it_is_read(project: Project) -> None:
    project.contacts.rename(project.folder / "pulled.csv")
    command = script(project, "pull.py", PULL)
    text = project.config.read_text().replace('path = "contacts.csv"', f'path = "contacts.csv"\nbefore = "{command}"')
    project.config.write_text(text)

    done = project.run("build", "--json")

    assert done.code == 0, done.err
    assert json.loads(done.out)["files"][0]["loaded"] == 600
    assert (project.folder / "warehouse" / "before" / "contacts.log").read_text().strip() == "pulled"


def test_a_command_that_fails_before_a_source_reads_nothing(project: Project) -> None:
    command = script(project, "pull.py", "import sys; print('no route to host'); sys.exit(3)")
    text = project.config.read_text().replace('path = "contacts.csv"', f'path = "contacts.csv"\nbefore = "{command}"')
    project.config.write_text(text)

    done = project.run("build")

    assert done.code == 1
    assert "[sources.contacts] before:" in done.err
    assert 'ended with code 3, so nothing was read or published. It said last: "no route to host".' in done.err
    assert not (project.folder / "warehouse" / "CURRENT.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there the program alone is ended")
def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    child = "import time, pathlib; time.sleep(1.5); pathlib.Path('late.txt').write_text('x')"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    (tmp_path / "parent.py").write_text(parent)

    outcome = run_command(f"'{sys.executable}' parent.py", tmp_path, tmp_path / "log", seconds=0.5)

    assert outcome.fault == "was ended after 0.5 seconds"
    time.sleep(1.5)
    assert not (tmp_path / "late.txt").exists()


def test_secrets_are_not_given_to_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPATHY_KEY", "of the pseudonyms")
    (tmp_path / "show.py").write_text("import os; print(os.environ.get('EMPATHY_KEY', 'nothing'))")
    assert run_command(f"'{sys.executable}' show.py", tmp_path, tmp_path / "log", seconds=30).last_line == "nothing"


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = run_command("no-such-program --now", tmp_path, tmp_path / "log", seconds=5)
    assert found.fault == "could not be started (No such file or directory)"
