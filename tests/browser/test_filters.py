"""Filters: every one changes numbers and sentence, the address carries them everywhere, nonsense is explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from dashboard.pages import pages
from dashboard.state import DIMENSIONS, Filters

WAIT = 60_000  # milliseconds; a slow machine under load, not a target
CHOICES = {
    "site": ("Madrid", "site=Madrid"),
    "team": ("Madrid-2", "team=Madrid-2"),
    "channel": ("voice", "channel=voice"),
    "queue": ("chat", "queue=chat"),
    "tenure_band": ("3-12 months", "tenure_band=3-12+months"),
    "cohort": ("8 Sept 2025", "cohort=2025-09-08"),
    "from": ("7 Jul 2025", "from=2025-07-07"),
    "to": ("23 Feb 2026", "to=2026-02-23"),
}


def choose(page: Page, name: str, value: str) -> None:
    """Pick a value as a person does: open the list, click the line."""
    if name in ("queue", "tenure_band", "cohort"):
        page.click("#more-filters")
    page.click(f"#filter-{name}")
    page.get_by_role("option", name=value, exact=True).click()
    page.keyboard.press("Escape")


def numbers(page: Page) -> tuple[str, str]:
    return page.inner_text("#verdict .level"), page.inner_text("#verdict .fact-list")


def test_every_filter_changes_the_numbers_and_the_sentence(visit: Callable[..., Any]) -> None:
    made = visit("/effects/csat_top2")
    page: Page = made.page
    sentence, before = page.inner_text("#headline"), numbers(page)
    assert set(CHOICES) == {*DIMENSIONS, "from", "to"}
    for name, (value, query) in CHOICES.items():
        choose(page, name, value)
        page.wait_for_url(f"**/effects/csat_top2?{query}")
        expect(page.locator("#headline")).not_to_have_text(sentence, timeout=WAIT)
        made.settled()
        assert numbers(page) != before, name
        page.click("#clear")
        expect(page.locator("#headline")).to_have_text(sentence, timeout=WAIT)
        assert numbers(page) == before, name


def test_the_overview_follows_a_filter_that_must_be_estimated(visit: Callable[..., Any]) -> None:
    made = visit("/")
    page: Page = made.page
    before = page.inner_text("#headline"), page.inner_text("#forest"), page.inner_text("#card-csat_top2")
    choose(page, "channel", "voice")
    expect(page.locator("#headline")).to_contain_text("(voice)", timeout=WAIT)
    page.wait_for_selector(".pending", state="detached", timeout=WAIT)
    after = page.inner_text("#headline"), page.inner_text("#forest"), page.inner_text("#card-csat_top2")
    assert all(old != new for old, new in zip(before, after, strict=True))
    expect(page.locator("#card-agent_attrition")).to_contain_text("Not recorded by channel")


def test_two_filters_chosen_quickly_are_both_kept(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/csat_top2").page
    choose(page, "site", "Madrid")
    choose(page, "channel", "voice")
    page.wait_for_url("**/effects/csat_top2?site=Madrid&channel=voice")
    expect(page.locator("#print-header")).to_contain_text("Madrid, voice", timeout=WAIT)


def test_a_deep_link_restores_filters_on_every_page(visit: Callable[..., Any], full: Any) -> None:
    made = visit("/effects/escalation_rate?site=Madrid&from=2025-07-07", at=full)
    page: Page = made.page
    pill = page.locator(".filter .mantine-Pill-label", has_text="Madrid")
    expect(pill).to_be_visible()
    for shown in pages():
        page.click(f"#nav-{shown.key}")
        page.wait_for_url(f"**{shown.base}?site=Madrid&from=2025-07-07")
        made.settled()
        expect(pill).to_be_visible(visible=shown.filtered)
        assert ("Madrid, from 7 Jul 2025" in page.inner_html("#print-header")) == shown.filtered
    for shown in reversed(pages()[:-1]):
        page.go_back()
        page.wait_for_url(f"**{shown.base}?site=Madrid&from=2025-07-07")


def test_nonsense_in_the_address_is_explained(visit: Callable[..., Any]) -> None:
    page: Page = visit("/?site=Atlantis&from=soon").page
    expect(page.locator("#notices")).to_contain_text("“Atlantis” is not a site in these data")
    expect(page.locator("#notices")).to_contain_text("“soon” is not a date")


def test_too_few_agents_say_why_and_offer_a_way_out(visit: Callable[..., Any]) -> None:
    page: Page = visit("/?team=Porto-8").page
    expect(page.locator("main")).to_contain_text("Fewer than 10 agents match")
    page.get_by_role("link", name="Clear “team”").click()
    expect(page.locator("#headline")).to_contain_text("Empathy training")


def test_the_number_on_screen_is_the_number_in_the_warehouse(visit: Callable[..., Any], site: Any) -> None:
    context = site.context
    for path, filters in (("/", Filters()), ("/?site=Madrid", Filters(site=("Madrid",)))):
        page = visit(path).page
        for kpi in ("csat_top2", "escalation_rate", "upsell_conversion"):
            row = context.queries.headline(kpi, filters)
            entry = context.settings.catalogue[kpi]
            expected = context.settings.reader.change(row["estimate"], entry, row["ci_low"], row["ci_high"])
            shown = page.inner_text(f"#card-{kpi} [data-what=change]").lstrip("▲▼ \n")
            assert shown == expected


def test_choosing_a_kpi_keeps_the_filters(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate?site=Madrid").page
    page.click("#kpi")
    page.get_by_role("option", name="Handling time").click()
    page.wait_for_url("**/effects/aht_seconds?site=Madrid")
    expect(page.locator("#headline")).to_contain_text("Handling time")


def test_a_view_is_saved_opened_and_forgotten(visit: Callable[..., Any]) -> None:
    made = visit("/effects/escalation_rate?site=Madrid")
    page: Page = made.page
    page.click("#views summary")
    page.fill("#view-name", "Madrid escalations")
    page.click("#view-save")
    link = page.get_by_role("link", name="Madrid escalations")
    expect(link).to_be_visible()
    page.goto(page.url.split("/effects")[0] + "/")
    made.settled()
    page.click("#views summary")
    link.click()
    page.wait_for_url("**/effects/escalation_rate?site=Madrid")
    made.settled()
    page.click("#views summary")
    page.get_by_role("button", name="Forget Madrid escalations").click()
    expect(link).to_have_count(0)
