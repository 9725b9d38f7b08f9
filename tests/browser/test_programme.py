"""A second programme's pages: everything a reader does there stays under its address."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from dashboard.server import application
from tests.browser.conftest import PHONE, Site

NAME, UNDER = "Sales academy", "/p/sales-academy"


@pytest.fixture(scope="module")
def two(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The small warehouse twice, as two programmes of one server."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(site.config.parent / "warehouse", folder / "academy")
    text = site.config.read_text()
    own = text.replace('"warehouse"', '"academy"').replace('name = "Empathy programme"', f'name = "{NAME}"')
    (folder / "sales.toml").write_text(own)
    named = f'[[programmes]]\nname = "{NAME}"\ncourses = ["SALES101"]\nconfig = "sales.toml"\n'
    here = text.replace('"warehouse"', json.dumps(str(site.config.parent / "warehouse")))
    (folder / "empathy.toml").write_text(here + named)
    server = make_server("127.0.0.1", 0, application(folder / "empathy.toml"), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_port}", folder / "empathy.toml", site.context)
    finally:
        server.shutdown()
        thread.join(5)


def path_of(page: Page) -> str:
    return str(page.evaluate("location.pathname"))


def test_a_reader_stays_in_the_second_programme_and_finds_back(visit: Callable[..., Any], two: Site) -> None:
    made = visit(f"{UNDER}/", at=two)
    page: Page = made.page
    expect(page.locator("#headline")).to_contain_text(f"{NAME} appears to work on")
    for key, path in (("effects", "/effects"), ("plan", "/plan")):
        page.click(f"#nav-{key}")
        page.wait_for_function(f"() => location.pathname.startsWith('{UNDER}{path}')")
        made.settled()
        assert page.locator("h1").count() == 1
        assert "could not be worked out" not in page.inner_text("main")
    page.click("#nav-value")
    page.wait_for_function(f"() => location.pathname === '{UNDER}/value'")
    card = made.settled().locator("#programmes-together")
    expect(card).to_contain_text("2 programmes together")
    card.locator("summary").last.click()
    expect(card.locator("table")).to_contain_text(NAME)
    before = page.inner_text("#headline")
    low = page.get_by_label("Escalations, one more: likely")
    low.fill("11")
    low.press("Enter")
    page.wait_for_function("() => location.search.includes('value.escalation_rate')")
    expect(page.locator("#headline")).not_to_have_text(before)
    assert path_of(page) == f"{UNDER}/value"
    page.click("#programmes summary")
    page.get_by_role("link", name="Empathy programme", exact=True).click()
    page.wait_for_function("() => location.pathname === '/'")
    expect(made.settled().locator("#headline")).to_contain_text("Empathy training appears to work on")


def test_filters_and_downloads_are_those_of_the_second_programme(visit: Callable[..., Any], two: Site) -> None:
    made = visit(f"{UNDER}/effects/escalation_rate?site=Madrid", at=two, viewport=PHONE)
    page: Page = made.page
    assert path_of(page) == f"{UNDER}/effects/escalation_rate"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    links = page.eval_on_selector_all("main a[href]", "all => all.map(one => one.getAttribute('href'))")
    inside = [link for link in links if link.startswith("/")]
    assert inside
    assert all(link.startswith(f"{UNDER}/") for link in inside)
    table = page.request.get(f"{two.address}{UNDER}/download/effects.csv?site=Madrid")
    assert table.ok
    assert "Madrid" in table.text()
