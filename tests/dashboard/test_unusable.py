"""A KPI whose verdict is "don't use this one": its number stands on no page, its reason does, and files keep both."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask.testing import FlaskClient

from dashboard import create_app
from dashboard.data import cohorts
from dashboard.figures.forest import forest
from dashboard.figures.range_bar import range_bar
from dashboard.figures.svg import texts
from dashboard.page import Context
from dashboard.pages import cohorts as cohorts_page
from dashboard.pages import effects as effects_page
from dashboard.pages import overview as overview_page
from dashboard.state import Filters
from dashboard.views import attrition as attrition_view
from dashboard.views import effects as effects_view
from dashboard.views.verdicts import UNUSABLE, Effect, effect

REASON = "hey were drifting apart before training."
LOCAL = {"Host": "127.0.0.1"}


@pytest.fixture(scope="module")
def broken(context: Context) -> Effect:
    effects = overview_page.effects_of(context, Filters(), context.queries.kpis()).values()
    (found,) = [item for item in effects if item.verdict.state == UNUSABLE]
    return found


def numbers(context: Context, kpi: str) -> set[str]:
    """How the stored number would read."""
    row = context.queries.headline(kpi, Filters())
    assert row is not None
    entry, reader = context.settings.catalogue[kpi], context.settings.reader
    ends = (row["estimate"], row["ci_low"], row["ci_high"])
    assert all(map(math.isfinite, ends))
    return {reader.change(row["estimate"], entry, *ends[1:]), reader.span(*ends[1:], entry)}


def words(component: Any) -> str:
    return json.dumps(component.to_plotly_json(), default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def test_there_is_a_dash_and_a_reason_instead_of_the_number(context: Context, broken: Effect) -> None:
    assert (broken.change, broken.span, broken.available) == ("–", "", False)
    assert math.isnan(broken.estimate)
    assert broken.verdict.reason.endswith(REASON)
    assert range_bar(broken) is None
    assert "– ⊘ don't use" in texts(forest([broken], context.settings.reader)["wide"])  # type: ignore[index]


def test_the_number_stands_on_no_page(context: Context, broken: Effect) -> None:
    kpi = broken.kpi.id
    pages = [
        words(overview_page.answer(context, Filters())),
        words(effects_page.answer(context, Filters(), kpi)),
        *(words(cohorts_page.answer(context, Filters(), kpi, by)) for by in ("wave", "site", "team")),
    ]
    for page in pages:
        assert REASON in page
        assert not [number for number in numbers(context, kpi) if f'"{number}"' in page]
    assert "No way of comparing can be used" in pages[1]
    assert "Second opinion" not in pages[1]


def test_no_check_tells_the_number_in_other_words(context: Context) -> None:
    names = ("pre_trends", "estimator_gap", "composition", "sensitivity", "selection_dip")
    rows = pl.DataFrame(
        [{"check": name, "label": name, "status": "passed", "sentence": f"It says {name} is −4.2."} for name in names]
    )
    shown = [line.check for line in effects_view.check_lines(rows, broken=True)]
    assert shown == ["pre_trends", "selection_dip"]
    failed = effects_view.check_lines(rows.with_columns(status=pl.lit("failed")), broken=True)
    assert len(failed) == len(names), "a reason is always told"
    assert len(effects_view.check_lines(rows)) == len(names)


def test_no_group_has_a_number_either(context: Context, broken: Effect) -> None:
    for by in ("wave", "site", "team"):
        found = cohorts.gains(context.queries, broken.kpi, by, Filters())
        assert REASON in found.reason
        assert found.rows["before"].drop_nulls().len() > 0
        for name in ("estimate", "shrunk", "ci_low", "shrunk_high"):
            assert found.rows[name].drop_nulls().is_empty(), (by, name)
    assert cohorts.effect_by_week(context.queries, broken.kpi, Filters()).is_empty()


def test_the_files_are_complete_and_say_the_verdict(config_path: Path, broken: Effect) -> None:
    client: FlaskClient = create_app(config_path).server.test_client()
    frame = pl.read_csv(io.BytesIO(client.get("/download/effects.csv", headers=LOCAL).data), comment_prefix="#").filter(
        (pl.col("kpi") == broken.kpi.id) & (pl.col("role") == "headline")
    )
    assert frame["verdict"].to_list() == [UNUSABLE]
    assert frame["reason"][0].endswith(REASON)
    assert frame["estimate"].is_finite().all()


def test_the_other_kpis_keep_their_numbers(context: Context) -> None:
    row = context.queries.headline("escalation_rate", Filters())
    assert row is not None
    entry, reader = context.settings.catalogue["escalation_rate"], context.settings.reader
    assert effect(row, entry, reader).available
    assert not effect({**row, "verdict": UNUSABLE}, entry, reader).available


def test_a_ratio_of_leaving_that_may_not_be_used_is_not_told(context: Context) -> None:
    row = {
        "leave_type": "any", "hazard_ratio": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n_events": 40, "n_agents": 200,
        "n_clusters": 20, "verdict": UNUSABLE, "sentence": "Don't use this one: nobody to compare with.",
    }  # fmt: skip
    view = attrition_view.view(
        pl.DataFrame(),
        pl.DataFrame([row | {"model": "planned"}]),
        kind="any",
        reader=context.settings.reader,
        ci_level=0.95,
    )
    assert "50%" not in str(view.ratios)
    assert view.ratios[0]["words"] == "– don't use this one"
