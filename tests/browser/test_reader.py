"""What a reader does with a page: keyboard, tips, tables, downloads, links; and the whole way on a simulated centre."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from dashboard.state import Filters

NAME_OF_FOCUS = """() => {
    const e = document.activeElement;
    if (e === document.body) { return 'BODY'; }
    return e.id || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40) || e.tagName;
}"""
FOCUS_IS_SEEN = """() => {
    const e = document.activeElement;
    const frames = [e, e.parentElement, e.parentElement.closest("[class*='-input']")].filter(Boolean);
    const look = () => frames.map(frame => {
        const s = getComputedStyle(frame);
        return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor].join();
    }).join("|");
    const focused = look();
    e.blur();
    const left = look();
    e.focus();
    return focused !== left;
}"""
"""Whether the element with the focus, or the field around it, looks different without it."""
WALKS = {
    "/": ("nav-overview", "filter-site", "View as table", "How Escalations is counted", "Satisfied customers"),
    "/effects/escalation_rate": ("filter-channel", "kpi", "View as table", "weeks before training"),
    "/cohorts/escalation_rate/team": ("nav-cohorts", "KPI: Escalations", "Waves", "Agents", "Before"),
    "/attrition": ("nav-attrition", "Left by choice", "View as table"),
    "/adoption/EMP101": ("nav-adoption", "EMP201", "View as table"),
    "/data": ("nav-data", "CSV", "Reconciliation by source", "mart.team_week"),
}
"""What a walk with the Tab key must come by on each page."""


@pytest.mark.parametrize("address", list(WALKS))
def test_a_page_can_be_walked_with_the_keyboard(visit: Callable[..., Any], full: Any, address: str) -> None:
    page: Page = visit(address, at=full).page
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    reached: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(NAME_OF_FOCUS))
        if reached[-1] == "BODY":
            break
        assert page.evaluate(FOCUS_IS_SEEN), f"{reached[-1]} has the focus and does not show it"
    walked = " | ".join(reached)
    for stop in WALKS[address]:
        assert stop in walked, walked


def test_the_simpler_ways_of_comparing_come_when_asked_for(visit: Callable[..., Any]) -> None:
    made = visit("/effects/escalation_rate?site=Lisbon&site=Madrid&channel=voice")
    page: Page = made.page
    assert page.locator("#ladder .chart-body svg").count() == 0
    page.click("#ladder-ask")
    expect(page.locator("#ladder .chart-body svg:visible")).to_be_visible(timeout=60_000)
    expect(page.locator("#ladder-title")).to_contain_text("before against after", ignore_case=True)


def test_arrow_keys_walk_the_marks_of_a_figure(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate").page
    marks = page.locator("#course svg.wide .mark")
    marks.first.focus()
    expect(page.locator("#tip")).to_contain_text("14 weeks before training")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_contain_text("13 weeks before training")
    page.keyboard.press("End")
    expect(page.locator("#tip")).to_contain_text("weeks after training")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_a_definition_is_one_hover_away(visit: Callable[..., Any]) -> None:
    page: Page = visit("/").page
    page.hover("#card-csat_top2 .info")
    expect(page.locator("#tip")).to_contain_text("Share of survey answers")


def test_every_chart_has_its_table_and_it_can_be_sorted(visit: Callable[..., Any]) -> None:
    for path in ("/", "/effects/escalation_rate"):
        page: Page = visit(path).page
        for card in page.locator(".chart-card").all():
            card.locator(".as-table > summary", has_text="View as table").click()
            assert card.locator("table tbody tr").count() >= 3
    heading = page.locator("#course th", has_text="Agents")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    values = [
        int(v) for v in page.eval_on_selector_all("#course tbody td:nth-child(5)", "c => c.map(e => e.dataset.value)")
    ]
    assert values == sorted(values)


CHART = "#course .plot.js-plotly-plot"
SIZE = "e => { const r = e.getBoundingClientRect(); return [Math.round(r.width), Math.round(r.height)]; }"


def test_plotly_takes_the_place_of_a_drawing_and_stays_chosen(
    visit: Callable[..., Any], violations: Callable[[Page], list[str]], picture: Callable[..., None]
) -> None:
    page: Page = visit("/effects/escalation_rate").page
    page.wait_for_selector("link[rel=prefetch][href*='plotly.min.js']", state="attached")  # fetched while idle
    card, drawn = page.locator("#course"), page.locator("#course .drawing svg:visible")
    before, place = card.evaluate(SIZE), drawn.evaluate(SIZE)
    expect(page.locator("#course .plot")).to_have_count(0)
    page.click("#course [data-explore]")
    page.wait_for_selector(f"{CHART} .scatterlayer .trace", timeout=60_000)
    assert card.evaluate(SIZE) == before, "the page jumped"
    assert page.locator(CHART).evaluate(SIZE) == place
    expect(page.locator("#ladder .plot")).to_have_count(0)
    assert page.get_attribute("#course [data-explore]", "aria-pressed") == "true"
    assert violations(page) == []
    buttons = page.eval_on_selector_all(f"{CHART} .modebar-btn", "all => all.map(e => e.dataset.title || e.title)")
    assert len(buttons) == 3, buttons

    rows = page.eval_on_selector_all(
        "#course .as-table tbody tr", "all => all.map(r => [...r.cells].slice(1, 3).map(c => c.textContent))"
    )
    tips = page.eval_on_selector(CHART, "g => g.data.filter(t => t.meta === 'points').flatMap(t => t.customdata)")
    assert len(tips) == len(rows)
    assert all(change in tip for (tip,), (change, _) in zip(tips, rows, strict=True))
    page.locator(f"{CHART} .scatterlayer .trace .point").last.hover(force=True)
    expect(page.locator(f"{CHART} .hoverlayer .hovertext")).to_contain_text(rows[-1][0])

    page.click("#scheme")
    page.wait_for_function(f"() => document.querySelector('{CHART}').layout.paper_bgcolor === '#1E2023'")
    assert violations(page) == []
    picture(page, "effects-explore-dark")
    page.reload()
    page.wait_for_selector(f"{CHART} .scatterlayer .trace", timeout=60_000)
    page.emulate_media(media="print")
    expect(page.locator(CHART)).to_be_hidden()
    expect(drawn).to_be_visible()
    page.emulate_media(media="screen")
    page.click("#course [data-explore]")
    expect(page.locator("#course .plot")).to_have_count(0)
    expect(drawn).to_be_visible()


def test_all_charts_can_be_explored_at_once_and_follow_a_filter(visit: Callable[..., Any]) -> None:
    page: Page = visit("/").page
    page.click("#forest .menu summary")
    page.locator("#forest [data-explore-all]").click()
    for card in ("forest", "value"):
        page.wait_for_selector(f"#{card} .plotted .js-plotly-plot", timeout=60_000)
    first = page.eval_on_selector("#forest .js-plotly-plot", "g => JSON.stringify(g.data.map(t => t.x))")
    page.goto(page.url + "?site=Madrid")
    page.wait_for_selector("#forest .plotted .js-plotly-plot", timeout=60_000)
    assert page.eval_on_selector("#forest .js-plotly-plot", "g => JSON.stringify(g.data.map(t => t.x))") != first


ROOM = "g => { const s = g._fullLayout._size; return [s.l, s.r, s.t, s.b]; }"
CUT = """() => [...document.querySelectorAll('.plotted .plot')].flatMap(plot => {
    const frame = plot.getBoundingClientRect();
    return [...plot.querySelectorAll('.xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .annotation-text')]
        .filter(text => { const at = text.getBoundingClientRect(); return at.width && (at.left < frame.left - 1 ||
            at.right > frame.right + 1 || at.top < frame.top - 1 || at.bottom > frame.bottom + 1); })
        .map(text => text.textContent);
})"""


def test_a_plotly_chart_keeps_its_room_and_cuts_no_label(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate").page
    page.locator("#course .menu summary").click()
    page.locator("#course [data-explore-all]").click()
    for card in ("course", "ladder"):
        page.wait_for_selector(f"#{card} .plotted .js-plotly-plot", timeout=60_000)
    before = page.eval_on_selector(CHART, ROOM)
    for search in ("?site=Madrid", "", "?site=Lisbon", ""):
        shown = page.locator("h1").text_content()
        page.evaluate("search => window.dash_clientside.set_props('url', {search: search})", search)
        page.wait_for_function("old => document.querySelector('#page-body h1').textContent !== old", arg=shown)
        page.wait_for_load_state("networkidle")
    assert page.eval_on_selector(CHART, ROOM) == before, "margins grow with every answer"
    assert page.evaluate(CUT) == []


OVERLAPPING = """() => [...document.querySelectorAll('.plotted .plot')].flatMap(plot => {
    const words = [...plot.querySelectorAll('.xtick text, .ytick text, .x2tick text, .xtitle, .x2title, ' +
            '.legendtext, .annotation-text')]
        .map(text => [text, text.getBoundingClientRect()]).filter(([, at]) => at.width > 0);
    return words.flatMap(([one, a], index) => words.slice(index + 1)
        .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6)  // a box is higher than its letters
        .map(([other]) => one.textContent + ' over ' + other.textContent));
})"""


@pytest.mark.parametrize(("path", "width"), [("/cohorts", 390), ("/value", 390), ("/cohorts", 720)])
def test_words_of_plotly_charts_stand_apart_in_narrow_columns(visit: Callable[..., Any], path: str, width: int) -> None:
    page: Page = visit(path, viewport={"width": width, "height": 4000}).page
    page.locator(".chart-card .menu summary").first.click()
    page.locator("[data-explore-all]").first.click()
    page.wait_for_function(
        "() => document.querySelectorAll('.plotted .plot').length >= "
        "document.querySelectorAll('[data-explore]').length",
        timeout=60_000,
    )
    assert page.evaluate(CUT) == []
    assert page.evaluate(OVERLAPPING) == []


def test_the_drawing_under_a_plotly_chart_is_renewed_before_anybody_sees_it(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate").page
    page.locator("#course [data-explore]").click()
    page.wait_for_selector("#course .plotted .js-plotly-plot", timeout=60_000)
    tips = "() => [...document.querySelectorAll('#course svg.wide .mark')].map(mark => mark.dataset.tip).join()"
    before = page.evaluate(tips)
    page.evaluate("window.dash_clientside.set_props('url', {search: '?site=Madrid'})")
    page.wait_for_function(f"was => ({tips})() !== was", arg=before)
    page.evaluate(
        """() => {
            window.dash_clientside.set_props('url', {search: ''});
            const at = document.querySelector('#course .plot').data;
            window.shown = new Promise(done => (function again() {
                if (document.querySelector('#course .plot').data === at) { requestAnimationFrame(again); return; }
                window.dispatchEvent(new Event('beforeprint'));
                done();
            })());
        }"""
    )
    page.evaluate("window.shown")
    assert page.evaluate(tips) == before, "paper shows the drawing"


def test_a_blocked_bundle_leaves_the_drawing_and_says_so(reader: Any, site: Any) -> None:
    page = reader.new_page()
    page.route("**/plotly.min.js*", lambda route: route.abort())
    page.goto(site.address + "/effects/escalation_rate")
    page.click("#course [data-explore]")
    expect(page.locator("#course .plot-failed")).to_contain_text("the drawing stays")
    expect(page.locator("#course .drawing svg:visible")).to_be_visible()
    assert page.get_attribute("#course [data-explore]", "aria-pressed") == "false"
    page.evaluate("window.localStorage.clear()")
    page.close()


def test_a_row_of_the_forest_leads_to_its_page(visit: Callable[..., Any]) -> None:
    page: Page = visit("/?site=Madrid").page
    row = page.locator("#forest svg.wide .mark[data-href]", has_text="Escalations")
    row.click()
    page.wait_for_url("**/effects/escalation_rate?site=Madrid")
    page.wait_for_selector("#course")
    page.go_back()
    page.wait_for_selector("#forest")
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/effects/escalation_rate?site=Madrid")


def test_downloads(visit: Callable[..., Any], tmp_path: Path) -> None:
    page: Page = visit("/effects/escalation_rate?site=Madrid").page
    saved: dict[str, bytes] = {}
    for kind, name in (("csv", "Numbers (CSV)"), ("svg", "Drawing (SVG)"), ("png", "Picture (PNG)")):
        page.click("#course .menu summary")
        with page.expect_download() as waiting:
            page.locator("#course .menu-item", has_text=name).click()
        target = tmp_path / f"course.{kind}"
        waiting.value.save_as(target)
        assert waiting.value.suggested_filename.endswith(f".{kind}")
        saved[kind] = target.read_bytes()
        page.keyboard.press("Escape")
    head = [line for line in saved["csv"].decode().splitlines() if line.startswith("#")]
    assert any("Madrid" in line for line in head)
    assert any("run_id: r1" in line for line in head)
    frame = pl.read_csv(io.BytesIO(saved["csv"]), comment_prefix="#")
    assert all(frame.schema[name].is_numeric() for name in ("event_time", "estimate", "band_low", "n_agents"))
    words = "".join(ElementTree.fromstring(saved["svg"]).itertext())
    assert "Escalations" in words
    assert "run r1" in words
    assert saved["png"].startswith(b"\x89PNG")
    assert len(saved["png"]) > 20_000


def test_links_to_a_page_and_to_a_chart_are_copied(visit: Callable[..., Any]) -> None:
    made = visit("/effects/escalation_rate?site=Madrid")
    page: Page = made.page
    page.click("#views summary")
    page.get_by_role("button", name="Copy link", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith("/effects/escalation_rate?site=Madrid")
    page.click("#ladder .menu summary")
    page.locator("#ladder .menu-item", has_text="Copy link to this").click()
    page.wait_for_function("() => navigator.clipboard.readText().then(t => t.endsWith('#ladder'))")


def test_a_simulated_centre_from_exports_to_screen(visit: Callable[..., Any], sample_site: Any) -> None:
    context = sample_site.context
    page: Page = visit("/", at=sample_site).page
    stored = context.queries.frame("select sentence from result.headline").item()
    assert page.inner_text("#headline") == stored
    row = context.queries.headline("escalation_rate", Filters())
    kpi = context.settings.catalogue["escalation_rate"]
    expected = context.settings.reader.change(row["estimate"], kpi, row["ci_low"], row["ci_high"])
    assert page.inner_text("#card-escalation_rate [data-what=change]").lstrip("▲▼ \n") == expected
    for channel in context.queries.facets().values["channel"][:1]:
        live = visit(f"/effects/escalation_rate?channel={channel}&from=2000-01-03", at=sample_site).page
        assert live.locator("#verdict").count() == 1
