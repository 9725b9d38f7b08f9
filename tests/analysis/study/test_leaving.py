"""Leaving: the scale of its error, and which weeks count as the first days of employment."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis.effects import hazard
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.slices import EVERYTHING
from analysis.study.leaving import spell_weeks, study_leaving
from analysis.study.request import Request
from analysis.study.run import setting_of
from etl.configuration.kpis import load
from tests.analysis.worlds import catalogue, configuration, warehouse


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return warehouse(9, teams=20, seats=8, hazard_ratio=0.6)


def weeks_of(con: duckdb.DuckDBPyConnection, folder: Path) -> pl.DataFrame:
    found = spell_weeks(WarehouseWeeks(con), EVERYTHING, setting_of(con, configuration(folder), catalogue()))
    assert found is not None
    return found


def test_the_error_is_that_of_the_jackknife_over_teams(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``(G - 1) / G`` times the sum of squared changes without each of G teams (Efron and Stein 1981)."""
    seen: list[np.ndarray] = []
    before = hazard._jackknife

    def watched(*arguments: object) -> np.ndarray:
        seen.append(before(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(hazard, "_jackknife", watched)
    found = hazard.hazard_ratio(weeks_of(con, tmp_path))
    change = seen[0][:, 0]
    teams = change.size

    assert teams == 20
    assert found.std_error**2 == pytest.approx((teams - 1) / teams * float(change @ change), rel=1e-12)
    assert found.influence is not None
    assert float(np.sqrt(np.sum(found.influence[1] ** 2))) == pytest.approx(found.effect_std_error, rel=1e-12)


@pytest.mark.parametrize(("days", "weeks"), [(90, 13), (91, 13), (92, 14), (7, 1)])
def test_the_first_days_end_with_the_week_that_holds_the_last_of_them(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, days: int, weeks: int
) -> None:
    setting = setting_of(con, configuration(tmp_path), catalogue())
    kpi = load()["early_attrition"].model_copy(update={"first_days": days})
    made = study_leaving(WarehouseWeeks(con), Request(kpi), setting)
    young = weeks_of(con, tmp_path).filter(pl.col("tenure_week") < weeks)

    assert made.headline is not None
    assert young.height > 0
    assert made.headline.n_cells == young.height
