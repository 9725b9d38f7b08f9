"""The application without a browser: addresses in, answers out; privacy at every door; new versions while serving."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import polars as pl
import pytest
from dash import Dash
from flask.testing import FlaskClient

from dashboard import app as application
from dashboard import create_app
from dashboard.app import OUTPUTS
from dashboard.data.queries import Queries
from dashboard.page import Context, Page
from dashboard.pages import pages
from dashboard.settings import from_config
from dashboard.state import Filters
from etl.configuration import kpis
from etl.warehouse.reader import Warehouse

LOCAL = {"Host": "127.0.0.1"}


@pytest.fixture(scope="module")
def client(config_path: Path) -> FlaskClient:
    return create_app(config_path).server.test_client()


def ask(client: FlaskClient, pathname: str, search: str = "") -> dict[str, Any]:
    """What the browser asks when it arrives at an address."""
    outputs = list(OUTPUTS)
    body = {
        "output": ".." + "...".join(outputs) + "..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in outputs],
        "inputs": [
            {"id": "url", "property": "pathname", "value": pathname},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.pathname"],
    }
    answer = client.post("/_dash-update-component", json=body, headers=LOCAL)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    found: dict[str, Any] = answer.get_json()["response"]
    return found


def words(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False)


@pytest.mark.parametrize("shown", pages(), ids=lambda page: page.key)
def test_every_page_answers_with_a_heading(client: FlaskClient, shown: Page) -> None:
    page = words(ask(client, shown.base)["page-body"])
    assert '["h1", ' in page
    assert "could not be worked out" not in page


def test_scripts_are_served_while_the_first_request_is_answered(
    config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dash says that it is set up before it is: scripts asked for in the meantime were unknown, the page empty."""
    index = create_app(config_path).server.test_client().get("/", headers=LOCAL).get_data(as_text=True)
    scripts = re.findall(r'src="(/_dash-component-suites/[^"]+)"', index)
    first, second = Event(), Event()

    def slow(self: Dash) -> None:
        first.set()
        second.wait(5)

    app = create_app(config_path)
    monkeypatch.setattr(Dash, "_walk_assets_directory", slow)
    arriving = Thread(target=app.server.test_client().get, args=("/",), kwargs={"headers": LOCAL})
    arriving.start()
    first.wait(0.2)
    found = [app.server.test_client().get(address, headers=LOCAL).status_code for address in scripts]
    second.set()
    arriving.join()
    assert len(scripts) > 5
    assert set(found) == {200}


@pytest.mark.parametrize("shown", pages(), ids=lambda page: page.key)
def test_every_page_says_first_how_fresh_the_data_are(client: FlaskClient, shown: Page) -> None:
    badge = words(ask(client, shown.base, "?site=Madrid")["freshness"])
    assert "Data to " in badge
    assert "/data?site=Madrid" in badge
    assert "Data checks passed" in badge
    assert "Run r1" in badge


def test_the_number_on_the_page_is_the_number_in_the_warehouse(client: FlaskClient, context: Context) -> None:
    row = context.queries.frame(
        "select estimate, ci_low, ci_high from result.effect where kpi = 'escalation_rate' and slice_kind = 'site' "
        "and slice_value = 'Madrid' and role = 'headline'"
    ).row(0)
    shown = context.settings.reader.change(row[0], context.settings.catalogue["escalation_rate"], row[1], row[2])
    assert shown in words(ask(client, "/effects/escalation_rate", "?site=Madrid")["page-body"])


def test_every_kpi_of_the_catalogue_has_a_page_and_a_line(client: FlaskClient, context: Context) -> None:
    overview = words(ask(client, "/")["page-body"])
    for kpi in context.queries.kpis():
        assert kpi.label in overview
        assert kpi.definition[:40] in words(ask(client, f"/effects/{kpi.id}")["page-body"]).replace('\\"', '"')


def test_an_address_restores_the_filters_and_explains_what_it_drops(client: FlaskClient) -> None:
    found = ask(client, "/effects/csat_top2", "?site=Madrid&site=Atlantis")
    assert found["state"]["data"]["filters"] == {"site": ["Madrid"]}
    assert "Atlantis" in words(found["notices"])
    assert "Madrid" in words(found["print-header"])


@pytest.mark.parametrize("path", ["/", "/effects/escalation_rate"])
def test_a_small_group_is_shown_nowhere(client: FlaskClient, path: str) -> None:
    for search in ("?team=Porto-8", "?team=Porto-1", "?team=Madrid-1&tenure_band=0-3+months"):
        page = words(ask(client, path, search)["page-body"])
        assert "Nothing to show for this selection" in page
        assert "data-kpi" not in page


def test_a_small_group_is_in_no_download(client: FlaskClient) -> None:
    for name, extra in (("effects", ""), ("event_time", "kpi=csat_top2&"), ("ladder", "kpi=csat_top2&")):
        assert client.get(f"/download/{name}.csv?{extra}team=Porto-8", headers=LOCAL).status_code == 403
    weeks = read_csv(client.get("/download/event_time.csv?kpi=csat_top2", headers=LOCAL).data)
    assert weeks["n_agents"].min() >= 10  # type: ignore[operator]


def read_csv(data: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(data), comment_prefix="#")


def test_a_download_has_numbers_and_says_where_it_comes_from(client: FlaskClient, context: Context) -> None:
    answer = client.get("/download/effects.csv?site=Madrid", headers=LOCAL)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    head = dict(line[2:].split(": ", 1) for line in answer.get_data(as_text=True).splitlines() if line.startswith("# "))
    assert head["selection"] == "Madrid"
    assert head["run_id"] == "r1"
    assert head["interval"] == "95%"
    frame = read_csv(answer.data)
    assert int(head["rows"]) == frame.height
    for name in ("estimate", "ci_low", "ci_high", "n_agents", "n_contacts"):
        assert frame.schema[name].is_numeric(), name
    stored = context.queries.headline("aht_seconds", Filters(site=("Madrid",)))
    assert stored is not None
    found = frame.filter((pl.col("kpi") == "aht_seconds") & (pl.col("role") == "headline"))["estimate"][0]
    assert found == pytest.approx(stored["estimate"])


def test_a_download_says_what_it_ignored(client: FlaskClient) -> None:
    """A file outlives its address: who reads it must see that the filter in it was not applied."""
    text = client.get("/download/effects.csv?site=Madird", headers=LOCAL).get_data(as_text=True)
    assert "# selection: everybody" in text
    assert "# ignored: “Madird” is not a site in these data, so it was ignored." in text


def test_a_page_without_filters_carries_them_along(client: FlaskClient) -> None:
    """Whoever looks up a definition comes back to the selection they came from."""
    found = ask(client, "/methods", "?site=Madrid")
    assert found["state"]["data"]["query"] == "site=Madrid"
    assert found["state"]["data"]["filtered"] is False
    assert "Selection: everybody" in words(found["print-header"])
    assert ask(client, "/methods")["state"]["data"]["query"] == ""


def test_a_wrong_download_is_explained(client: FlaskClient) -> None:
    assert client.get("/download/nothing.csv", headers=LOCAL).status_code == 404
    assert "needs kpi" in client.get("/download/ladder.csv", headers=LOCAL).get_data(as_text=True)
    assert client.get("/download/ladder.csv?kpi=nothing", headers=LOCAL).status_code in (404,)


def test_an_unknown_kpi_or_page_is_explained(client: FlaskClient) -> None:
    assert "There is no such KPI" in words(ask(client, "/effects/csat_top3")["page-body"])
    assert "Did you mean" in words(ask(client, "/effects/csat_top3")["page-body"])
    assert "Page not found" in words(ask(client, "/nowhere")["page-body"])


def test_a_kpi_that_is_not_recorded_by_a_filter_says_so(client: FlaskClient) -> None:
    assert "ot recorded by channel" in words(ask(client, "/effects/agent_attrition", "?channel=voice")["page-body"])


def test_a_failure_keeps_the_page_and_names_run_and_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.pages import overview

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(application, "route", lambda _: (replace(overview.PAGE, answer=broken), {}))
    found = ask(client, "/", "?site=Madrid&channel=voice")  # asked by no other test, so not known yet
    assert "page-body" not in found
    assert "Data version r1" in words(found["notices"])
    assert "secret detail" not in words(found)


def test_a_new_version_is_served_without_a_restart(tmp_path: Path, build: Callable[..., Path]) -> None:
    config = build(tmp_path, "first", seed=1)
    client = create_app(config).server.test_client()
    before = ask(client, "/")
    build(tmp_path, "second", seed=2)
    after = ask(client, "/")
    assert before["state"]["data"]["run_id"] == "first"
    assert after["state"]["data"]["run_id"] == "second"
    levels = [re.findall(r'"level", "data-kpi": "[a-z_0-9]+"', words(page["page-body"])) for page in (before, after)]
    assert levels[0] == levels[1]
    assert words(before["page-body"]) != words(after["page-body"])
    assert client.get("/healthz", headers=LOCAL).get_json()["run_id"] == "second"


def test_a_download_begun_before_a_publish_is_wholly_of_the_version_it_began_with(
    tmp_path: Path, build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = build(tmp_path, "first", seed=1)
    client = create_app(config).server.test_client()
    address = "/download/table.csv?relation=mart.team_week"
    before = client.get(address, headers=LOCAL).get_data(as_text=True)
    decide = Queries.decision

    def decided(self: Queries, *given: Any) -> Any:
        monkeypatch.setattr(Queries, "decision", decide)
        build(tmp_path, "second", seed=2)
        return decide(self, *given)

    monkeypatch.setattr(Queries, "decision", decided)
    during = client.get(address, headers=LOCAL)
    after = client.get(address, headers=LOCAL)
    assert "# run_id: first" in before
    assert during.get_data(as_text=True) == before
    assert "first" in during.headers["Content-Disposition"]
    assert "# run_id: second" in after.get_data(as_text=True)


def test_without_a_warehouse_the_page_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "empathy.toml"
    config.write_text('[project]\nname = "Empty"\n')
    client = create_app(config).server.test_client()
    assert "empathy build" in words(ask(client, "/")["page-body"])
    health = client.get("/healthz", headers=LOCAL)
    assert health.status_code == 503
    assert health.get_json() | {"detail": ""} == {"status": "empty", "run_id": None, "detail": ""}
    assert "empathy build" in health.get_json()["detail"]


def test_health_says_when_the_published_version_cannot_be_read(tmp_path: Path, build: Callable[..., Path]) -> None:
    config = build(tmp_path)
    client = create_app(config).server.test_client()
    for file in (tmp_path / "warehouse").glob("warehouse-*.duckdb"):
        file.unlink()
    health = client.get("/healthz", headers=LOCAL)
    assert (health.status_code, health.get_json()["status"]) == (503, "failing")
    assert str(tmp_path) not in health.get_data(as_text=True)


def test_a_kpi_added_to_the_catalogue_appears_without_code(context: Context) -> None:
    """The pages know no KPI by name: whatever the catalogue holds is listed, grouped and linked."""
    parts = ("pages/overview.py", "pages/effects.py", "views/overview.py", "views/effects.py", "figures/forest.py")
    source = "".join((Path(application.__file__).parent / part).read_text() for part in parts)
    named = [name for name in kpis.load().ids() if re.search(rf'["\']{name}["\']', source)]
    assert named == []


def test_the_cohorts_offered_are_those_the_design_counts(build: Callable[..., Path], tmp_path: Path) -> None:
    """Among volunteers agents count from completion, whatever was planned; a planned week would find nobody."""
    config = build(tmp_path)
    config.write_text(config.read_text().replace('"team_waves"', '"volunteers"'))
    warehouse = Warehouse(tmp_path / "warehouse")
    with duckdb.connect(str(warehouse.current().path)) as con:
        for relation in ("mart.agent", "mart.agent_week"):
            con.execute(f"update {relation} set scheduled_week = scheduled_week - 14")
        weeks = con.execute(
            "select distinct strftime(trained_week, '%Y-%m-%d') from mart.agent "
            "where trained_week is not null order by 1"
        ).fetchall()
    settings = from_config(config, environ={})
    queries = Queries(settings)
    offered = queries.facets().values["cohort"]
    assert offered == tuple(week for (week,) in weeks)
    for cohort in offered:
        headline = queries.headline("escalation_rate", Filters(cohort=(cohort,), channel=("chat",)))
        assert headline is not None
        assert headline["n_trained_agents"] > 0
