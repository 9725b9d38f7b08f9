"""The documentation site: every page is in it, what it names exists, the commands of the tutorial run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import analysis
import empathy
from tests import goals_alone

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
INSTALLED = {"dashboard/methods.md"}
"""Exists in the installed package only."""
PAGES = sorted(DOCS.rglob("*.md"))


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.M))
    assert listed == {page.relative_to(DOCS).as_posix() for page in PAGES}


@pytest.mark.parametrize("written", PAGES, ids=lambda written: written.relative_to(DOCS).as_posix())
def test_links_and_paths_of_a_page_lead_somewhere(written: Path) -> None:
    text = re.sub(r"```.*?```", "", written.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert (written.parent / link).exists(), f"{written.name} links to {link}"
    for named in re.findall(r"`((?:etl|analysis|dashboard|empathy|sql|tests|benchmarks|docs)/[\w./-]+)`", text):
        if "NAME" not in named and "CODE" not in named and named not in INSTALLED:
            assert (ROOT / named).exists(), f"{written.name} names {named}"


def test_every_public_name_is_in_the_reference() -> None:
    shown = (DOCS / "api.md").read_text(encoding="utf-8")
    assert [name for name in analysis.__all__ if not re.search(rf"^::: [\w.]+\.{name}$", shown, flags=re.M)] == []


def test_the_commands_of_the_tutorial_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.study.run.estimate_all", goals_alone.of("escalation_rate"))
    blocks = re.findall(r"```bash\n(.*?)```", (DOCS / "tutorial.md").read_text(encoding="utf-8"), flags=re.S)
    commands = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(commands) >= 5
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "empathy"
        monkeypatch.setattr("sys.argv", ["empathy", *arguments])
        with pytest.raises(SystemExit) as ended:
            empathy.main()
        assert ended.value.code in (None, 0), f"{command}: {capsys.readouterr().err}"
    assert (tmp_path / "effects.csv").exists()
    assert (tmp_path / "centre" / "guessed.toml").exists()
