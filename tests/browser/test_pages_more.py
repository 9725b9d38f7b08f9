"""Cohorts, attrition, adoption, data and methods in a real browser: choices, numbers, files, and who may be shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

CHARTS = {"/cohorts/escalation_rate/team": ("pair", "gains", "over-time"), "/attrition": ("survival", "hazard"),
          "/adoption/EMP101": ("plan", "behind"), "/data": ("rejects", "coverage")}  # fmt: skip


def rows_of(text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header lines and rows of a downloaded CSV."""
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("# ")]
    return head, list(csv.DictReader(io.StringIO("\n".join(lines[len(head) :]))))


@pytest.mark.parametrize("address", list(CHARTS))
def test_every_chart_can_be_read_as_a_table_and_taken_along(visit: Callable[..., Any], full: Any, address: str) -> None:
    page: Page = visit(address, at=full).page
    for card in CHARTS[address]:
        assert page.inner_text(f"#{card}-title").strip()
        assert page.locator(f"#{card} .as-table table tbody tr").count() > 0, card
        menu = page.locator(f"#{card} .card-head details")
        assert menu.locator("[data-save=svg], [data-save=png], [data-copy-link]").count() == 3, card
        assert menu.locator("a[href*='.csv']").count() == 1, card


def test_a_deep_link_opens_the_pair_it_names(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/cohorts/escalation_rate/team/Madrid-3_vs_Lisbon-2?channel=chat#pair", at=full).page
    expect(page.locator("#pair .link-menu summary").nth(0)).to_contain_text("Madrid-3")
    expect(page.locator("#pair .link-menu summary").nth(1)).to_contain_text("Lisbon-2")
    assert "channel=chat" in (page.locator("#pair .link-menu a").first.get_attribute("href") or "")


def test_two_side_by_side_are_one_picture(visit: Callable[..., Any], full: Any, tmp_path: Path) -> None:
    page: Page = visit("/cohorts/escalation_rate/team/Madrid-3_vs_Lisbon-2", at=full).page
    page.click("#pair .card-head summary")
    with page.expect_download() as waiting:
        page.locator("#pair .menu-item", has_text="Drawing (SVG)").click()
    waiting.value.save_as(tmp_path / "pair.svg")
    drawn = ElementTree.parse(tmp_path / "pair.svg").getroot()
    words = " ".join(drawn.itertext())
    assert "Escalations of Madrid-3 over time" in words
    assert "Escalations of Lisbon-2 over time" in words
    places = [float(part.get("transform", "").split("(")[1].split()[0]) for part in drawn if part.tag.endswith("}g")]
    assert len(places) == 2
    assert places[1] - places[0] > 300, "one beside the other"


def test_a_kpi_is_chosen_with_the_keyboard_and_filters_stay(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/cohorts/escalation_rate/team?site=Madrid", at=full).page
    page.locator(".link-menu summary").first.focus()
    page.keyboard.press("Enter")
    page.locator(".link-menu a", has_text="Average satisfaction").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cohorts/csat_mean/team?site=Madrid")
    expect(page.locator("#gains-title")).to_contain_text("average satisfaction")


def test_one_group_can_be_exchanged_for_another(visit: Callable[..., Any], full: Any) -> None:
    made = visit("/cohorts/escalation_rate/site/Madrid_vs_Porto", at=full)
    page: Page = made.page
    page.locator("#pair .link-menu summary").nth(1).click()
    page.locator("#pair .link-menu").nth(1).get_by_role("link", name="Lisbon").click()
    page.wait_for_url("**/site/Madrid_vs_Lisbon")
    expect(page.locator("#pair-title")).to_contain_text("Lisbon", timeout=20_000)


def test_the_marks_of_a_chart_are_reached_with_the_arrow_keys(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/cohorts/escalation_rate/team", at=full).page
    page.locator("#gains .chart-body svg:visible .mark").first.focus()
    first = page.inner_text("#tip")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#tip") != first
    assert "Expected without training" in page.inner_text("#tip")


def test_screen_and_warehouse_say_the_same(visit: Callable[..., Any], full: Any) -> None:
    queries = full.context.queries
    page: Page = visit("/attrition", at=full).page
    stored = queries.frame("select sentence from result.hazard where leave_type = 'any'").item()
    assert page.inner_text("#headline") == stored
    page = visit("/adoption/EMP101", at=full).page
    planned, completed = queries.frame(
        "select sum(planned)::int, sum(completed)::int from mart.adoption where course_id = 'EMP101' "
        "and week = (select max(week) from mart.adoption)"
    ).row(0)
    said = page.inner_text("#headline").replace("\xa0", " ")  # amounts never part from what they count
    assert said.startswith(f"{completed} of {planned} agents planned so far")
    page = visit("/data", at=full).page
    total = queries.frame('select sum("read")::int from meta.file_manifest').item()
    assert page.inner_text("#headline").startswith(f"All {total:,} rows read are accounted for")
    cells = page.locator(".ledger tfoot td").all_inner_texts()
    read, loaded, rejected, duplicate, difference = (int(cell.replace(",", "")) for cell in cells[1:6])
    assert (read, difference) == (total, 0)
    assert read == loaded + rejected + duplicate


@pytest.mark.parametrize("address", ["/attrition", "/adoption/EMP101", "/cohorts/escalation_rate/team"])
def test_a_site_changes_what_these_pages_say(visit: Callable[..., Any], full: Any, address: str) -> None:
    made = visit(address, at=full)
    page: Page = made.page
    before = page.inner_text("#page-body")  # a headline may say of both that nothing can be told
    page.click("#filter-site")
    page.get_by_role("option", name="Madrid", exact=True).click()
    page.wait_for_url("**site=Madrid")
    expect(page.locator("#page-body")).not_to_have_text(before, use_inner_text=True, timeout=20_000)
    made.settled()
    after = page.inner_text("#page-body")
    assert "Lisbon" not in after
    page.reload()
    made.settled()
    assert page.inner_text("#page-body") == after


def test_leaving_by_channel_says_so_and_one_click_helps(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/attrition?channel=chat", at=full).page
    assert "Not recorded by channel" in page.inner_text("main")
    page.get_by_role("link", name="Clear “channel”").click()
    expect(page.locator("#survival")).to_be_visible(timeout=20_000)


def test_downloads_hold_numbers_their_source_and_no_small_group(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/cohorts/escalation_rate/team", at=full).page
    page.locator("#gains .card-head details summary").click()
    with page.expect_download() as waiting:
        page.locator("#gains a[href*='.csv']").click()
    head, rows = rows_of(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert any(line.startswith("# run_id: r2") for line in head)
    assert any(line.startswith("# kpi: escalation_rate") for line in head)
    shown = [row for row in rows if row["suppressed"] == "false"]
    assert shown
    assert all(float(row["shrunk_low"]) <= float(row["shrunk"]) <= float(row["shrunk_high"]) for row in shown)
    assert all(row["estimate"] == "" and row["n_agents"] == "" for row in rows if row["suppressed"] == "true")
    assert "Porto-8" not in {row["name"] for row in shown}


def test_an_address_typed_by_hand_gets_no_more_than_the_page(visit: Callable[..., Any], full: Any) -> None:
    page: Page = visit("/data", at=full).page
    refused = page.request.get(f"{full.address}/download/table.csv?relation=mart.agent_week")
    assert refused.status == 404
    assert "cannot be downloaded here" in refused.text()
    _, rows = rows_of(page.request.get(f"{full.address}/download/table.csv?relation=mart.team_week").text())
    small = [row for row in rows if row["team_id"] == "Porto-8"]
    assert small
    assert all(row["escalation_rate_num"] == "" for row in small)
    page = visit("/cohorts/escalation_rate/team/Porto-8_vs_Madrid-1", at=full).page
    assert "Porto-8" not in page.inner_text("main")


def test_the_simulated_centre_fills_every_page(visit: Callable[..., Any], sample_site: Any) -> None:
    for address in ("/cohorts", "/attrition", "/adoption", "/data", "/methods"):
        page: Page = visit(address, at=sample_site).page
        assert page.locator("#headline").count() == 1, address
        assert "could not be worked out" not in page.inner_text("main")
    page = visit("/data/escalation_rate", at=sample_site).page
    assert "Fields of the exports" in page.inner_text("#lineage")
