"""Colours: readable on their backgrounds in both schemes, and told apart with every kind of colour vision."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

import dashboard
from dashboard.theme import TOKENS, contrast

TEXT_ON = ("text", "muted", "accent", "better-text", "worse-text")
GRAPHIC_ON = ("trained", "compare", "before", "better", "worse", "unsure", "control")
WCAG_TEXT = 4.5  # WCAG 2.2, 1.4.3
WCAG_GRAPHIC = 3.0  # WCAG 2.2, 1.4.11


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    tokens = TOKENS[scheme]
    for name in TEXT_ON:
        for ground in ("page", "surface", "raised"):
            assert contrast(tokens[name], tokens[ground]) >= WCAG_TEXT, (name, ground)
    assert contrast(tokens["warn-text"], tokens["warn"]) >= WCAG_TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_have_the_contrast_that_wcag_asks_for(scheme: str) -> None:
    tokens = TOKENS[scheme]
    for name in GRAPHIC_ON:
        for ground in ("page", "surface"):
            assert contrast(tokens[name], tokens[ground]) >= WCAG_GRAPHIC, (name, ground)


def _deficient(colour: str, matrix: tuple[tuple[float, float, float], ...]) -> tuple[float, ...]:
    rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return tuple(sum(m * c for m, c in zip(row, linear, strict=True)) for row in matrix)


# Machado, Oliveira, Fernandes 2009 (doi:10.1109/TVCG.2009.113), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TOLD_APART = 0.08  # distance in linear RGB; the pair of equal grey would be 0, neighbours in Okabe-Ito are above 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", list(DEFICIENCIES))
def test_meanings_are_told_apart_with_deficient_colour_vision(scheme: str, kind: str) -> None:
    for first, second in combinations(("better", "worse", "unsure"), 2):
        a, b = (_deficient(TOKENS[scheme][name], DEFICIENCIES[kind]) for name in (first, second))
        distance = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
        assert distance >= TOLD_APART, (first, second)


def test_both_schemes_have_the_same_tokens() -> None:
    assert set(TOKENS["light"]) == set(TOKENS["dark"])


def test_the_style_sheets_write_no_colour_of_their_own() -> None:
    assets = Path(dashboard.__file__).parent / "assets"
    named = set(TOKENS["light"]) | {"font"}
    for sheet in ("app.css",):
        css = (assets / sheet).read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", css.replace("#00000024", "")) == []
        used = set(re.findall(r"var\(--([a-z-]+)\)", css))
        assert used <= named, used - named
