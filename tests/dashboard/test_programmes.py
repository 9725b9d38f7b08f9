"""Several programmes on one server: pages and results of their own, links that stay, and one set of rules."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from dashboard.app import OUTPUTS
from dashboard.server import application
from dashboard.settings import served_programmes
from dashboard.shell import led_to
from etl.configuration.model import ConfigError, load
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse

LOCAL = {"Host": "127.0.0.1"}
SALES = "/p/sales-academy"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, build: Callable[..., Path], config_path: Path) -> Path:
    """Two configurations in one folder, of which the first names the second."""
    folder = tmp_path_factory.mktemp("programmes")
    first, warehouse = folder / "empathy.toml", config_path.parent / "warehouse"
    own = build(folder / "academy", "second")
    second = folder / "sales.toml"
    second.write_text(
        own.read_text()
        .replace('"warehouse"', '"academy/warehouse"')
        .replace('name = "Empathy programme"', 'name = "Sales academy"')
    )
    named = '[[programmes]]\nname = "Sales academy"\ncourses = ["SALES101"]\nconfig = "sales.toml"\n'
    first.write_text(config_path.read_text().replace('"warehouse"', json.dumps(str(warehouse))) + named)
    return first


@pytest.fixture(scope="module")
def client(root: Path) -> Client:
    return Client(application(root))


def ask(client: Client, mounted: str, pathname: str, search: str = "") -> str:
    """What the browser is sent at an address, as JSON."""
    body = {
        "output": ".." + "...".join(OUTPUTS) + "..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in OUTPUTS],
        "inputs": [
            {"id": "url", "property": "pathname", "value": mounted + pathname},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.pathname"],
    }
    found = client.post(f"{mounted}/_dash-update-component", json=body, headers=LOCAL)
    assert found.status_code == 200
    return found.get_data(as_text=True)


def links(told: str) -> set[str]:
    """Every link and download of an answer."""
    return set(re.findall(r'"(?:data-)?href": ?"(/[^"]*)"', told.replace(r"\u002f", "/")))


@pytest.mark.parametrize("pathname", ["/", "/effects/escalation_rate", "/cohorts", "/value", "/plan", "/methods"])
def test_links_of_a_programme_lead_to_its_own_pages(client: Client, pathname: str) -> None:
    own, first = links(ask(client, SALES, pathname)), links(ask(client, "", pathname))
    assert own == {SALES + link for link in first}
    assert not any(link.startswith("/p/") for link in first)


def test_each_programme_has_results_of_its_own(client: Client) -> None:
    runs = [client.get(f"{mounted}/healthz", headers=LOCAL).get_json()["run_id"] for mounted in ("", SALES)]
    assert runs[0] != runs[1] == "second"


def test_downloads_come_from_the_programme(client: Client) -> None:
    table = client.get(f"{SALES}/download/effects.csv", headers=LOCAL).get_data(as_text=True)
    assert "run_id: second" in table


def test_the_header_offers_every_programme(client: Client) -> None:
    for mounted, now in (("", "Empathy programme"), (SALES, "Sales academy")):
        frame = client.get(f"{mounted}/_dash-layout", headers=LOCAL).get_data(as_text=True)
        assert f"Programme shown: {now}" in frame
        assert {"/.", f"{SALES}/"} <= links(frame)
        assert f"{mounted}/effects" in links(frame)
        page = client.get(f"{mounted}/effects", headers=LOCAL).get_data(as_text=True)
        assert f'"requests_pathname_prefix":"{mounted}/"' in page.replace(r"\u002f", "/")


def test_the_headline_names_the_programme(client: Client) -> None:
    own, first = ask(client, SALES, "/"), ask(client, "", "/")
    assert re.search(r'"id":"headline"|"id": "headline"', own)
    assert "Sales academy appears to work on" in own
    assert "mpathy training" not in own
    assert "Empathy training appears to work on" in first


def test_value_adds_up_the_programmes(client: Client, root: Path) -> None:
    """From either side the same sum; each net as on its own page."""
    for mounted in ("", SALES):
        told = ask(client, mounted, "/value")
        assert "2 programmes together" in told
        assert "Sales academy" in told
        table = client.get(f"{mounted}/download/value-programmes.csv", headers=LOCAL).get_data(as_text=True)
        rows = {row["programme"]: row for row in csv.DictReader(line for line in table.splitlines() if line[:1] != "#")}
        assert list(rows) == ["Empathy programme", "Sales academy", "All together"]
        nets = [float(row["net"]) for row in rows.values()]
        assert nets[2] == pytest.approx(nets[0] + nets[1])
        assert all(nets)
    edited = client.get(f"{SALES}/download/value-programmes.csv?value.escalation_rate=0", headers=LOCAL)
    rows = list(csv.DictReader(line for line in edited.get_data(as_text=True).splitlines() if line[:1] != "#"))
    assert [float(row["net"]) for row in rows[:2]] == [pytest.approx(nets[0]), pytest.approx(-50_000)]


def with_second(root: Path, old: str, new: str, first: str = "") -> Client:
    """The two programmes, the second with other words in its configuration, the first with further ones."""
    second = root.with_name(f"changed-{abs(hash((old, new, first)))}.toml")
    second.write_text(root.with_name("sales.toml").read_text().replace(old, new))
    config = second.with_suffix(".first.toml")
    config.write_text(
        root.read_text().replace('"sales.toml"', f'"{second.name}"').replace("[value]", f"{first}[value]")
    )
    return Client(application(config))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"academy/warehouse"', '"nothing-here"', "Nothing has been built for it yet."),
        ("[value.kpis.escalation_rate]", "[value.kpis.nps]", "No goal with a unit value has a result there"),
        ('currency = "EUR"', 'currency = "USD"', "Its money is in USD"),
    ],
)
def test_a_programme_without_a_net_is_left_out_by_name(root: Path, old: str, new: str, says: str) -> None:
    told = ask(with_second(root, old, new), "", "/value")
    assert says in told
    assert "Sales academy is not in the sum" in told
    assert "fewer than two of them have a net" in told
    assert "programmes together likely" not in told


def test_money_in_another_currency_needs_its_rate(root: Path) -> None:
    client = with_second(root, 'currency = "EUR"', 'currency = "USD"', "[value.exchange_rates]\nUSD = 0.5\n")
    table = client.get("/download/value-programmes.csv", headers=LOCAL).get_data(as_text=True)
    rows = list(csv.DictReader(line for line in table.splitlines() if line[:1] != "#"))
    own = client.get(f"{SALES}/download/value-programmes.csv", headers=LOCAL).get_data(as_text=True)
    assert float(rows[1]["net"]) == pytest.approx(0.5 * float(rows[0]["net"]))
    assert "Its money is in EUR" in ask(client, SALES, "/value")
    assert "All together" not in own


def test_a_newer_version_of_the_other_programme_changes_the_sum(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "academy"
    shutil.copytree(root.parent / "academy" / "warehouse", folder)
    second, first = tmp_path / "sales.toml", tmp_path / "first.toml"
    second.write_text(root.with_name("sales.toml").read_text().replace("academy/warehouse", "academy"))
    first.write_text(root.read_text())
    client = Client(application(first))
    before = ask(client, "", "/value")
    assert ask(client, "", "/value") == before
    with Draft.open(folder, "third", base=Warehouse(folder).current()) as draft:
        draft.con.execute("update result.value_part set effect = -10 * effect")
        draft.publish()
    assert ask(client, "", "/value") != before


def test_one_programme_has_no_choice(config_path: Path) -> None:
    frame = Client(application(config_path)).get("/_dash-layout", headers=LOCAL).get_data(as_text=True)
    assert "Programme shown" not in frame


def test_the_first_configuration_decides_who_may_see(root: Path) -> None:
    first = load(root)
    text = root.with_name("sales.toml").read_text()
    root.with_name("loose.toml").write_text(text.replace("min_group = 10", "min_group = 5"))
    loose = first.model_copy(update={"programmes": (first.programmes[0].model_copy(update={"config": "loose.toml"}),)})
    assert served_programmes(loose)[1].config.privacy.min_group == 10
    assert served_programmes(loose)[1].config.access == first.access


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"config": "nowhere.toml"}, "there is no such file"),
        ({"config": "empathy.toml"}, "needs a folder of its own"),
    ],
)
def test_what_cannot_be_served_is_said(root: Path, changed: dict[str, str], says: str) -> None:
    first = load(root)
    other = first.programmes[0].model_copy(update=changed)
    with pytest.raises(ConfigError, match=says):
        served_programmes(first.model_copy(update={"programmes": (other,)}))


def test_two_names_with_one_address_are_refused(root: Path, tmp_path: Path) -> None:
    first = load(root)
    third = root.with_name("third.toml")
    third.write_text(root.with_name("sales.toml").read_text().replace("academy/warehouse", "third"))
    twice = (
        first.programmes[0],
        first.programmes[0].model_copy(update={"name": "SALES academy!", "config": "third.toml"}),
    )
    with pytest.raises(ConfigError, match="another name"):
        served_programmes(first.model_copy(update={"programmes": twice}))
    named = twice[1].model_copy(update={"name": "Ω" * 200})
    address = served_programmes(first.model_copy(update={"programmes": (first.programmes[0], named)}))[2].mounted
    assert re.fullmatch(r"/p/[a-z0-9-]{1,60}", address)


def test_only_links_get_the_prefix_of_a_programme_and_only_once() -> None:
    parts: dict[str, Any] = {
        "children": ["/", "and/or", "/effects of training", "effects/", "n/a"],
        "href": "/",
        "data-href": "/effects/csat_top2?site=A",
        "to": "/download/effects.csv?x=1",
        "asset": "/assets/mark.svg",
    }
    once = led_to(json.dumps(parts).encode(), "/p/x")
    assert json.loads(once) == parts | {
        "href": "/p/x/",
        "data-href": "/p/x/effects/csat_top2?site=A",
        "to": "/p/x/download/effects.csv?x=1",
    }
    assert led_to(once, "/p/x") == once
    escaped = json.dumps(parts).replace("/", r"\u002f").encode()
    assert json.loads(led_to(escaped, "/p/x")) == json.loads(once)
