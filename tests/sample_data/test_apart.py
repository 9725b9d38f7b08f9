"""The truth lies apart: nothing that loads, estimates or shows can reach it, and no export carries it."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest

from etl.configuration import model as config
from sample_data import exports, truth
from sample_data.world import World

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("etl", "analysis", "dashboard")
TRUTH_FILES = ("agent_week.parquet", "conversations.parquet", "effects.csv", "money.csv", "world.json")


def _modules() -> list[Path]:
    return [path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_product_neither_imports_the_simulator_nor_names_its_truth(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "sample_data" for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] != "sample_data"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value.strip().strip("/").split("/")
            assert not (named[0] == "truth" and named[-1] in TRUTH_FILES)


def test_sql_does_not_name_the_truth() -> None:
    for path in (ROOT / "sql").rglob("*.sql"):
        text = path.read_text(encoding="utf-8").lower()
        assert not any(f"truth/{name}" in text for name in TRUTH_FILES)


def test_configuration_reads_only_the_exports(exported: World, tmp_path: Path) -> None:
    exports.write(exported, tmp_path)
    truth.write(exported, tmp_path / "truth")
    loaded = config.load(tmp_path / "empathy.toml")
    for source in loaded.sources.values():
        for pattern in source.paths:
            assert pattern.startswith("exports/")
            assert all(tmp_path / "exports" in path.parents for path in tmp_path.glob(pattern))


def test_exports_carry_no_truth(exported: World, tmp_path: Path) -> None:
    words = ("tau", "dose", "__none", "__seen", "potential", "hazard", "effect_scale")
    for path in exports.write(exported, tmp_path):
        if path.suffix == ".csv":
            assert not any(word in path.read_text().splitlines()[0] for word in words), path.name
        if path.suffix == ".jsonl":
            assert not any(word in path.open().readline() for word in words), path.name


def test_truth_is_written_whole(exported: World, tmp_path: Path) -> None:
    paths = truth.write(exported, tmp_path)
    assert sorted(path.name for path in paths) == sorted(TRUTH_FILES)
    cells = pl.read_parquet(paths[0])
    assert cells.height == exported.cells.height
    assert cells.select("employee_number", "week").is_unique().all()
    assert cells["week"].dt.weekday().unique().to_list() == [1]
    effects = pl.read_csv(paths[1])
    assert {"att", "itt", "direct", "spillover", "through_skills", "event_time", "cohort"} <= set(effects["estimand"])
    assert effects["kpi"].n_unique() == len(truth.kpis(exported))


def test_truth_knows_the_kpis_of_the_catalogue(exported: World) -> None:
    """Leaving and phrases heard have their own truth; every other primary KPI and every skill is in the tables."""
    from etl.configuration import kpis

    catalogue = kpis.load()
    known = set(truth.kpis(exported))
    assert known <= set(catalogue.ids())
    expected = {name for name in catalogue.ids() if catalogue[name].role in ("primary", "mechanism")}
    heard = {name for name in expected if catalogue[name].base == "conversation"}
    assert expected - heard - {"agent_attrition"} <= known


def test_money_is_units_times_price_and_adds_up(exported: World) -> None:
    money = truth.money(exported)
    rows = {row["kpi"]: row for row in money.iter_rows(named=True)}
    escalated = rows["escalation_rate"]
    assert escalated["likely"] == pytest.approx(-escalated["units"] * exported.params.money.escalation[1])
    assert escalated["low"] < escalated["likely"] < escalated["high"]
    assert rows["cost"]["likely"] == pytest.approx(-rows["cost"]["units"] * exported.params.money.programme[1])
    assert rows["net"]["likely"] == pytest.approx(sum(r["likely"] for name, r in rows.items() if name != "net"))
    assert rows["agent_attrition"]["units"] < 0 < rows["agent_attrition"]["likely"]
