"""The page before any script has run: what the answer says, as HTML, and nothing that a text could add to it."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from dash import dcc, html
from flask.testing import FlaskClient

from dashboard import create_app, shell
from dashboard.answers import encoded
from dashboard.components.chart import Drawing
from dashboard.components.markup import markup
from dashboard.components.table import Table
from dashboard.page import Page
from dashboard.pages import pages

LOCAL = {"Host": "127.0.0.1"}
NASTY = (
    "</div><script>alert(1)</script>",
    '" onload="alert(1)',
    "{%scripts%} {%config%}",
    "\u202eright to left\u202c e\u0301\u0323 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "x" * 200,
)


@pytest.fixture(scope="module")
def client(config_path: Path) -> FlaskClient:
    return create_app(config_path).server.test_client()


class Reader(HTMLParser):
    """Texts of what is open to see, and how deep the last element stood."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("br", "input", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def first_of(client: FlaskClient, address: str) -> str:
    """What stands before the scripts."""
    page = client.get(address, headers=LOCAL).get_data(as_text=True)
    found = re.search(r'(<div id="first">.*)<div id="react-entry-point">', page, re.S)
    assert found is not None, page[:300]
    return found[1]


def texts(node: Any) -> list[str]:
    """Texts of a fixed part, without those of tables, drawings and folds."""
    if isinstance(node, str):
        return [node]
    if node[0] in ("$", "Drawing", "Table"):
        return []
    return [text for child in node[2:] for text in texts(child)]


@pytest.mark.parametrize("shown", pages(), ids=lambda page: page.key)
def test_the_page_stands_before_any_script(client: FlaskClient, shown: Page) -> None:
    address = f"{shown.base}?site=Madrid" if shown.filtered else shown.base
    made = first_of(client, address)
    reader = Reader()
    reader.feed(made)
    assert reader.faults == []
    assert reader.open == []
    assert made.count("<h1") == 1
    (here,) = re.findall(r'<a [^>]*aria-current="page"[^>]*>', made)
    assert 'class="nav-link here"' in here
    assert shown.question in unescape(here)
    body = {"output": "..".join(("", "...".join(f"{name}.{prop}" for name, prop in OUT), "")),
            "outputs": [{"id": name, "property": prop} for name, prop in OUT],
            "inputs": [{"id": "url", "property": "pathname", "value": shown.base},
                       {"id": "url", "property": "search", "value": address.removeprefix(shown.base)},
                       {"id": "fresh", "property": "data", "value": None}],
            "changedPropIds": ["url.pathname"]}  # fmt: skip
    answer = client.post("/_dash-update-component", json=body, headers=LOCAL).get_json()["response"]
    told = [text for node in answer["page-body"]["tree"] for text in texts(node)]
    assert len(told) > 2
    assert [text for text in told if text not in unescape(made)] == []


OUT = (("page-body", "children"), ("state", "data"), ("notices", "children"), ("footer", "children"),
       ("print-header", "children"), ("freshness", "children"))  # fmt: skip


def test_charts_and_open_tables_are_there_and_folded_ones_are_not(client: FlaskClient) -> None:
    made = first_of(client, "/effects/escalation_rate")
    (course,) = re.findall(r'<section [^>]*id="course".*?</section>', made, re.S)
    assert 'class="figure wide"' in course
    assert 'viewBox="0 0 ' in course
    assert "<table" not in course
    table = html.Details([html.Summary("s"), Table(columns=[["a", True, ""]], rows=[[["1", 1.0]], [None]])], open=True)
    sent = json.loads(encoded({"x.children": table}))["response"]["x"]["children"]
    assert "<td" not in markup(sent)
    assert '<th class="num short" scope="row">1</th>' in markup(sent)
    assert "too few agents" in markup(sent)


def test_controls_stand_as_boxes_with_what_they_show(client: FlaskClient) -> None:
    made = first_of(client, "/effects/escalation_rate?site=Madrid")
    assert re.search(r'<div class="waiting-label">Site</div><div class="waiting-input">Madrid</div>', made)
    assert '<span class="muted">All teams</span>' in made
    assert "Escalations</div>" in made
    assert 'id="filter-bar"' not in made
    assert 'id="course"' in made
    assert "hidden" in re.search(r'<div class="wrap filter-bar"[^>]*>', first_of(client, "/methods"))[0]  # type: ignore[index]


@pytest.mark.parametrize("words", NASTY)
def test_no_text_becomes_markup(words: str) -> None:
    tree = ["svg", {"viewBox": "0 0 1 1", "data-tip": words}, ["text", {}, words], ["g", {"data-href": words}]]
    page = html.Div(
        [
            html.P(words, title=words, id=words, style={"backgroundColor": words}),
            dcc.Link(words, href="/value"),
            dcc.Input(value=words, placeholder=words),
            dcc.Markdown(words),
            Drawing(wide=tree, narrow=tree, label=words),
            Table(columns=[[words, False, words]], rows=[[words]], caption=words, more=words),
        ],
        className="a",
    )
    made = markup(json.loads(encoded({"x.children": page}))["response"]["x"]["children"])
    reader = Reader()
    reader.feed(made)
    assert (reader.faults, reader.open) == ([], [])
    assert "<script" not in made
    assert "{%" not in made
    assert re.findall(r" on[a-z]+=\"", made.replace("&quot;", "")) == [] or "onload" not in re.sub(r'"[^"]*"', "", made)
    assert reader.texts.count(words) >= 6


def test_a_first_page_that_fails_leaves_the_frame(config_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app(config_path).server.test_client()

    def failing(*_: Any) -> str:
        raise RuntimeError("not today")

    monkeypatch.setattr(shell, "first", failing)
    page = client.get("/", headers=LOCAL)
    assert page.status_code == 200
    assert '<div id="react-entry-point"></div>' in page.get_data(as_text=True)
    assert "not today" not in page.get_data(as_text=True)


def test_nothing_else_is_fetched_for_the_first_paint(client: FlaskClient) -> None:
    page = client.get("/", headers=LOCAL).get_data(as_text=True)
    head = page.split("</head>")[0]
    assert re.findall(r'(?:rel="stylesheet"|<script[^>]* src=)', head) == []
    assert ".kpi-card" in head
    assert "mantine-color-scheme-value" in head
