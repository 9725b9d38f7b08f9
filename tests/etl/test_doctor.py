"""What `empathy doctor` finds: a fault a build would stop at is a fault here too."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.configuration.model import ConfigError, load
from etl.doctor import examine
from etl.privacy import new_key
from etl.reading.files import find_files

CONFIG = """
[sources.calls]
format = "tabular"
table = "interaction"
path = "calls.csv"
"""


def found(folder: Path) -> dict[str, tuple[str, str]]:
    path = folder / "empathy.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return {finding.subject: (finding.status, finding.sentence) for finding in examine(path)}


@pytest.mark.parametrize(
    ("value", "status", "said"),
    [("", "fault", "is not set"), ("too short", "fault", "could be guessed"), (new_key(), "ok", "is set")],
)
def test_the_key_is_judged_as_a_build_judges_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, status: str, said: str
) -> None:
    monkeypatch.setenv("EMPATHY_KEY", value)
    finding = found(tmp_path)["pseudonym key"]
    assert finding[0] == status
    assert said in finding[1]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert findings["source calls"][0] == "fault"
    assert findings["warehouse"][0] == "fault"
    assert "Run `empathy build` first" in findings["warehouse"][1]


def test_a_configuration_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    assert [finding.status for finding in examine(tmp_path / "empathy.toml")] == ["ok", "fault"]


@pytest.mark.parametrize("pattern", ["", ".", "/", "missing/*.csv"])
def test_a_path_that_names_no_file_is_a_finding(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "empathy.toml"
    path.write_text(CONFIG.replace("calls.csv", pattern), encoding="utf-8")
    assert {finding.subject: finding.status for finding in examine(path)}["source calls"] == "fault"
    with pytest.raises(ConfigError, match=r"sources\.calls\.path"):
        find_files(load(path))
