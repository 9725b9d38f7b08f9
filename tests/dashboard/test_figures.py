"""Figures: pure, drawn inside their frame, with words that match the numbers; no browser."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.words.numbers import Reader
from dashboard.figures import svg
from dashboard.figures.event_study import event_study
from dashboard.figures.forest import CLAIM_ROOM, forest
from dashboard.figures.ladder import ladder
from dashboard.figures.money import money_bars
from dashboard.figures.range_bar import range_bar
from dashboard.figures.sparkline import sparkline
from dashboard.page import Context
from dashboard.pages.overview import effects_of, rest_of
from dashboard.state import Filters
from dashboard.views import effects as effects_view
from dashboard.views.overview import Money, Week

READER = Reader("en_GB", "EUR")
SLACK = 2.0  # pixels a stroke or a rounded position may stand outside the frame


def inside(tree: Any, width: float, height: float) -> None:
    """Every position of every element lies inside the drawing."""
    if isinstance(tree, str):
        return
    attributes = tree[1]
    for name in ("x", "x1", "x2", "cx", "y", "y1", "y2", "cy"):
        limit = width if "x" in name else height
        if name in attributes and tree[0] != "svg":
            assert -SLACK <= float(attributes[name]) <= limit + SLACK, (tree[0], name, attributes)
    for pair in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", attributes.get("d", "")):
        assert -SLACK <= float(pair[0]) <= width + SLACK, attributes["d"][:80]
        assert -SLACK <= float(pair[1]) <= height + SLACK, attributes["d"][:80]
    for child in tree[2:]:
        inside(child, width, height)


def check(figure: dict[str, Any] | None) -> None:
    assert figure is not None
    assert figure["label"]
    for tree in (figure["wide"], figure.get("narrow")):
        if tree:
            _, _, width, height = map(float, tree[1]["viewBox"].split())
            inside(tree, width, height)
            ET.fromstring(svg.to_svg(tree, title="A title & more", subtitle="<sub>", source="run r1"))


@pytest.fixture(scope="module")
def model(context: Context) -> effects_view.EffectsPage:
    kpi = context.settings.catalogue["escalation_rate"]
    made = effects_view.build(kpi, context.queries.study("escalation_rate", Filters()), READER)
    assert made is not None
    return made


def test_every_figure_stays_inside_its_frame(context: Context, model: effects_view.EffectsPage) -> None:
    rest = rest_of(context, Filters())
    check(forest(rest.effects, READER))
    check(money_bars(rest.money, READER))
    check(range_bar(model.effect))
    check(event_study(model.events, model.effect, READER))
    check(ladder(model.rungs, model.effect.kpi, READER))


def test_the_forest_shows_every_kpi_with_its_change(context: Context) -> None:
    effects = list(effects_of(context, Filters(), context.queries.kpis()).values())
    words = " ".join(svg.texts(forest(effects, READER)["wide"]))  # type: ignore[index]
    for effect in effects:
        told = f"{effect.change}, {effect.likely}" if effect.available else effect.verdict.reason
        assert f"{effect.kpi.label}: {told}" in words


def test_the_name_of_a_claim_is_never_cut(context: Context) -> None:
    effects = list(effects_of(context, Filters(), context.queries.kpis()).values())
    first: dict[str, Any] = {}
    for effect in effects:
        first.setdefault(effect.kpi.claim, effect)
    figure = forest(list(first.values()), READER)  # one line for each claim, however many its name needs
    check(figure)
    words = " ".join(svg.texts(figure["wide"]))  # type: ignore[index]
    for claim in first:
        lines = svg.wrap(claim, 12, CLAIM_ROOM)
        assert " ".join(lines) == claim
        assert all(line in words for line in lines), claim
    ys = [float(part[1]["y"]) for part in figure["wide"][2:] if part[0] == "text" and part[1].get("x") == 0]  # type: ignore[index]
    assert all(b - a >= 12 for a, b in pairwise(ys)), "lines of claims lie on each other"
    narrow = svg.texts(figure["narrow"])  # type: ignore[index]
    assert [words for words in narrow if words in first] == list(first)


def test_money_has_a_colour_only_where_its_range_leaves_out_nothing() -> None:
    sure, unsure = Money("Sure", 1, 2, 3, "€2"), Money("Unsure", -1, 2, 3, "€2")
    lost, cost = Money("Lost", -3, -2, -1, "−€2"), Money("Cost", -3, -2, -1, "−€2", spent=True)
    drawn = {item.label: str(money_bars([item], READER)["wide"]) for item in (sure, unsure, lost, cost)}  # type: ignore[index]
    assert "fill-better" in drawn["Sure"]
    assert "fill-better" not in drawn["Unsure"]
    assert "fill-worse" in drawn["Lost"]
    assert "fill-compare" in drawn["Cost"]


def test_better_is_to_the_right_whichever_way_is_better(context: Context) -> None:
    found = effects_of(context, Filters(), context.queries.kpis())
    fewer = found["escalation_rate"]
    assert fewer.estimate < 0
    assert fewer.relative(fewer.estimate) > 0
    bar = range_bar(fewer)
    circles = re.findall(r"'circle', {'cx': ([\d.]+)", str(bar))
    assert all(float(x) > 130 for x in circles)


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)), min_size=1, max_size=6),
)
def test_money_is_drawn_at_any_size(parts: list[tuple[float, float]]) -> None:
    lines = [Money(f"Line {i}", a - w, a, a + w, READER.money(a), False) for i, (a, w) in enumerate(parts)]
    check(money_bars(lines, READER))


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=0, max_size=60))
def test_a_trend_with_gaps_is_drawn(values: list[float | None]) -> None:
    weeks = [Week(date(2025, 6, 2) + timedelta(weeks=i), value, 50) for i, value in enumerate(values)]
    figure = sparkline(
        weeks, label="KPI", show=lambda v: f"{v:.2f}", show_day=str, trained_from=date(2025, 9, 1), target=0.5
    )
    if sum(value is not None for value in values) < 2:
        assert figure is None
    else:
        check(figure)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_round_and_inside(low: float, width: float, about: int) -> None:
    marks = svg.ticks(low, low + width, about)
    assert all(low - 1e-6 * width <= t <= low + width * (1 + 1e-6) for t in marks)
    assert len(marks) <= 3 * about
    if len(marks) > 2:
        steps = {round((b - a) / (marks[1] - marks[0]), 3) for a, b in pairwise(marks)}
        assert steps == {1.0}


def test_no_number_is_minus_zero_or_scientific(context: Context, model: effects_view.EffectsPage) -> None:
    drawn = [event_study(model.events, model.effect, READER), ladder(model.rungs, model.effect.kpi, READER)]
    for figure in drawn:
        words = " ".join(svg.texts(figure["wide"]))  # type: ignore[index]
        assert not re.search(r"[-−]0(\.0+)?(?![\d.])", words), words
        assert not re.search(r"\de[+-]?\d", words)


def test_a_position_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        svg.line(0, 0, math.nan, 1, "grid")
    with pytest.raises(ValueError, match="script"):
        svg.el("script", {})


def test_a_file_carries_its_words_escaped() -> None:
    tree = svg.canvas(300, 50, svg.text(0, 20, "a < b & c"))
    file = svg.to_svg(tree, title="Fell by 1.2 points", subtitle="per <contact>", source="run r1")
    root = ET.fromstring(file)
    words = "".join(root.itertext())
    for part in ("Fell by 1.2 points", "per <contact>", "run r1", "a < b & c"):
        assert part in words
