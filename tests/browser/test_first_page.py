"""Before the scripts have run a page can be read; with them the same page answers, in the same places."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => list.getEntries().forEach(one => { window.shifted += one.value; }))
    .observe({type: 'layout-shift', buffered: true});"""


@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_can_be_read_without_scripts(browser: Browser, full: Any, width: int) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{full.address}/effects/escalation_rate?site=Madrid")
    expect(page.locator("#first h1")).to_be_visible()
    expect(page.locator("#course svg.wide" if width > 720 else "#course svg.narrow")).to_be_visible()
    expect(page.locator(".nav-link.here")).to_have_text("Effects")
    expect(page.locator(".waiting-input").first).to_be_visible(visible=width > 720)
    page.click("text=Value")
    page.wait_for_url("**/value?site=Madrid")
    expect(page.locator("#first h1")).to_be_visible()
    context.close()


def test_scripts_take_over_without_moving_anything(visit: Callable[..., Any], full: Any, reader: Any) -> None:
    page: Page = reader.new_page()
    page.add_init_script(SHIFTS)
    page.goto(f"{full.address}/effects/escalation_rate")
    page.wait_for_selector("#first", state="detached")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.02
    expect(page.locator("#page-body #course svg.wide")).to_be_visible()
    page.close()


def test_a_page_whose_scripts_get_no_answer_stays_and_says_so(reader: Any, full: Any) -> None:
    page: Page = reader.new_page()

    def refused(route: Route) -> None:
        route.abort()

    page.route(re.compile("_dash-update-component"), refused)
    page.goto(f"{full.address}/effects/escalation_rate")
    expect(page.locator("#unreachable")).to_contain_text("The server did not answer")
    expect(page.locator("#first #course svg.wide")).to_be_visible()
    page.unroute(re.compile("_dash-update-component"))
    page.click("#unreachable button")
    page.wait_for_selector("#first", state="detached", timeout=60_000)
    expect(page.locator("#page-body #course svg.wide")).to_be_visible()
    page.close()
