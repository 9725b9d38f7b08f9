"""Every fault a user can make: a message with file, line or key, the right exit code, the last version still served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Project


def replace(name: str, old: str, new: str) -> Callable[[Project], None]:
    def damage(project: Project) -> None:
        path = project.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return damage


def write(name: str, content: bytes) -> Callable[[Project], None]:
    return lambda project: project.folder.joinpath(name).write_bytes(content) and None


def remove(project: Project) -> None:
    project.contacts.unlink()


def another_delimiter(project: Project) -> None:
    replace("empathy.toml", 'path = "contacts.csv"', 'path = "contacts.csv"\noptions = { delimiter = "|" }')(project)


def latin_1(project: Project) -> None:
    project.contacts.write_bytes(project.contacts.read_text().replace("voice", "voix \u00e9", 1).encode("latin-1"))


def truncated_parquet(project: Project) -> None:
    pl.read_csv(project.contacts).write_parquet(project.folder / "contacts.parquet")
    path = project.folder / "contacts.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    replace("empathy.toml", "contacts.csv", "contacts.parquet")(project)


def many_bad_dates(project: Project) -> None:
    project.contacts.write_text(project.contacts.read_text().replace("2026-03-1", "2026-13-1"))


FAULTS: dict[str, tuple[Callable[[Project], None], int, tuple[str, ...]]] = {
    "missing file": (remove, 2, ("sources.contacts.path", "contacts.csv")),
    "unknown column": (replace("contacts.csv", "Seconds", "Secs"), 1, ("contacts.csv", '"Seconds"', "Secs")),
    "bad dates": (many_bad_dates, 1, ("sources.contacts", "contacts.csv, line 11", "not a date", "max_reject_share")),
    "wrong delimiter": (another_delimiter, 1, ("contacts.csv", "delimiter")),
    "empty file": (write("contacts.csv", b""), 1, ("contacts.csv", "empty")),
    "truncated Parquet": (truncated_parquet, 1, ("contacts.parquet",)),
    "Latin-1": (latin_1, 1, ("contacts.csv", "line 2", "encoding")),
    "typo in a key": (replace("empathy.toml", "currency", "curency"), 2, ("empathy.toml", "line 5", "currency")),
    "typo in a value": (replace("empathy.toml", '"tabular"', '"tabluar"'), 2, ("empathy.toml", '"tabular"')),
    "not TOML": (write("empathy.toml", b"[project\n"), 2, ("empathy.toml", "line 1")),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants a published version leaves it for the others."""
    return tmp_path_factory.mktemp("kept") / "warehouse"


@pytest.fixture
def published(project: Project, kept: Path) -> Project:
    """The project with a version of its exports."""
    if not kept.exists():
        assert project.run("build", "--json").code == 0
        shutil.copytree(project.folder / "warehouse", kept)
    else:
        shutil.copytree(kept, project.folder / "warehouse")
    return project


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_explained_and_publishes_nothing(published: Project, fault: str) -> None:
    project = published
    damage, code, mentions = FAULTS[fault]
    served = (project.folder / "warehouse" / "CURRENT.json").read_bytes()

    damage(project)
    result = project.run("build")

    assert result.code == code, result.err
    said = " ".join(result.err.split())
    for mention in mentions:
        assert mention in said
    assert "Traceback" not in result.err
    assert (project.folder / "warehouse" / "CURRENT.json").read_bytes() == served


def test_one_bad_date_is_one_reject_and_the_rest_loads(project: Project) -> None:
    replace("contacts.csv", "c7,A07,2026-03-08T", "c7,A07,2026-02-31T")(project)

    report = json.loads(project.run("build", "--json").out)

    (contacts,) = [file for file in report["files"] if file["source"] == "contacts"]
    assert (contacts["read"], contacts["loaded"], contacts["rejected"], contacts["duplicate"]) == (600, 599, 1, 0)
    (reject,) = json.loads(project.run("rejects", "list", "--json").out)["rejects"]
    assert reject["line"] == 9
    assert reject["path"].endswith("contacts.csv")
    assert "started_at" in " ".join(reject["reasons"])


def test_latin_1_loads_once_the_encoding_is_named(project: Project) -> None:
    latin_1(project)
    options = 'options = { encoding = "latin-1" }\nvalues = { channel = { "voix \u00e9" = "voice" } }'
    replace("empathy.toml", 'path = "contacts.csv"', f'path = "contacts.csv"\n{options}')(project)

    report = json.loads(project.run("build", "--json").out)

    assert sum(file["loaded"] for file in report["files"] if file["source"] == "contacts") == 600


def test_a_semicolon_file_loads_without_being_told(project: Project) -> None:
    project.contacts.write_text(project.contacts.read_text().replace(",", ";"))

    report = json.loads(project.run("build", "--json").out)

    assert sum(file["loaded"] for file in report["files"] if file["source"] == "contacts") == 600


def test_a_missing_configuration_says_how_to_write_one(project: Project) -> None:
    project.config.unlink()

    result = project.run("build")

    assert result.code == 2
    assert "empathy init" in result.err


def test_check_writes_nothing(project: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")}

    result = project.run("check", "--json")

    assert result.code == 0, result.err
    assert {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")} == before
    assert {file["source"] for file in json.loads(result.out)["files"]} == {"contacts", "staff", "training", "ids"}


@pytest.mark.parametrize(
    "arguments", [("build", "--json"), ("estimate", "--json"), ("rejects", "list", "--json", "--limit", "x")]
)
def test_errors_of_commands_that_print_json_are_json(project: Project, arguments: tuple[str, ...]) -> None:
    if arguments[0] == "build":
        project.config.write_text("[project")
    result = project.run(*arguments)
    assert result.code == 2
    said = json.loads(result.out)
    assert said["exit_code"] == 2
    assert said["error"]
    assert "Traceback" not in result.err


def test_a_version_does_not_say_which_id_is_whose(published: Project) -> None:
    from etl.warehouse.export import relations
    from etl.warehouse.reader import Warehouse

    with Warehouse(published.folder / "warehouse").reader() as cursor:
        assert "core.agent_identity" not in relations(cursor)
        assert "core.agent" in relations(cursor)
