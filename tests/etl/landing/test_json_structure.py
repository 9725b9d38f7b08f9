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

from etl.configuration.model import Source, parse
from etl.landing import compile as compiler
from etl.landing import json_structure, parsed_records
from etl.reading import json_records
from etl.reading.plans import plan_of
from etl.sources.plan import Plan

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


def _cannot(*_: Any) -> dict[str, str]:
    raise json_structure.CannotError


def _exported(name: str, count: int) -> tuple[Plan, Source, list[str]]:
    """How a format is read, and so many documents of it, damaged."""
    options = {"agent_channel": 1} if name == "twilio_sentences" else {}
    section = {"format": name, "path": f"{name}.json", "options": options}
    config = parse({"sources": {"s": section}, "conversations": {"read": True}}, DATA / "empathy.toml")
    rng = random.Random(name)
    whole = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    documents = whole if isinstance(whole, list) else [whole]
    lines = [json.dumps(_damaged(rng.choice(documents), rng)) for _ in range(count)]
    lines += ["{}", '{"Transcript": 7}', json.dumps(documents[0])[:-1] + ', "Transcript": "twice"}']
    with duckdb.connect() as con:
        return plan_of(config, "s", DATA / f"{name}.json", con), config.sources["s"], lines


@pytest.mark.parametrize("name", PARSED_ONCE)
def test_parsed_once_gives_what_field_by_field_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, source, lines = _exported(name, 600)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET disabled_optimizers = 'in_clause'")
        con.execute(
            "CREATE TABLE records AS SELECT unnest(range(len(?))) AS _line, unnest(?)::JSON AS j, "
            "NULL::VARCHAR AS _fault",
            [lines, lines],
        )  # fmt: skip
        (parted,) = [table_map for table_map in plan.tables if table_map.each]
        once = compiler.elements(parted, source, "UTC").sql
        monkeypatch.setattr(json_structure, "parse_once", _cannot)
        by_field = compiler.elements(parted, source, "UTC").sql
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
        with pytest.raises(json_structure.CannotError):
            json_structure.parse_once("_d", once, of_item)
        assert once == before
        assert of_item == {"_i": "json_extract_string(item, ['$.Text'])"}
    with pytest.raises(json_structure.CannotError):
        json_structure.parse_once("_d", {"_list": "json_extract(j, '$.a[*].b[*]')::JSON[]"}, {})


def test_lines_read_into_a_structure_give_what_their_text_gives(tmp_path: Path) -> None:
    """Each of 600 damaged documents is refused by the typed reader, or gives the same rows and reasons."""
    plan, source, lines = _exported("contact_lens", 600)
    path = tmp_path / "lines.jsonl"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET disabled_optimizers = 'in_clause'")
        typed = parsed_records.parsed(plan, source, "UTC")
        assert typed
        relation = json_records.parsed_relation(path, typed.structure)

        def fits(line: str) -> bool:
            path.write_text(line + "\n", encoding="utf-8")
            try:
                return con.execute(f"SELECT count(_d) FROM {relation}").fetchone() == (1,)
            except duckdb.Error:
                return False

        taken = [line for line in lines if fits(line)]
        assert 150 < len(taken) < len(lines) - 20
        path.write_text("\n".join(taken), encoding="utf-8")
        con.execute(f"CREATE TABLE typed AS SELECT row_number() OVER () AS _line, _d FROM {relation}")
        con.execute(
            f"CREATE TABLE texts AS SELECT row_number() OVER () AS _line, j FROM {json_records.fast_relation(path)}"
        )
        (parted,) = [table_map for table_map in plan.tables if table_map.each]
        pairs = (
            (typed.records, compiler.records(plan, source, "UTC")),
            (dict(typed.elements)[parted.table], compiler.elements(parted, source, "UTC")),
        )
        for one, other in pairs:
            assert "_d" in one.sql
            left = f"(WITH records AS (FROM typed) {one.sql})"
            right = f"(WITH records AS (FROM texts) {other.sql})"
            assert con.execute(f"SELECT count(*) FROM {left}").fetchone() >= (len(taken),)
            assert con.execute(f"{left} EXCEPT ALL {right}").fetchall() == []
            assert con.execute(f"{right} EXCEPT ALL {left}").fetchall() == []
