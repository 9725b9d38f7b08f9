"""A version built before some KPIs and tables existed: every page opens, and none shows what a database said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from dash.development.base_component import Component

from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.settings import from_config
from dashboard.state import Filters
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse
from tests.dashboard.pages.test_every_chart import ADDRESSES, body

ABSENT = ("csat_top2", "transfer_rate", "active_listening")
"""A goal, a guardrail and a skill that the version does not know."""
LATER = (
    "result.value_part", "result.chain", "result.course_skill", "result.course_event", "result.refresher",
    "mart.event_wave", "core.event",
)  # fmt: skip
RAW = ("Binder Error", "Catalog Error", "Parser Error", "Conversion Error", "Candidate bindings", "LINE 1:")
"""What only a database says."""


@pytest.fixture(scope="module")
def older(pages_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The small warehouse as a version before some KPIs left it."""
    folder = tmp_path_factory.mktemp("older") / "project"
    shutil.copytree(pages_config.parent, folder)
    warehouse = Warehouse(folder / "warehouse")
    with Draft.open(folder / "warehouse", base=warehouse.current()) as draft:
        con = draft.con
        for kpi in ABSENT:
            for part in ("num", "den"):
                con.execute(f'alter table mart.agent_week drop column "{kpi}_{part}"')
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        for (table,) in tables:
            if table in LATER:
                con.execute(f"drop table {table}")
            elif (
                table.startswith("result.")
                and ("kpi",) in con.execute(f"select column_name from (describe {table})").fetchall()
            ):
                con.execute(f"delete from {table} where kpi in {ABSENT}")
        draft.publish()
    settings = from_config(folder / pages_config.name, environ={})
    return Context(settings, Queries(settings))


def words(page: Component) -> str:
    return json.dumps(page.to_plotly_json(), default=lambda part: part.to_plotly_json(), ensure_ascii=False)


@pytest.mark.parametrize("address", [*ADDRESSES, "/effects/active_listening", "/?site=Madrid", "/data/csat_top2"])
def test_no_page_shows_what_a_database_said(older: Context, address: str) -> None:
    said = words(body(older, address))
    assert [sign for sign in RAW if sign in said] == []


def test_a_kpi_the_version_does_not_know_says_what_to_do(older: Context) -> None:
    assert older.queries.goals()[-1].id == "csat_top2"
    row = older.queries.headline("csat_top2", Filters())
    assert row is not None
    assert "no KPI 'csat_top2': it was built before that KPI was counted" in f"{row['sentence']} {row['reason']}"
    assert older.queries.weekly("csat_top2", Filters()).is_empty()
