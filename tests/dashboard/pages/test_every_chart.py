"""What every chart of every page owes its reader: an answer, a definition, its numbers, and ways to take it along."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dash import html
from dash.development.base_component import Component

from dashboard import plots
from dashboard.app import route
from dashboard.components.chart import Drawing
from dashboard.components.table import Table
from dashboard.page import Context
from dashboard.plots.spec import said
from dashboard.state import from_query
from dashboard.theme import TOKENS

PIXELS = 0.11
"""Positions of a drawing are rounded to a tenth of a pixel."""
POINTS = ("points", "before", "after")
"""What traces with one mark per row are called."""
ADDRESSES = (
    "/",
    "/effects/escalation_rate",
    "/effects/escalation_rate?site=Madrid",
    "/effects/csat_top2",
    "/effects/agent_attrition",
    "/cohorts/escalation_rate/wave",
    "/cohorts/escalation_rate/site",
    "/cohorts/escalation_rate/team?channel=chat",
    "/cohorts/csat_top2/course",
    "/skills",
    "/skills/csat_top2",
    "/attrition",
    "/attrition/voluntary",
    "/adoption/EMP101",
    "/adoption/EMP101?site=Madrid",
    "/adoption/EMP101?team=Madrid-1&team=Madrid-2",
    "/value",
    "/value?months=24&goals=clear",
    "/plan",
    "/data",
)


def body(context: Context, address: str) -> Component:
    path, _, search = address.partition("?")
    found = route(path)
    assert found is not None
    module, parts = found
    choices, rest = module.split(search)
    own = {"choices": choices} if module.choices else {}
    answered: Component = module.answer(context, from_query(rest, context.queries.facets()), **parts, **own)
    return answered


def within(part: Any) -> Iterator[Any]:
    """A part and everything inside it."""
    yield part
    children = getattr(part, "children", None)
    for child in children if isinstance(children, list | tuple) else [children]:
        if isinstance(child, Component):
            yield from within(child)


def cards(page: Component) -> list[Component]:
    """The cards that hold a drawing; those of a KPI lead to the KPI's own page instead."""
    return [
        part
        for part in within(page)
        if isinstance(part, html.Section) and any(isinstance(inner, Drawing) for inner in within(part))
    ]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_chart_can_be_read_checked_and_taken_along(world: Context, address: str) -> None:
    page = body(world, address)
    drawn = [part for part in within(page) if isinstance(part, Drawing)]
    inside = [part for card in cards(page) for part in within(card) if isinstance(part, Drawing)]
    of_a_kpi = [
        part for card in within(page) if isinstance(card, html.Article) for part in within(card)
        if isinstance(part, Drawing)
    ]  # fmt: skip
    assert len(inside) + len(of_a_kpi) == len(drawn) > 0 or "agent_attrition" in address, "a drawing without a card"
    for card in cards(page):
        parts = [part.to_plotly_json()["props"] for part in within(card)]
        kinds = {part.get("data-save") for part in parts}
        titles = [part for part in within(card) if isinstance(part, html.H2)]
        assert titles[0].children, card.id
        assert any(part.get("data-tip") for part in parts if part.get("className") == "info"), card.id
        assert any(isinstance(part, Table) for part in within(card)), card.id
        assert any(str(part.get("href", "")).startswith("/download/") for part in parts), card.id
        assert {"svg", "png"} <= kinds, card.id
        assert any(part.get("data-copy-link") == card.id for part in parts), card.id


@pytest.mark.parametrize("address", ["/cohorts/escalation_rate/team", "/cohorts/csat_top2/wave"])
def test_the_table_of_a_pair_holds_what_its_drawings_show(world: Context, address: str) -> None:
    (card,) = [card for card in cards(body(world, address)) if card.id == "pair"]
    words = str(card)
    labels = [part.label for part in within(card) if isinstance(part, Drawing)]
    assert len(labels) == 2
    for row in ("Before", "After", "Expected without, own data", "Change, own data", "Four weeks from"):
        assert row in words


# -- two drawings, one set of numbers ---------------------------------------------------------------------------------


def marks(tree: Any) -> Iterator[Any]:
    """The marks of a drawing, which say something when pointed at."""
    if isinstance(tree, list):
        if "data-tip" in tree[1]:
            yield tree
        for child in tree[2:]:
            yield from marks(child)


def elements(tree: Any, tag: str) -> Iterator[dict[str, Any]]:
    """Attributes of every element of one kind inside a tree."""
    if isinstance(tree, list):
        if tree[0] == tag:
            yield tree[1]
        for child in tree[2:]:
            yield from elements(child, tag)


def straight(values: list[float], pixels: list[float]) -> bool:
    """Whether pixels are a straight scale of values, to the rounding of a drawing."""
    x, y = np.asarray(values, float), np.asarray(pixels, float)
    if len(x) < 3:
        return True
    if np.ptp(x) == 0:
        return bool(np.ptp(y) <= 2 * PIXELS)
    slope, start = np.polyfit(x, y, 1)
    return bool(np.max(np.abs(slope * x + start - y)) <= 2 * PIXELS)


def of_trace(trace: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Tip, value and range end of every point of a trace."""
    error = trace.get("error_y") or trace.get("error_x")
    upright = "error_y" in trace or not ("error_x" in trace or trace["meta"] != "points" or trace["type"] == "bar")
    values = trace["y"] if upright else trace["x"]
    tops = [v + e for v, e in zip(values, error["array"], strict=True)] if error else values
    return [(row[0], v, top) for row, v, top in zip(trace["customdata"], values, tops, strict=True)]


def place_of(mark: Any, trace: dict[str, Any]) -> tuple[float, list[float]]:
    """Where a mark stands along the axis of the numbers, and where its lines end."""
    upright = "error_y" in trace or ("error_x" not in trace and trace["meta"] == "points")
    circles = list(elements(mark, "circle"))
    circle = circles[{"before": 0, "after": 1}.get(trace["meta"], -1)]
    names = ("cy", ("y1", "y2")) if upright else ("cx", ("x1", "x2"))
    return float(circle[names[0]]), [float(line[name]) for line in elements(mark, "line") for name in names[1]]


@pytest.fixture(params=ADDRESSES)
def drawings(world: Context, request: pytest.FixtureRequest) -> list[Drawing]:
    """The drawings of one page that Plotly can take the place of."""
    found = [part for part in within(body(world, request.param)) if isinstance(part, Drawing)]
    return [part for part in found if getattr(part, "plot", None)]


def test_both_drawings_show_the_same_numbers_and_words(drawings: list[Drawing]) -> None:
    compared = 0
    for drawing in drawings:
        by_tip = {said(mark[1]["data-tip"]): mark for mark in marks(drawing.wide)}
        for trace in drawing.plot["data"]:
            if trace.get("meta") not in POINTS or trace["type"] == "heatmap":
                continue
            told = [point for point in of_trace(trace) if point[1] is not None]
            assert {tip for tip, _, _ in told} <= set(by_tip)
            if trace["type"] == "bar":
                widths = [(abs(value), drawn_width(by_tip[tip])) for tip, value, _ in told]
                assert straight(*columns([pair for pair in widths if pair[1] > 1]))
                compared += len(widths)
                continue
            if not any(list(elements(by_tip[tip], "circle")) for tip, _, _ in told):  # bars from one end to the other
                boxes = [box_of(by_tip[tip]) for tip, _, _ in told]
                lows = [v - e for v, e in zip(trace["x"], trace["error_x"]["arrayminus"], strict=True)]
                ends = [*zip(lows, [left for left, _ in boxes], strict=True)]
                ends += zip([top for _, _, top in told], [right for _, right in boxes], strict=True)
                assert straight(*columns([(float(value), at) for value, at in ends]))
                compared += len(boxes)
                continue
            whole = [point for point in told if not arrows(by_tip[point[0]])]
            axis = drawing.plot["layout"]["yaxis" if "error_y" in trace else "xaxis"]
            low, high = axis.get("range", (-np.inf, np.inf))
            values = [scaled(value, drawing) for _, value, _ in whole]
            places = [place_of(by_tip[tip], trace) for tip, _, _ in whole]
            assert straight(values, [at for at, _ in places])
            compared += len(values)
            if len(values) > 2 and np.ptp(values) > 0 and ("error_y" in trace or "error_x" in trace):
                slope, start = np.polyfit(values, [at for at, _ in places], 1)
                for (_, _, top), (_, ends) in zip(whole, places, strict=True):
                    at = slope * np.clip(scaled(top, drawing), *sorted((low, high))) + start
                    assert min(abs(at - end) for end in ends) < 1, (drawing.label, top)
    assert compared or all(_other_kind(drawing) for drawing in drawings)


def arrows(mark: Any) -> bool:
    """Whether a mark or its range goes on beyond the drawing."""
    return any(path.get("fill") == "none" for path in elements(mark, "path"))


def box_of(mark: Any) -> tuple[float, float]:
    """Left and right end of the bar of a mark."""
    box = [part for part in elements(mark, "rect") if "hit" not in part["class"]][-1]
    return float(box["x"]), float(box["x"]) + float(box["width"])


def drawn_width(mark: Any) -> float:
    """Width of the bar of a mark; 0 without one."""
    widths = [float(box["width"]) for box in elements(mark, "rect") if "hit" not in box["class"]]
    return widths[-1] if widths else 0.0


def columns(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Pairs as two lists."""
    return [first for first, _ in pairs], [second for _, second in pairs]


def scaled(value: float, drawing: Drawing) -> float:
    """A value as its axis counts it: ratios by their logarithm to base ten."""
    return float(np.log10(value)) if drawing.plot["layout"]["xaxis"].get("type") == "log" else value


def _other_kind(drawing: Drawing) -> bool:
    """Curves and tiles, which are compared in the tests below."""
    return all(trace["type"] == "heatmap" or trace.get("meta") not in POINTS for trace in drawing.plot["data"])


def test_curves_of_both_drawings_go_through_the_same_levels(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        paths = [
            [tuple(map(float, pair)) for pair in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", shape["d"])]
            for shape in elements(drawing.wide, "path")
            if shape.get("fill") == "none"
        ]
        for trace in drawing.plot["data"]:
            if trace.get("meta") not in ("trained", "untrained", "planned", "completed"):
                continue
            levels = [y for k, y in enumerate(trace["y"]) if not k or y != trace["y"][k - 1]]
            fits = [
                straight(levels, drawn)
                for path in paths
                if len(drawn := [y for k, (_, y) in enumerate(path) if not k or y != path[k - 1][1]]) == len(levels)
            ]
            assert any(fits), (drawing.label, trace["meta"])


def test_tiles_of_both_drawings_hold_the_same_words(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        for trace in drawing.plot["data"]:
            if trace["type"] != "heatmap":
                continue
            drawn = {
                said(mark[1]["data-tip"]): next(part[2] for part in mark[2:] if part[0] == "text")
                for mark in marks(drawing.wide)
            }
            shown = {
                tip: words
                for tips, line in zip(trace["customdata"], trace["text"], strict=True)
                for tip, words in zip(tips, line, strict=True)
                if tip
            }
            assert shown == drawn


def test_every_plot_is_a_figure_in_both_schemes_and_small(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        spec = drawing.plot
        text = json.dumps(spec, allow_nan=False)
        named = set(re.findall(r"var\(--([a-z-]+)\)", text))
        assert {"text", "surface"} <= named
        assert all(named <= set(tokens) for tokens in TOKENS.values())
        assert "template" not in spec["layout"]
        assert len(text) < 60_000
        for scheme in TOKENS:
            assert "var(--" not in plots.figure(spec, scheme).to_json()
