"""From transcripts in a bucket to a version: off by default, every contact accounted for, no word of it kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.build import BuildReport, build
from etl.configuration.model import parse
from etl.errors import EmpathyError

ROLES = [{"ParticipantId": "p1", "ParticipantRole": "AGENT"}, {"ParticipantId": "p2", "ParticipantRole": "CUSTOMER"}]


def _transcript(contact: str, output: str = "Raw", **more: Any) -> dict[str, Any]:
    return {
        "Channel": "VOICE",
        "ContentMetadata": {"Output": output},
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "Participants": ROLES,
        "CustomerMetadata": {"ContactId": contact},
        "Transcript": [
            {"Id": "1", "ParticipantId": "p2", "Content": "This is Quuxella, it broke", "BeginOffsetMillis": 0,
             "EndOffsetMillis": 900},
            {"Id": "2", "ParticipantId": "p1", "Content": "I'm sorry, Quuxella. What happened first?",
             "BeginOffsetMillis": 1000, "EndOffsetMillis": 3000},
        ],
        **more,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agents.csv").write_text("source_agent_id,employee_number\n7,7\n")
    contacts = [f"c{number},7,2025-03-{number:02d}T09:00:00Z,voice" for number in range(1, 9)]
    header = "interaction_id,source_agent_id,started_at,channel"
    (tmp_path / "contacts.csv").write_text("\n".join([header, *contacts]) + "\n")
    lens = tmp_path / "lens"
    lens.mkdir()
    (lens / "c1.json").write_text(json.dumps(_transcript("c1"), indent=1))
    (lens / "c1_redacted.json").write_text(json.dumps(_transcript("c1", "Redacted"), indent=1))
    (lens / "c2.json").write_text(json.dumps(_transcript("c2")))
    (lens / "c3.json").write_text(json.dumps(_transcript("c3", Participants=[])))
    (lens / "c4.json").write_text(json.dumps(_transcript("c4", JobStatus="FAILED")))
    return tmp_path


def _build(folder: Path, **sections: Any) -> BuildReport:
    document = {
        "sources": {
            "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
            "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
            "lens": {"format": "contact_lens", "path": "lens/*.json", "max_reject_share": 1.0},
        },
        "identity": {"match": ["crosswalk", "employee_number"]},
        "privacy": {"demo": True},
        **sections,
    }
    return build(parse(document, folder / "empathy.toml"))


def test_no_conversation_is_read_unless_the_configuration_says_so(folder: Path) -> None:
    report = _build(folder)
    assert {file.source for file in report.files} == {"people", "calls"}
    assert report.relations["core.conversation"] == 0


def test_contact_lens_files_are_accounted_for_scored_and_nowhere_quoted(folder: Path) -> None:
    report = _build(folder, conversations={"read": True})
    books = {Path(file.path).name: file for file in report.files if file.source == "lens"}
    assert all(file.read == file.loaded + file.rejected + file.duplicate == 1 for file in books.values())
    assert books["c1_redacted.json"].loaded == books["c1.json"].duplicate == 1
    assert books["c3.json"].rejected == books["c4.json"].rejected == 1
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        scored = con.execute(
            "select interaction_id, redacted, sympathy_hits, probing_questions_hits, interruptions, not_scored "
            "from core.conversation order by 1"
        ).fetchall()
        assert scored == [("c1", True, 1, 1, 0, None), ("c2", False, 1, 1, 0, None)]
        shares = con.execute("select sum(transcript_share_num), sum(transcript_share_den) from mart.agent_week")
        assert shares.fetchall() == [(2, 8)]
        reasons = str(con.execute("select reasons from meta.reject").fetchall())
        assert "speaker" in reasons
        assert "JobStatus is not COMPLETED" in reasons
        written = "".join(
            str(con.execute(f'select * from "{schema}"."{table}"').fetchall())
            for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        )
    assert "uuxella" not in written
    assert b"uuxella" not in report.warehouse.read_bytes()


def test_a_rule_that_changes_builds_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _build(folder, conversations={"read": True})
    assert _build(folder, conversations={"read": True}).unchanged
    read_bytes = Path.read_bytes
    changed = lambda path: read_bytes(path) + (b"\n" if path.suffix == ".toml" else b"")  # noqa: E731
    monkeypatch.setattr(Path, "read_bytes", changed)
    again = _build(folder, conversations={"read": True})
    assert not again.unchanged
    assert again.run_id != first.run_id


DATA = Path(__file__).parents[1] / "sources" / "data"
FORMATS: dict[str, dict[str, Any]] = {
    "contact_lens": {},
    "genesys_transcripts": {},
    "transcribe": {"contact_pattern": "call-(.*)"},
    "zendesk_comments": {},
    "zendesk_conversation_log": {},
    "salesforce_conversation": {},
    "twilio_sentences": {"agent_channel": 1},
    "vcon": {},
}


@pytest.fixture(scope="module")
def of_every_format(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What is known of the transcript of each format, by contact: ``c-100`` is of the first, ``c-101`` of the next."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "agents.csv").write_text("source_agent_id,employee_number\n7,7\n")
    contacts = "".join(f"c-10{number},7,2025-03-06T09:00:00Z,voice\n" for number in range(len(FORMATS)))
    (folder / "contacts.csv").write_text(f"interaction_id,source_agent_id,started_at,channel\n{contacts}")
    sources: dict[str, Any] = {
        "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
        "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
    }
    for number, (name, options) in enumerate(FORMATS.items()):
        (data,) = DATA.glob(f"{name}.*")
        text = data.read_bytes()
        assert b"c-100" in text, name
        (folder / data.name).write_bytes(text.replace(b"c-100", f"c-10{number}".encode()))
        sources[name] = {"format": name, "path": data.name, "options": options}
    document = {
        "sources": sources,
        "identity": {"match": ["crosswalk", "employee_number"]},
        "privacy": {"demo": True},
        "conversations": {"read": True},
    }
    report = build(parse(document, folder / "empathy.toml"))
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        counts = "interaction_id, language, sympathy_hits, probing_questions_hits, not_scored"
        rows = con.execute(f"select {counts} from core.conversation").fetchall()
    assert len(rows) == len(FORMATS)
    return {contact: told for contact, *told in rows}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_its_turns_to_their_contact(of_every_format: dict[str, list[Any]], name: str) -> None:
    assert of_every_format[f"c-10{list(FORMATS).index(name)}"] == ["en", 1, 1, None]


NOBODY = {
    "zendesk_comments": ('"role":"agent"', '"role":"unknown"'),
    "zendesk_conversation_log": ('"type":"agent"', '"type":"visitor"'),
    "salesforce_conversation": (",Agent,", ",,"),
    "twilio_sentences": ('"media_channel":1', '"media_channel":3'),
    "vcon": ('"role":"Agent"', '"name":"y"'),
}
"""Format -> what of its example is replaced, so that a turn has nobody who speaks."""


def test_a_turn_of_nobody_known_is_rejected_in_every_format_and_quoted_mail_is_not_heard(folder: Path) -> None:
    sources: dict[str, Any] = {}
    for name, (known, unknown) in NOBODY.items():
        (file,) = DATA.glob(f"{name}.*")
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            text = json.dumps(json.loads(text), separators=(",", ":"))
        assert known in text, name
        (folder / file.name).write_text(text.replace(known, unknown), encoding="utf-8")
        options = {"agent_channel": 1} if name == "twilio_sentences" else {}
        sources[name] = {"format": name, "path": file.name, "options": options, "max_reject_share": 1.0}
    mail = json.loads((DATA / "zendesk_comments.json").read_text(encoding="utf-8"))
    quoted = "Here it is.\n\nOn 3 Mar 2025, Someone wrote:\n> I'm sorry. What happened first?\n"
    mail["comments"][2] |= {"plain_body": quoted, "author_id": 7}
    mail["ticket_id"] = "c1"
    other = "<b>\U0001f642 \u05e9\u05dc\u05d5\u05dd</b>"
    mail["comments"].append({"author_id": 7, "public": True, "plain_body": other})
    (folder / "mail.json").write_text(json.dumps(mail), encoding="utf-8")
    sources["mail"] = {"format": "zendesk_comments", "path": "mail.json"}
    document = {
        "sources": {
            "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
            "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
            **sources,
        },
        "identity": {"match": ["crosswalk", "employee_number"]},
        "privacy": {"demo": True},
        "conversations": {"read": True},
    }
    report = build(parse(document, folder / "empathy.toml"))
    books = {file.source: file for file in report.files}
    for name in NOBODY:
        assert books[name].read == books[name].loaded + books[name].rejected + books[name].duplicate, name
        assert books[name].rejected >= 1, name
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        heard = con.execute(
            "select interaction_id, agent_turns, sympathy_hits, probing_questions_hits from core.conversation "
            "where not_scored is null"
        ).fetchall()
        assert heard == [("c1", 2, 0, 0)]
        assert str(con.execute("select reasons from meta.reject").fetchall()).count("speaker") >= len(NOBODY)


def test_sentences_without_the_agents_channel_are_not_read(folder: Path) -> None:
    (folder / "s.json").write_bytes((DATA / "twilio_sentences.json").read_bytes())
    source = {"format": "twilio_sentences", "path": "s.json"}
    with pytest.raises(EmpathyError, match="on which channel the agent is"):
        _build(folder, conversations={"read": True}, sources={"spoken": source})
