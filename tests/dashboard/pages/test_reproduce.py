"""What Effects leads to: Python that makes the number again, and SQL that counts what goes into it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from dashboard.components.further import further
from dashboard.data.remake import remake
from dashboard.page import Context
from dashboard.state import Filters
from dashboard.views import reproduce
from etl.warehouse.reader import Warehouse

SELECTIONS = (Filters(site=("Madrid",), channel=("voice",)), Filters(site=("Lisbon", "Madrid")))


@pytest.mark.parametrize("filters", SELECTIONS)
def test_three_lines_of_python_remake_the_number(context: Context, filters: Filters) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    lines = reproduce.python_lines(kpi, filters, str(context.settings.config.path), context.queries.run_id())
    assert len(lines.splitlines()) == 3
    scope: dict[str, Any] = {}
    first, second, last = lines.splitlines()
    exec(f"{first}\n{second}", scope)
    made = eval(last, scope)
    shown = context.queries.headline(kpi.id, filters)
    assert shown is not None
    assert made == pytest.approx((shown["estimate"], shown["ci_low"], shown["ci_high"]), rel=1e-12)


@pytest.mark.parametrize("filters", [Filters(), *SELECTIONS])
def test_the_sql_counts_the_agent_weeks_on_the_page(context: Context, filters: Filters) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    words = reproduce.sql(kpi, filters, context.queries.setting().design.timing)
    with duckdb.connect(str(Warehouse(context.settings.config.warehouse).current().path), read_only=True) as con:
        rows = con.execute(words).fetchall()
    weekly = context.queries.weekly(kpi.id, filters)
    assert sum(row[2] for row in rows) == pytest.approx(weekly["den"].sum())
    assert sum(row[1] * row[2] for row in rows) == pytest.approx(weekly["num"].sum())


def test_values_in_sql_are_quoted_and_a_wrong_filter_is_named(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    assert "'O''Hara'" in reproduce.sql(kpi, Filters(team=("O'Hara",)), "scheduled")
    with pytest.raises(ValueError, match="no filter 'sight'"):
        remake(str(context.settings.config.path), "escalation_rate", sight=("Madrid",))


def test_the_card_names_lineage_sql_and_python() -> None:
    words = str(further(lineage="/data/nps#lineage", sql="select 1", python="made"))
    for part in ("/data/nps#lineage", "select 1", "made", "three lines of Python"):
        assert part in words
    assert "SQL" not in str(further(lineage="/", sql="", python="made"))
