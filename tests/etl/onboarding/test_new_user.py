"""Folders of exports unlike any fixture (benchmarks/new_user.py) are recognised, and take few answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.new_user import FOLDERS, answered, world
from etl.configuration.model import load
from etl.onboarding.suggest import suggest
from etl.reading.files import find_files

HERE = world(teams=4, in_a_team=2, weeks=2, a_day=1)
EXPECTED = {
    "german": {"interaction", "survey_response", "agent", "training"},
    "french": {"moodle", "bamboohr", "zendesk", "agent_identity"},
    "stores": {"amazon_connect", "workday", "salesforce", "training", "survey_response", "agent_identity"},
    "spanish": {"interaction", "survey_response", "escalation", "training", "agent"},
    "genesys": {"genesys", "agent_identity", "agent", "training"},
    "flat": {"interaction", "training", "agent"},
}
"""Formats, and tables of sources without one of their own."""


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_a_folder_of_a_new_company_is_recognised(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    FOLDERS[name](folder, HERE)
    suggestion = suggest(folder)
    assert not [line for line in suggestion.lines if line.startswith("left out")]
    toml, questions = answered(suggestion.toml)
    assert questions <= 10
    (folder / "empathy.toml").write_text(toml, encoding="utf-8")
    config = load(folder / "empathy.toml")
    assert {source.table or source.format for source in config.sources.values()} == EXPECTED[name]
    found = {path for paths in find_files(config).values() for path in paths}
    assert found == {path for path in folder.rglob("*") if path.is_file() and path.name != "empathy.toml"}


def test_titles_are_passed_over_and_days_of_an_object_store_are_one_source(tmp_path: Path) -> None:
    for name in ("german", "stores"):
        FOLDERS[name](tmp_path / name, HERE)
    german = suggest(tmp_path / "german").toml
    assert "header_row = 4" in german
    assert "header_row = 3" in german
    assert 'status = { "Abgeschlossen" = "completed" }' in german
    assert "[sources.mitarbeiter.also.agent_team]" in german
    assert 'path = "ctr/*/*/*/ctr-stream-*"' in suggest(tmp_path / "stores").toml


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_titles_above_a_text_are_passed_over(tmp_path: Path, mark: str) -> None:
    lines = ["Contact list", "As of 2025-03-31", mark.join(("Contact ID", "Agent", "Started", "Channel"))]
    lines += [mark.join((f"c{n}", "E1", "2025-03-04 10:00:00", "voice")) for n in range(4)]
    (tmp_path / "contacts.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (tmp_path / "empathy.toml").write_text(suggest(tmp_path).toml, encoding="utf-8")
    (source,) = load(tmp_path / "empathy.toml").sources.values()
    assert (source.table, source.options["header_row"]) == ("interaction", 3)
