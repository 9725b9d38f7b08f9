"""Plotly charts: one helper makes them, nothing is sent away, colours are names, numbers are those of the table."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

import dashboard
from dashboard import app as application
from dashboard.components import explore
from dashboard.figures import interactive
from dashboard.page import Context, Page
from dashboard.pages import pages
from dashboard.state import Filters
from dashboard.theme import TOKENS
from dashboard.views import effects as view

SOURCES = sorted(Path(dashboard.__file__).parent.rglob("*.py"))


@pytest.fixture(scope="module")
def model(context: Context) -> view.EffectsPage:
    kpi = context.settings.catalogue["escalation_rate"]
    found = view.build(kpi, context.queries.study(kpi.id, Filters()), context.settings.reader)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def figure(model: view.EffectsPage, context: Context) -> dict[str, Any]:
    return interactive.course(model.events, model.effect, model.other, context.settings.reader)


def test_every_graph_comes_from_the_one_helper() -> None:
    makers = []
    for file in SOURCES:
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                makers += [
                    (file.stem, function.name)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Graph"
                ]
    assert makers == [("explore", "graph")]


def test_no_button_sends_a_chart_away() -> None:
    made = explore.graph("any")
    assert made.config["showSendToCloud"] is False
    assert made.config["displaylogo"] is False
    assert made.config["modeBarButtons"] == [["zoom2d", "pan2d", "resetScale2d"]]
    assert not [file.name for file in SOURCES if re.search(r"^\s*(import|from) plotly", file.read_text(), re.MULTILINE)]


def test_a_figure_is_plain_and_small_without_a_template(figure: dict[str, Any]) -> None:
    text = json.dumps(figure, allow_nan=False)
    assert "template" not in figure["layout"]
    assert len(text) < 20_000
    assert "escalation_rate" not in text


def test_colours_are_names_that_both_schemes_have(figure: dict[str, Any]) -> None:
    text = json.dumps(figure)
    named = set(re.findall(r"var\(--([a-z-]+)\)", text))
    assert {"trained", "compare", "text", "surface"} <= named
    assert all(named <= set(tokens) for tokens in TOKENS.values())
    assert not re.search(r"#[0-9A-Fa-f]{3,8}\b|rgba?\(", text)


def test_points_carry_the_numbers_and_words_of_the_table(
    figure: dict[str, Any], model: view.EffectsPage, context: Context
) -> None:
    reader, kpi = context.settings.reader, model.effect.kpi
    points = [trace for trace in figure["data"] if trace["meta"] == "points"]
    assert [week for trace in points for week in trace["x"]] == [point.week for point in model.events]
    estimates = [value for trace in points for value in trace["y"]]
    assert estimates == pytest.approx([100 * point.estimate for point in model.events])
    words = [row[1:3] for trace in points for row in trace["customdata"]]
    assert words == [
        [reader.change(p.estimate, kpi, p.ci_low, p.ci_high), reader.span(p.ci_low, p.ci_high, kpi)]
        for p in model.events
    ]
    tops = [y + up for trace in points for y, up in zip(trace["y"], trace["error_y"]["array"], strict=True)]
    assert tops == pytest.approx([100 * point.ci_high for point in model.events])
    band = [trace for trace in figure["data"] if trace["meta"] == interactive.BAND.key]
    assert band[0]["y"] == pytest.approx([100 * point.band_low for point in model.events])
    assert band[1]["y"] == pytest.approx([100 * point.band_high for point in model.events])


def test_layers_in_the_browser_are_those_of_the_figures() -> None:
    script = (Path(dashboard.__file__).parent / "assets" / "explore.js").read_text(encoding="utf-8")
    named = re.search(r"CHOICES = (\[.*?\])", script)
    assert named is not None
    assert json.loads(named[1]) == [interactive.BAND.key, interactive.SECOND.key]


def test_a_heat_map_leaves_holes_where_nothing_is_known(context: Context) -> None:
    cell = {"value": 1.0, "words": "+1.0", "tip": "One point"}
    cells = [
        {"row_label": "A", "column": 0, "column_label": "0–3", **cell},
        {"row_label": "A", "column": 1, "column_label": "4–7", **cell, "value": -2.0},
        {"row_label": "B", "column": 0, "column_label": "0–3", **cell},
    ]
    trace = interactive.waves(cells, "points", context.settings.reader)["data"][0]
    assert trace["z"] == [[1.0, -2.0], [1.0, None]]
    assert (trace["zmin"], trace["zmax"]) == (-2.0, 2.0)


@pytest.mark.parametrize("shown", [page for page in pages() if page.explore], ids=lambda page: page.key)
def test_a_page_explores_only_what_it_may_show(shown: Page, context: Context) -> None:
    address = f"{shown.base}/escalation_rate"
    for card in shown.explore:
        names = {"card": card, "of": "x"}
        with application.Dash(__name__).server.test_request_context():
            allowed = application.explored(context, names, address, "")
            refused = application.explored(context, names, address, "?team=Porto-8")
            unknown = application.explored(context, {"card": "nothing", "of": "x"}, address, "")
        assert isinstance(allowed, list)
        assert "Graph" not in str(refused)
        assert "10 agents" in str(refused)
        assert "nothing to explore" in str(unknown)
