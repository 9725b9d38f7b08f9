"""Every file that a page offers: numbers as numbers, and a header that says what they are."""

from __future__ import annotations

import io

import polars as pl
import pytest
from flask.testing import FlaskClient

from dashboard import create_app
from dashboard.data.data_quality import tables
from dashboard.page import Context
from dashboard.pages import pages

LOCAL = {"Host": "127.0.0.1"}
PARTS = {
    "kpi": "escalation_rate", "by": "team", "pair": "Madrid-3_vs_Lisbon-2", "course": "EMP101",
    "relation": "mart.team_week", "kind": "any",
}  # fmt: skip
OFFERED = {
    name: download for page in pages() for name, download in page.downloads.items()
}  # fmt: skip
COUNTED = (
    "net_at_low",
    "detectable",
    "n_agents",
    "n_contacts",
    "planned",
    "estimate",
    "hazard_ratio",
    "at_risk",
    "line",
    "amount",
    "rows",
    "effect",
)
"""Columns of which every table with figures has at least one."""
WORDS_ONLY = ("meta.lineage", "result.design", "result.design_note", "result.headline", "methods", "glossary", "checks")
SEVERAL_ONLY = ("value-programmes",)
"""Without rows where one programme is served; rows are read in tests/dashboard/test_programmes.py."""


@pytest.fixture(scope="module")
def client(world: Context) -> FlaskClient:
    return create_app(world.settings.config).server.test_client()


def file(client: FlaskClient, address: str) -> tuple[dict[str, str], pl.DataFrame]:
    answer = client.get(address, headers=LOCAL)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200, text[:300]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    head = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    body = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    return head, pl.read_csv(io.StringIO(body), infer_schema_length=None) if body.strip() else pl.DataFrame()


def complete(head: dict[str, str], frame: pl.DataFrame, parts: dict[str, str]) -> None:
    assert head["what"]
    assert head["run_id"] == "r2"
    assert head["interval"] == "95%"
    assert "EUR" in head["units"]
    assert head["published_at"][:4].isdigit()
    assert int(head["rows"]) == frame.height
    assert {name: head[name] for name in parts} == parts


@pytest.mark.parametrize("name", list(OFFERED))
def test_a_download_is_numeric_and_says_what_it_is(client: FlaskClient, name: str) -> None:
    parts = {part: PARTS[part] for part in OFFERED[name].parts}
    query = "&".join(f"{part}={value}" for part, value in parts.items())
    head, frame = file(client, f"/download/{name}.csv?{query}")
    complete(head, frame, parts)
    if name in SEVERAL_ONLY:
        assert frame.height == 0
        return
    assert frame.height > 0
    numbers = [column for column in frame.columns if frame.schema[column].is_numeric()]
    if name not in WORDS_ONLY:
        assert set(numbers) & set(COUNTED), (name, frame.schema)


def test_every_table_to_take_along_is_numeric_and_says_what_it_is(client: FlaskClient, world: Context) -> None:
    for relation in tables(world.queries)["relation"]:
        head, frame = file(client, f"/download/table.csv?relation={relation}")
        complete(head, frame, {"relation": relation})
        if relation not in WORDS_ONLY and frame.height:
            assert any(kind.is_numeric() for kind in frame.schema.values()), relation


def test_a_pair_typed_by_hand_tells_nothing_of_a_small_team(client: FlaskClient) -> None:
    address = "/download/cohort_pair.csv?kpi=escalation_rate&by=team&pair="
    _, asked = file(client, f"{address}Madrid-3_vs_Lisbon-2")
    assert set(asked["group"]) == {"Madrid-3", "Lisbon-2"}
    _, other = file(client, f"{address}Madrid-3_vs_Porto-8")
    assert "Porto-8" not in set(other["group"])


def test_a_table_says_the_selection_it_was_made_by_and_no_other(client: FlaskClient) -> None:
    head, table = file(client, "/download/table.csv?relation=mart.team_week&site=Madrid")
    assert head["selection"] == "everybody"
    assert "not made by site" in head["ignored"]
    assert table["site"].n_unique() > 1
    head, _ = file(client, "/download/adoption.csv?course=EMP101&site=Madrid&channel=chat")
    assert head["selection"] == "Madrid"
    assert "not made by channel" in head["ignored"]
