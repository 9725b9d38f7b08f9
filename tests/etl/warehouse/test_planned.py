"""The accepted plan by agent: the last plan, its teams' agents of now who are not trained, ids of training systems."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl

from etl.configuration.model import load
from etl.warehouse.export import export
from etl.warehouse.publish import Draft

OLD, NEW = datetime(2025, 1, 1), datetime(2025, 2, 1)

PEOPLE = ("moved", "stays", "trained", "left", "apart")
SYSTEMS = [("lms", f"L-{name}", name) for name in PEOPLE] + [("phone", "T-stays", "stays")]
IDS = pl.DataFrame(SYSTEMS, schema=["_source", "source_agent_id", "agent_key"], orient="row")


def version(draft: Draft) -> None:
    plan = [
        ("p1", OLD, "A", 1, date(2025, 2, 3)),
        ("p2", NEW, "A", 2, date(2025, 4, 7)),
        ("p2", NEW, "B", 1, date(2025, 3, 10)),
        ("p2", NEW, "C", None, None),
    ]
    draft.write_table(
        "core", "accepted_plan",
        pl.DataFrame(plan, schema=["plan_id", "accepted_at", "team_id", "wave", "starts_on"], orient="row"),
    )  # fmt: skip
    spells = [
        ("moved", "A", date(2024, 1, 1), date(2025, 2, 1)),
        ("moved", "B", date(2025, 2, 1), None),
        ("stays", "A", date(2024, 1, 1), None),
        ("trained", "A", date(2024, 1, 1), None),
        ("left", "A", date(2024, 1, 1), None),
        ("apart", "C", date(2024, 1, 1), None),
    ]
    names = ["agent_key", "team_id", "valid_from", "valid_to"]
    draft.write_table("core", "agent_team", pl.DataFrame(spells, schema=names, orient="row"))
    draft.write_table("core", "week", pl.DataFrame({"week": [date(2025, 2, 24)]}))
    draft.write_table("core", "training", pl.DataFrame({"_source": ["lms"]}))
    agents = {
        "agent_key": PEOPLE,
        "left_on": pl.Series([None, None, None, date(2025, 2, 20), None], dtype=pl.Date),
        "trained_week": pl.Series([None, None, date(2025, 2, 3), None, None], dtype=pl.Date),
    }
    draft.write_table("mart", "agent", pl.DataFrame(agents))


def test_the_last_plan_is_exported_by_agent_with_the_ids_of_the_training_system(tmp_path: Path) -> None:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "Test"\nwarehouse = "warehouse"\n')
    with Draft.open(tmp_path / "warehouse", "run-1") as draft:
        version(draft)
        draft.publish()

    assert export(load(tmp_path / "empathy.toml"), "planned", tmp_path / "planned.csv", lambda _: IDS) == 3
    found = pl.read_csv(tmp_path / "planned.csv", comment_prefix="#", try_parse_dates=True)
    assert found.select("plan_id", "team_id", "wave", "starts_on", "agent_key", "training_system_ids").rows() == [
        ("p2", "B", 1, date(2025, 3, 10), "moved", "lms: L-moved"),
        ("p2", "A", 2, date(2025, 4, 7), "stays", "lms: L-stays"),
        ("p2", "C", None, None, "apart", "lms: L-apart"),
    ]
