"""Finished answers: the same as Dash would give, made once, never of another version, never of a failure."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from dash import html
from dash._utils import to_json
from flask.testing import FlaskClient

from dashboard import app as application
from dashboard import create_app
from dashboard.answers import Answers, Made, Question, encoded, live_ids
from dashboard.components.table import Table
from dashboard.http import AHEAD, RUN
from dashboard.page import Context, Page
from dashboard.pages import overview, pages
from dashboard.privacy.viewer import OWN_MACHINE, Viewer, admit
from tests.dashboard.replaced_pages import answer_with

LOCAL = {"Host": "127.0.0.1"}


@pytest.fixture(scope="module")
def client(config_path: Path) -> FlaskClient:
    return create_app(config_path).server.test_client()


def body_of(pathname: str, search: str) -> dict[str, Any]:
    return {
        "output": f"..{'...'.join(application.OUTPUTS)}..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in application.OUTPUTS],
        "inputs": [
            {"id": "url", "property": "pathname", "value": pathname},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.pathname"],
    }


def post(client: FlaskClient, pathname: str, search: str = "", encoding: str = "", **more: str) -> Any:
    headers = LOCAL | ({"Accept-Encoding": encoding} if encoding else {}) | more
    return client.post("/_dash-update-component", json=body_of(pathname, search), headers=headers)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Selections the overview was made for."""
    made: list[str] = []
    before = overview.answer

    def answer(context: Context, filters: Any) -> Any:
        made.append(filters.to_query())
        return before(context, filters)

    answer_with(monkeypatch, answer)
    return made


def nodes(part: Any) -> list[Any]:
    """What stands in JSON of an answer, as tags with properties and children, whoever wrote it."""
    if part is None:
        return []
    if isinstance(part, list):
        return [node for each in part for node in nodes(each)]
    if not isinstance(part, dict):
        return [str(part)]
    if part["type"] == "Fixed":
        inside = nodes(part["props"].get("children"))
        return [filled(node, inside) for node in part["props"]["tree"]]
    own = part["namespace"] not in ("dash_html_components", "dash_core_components")
    tag = part["type"] if own else {"Link": "a"}.get(part["type"], part["type"].lower())
    dropped = ("children", "n_clicks") if not own else ("children",)
    props = {name: value for name, value in part["props"].items() if name not in dropped and value is not None}
    if tag == "a":
        props.pop("data-go", None)
    return [[tag, props, *nodes(part["props"].get("children"))]]


def filled(node: Any, inside: list[Any]) -> Any:
    """A node of a fixed part with the components that stand inside it."""
    if isinstance(node, str):
        return node
    if node[0] == "$":
        return inside[node[1]]
    props = {name: value for name, value in node[1].items() if name != "data-go"}
    return [node[0], props, *(filled(child, inside) for child in node[2:])]


@pytest.mark.parametrize("shown", pages(), ids=lambda page: page.key)
def test_a_page_is_sent_as_dash_would_write_it(config_path: Path, context: Context, shown: Page) -> None:
    app = create_app(config_path)
    with app.server.test_request_context():
        made = application.answer(context, shown.base, "?site=Madrid").outputs
    by_id: dict[str, Any] = {}
    for name, value in made.items():
        by_id.setdefault(name.split(".")[0], {})[name.split(".")[1]] = value
    by_dash: Any = to_json({"multi": True, "response": by_id})  # type: ignore[no-untyped-call]
    sent = encoded(made, live_ids(app)).decode()
    plain = json.loads(sent.replace("\u2060", "").replace("\u00a0of\u00a0", " of "))  # unbroken lines are ours
    other = json.loads(by_dash)["response"]
    page = plain["response"]["page-body"]
    assert page.pop("page") == shown.key
    page["children"] = {"type": "Fixed", "props": {"tree": page.pop("tree"), "children": page["children"]}}
    assert sent.count('"namespace":') < 60, "what no callback reads is no component"
    for name, props in plain["response"].items():
        if "children" in props:
            assert nodes(props.pop("children")) == nodes(other[name].pop("children"))
    assert plain["response"] == other


def test_what_a_callback_reads_or_fills_stays_a_component() -> None:
    page = html.Div([html.P("fixed"), html.Div(html.B("inside"), id="filled", title="t"), html.P(7)], id="page")
    made = json.loads(encoded({"body.children": page}, {"filled"}))["response"]["body"]["children"]
    (slot,) = made["props"]["children"]
    assert made["props"]["tree"] == [["div", {"id": "page"}, ["p", {}, "fixed"], ["$", 0], ["p", {}, "7"]]]
    assert (slot["type"], slot["props"]["id"], slot["props"]["title"]) == ("Div", "filled", "t")
    assert slot["props"]["children"]["props"]["tree"] == [["b", {}, "inside"]]


def test_ids_of_callbacks_are_known(config_path: Path) -> None:
    live = live_ids(create_app(config_path))
    assert {"page-body", "overview-rest", "overview-wanted", "since-place", "kpi", "url"} <= live
    assert not {"headline", "course", "forest"} & live


def test_something_that_is_no_component_is_not_sent() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        encoded({"body.children": html.Div(object())})


def test_a_known_answer_is_not_made_again(config_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, made = create_app(config_path).server.test_client(), counted(monkeypatch)
    first = post(client, "/", "?site=Madrid&channel=chat")
    again = [post(client, "/", search) for search in ("?site=Madrid&channel=chat", "?channel=chat&site=Madrid")]
    assert made == ["site=Madrid&channel=chat"]
    assert [answer.data for answer in again] == [first.data] * 2
    assert [answer.headers["Server-Timing"] for answer in (first, *again)] == ["made", "kept", "kept"]


def test_what_was_ignored_is_said_beside_a_known_answer(config_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, made = create_app(config_path).server.test_client(), counted(monkeypatch)
    plain, wrong = post(client, "/", "?site=Madrid"), post(client, "/", "?site=Madrid&site=Atlantis")
    assert "Atlantis" not in plain.get_data(as_text=True)
    assert "Atlantis" in wrong.get_data(as_text=True)
    assert len(made) == 2


def test_a_kept_answer_comes_compressed_for_who_takes_it(client: FlaskClient) -> None:
    plain = post(client, "/effects/escalation_rate")
    squeezed = post(client, "/effects/escalation_rate", encoding="gzip, deflate, br, zstd")
    zipped = post(client, "/effects/escalation_rate", encoding="gzip")
    assert "Content-Encoding" not in plain.headers
    assert squeezed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(squeezed.data) == plain.data
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert len(squeezed.data) < len(plain.data) / 3
    for answer in (plain, squeezed, zipped):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_new_version_makes_new_answers(tmp_path: Path, build: Callable[..., Path]) -> None:
    client = create_app(build(tmp_path, "first", seed=1)).server.test_client()
    before = post(client, "/").get_json()["response"]
    assert post(client, "/").get_json()["response"] == before
    build(tmp_path, "second", seed=2)
    after = post(client, "/").get_json()["response"]
    assert (before["state"]["data"]["run_id"], after["state"]["data"]["run_id"]) == ("first", "second")
    assert before["page-body"] != after["page-body"]


def test_an_answer_is_about_the_version_it_is_kept_under(tmp_path: Path, build: Callable[..., Path]) -> None:
    """Published between the question and its answer: the answer must still be about the version in its key."""
    config = build(tmp_path, "first", seed=1)
    app = create_app(config)
    from dashboard.data.queries import Queries
    from dashboard.settings import from_config

    settings = from_config(config)
    context = Context(settings, Queries(settings))
    with app.server.test_request_context():
        question = application.asked(context, "/", "")
        build(tmp_path, "second", seed=2)
        made = question.make()
    assert isinstance(question.key, tuple)
    assert question.key[0] == "first"
    assert made.run_id == made.outputs["state.data"]["run_id"] == "first"


def test_a_failure_is_not_kept(config_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app(config_path).server.test_client()

    def broken(*_: object) -> None:
        raise RuntimeError("for a moment")

    with monkeypatch.context() as moment:
        answer_with(moment, broken)
        assert "could not be worked out" in post(client, "/").get_data(as_text=True)
    assert "page-body" in post(client, "/").get_json()["response"]


def test_a_page_that_shows_more_than_its_version_is_made_anew(context: Context) -> None:
    assert application.asked(context, "/data", "").key is None
    assert application.asked(context, "/nowhere", "").key is None
    assert application.asked(context, "/effects", "").key is not None


@pytest.mark.parametrize("path", ["/", "/effects/escalation_rate"])
def test_a_small_group_is_refused_the_second_time_too(client: FlaskClient, path: str) -> None:
    post(client, path, "?site=Porto")
    for _ in range(2):
        found = post(client, path, "?team=Porto-8").get_data(as_text=True)
        assert "Nothing to show for this selection" in found
        assert "data-kpi" not in found


def test_answers_keep_within_their_bytes() -> None:
    answers = Answers(limit_bytes=20_000)
    for number in range(500):
        text = json.dumps([number * k for k in range(100)])
        answers.sent(Question(("v", number), lambda text=text: Made({"page.children": text})))  # type: ignore[misc]
        assert answers.cache.bytes <= 20_000
    assert 10 < len(answers.cache) < 500


def test_strange_requests_are_left_to_dash(client: FlaskClient) -> None:
    for body in ({}, {"output": f"..{'...'.join(application.OUTPUTS)}..", "inputs": [{"id": "url"}]}):
        assert client.post("/_dash-update-component", json=body, headers=LOCAL).status_code >= 400


def test_answers_are_worked_out_in_turn_and_known_ones_do_not_wait() -> None:
    answers = Answers(turns=1)
    at_once, most, go_on = [0], [0], threading.Event()

    def slowly() -> Made:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        go_on.wait(10)
        at_once[0] -= 1
        return Made({"page.children": "slow"})

    known = Question(("v", "known"), lambda: Made({"page.children": "known"}))
    answers.sent(known)
    askers = [threading.Thread(target=answers.sent, args=(Question(("v", k), slowly),)) for k in range(4)]
    for asker in askers:
        asker.start()
    while not at_once[0]:
        time.sleep(0.001)
    assert b"known" in brotli.decompress(answers.sent(known).body)  # while another is being worked out
    go_on.set()
    for asker in askers:
        asker.join()
    assert most == [1]


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("−€140,000 to €200,000", "−\u2060€140,000 to €200,000"),
        ("−1.7 points", "−1.7 points"),
        ("worked on 1 of 5 goals", "worked on 1\u00a0of\u00a05 goals"),
        ("out of order", "out of order"),
    ],
)
def test_no_line_ends_behind_a_minus_wherever_words_stand(words: str, sent: str) -> None:
    tabled = Table(columns=[["a", False, ""]], rows=[[words], [[words, 1.0]]], caption=words)
    page = html.Div([html.P(words), words, html.Ul([html.Li([words])]), tabled], id=words)
    ((tag, props, *inside),) = json.loads(encoded({"page.children": page}))["response"]["page"]["children"]["props"][
        "tree"
    ]
    text = json.dumps(inside, ensure_ascii=False)
    assert text.count(json.dumps(sent, ensure_ascii=False)[1:-1]) == 6
    assert (tag, props["id"]) == ("div", words), "what is not read is left alone"


def ahead(client: FlaskClient, pathname: str, search: str = "") -> Any:
    """What a page asks while its reader only points at an address."""
    return post(client, pathname, search, **{AHEAD: "1"})


def test_an_answer_that_may_be_shown_again_names_its_version(client: FlaskClient) -> None:
    shown = post(client, "/effects/csat_top2", "?channel=chat")
    run_id = json.loads(shown.data)["response"]["state"]["data"]["run_id"]
    assert shown.headers[RUN] == run_id
    moving = next(page for page in pages() if page.moving)
    assert RUN not in post(client, moving.path).headers
    assert RUN not in post(client, "/no-such-page").headers


def test_what_a_reader_points_at_is_worked_out_once(client: FlaskClient) -> None:
    first = ahead(client, "/effects/csat_top2", "?site=Lisbon")
    assert (first.status_code, first.headers["Server-Timing"]) == (200, "made")
    clicked = post(client, "/effects/csat_top2", "?site=Lisbon")
    assert clicked.headers["Server-Timing"] == "kept"
    assert clicked.data == first.data


def test_nothing_is_worked_out_ahead_while_somebody_waits_or_where_it_is_not_kept(config_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow() -> Made:
        entered.set()
        go.wait(20)
        return Made({"box.children": html.P("slow")}, "run")

    answers, made = Answers(turns=1), []
    slowly = Question("slow", slow)
    quickly = Question("quick", lambda: made.append(1) or Made({"box.children": html.P("quick")}, "run"))  # type: ignore[func-returns-value]
    waiting = threading.Thread(target=answers.sent, args=(slowly,))
    waiting.start()
    assert entered.wait(20)
    assert not answers.may_be_asked_ahead(quickly)
    go.set()
    waiting.join(20)
    assert answers.may_be_asked_ahead(quickly)
    assert not made
    assert not answers.may_be_asked_ahead(Question(None, quickly.make))
    admit(Viewer("an executive", "executive", shared=True))
    try:
        assert not answers.may_be_asked_ahead(quickly)
        answers.sent(quickly)
        assert answers.may_be_asked_ahead(quickly)
    finally:
        admit(OWN_MACHINE)
    moving = next(page for page in pages() if page.moving)
    refused = ahead(create_app(config_path).server.test_client(), moving.path)
    assert (refused.status_code, refused.data) == (204, b"")
