"""Planted dirt is counted right, is there to be found, and leaves every clean row as it was."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from sample_data import exports
from sample_data.dirt import KINDS, _clock_changes
from sample_data.world import World


@pytest.fixture(scope="module")
def both(exported: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    clean, dirty = tmp_path_factory.mktemp("clean"), tmp_path_factory.mktemp("dirty")
    exports.write(exported, clean)
    exports.write(exported, dirty, dirt=True)
    return clean / "exports", dirty / "exports"


@pytest.fixture(scope="module")
def planted(both: tuple[Path, Path]) -> dict[str, int]:
    told = json.loads((both[1].parent / exports.PLANTED).read_text())
    return {entry["kind"]: entry["count"] for entry in told}


def _added(both: tuple[Path, Path], name: str) -> Counter[str]:
    clean, dirty = ((folder / name).read_text().splitlines() for folder in both)
    return Counter(dirty) - Counter(clean)


def _added_in(both: tuple[Path, Path], sub: str) -> Counter[str]:
    added: Counter[str] = Counter()
    for path in sorted((both[1] / sub).glob("*.jsonl")):
        added += _added(both, f"{sub}/{path.name}")
    return added


def test_every_kind_is_planted(planted: dict[str, int]) -> None:
    assert set(planted) == set(KINDS)
    assert all(count > 0 for count in planted.values())


def test_every_clean_row_is_still_there(both: tuple[Path, Path]) -> None:
    clean, dirty = both
    for path in sorted(clean.rglob("*")):
        if path.is_file() and path.name != "xapi_statements.jsonl":
            lost = Counter(path.read_text().splitlines()) - Counter(
                (dirty / path.relative_to(clean)).read_text().splitlines()
            )
            assert not lost, path.name


def test_planted_contacts_are_found(both: tuple[Path, Path], planted: dict[str, int]) -> None:
    original = {json.loads(line)["ContactId"] for path in (both[0] / "contacts").glob("*") for line in path.open()}
    lines = {line for path in (both[0] / "contacts").glob("*") for line in path.read_text().splitlines()}
    found: Counter[str] = Counter()
    for line, times in _added_in(both, "contacts").items():
        found[_kind_of_contact(line, original, lines)] += times
    assert dict(found) == {kind: count for kind, count in planted.items() if kind.startswith("contact_")}


def _kind_of_contact(line: str, original: set[str], lines: set[str]) -> str:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return "contact_broken_line"
    if line in lines:
        return "contact_duplicate"
    if record["ContactId"] in original:
        assert record["Agent"]["AfterContactWorkDuration"] == 0
        return "contact_older_delivery"
    if record["Agent"] is None:
        return "contact_without_agent"
    if record["DisconnectTimestamp"] < record["InitiationTimestamp"]:
        return "contact_reversed"
    return {"ag9901": "contact_unknown_agent", "ag9951": "contact_ambiguous_agent"}[record["Agent"]["Username"]]


def test_older_deliveries_are_older(both: tuple[Path, Path]) -> None:
    newest: dict[str, str] = {}
    for path in (both[0] / "contacts").glob("*"):
        for line in path.open():
            record = json.loads(line)
            newest[record["ContactId"]] = record["LastUpdateTimestamp"]
    for path in (both[1] / "contacts").glob("*"):
        for line in path.read_text().splitlines():
            if '"AfterContactWorkDuration":0' in line and '"ag99' not in line:
                record = json.loads(line)
                assert record["LastUpdateTimestamp"] <= newest.get(record["ContactId"], "9999")


def test_planted_tickets_are_found(both: tuple[Path, Path], planted: dict[str, int]) -> None:
    found: Counter[str] = Counter()
    for line, times in _added_in(both, "tickets").items():
        ticket = json.loads(line)
        orphan = ticket["custom_fields"][0]["value"] >= "c-90000000"
        found["ticket_orphan" if orphan else "ticket_older_version"] += times
        if not orphan:
            assert not {"escalated_l2", "escalated_supervisor", "complaint"} & set(ticket["tags"])
    assert dict(found) == {kind: count for kind, count in planted.items() if kind.startswith("ticket_")}


def test_planted_survey_rows_are_found(both: tuple[Path, Path], planted: dict[str, int]) -> None:
    clean, dirty = (
        Counter(tuple(row) for row in csv.reader(io.StringIO((folder / "qualtrics_csat.csv").read_text())))
        for folder in both
    )
    found: Counter[str] = Counter()
    for row, times in (dirty - clean).items():
        kind = "preview" if row[2] == "1" else "off_scale" if row[17] == "11" else "duplicate"
        found[f"survey_{kind}"] += times
    assert dict(found) == {kind: count for kind, count in planted.items() if kind.startswith("survey_")}


def test_planted_table_rows_are_found(both: tuple[Path, Path], planted: dict[str, int]) -> None:
    folder = both[1]
    offers = pl.read_csv(folder / "offers.csv", infer_schema_length=None)
    assert offers.height - offers.unique().height == planted["offer_duplicate"]
    assert (offers["Currency"] == "USD").sum() == planted["offer_other_currency"]
    assert (offers["Cancelled at"] < offers["Made at"]).sum() == planted["offer_reversed"]
    evaluations = pl.read_csv(folder / "qa_evaluations.csv", infer_schema_length=None)
    assert (evaluations["Active listening"] > 1).sum() == planted["evaluation_off_scale"]
    assert (evaluations["Agent"] == "QA-9901").sum() == planted["evaluation_unknown_agent"]
    events = pl.read_csv(folder / "customer_events.csv")
    assert events["At"].str.starts_with("2024-02-31").sum() == planted["event_impossible_date"]
    days = pl.read_csv(folder / "agent_days.csv")
    assert days.height - days.unique().height == planted["agent_day_duplicate"]
    assert (days["Worked seconds"] > 26 * 3600).sum() == planted["agent_day_too_long"]
    staff = pl.read_csv(folder / "bamboohr_employees.csv", infer_schema=False)
    left = staff.filter(pl.col("terminationDate") != "0000-00-00")
    assert (left["terminationDate"] < left["hireDate"]).sum() == planted["staff_reversed"]
    plan = pl.read_csv(folder / "training_plan.csv")
    assert plan["Assigned at"].str.ends_with("-31T02:30:00").sum() == planted["plan_in_clock_gap"]
    assert plan["Assigned at"].str.ends_with("-27T02:30:00").sum() == planted["plan_in_clock_fold"]


def test_other_offsets_name_the_same_moments(both: tuple[Path, Path], planted: dict[str, int]) -> None:
    clean, dirty = (
        pl.Series([json.loads(line)["timestamp"] for line in (folder / "xapi_statements.jsonl").open()])
        for folder in both
    )
    assert dirty.str.ends_with("+09:00").sum() == planted["statement_other_offset"]
    assert clean.str.to_datetime("%+").to_list() == dirty.str.to_datetime("%+").to_list()


def test_clocks_change_on_last_sundays() -> None:
    assert [day.isoformat() for day in _clock_changes(2025)] == ["2025-03-30", "2025-10-26"]
    assert [day.isoformat() for day in _clock_changes(2024)] == ["2024-03-31", "2024-10-27"]


def test_dirty_configuration_allows_for_the_dirt(both: tuple[Path, Path]) -> None:
    from etl.configuration import model as config

    loaded = config.load(both[1].parent / "empathy.toml")
    assert {source.max_reject_share for source in loaded.sources.values()} == {0.10}
