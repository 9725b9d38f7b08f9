"""Every page, in light, dark, on a phone and on paper: nothing fails, nobody else is asked, everybody can read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from dashboard.pages import pages

PHONE = {"width": 390, "height": 844}
PAPER = {"width": 794, "height": 1123}
ADDRESSES = {
    "overview": "/",
    "effects": "/effects/escalation_rate",
    "effects-broken": "/effects/hostile_contact_rate",
    "effects-leaving": "/effects/agent_attrition?site=Madrid",
    "cohorts-waves": "/cohorts/escalation_rate/wave",
    "cohorts-teams": "/cohorts/escalation_rate/team",
    "cohorts-courses": "/cohorts/upsell_revenue/course",
    "skills": "/skills/escalation_rate",
    "attrition": "/attrition",
    "adoption": "/adoption/EMP101",
    "value": "/value",
    "plan": "/plan",
    "data": "/data/escalation_rate",
    "methods": "/methods",
}


def check(page: Page) -> None:
    """One heading, no failure, nothing wider than the window."""
    assert page.locator("h1").count() == 1
    assert "could not be worked out" not in page.inner_text("main")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    wide = "e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1"
    names = f"[...document.querySelectorAll('body *')].filter({wide}).map(e => e.outerHTML.slice(0, 90)).slice(0, 3)"
    assert overflow <= 0, f"{overflow} px wider than the window: {page.evaluate(names)}"


def test_every_page_is_opened_below() -> None:
    assert all(any(address.startswith(shown.base) for address in ADDRESSES.values()) for shown in pages())


@pytest.mark.parametrize("name", list(ADDRESSES))
def test_a_page_in_light_in_dark_on_a_phone_and_on_paper(
    visit: Callable[..., Any],
    violations: Callable[..., list[str]],
    picture: Callable[..., None],
    full: Any,
    name: str,
) -> None:
    page: Page = visit(ADDRESSES[name], at=full).page
    check(page)
    assert violations(page) == []
    picture(page, f"{name}-light")
    page.click("#scheme")
    check(page)
    assert violations(page, contrast=True) == []
    picture(page, f"{name}-dark")
    page.click("#scheme")
    page.set_viewport_size(PHONE)
    check(page)
    assert violations(page) == []
    picture(page, f"{name}-phone")
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    check(page)
    assert violations(page, contrast=True) == []
    picture(page, f"{name}-print")


def test_a_phone_starts_with_the_filters_folded(
    visit: Callable[..., Any], violations: Callable[[Page], list[str]]
) -> None:
    page: Page = visit("/effects/escalation_rate", viewport=PHONE).page
    check(page)
    assert violations(page) == []
    assert page.is_visible("#filter-summary")
    assert not page.is_visible("#filter-site")


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
    margins = page.evaluate("[...document.head.querySelectorAll('style')].at(-1).textContent")
    assert "@top-left" in margins
    assert "Selection: Madrid." in margins, "every further page says what the first says"
    assert "run r1" in margins


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
