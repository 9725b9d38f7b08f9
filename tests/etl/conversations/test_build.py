"""From transcripts in a bucket to a version: off by default, every contact accounted for, no word of it kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.build import BuildReport, build
from etl.configuration.model import parse

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


@pytest.mark.parametrize(
    ("name", "options", "contact"),
    [
        ("contact_lens", {}, "c-100"),
        ("genesys_transcripts", {}, "c-100"),
        ("transcribe", {"contact_pattern": "call-(.*)"}, "c-100"),
    ],
)
def test_every_format_gives_its_turns_to_their_contact(
    tmp_path: Path, name: str, options: dict[str, str], contact: str
) -> None:
    data = Path(__file__).parents[1] / "sources" / "data" / f"{name}.json"
    (tmp_path / "agents.csv").write_text("source_agent_id,employee_number\n7,7\n")
    header = "interaction_id,source_agent_id,started_at,channel\n"
    (tmp_path / "contacts.csv").write_text(f"{header}{contact},7,2025-03-06T09:00:00Z,voice\n")
    (tmp_path / f"{name}.json").write_bytes(data.read_bytes())
    source = {"format": name, "path": f"{name}.json", "options": options}
    report = build(
        parse(
            {
                "sources": {
                    "people": {"format": "tabular", "path": "agents.csv", "table": "agent"},
                    "calls": {"format": "tabular", "path": "contacts.csv", "table": "interaction"},
                    "spoken": source,
                },
                "identity": {"match": ["crosswalk", "employee_number"]},
                "privacy": {"demo": True},
                "conversations": {"read": True},
            },
            tmp_path / "empathy.toml",
        )
    )
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        counts = "interaction_id, language, sympathy_hits, probing_questions_hits, not_scored"
        assert con.execute(f"select {counts} from core.conversation").fetchall() == [(contact, "en", 1, 1, None)]
