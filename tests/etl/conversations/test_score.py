"""Transcripts become counts of the contact's agent and week; every turn is accounted for and no text goes further."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from etl.conversations.measures import open_questions, questions
from etl.conversations.rules import load_rules

WORKER = {"source_agent_id": "a1", "employee_number": "7"}
CONTACT = {"source_agent_id": "a1", "channel": "voice", "started_at": datetime(2025, 3, 3, 9)}


def _turns(contact: str, *said: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    return [
        {"interaction_id": contact, "turn": number, "speaker": speaker, "text": text, **more}
        for number, (speaker, text) in enumerate(said, 1)
    ]


def _build(build_rows, turns, contacts=("c1",), more=()):
    return build_rows(
        {
            "agent": [WORKER],
            "interaction": [{**CONTACT, "interaction_id": contact} for contact in contacts] + list(more),
            "utterance": turns,
        }
    )


def test_only_agents_are_scored_and_every_turn_is_counted(build_rows) -> None:
    said = [
        ("bot", "Calm down."), ("customer", "I'm sorry to say it broke. Calm down you say?"), ("note", "Calm down."),
        ("supervisor", "I'm so sorry."), ("system", "You have to wait."), ("agent", "What happened next?"),
    ]  # fmt: skip
    built = _build(build_rows, _turns("c1", *said))
    row = built.rows(
        "select turns, agent_turns, customer_turns, not_scored, probing_questions_hits, trigger_hits, sympathy_hits, "
        "place_ix is not null from core.conversation"
    )
    assert row == [(6, 1, 1, None, 1, 0, 0, True)]


def test_phrases_reach_agent_week_and_transcripts_their_guardrail(build_rows) -> None:
    turns = _turns("c1", ("agent", "I'm sorry.")) + _turns("c2", ("agent", "Calm down."))
    built = _build(build_rows, turns, contacts=("c1", "c2", "c3", "c4"))
    assert built.rows(
        "select sum(sympathy_rate_num), sum(sympathy_rate_den), sum(trigger_rate_num), sum(transcript_share_num), "
        "sum(transcript_share_den) from mart.agent_week"
    ) == [(1, 2, 1, 2, 4)]
    assert built.rows("select rule, contacts, hits from mart.rule_week order by rule") == [
        ("calm_down", 1, 1), ("sorry", 1, 1),
    ]  # fmt: skip


def test_without_transcripts_nothing_is_known_not_zero(build_rows) -> None:
    built = _build(build_rows, [])
    assert built.rows("select sum(sympathy_rate_den), sum(transcript_share_den) from mart.agent_week") == [(None, None)]


@pytest.mark.parametrize("relation", ["conversation_count", "conversation_rule"])
def test_without_transcripts_relations_have_the_same_columns(build_rows, relation: str) -> None:
    columns = f"describe staging.{relation}"
    heard = _build(build_rows, _turns("c1", ("agent", "I'm sorry."))).rows(columns)
    assert _build(build_rows, []).rows(columns) == heard


def test_what_cannot_be_scored_is_kept_with_its_reason(build_rows) -> None:
    spanish = "Buenos días, claro que sí, ahora mismo lo miro y le digo algo, un momento por favor, gracias"
    garbage = "brk tlm zzp qqr mmn vvx plo kij uhy gtf rde swq aaz xxc"
    turns = [
        *_turns("other", ("agent", spanish)),
        *_turns("garbage", ("agent", garbage)),
        *_turns("silent", ("customer", "Hello?")),
        *_turns("joined", ("agent", ""), ("agent", None), ("customer", "Hello?")),
        *_turns("masked", ("agent", "[PII], [NAME]."), ("agent", "#### 🙂 – 12")),
        *_turns("half", ("agent", "[PII] é"), ("agent", "[cut off")),
        *_turns("foreign", ("agent", "Hello."), language="fr-FR"),
        *_turns("lost", ("agent", "Hello.")),
        *_turns("mail", ("agent", "I'm sorry " * 3_000)),
        *_turns("fine", ("agent", "Hello."), language="en_GB"),
    ]
    known = ("other", "garbage", "silent", "joined", "masked", "half", "foreign", "mail", "fine")
    built = _build(build_rows, turns, contacts=known)
    assert dict(built.rows("select interaction_id, not_scored from core.conversation")) == {
        "other": "not in its language",
        "garbage": "not in its language",
        "silent": "no turn of an agent",
        "joined": "no words of an agent",
        "masked": "no words of an agent",
        "half": None,
        "foreign": "no rules for its language",
        "lost": "no contact of that id",
        "mail": "a turn too long to be said",
        "fine": None,
    }


def test_the_language_of_a_contact_is_that_of_most_turns_and_of_several_the_first(build_rows) -> None:
    said = (("agent", "Hello, what happened?"), ("agent", "Was ist passiert?"), ("agent", "Seit wann?"))
    turns = [
        {**turn, "language": language, "interaction_id": contact}
        for contact, languages in (("most", ("en", "de_DE", "de-AT")), ("even", ("de-DE", "en")), ("none", (None,)))
        for turn, language in zip(_turns(contact, *said), languages, strict=False)
    ]
    built = _build(build_rows, turns, contacts=("most", "even", "none"))
    found = dict(built.rows("select interaction_id, language from core.conversation"))
    assert found == {"most": "de", "even": "de", "none": "en"}


def test_raw_and_redacted_transcripts_of_two_sources_count_once(build_rows) -> None:
    raw = _turns("c1", ("agent", "I'm sorry."), _source="raw")
    redacted = _turns("c1", ("agent", "I'm sorry."), _source="clean", redacted=True)
    for line, turn in enumerate([*raw, *redacted]):
        turn["_line"] = line
    built = _build(build_rows, [*raw, *redacted])
    assert built.rows("select _source, not_scored from core.conversation order by 1") == [
        ("clean", None), ("raw", "a second transcript of the contact"),
    ]  # fmt: skip


def test_turns_go_to_the_leg_in_whose_time_they_lie(build_rows) -> None:
    second = {
        **CONTACT,
        "interaction_id": "c1",
        "leg": 2,
        "source_agent_id": "a2",
        "started_at": datetime(2025, 3, 3, 9, 5),
    }
    turns = [
        {"interaction_id": "c1", "turn": 1, "speaker": "agent", "text": "I'm sorry.", "started_ms": 1_000},
        {"interaction_id": "c1", "turn": 2, "speaker": "agent", "text": "Calm down.", "started_ms": 301_000},
        {"interaction_id": "c1", "turn": 3, "speaker": "agent", "text": "Calm down.", "at": datetime(2025, 3, 3, 9, 6)},
    ]
    built = build_rows(
        {
            "agent": [WORKER, {"source_agent_id": "a2", "employee_number": "8"}],
            "interaction": [{**CONTACT, "interaction_id": "c1"}, second],
            "utterance": turns,
        }
    )
    assert built.rows("select leg, sympathy_hits, trigger_hits from core.conversation order by leg") == [
        (1, 1, 0), (2, 0, 2),
    ]  # fmt: skip


def test_long_overlaps_are_interruptions_and_backchannels_are_not(build_rows) -> None:
    said = [
        ("customer", "It broke.", 0, 5_000),
        ("agent", "Mm-hm.", 2_000, 2_300),
        ("agent", "Which one do you have?", 3_000, 6_000),
    ]
    turns = [
        {"interaction_id": "c1", "turn": turn, "speaker": who, "text": text, "started_ms": start, "ended_ms": end}
        for turn, (who, text, start, end) in enumerate(said, 1)
    ]
    assert _build(build_rows, turns).one("select interruptions from core.conversation") == 1


def test_no_text_and_no_name_is_left_in_core_mart_or_staging(build_rows) -> None:
    turns = _turns("c1", ("customer", "I am Zebulon"), ("agent", "Thanks, Zebulon."), customer_name="Zebulon Quux")
    built = _build(build_rows, turns)
    assert built.one("select personalisation_hits from core.conversation") == 1
    tables = built.rows(
        "select schema_name, table_name, database_name from duckdb_tables() where database_name <> 'landing'"
    )
    for schema, table, database in tables:
        content = str(built.rows(f'select * from "{database}"."{schema}"."{table}"'))
        assert "Zebulon" not in content, table


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "What happened first? Is it on?", (1, 2)),
        ("en", "Okay, so how long has it been slow?", (1, 1)),
        ("en", "Could you describe it? Did it beep? Do you see a light?", (1, 3)),
        ("en", "what happened first", (0, 0)),
        ("en", "I know what you mean. Is it on?", (0, 1)),
        ("en", "???", (0, 0)),
        ("de", "Und was ist dann passiert? Ist es an?", (1, 2)),
        ("es", "¿Qué pasó primero? ¿Está encendido?", (1, 2)),
    ],
)
def test_open_questions_are_told_from_closed_ones(language: str, text: str, found: tuple[int, int]) -> None:
    rules = load_rules(language)
    sql = f"select {open_questions('?', rules)}, {questions('?')}"
    with duckdb.connect() as con:
        assert con.execute(sql, [text, text]).fetchone() == found
