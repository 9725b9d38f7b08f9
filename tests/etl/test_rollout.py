"""The real roll-out: four raw, dirty public files loaded with every row accounted for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from etl.build import BuildReport, build
from etl.configuration.model import load
from etl.warehouse.reader import Warehouse

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = Path(os.environ.get("EMPATHY_REFERENCE_DATA", ROOT.parent / "shared" / "data")).resolve()

pytestmark = [
    pytest.mark.reference_data,
    pytest.mark.skipif(
        not (REFERENCE / "rollout" / "lms_completions.csv.gz").is_file(),
        reason=f"the public roll-out data are not in {REFERENCE}; set EMPATHY_REFERENCE_DATA",
    ),
]


@pytest.fixture(scope="module")
def rollout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, BuildReport]:
    """The example as committed, with a study of half a year: the books are the same, the marts smaller."""
    folder = tmp_path_factory.mktemp("rollout")
    text = (ROOT / "examples" / "rollout" / "empathy.toml").read_text(encoding="utf-8")
    text = text.replace("study_to = 2016-06-12", "study_to = 2013-06-30").replace("2011-01-03", "2013-01-07")
    (folder / "empathy.toml").write_text(text, encoding="utf-8")
    patch = pytest.MonkeyPatch()
    patch.setenv("EMPATHY_REFERENCE_DATA", str(REFERENCE))
    report = build(load(folder / "empathy.toml"))
    patch.undo()
    return Warehouse(folder / "warehouse"), report


def ask(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.reader() as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(query).fetchall()
    return rows


def test_every_input_row_is_accounted_for(rollout: tuple[Warehouse, BuildReport]) -> None:
    _, report = rollout
    files = {file.source: file for file in report.files}
    assert {source: file.read for source, file in files.items()} == {
        "training": 10_836,
        "units": 115_987,
        "incidents": 131_142,
        "accused": 125_581,
    }
    for file in report.files:
        assert file.read == file.loaded + file.rejected + file.duplicate
    assert {relation.difference for relation in report.reconciliation} == {0}


def test_duplicate_complaints_count_once(rollout: tuple[Warehouse, BuildReport]) -> None:
    warehouse, report = rollout
    files = {file.source: file for file in report.files}
    assert files["incidents"].duplicate == 21_803
    assert files["accused"].duplicate == 1
    assert ask(warehouse, "select count(*) - count(distinct escalation_id) from core.escalation") == [(0,)]


def test_ambiguous_people_are_rejected_as_ambiguous(rollout: tuple[Warehouse, BuildReport]) -> None:
    warehouse, report = rollout
    coverage = {source.source: source for source in report.coverage}
    assert coverage["training"].ambiguous > 500
    assert coverage["training"].unknown < 100
    told = dict(
        ask(
            warehouse,
            "select case when reasons[1] like '%ambiguous%' then 'ambiguous' when reasons[1] like '%unknown%' "
            "then 'unknown' else 'other' end, count(*) from meta.reject where source = 'training' group by 1",
        )
    )
    files = {file.source: file for file in report.files}
    assert told.keys() == {"ambiguous", "unknown"}
    assert sum(told.values()) == files["training"].rejected


def test_reversed_overlapping_and_open_spells_are_repaired_and_counted(rollout: tuple[Warehouse, BuildReport]) -> None:
    warehouse, report = rollout
    assert report.repairs is not None
    assert report.repairs.counts["reversed"] > 6_000
    assert all(number > 0 for number in report.repairs.counts.values())
    assert dict(ask(warehouse, 'select kind, "rows" from meta.repair')) == report.repairs.counts
    overlapping = ask(
        warehouse,
        "select count(*) from (select valid_to, "
        "lead(valid_from) over (partition by agent_key order by valid_from) as n from core.agent_team) "
        "where valid_to <> n or (valid_to is null and n is not null)",
    )
    assert overlapping == [(0,)]


def test_exposure_is_days_in_a_unit_and_other_kpis_stay_empty(rollout: tuple[Warehouse, BuildReport]) -> None:
    warehouse, _ = rollout
    (row,) = ask(
        warehouse,
        "select sum(complaints_per_1000_agent_days_num), sum(complaints_per_1000_agent_days_den), "
        "sum(complaints_per_1000_den), sum(csat_top2_den), count(distinct agent_key), count(distinct week) "
        "from mart.agent_week",
    )
    complaints, days, contacts, answers, agents, weeks = row
    assert 500 < complaints < 5_000
    assert weeks == 25
    assert 0.9 < days / (agents * weeks * 7) <= 1.0
    assert (contacts, answers) == (None, None)
