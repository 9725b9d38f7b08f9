"""A KPI that no line of code knows: an entry in the catalogue and its columns are enough."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from analysis import Slice
from analysis.study.request import Request
from analysis.study.run import estimate_all, setting_of, study
from etl.configuration.kpis import Catalogue, load
from tests.analysis.worlds import configuration, warehouse

VALUE = """
[value]
[value.kpis.smiles]
low = 1
likely = 2
high = 3
[value.kpis.laughs]
low = 1
likely = 2
high = 3
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Two entries made from the words of another: shares of contacts that lead to the same money."""
    like = load()["escalation_rate"]
    plain = {"label": "Smiles", "short": "Smiles", "better": "higher", "money_group": "joy"}
    return Catalogue(
        [
            like.model_copy(update={**plain, "id": "laughs", "label": "Laughs", "money_rank": 2}),
            like.model_copy(update={**plain, "id": "smiles"}),
        ]
    )


def test_it_is_estimated_judged_checked_and_valued_everywhere(catalogue: Catalogue, tmp_path: Path) -> None:
    con = warehouse(11, teams=24, effect_scale=2.0)
    for kpi in catalogue:
        for part in ("num", "den"):
            con.execute(f"alter table mart.agent_week add column {kpi}_{part} double")
            con.execute(f"update mart.agent_week set {kpi}_{part} = escalation_rate_{part}")
    config = configuration(tmp_path, extra=VALUE)
    frames = estimate_all(con, config, catalogue)
    head = frames["effect"].filter((pl.col("kpi") == "smiles") & (pl.col("role") == "headline"))

    assert set(head["slice_kind"]) == {"overall", "site", "channel", "tenure_band", "cohort"}
    assert frames["family"]["kpi"].to_list() == ["laughs", "smiles"]
    for name in ("event_time", "cohort_effect", "calendar_effect", "att_gt", "ladder", "check", "value"):
        assert "smiles" in frames[name]["kpi"].to_list(), name
    told = {row["kpi"]: row["sentence"] for row in frames["value"].filter(pl.col("scenario") == "likely").to_dicts()}
    assert "contact" in told["smiles"]
    assert "same money as smiles" in told["laughs"]
    request = Request(catalogue["smiles"], Slice(site=("Madrid",)))
    assert study(con, request, setting_of(con, config, catalogue)).headline is not None
