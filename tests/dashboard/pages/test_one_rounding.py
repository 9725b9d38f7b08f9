"""A figure is rounded in one way on a page, and an amount says what it is for."""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from typing import Any

import pytest
from dash.development.base_component import Component

from analysis.words import numbers
from dashboard.components.table import Table
from dashboard.data.value import values
from dashboard.page import Context
from dashboard.state import Filters
from dashboard.views.verdicts import UNUSABLE, short
from tests.dashboard.pages.test_every_chart import ADDRESSES, body, within

NUMBER = re.compile(r"[+−]?[€$£]?\d[\d,]*(?:\.\d+)?")
KPIS = ("escalation_rate", "csat_top2", "upsell_conversion", "complaints_per_1000")


def words(page: Component) -> list[str]:
    """Every text that is read on a page, cells of tables among them; drawings and tips say their own."""
    found: list[str] = []

    def read(part: Any) -> None:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, list | tuple):
            for inner in part:
                read(inner)

    for part in within(page):
        if isinstance(part, Table):
            read(part.rows)
        else:
            read(getattr(part, "children", None))
    return found


def roundings(said: list[str], value: float, unit: str) -> set[str]:
    """How a value reads wherever a number before its unit is a rounding of it."""
    found = set()
    for text in said:
        for match in re.finditer(NUMBER.pattern + f"(?= {unit})", text):
            digits = match[0].lstrip("+−€$£").replace(",", "")
            places = len(digits.partition(".")[2])
            if float(digits) and math.floor(abs(value) * 10**places + 0.5) / 10**places == float(digits):
                found.add(digits)
    return found


@pytest.mark.parametrize("kpi", KPIS)
@pytest.mark.parametrize("page", ["/", "/effects/{kpi}", "/cohorts/{kpi}/wave", "/value"])
def test_an_effect_is_rounded_in_one_way_on_a_page(world: Context, kpi: str, page: str) -> None:
    row = world.queries.headline(kpi, Filters())
    assert row is not None
    entry, reader = world.settings.catalogue[kpi], world.settings.reader
    value, unit = reader.shown(row["estimate"], entry), reader.change_unit(entry).split()[0]
    said = words(body(world, page.format(kpi=kpi)))
    found = roundings(said, value, unit)
    assert len(found) <= 1, f"{value} {unit} reads {sorted(found)}"
    if page.startswith("/effects") and row["verdict"] != UNUSABLE:
        assert reader.change(row["estimate"], entry, row["ci_low"], row["ci_high"]) in said


def test_the_test_sees_two_roundings() -> None:
    assert roundings(["fell by 1.7 points", "−1.68 points", "2 points", "1.7 seconds"], -1.678, "points") == {
        "1.7", "1.68", "2",
    }  # fmt: skip


@pytest.mark.parametrize("page", ["/", "/value"])
@pytest.mark.parametrize("line", ["net", "total", "escalation_rate"])
def test_money_is_rounded_in_one_way_on_a_page(world: Context, page: str, line: str) -> None:
    stored = values(world.queries).filter(kpi=line, scenario="likely")
    amount = abs(stored["amount"].item())
    said = " ".join(words(body(world, page)))
    shown = {int(found[1].replace(",", "")) for found in re.finditer(r"€(\d[\d,]*)(?![\d.])", said)}
    digits = len(str(int(amount)))
    same = {one for one in shown for k in range(digits - 1) if one == math.floor(amount / 10**k + 0.5) * 10**k}
    assert len(same) <= 1, f"{amount} reads {sorted(same)}"


def test_an_amount_beside_its_name_keeps_what_it_is_for() -> None:
    assert short("+€0.25 per eligible contact") == "+€0.25 per contact"
    assert short("−€3 per contact") == "−€3 per contact"
    assert short("−1.2 per 1,000 contacts") == "−1.2 per 1,000"
    assert short("+0.3 leavers per 100 agents a month") == "+0.3 leavers"


# -- every figure of every page ---------------------------------------------------------------------------------------

SAME = 9
"""Digits in which two numbers are one figure: sums in another order differ later."""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[float]]:
    """Every figure that is put into words, with what it was rounded to; one that needs no rounding is as typed."""
    found: dict[str, set[float]] = defaultdict(set)
    plain = numbers.rounded

    def rounded(value: float, decimals: int) -> float:
        shown = plain(value, decimals)
        asked = (sys._getframe(1).f_code.co_name, sys._getframe(2).f_code.co_name)
        if "_honest_decimals" not in asked and math.isfinite(value) and shown not in (0, value):
            found[f"{abs(value):.{SAME}g}"].add(abs(shown))
        return shown

    monkeypatch.setattr(numbers, "rounded", rounded)
    return found


@pytest.mark.parametrize("address", [*ADDRESSES, "/cohorts/escalation_rate/team", "/cohorts/upsell_revenue/wave"])
def test_every_figure_is_rounded_in_one_way_on_a_page(
    world: Context, written: dict[str, set[float]], address: str
) -> None:
    body(world, address)
    assert written or address.startswith(("/data", "/adoption")), "counts alone"
    assert {figure: sorted(ways) for figure, ways in written.items() if len(ways) > 1} == {}
