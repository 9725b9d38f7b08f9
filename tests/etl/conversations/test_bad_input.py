"""What real transcripts are full of, in every format: accounted for, and never scored wrongly in silence."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.build import BuildReport, build
from etl.configuration.model import parse

Turn = tuple[str, str]
"""Who speaks, and what."""

FRENCH = "Bonjour, je suis là pour vous aider avec votre facture, donnez-moi un instant s'il vous plaît, merci"
GARBAGE = "brk tlm zzp qqr mmn vvx plo kij uhy gtf rde swq aaz xxc"
HEBREW = "שלום אני כאן כדי לעזור לך עם החשבון שלך רק רגע אחד בבקשה תודה רבה לך"
ARABIC = "مرحبا أنا هنا لمساعدتك في فاتورتك لحظة واحدة من فضلك شكرا جزيلا لك على صبرك"

BAD: dict[str, tuple[str, str | None, int | None]] = {
    "french": (FRENCH, "not in its language", None),
    "garbage": (GARBAGE, "not in its language", None),
    "hebrew": (HEBREW, "not in its language", None),
    "arabic": (ARABIC, "not in its language", None),
    "emoji": ("🙂🙃 👩‍👩‍👧 ok 🙏", None, 0),
    "mixed": ("\u202eשלום\u202c, I'm sorry 🙏", None, 1),
    "html": ("<p title=\"I'm sorry\">Here it is.</p><!-- I'm sorry -->", None, 0),
    "said_in_html": ("<div>I'm <b>sorry</b>, here it is.</div>", None, 1),
    "mail": ("Here it is.\n\nOn 3 Mar 2025, Someone wrote:\n> I'm sorry.\n> So sorry.", None, 0),
    "redacted": ("Thank you [NAME], I'm sorry, [PII] #### is paid.", None, 1),
    "long": ("I'm sorry " * 20_000, "a turn too long to be said", None),
    "unknown": ("I'm sorry.", "no contact of that id", None),
    "twice": ("I'm sorry.", None, 1),
}
"""Name of the contact -> what its agent says, why it is not scored, and how often sympathy is heard where it is."""


def _said(contact: str) -> list[Turn]:
    return [("customer", "It broke again, I'm sorry to say."), ("agent", BAD[contact.rpartition("-")[2]][0])]


def _contact_lens(contact: str, turns: list[Turn]) -> dict[str, Any]:
    return {
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "ContentMetadata": {"Output": "Raw"},
        "Participants": [{"ParticipantId": who, "ParticipantRole": who.upper()} for who in ("agent", "customer")],
        "CustomerMetadata": {"ContactId": contact},
        "Transcript": [
            {"ParticipantId": who, "Content": text, "BeginOffsetMillis": 900 * at, "EndOffsetMillis": 900 * at + 2_000}
            for at, (who, text) in enumerate(turns)
        ],
    }


def _transcribe(contact: str, turns: list[Turn]) -> dict[str, Any]:
    document = _contact_lens(contact, turns)
    spoken = [{**turn, "ParticipantRole": turn["ParticipantId"].upper()} for turn in document["Transcript"]]
    return {"JobName": contact, "JobStatus": "COMPLETED", "LanguageCode": "en-US", "Transcript": spoken}


def _genesys(contact: str, turns: list[Turn]) -> dict[str, Any]:
    sides = {"agent": "internal", "customer": "external"}
    phrases = [
        {"participantPurpose": sides[who], "text": text, "startTimeMs": 1_741_251_600_000 + 900 * at}
        for at, (who, text) in enumerate(turns)
    ]
    found = {"conversationId": contact, "communicationId": "m", "transcripts": [{"language": "en-us"}]}
    found["transcripts"][0]["phrases"] = phrases
    return found


def _zendesk_comments(contact: str, turns: list[Turn]) -> dict[str, Any]:
    users = [{"id": 7, "role": "agent"}, {"id": 11, "role": "end-user"}]
    comments = [
        {"author_id": 7 if who == "agent" else 11, "public": True, "plain_body": text, "created_at": _at(at)}
        for at, (who, text) in enumerate(turns)
    ]
    return {"ticket_id": contact, "comments": comments, "users": users}


def _zendesk_log(contact: str, turns: list[Turn]) -> dict[str, Any]:
    kinds = {"agent": {"type": "agent", "zen:support:user_id": "7"}, "customer": {"type": "user"}}
    events = [
        {"created_at": _at(at), "author": kinds[who], "content": {"type": "text", "body": text}}
        for at, (who, text) in enumerate(turns)
    ]
    return {"ticket_id": contact, "events": events}


def _twilio(contact: str, turns: list[Turn]) -> dict[str, Any]:
    sentences = [
        {"media_channel": 1 if who == "agent" else 2, "start_time": str(0.9 * at), "end_time": str(0.9 * at + 2),
         "transcript": text}
        for at, (who, text) in enumerate(turns)
    ]  # fmt: skip
    return {"sid": contact, "customer_key": contact, "language_code": "en-US", "sentences": sentences}


def _vcon(contact: str, turns: list[Turn]) -> dict[str, Any]:
    dialog = [
        {"type": "text", "start": _at(at), "originator": int(who == "agent"), "body": text}
        for at, (who, text) in enumerate(turns)
    ]
    parties = [{"role": "customer"}, {"role": "agent"}]
    return {"vcon": "0.0.2", "uuid": contact, "subject": contact, "parties": parties, "dialog": dialog}


def _at(turn: int) -> str:
    return f"2025-03-06T09:00:{turn:02d}Z"


def _lines(write: Callable[[str, list[Turn]], dict[str, Any]], contacts: list[str]) -> str:
    documents = [write(contact, _said(contact)) for contact in contacts]
    return "".join(json.dumps(document) + "\n" for document in documents)


def _rows(header: list[str], row: Callable[[str, int, str, str], list[object]], contacts: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for contact in contacts:
        writer.writerows(row(contact, turn, who, text) for turn, (who, text) in enumerate(_said(contact), 1))
    return out.getvalue()


def _salesforce(contacts: list[str]) -> str:
    header = ["Id", "ConversationId", "ActorId", "ActorType", "EntryTime", "EntryType", "Message"]
    kinds = {"agent": "Agent", "customer": "EndUser"}
    row = lambda contact, turn, who, text: [  # noqa: E731
        f"{contact}-{turn}", contact, 7, kinds[who], "2025-03-06T09:00:00.000Z", "Text", text
    ]  # fmt: skip
    return _rows(header, row, contacts)


def _tabular(contacts: list[str]) -> str:
    header = ["interaction_id", "turn", "speaker", "text", "started_ms", "ended_ms"]
    row = lambda contact, turn, who, text: [contact, turn, who, text, 900 * turn, 900 * turn + 2_000]  # noqa: E731
    return _rows(header, row, contacts)


FORMATS: dict[str, tuple[Callable[[list[str]], str], dict[str, Any], bool]] = {
    "contact_lens": (lambda contacts: _lines(_contact_lens, contacts), {}, True),
    "transcribe": (lambda contacts: _lines(_transcribe, contacts), {}, True),
    "genesys_transcripts": (lambda contacts: _lines(_genesys, contacts), {}, False),
    "zendesk_comments": (lambda contacts: _lines(_zendesk_comments, contacts), {}, False),
    "zendesk_conversation_log": (lambda contacts: _lines(_zendesk_log, contacts), {}, False),
    "salesforce_conversation": (_salesforce, {}, False),
    "twilio_sentences": (lambda contacts: _lines(_twilio, contacts), {"options": {"agent_channel": 1}}, True),
    "vcon": (lambda contacts: _lines(_vcon, contacts), {}, False),
    "tabular": (_tabular, {"table": "utterance"}, True),
}
"""Format -> what writes it, its settings, and whether its turns say when they end."""


def built(folder: Path, sources: dict[str, Any], known: list[str]) -> BuildReport:
    """Build transcripts beside one agent and the contacts that are known, lines of a CSV."""
    (folder / "agents.csv").write_text("source_agent_id,employee_number\n7,7\n", encoding="utf-8")
    (folder / "contacts.csv").write_text("\n".join(known) + "\n", encoding="utf-8")
    document = {
        "sources": sources,
        "identity": {"match": ["crosswalk", "employee_number"]},
        "privacy": {"demo": True},
        "conversations": {"read": True},
    }
    return build(parse(document, folder / "empathy.toml"))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One build with every format, each in contacts of its own: rows by format and contact, and the books."""
    folder = tmp_path_factory.mktemp("bad_input")
    sources: dict[str, Any] = {
        "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
        "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
    }
    known = ["interaction_id,source_agent_id,started_at,channel"]
    for name, (write, settings, _) in FORMATS.items():
        text = write([f"{name}-{contact}" for contact in (*BAD, "twice")])
        ending = "jsonl" if text.startswith("{") else "csv"
        (folder / f"{name}.{ending}").write_text(text, encoding="utf-8", newline="")
        sources[name] = {"format": name, "path": f"{name}.{ending}", **settings}
        known += [f"{name}-{contact},7,2025-03-06T09:00:00Z,voice" for contact in BAD if contact != "unknown"]
    report = built(folder, sources, known)
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        rows = con.execute(
            "select interaction_id, not_scored, sympathy_hits, turns, interruptions from core.conversation"
        ).fetchall()
    return {"rows": {row[0]: row[1:] for row in rows}, "books": {file.source: file for file in report.files}}


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_heard_is_said_and_the_rest_is_heard_rightly(heard: dict[str, Any], name: str) -> None:
    for contact, (_, reason, sympathy) in BAD.items():
        not_scored, hits, turns, _ = heard["rows"][f"{name}-{contact}"]
        assert (not_scored, turns) == (reason, 2), contact
        assert sympathy is None or hits == sympathy, contact


@pytest.mark.parametrize("name", FORMATS)
def test_every_record_is_in_the_books_and_what_comes_twice_counts_once(heard: dict[str, Any], name: str) -> None:
    book = heard["books"][name]
    per_contact = 2 if name in ("salesforce_conversation", "tabular") else 1
    assert book.read == book.loaded + book.rejected + book.duplicate == per_contact * (len(BAD) + 1)
    assert (book.rejected, book.duplicate) == (0, per_contact)


@pytest.mark.parametrize("name", FORMATS)
def test_overlapping_times_interrupt_only_where_turns_say_when_they_end(heard: dict[str, Any], name: str) -> None:
    interruptions = heard["rows"][f"{name}-redacted"][3]
    assert interruptions == (1 if FORMATS[name][2] else None)


def test_sentences_on_one_channel_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "agents.csv").write_text("source_agent_id,employee_number\n7,7\n", encoding="utf-8")
    (tmp_path / "mono.json").write_text(json.dumps(_twilio("c1", [("agent", "Hello."), ("agent", "It broke.")])))
    source = {"format": "twilio_sentences", "path": "mono.json", "options": {"agent_channel": 1}}
    document = {
        "sources": {
            "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
            "mono": {**source, "max_reject_share": 1.0},
        },
        "identity": {"match": ["crosswalk", "employee_number"]},
        "privacy": {"demo": True},
        "conversations": {"read": True},
    }
    report = build(parse(document, tmp_path / "empathy.toml"))
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from core.conversation").fetchall() == [(0,)]
        assert "one channel" in str(con.execute("select reasons from meta.reject").fetchall())


def _of_nobody(name: str, text: str) -> str:
    """An export in which the second contact's agent has no role, or one that is not known."""
    first, second, *rest = text.splitlines(keepends=True) if text.startswith("{") else ("", text, "")
    missing = {
        "contact_lens": ('"ParticipantRole": "AGENT"', '"ParticipantRole": null'),
        "transcribe": ('"ParticipantRole": "AGENT"', '"ParticipantRole": ""'),
        "genesys_transcripts": ('"participantPurpose": "internal"', '"participantPurpose": "acd"'),
        "zendesk_comments": ('{"id": 7, "role": "agent"}', '{"id": 8, "role": "agent"}'),
        "zendesk_conversation_log": ('"type": "agent", ', ""),
        "salesforce_conversation": (f"{name}-roleless,7,Agent,", f"{name}-roleless,7,,"),
        "twilio_sentences": ('"media_channel": 1', '"media_channel": null'),
        "vcon": ('{"role": "agent"}', "{}"),
        "tabular": (f"{name}-roleless,2,agent,", f"{name}-roleless,2,,"),
    }[name]
    assert missing[0] in second
    return first + second.replace(*missing) + "".join(rest)


@pytest.fixture(scope="module")
def roleless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One build with two contacts of every format: one as it should be, one whose agent nobody is named to be."""
    folder = tmp_path_factory.mktemp("roleless")
    sources: dict[str, Any] = {
        "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
        "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
    }
    known = ["interaction_id,source_agent_id,started_at,channel"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BAD, "roleless", ("I'm sorry.", None, 1))
        for name, (write, settings, _) in FORMATS.items():
            contacts = [f"{name}-twice", f"{name}-roleless"]
            text = _of_nobody(name, write(contacts))
            ending = "jsonl" if text.startswith("{") else "csv"
            (folder / f"{name}.{ending}").write_text(text, encoding="utf-8", newline="")
            sources[name] = {"format": name, "path": f"{name}.{ending}", "max_reject_share": 1.0, **settings}
            known += [f"{contact},7,2025-03-06T09:00:00Z,voice" for contact in contacts]
    report = built(folder, sources, known)
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        rows = con.execute("select interaction_id, not_scored, sympathy_hits from core.conversation").fetchall()
        reasons = con.execute("select source, reasons::varchar from meta.reject").fetchall()
    return {"rows": {row[0]: row[1:] for row in rows}, "reasons": reasons, "books": {f.source: f for f in report.files}}


@pytest.mark.parametrize("name", FORMATS)
def test_who_has_no_role_is_not_guessed(roleless: dict[str, Any], name: str) -> None:
    """The turn, or the document it is in, is rejected with what is missing; the other contact is heard."""
    assert roleless["rows"][f"{name}-twice"] == (None, 1)
    not_scored, _ = roleless["rows"].get(f"{name}-roleless", ("rejected whole", 0))
    assert not_scored in ("rejected whole", "no turn of an agent")
    book = roleless["books"][name]
    assert book.read == book.loaded + book.rejected + book.duplicate
    said = [reason for source, reason in roleless["reasons"] if source == name]
    assert len(said) == book.rejected == 1
    assert "speaker" in said[0] or "channel" in said[0]
