"""Words in drawings: none is cut, stands on another, leaves its drawing or has a curve through it, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

ADDRESSES = (
    "/", "/effects/escalation_rate", "/attrition", "/adoption/EMP101", "/cohorts/escalation_rate/wave", "/plan",
    "/value", "/skills",
)  # fmt: skip
COLLISIONS = """() => {
    const found = [];
    for (const svg of document.querySelectorAll('.drawing > svg')) {
        const frame = svg.getBoundingClientRect();
        if (frame.width < 1) { continue; }
        const card = (svg.closest('section, article') || {}).id;
        const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim())
            .map(t => ({ words: t.textContent, box: t.getBoundingClientRect() }));
        texts.forEach((one, index) => {
            const out = Math.max(one.box.right - frame.right, frame.left - one.box.left, one.box.bottom - frame.bottom);
            if (one.words.includes('…')) { found.push([card, one.words, 'is cut']); }
            if (out > 3) { found.push([card, one.words, 'leaves its drawing']); }
            for (const two of texts.slice(index + 1)) {
                const across = Math.min(one.box.right, two.box.right) - Math.max(one.box.left, two.box.left);
                const up = Math.min(one.box.bottom, two.box.bottom) - Math.max(one.box.top, two.box.top);
                if (across > 1 && up > 3) { found.push([card, one.words, two.words]); }
            }
        });
        for (const path of svg.querySelectorAll('path[fill="none"]')) {
            const matrix = path.getScreenCTM(), length = path.getTotalLength();
            for (let k = 0; k <= 200; k++) {
                const at = path.getPointAtLength(length * k / 200).matrixTransform(matrix);
                const hit = texts.find(t => at.x > t.box.left + 1 && at.x < t.box.right - 1
                    && at.y > t.box.top + 3 && at.y < t.box.bottom - 3);
                if (hit) { found.push([card, 'a curve', hit.words]); break; }
            }
        }
    }
    return found;
}"""


@pytest.mark.parametrize("address", ADDRESSES)
def test_words_in_drawings_stand_apart(visit: Callable[..., Any], full: Any, address: str) -> None:
    page: Page = visit(address, at=full).page
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.querySelectorAll('.drawing > svg').length") > 0
        assert page.evaluate(COLLISIONS) == [], f"at {width} pixels"


def test_escape_in_the_picker_gives_back_what_was_chosen(visit: Callable[..., Any]) -> None:
    page: Page = visit("/effects/escalation_rate").page
    picker = page.locator("#kpi")
    before = picker.input_value()
    picker.click()
    picker.fill("survey")
    page.keyboard.press("Escape")
    expect(picker).to_have_value(before)
    assert page.url.partition("?")[0].endswith("/effects/escalation_rate")
