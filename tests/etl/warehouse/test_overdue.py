"""Who has to be reminded: planned, not completed, still here; longest first, with the ids of the training system."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from etl.configuration.model import load
from etl.warehouse.export import ExportError, export
from etl.warehouse.overdue import overdue
from etl.warehouse.publish import Draft

WEEK = date(2025, 3, 3)
AGENTS = {"a": None, "b": None, "c": None, "left": date(2025, 3, 5), "leaves later": date(2025, 3, 20)}

SYSTEMS = [("lms", f"L-{name}", name) for name in AGENTS] + [("plan", "P-a", "a"), ("phone", "T-a", "a")]
IDS = pl.DataFrame(SYSTEMS, schema=["_source", "source_agent_id", "agent_key"], orient="row")


def version(draft: Draft) -> None:
    rows = [
        ("lms", "a", "X", "planned", date(2025, 1, 6), None, None),
        ("plan", "a", "X", "planned", date(2025, 1, 6), None, None),
        ("lms", "b", "X", "completed", date(2025, 1, 6), date(2025, 1, 7), date(2025, 1, 8)),
        ("lms", "c", "X", "started", date(2025, 1, 6), date(2025, 1, 7), None),
        ("lms", "left", "X", "planned", date(2025, 1, 6), None, None),
        ("lms", "leaves later", "X", "planned", date(2025, 2, 3), None, None),
        ("lms", "a", "Y", "planned", date(2025, 3, 10), None, None),
    ]
    names = ["_source", "agent_key", "course_id", "status", "planned_on", "started_on", "completed_on"]
    days = dict.fromkeys(names[4:], pl.Date)
    draft.write_table("core", "training", pl.DataFrame(rows, schema=names, orient="row", schema_overrides=days))
    draft.write_table("core", "week", pl.DataFrame({"week": [date(2025, 2, 24), WEEK]}))
    people = {"agent_key": list(AGENTS), "site": ["S"] * 5, "team_id": ["T"] * 5}
    draft.write_table(
        "mart", "agent", pl.DataFrame({**people, "left_on": pl.Series(list(AGENTS.values()), dtype=pl.Date)})
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "Test"\nwarehouse = "warehouse"\n')
    with Draft.open(tmp_path / "warehouse", "run-1") as draft:
        version(draft)
        draft.publish()
    return tmp_path


def test_only_who_is_late_and_still_here_is_listed_longest_first(folder: Path) -> None:
    (file,) = (folder / "warehouse").glob("warehouse-*.duckdb")
    with duckdb.connect(str(file), read_only=True) as con:
        rows, alone = overdue(con, IDS), overdue(con)
    told = [(row["agent_key"], row["days_overdue"], row["has_started"]) for row in rows.iter_rows(named=True)]
    assert told == [("a", 62, False), ("c", 62, True), ("leaves later", 34, False)]
    assert rows["course_id"].unique().to_list() == ["X"], "what is planned later is not overdue"
    assert sorted(rows["training_system_ids"][0].split("; ")) == ["lms: L-a", "plan: P-a"], "no id of another system"
    assert alone.equals(rows.drop("training_system_ids"))


def test_the_list_is_exported_with_the_ids_and_the_run(folder: Path) -> None:
    settings = load(folder / "empathy.toml")
    assert export(settings, "overdue", folder / "overdue.csv", lambda _: IDS) == 3
    words = (folder / "overdue.csv").read_text()
    assert "# run_id: run-1" in words
    assert "lms: L-c" in words


def test_a_version_without_a_plan_has_no_such_list(tmp_path: Path) -> None:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "Test"\nwarehouse = "warehouse"\n')
    with Draft.open(tmp_path / "warehouse", "run-1") as draft:
        draft.write_table("mart", "agent", pl.DataFrame({"agent_key": ["a"]}))
        draft.publish()
    with pytest.raises(ExportError, match='no relation "overdue"'):
        export(load(tmp_path / "empathy.toml"), "overdue", tmp_path / "x.csv")
