"""What is planted is found: the product loads the exports and is left with exactly what was drawn, dirt or no dirt."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from etl.build import BuildReport, build
from etl.configuration import model as config
from sample_data import exports
from sample_data.parameters import Parameters
from sample_data.world import World, simulate

MEASURES = ("escalation_rate", "hostile_contact_rate", "transfer_rate", "csat_top2", "aht_seconds", "upsell_revenue")


@pytest.fixture(scope="module")
def drawn() -> World:
    """Small, with everything in it; both nights on which a clock changes lie in the window."""
    return simulate(
        Parameters(teams=6, seats_per_team=4, weeks=52, pre_weeks=12, wave_gap_weeks=6, contacts_per_week=4.0, seed=21)
    )


@pytest.fixture(scope="module")
def clean(drawn: World, tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    folder = tmp_path_factory.mktemp("clean")
    exports.write(drawn, folder)
    return build(config.load(folder / "empathy.toml"))


@pytest.fixture(scope="module")
def dirty(drawn: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildReport, dict[str, dict]]:
    folder = tmp_path_factory.mktemp("dirty")
    exports.write(drawn, folder, dirt=True)
    told = json.loads((folder / exports.PLANTED).read_text())
    return build(config.load(folder / "empathy.toml")), {entry["kind"]: entry for entry in told}


def _ask(report: BuildReport, query: str) -> list[tuple]:
    with duckdb.connect(str(Path(report.warehouse)), read_only=True) as con:
        return con.execute(query).fetchall()


def _by_week(report: BuildReport) -> list[tuple]:
    sums = ", ".join(f"sum({name}_num), sum({name}_den)" for name in MEASURES)
    cells = "from mart.agent_week where escalation_rate_den > 0 group by 1 order by 1"
    return _ask(report, f"select week, {sums} {cells}")


def test_clean_exports_lose_no_row(clean: BuildReport) -> None:
    plain_work = {file.path: file.rejected for file in clean.files if file.rejected}
    assert all("tickets" in path for path in plain_work), "only tickets that are no escalation are left out"
    assert all(file.read == file.loaded + file.rejected + file.duplicate for file in clean.files)
    assert sum(file.duplicate for file in clean.files) == 0


def test_loaded_counts_are_those_drawn(drawn: World, clean: BuildReport) -> None:
    loaded = _by_week(clean)
    monday = dt.date.fromisoformat(drawn.params.start)
    expected = (
        drawn.contacts.group_by((pl.col("day") // 7).alias("week"))
        .agg(pl.len(), *(pl.col(column).sum() for column in ("escalated", "hostile", "transferred", "handle")))
        .sort("week")
    )
    assert len(loaded) == drawn.params.weeks
    for (week, *sums), (number, contacts, escalated, hostile, transferred, handle) in zip(
        loaded, expected.iter_rows(), strict=True
    ):
        assert week == monday + dt.timedelta(days=7 * number)
        assert sums[0:2] == [escalated, contacts]
        assert sums[2:4] == [hostile, contacts]
        assert sums[4:6] == [transferred, contacts]
        assert sums[8:10] == [handle, contacts]


def test_trained_weeks_are_those_of_the_programme(drawn: World, clean: BuildReport) -> None:
    monday = dt.date.fromisoformat(drawn.params.start)
    trained = "from mart.agent where trained_week is not null group by 1 order by 1"
    loaded = _ask(clean, f"select trained_week, count(*) {trained}")
    weeks = pl.Series(drawn.trained_week).value_counts().sort(by=pl.first())
    expected = [
        (monday + dt.timedelta(days=7 * week), count) for week, count in weeks.iter_rows() if week < drawn.params.weeks
    ]
    assert loaded == expected


def test_dirt_leaves_the_clean_world(clean: BuildReport, dirty: tuple[BuildReport, dict[str, dict]]) -> None:
    assert _by_week(dirty[0]) == _by_week(clean)


def test_planted_is_found(clean: BuildReport, dirty: tuple[BuildReport, dict[str, dict]]) -> None:
    """By source: rows more than in the clean exports that were duplicate, rejected or left out on purpose."""
    report, planted = dirty
    for source in {entry["source"] for entry in planted.values()}:
        wanted = {"duplicate": 0, "rejected": 0, "loaded": 0}
        for entry in planted.values():
            if entry["source"] == source:
                fate = {"dropped": "rejected", "flagged": "loaded"}.get(entry["fate"], entry["fate"])
                wanted[fate] += entry["count"]
        if source == "xapi":
            wanted["loaded"] = 0
        found = {
            kind: sum(getattr(file, kind) for file in report.files if file.source == source)
            - sum(getattr(file, kind) for file in clean.files if file.source == source)
            for kind in wanted
        }
        assert found == wanted, source


def test_flagged_dirt_is_flagged(dirty: tuple[BuildReport, dict[str, dict]]) -> None:
    report, planted = dirty
    checks = {check.check: check for check in report.checks}
    assert checks["escalation_contact"].violations == planted["ticket_orphan"]["count"]
    assert checks["foreign_currency"].violations == planted["offer_other_currency"]["count"]
