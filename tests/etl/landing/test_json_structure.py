"""A record parsed once gives what it gives field by field, whatever it has in its places."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.configuration.model import parse
from etl.landing import compile as compiler
from etl.landing import json_structure
from etl.reading.plans import plan_of

DATA = Path(__file__).parents[1] / "sources" / "data"
PARSED_ONCE = ("contact_lens", "transcribe", "twilio_sentences", "zendesk_comments")
STRANGE = (
    None, True, False, 0, -1, 1.5, -0.25, 12345678901234567890, "", " ", " x ", "\u00a0x", "e\u0301 ", "🙂", "שלום",
    "a\nb\t", "0", "1e3", "2025-03-06T09:00:00Z", "AGENT", [], {}, [None], [1, "x"], {"x": {"y": [1]}},
    {"ContactId": 7}, [[]], [{}],
)  # fmt: skip


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield (*at, key)
        yield from _places(child, (*at, key))


def _damaged(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The document with something else, or nothing, in a few of its places."""
    found = copy.deepcopy(document)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        place = rng.choice(list(_places(found)) or [()])
        inside: Any = found
        for key in place[:-1]:
            inside = inside[key]
        if not place:
            continue
        if rng.random() < 0.3:
            del inside[place[-1]]
        else:
            inside[place[-1]] = copy.deepcopy(rng.choice(STRANGE))
    return found


@pytest.mark.parametrize("name", PARSED_ONCE)
def test_parsed_once_gives_what_field_by_field_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"agent_channel": 1} if name == "twilio_sentences" else {}
    section = {"format": name, "path": f"{name}.json", "options": options}
    config = parse({"sources": {"s": section}, "conversations": {"read": True}}, DATA / "empathy.toml")
    rng = random.Random(name)
    whole = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    documents = whole if isinstance(whole, list) else [whole]
    lines = [json.dumps(_damaged(rng.choice(documents), rng)) for _ in range(600)]
    lines += ["{}", '{"Transcript": 7}', json.dumps(documents[0])[:-1] + ', "Transcript": "twice"}']
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET disabled_optimizers = 'in_clause'")
        plan = plan_of(config, "s", DATA / f"{name}.json", con)
        con.execute(
            "CREATE TABLE records AS SELECT unnest(range(len(?))) AS _line, unnest(?)::JSON AS j, "
            "NULL::VARCHAR AS _fault",
            [lines, lines],
        )  # fmt: skip
        (parted,) = [table_map for table_map in plan.tables if table_map.each]
        once = compiler.elements(parted, config.sources["s"], "UTC").sql
        monkeypatch.setattr(json_structure, "parse_once", lambda record, once, of_item: {})
        by_field = compiler.elements(parted, config.sources["s"], "UTC").sql
        assert "json_transform" in once
        assert "json_transform" not in by_field
        rows = con.execute(f"SELECT count(*), count(_reasons) FROM ({by_field})").fetchone()
        assert rows
        assert rows[0] > 600
        assert rows[1] > 50
        assert con.execute(f"({once}) EXCEPT ALL ({by_field})").fetchall() == []
        assert con.execute(f"({by_field}) EXCEPT ALL ({once})").fetchall() == []


def test_what_one_structure_cannot_give_is_left_as_it_is() -> None:
    turns = "json_extract(j, '$.Turns[*]')::JSON[]"
    for paths in ("'$.Contact', '$.Contact.Id'", "'$.Turns.Text'", "'$.Id', '$.ID'", "'$.Turns[0].Text'"):
        once = {"_list": turns, "_p": f"json_extract_string(j, [{paths}])"}
        before = dict(once)
        of_item = {"_i": "json_extract_string(item, ['$.Text'])"}
        assert json_structure.parse_once("_d", once, of_item) == {}, paths
        assert once == before
        assert of_item == {"_i": "json_extract_string(item, ['$.Text'])"}
    assert json_structure.parse_once("_d", {"_list": "json_extract(j, '$.a[*].b[*]')::JSON[]"}, {}) == {}
