"""Who is let in and what each role may open: every header, every route, every role."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from dash import html
from flask.testing import FlaskClient
from plotly.utils import PlotlyJSONEncoder

from dashboard import app as application
from dashboard import create_app, downloads
from dashboard.app import OUTPUTS
from dashboard.http import ACCESS_LOGGER, name_repeated
from dashboard.page import Download, Page
from dashboard.pages import pages
from dashboard.privacy import viewer
from dashboard.privacy.viewer import PAGES
from dashboard.settings import from_config
from etl.configuration.access import ROLES
from etl.configuration.model import ConfigError, load
from tests.dashboard.privacy.conftest import ENVIRONMENT, SECRET, Corners

PROXY = {"REMOTE_ADDR": "10.0.0.5"}
GROUPS = {
    "executive": "board", "site_lead": "madrid leads", "training_lead": "trainers", "analyst": "analysts",
    "agent": "agents",
}  # fmt: skip
DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"


def headers(role: str = "executive", **more: str | None) -> dict[str, str]:
    sent = {
        "Host": "training.example.org", "X-Empathy-Secret": SECRET, "X-Forwarded-User": f"{role}@example.org",
        "X-Forwarded-Groups": GROUPS[role],
    }  # fmt: skip
    return {name: value for name, value in {**sent, **more}.items() if value is not None}


@pytest.fixture(scope="module")
def client(corners: Corners) -> FlaskClient:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_keep_prepared", lambda _: None)  # cells are chosen once for all tests
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        shared = corners.shared
        return create_app(shared.settings.config.path, asked_of={"": shared.queries}).server.test_client()


def ask(client: FlaskClient, pathname: str, search: str = "", role: str = "executive") -> Any:
    body = {
        "output": ".." + "...".join(OUTPUTS) + "..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in OUTPUTS],
        "inputs": [
            {"id": "url", "property": "pathname", "value": pathname},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.pathname"],
    }
    return client.post("/_dash-update-component", json=body, headers=headers(role), environ_base=PROXY)


def page_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return json.dumps(answer.get_json()["response"].get("page-body", {}), ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "address"),
    [
        ({"X-Empathy-Secret": None}, "10.0.0.5"),
        ({"X-Empathy-Secret": "guess"}, "10.0.0.5"),
        ({"X-Empathy-Secret": f"{SECRET},{SECRET}"}, "10.0.0.5"),
        ({"X-Forwarded-User": None}, "10.0.0.5"),
        ({"X-Forwarded-User": " "}, "10.0.0.5"),
        ({"X-Forwarded-User": "a@example.org,b@example.org"}, "10.0.0.5"),
        ({"X-Forwarded-User": "x" * 500}, "10.0.0.5"),
        ({"X-Forwarded-Groups": None}, "10.0.0.5"),
        ({"X-Forwarded-Groups": "boards,madrid"}, "10.0.0.5"),
        ({}, "10.0.0.6"),
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": "10.0.0.5"}, "192.0.2.1"),
        ({"X-Real-IP": "10.0.0.5", "Forwarded": "for=10.0.0.5"}, "192.0.2.1"),
    ],
)
def test_only_the_proxy_says_who_asks(client: FlaskClient, change: dict[str, str | None], address: str) -> None:
    for path in ("/", "/_dash-layout", "/download/effects.csv", "/assets/app.css"):
        answer = client.get(path, headers=headers(**change), environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 403, path
        assert len(answer.get_data()) < 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST", "TRACE"])
@pytest.mark.parametrize("path", ["/", "//healthz", "/healthz/", "/./healthz", "/effects/../healthz", "/_dash-layout"])
def test_no_other_way_of_asking_is_let_in(client: FlaskClient, method: str, path: str) -> None:
    """Only the status at its own address is for anybody; a name with underscores is no header of the proxy."""
    spoofed = {"Host": "training.example.org", "X_Forwarded_User": "a", "X_Empathy_Secret": SECRET}
    for address in ("10.0.0.5", "192.0.2.1"):
        answer = client.open(path, method=method, headers=spoofed, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 403


@pytest.mark.parametrize("name", ["X-Forwarded-User", "x-forwarded-groups", "X-EMPATHY-SECRET"])
def test_a_header_sent_twice_is_refused(client: FlaskClient, name: str) -> None:
    """Also groups, which joined are a longer list: a proxy that adds its header would let readers choose theirs."""
    sent = SimpleNamespace(headers=[*headers("site_lead").items(), (name, "board"), ("empathy-repeated", "")])
    name_repeated(None, sent)
    told = dict(sent.headers)
    assert told["EMPATHY-REPEATED"] == name.upper()
    assert client.get("/", headers=headers("site_lead"), environ_base=PROXY).status_code == 200
    repeated = {"Empathy-Repeated": told["EMPATHY-REPEATED"]}
    assert client.get("/", headers=headers("site_lead") | repeated, environ_base=PROXY).status_code == 403


def test_a_reader_cannot_say_which_headers_came_twice() -> None:
    sent = SimpleNamespace(headers=[("Empathy-Repeated", "X-FORWARDED-USER"), ("X-Forwarded-For", "a")])
    name_repeated(None, sent)
    assert sent.headers == [("X-Forwarded-For", "a")]


@pytest.mark.parametrize("search", ["?run=r0", "?run_id=r0", "?version=r0", "?since=r0"])
def test_no_address_asks_for_another_version(client: FlaskClient, search: str) -> None:
    state = ask(client, "/", search).get_json()["response"]["state"]["data"]
    assert state["run_id"] == ask(client, "/").get_json()["response"]["state"]["data"]["run_id"]


def test_the_proxy_is_let_in_also_where_addresses_are_written_as_ipv6(client: FlaskClient) -> None:
    for address in ("10.0.0.5", "::ffff:10.0.0.5"):
        assert client.get("/", headers=headers(), environ_base={"REMOTE_ADDR": address}).status_code == 200


WORD = Download("A word", lambda _context, _filters, _parts: pl.DataFrame({"word": ["told"]}))
WORDS = tuple(
    replace(page, answer=lambda *_, **__: html.Div("told"), downloads=dict.fromkeys(page.downloads, WORD))
    for page in pages()
)
"""A word in the place of every page and table: who may open what is decided before both."""


@pytest.fixture(scope="module")
def of_words(corners: Corners) -> FlaskClient:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "pages", lambda: WORDS)
        patch.setattr(application, "_keep_prepared", lambda _: None)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        return create_app(corners.shared.settings.config.path).server.test_client()


@pytest.fixture
def gates(of_words: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(application, "pages", lambda: WORDS)
    return of_words


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("shown", pages(), ids=lambda page: page.key)
def test_every_role_on_every_page(gates: FlaskClient, role: str, shown: Page) -> None:
    allowed = "*" in PAGES[role] or shown.key in PAGES[role]
    answer = ask(gates, shown.base, role=role)
    if role == "agent":
        assert answer.status_code == 403
    else:
        body = page_of(answer)
        assert ("told" in body) is allowed
        assert ("Your role does not include this page" in body) is not allowed
        navigation = gates.get("/_dash-layout", headers=headers(role), environ_base=PROXY).get_data(as_text=True)
        assert (f'"nav-{shown.key}"' in navigation) is allowed
        stands = gates.get(shown.base, headers=headers(role), environ_base=PROXY).get_data(as_text=True)
        assert (">told<" in stands) is allowed, "the page before the scripts"
        assert ("Your role does not include this page" in stands) is not allowed
    for name in shown.downloads:
        given = gates.get(f"/download/{name}.csv", headers=headers(role), environ_base=PROXY)
        assert given.status_code == (200 if allowed else 403), name
        assert ("told" in given.get_data(as_text=True)) is allowed


OTHER_SITES, AGENT = re.compile("Lisbon|Porto"), re.compile(r"agent-\d{4}")
QUERY = "?kpi=escalation_rate&by=team&course=EMP101&pair=Madrid-1|Madrid-2&relation=core.agent"
REAL = (
    *(("executive", page) for page in pages() if page.key in PAGES["executive"]),
    *(("site_lead", page) for page in pages() if page.key in PAGES["site_lead"]),
    *(("training_lead", page) for page in pages() if page.key in PAGES["training_lead"] - PAGES["executive"]),
)
"""Whose answers differ: a training lead is told of published cells of all sites, as an executive is."""


@pytest.mark.parametrize(("role", "shown"), REAL, ids=lambda each: each if isinstance(each, str) else each.key)
def test_what_a_page_says_to_a_role(client: FlaskClient, corners: Corners, role: str, shown: Page) -> None:
    """No agent, no path of this server, and to the lead of one site nothing of others."""
    told = [ask(client, shown.base, role=role)]
    linked = set(re.findall(r"/download/([\w-]+)[.]csv", told[0].get_data(as_text=True)))
    assert linked <= {name for page in pages() if page.key in PAGES[role] for name in page.downloads}
    told += [
        client.get(f"/download/{name}.csv{QUERY}", headers=headers(role), environ_base=PROXY)
        for name in shown.downloads
    ]
    for answer in told:
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200, text[:200]
        assert "could not be worked out" not in text
        assert "outside of what you lead" not in text
        assert not AGENT.search(text)
        assert str(corners.shared.settings.config.folder) not in text
        assert role != "site_lead" or not OTHER_SITES.search(text)


def leaves(node: Any) -> Iterator[str]:
    """Everything in an answer that is a text or a number: words, titles, hover, custom data, labels, geometry."""
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from leaves(part)
    elif isinstance(node, str | int | float) and not isinstance(node, bool):
        yield str(node)


def numbers(text: str) -> set[int]:
    """Whole numbers in a text, however they are written."""
    plain = re.sub(r"(?<=\d)[,\u202f\u00a0](?=\d{3})", "", text)
    return {int(float(found)) for found in re.findall(r"(?<![\w.-])\d+(?:\.0+)?(?![\w.-]*\d)", plain)}


FURTHER = {"effects": ("/escalation_rate", "/csat_top2"), "cohorts": ("/escalation_rate/team",)}
COUNTED = re.compile(r"(\d[\d,]*) (?:[a-z]+ )?(?:contacts|responses|evaluations|offers|surveys|rows)\b(?! (?:per|a) )")
PEOPLE = re.compile(r"(\d[\d,]*)[ \u00a0](?:[a-z-]+ ){0,2}(?:agents|people)\b(?! (?:per|a) )")
EXEMPT = frozenset({"adoption", "plan", "skills"})
"""Pages on which training leads, who run the plan, read exact counts of it."""


def more_than_two_digits(texts: Iterable[str]) -> set[str]:
    """Totals in words that are given to more than two digits."""
    found = {total.replace(",", "") for text in texts for total in COUNTED.findall(text)}
    return {total for total in found if len(total.rstrip("0")) > 2}


def exact_totals(corners: Corners) -> set[int]:
    """Contacts and outcomes of every team, site, wave, band and of everybody, and by week, that no reader is told."""
    held = corners.own.queries.held_weeks()
    found: set[int] = set()
    for kpi in ("escalation_rate", "csat_top2", "aht_seconds"):
        columns = held.columns(kpi)
        at = slice(None) if columns.rows is None else columns.rows
        week = held.places.week[at] - held.places.week.min()
        for name in (None, "site", "team", "cohort", "tenure_band", "channel"):
            code = np.zeros(held.places.n_rows, dtype=int) if name is None else held.places.codes[name]
            for one in (columns.num, columns.den):
                found |= {int(n) for n in np.bincount(code[at], np.nan_to_num(one))}
                found |= {int(n) for n in np.bincount(week, np.nan_to_num(one))}
    return {n for n in found if n > 9999 and n % 100}  # a drawing has no coordinates so large


@pytest.mark.parametrize("role", ["executive", "site_lead", "training_lead"])
def test_no_exact_total_is_in_any_figure_title_label_or_hover(client: FlaskClient, corners: Corners, role: str) -> None:
    """Whatever an answer holds, drawn or written or kept for the mouse, has gone through the rounding of totals."""
    secret = exact_totals(corners)
    assert len(secret) > 100
    wave, steps = "?cohort=2025-09-08", set(range(0, 10_000, corners.shared.settings.min_group))
    for shown in pages():
        if shown.key not in PAGES[role]:
            continue
        within = FURTHER.get(shown.key, ("",))
        for address, search in ((shown.base.rstrip("/") + rest or "/", s) for rest in within for s in ("", wave)):
            answer = ask(client, address, search, role)
            assert answer.status_code == 200
            texts = [leaf for leaf in leaves(answer.get_json()["response"]) if len(leaf) < 2000]
            assert not {n for text in texts for n in numbers(text)} & secret, (address, search)
            assert not more_than_two_digits(texts), (address, search)
            if role != "training_lead" or shown.key not in EXEMPT:
                people = {found[0] for text in texts for found in PEOPLE.finditer(text)}
                assert not {each for each in people if numbers(each) - steps}, (address, search)


def test_without_the_rounding_exact_totals_are_found(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.app import answer
    from dashboard.data import cohorts
    from dashboard.data.queries import Queries
    from dashboard.page import Context
    from dashboard.privacy.viewer import READER, seen_by

    monkeypatch.setattr(cohorts, "coarse", lambda rows, *_: rows)
    fresh = Context(corners.shared.settings, Queries(corners.shared.settings))
    with create_app(corners.own.settings.config.path).server.test_request_context("/"), seen_by(READER):
        made = answer(fresh, "/cohorts/escalation_rate/team", "")
    assert more_than_two_digits(leaves(json.loads(json.dumps(made.outputs, cls=PlotlyJSONEncoder))))


def test_money_goes_with_the_value_page(client: FlaskClient) -> None:
    """The overview and the chain show sums of money to whoever may open that page, and to nobody else."""
    assert '"/value"' in ask(client, "/", role="executive").get_data(as_text=True)
    for address in ("/", "/skills"):
        assert '"/value"' not in ask(client, address, role="training_lead").get_data(as_text=True), address


@pytest.mark.parametrize("role", ROLES)
def test_routes_beside_pages(client: FlaskClient, role: str) -> None:
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/assets/app.css"):
        status = client.get(path, headers=headers(role), environ_base=PROXY).status_code
        assert status == (403 if role == "agent" else 200), path


def test_the_document_lists_every_role_and_page() -> None:
    table = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| page |")]
    assert table, "docs/operations.md has no table of roles and pages"
    columns = [cell.strip() for cell in table[0].strip("|").split("|")][1:]
    assert columns == [role.replace("_", " ") for role in ROLES]
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index(table[0]) + 2
    found = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[cells[0]] = dict(zip(ROLES, cells[1:], strict=True))
    unlisted = dict.fromkeys(ROLES, "no") | {"analyst": "yes"}
    for page in pages():
        for role in ROLES:
            allowed = "*" in PAGES[role] or page.key in PAGES[role]
            assert found.get(page.key, unlisted)[role] == ("yes" if allowed else "no"), (page.key, role)


def test_a_lead_of_one_site_gets_that_site_by_every_door(client: FlaskClient) -> None:
    for address in ("/", "/effects", "/cohorts", "/adoption", "/attrition"):
        for search in ("", "?site=Porto", "?team=Porto-3", "?channel=chat"):
            answer = ask(client, address, search, "site_lead")
            text = answer.get_data(as_text=True)
            assert "Porto" not in text.replace("“Porto”", "").replace("“Porto-3”", ""), (address, search)
            assert "Lisbon" not in text, (address, search)
    for name in ("effects", "cohorts"):
        query = "?kpi=escalation_rate&by=team&site=Lisbon"
        given = client.get(f"/download/{name}.csv{query}", headers=headers("site_lead"), environ_base=PROXY)
        text = given.get_data(as_text=True)
        assert "# selection: Madrid" in text
        assert "Porto" not in text
        assert "Lisbon" not in text.replace("“Lisbon”", "")


def test_an_answer_kept_for_one_role_is_not_handed_to_another(client: FlaskClient) -> None:
    everybody = page_of(ask(client, "/", role="executive"))
    madrid = page_of(ask(client, "/", role="site_lead"))
    assert everybody != madrid
    assert page_of(ask(client, "/", role="executive")) == everybody
    assert "Your role does not include" in page_of(ask(client, "/data", role="executive"))
    assert "Your role does not include" not in page_of(ask(client, "/data", role="analyst"))
    assert "Your role does not include" in page_of(ask(client, "/data", role="executive"))


@pytest.mark.parametrize("output", ["overview-rest.children", "ladder-place.children", "skills-rest.children"])
def test_callbacks_of_a_page_are_refused_with_the_page(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.setitem(viewer.PAGES, "executive", frozenset({"methods"}))
    body = {"output": output, "outputs": [], "inputs": [], "changedPropIds": []}
    for role, status in (("executive", 403), ("analyst", 400), ("agent", 403)):
        answer = client.post("/_dash-update-component", json=body, headers=headers(role), environ_base=PROXY)
        assert answer.status_code == status, role


def test_health_is_told_to_anybody_and_no_more_than_that(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"Host": "127.0.0.1"})
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok"}


def test_the_log_says_who_saw_what(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=ACCESS_LOGGER):
        ask(client, "/effects/csat_top2", "?site=Madrid", "executive")
        client.get("/", headers=headers(**{"X-Empathy-Secret": "guess"}), environ_base=PROXY)
        client.get("/download/effects.csv?site=Madrid", headers=headers("site_lead"), environ_base=PROXY)
    asked, refused, taken = (json.loads(record.message) for record in caplog.records)
    assert (asked["who"], asked["role"]) == ("executive@example.org", "executive")
    assert (asked["pathname"], asked["search"]) == ("/effects/csat_top2", "?site=Madrid")
    assert (refused["role"], refused["status"]) == ("refused", 403)
    assert (taken["role"], taken["query"]) == ("site_lead", "site=Madrid")


@pytest.mark.parametrize("evil", ["a\n{}", "a\u2028b", "a\x1b[2K", "a\x85b", "‮b"])
def test_no_line_of_the_log_can_be_forged(client: FlaskClient, caplog: pytest.LogCaptureFixture, evil: str) -> None:
    with caplog.at_level(logging.INFO):
        ask(client, f"/effects/{evil}", f"?site={evil}")
        client.get("/nowhere", query_string={"x": evil}, headers=headers(), environ_base=PROXY)
    for record in caplog.records:
        line = record.getMessage()
        assert line.isascii(), line
        assert len(line.splitlines()) == 1


def test_bodies_that_are_no_request_are_refused_with_their_line(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    bodies = {b"x" * 2_000_000: 413, b"[1, 2]": 400, b'"text"': 400, b"{": 400, b'{"output": [1]}': 400}
    with caplog.at_level(logging.INFO, logger=ACCESS_LOGGER):
        for body, status in bodies.items():
            answer = client.post(
                "/_dash-update-component", data=body, headers=headers(), environ_base=PROXY,
                content_type="application/json",
            )  # fmt: skip
            assert answer.status_code == status, body[:20]
    assert [json.loads(record.message)["status"] for record in caplog.records] == list(bodies.values())


def test_no_answer_names_a_path_of_this_server(client: FlaskClient, corners: Corners) -> None:
    folder = str(corners.shared.settings.config.folder)
    tried = (
        "/download/nothing.csv",
        "/download/ladder.csv?kpi=nothing",
        "/download/table.csv?relation=core.agent",
        "/x",
    )
    for path in tried:
        answer = client.get(path, headers=headers("analyst"), environ_base=PROXY)
        assert folder not in answer.get_data(as_text=True)
        assert "Traceback" not in answer.get_data(as_text=True)


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "empathy.toml"
    path.write_text(text, encoding="utf-8")
    return path


ENOUGH = '[access]\nproxy = ["10.0.0.5"]\nhosts = ["a.example.org"]\n[access.groups.x]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENOUGH + 'role = "boss"', '"boss" is not one of'),
        (ENOUGH + 'role = "site_lead"', "a lead of nothing sees nothing"),
        (ENOUGH + 'role = "executive"\nsites = ["Madrid"]', "has no sites or teams"),
        (ENOUGH + 'role = "site_lead"\nsites = ["Madird"]\n[sites.Madrid]\ntimezone = "UTC"', 'Did you mean "Madrid"'),
        (ENOUGH.replace("10.0.0.5", "proxy.local") + 'role = "executive"', "is no address or network"),
        (ENOUGH.replace("10.0.0.5", "0.0.0.0/0") + 'role = "executive"', "most of a network"),
        ('[access]\nhosts = ["a"]\n[access.groups.x]\nrole = "executive"', "access.proxy: is required"),
        (ENOUGH.replace('hosts', 'user_header = "X-Empathy-Secret"\nhosts') + 'role = "executive"', "three different"),
    ],
)  # fmt: skip
def test_half_an_access_section_is_explained(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load(config(tmp_path, text))
    assert words in str(fault.value)
    assert re.search(r"line \d+|Madrid", str(fault.value))


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"EMPATHY_PROXY_SECRET": ""}, "EMPATHY_PROXY_SECRET is not set"),
        ({"EMPATHY_PROXY_SECRET": "short"}, "too short"),
        ({"EMPATHY_SECRET": ""}, "EMPATHY_SECRET is not set"),
        ({"EMPATHY_PROXY_HOPS": "1"}, "trusts no number of hops"),
    ],
)
def test_half_an_environment_is_explained(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    path = config(tmp_path, ENOUGH + 'role = "executive"')
    with pytest.raises(ConfigError, match=words):
        from_config(path, environ={**ENVIRONMENT, **environ})


def test_a_proxy_on_a_socket_file_needs_no_secret(tmp_path: Path) -> None:
    path = config(tmp_path, ENOUGH.replace("10.0.0.5", "unix") + 'role = "executive"')
    access = from_config(path, environ={"EMPATHY_SECRET": "k" * 40}).access
    assert access is not None
    assert access.is_proxy("")
    assert not access.is_proxy("127.0.0.1")


def test_a_lead_of_a_site_without_data_is_told_nothing(corners: Corners) -> None:
    from dashboard.privacy.viewer import Viewer, seen_by

    queries = corners.shared.queries
    for lead in (
        Viewer("x", "site_lead", sites=("Paris",), shared=True), Viewer("x", "site_lead", teams=("No-1",), shared=True),
    ):  # fmt: skip
        with seen_by(lead):
            chosen = queries.selection("")
            assert not queries.decision(chosen).allowed
            assert "outside of what you lead" in queries.decision(chosen).reason


@pytest.mark.parametrize("path", ["//evil.example.org", "//evil.example.org/effects", "//effects", "/\\effects", "///"])
def test_no_link_leads_to_another_server(client: FlaskClient, path: str) -> None:
    for search in ("", "?team=Porto-8&cohort=2025-11-03"):
        text = ask(client, path, search).get_data(as_text=True)
        assert re.findall(r'"href": ?"(//|/\\\\|https?:)[^"]*', text) == []
