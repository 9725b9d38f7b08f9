"""Two worlds that differ in what a reader is not told are answered alike, to the letter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from plotly.utils import PlotlyJSONEncoder

from dashboard import app as application
from dashboard.data.queries import Queries
from dashboard.downloads import about
from dashboard.page import Context
from dashboard.pages import pages
from dashboard.privacy.viewer import READER, Viewer, seen_by
from dashboard.settings import from_config
from etl.warehouse.publish import Draft, keep_only
from etl.warehouse.reader import Warehouse
from tests.dashboard.privacy.conftest import ENVIRONMENT, Corners

LEAD = Viewer("l", "site_lead", sites=("Madrid",), shared=True)
KPI = "escalation_rate"
PLACES = (f"/effects/{KPI}", f"/cohorts/{KPI}/team", f"/cohorts/{KPI}/wave")
FILES = (("event_time", {"kpi": KPI}), ("checks", {"kpi": KPI}), ("cohorts", {"kpi": KPI, "by": "site"}))
RUN = "twin"


def twin(corners: Corners, folder: Path, changes: Sequence[str]) -> Context:
    """The same world but for some changes."""
    path = corners.shared.settings.config.path
    assert path is not None
    shutil.copytree(path.parent / "warehouse", folder / "warehouse")
    with Draft.open(folder / "warehouse", RUN, base=Warehouse(folder / "warehouse").current()) as draft:
        for sql in changes:
            draft.con.execute(sql)
        draft.publish()
    keep_only(folder / "warehouse", RUN)
    (folder / "shared.toml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    settings = from_config(folder / "shared.toml", environ=ENVIRONMENT)
    return Context(settings, Queries(settings))


def told(context: Context, viewer: Viewer) -> dict[str, str]:
    """Pages and files, by address."""
    downloads = {name: each for page in pages() for name, each in page.downloads.items()}
    found = {}
    with seen_by(viewer), Flask(__name__).test_request_context():
        for place in PLACES:
            made = application.answer(context, place, "").outputs
            state = dict(made["state.data"])
            state.pop("run_id")
            body = json.dumps([made["page-body.children"], state], cls=PlotlyJSONEncoder, sort_keys=True)
            found[place] = body.replace(RUN, "r2")
        for name, parts in FILES:
            filters = context.queries.selection({})
            rows = downloads[name].make(context, filters, dict(parts))
            lines = {
                k: v for k, v in about(context, filters, dict(parts)).items() if k not in ("run_id", "published_at")
            }
            found[name] = rows.write_csv() + repr(lines)
    return found


def test_what_other_sites_did_changes_no_answer_to_a_lead(corners: Corners, tmp_path: Path) -> None:
    """Every figure of Porto and of everybody is another one; who is where is not, which decides what is published."""
    with corners.shared.queries.pinned():
        columns = corners.own.queries.frame("describe mart.agent_week")["column_name"].to_list()
    halved = ", ".join(f'"{name}" = "{name}" / 2' for name in columns if name.endswith("_num"))
    others = "slice_kind = 'overall' or slice_value like 'Porto%'"
    changes = [
        f"update mart.agent_week set {halved} where site = 'Porto'",
        f"update result.effect set estimate = 2 * estimate, verdict = 'clear', sentence = 'Other.' where {others}",
        f"update result.event_time set estimate = 2 * estimate where {others}",
        "update result.headline set sentence = 'Other.'",
        "delete from mart.agent_spell where site = 'Porto'",
    ]
    other = twin(corners, tmp_path, changes)
    before, now = (told(context, LEAD) for context in (corners.shared, other))
    assert [name for name in before if before[name] != now[name]] == []
    whole, changed = (told(context, READER) for context in (corners.shared, other))
    assert set(PLACES) == {name for name in PLACES if whole[name] != changed[name]}


def test_counts_that_are_told_alike_change_no_answer(corners: Corners, tmp_path: Path) -> None:
    """One agent more or fewer, within the step in which people are counted."""
    minimum = corners.shared.settings.min_group
    tables = {name: corners.own.queries.frame(f"describe result.{name}") for name in ("effect", "event_time")}
    changes = []
    for table, columns in tables.items():
        for name in {"n_agents", "n_trained_agents"} & set(columns["column_name"]):
            alike = f"floor(({name} + 1) / {minimum}.0 + 0.5) = floor({name} / {minimum}.0 + 0.5)"
            one = f"case when {alike} then {name} + 1 else {name} - 1 end"
            changes.append(f"update result.{table} set {name} = {one} where {name} > {minimum + 1}")
    before, now = (told(context, READER) for context in (corners.shared, twin(corners, tmp_path, changes)))
    assert len(changes) >= 3
    assert [name for name in before if before[name] != now[name]] == []
