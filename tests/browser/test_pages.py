"""Every page, in light, dark, on a phone and on paper: nothing fails, nobody else is asked, everybody can read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from dashboard.pages import modules

ADDRESSES = [module.PAGE.base for module in modules()]
PHONE = {"width": 390, "height": 844}
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page) -> list[str]:
    """Serious and critical accessibility violations, one line each."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": list(RULES)}}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:160]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def name_of(address: str) -> str:
    return address.strip("/").replace("/", "-") or "overview"


def check(page: Page) -> None:
    """One heading, no failure, nothing wider than the window, no serious barrier."""
    assert page.locator("h1").count() == 1
    assert "could not be worked out" not in page.inner_text("main")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{overflow} px wider than the window"
    assert violations(page) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_in_light_in_dark_and_on_paper(
    visit: Callable[..., Any], picture: Callable[..., None], address: str
) -> None:
    page: Page = visit(address).page
    check(page)
    picture(page, f"{name_of(address)}-light")
    page.click("#scheme")
    check(page)
    picture(page, f"{name_of(address)}-dark")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    check(page)
    picture(page, f"{name_of(address)}-print")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_on_a_phone(visit: Callable[..., Any], picture: Callable[..., None], address: str) -> None:
    page: Page = visit(address, viewport=PHONE).page
    check(page)
    picture(page, f"{name_of(address)}-phone")


def test_twice_the_text_size_still_fits(visit: Callable[..., Any]) -> None:
    """200% zoom of a 1,440 px window is a window of 720 px (WCAG 2.2, 1.4.10)."""
    for address in ("/", "/effects/escalation_rate"):
        page = visit(address, viewport={"width": 720, "height": 450}).page
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_charts_print_at_full_width_with_their_source(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate?site=Madrid").page
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    assert "Madrid" in page.inner_text("#print-header")
    assert "run r1" in page.inner_text("#print-header")
    assert not page.is_visible("#filter-bar")
    card, drawing = (page.locator(name).first.bounding_box() for name in ("#course", "#course .chart-body svg:visible"))
    assert card is not None
    assert drawing is not None
    assert drawing["width"] > 0.9 * card["width"]
    assert len(page.pdf(format="A4")) > 10_000


def test_the_scheme_is_switched_and_remembered(visit: Callable[..., Any]) -> None:
    made = visit("/")
    page: Page = made.page
    read = "document.documentElement.getAttribute('data-mantine-color-scheme')"
    assert page.evaluate(read) == "light"
    page.click("#scheme")
    assert page.evaluate(read) == "dark"
    page.reload()
    made.settled()
    assert page.evaluate(read) == "dark"
