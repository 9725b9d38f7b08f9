"""JSON lines are read in bulk, and still every line that is no record is named by its number."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.sources.format import SourceError

DATA = Path(__file__).parent / "data"

MANY = 130_000
"""More lines than DuckDB keeps in one row group, so that blocks written out of order would show."""


def contact(number: int) -> str:
    times = '"InitiationTimestamp":"2025-03-10T08:00:00Z","LastUpdateTimestamp":"2025-03-10T08:10:00Z"'
    return f'{{"ContactId":"n-{number}","Channel":"VOICE",{times},"Agent":{{"Username":"ag{number % 7}"}}}}'


def test_lines_keep_their_numbers_in_a_long_file(load, tmp_path):
    faulty = {1: '{"ContactId":', 2: "[1]", 65_536: contact(65_536).replace("VOICE", "FAX"), 122_881: "17", MANY: "{"}
    lines = [faulty.get(number, contact(number)) for number in range(1, MANY + 1)]
    lines[-1], lines[-2] = lines[-2], lines[-1]
    export = tmp_path / "long.jsonl"
    export.write_text("\n".join(lines), encoding="utf-8")
    loaded = load("amazon_connect", export)
    assert loaded.counts == (MANY, MANY - 5, 5, 0)
    assert sorted(loaded.reasons()) == [1, 2, 65_536, 122_881, MANY - 1]
    assert loaded.reasons()[1] == ["not valid JSON"]
    assert loaded.reasons()[2] == ["not a JSON object"]
    shifted = "SELECT count(*) FROM landing.interaction WHERE interaction_id <> 'n-' || _line AND _line < ?"
    assert loaded.con.execute(shifted, [MANY - 1]).fetchone() == (0,)


KINDS = {
    "good": None,
    "blank": "",
    "cut": '{"ContactId":"x","Init',
    "array": '["x"]',
    "two": '{"a":1}{"b":2}',
    "word": "ContactId",
    "null": "null",
    "nul": '{"ContactId":"x\0y"}',
    "wrong": '{"ContactId":{"a":1},"InitiationTimestamp":5}',
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=12),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    packed=st.booleans(),
    mark=st.booleans(),
)
def test_every_damaged_line_is_refused_by_its_number(load, tmp_path, kinds, ending, last, packed, mark):
    kinds = ["good", *kinds]
    lines = [contact(number) if kind == "good" else KINDS[kind] for number, kind in enumerate(kinds, 1)]
    text = ending.join(lines) + (ending if last else "")
    content = (b"\xef\xbb\xbf" if mark else b"") + text.encode()
    export = tmp_path / ("lines.jsonl.gz" if packed else "lines.jsonl")
    export.write_bytes(gzip.compress(content) if packed else content)
    try:
        loaded = load("amazon_connect", export)
    finally:
        export.unlink()
    damaged = [number for number, kind in enumerate(kinds, 1) if kind not in ("good", "blank")]
    assert sorted(loaded.reasons()) == damaged
    good = kinds.count("good")
    assert loaded.counts == (good + len(damaged), good, len(damaged), 0)


def test_pages_of_records_on_lines_are_taken_apart(load, tmp_path):
    pages = [{"statements": [statement("a"), statement("b")]}, {"statements": [statement("c"), 5]}]
    export = tmp_path / "pages.jsonl"
    export.write_text("\n".join(json.dumps(page) for page in pages), encoding="utf-8")
    loaded = load("xapi", export)
    assert loaded.counts == (4, 3, 1, 0)
    assert sorted(loaded.reasons()) == [4]


@pytest.mark.parametrize(
    "name", ["stream.jsonl", "stream.json", "stream.json.gz", "contacts-1-2025-03-10-08-00-00-abc"]
)
@pytest.mark.parametrize("between", ["", "  ", "\n", "\r\n"])
def test_records_of_a_delivery_stream_stand_one_after_the_other(load, tmp_path, name, between):
    """What a stream writes to a bucket has no line ends, or some: every object is a record, and its own fate."""
    damaged = contact(3).replace("VOICE", "FAX")
    text = contact(1) + contact(2) + between + damaged + between + contact(4) + between
    export = tmp_path / name
    export.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    loaded = load("amazon_connect", export)
    assert loaded.counts == (4, 3, 1, 0)
    assert [row["interaction_id"] for row in loaded.rows("interaction")] == ["n-1", "n-2", "n-4"]
    assert [json.loads(reject["raw"])["ContactId"] for reject in loaded.rejects] == ["n-3"]


@pytest.mark.parametrize("text", ["%s%s{", "%s%s]", "%s%s{'a':1}", '%s%s{"a":NaN}', "%s%s17"])
def test_a_delivery_stream_that_is_cut_is_no_records(load, tmp_path, text):
    export = tmp_path / "stream.jsonl"
    export.write_text(text % (contact(1), contact(2)), encoding="utf-8")
    assert load("amazon_connect", export).counts == (1, 0, 1, 0)


def test_a_packed_file_cut_short_is_named_however_late_it_shows(load, tmp_path):
    """Conversations are not read in bulk: the fault shows while the database is reading."""
    numbers = random.Random(1)
    lines = [f'{{"conversationId":"{numbers.random()}","participants":[]}}' for _ in range(60_000)]
    export = tmp_path / "conversations.jsonl.gz"
    export.write_bytes(gzip.compress("\n".join(lines).encode())[:-1000])
    with pytest.raises(SourceError, match="the gzip file is cut short or damaged"):
        load("genesys", export)


def ticket(number: int, **changes: object) -> dict[str, object]:
    times = {"created_at": "2025-03-10T08:00:00Z", "updated_at": "2025-03-10T08:10:00Z"}
    return {"id": number, "via": {"channel": "email"}, "tags": [], **times, **changes}


def test_records_of_one_page_have_fates_of_their_own(load, tmp_path):
    newer = ticket(2, updated_at="2025-03-11T00:00:00Z")
    pages = [
        {"tickets": [ticket(1), ticket(2), ticket(3)]},
        {"tickets": [ticket(4), newer, ticket(5, created_at="no"), ticket(6, created_at="nor this")]},
    ]
    export = tmp_path / "pages.jsonl"
    export.write_text("\n".join(json.dumps(page) for page in pages), encoding="utf-8")
    loaded = load("zendesk", export, options={"tickets_are": "contacts"})
    assert loaded.counts == (7, 4, 2, 1)
    assert [row["interaction_id"] for row in loaded.rows("interaction")] == ["1", "3", "4", "2"]
    assert {reject["line"]: json.loads(reject["raw"])["id"] for reject in loaded.rejects} == {6: 5, 7: 6}


def test_a_good_conversation_is_not_refused_for_another_of_its_page(load, tmp_path):
    conversation = json.loads((DATA / "genesys.json").read_text(encoding="utf-8"))["conversations"][0]
    damaged = json.loads(json.dumps(conversation).replace("2025-", "never "))
    pages = [{"conversations": [{**conversation, "conversationId": "a"}]}]
    pages += [{"conversations": [{**conversation, "conversationId": "b"}, {**damaged, "conversationId": "c"}]}]
    export = tmp_path / "pages.jsonl"
    export.write_text("\n".join(json.dumps(page) for page in pages), encoding="utf-8")
    loaded = load("genesys", export)
    assert loaded.counts == (3, 2, 1, 0)
    assert {row["interaction_id"] for row in loaded.rows("interaction")} == {"a", "b"}


def test_half_a_character_in_a_line_is_a_reject_and_no_crash(load, tmp_path):
    export = tmp_path / "half.jsonl"
    export.write_text("\n".join([contact(1), contact(2).replace("n-2", "n-\\ud83d"), contact(3)]), encoding="utf-8")
    loaded = load("amazon_connect", export)
    assert loaded.counts == (3, 2, 1, 0)
    assert loaded.reasons() == {2: ["not valid JSON"]}


def statement(name: str) -> dict[str, object]:
    return {
        "id": name,
        "actor": {"account": {"name": name}},
        "verb": {"id": "v/completed"},
        "object": {"id": "c/EMP1"},
        "timestamp": "2025-02-01T00:00:00Z",
    }


@pytest.mark.parametrize("wrap", ["[%s]", '{"statements": [%s]}', "%s"])
def test_arrays_documents_and_single_records(load, tmp_path, wrap):
    export = tmp_path / "export.json"
    export.write_text(wrap % json.dumps(statement("a"), indent=2), encoding="utf-8")
    assert load("xapi", export).counts == (1, 1, 0, 0)
