"""KPIs for which nothing changed are not estimated again, and the tables are those of a full run."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import analysis
from analysis.panel.evaluations import BASE
from analysis.panel.inputs import TABLES, kept_rows
from analysis.study import by_kpi, kept
from analysis.study.kept import KeptStudies
from analysis.study.run import estimate_all
from tests.analysis.worlds import catalogue, configuration, warehouse

KPIS = ("escalation_rate", "transfer_rate")
Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return warehouse(7, teams=10, seats=3, weeks=30, pre_weeks=14)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return configuration(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def first(con: duckdb.DuckDBPyConnection, config: Any) -> tuple[Frames, dict[str, tuple[str, bytes]]]:
    """A full run, and what it keeps, read back from the table it is kept in."""
    keeping = KeptStudies({})
    frames = estimate_all(con, config, catalogue(KPIS), kept=keeping)
    stored = keeping.frame()
    con.execute("create schema if not exists meta")
    con.register("incoming", stored.to_arrow())
    con.execute("create or replace table meta.kept_study as select * from incoming")
    con.unregister("incoming")
    return frames, dict(kept_rows(con))


@pytest.fixture
def studied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the KPIs that are estimated, one for every study."""
    asked: list[str] = []
    real = by_kpi.study_one

    def counted(weeks: Any, request: Any, setting: Any) -> Any:
        asked.append(request.kpi.id)
        return real(weeks, request, setting)

    monkeypatch.setattr(by_kpi, "study_one", counted)
    return asked


@contextmanager
def changed(con: duckdb.DuckDBPyConnection, table: str, change: str) -> Iterator[None]:
    """A table with some rows changed, as it was before when the block ends."""
    con.execute(f"create or replace temp table as_it_was as select * from {table} order by rowid")
    con.execute(f"update {table} set {change}")
    try:
        yield
    finally:
        con.execute(f"create or replace table {table} as select * from as_it_was order by rowid")


def same(one: Frames, other: Frames) -> bool:
    return list(one) == list(other) and all(
        frame.to_dict(as_series=False) == other[name].to_dict(as_series=False) for name, frame in one.items()
    )


def test_nothing_changed_nothing_is_estimated(con: Any, config: Any, first: Any, studied: list[str]) -> None:
    frames, earlier = first
    again = KeptStudies(earlier)
    assert same(estimate_all(con, config, catalogue(KPIS), kept=again), frames)
    assert studied == []
    assert again.frame().rows() == [(kpi, *earlier[kpi]) for kpi in KPIS]


def test_another_number_in_the_data_estimates_its_kpi_again(
    con: Any, config: Any, first: Any, studied: list[str]
) -> None:
    change = "transfer_rate_num = transfer_rate_den - transfer_rate_num where agent_ix = 3"
    with changed(con, "mart.agent_week", change):
        found = estimate_all(con, config, catalogue(KPIS), kept=KeptStudies(first[1]))
        assert set(studied) == {"transfer_rate"}
        assert same(found, estimate_all(con, config, catalogue(KPIS)))
        assert not same(found, first[0])


def test_another_entry_in_the_catalogue_estimates_its_kpi_again(
    con: Any, tmp_path: Path, first: Any, studied: list[str]
) -> None:
    other = configuration(tmp_path, extra="[kpis.escalation_rate]\nsmallest_effect = 0.05\n")
    found = estimate_all(con, other, catalogue(KPIS), kept=KeptStudies(first[1]))
    assert set(studied) == {"escalation_rate"}
    assert same(found, estimate_all(con, other, catalogue(KPIS)))


@pytest.mark.parametrize("change", ["code", "agents", "level"])
def test_what_all_kpis_rest_on_estimates_them_all_again(
    change: str, con: Any, config: Any, first: Any, studied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, data = config, "agent_ix = agent_ix where false"
    if change == "code":
        monkeypatch.setattr(kept, "code_hash", lambda package: f"{package}, one line longer")
    elif change == "agents":
        data = "hired_on = hired_on - 7 where agent_ix = 2"
    else:
        project = config.project.model_copy(update={"ci_level": 0.9})
        settings = config.model_copy(update={"project": project})
    with changed(con, "mart.agent", data):
        estimate_all(con, settings, catalogue(KPIS), kept=KeptStudies(first[1]))
    assert set(studied) == set(KPIS)


def test_what_is_no_study_is_not_loaded_but_estimated_again(
    con: Any, config: Any, first: Any, studied: list[str]
) -> None:
    frames, earlier = first

    class Foreign:
        def __reduce__(self) -> Any:
            return os.system, ("echo loaded",)

    planted = {kpi: (mark, pickle.dumps(Foreign())) for kpi, (mark, _) in earlier.items()}
    assert same(estimate_all(con, config, catalogue(KPIS), kept=KeptStudies(planted)), frames)
    assert set(studied) == set(KPIS)


def test_the_fingerprint_covers_every_relation_that_analysis_reads() -> None:
    files = Path(analysis.__file__).parent.rglob("*.py")
    sources = "\n".join(file.read_text(encoding="utf-8") for file in files)
    read = set(re.findall(r"(?:from|join) ((?:mart|core)\.(?:[a-z_]+|\{BASE\}))", sources))
    assert {name.replace("{BASE}", BASE) for name in read} == {*TABLES, "mart.agent_week"}
