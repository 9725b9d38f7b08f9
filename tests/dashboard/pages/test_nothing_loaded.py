"""Exports that hold no surveys and no plan: pages open on what there is, and call nothing broken that is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

from dashboard.app import answer
from dashboard.data import data_quality
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import adoption, cohorts, effects, overview
from dashboard.pages import data as data_page
from dashboard.settings import from_config
from dashboard.state import Filters
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse


@pytest.fixture(scope="module")
def bare(pages_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The small warehouse without surveys and without a plan."""
    folder = tmp_path_factory.mktemp("bare") / "project"
    shutil.copytree(pages_config.parent, folder)
    warehouse = Warehouse(folder / "warehouse")
    with Draft.open(folder / "warehouse", base=warehouse.current()) as draft:
        draft.con.execute("update mart.agent_week set csat_top2_num = null, csat_top2_den = null")
        draft.con.execute("update mart.adoption set planned = 0, overdue = 0")
        draft.publish()
    settings = from_config(folder / pages_config.name, environ={})
    return Context(settings, Queries(settings))


def test_goals_with_data_come_first(bare: Context, world: Context) -> None:
    everything = [kpi.id for kpi in world.queries.goals()]
    assert everything[0] == "csat_top2"
    assert [kpi.id for kpi in bare.queries.goals()] == [*everything[1:], "csat_top2"]


def test_pages_open_on_a_kpi_that_has_data(bare: Context) -> None:
    assert cohorts.chosen_kpi(bare, "").id == effects._chosen(bare, "").id == "escalation_rate"
    assert effects._chosen(bare, "csat_top2").id == "csat_top2"
    cards = [card.effect.kpi.label for card in overview.head_of(bare, Filters()).cards]
    assert cards[-1] == "Satisfied customers", "the goal that was never loaded comes last"


def test_fields_are_not_asked_of_a_build_when_no_export_has_them(bare: Context) -> None:
    assert data_quality.lineage(bare.queries, "csat_top2") == []
    body = str(data_page.lineage(bare, "csat_top2"))
    assert "No export that was loaded has fields it is made of." in body
    assert "build again" not in body


def test_without_a_plan_nobody_is_said_to_be_too_few(bare: Context) -> None:
    body = str(adoption.answer(bare, Filters()))
    assert "no plan was recorded to compare with" in body
    assert "No plan of this course is recorded for this selection." in body
    assert "planned agents, or would reveal one" not in body


def test_a_version_without_agent_weeks_is_a_page_that_says_so(
    pages_config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(pages_config.parent, folder)
    with Draft.open(folder / "warehouse", base=Warehouse(folder / "warehouse").current()) as draft:
        draft.con.execute("delete from mart.agent_week")
        draft.publish()
    settings = from_config(folder / pages_config.name, environ={})
    context = Context(settings, Queries(settings))
    with Flask("test").app_context():
        made = [str(answer(context, path, "").outputs["page-body.children"]) for path in ("/", "/effects", "/adoption")]
    assert all("There is no week of any agent to show" in page and "rejects list" in page for page in made)
    assert not caplog.records
