"""The verbs an analyst uses after a build: rejects, versions, export, doctor, and running again."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import empathy
from etl.privacy import guessable
from etl.warehouse.reader import Warehouse

if TYPE_CHECKING:
    from tests.acceptance.conftest import Project


def test_an_analyst_s_day(project: Project) -> None:
    """One project, taken through every verb in the order in which they are used."""
    first = json.loads(project.run("build", "--json").out)
    assert set(first) >= {"run_id", "warehouse", "files", "relations", "seconds"}
    assert first["relations"]["core.interaction"] == 600

    again = project.run("build")
    assert again.code == 0
    assert "Nothing is new" in again.err

    text = project.contacts.read_text().replace("c7,A07,2026-03-08T", "c7,A07,2026-02-31T")
    project.contacts.write_text(text)
    second = json.loads(project.run("build", "--json").out)
    assert second["run_id"] != first["run_id"]
    listed = project.run("rejects", "list")
    assert "contacts.csv" in listed.out
    assert "started_at" in listed.out

    versions = json.loads(project.run("versions", "list", "--json").out)["versions"]
    assert {version["run_id"] for version in versions} == {first["run_id"], second["run_id"]}
    assert [version["run_id"] for version in versions if version["served"]] == [second["run_id"]]

    assert project.run("versions", "rollback", first["run_id"]).code == 0
    out = project.folder / "days.csv"
    assert project.run("export", "core.interaction", "--out", str(out)).code == 0
    assert f"# run_id: {first['run_id']}" in out.read_text()
    assert pl.read_csv(out, comment_prefix="#").height == 600

    doctor = json.loads(project.run("doctor", "--json").out)["findings"]
    found = {finding["subject"]: finding["status"] for finding in doctor}
    assert found["conservation"] == "ok"
    assert found["source contacts"] == "ok"
    assert found["estimates"] == "note"


def test_doctor_names_what_is_wrong(project: Project) -> None:
    project.contacts.unlink()

    result = project.run("doctor")

    assert result.code == 1
    assert "FAULT  source contacts" in result.err
    assert "FAULT  warehouse" in result.err


def test_rollback_to_an_unknown_version_lists_those_there_are(project: Project) -> None:
    run_id = json.loads(project.run("build", "--json").out)["run_id"]

    result = project.run("versions", "rollback", "yesterday")

    assert result.code == 2
    assert run_id in result.err


def test_a_list_that_is_cut_says_so(project: Project) -> None:
    text = project.contacts.read_text()
    bad = text.replace("c7,A07,2026-03-08T", "c7,A07,?").replace("c8,A08,2026-03-09T", "c8,A08,?")
    project.contacts.write_text(bad)
    assert project.run("build").code == 0

    assert "--limit" not in project.run("rejects", "list", "--limit", "2").err
    cut = project.run("rejects", "list", "--limit", "1")

    assert "the first 1" in cut.err
    assert "--limit" in cut.err
    assert "c8" not in cut.out
    assert len(json.loads(project.run("rejects", "list", "--limit", "1", "--json").out)["rejects"]) == 1


def test_a_run_says_what_the_checks_found_and_a_build_what_is_missing(project: Project) -> None:
    staff = project.folder / "staff.csv"
    staff.write_text(staff.read_text().replace("A03,2025-01-04", "A03,2026-03-20"))

    built = project.run("build")
    ran = project.run("run", "--as-of", "2026-03-26")

    assert "empathy estimate" in built.err
    assert "warning: " in built.out
    assert "warning: " in ran.out


def test_the_readme_makes_its_key_with_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    assert "empathy key" in readme
    made = set()
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["empathy", "key"])
        with pytest.raises(SystemExit):
            empathy.main()
        made.add(capsys.readouterr().out.strip())
    assert len(made) == 2
    assert not any(guessable(key) for key in made)


def test_rejects_of_a_source_that_is_not_there_are_no_empty_list(project: Project) -> None:
    assert project.run("build").code == 0
    result = project.run("rejects", "list", "--source", "contact")
    assert result.code == 2
    assert 'There is no source "contact". Did you mean "contacts"?' in result.err


def test_a_day_before_all_data_is_explained(project: Project) -> None:
    assert project.run("build").code == 0
    result = project.run("run", "--as-of", "1999-01-01")
    assert result.code == 1
    assert "error: The warehouse holds no week of any agent" in result.err
    assert len(json.loads(project.run("versions", "list", "--json").out)["versions"]) == 1


def test_a_day_that_is_none_is_told_in_words(project: Project) -> None:
    result = project.run("build", "--as-of", "31.12.2025")
    assert result.code == 2
    assert '"31.12.2025" is no day; write year, month and day, such as 2025-06-30.' in result.err


def test_who_stops_a_run_is_told_that_nothing_changed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("etl.build.build", stopped)
    result = project.run("run")
    assert result.code == 130
    assert result.err.rstrip().endswith("Stopped; nothing was published.")


def test_a_replay_that_tries_nothing_says_why_it_built(project: Project) -> None:
    assert project.run("build").code == 0
    assert "built again" not in project.run("rejects", "replay").err
    config = project.folder / "empathy.toml"
    config.write_text(config.read_text() + "\n[engine]\nkeep_versions = 9\n")
    replayed = project.run("rejects", "replay")
    assert "Nothing to try again" in replayed.err
    assert "built again" in replayed.err
    assert len(json.loads(project.run("versions", "list", "--json").out)["versions"]) == 2


def test_a_person_is_forgotten_everywhere_and_it_is_proved(project: Project) -> None:
    from etl.configuration.model import load
    from etl.keeping.forgetting import search
    from etl.privacy import DEMO_KEY, pseudonym
    from etl.warehouse.reader import Warehouse

    assert project.run("build").code == 0
    project.contacts.write_text(project.contacts.read_text() + "bad1,A03,never,voice,10\n")
    assert project.run("build").code == 0
    config, key = load(project.config), pseudonym(DEMO_KEY, "agent", "number:A03")
    assert len(search(config, [key, "A03"])) > 5
    with Warehouse(config.warehouse).reader() as cursor:
        others = cursor.execute("select count(*) from mart.agent where agent_key <> ?", [key]).fetchone()

    log = config.warehouse / "before" / "contacts.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("fetched A03, A030\n")
    other = log.with_name("other.log")
    other.write_text("fetched A030\n")
    (project.folder / "labels.csv").write_text("A03,empathic\n")
    text = project.config.read_text().replace("[project]", '[project]\nkeep = ["labels.csv"]', 1)
    shutil.copytree(config.warehouse, project.folder / "warehouse-sales")  # another programme of the same people
    second = project.folder / "sales.toml"
    second.write_text(text.replace('warehouse = "warehouse"', 'warehouse = "warehouse-sales"'))
    named = '[[programmes]]\nname = "Sales"\ncourses = ["S1"]\nconfig = "sales.toml"\n'
    project.config.write_text(f"{text}\n{named}")

    result = project.run("forget", "--agent", "A03", "--json")
    said = json.loads(result.out)
    assert result.code == 0
    assert said["programmes"]["Sales"]["left"] == []
    assert said["programmes"]["Sales"]["rows"] == said["rows"]
    assert search(load(second), [key, "A03"]) == ()
    assert not log.exists()
    assert other.exists(), "A030 is another person"
    assert [Path(each).name for each in said["beside"]] == ["labels.csv"]
    assert said["left"] == []
    assert said["rows"] > 50
    assert search(config, [key, "A03"]) == ()
    assert len(list(config.warehouse.glob("*.duckdb"))) == 1
    with Warehouse(config.warehouse).reader() as cursor:
        assert cursor.execute("select count(*) from mart.agent").fetchone() == others

    for name in ("contacts.csv", "staff.csv", "ids.csv", "training.csv"):
        file = project.folder / name
        lines = [line for line in file.read_text().splitlines() if "A03" not in line]
        file.write_text("\n".join(lines) + "\n")
    assert project.run("build").code == 0
    assert search(config, [key, "A03"]) == ()


def test_nobody_and_two_people_cannot_be_forgotten(project: Project) -> None:
    assert project.run("forget").code == 2
    assert project.run("forget", "--agent", "A1", "--customer", "C1").code == 2


def landed(project: Project) -> list[Path]:
    return [entry for entry in (project.folder / "warehouse" / "landing").iterdir() if entry.is_dir()]


def test_what_was_read_of_the_exports_goes_after_the_days_that_are_configured(project: Project) -> None:
    assert project.run("build").code == 0
    first = Warehouse(project.folder / "warehouse").current()
    there = landed(project)
    assert len(there) == 4
    project.config.write_text(project.config.read_text().replace("demo = true", "demo = true\nlanding_days = 30"))
    os.utime(there[0], (1_700_000_000, 1_700_000_000))

    assert project.run("build").code == 0
    assert sorted(landed(project)) == sorted(there[1:]), "only what was written longer ago goes"
    assert Warehouse(project.folder / "warehouse").current() == first, "how long it is kept decides no row"

    project.config.write_text(project.config.read_text().replace("landing_days = 30", "landing_days = 0"))
    with project.contacts.open("a") as file:
        file.write("c600,A01,2026-03-20T08:00:00Z,voice,200\n")
    assert project.run("build").code == 0
    assert landed(project) == []
    again = project.run("rejects", "replay")
    assert again.code != 0
    assert "Run `empathy build` with the files" in again.err
    assert project.run("build").code == 0
