"""The KPIs tested together: what is stored of them, and that it agrees with what was computed apart."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis import Slice
from analysis.effects.hazard import hazard_ratio
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.study.family import family_rows, shared_influence
from analysis.study.leaving import spell_weeks
from analysis.study.run import estimate_all, setting_of
from tests.analysis.worlds import catalogue, configuration, warehouse

#: 9,999 sign flips: a p-value of a few per cent to half a point.
SIMULATED = 0.01


def made(estimate: float, clusters: list[str] | None, influence: np.ndarray, df: float = np.inf) -> Any:
    """A study with no more than the family needs."""
    error = float(np.sqrt(influence @ influence))
    t = abs(estimate / error)
    headline = SimpleNamespace(estimate=estimate, df=df)
    pair = None if clusters is None else (np.array(clusters), influence)
    return SimpleNamespace(headline=headline, influence=pair, p_value=math.erfc(t / math.sqrt(2)))


TEAMS = [f"t{i:03d}" for i in range(200)]


def test_kpis_are_put_on_the_clusters_of_all() -> None:
    studies = {
        "a": made(1.0, ["t2", "t1"], np.array([0.2, 0.1])),
        "b": made(1.0, ["t3", "t1"], np.array([0.3, np.nan])),
        "c": made(1.0, None, np.ones(1)),
    }
    shared = shared_influence(studies)

    assert np.asarray(shared["a"]).tolist() == [0.1, 0.2, 0.0]
    assert np.asarray(shared["b"]).tolist() == [0.0, 0.0, 0.3]
    assert shared["c"] is None


def test_kpis_that_move_together_are_one_test_for_romano_and_wolf_and_many_for_holm() -> None:
    column = np.random.default_rng(1).normal(size=200) * 0.01
    error = float(np.sqrt(column @ column))
    rows = family_rows({name: made(2.3 * error, TEAMS, column) for name in "abcd"}, 0.95)

    assert [row["kpi"] for row in rows] == list("abcd")
    assert rows[0]["p_holm"] == pytest.approx(4 * rows[0]["p_value"])
    assert rows[0]["p_romano_wolf"] == pytest.approx(rows[0]["p_value"], abs=SIMULATED)
    assert not any(row["excludes_zero"] for row in rows), "Holm decides"


def test_kpis_that_share_no_team_are_as_many_tests_for_both() -> None:
    draw = np.random.default_rng(2)
    t_values = {"a": 3.1, "b": 2.5, "c": 0.4}
    studies = {}
    for k, (name, t) in enumerate(t_values.items()):
        column = draw.normal(size=200)
        studies[name] = made(t * float(np.sqrt(column @ column)), [f"{k}-{team}" for team in TEAMS], column)
    rows = family_rows(studies, 0.95)
    by_holm = multipletests([row["p_value"] for row in rows], method="holm")[1]

    assert [row["p_holm"] for row in rows] == pytest.approx(by_holm.tolist())
    assert [row["p_romano_wolf"] for row in rows] == pytest.approx(by_holm.tolist(), abs=2 * SIMULATED)
    assert [row["excludes_zero"] for row in rows] == [True, True, False]


def test_a_kpi_without_clusters_leaves_romano_and_wolf_out_rather_than_a_member() -> None:
    column = np.random.default_rng(3).normal(size=200)
    rows = family_rows({"a": made(1.0, TEAMS, column), "b": made(1.0, None, column)}, 0.95)

    assert all(math.isnan(row["p_romano_wolf"]) for row in rows)
    assert all(math.isfinite(row["p_holm"]) for row in rows)
    assert family_rows({}, 0.95) == []


def test_few_teams_behind_one_kpi_count_for_the_whole_family() -> None:
    """Student's t with the smallest degrees of freedom of the family: a t value of 2.6 is rarer with many teams."""
    column = np.random.default_rng(4).normal(size=200) * 0.01
    error = float(np.sqrt(column @ column))
    other = np.random.default_rng(5).normal(size=200) * 0.01

    def adjusted(df: float) -> float:
        few = made(0.1 * error, TEAMS, other, df)
        rows = family_rows({"a": made(2.6 * error, TEAMS, column), "b": few}, 0.95)
        return float(next(row["p_romano_wolf"] for row in rows if row["kpi"] == "a"))

    assert adjusted(3.0) > adjusted(np.inf) + 2 * SIMULATED
    assert adjusted(3.0) == pytest.approx(2 * stats.t.sf(2.6, 3) * 1.9, abs=0.05)


def test_leaving_has_an_influence_of_every_team(tmp_path: Path) -> None:
    con = warehouse(9, teams=32, hazard_ratio=0.6)
    weeks = spell_weeks(WarehouseWeeks(con), Slice(), setting_of(con, configuration(tmp_path), catalogue()))
    assert weeks is not None
    found = hazard_ratio(weeks)
    assert found.influence is not None
    teams, influence = found.influence

    assert teams.tolist() == sorted(weeks["team_id"].unique().to_list())
    assert float(np.sqrt(influence @ influence)) == pytest.approx(found.effect_std_error, rel=1e-12)


def test_the_family_is_stored_for_the_whole_programme(tmp_path: Path) -> None:
    con = warehouse(7, teams=32, hazard_ratio=0.5, effect_scale=2.0)
    frames = estimate_all(con, configuration(tmp_path), catalogue())
    family = {row["kpi"]: row for row in frames["family"].to_dicts()}
    primary = [kpi.id for kpi in catalogue().values() if kpi.role == "primary"]

    assert list(family) == primary == ["escalation_rate", "agent_attrition"]
    for row in family.values():
        assert row["p_value"] - SIMULATED <= row["p_romano_wolf"] <= row["p_holm"] + SIMULATED
    assert family["escalation_rate"]["excludes_zero"]
    second = frames["check"].filter((pl.col("check") == "few_clusters") & (pl.col("slice_kind") == "overall"))
    told = {row["kpi"]: row["sentence"] for row in second.to_dicts()}
    assert "of 100 ways to draw the waves of the teams by lot" in told["escalation_rate"]
    assert "deals" not in told["aht_seconds"], "the primary KPIs only"
