"""Around the pages: the header at every width, titles of tabs, addresses typed by hand, a server that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages import pages

NAMES = ["Overview", "Effects", "Cohorts", "Skills", "Attrition", "Adoption", "Value", "Plan", "Data", "Methods"]
"""The navigation has room for these."""
FILL = """names => {
    const list = document.querySelector('.masthead nav ul');
    const there = [...list.children].map(item => item.textContent);
    for (const name of names.filter(one => !there.includes(one))) {
        const more = list.lastElementChild.cloneNode(true);
        more.firstElementChild.removeAttribute('id');
        more.firstElementChild.className = 'nav-link';
        more.firstElementChild.textContent = name;
        list.appendChild(more);
    }
}"""
ROWS = "all => new Set(all.map(e => Math.round(e.getBoundingClientRect().top))).size"


@pytest.mark.parametrize("width", [390, 640, 1280, 1300, 1440, 1920])
def test_the_header_never_wraps_its_pages(visit: Callable[..., Any], width: int) -> None:
    page: Page = visit("/methods", viewport={"width": width, "height": 900}).page
    page.evaluate(FILL, NAMES)
    assert page.eval_on_selector_all(".nav-link", ROWS) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    here = page.locator(".nav-link.here").bounding_box()
    assert here is not None
    assert 0 <= here["x"] <= width
    if width >= 1280:
        last = page.locator(".masthead nav li").last.bounding_box()
        tools = page.locator(".masthead-tools").bounding_box()
        assert last is not None
        assert tools is not None
        assert last["x"] + last["width"] <= tools["x"] + 1
        assert page.locator(".masthead-row").evaluate("e => e.clientHeight") <= 56


FIRST_SCREEN = ("#headline", "#worth", ".kpi-card", "#forest .card-title", "#open-questions .card-title")
"""The answer, the money, every goal, and where what cannot be said yet is listed."""


def test_the_first_screen_has_the_answer_the_money_and_what_is_open(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/", at=full).page
    bottoms = {
        part: max(found["y"] + found["height"] for one in page.locator(part).all() if (found := one.bounding_box()))
        for part in FIRST_SCREEN
    }
    assert {part: bottom for part, bottom in bottoms.items() if bottom > 900} == {}
    goals = page.locator(".kpi-card .level")
    assert goals.count() >= 4
    assert goals.evaluate_all(ROWS) == 1, "cards share their lines"
    page.set_viewport_size({"width": 390, "height": 844})
    money = page.locator("#worth").bounding_box()
    assert money is not None
    assert money["y"] + money["height"] <= 2 * 844
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    last = page.locator(".kpi-card").last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] < 1123, "every goal is on the first sheet"
    assert page.locator("#worth a:visible").count() == 0
    page.emulate_media(media="screen")


def test_every_page_names_its_tab(visit: Callable[..., Any]) -> None:
    page: Page = visit("/").page
    titles = [page.title()]
    for shown in pages()[1:]:
        page.click(f"#nav-{shown.key}")
        page.wait_for_function("was => document.title !== was", arg=titles[-1])
        titles.append(page.title())
    assert len(set(titles)) == len(titles)
    for address in ("/effects/escalation_rate", "/cohorts/escalation_rate/team"):
        assert visit(address).page.title().startswith("Escalations: ")


def test_a_kpi_typed_as_a_query_leads_to_its_page(visit: Callable[..., Any]) -> None:
    page: Page = visit("/cohorts?kpi=upsell_revenue&site=Madrid").page
    page.wait_for_url("**/cohorts/upsell_revenue?site=Madrid")
    expect(page.locator("#headline")).to_contain_text("upsell revenue", ignore_case=True)
    expect(page.locator("#notices .banner-note")).to_have_count(0)


def test_a_link_to_a_card_of_another_page_opens_at_that_card(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/effects/escalation_rate", at=full).page
    page.click("text=From the number back to the fields it is made of")
    page.wait_for_function(
        "() => { const card = document.getElementById('lineage');"
        " return card && Math.abs(card.getBoundingClientRect().top) < window.innerHeight / 2; }"
    )


def test_back_returns_to_the_place_on_the_page(visit: Callable[..., Any]) -> None:
    page: Page = visit("/").page
    page.evaluate("window.scrollTo(0, 500)")
    page.wait_for_function("() => window.scrollY === 500")
    page.wait_for_timeout(100)
    page.locator("#forest svg.wide .mark[data-href]", has_text="Escalations").click()
    page.wait_for_selector("#course")
    assert page.evaluate("window.scrollY") == 0
    page.go_back()
    page.wait_for_selector("#forest")
    page.wait_for_function("() => Math.abs(window.scrollY - 500) < 5")


def test_a_click_that_finds_no_server_says_so_and_can_be_tried_again(reader: Any, site: Any) -> None:
    page = reader.new_page()
    page.goto(site.address)
    page.wait_for_selector("#headline")
    page.wait_for_load_state("networkidle")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.click("#nav-methods")
    expect(page.locator("#unreachable")).to_contain_text("The server did not answer")
    expect(page.locator("#forest")).to_be_visible()
    page.unroute("**/_dash-update-component*")
    page.click("#unreachable button")
    page.wait_for_selector("#forest", state="detached")
    expect(page.locator("#nav-methods")).to_have_class("nav-link here")
    expect(page.locator("#unreachable")).to_have_count(0)
    page.close()


@pytest.mark.parametrize("address", ["/methods", "/data"])
def test_the_contents_of_a_long_page_stay_in_view(visit: Callable[..., Any], full: Any, address: str) -> None:
    """A part that is chosen from them begins below them; on paper there are none."""
    page: Page = visit(address, at=full).page
    contents = page.locator(".on-this-page")
    last = contents.locator("a").nth(2)
    last.click()
    page.wait_for_timeout(200)
    below = contents.bounding_box()
    part = page.locator(str(last.get_attribute("href"))).bounding_box()
    assert below is not None
    assert part is not None
    assert abs(below["y"]) < 2
    assert part["y"] >= below["y"] + below["height"] - 1
    page.emulate_media(media="print")
    assert not contents.is_visible()
    page.emulate_media(media="screen")
