"""One KPI or one check that fails never ends a run: its reason stands in its place. Units change no verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis.checks import pre_trends, sensitivity
from analysis.comparison.compare import Comparison, TeamMates
from analysis.comparison.setting import Setting
from analysis.design import Situation, choose
from analysis.study import averages, diagnostics, leaving, run
from analysis.study.averages import study_of
from analysis.study.failures import attempted
from analysis.study.kpi_study import KpiStudy
from analysis.study.request import Request
from analysis.study.run import estimate_all
from analysis.words.numbers import Reader
from analysis.words.verdict import BLOCKING_CHECKS, PHRASE_CHECKS
from etl.configuration.kpis import load
from etl.configuration.programme import Assignment
from tests.analysis.effects import test_exposure
from tests.analysis.worlds import catalogue, configuration, flat_world, panel_of, warehouse

PANEL = panel_of(flat_world(8, teams=14, seats=3, weeks=30, pre_weeks=14, effect_scale=2.0))
SAME = 1e-9
DRAWN = 1e-6
"""Bands have a critical value that is searched for among draws."""
IN_UNITS = {
    "estimate", "std_error", "ci", "band", "size", "direct", "per_ten", "as_run", "everybody", "naive", "weighted",
    "bound", "shrunk", "difference", "value",
}  # fmt: skip
"""Columns in the KPI's own unit, without their ``_low`` and ``_high``."""
UNLIKE = {"sentence", "label", "reason", "n_contacts"}
"""Words hold numbers of their own unit; contacts are counted by weight."""


def fails(*_: Any, **__: Any) -> Any:
    raise ValueError("zero-size array\nto reduction")


def setting() -> Setting:
    nobody: Any = None
    design = choose(Assignment(mode="team_waves", unit="team"), Situation(True, 1, 1, 0.0, False))
    return Setting(design=design, roster=nobody, reader=Reader(), ci_level=0.95)


def studied(unit: float = 1.0, weight: float = 1.0, level: float = 0.0) -> KpiStudy:
    """Revenue per contact in some currency."""
    num = (PANEL.num + level * PANEL.den) * unit * weight
    kpi = load()["upsell_revenue"].model_copy(update={"smallest_effect": 0.01 * unit})
    panel = replace(PANEL, num=num, den=PANEL.den * weight)
    return study_of(Comparison.of(panel), Request(kpi, thorough=True), setting())


@pytest.fixture(scope="module")
def plain() -> KpiStudy:
    return studied()


@pytest.mark.parametrize(
    "changes",
    [{"unit": 1e-12}, {"unit": 25_000.0}, {"unit": 1e12}, {"weight": 1e-12}, {"weight": 1e12}, {"level": 1e3}],
)
def test_units_change_no_number_no_check_and_no_verdict(plain: KpiStudy, changes: dict[str, float]) -> None:
    found, unit = studied(**changes), changes.get("unit", 1.0)
    tolerance = 1e-6 if "level" in changes else SAME

    assert found.verdict.state == plain.verdict.state
    assert [(c.check, c.status) for c in found.checks] == [(c.check, c.status) for c in plain.checks]
    assert found.headline is not None
    assert plain.headline is not None
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(found.headline, name) / unit == pytest.approx(getattr(plain.headline, name), rel=tolerance)
    same_tables(plain, found, unit, tolerance)


def same_tables(plain: KpiStudy, found: KpiStudy, unit: float, tolerance: float) -> None:
    """Every number of every table is the same in the other unit; words hold numbers of their own unit."""
    for name, rows in plain.tables.items():
        assert len(rows) == len(found.tables[name]), name
        for row, other in zip(rows, found.tables[name], strict=True):
            assert set(row) == set(other), name
            for column in row:
                if not isinstance(row[column], float) or column == "n_contacts":
                    assert column in UNLIKE or row[column] == other[column], (name, column)
                    continue
                scale = unit if column.removesuffix("_low").removesuffix("_high") in IN_UNITS else 1.0
                close = max(tolerance, DRAWN) if column.startswith("band") else tolerance
                near = pytest.approx(row[column], rel=close, abs=close, nan_ok=True)
                assert other[column] / scale == near, (name, column)


@pytest.mark.parametrize("unit", [1e-9, 25_000.0, 1e9])
def test_units_change_nothing_of_how_an_effect_fades(unit: float) -> None:
    since = np.arange(PANEL.n_periods)[None, :] - PANEL.cohort_ix[:, None]
    fading = PANEL.with_outcome(PANEL.y + 0.3 * PANEL.trained_cells * 2.0 ** (-np.maximum(since, 0) / 8), "y")
    kpi = load()["upsell_revenue"]

    def of(unit: float) -> KpiStudy:
        small = kpi.model_copy(update={"smallest_effect": 0.01 * unit})
        panel = replace(fading, num=fading.num * unit)
        return study_of(Comparison.of(panel), Request(small, thorough=True, tables=frozenset()), setting())

    plain, found = of(1.0), of(unit)
    assert plain.tables["course"][0]["state"] == "fading"
    assert plain.tables["course"][0]["size"] > 0
    same_tables(plain, found, unit, SAME)


@pytest.mark.parametrize("unit", [1e-9, 25_000.0, 1e9])
def test_units_change_nothing_of_what_team_mates_catch(unit: float) -> None:
    mixed = test_exposure.made()
    kpi = load()["upsell_revenue"]

    def of(unit: float) -> KpiStudy:
        panel = replace(mixed, num=mixed.num * unit)
        there = replace(Comparison.of(panel), team_mates=TeamMates(panel, test_exposure.started(panel)))
        small = kpi.model_copy(update={"smallest_effect": 0.01 * unit})
        return study_of(there, Request(small, thorough=True, tables=frozenset()), setting())

    plain, found = of(1.0), of(unit)
    assert plain.tables["spillover"][0]["state"] == "told"
    assert plain.tables["spillover"][0]["per_ten"] != 0
    same_tables(plain, found, unit, SAME)


@pytest.mark.parametrize("diagnostic", diagnostics.DIAGNOSTICS, ids=lambda made: made.check)
def test_a_check_that_fails_says_so_in_its_place(
    monkeypatch: pytest.MonkeyPatch, diagnostic: diagnostics.Diagnostic
) -> None:
    broken = tuple(
        replace(made, run=fails, applies=lambda _: True) if made is diagnostic else made
        for made in diagnostics.DIAGNOSTICS
    )
    monkeypatch.setattr(diagnostics, "DIAGNOSTICS", broken)
    kpi = load()["escalation_rate"]
    made = study_of(Comparison.of(PANEL), Request(kpi, tables=frozenset()), setting())
    result = next(c for c in made.checks if c.check == diagnostic.check)

    assert result.sentence == "This check could not be made (ValueError: zero-size array)."
    blocks = diagnostic.check in (*BLOCKING_CHECKS, *PHRASE_CHECKS)
    assert result.status == ("failed" if blocks else "informational")
    assert made.headline is not None
    assert (made.verdict.state == "dont_use") == blocks


@pytest.mark.parametrize("name", ["_completion", "_dose", "_ladder_rows"])
def test_what_stands_beside_the_headline_may_fail_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(averages, name, fails)
    made = study_of(Comparison.of(PANEL), Request(load()["escalation_rate"], thorough=True), setting())
    text = str([made.effect_rows(), made.tables.get("ladder")])

    assert made.headline is not None
    assert made.headline.available
    assert "could not be" in text
    assert "ValueError: zero-size array" in text


def test_a_poisoned_kpi_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    con = warehouse(5, teams=14, seats=3, weeks=30, pre_weeks=14)
    before = averages.compare

    def compare(weeks: Any, kpi: Any, *rest: Any, **more: Any) -> Any:
        return fails() if kpi.id == "transfer_rate" else before(weeks, kpi, *rest, **more)

    monkeypatch.setattr(averages, "compare", compare)
    monkeypatch.setattr(leaving, "hazard_ratio", fails)
    frames = estimate_all(con, configuration(tmp_path), catalogue())
    heads = frames["effect"].filter((pl.col("role") == "headline") & (pl.col("slice_kind") == "overall"))
    told = {row["kpi"]: row for row in heads.to_dicts()}

    for kpi in ("transfer_rate", "agent_attrition"):
        assert told[kpi]["verdict"] == "dont_use"
        assert "could not be estimated (ValueError: zero-size array); the other KPIs are not" in told[kpi]["sentence"]
    assert told["escalation_rate"]["estimate"] is not None
    assert told["aht_seconds"]["estimate"] is not None
    assert "leaving could not be estimated (ValueError: zero-size array)" in frames["hazard"]["sentence"][0]


@pytest.mark.slow
def test_one_poisoned_kpi_of_the_whole_catalogue_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    con, entries = warehouse(5, teams=10, seats=2, weeks=18, pre_weeks=8), load()
    held = {name for name, *_ in con.execute("describe mart.agent_week").fetchall()}
    columns = [
        f"{'escalation_rate' if kpi.family != 'gaussian' else 'aht_seconds'}_{part} as {kpi.id}_{part}"
        for kpi in entries.values()
        for part in (("num", "den") if kpi.family != "gaussian" else ("num", "den", "sq"))
        if f"{kpi.id}_{part}" not in held
    ]
    con.execute(f"create or replace table mart.agent_week as select *, {', '.join(columns)} from mart.agent_week")
    con.execute("update mart.agent_week set nps_num = 1e308, nps_sq = 'infinity'::double where agent_ix % 3 = 0")
    before = averages.compare

    def compare(weeks: Any, kpi: Any, *rest: Any, **more: Any) -> Any:
        return fails() if kpi.id == "transfer_rate" else before(weeks, kpi, *rest, **more)

    monkeypatch.setattr(averages, "compare", compare)
    monkeypatch.setattr(run, "_slices", lambda *_: iter(()))
    frames = estimate_all(con, configuration(tmp_path), entries)
    heads = frames["effect"].filter((pl.col("role") == "headline") & (pl.col("slice_kind") == "overall"))
    told = {row["kpi"]: row for row in heads.to_dicts()}
    counted = [name for name, kpi in entries.items() if kpi.kind.before_and_after]
    sound = [name for name in counted if name not in ("transfer_rate", "nps")]

    assert set(told) == set(entries)
    assert len(sound) >= 29
    assert all(told[name]["estimate"] is not None for name in sound), told
    assert "could not be estimated (ValueError: zero-size array)" in told["transfer_rate"]["sentence"]
    assert told["transfer_rate"]["verdict"] == "dont_use"
    assert told["nps"]["verdict"] in ("dont_use", "cant_tell_yet")
    assert told["nps"]["sentence"]
    worths = {row["kpi"]: row for row in frames["value_part"].to_dicts()}
    assert {name: row["state"] for name, row in worths.items()} == {name: told[name]["verdict"] for name in worths}


@pytest.mark.parametrize("error", [MemoryError("full"), OSError("disk"), duckdb.IOException("gone")])
def test_a_failure_of_the_machine_is_not_one_of_a_kpi(error: Exception) -> None:
    def run() -> str:
        raise error

    with pytest.raises(type(error)):
        attempted(run, lambda why: why)


def test_checks_have_the_names_of_their_modules() -> None:
    named = {made.check: made for made in diagnostics.DIAGNOSTICS}

    assert named["pre_trends"].label == pre_trends.LABEL
    assert named["sensitivity"].label == sensitivity.LABEL
    assert set(BLOCKING_CHECKS) <= set(named)
