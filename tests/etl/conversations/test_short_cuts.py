"""What is looked at in few turns gives what looking at all of them gives."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import duckdb
import pytest

from etl.conversations import score, spans
from etl.conversations.measures import SHARED_SHARE, SHARED_WORDS, STEM, mark_paraphrases
from etl.conversations.rules import ALWAYS_EXEMPT, load_rules
from etl.landing.values import trimmed_sql

SETS = Path(__file__).parents[3] / "examples" / "listening"
SIGNS = (
    '"', "“", "”", "„", "«", "»", "<b>", "<", ">", "\n> ", "\n", "\n-- original message\n", "On Monday he wrote: ",
    "from: ", "\nvon: ", " - ", "’", "é", "🙂", "\t", "  ", ". ", "\x01", "\x02", "ſ", "K",
)  # fmt: skip


def _turns(count: int) -> list[tuple[int, str, str]]:
    """Turns put together of labelled ones, with signs between them; and the customer's turn before."""
    rng = random.Random(20)
    with (SETS / "english-open.csv").open(encoding="utf-8", newline="") as file:
        said = [row["agent"] for row in csv.DictReader(file)]

    def one() -> str:
        parts = []
        for _ in range(rng.choice((1, 2, 4))):
            words = rng.choice(said)
            cut = rng.randrange(len(words) + 1)
            sign = rng.choice(SIGNS) if rng.random() < 0.6 else ""
            parts.append(words[:cut] + sign + words[cut:])
        return rng.choice((" ", "\n")).join(parts)

    turns = [one() for _ in range(count)]
    return [(number, text, rng.choice((turns[number - 1], text.upper()))) for number, text in enumerate(turns)]


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as opened:
        turns = _turns(1_500)
        opened.execute("create table turn (turn_id bigint, text varchar, previous_text varchar)")
        columns = [list(column) for column in zip(*turns, strict=True)]
        opened.execute("insert into turn select unnest(?), unnest(?), unnest(?)", columns)
        yield opened


def test_turns_without_a_sign_hold_nothing_that_is_always_passed_over(con, monkeypatch) -> None:
    rules = load_rules("en")
    spans.mark_hits(con, "turn", rules, "gated")
    monkeypatch.setattr(spans, "EXEMPT_SIGN", "")
    spans.mark_hits(con, "turn", rules, "looked_at")
    assert con.execute("select count(*) > 1000 from gated").fetchone() == (True,)
    assert con.execute("from gated except all from looked_at").fetchall() == []
    assert con.execute("from looked_at except all from gated").fetchall() == []
    monkeypatch.setattr(spans, "EXEMPT_SIGN", "$^")
    spans.mark_hits(con, "turn", rules, "none_passed_over")
    assert con.execute("select count(*) from (from none_passed_over except all from looked_at)").fetchone() > (50,)


def test_every_exemption_has_its_sign(con) -> None:
    exempt = "(?im)" + "|".join(ALWAYS_EXEMPT)
    found = con.execute(
        "select count(*), count(*) filter (not regexp_matches(text, ?)) from turn where regexp_matches(text, ?)",
        [spans.EXEMPT_SIGN, exempt],
    ).fetchone()
    assert found[0] > 300
    assert found[1] == 0


def test_paraphrases_are_those_that_comparing_all_words_finds(con) -> None:
    rules = load_rules("en")
    spans.mark_hits(con, "turn", rules, "given_back", skills=())
    mark_paraphrases(con, "turn", rules, "given_back")
    found = {row[0] for row in con.execute("select turn_id from given_back").fetchall()}
    turned = {
        row[0]
        for row in con.execute(
            "select turn_id from turn where regexp_matches(text, ?)", [rules.turned_to_customer]
        ).fetchall()
    }
    stops = {word[:STEM] for word in rules.function_words}
    expected = set()
    for turn_id, text, before in con.execute("select turn_id, lower(text), lower(previous_text) from turn").fetchall():
        own, others = (set(re.findall(r"(?a:\b)[^\W\d_]{4,5}", said)) for said in (text, before))
        told = (own & others) - stops
        if turn_id in turned and len(told) >= max(SHARED_WORDS, SHARED_SHARE * len(own)):
            expected.add(turn_id)
    assert len(found) > 300
    assert found == expected


def test_no_text_has_more_words_than_the_most_it_can_hold(con) -> None:
    words = f"length(regexp_extract_all(text, '{score.WORD}'))"
    assert con.execute(f"select count(*) from turn where {words} > {score._most_words('text')}").fetchone() == (0,)
    assert con.execute(f"select avg({words} / {score._most_words('text')}) > 0.6 from turn").fetchone() == (True,)


def test_ends_are_trimmed_as_trim_does(con) -> None:
    ends = (*SIGNS, "", " ", "\u00a0", "\u2003", "\u3000")
    texts = [end + "a b" + other for end in ends for other in ends]
    con.execute("create or replace temp table ends as select unnest(?) as text", [[*texts, "", " ", "a", "é"]])
    sql = trimmed_sql("text", True)
    assert con.execute(f"from ends where ({sql}) is distinct from nullif(trim(text), '')").fetchall() == []


def test_hits_that_are_counted_are_those_that_are_marked(con) -> None:
    rules = load_rules("en")
    spans.mark_hits(con, "turn", rules, "placed")
    con.execute(
        "create or replace temp table counted "
        "(turn_id bigint, skill varchar, rule varchar, polarity varchar, hits bigint)"
    )
    spans.count_hits(con, "turn", rules, "counted", by=("turn_id",))
    by_rule = "(select turn_id, skill, rule, polarity, count(*) as hits from placed group by all)"
    assert con.execute("select sum(hits) > 1000, max(hits) > 1 from counted").fetchone() == (True, True)
    assert con.execute(f"from {by_rule} except all from counted").fetchall() == []
    assert con.execute(f"from counted except all from {by_rule}").fetchall() == []


def test_no_first_part_of_a_text_has_two_function_words_more_than_the_whole(con) -> None:
    """So that a text with enough of them in its first part need not be looked at further."""
    whole = score._function_words(load_rules("en"))
    for size in (40, score.FIRST_LOOKED_AT):
        first = whole.replace("agent_text", f"left(agent_text, {size})")
        found = con.execute(
            f"select count(*) filter (first - 1 > whole), max(whole) from "
            f"(select {first} as first, {whole} as whole from (select text as agent_text from turn))"
        ).fetchone()
        assert found[0] == 0
        assert found[1] > 20
