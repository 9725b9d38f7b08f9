"""Since last time: what two versions say differently, and nothing about few people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
from dash import no_update

from dashboard.data.changes import changes, sentences
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import overview
from dashboard.settings import from_config
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse


def again(config: Path, run_id: str, *, verdict: str, restated: int = 0, late: bool = False) -> None:
    """Publish a further version in which escalations have another verdict."""
    settings = from_config(config)
    folder = settings.config.warehouse
    with Draft.open(folder, base=Warehouse(folder).current(), run_id=run_id) as draft:
        con: duckdb.DuckDBPyConnection = draft.con
        other = "update result.effect set verdict = ? where kpi = 'escalation_rate' and role = 'headline'"
        con.execute(other, [verdict])
        con.execute("create schema if not exists meta")
        con.register("weeks", pl.DataFrame({"week": list(range(restated))}, schema={"week": pl.Int64}).to_arrow())
        con.execute("create or replace table meta.restatement as select week from weeks")
        status, said = ("failed", "1 kind of data ends early.") if late else ("passed", "")
        con.execute(
            "create or replace table meta.check_result as "
            f"select 'freshness' as \"check\", 'warning' as severity, '{status}' as status, '{said}' as sentence"
        )
        draft.publish()


def test_what_two_versions_say_differently(tmp_path: Path, build: Callable[..., Path]) -> None:
    config = build(tmp_path, "first")
    alone = changes(Queries(from_config(config)))
    again(config, "second", verdict="cant_tell_yet", restated=3, late=True)
    found = changes(Queries(from_config(config)))

    assert (alone.since, alone.any) == ("", False)
    assert (found.since, found.until) == ("first", "second")
    assert [(one.kpi, one.now) for one in found.verdicts] == [("escalation_rate", "cant_tell_yet")]
    said = sentences(found, 10)
    assert said[0] == "Escalations: can't tell yet; before, clear."
    assert "1 kind of data ends early." in said
    assert "3 weeks were restated: their numbers are others than before." in said
    assert found.to_json()["verdicts"][0]["before"] == "clear"


def test_nothing_new_is_nothing_to_tell(tmp_path: Path, build: Callable[..., Path]) -> None:
    config = build(tmp_path, "first")
    again(config, "second", verdict="clear")
    found = changes(Queries(from_config(config)))

    assert not found.any
    assert sentences(found, 10) == ()
    assert changes(Queries(from_config(config)), "second").since == ""


def test_the_overview_tells_a_reader_what_changed(tmp_path: Path, build: Callable[..., Path]) -> None:
    import json

    from plotly.utils import PlotlyJSONEncoder

    from dashboard.page import Context
    from dashboard.pages import overview
    from dashboard.state import Filters

    config = build(tmp_path, "first")
    settings = from_config(config)
    before = json.dumps(overview.answer(Context(settings, Queries(settings)), Filters()), cls=PlotlyJSONEncoder)
    again(config, "second", verdict="cant_tell_yet")
    after = json.dumps(overview.answer(Context(settings, Queries(settings)), Filters()), cls=PlotlyJSONEncoder)

    assert "Since the last version" not in before
    assert "Escalations: can't tell yet; before, clear." in after


def test_a_reader_is_told_what_changed_since_their_last_visit(tmp_path: Path, build: Callable[..., Path]) -> None:
    config = build(tmp_path, "first")
    again(config, "second", verdict="cant_tell_yet")
    again(config, "third", verdict="cant_tell_yet")
    settings = from_config(config)
    context = Context(settings, Queries(settings))

    told = str(overview.since_visit(context, "first", ""))
    assert "Since your last visit" in told
    assert "Escalations: can't tell yet; before, clear." in told
    assert "Nothing that is told here changed." in str(overview.since_visit(context, "second", ""))
    for before, search in (("forgotten", ""), ("", ""), ("first", "?site=Madrid")):
        assert overview.since_visit(context, before, search) is no_update
