"""The simpler ways of comparing: stored for everybody, worked out for any other selection when a reader asks."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboard import create_app
from dashboard.data import ladder as data
from dashboard.page import Context
from dashboard.pages import effects as page
from dashboard.state import Filters

LIVE = Filters(site=("Lisbon", "Madrid"), channel=("voice",))
KPI = "escalation_rate"


def words(component: Any) -> str:
    return json.dumps(component.to_plotly_json(), default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def test_a_live_selection_offers_the_ladder_and_gives_it(context: Context) -> None:
    assert "Compare in the simpler ways too" in words(page.answer(context, LIVE, KPI))
    made = words(page._compared(context, f"/effects/{KPI}", f"?{LIVE.to_query()}"))
    assert "Compare in the simpler ways too" not in made
    for label in ("Before against after", "Trained against untrained", "Against all not yet trained"):
        assert label in made


def test_the_last_rung_is_the_headline_of_the_selection(context: Context) -> None:
    kpi = context.settings.catalogue[KPI]
    rungs = data.ladder(context.queries, kpi, LIVE).sort("position")
    headline = context.queries.headline(KPI, LIVE)
    assert headline is not None
    last = rungs.filter(pl.col("estimator") == headline["estimator"]).row(0, named=True)
    assert last["estimate"] == pytest.approx(headline["estimate"], rel=1e-9)
    assert rungs.height >= 3
    naive = rungs.filter(pl.col("estimator") == "before_after")["estimate"][0]
    assert math.isfinite(naive)


def test_a_stored_ladder_is_not_estimated_again(context: Context) -> None:
    kpi = context.settings.catalogue[KPI]
    stored = context.queries.study(KPI, Filters())["ladder"]
    assert data.ladder(context.queries, kpi, Filters()).equals(stored)
    assert "ladder-ask" not in words(page.answer(context, Filters(), KPI))


def test_leaving_and_small_groups_have_no_ladder(context: Context) -> None:
    hazard = context.settings.catalogue["agent_attrition"]
    assert not data.can_ask(context.queries, hazard, Filters(site=("Lisbon", "Madrid")))
    few = Filters(team=("Madrid-1",), tenure_band=("0-3 months",))
    assert not context.queries.decision(few).allowed
    assert page._compared(context, f"/effects/{KPI}", f"?{few.to_query()}") is page.no_update
    assert page._compared(context, "/nowhere", "") is page.no_update


def test_the_file_of_a_live_selection_holds_the_ladder(config_path: Path) -> None:
    client = create_app(config_path).server.test_client()
    answer = client.get(f"/download/ladder.csv?kpi={KPI}&{LIVE.to_query()}", headers={"Host": "127.0.0.1"})
    frame = pl.read_csv(io.BytesIO(answer.data), comment_prefix="#")
    assert {"before_after", "twfe", "imputation"} <= set(frame["estimator"])
    assert frame["estimate"].dtype.is_float()
