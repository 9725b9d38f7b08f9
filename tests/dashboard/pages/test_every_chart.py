"""What every chart of every page owes its reader: an answer, a definition, its numbers, and ways to take it along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash import html
from dash.development.base_component import Component

from dashboard.app import route
from dashboard.components.chart import Drawing
from dashboard.components.table import Table
from dashboard.page import Context
from dashboard.state import from_query

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
    "/attrition",
    "/attrition/voluntary",
    "/adoption/EMP101",
    "/adoption/EMP101?site=Madrid",
    "/adoption/EMP101?team=Madrid-1&team=Madrid-2",
    "/data",
)


def body(context: Context, address: str) -> Component:
    path, _, search = address.partition("?")
    found = route(path)
    assert found is not None
    module, parts = found
    answered: Component = module.answer(context, from_query(search, context.queries.facets()), **parts)
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
    for row in ("Before", "After", "Expected without", "Estimated change", "Four weeks from"):
        assert row in words
