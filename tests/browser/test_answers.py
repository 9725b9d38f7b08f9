"""Answers a page has had are shown again without asking; what a pointer rests on is asked for before the click."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.app import OUTPUTS
from dashboard.http import AHEAD

CALLBACK = "/_dash-update-component"
WAIT = 60_000  # milliseconds; a slow machine under load, not a target


def watched(page: Page) -> list[tuple[str, str, bool]]:
    """Path, query and whether it was asked ahead, of every address that is asked for from now on."""
    found: list[tuple[str, str, bool]] = []

    def request(sent: Any) -> None:
        body = json.loads(sent.post_data or "{}") if CALLBACK in sent.url else {}
        if body.get("output", "").startswith(f"..{OUTPUTS[0]}"):
            given = {one["property"]: one.get("value") for one in body["inputs"]}
            found.append((given["pathname"], given["search"], AHEAD.lower() in sent.headers))

    page.on("request", request)
    return found


def leave_pointer(page: Page) -> None:
    """To where nothing is chosen."""
    page.mouse.move(2, 500)


def test_returning_to_a_known_answer_asks_the_server_nothing(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    everybody = page.inner_text("#headline")
    page.click("#filter-site")
    page.get_by_role("option", name="Madrid", exact=True).click()
    page.wait_for_url("**?site=Madrid")
    expect(page.locator("#headline")).not_to_have_text(everybody, timeout=WAIT)
    made.settled()
    madrid = page.inner_text("#headline")
    page.keyboard.press("Escape")
    leave_pointer(page)
    asked = watched(page)
    page.go_back()
    expect(page.locator("#headline")).to_have_text(everybody, timeout=WAIT)
    page.go_forward()
    expect(page.locator("#headline")).to_have_text(madrid, timeout=WAIT)
    expect(page.locator("#filter-summary")).to_contain_text("Madrid")
    assert asked == []


def test_what_a_pointer_rests_on_is_there_when_it_is_clicked(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    everybody, asked = page.inner_text("#headline"), watched(page)
    page.click("#filter-site")
    line = page.get_by_role("option", name="Lisbon", exact=True)
    with page.expect_response(lambda found: AHEAD.lower() in found.request.headers and found.status == 200):
        line.hover()
    page.wait_for_timeout(200)
    assert page.inner_text("#headline") == everybody
    line.click()
    expect(page.locator("#headline")).not_to_have_text(everybody, timeout=WAIT)
    assert asked == [("/effects/csat_top2", "?site=Lisbon", True)]
    page.keyboard.press("Escape")
    with page.expect_response(lambda found: AHEAD.lower() in found.request.headers and found.status == 200):
        page.locator("#nav-attrition").hover()
    page.click("#nav-attrition")
    made.settled()
    assert [found for found in asked if not found[2]] == []
    assert asked[-1] == ("/attrition", "?site=Lisbon", True)


def test_what_a_key_would_choose_is_asked_for(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/csat_top2").page
    leave_pointer(page)
    page.focus("#filter-channel")
    page.keyboard.press("ArrowDown")
    with page.expect_response(lambda found: AHEAD.lower() in found.request.headers and found.status == 200):
        page.keyboard.press("ArrowDown")
    asked = watched(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**?channel=*")
    expect(page.locator("#filter-summary")).not_to_contain_text("everybody", timeout=WAIT)
    assert [found for found in asked if not found[2]] == []


def test_a_new_version_forgets_what_was_known(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    leave_pointer(page)
    asked = watched(page)
    page.evaluate("window.dash_clientside.set_props('fresh', { data: 'a version of tomorrow' })")
    made.settled()
    assert asked == [("/effects/csat_top2", "", False)]
    page.evaluate("window.dash_clientside.set_props('url', { search: '?site=Madrid' })")
    page.wait_for_url("**?site=Madrid")
    made.settled()
    page.evaluate("window.dash_clientside.set_props('fresh', { data: 'and one of the day after' })")
    made.settled()
    page.go_back()
    made.settled()
    assert [found[1] for found in asked] == ["", "?site=Madrid", "?site=Madrid", ""]


def test_few_answers_are_kept(visit: Callable[..., Any]) -> None:
    """The oldest go first; an answer as long as all that may be kept takes the place of the others."""
    made = visit("/effects/csat_top2")
    page: Page = made.page
    leave_pointer(page)
    asked = watched(page)

    def long(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        body["response"]["state"]["data"]["padding"] = "x" * 8_000_000
        route.fulfill(response=answer, json=body)

    page.route(f"**{CALLBACK}*", long)
    page.evaluate("window.dash_clientside.set_props('url', { search: '?site=Madrid' })")
    expect(page.locator("#filter-summary")).to_contain_text("Madrid", timeout=WAIT)
    page.unroute(f"**{CALLBACK}*")
    page.go_back()
    expect(page.locator("#filter-summary")).to_contain_text("everybody", timeout=WAIT)
    assert [found[1] for found in asked] == ["?site=Madrid", ""]


def test_the_last_of_several_quick_changes_is_shown(visit: Callable[..., Any]) -> None:
    """Known answers come faster than controls report what the one before set them to."""
    page: Page = visit("/effects/csat_top2").page
    leave_pointer(page)
    places = {"": "everybody", "?site=Madrid": "Madrid", "?site=Lisbon": "Lisbon"}

    def go(search: str) -> None:
        page.evaluate("search => window.dash_clientside.set_props('url', { search: search })", search)

    for search in (*places, ""):
        go(search)
        expect(page.locator("#filter-summary")).to_contain_text(places[search], timeout=WAIT)
    for gap in (1, 5, 20, 50, 80, 120):
        for last in places:
            for search in ("?site=Madrid", "", "?site=Lisbon", last):
                go(search)
                page.wait_for_timeout(gap)
            expect(page.locator("#filter-summary")).to_contain_text(places[last], timeout=WAIT)
            page.wait_for_timeout(100)
            assert page.evaluate("location.search") == last
            expect(page.locator("#filter-summary")).to_contain_text(places[last], timeout=WAIT)


def test_a_page_stays_and_only_what_differs_is_renewed(visit: Callable[..., Any]) -> None:
    """A fold that a reader opened is open after the answer; a page of another kind is put up anew."""
    page: Page = visit("/effects/csat_top2").page
    everybody = page.inner_text("#headline")
    page.click("#course .as-table > summary")
    page.click("#course .as-table thead .sort >> nth=1")
    page.evaluate(
        "window.stood = ['#headline', '#course', '#course .drawing'].map((one) => document.querySelector(one))"
    )
    change = page.locator("#course .as-table tbody tr:first-child td >> nth=0")
    before = change.inner_text()
    page.evaluate("window.dash_clientside.set_props('url', { search: '?site=Madrid' })")
    expect(page.locator("#headline")).not_to_have_text(everybody, timeout=WAIT)
    assert page.evaluate("window.stood.every((one) => one.isConnected)")
    assert page.evaluate("document.querySelector('#course .as-table').open")
    expect(page.locator("#course .as-table th[aria-sort]")).to_have_count(0)  # new rows, in the order of weeks
    expect(change).not_to_have_text(before)
    page.click("#nav-methods")
    page.wait_for_url("**/methods**")
    expect(page.locator("#course")).to_have_count(0, timeout=WAIT)
    assert not page.evaluate("window.stood.some((one) => one.isConnected)")


def test_a_known_answer_is_shown_before_dash_brings_it(visit: Callable[..., Any]) -> None:
    """Shown at the click, whole; what comes a little later is the same."""
    made = visit("/effects/csat_top2")
    page: Page = made.page
    page.click("#filter-site")
    line = page.get_by_role("option", name="Madrid", exact=True)
    with page.expect_response(lambda found: AHEAD.lower() in found.request.headers and found.status == 200):
        line.hover()
    page.wait_for_timeout(200)
    page.evaluate("""() => {
      const words = () => document.querySelector('#headline').textContent;
      const said = words(), drawing = document.querySelector('#course svg');
      window.addEventListener('click', () => requestAnimationFrame(() => {
        window.next = [words() !== said, document.querySelector('#course svg') !== drawing, words()];
      }), { once: true });
    }""")
    line.click()
    page.wait_for_function("() => window.next")
    changed, drawn, words = page.evaluate("window.next")
    assert changed
    assert drawn
    made.settled()
    assert page.inner_text("#headline") == words
    expect(page.locator("#filter-summary")).to_contain_text("Madrid")
    expect(page.locator("#ladder-place > *")).not_to_have_count(0)


def test_a_plotly_chart_is_drawn_before_it_is_chosen(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    page.click("#course [data-explore]")
    page.wait_for_selector("#course .drawing.plotted .scatterlayer", timeout=WAIT)
    page.evaluate("""() => {
      const react = window.Plotly.react;
      window.empathyPlots.patience = Infinity;  // however slow the machine is
      window.drawn = [];
      window.Plotly.react = function (place) {
        window.drawn.push(place.classList.contains('prepared'));
        return react.apply(this, arguments);
      };
    }""")
    before = page.evaluate("JSON.stringify(document.querySelector('#course .plot').data[0].y)")
    page.click("#filter-site")
    line = page.get_by_role("option", name="Madrid", exact=True)
    line.hover()
    page.wait_for_function("() => window.drawn.length && !document.querySelector('.plot.prepared')", timeout=WAIT)
    assert page.evaluate("JSON.stringify(document.querySelector('#course .plot').data[0].y)") == before
    asked = page.evaluate("window.drawn.length")
    line.click()
    expect(page.locator("#filter-summary")).to_contain_text("Madrid", timeout=WAIT)
    made.settled()
    assert page.evaluate("window.drawn") == [True] * asked
    assert page.evaluate("JSON.stringify(document.querySelector('#course .plot').data[0].y)") != before
    expect(page.locator("#course .plot")).to_have_count(1)
    expect(page.locator(".plot.prepared")).to_have_count(0)


def test_a_plotly_chart_that_was_drawn_before_is_put_back(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    page.click("#course [data-explore]")
    page.wait_for_selector("#course .drawing.plotted .scatterlayer", timeout=WAIT)
    values = "() => JSON.stringify(document.querySelector('#course .plot').data.map((t) => [t.x, t.y]))"
    first = page.evaluate(values)
    page.evaluate("window.dash_clientside.set_props('url', { search: '?site=Madrid' })")
    page.wait_for_function(f"(was) => ({values})() !== was", arg=first, timeout=WAIT)
    second = page.evaluate(values)
    made.settled()
    page.evaluate("""() => {
      const react = window.Plotly.react;
      window.again = 0;
      window.Plotly.react = function () { window.again += 1; return react.apply(this, arguments); };
    }""")
    page.go_back()
    page.wait_for_function(f"(was) => ({values})() === was", arg=first, timeout=WAIT)
    page.go_forward()
    page.wait_for_function(f"(was) => ({values})() === was", arg=second, timeout=WAIT)
    made.settled()
    expect(page.locator("#course .plot")).to_have_count(1)
    assert page.evaluate("window.again") == 0
    page.evaluate("window.Plotly.relayout(document.querySelector('#course .plot'), { 'xaxis.range': [0, 4] })")
    page.go_back()
    page.wait_for_function(f"(was) => ({values})() === was", arg=first, timeout=WAIT)
    page.go_forward()
    page.wait_for_function(f"(was) => ({values})() === was", arg=second, timeout=WAIT)
    assert page.evaluate("window.again") == 1, "a chart that a reader zoomed is drawn as it was before"
    assert page.evaluate("document.querySelector('#course .plot').layout.xaxis.autorange")
    page.evaluate("window.empathyPlots.forget()")
    page.go_back()
    page.wait_for_function(f"(was) => ({values})() === was", arg=first, timeout=WAIT)
    assert page.evaluate("window.again") == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_reader_who_may_not_ask_any_more_is_shown_nothing_kept(visit: Callable[..., Any], status: int) -> None:
    """Signed out elsewhere: an open page hears of it with its next question, which it asks every half minute."""
    made = visit("/effects/csat_top2")
    page: Page = made.page
    leave_pointer(page)
    page.evaluate("window.dash_clientside.set_props('url', { search: '?site=Madrid' })")
    expect(page.locator("#filter-summary")).to_contain_text("Madrid", timeout=WAIT)
    made.settled()
    page.route(f"**{CALLBACK}*", lambda route: route.fulfill(status=status, body="{}"))
    with page.expect_response(lambda found: found.status == status):
        page.evaluate("fetch('/_dash-update-component', { method: 'POST', body: '{}' }).then(() => null)")
    page.unroute(f"**{CALLBACK}*")
    asked = watched(page)
    page.go_back()
    expect(page.locator("#filter-summary")).to_contain_text("everybody", timeout=WAIT)
    assert [found[1] for found in asked] == [""]
    made.troubles.clear()  # the browser's own line about the status
