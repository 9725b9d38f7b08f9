"""What readers take along: each exported picture holds every label that the page shows, in light and dark."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

ADDRESSES = (
    "/",
    "/effects/escalation_rate",
    "/cohorts/escalation_rate/team",
    "/attrition",
    "/adoption/EMP101",
    "/data",
    "/value",
    "/plan",
    "/skills",
)
LIKE = 0.3
"""How much the ink of a label may differ between page and picture: grids behind it and hinting move it a little."""
COMPARE = """async ([id, shots]) => {
    const card = document.getElementById(id), made = window.empathyPicture.of(card), lost = [];
    const load = source => new Promise((done, failed) => {
        const image = new Image(); image.onload = () => done(image); image.onerror = failed; image.src = source;
    });
    const pixels = (image, width, height) => {
        const canvas = document.createElement("canvas"); canvas.width = width; canvas.height = height;
        const pen = canvas.getContext("2d", { willReadFrequently: true }); pen.drawImage(image, 0, 0, width, height);
        return pen;
    };
    const text = new XMLSerializer().serializeToString(made);
    if (/class=|var\\(|paint-order/.test(text)) { lost.push("needs a style sheet"); }
    const groups = [...made.querySelectorAll("g[data-drawing]")];
    const drawn = [...card.querySelectorAll(".chart-body .drawing > svg")].filter(e => e.getBoundingClientRect().width);
    let labels = 0;
    for (const [k, svg] of drawn.entries()) {
        const frame = svg.getBoundingClientRect(), scale = frame.width / svg.viewBox.baseVal.width;
        const [x, y] = groups[k].getAttribute("transform").match(/[\\d.]+/g).map(Number);
        const page = await load("data:image/png;base64," + shots[k]);
        const whole = await load("data:image/svg+xml;charset=utf-8," + encodeURIComponent(text));
        const width = made.getAttribute("width") * scale, height = made.getAttribute("height") * scale;
        const here = pixels(page, page.width, page.height), there = pixels(whole, width, height);
        const ink = (pen, left, top, w, h) => {
            const found = pen.getImageData(Math.max(0, Math.round(left)), Math.max(0, Math.round(top)), w, h).data;
            const ground = [found[0], found[1], found[2]]; let sum = 0;
            for (let i = 0; i < found.length; i += 4) {
                for (const k of [0, 1, 2]) { sum += Math.abs(found[i + k] - ground[k]); }
            }
            return sum / (765 * w * h);
        };
        for (const label of svg.querySelectorAll("text")) {
            const box = label.getBoundingClientRect(), left = box.left - frame.left, top = box.top - frame.top;
            const w = Math.round(box.width), h = Math.round(box.height);
            if (w < 2 || left < 0 || top < 0 || left + w > frame.width || top + h > frame.height) { continue; }
            labels += 1;
            const first = ink(here, left, top, w, h), second = ink(there, left + x * scale, top + y * scale, w, h);
            if (Math.abs(first - second) > LIKE * Math.max(first, second) + 0.02) {
                lost.push(`${label.textContent}: ${first.toFixed(3)} on the page, ${second.toFixed(3)} in the picture`);
            }
        }
    }
    return { lost, labels, words: made.textContent, bytes: text.length };
}""".replace("LIKE", str(LIKE))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_picture_holds_every_label_of_the_page(visit: Callable[..., Any], full: Any, address: str) -> None:
    page: Page = visit(address, at=full).page
    page.mouse.move(0, 0)
    for scheme in ("light", "dark"):
        if scheme == "dark":
            page.click("#scheme")
            page.mouse.move(0, 0)
        cards = [card.get_attribute("id") for card in page.locator(".chart-card:has(.chart-body svg:visible)").all()]
        assert cards
        for card in cards:
            drawn = page.locator(f"#{card} .chart-body .drawing > svg:visible").all()
            shots = [base64.b64encode(one.screenshot(animations="disabled")).decode() for one in drawn]
            found = page.evaluate(COMPARE, [card, shots])
            assert found["lost"] == [], (address, scheme, card)
            assert found["labels"] >= 2, (address, scheme, card)
            title = page.inner_text(f"#{card}-title")
            tip = page.get_attribute(f"#{card} .card-heading .info", "data-tip") or ""
            words = " ".join(found["words"].split())
            plain = words.replace(" ", "")
            for part in (title, tip, "run r2", "Selection: everybody", "Saved "):
                assert "".join(part.split()) in plain, (card, part)


def test_a_picture_is_copied_and_saved_at_twice_the_size(visit: Callable[..., Any], tmp_path: Path) -> None:
    page: Page = visit("/").page
    page.click("#forest .menu summary")
    page.locator("#forest .menu-item", has_text="Copy picture").click()
    expect(page.locator("#toast")).to_have_text("Picture copied")
    kind = "navigator.clipboard.read().then(all => all[0].types.join())"
    assert page.evaluate(kind) == "image/png"
    with page.expect_download() as waiting:
        page.locator("#forest .menu-item", has_text="Picture (PNG)").click()
    target = tmp_path / "forest.png"
    waiting.value.save_as(target)
    width = int.from_bytes(target.read_bytes()[16:20], "big")
    assert width == 2 * page.evaluate(
        "window.empathyPicture.of(document.getElementById('forest')).getAttribute('width') | 0"
    )
