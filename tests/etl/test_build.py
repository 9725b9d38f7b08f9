"""The sample exports built for real: every row accounted for, documented, traced, repeatable, incremental."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from empathy.building import print_build
from etl import build as building
from etl import rejects
from etl.build import BuildReport
from etl.configuration import kpis
from etl.configuration.model import load
from etl.contracts.tables import CONTRACTS
from etl.errors import StopRuleError
from etl.keeping.agent_ids import agent_ids
from etl.landing import landed_files
from etl.landing.extract import ExtractReport
from etl.warehouse import overdue, planned
from etl.warehouse.export import export, relations
from etl.warehouse.reader import Warehouse

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
MARTS = ("agent", "agent_week", "agent_spell", "skill_month", "cohort", "adoption")


def copy_sample(folder: Path) -> Path:
    shutil.copytree(SAMPLE / "exports", folder / "exports")
    shutil.copy(SAMPLE / "empathy.toml", folder / "empathy.toml")
    return folder / "empathy.toml"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    path = copy_sample(tmp_path_factory.mktemp("sample"))
    return path, building.build(load(path))


@pytest.fixture
def again(tmp_path: Path, built: tuple[Path, BuildReport]) -> tuple[Path, BuildReport]:
    """A copy of what is built, for tests that change exports or warehouse and build once more."""
    shutil.copytree(built[0].parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "empathy.toml", built[1]


def query(path: Path, sql: str, run_id: str | None = None) -> list[tuple[Any, ...]]:
    warehouse = Warehouse(path.parent / "warehouse")
    with warehouse.reader(run_id) as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(sql).fetchall()
    warehouse.close()
    return rows


def test_the_report_has_the_promised_shape(built: tuple[Path, BuildReport]) -> None:
    _, report = built
    document = report.to_json()
    assert list(document) == ["run_id", "warehouse", "files", "relations", "seconds"]
    assert set(document["files"][0]) == {"path", "source", "read", "loaded", "rejected", "duplicate"}
    assert document["relations"]["core.interaction"] > 0
    assert Path(document["warehouse"]).is_file()


def test_lists_of_agents_are_made_of_what_a_version_holds_and_get_their_ids_from_what_landed(
    built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    config, out = load(built[0]), tmp_path / "overdue.csv"
    with Warehouse(config.warehouse).reader() as cursor:
        held = set(relations(cursor))
        pseudonyms = {key for (key,) in cursor.execute("select agent_key from mart.agent").fetchall()}
    assert {*overdue.NEEDED, *planned.NEEDED} <= held
    assert "core.agent_identity" not in held, "a version does not say who has which id"

    rows = export(config, "overdue", out, agent_ids)
    listed = pl.read_csv(out, comment_prefix="#")
    assert rows == listed.height > 0
    assert set(listed["agent_key"]) <= pseudonyms
    plan = (built[0].parent / "exports" / "training_plan.csv").read_text()
    for said in listed["training_system_ids"]:
        (given,) = (each.partition(": ")[2] for each in said.split("; ") if each.startswith("training_plan"))
        assert given in plan


def test_every_row_of_every_file_is_accounted_for(built: tuple[Path, BuildReport]) -> None:
    path, report = built
    for file in report.files:
        assert file.read == file.loaded + file.rejected + file.duplicate, file
    assert {relation.difference for relation in report.reconciliation} == {0}
    listed = query(path, 'select relation, "rows", from_files, difference from meta.reconciliation')
    assert len(listed) == len(CONTRACTS)  # every table that files fill, each once
    rejected = query(path, "select count(*) from meta.reject")[0][0]
    assert rejected == sum(file.rejected for file in report.files)


def test_a_row_lost_on_its_way_from_the_landing_folder_stops_the_build(
    tmp_path: Path, again: tuple[Path, BuildReport]
) -> None:
    path, _ = again
    contacts = max((tmp_path / "warehouse" / "landing").glob("*/records.parquet"), key=lambda file: file.stat().st_size)
    with duckdb.connect() as con:
        con.execute(
            f"create table kept as select * exclude (n) from (select *, row_number() over () as n "
            f"from '{contacts}') where n <> 100"
        )
        con.execute(f"copy kept to '{contacts}' (format parquet)")
    (tmp_path / "warehouse" / "CURRENT.json").unlink()  # nothing is served, so there is something to build
    with pytest.raises(StopRuleError, match=r"1 file is not fully accounted for.*read again") as stopped:
        building.build(load(path))
    assert json.loads((contacts.parent / "manifest.json").read_text(encoding="utf-8"))["path"] in str(stopped.value)


def test_no_check_with_severity_error_failed_and_all_are_kept(built: tuple[Path, BuildReport]) -> None:
    path, report = built
    kept = dict(query(path, "select \"check\", status from meta.check_result where severity = 'error'"))
    assert len(kept) >= 8
    assert set(kept.values()) == {"passed"}
    assert len(report.checks) == query(path, "select count(*) from meta.check_result")[0][0]


def test_schema_yml_describes_every_column_both_ways(built: tuple[Path, BuildReport]) -> None:
    path, _ = built
    described = yaml.safe_load((kpis.SQL_FOLDER / "schema.yml").read_text(encoding="utf-8"))
    of_kpis = {column for kpi in kpis.load().values() for column in kpi.columns}
    found: dict[str, set[str]] = {}
    for relation, column in query(
        path,
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and not internal and schema_name <> 'result'",
    ):
        if relation != "mart.agent_week" or column not in of_kpis:
            found.setdefault(relation, set()).add(column)
    assert {relation: set(entry["columns"]) for relation, entry in described.items()} == found
    sentences = [text for entry in described.values() for text in (entry["description"], *entry["columns"].values())]
    assert all(text.endswith(".") for text in sentences)


def test_agent_week_has_the_columns_of_every_kpi(built: tuple[Path, BuildReport]) -> None:
    path, _ = built
    columns = dict(query(path, "select column_name, data_type from duckdb_columns() where table_name = 'agent_week'"))
    for kpi in kpis.load().values():
        assert {columns[column] for column in kpi.columns} == {"DOUBLE"}
    empty = query(path, "select " + ", ".join(f"sum({kpi}_den) > 0" for kpi in kpis.load()) + " from mart.agent_week")[
        0
    ]
    filled = {kpi for kpi, full in zip(kpis.load(), empty, strict=True) if full}
    assert filled >= {"csat_top2", "escalation_rate", "upsell_conversion", "fcr_7d", "agent_attrition", "aht_seconds"}


def test_lineage_leads_from_a_mart_column_to_landing_columns(built: tuple[Path, BuildReport]) -> None:
    path, _ = built
    origins = set(
        query(
            path,
            "select source_relation || '.' || source_column from meta.lineage "
            "where relation = 'mart.agent_week' "
            "and column_name in ('csat_top2_num', 'trained_week', 'aht_seconds_num')",
        )
    )
    assert {
        ("landing.survey_response.csat_raw",),
        ("landing.training.completed_at",),
        ("landing.interaction.handle_s",),
    } <= origins
    traced = {
        row[0] for row in query(path, "select distinct column_name from meta.lineage where relation = 'mart.agent'")
    }
    assert {"hired_on", "left_on", "trained_week", "team_id"} <= traced


def test_the_books_are_shown(built: tuple[Path, BuildReport], capsys: pytest.CaptureFixture[str]) -> None:
    print_build(built[1])
    shown = capsys.readouterr().out
    for relation in built[1].reconciliation:
        assert f"{relation.relation}: {relation.sentence}" in shown
    for source in built[1].coverage:
        assert f"[sources.{source.source}] {source.matched:,} of {source.ids:,} agent ids" in shown


def test_nothing_new_publishes_nothing(built: tuple[Path, BuildReport]) -> None:
    path, report = built
    text = path.read_text(encoding="utf-8")
    path.write_text("# a comment is no other configuration\n" + text, encoding="utf-8")
    again = building.build(load(path))
    assert again.unchanged
    assert again.run_id == report.run_id
    assert again.to_json()["files"] == report.to_json()["files"]
    assert dict(again.relations) == dict(report.relations)


def test_a_new_key_is_new_even_when_the_files_are_not(
    again: tuple[Path, BuildReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = again
    text = path.read_text(encoding="utf-8")
    assert "demo = true" in text
    path.write_text(text.replace("demo = true", "demo = false"), encoding="utf-8")
    monkeypatch.setenv("EMPATHY_KEY", hashlib.sha256(b"the first key of this warehouse").hexdigest())
    first = building.build(load(path))
    agents = query(path, "select agent_key from mart.agent")
    monkeypatch.setenv("EMPATHY_KEY", hashlib.sha256(b"the key after the first leaked").hexdigest())
    second = building.build(load(path))
    assert second.run_id != first.run_id
    assert not set(agents) & set(query(path, "select agent_key from mart.agent"))


def test_twice_gives_equal_marts_and_a_deleted_file_takes_its_rows_along(again: tuple[Path, BuildReport]) -> None:
    path, first = again
    path.write_text(path.read_text(encoding="utf-8") + "[engine]\nkeep_versions = 9\n", encoding="utf-8")
    second = building.build(load(path))
    assert second.run_id != first.run_id
    for mart in MARTS:
        sql = f"select * from mart.{mart} order by all"
        assert query(path, sql, first.run_id) == query(path, sql, second.run_id), mart
    assert second.restated == ()

    removed = sorted((path.parent / "exports" / "contacts").glob("*.jsonl"))[1]
    lost = sum(1 for _ in removed.open(encoding="utf-8"))
    removed.unlink()
    third = building.build(load(path))
    assert third.relations["core.interaction"] == first.relations["core.interaction"] - lost
    assert third.restated
    weeks = {change.week for change in third.restated if change.kpi == "aht_seconds"}
    assert weeks
    assert all(change.old_den != change.new_den for change in third.restated if change.kpi == "aht_seconds")
    kept = query(path, "select count(*) from meta.restatement")[0][0]
    assert kept == len(third.restated)


def test_contacts_that_change_teams_are_restated_though_no_total_changes(again: tuple[Path, BuildReport]) -> None:
    path, _ = again
    history = path.parent / "exports" / "bamboohr_job_info_history.csv"
    rows = history.read_text(encoding="utf-8").splitlines()
    team = rows[0].split(",").index("department")
    fields = rows[1].split(",")
    others = {row.split(",")[team] for row in rows[1:]} - {fields[team]}
    fields[team] = min(others)
    history.write_text("\n".join([rows[0], ",".join(fields), *rows[2:], ""]), encoding="utf-8")
    rebuilt = building.build(load(path))
    moved = [change for change in rebuilt.restated if change.kpi == "aht_seconds"]
    assert moved
    assert all((change.old_num, change.old_den) == (change.new_num, change.new_den) for change in moved)
    assert all(change.moved > 0 for change in moved)


def test_as_of_leaves_out_what_came_later(again: tuple[Path, BuildReport]) -> None:
    path, _ = again
    day = dt.date(2025, 2, 28)
    building.build(load(path), as_of=day)
    assert query(path, "select max(started_at) from core.interaction")[0][0] < dt.datetime(2025, 3, 1)
    assert query(path, "select as_of from meta.run") == [(day,)]
    assert query(path, "select count(*) from core.training where completed_at >= '2025-03-01'") == [(0,)]


def test_contacts_can_be_reduced_without_being_kept(
    again: tuple[Path, BuildReport], built: tuple[Path, BuildReport]
) -> None:
    path, _ = again
    path.write_text(
        path.read_text(encoding="utf-8") + '\n[engine]\noptions = { contacts = "reduce" }\n', encoding="utf-8"
    )
    report = building.build(load(path))
    assert report.relations["core.interaction"] == built[1].relations["core.interaction"]
    assert query(path, "select count(*) from duckdb_columns() where table_name = 'interaction'") == [(0,)]
    sql = "select * from mart.agent_week order by all"
    assert query(path, sql) == query(built[0], sql, built[1].run_id)


def test_check_writes_nothing(tmp_path: Path) -> None:
    path = copy_sample(tmp_path)
    report = building.check(load(path))
    assert not (tmp_path / "warehouse").exists()
    assert {file["source"] for file in report.to_json()["files"]} == set(load(path).sources)
    assert report.stops == ()


def test_a_source_nobody_can_match_stops_the_build_and_the_last_version_stays(
    tmp_path: Path, again: tuple[Path, BuildReport]
) -> None:
    path, first = again
    ids = tmp_path / "exports" / "agent_ids.csv"
    ids.write_text(ids.read_text(encoding="utf-8").replace("qa,", "quality,"), encoding="utf-8")
    with pytest.raises(StopRuleError, match="unknown"):
        building.build(load(path))
    assert Warehouse(tmp_path / "warehouse").current().run_id == first.run_id
    assert not list((tmp_path / "warehouse").glob(".build*"))


def test_a_build_killed_right_after_publishing_is_caught_up_with(
    tmp_path: Path, again: tuple[Path, BuildReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is served, but what follows publishing was left out: the next build, with nothing new, does it."""
    path, _ = again
    monkeypatch.setattr(ExtractReport, "commit", lambda self: None)
    export = next((tmp_path / "exports").glob("agent_days*"))
    export.write_text("".join(export.read_text().splitlines(keepends=True)[:-1]))
    second = building.build(load(path))
    monkeypatch.undo()
    landing = tmp_path / "warehouse" / "landing"
    assert landed_files.load_index(landing)[0] != second.run_id

    third = building.build(load(path))
    run_id, names = landed_files.load_index(landing)
    assert third.unchanged
    assert run_id == second.run_id
    assert {folder.name for folder in landing.iterdir() if folder.is_dir()} == set(names)
    assert rejects.replay(load(path)).build.unchanged
