"""Rejects: one record, one fate, every reason, nothing personal; stop-rules; later stages; a second try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.build import build
from etl.errors import StopRuleError
from etl.landing.extract import attach_landed, landing_folder
from etl.landing.replay import NothingBuiltError, restore_all
from etl.rejects import replay
from etl.warehouse.publish import rollback

Make = Callable[..., str]

CONTACTS = (
    "interaction_id,agent,started_at,ended_at,channel,handle_s,name,mail\n"
    "c1,u1,2025-03-10 10:00:00,2025-03-10 10:05:00,voice,300,Maya Roy,mroy@example.com\n"
    "c2,u1,2025-02-30,2025-03-10 10:05:00,fax,7:7,Ken Ito,kito@example.com\n"
    ",u1,2025-03-10 11:00:00,2025-03-10 10:05:00,chat,-5,Ann Lee,alee@example.com\n"
    "c4,u1,2025-03-10 12:00:00\n"
    "c5,u2,2025-03-10 12:00:00,,email,60,Bo Ek,bek@example.com\n"
)
MAPPING = 'columns = { source_agent_id = "agent" }'


def test_a_record_that_breaks_several_rules_is_rejected_once_with_every_reason(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    workspace.extract(tabular("c.csv", "interaction", MAPPING))

    assert workspace.books()["c.csv"] == (5, 2, 3, 0)
    assert workspace.reasons() == {
        3: [
            'started_at: "2025-02-30" is not a date and time',
            'channel: "fax" is not one of voice, chat, email, message, social, other',
            'handle_s: "7:7" is not a number',
        ],
        4: [
            "interaction_id: empty, but required",
            'handle_s: "-5" is not between 0 and 604,800 seconds',
            "ended_at is before started_at",
        ],
        5: ["3 fields where the header has 8"],
    }
    assert workspace.rows("SELECT interaction_id FROM landing.interaction ORDER BY 1") == [("c1",), ("c5",)]


def test_an_answer_without_a_time_is_rejected(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "s.csv",
        "response_id,invited_at,answered_at,csat_raw,felt_heard,nps\n"
        "r1,2025-03-10 10:00:00,2025-03-10 11:00:00,4,,\n"
        "r2,2025-03-10 10:00:00,,4,,\n"
        "r3,2025-03-10 10:00:00,,,,\n"
        "r4,2025-03-10 10:00:00,,,5,\n"
        "r5,2025-03-10 10:00:00,,,,9\n",
    )
    workspace.extract(tabular("s.csv", "survey_response", ""))

    assert workspace.reasons() == {line: ["there is an answer but answered_at is empty"] for line in (3, 5, 6)}
    assert workspace.rows("SELECT response_id FROM landing.survey_response ORDER BY 1") == [("r1",), ("r3",)]


def test_what_is_not_mapped_is_hidden_in_the_reject_list(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    workspace.extract(tabular("c.csv", "interaction", MAPPING))
    listed = dict(workspace.rows("SELECT line, raw FROM landing.reject"))

    assert listed[3] == "c2,•••,2025-02-30,2025-03-10 10:05:00,fax,7:7,•••,•••"
    assert listed[5] == "x9,x9,9999-99-99 99:99:99"
    text = str(workspace.rows("FROM landing.reject"))
    assert "Ito" not in text
    assert "@" not in text


def test_a_name_in_the_place_of_a_number_is_not_shown(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "c.csv",
        "interaction_id,source_agent_id,started_at,channel,handle_s\n"
        "c1,u1,2025-03-10 10:00:00,voice,Maya Smith\nc2,u1,Mr Hartley at 5,voice,+34 600 123 456\n",
    )
    workspace.extract(tabular("c.csv", "interaction"))
    shown = str(workspace.rows("SELECT reasons, raw FROM landing.reject"))
    for word in ("Smith", "Maya", "Hartley", "600 123"):
        assert word not in shown, shown
    assert "is not a number" in shown


def test_private_columns_are_hidden_in_reasons_too(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "a.csv",
        "source_agent_id,employee_number,email,hired_on,left_on\nu1," + "9" * 300 + ",a@b.com,2025-02-01,2025-01-01\n",
    )
    workspace.extract(tabular("a.csv", "agent"))

    assert workspace.reasons() == {
        2: ["employee_number: 300 characters; at most 200 are allowed", "left_on is before hired_on"]
    }
    assert "999" not in str(workspace.rows("SELECT raw FROM landing.reject"))
    assert "a@b" not in str(workspace.rows("SELECT raw FROM landing.reject"))


def test_ids_of_agents_are_hidden_wherever_a_record_is_refused(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "calls.csv",
        "interaction_id,agent,started_at,channel\nc1,smith/J,2025-03-10 10:00,voice\nc2,smith/J,never,voice\n",
    )
    toml = tabular("calls.csv", "interaction", 'columns = { source_agent_id = "agent" }')
    for identity in ("", '[identity]\nmatch = ["attributes"]\nattributes = ["name", "initial"]'):
        report = workspace.extract(f"{toml}{identity}\n")
        report.ledger.refuse(
            workspace.con, "interaction", "(SELECT _file_id, _line, 'not wanted' AS reason FROM landing.interaction)"
        )
        texts = [raw for (raw,) in workspace.rows("SELECT raw FROM landing.reject")]
        assert len(texts) == 2
        assert not any("smith" in text for text in texts)
        assert any("xxxx" in text for text in texts)


def test_addresses_stay_out_of_the_reject_list_wherever_they_stand(workspace: Any, tabular: Make) -> None:
    long = "please write to somebody like " + "x" * 20 + " maya.roy@example.com 7:7"
    workspace.write(
        "c.csv",
        f"interaction_id,source_agent_id,started_at,channel\nc1,maya.roy@example.com,2025-03-10 10:00:00,voice\n"
        f"c2,u1,2025-03-10 10:00:00,{long}\n",
    )
    report = workspace.extract(tabular("c.csv", "interaction"))
    report.ledger.refuse(
        workspace.con, "interaction", "(SELECT _file_id, _line, 'not wanted' AS reason FROM landing.interaction)"
    )

    shown = str(workspace.rows("SELECT reasons, raw FROM landing.reject"))
    assert "maya" not in shown
    assert shown.count("[e-mail]") == 2  # the text of the record, its reason


def test_free_text_lands_scrubbed_and_is_hidden_in_rejects(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "s.csv",
        "response_id,answered_at,csat_raw,comment\nr1,2025-03-10 10:00:00,5,call me on 555-0100 or a@b.com\n"
        "r2,2025-03-10 10:00:00,9,my secret\n",
    )
    workspace.extract(tabular("s.csv", "survey_response"))

    assert workspace.rows("SELECT comment FROM landing.survey_response") == [("call me on [phone] or [e-mail]",)]
    assert [reason[:25] for reason in workspace.reasons()[3]] == ["csat_raw is off its scale"]
    assert "secret" not in str(workspace.rows("FROM landing.reject"))


def test_the_landing_folder_is_closed_to_others(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    report = workspace.extract(tabular("c.csv", "interaction", MAPPING))

    assert report.files[0].folder.stat().st_mode & 0o077 == 0


def test_a_source_that_loses_too_much_stops_the_run(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    toml = tabular("c.csv", "interaction", MAPPING).replace("max_reject_share = 1.0", "max_reject_share = 0.5")

    with pytest.raises(StopRuleError) as caught:
        workspace.extract(toml, enforce=True)
    message = str(caught.value)
    assert "3 of 5 records were rejected (60.0%; at most 50.0% is allowed)" in message
    assert "c.csv, line" in message
    assert message.endswith("Nothing was published.")
    assert caught.value.exit_code == 1


def test_later_stages_refuse_records_and_the_books_still_balance(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    report = workspace.extract(tabular("c.csv", "interaction", MAPPING))
    of_nobody = "landing.interaction WHERE source_agent_id = 'u1'"
    nobody = f"(SELECT _file_id, _line, 'agent u1 is unknown' AS reason FROM {of_nobody})"

    assert report.ledger.refuse(workspace.con, "interaction", nobody) == 1
    assert workspace.books()["c.csv"] == (5, 1, 4, 0)
    line, reasons, raw = workspace.rows("SELECT line, reasons, raw FROM landing.reject WHERE line = 2")[0]
    assert (line, reasons) == (2, ["agent u1 is unknown"])
    assert '"interaction_id":"c1"' in raw
    again = nobody.replace("agent u1 is unknown", "and again")
    report.ledger.refuse(workspace.con, "interaction", again)
    assert workspace.books()["c.csv"] == (5, 1, 4, 0)
    assert workspace.reasons()[2] == ["agent u1 is unknown", "and again"]


def test_rows_of_a_domain_reject_need_no_quotes(workspace: Any, tabular: Make) -> None:
    """A value with a quote in it stands in the reason as it came."""
    workspace.write("c.csv", 'interaction_id,started_at,channel\nc1,2025-03-10 10:00:00,"vo""ice"\n')
    workspace.extract(tabular("c.csv", "interaction"))

    assert workspace.reasons() == {2: ['channel: "vo"ice" is not one of voice, chat, email, message, social, other']}


FIXED = MAPPING + '\nvalues = { channel = { fax = "other" }, started_at = { "2025-02-30" = "2025-03-01" } }'


def test_rejected_records_are_tried_again_without_the_file(workspace: Any, tabular: Make) -> None:
    file = workspace.write("c.csv", CONTACTS.replace(",7:7,", ",12,"))
    workspace.extract(tabular("c.csv", "interaction", MAPPING)).commit()
    assert workspace.books()["c.csv"] == (5, 2, 3, 0)
    file.unlink()

    report = workspace.extract(tabular("c.csv", "interaction", FIXED), replay=True)

    assert workspace.books()["c.csv"] == (5, 3, 2, 0)
    assert set(workspace.reasons()) == {4, 5}
    assert workspace.rows("SELECT interaction_id, channel, started_at, _line FROM landing.interaction ORDER BY 1") == [
        ("c1", "voice", datetime(2025, 3, 10, 10), 2),
        ("c2", "other", datetime(2025, 3, 1), 3),
        ("c5", "email", datetime(2025, 3, 10, 12), 6),
    ]
    report.commit()
    workspace.extract(tabular("c.csv", "interaction", FIXED), replay=True)
    assert workspace.books()["c.csv"] == (5, 3, 2, 0)
    assert workspace.told == []


def test_line_breaks_quotes_and_delimiters_survive_a_second_try(workspace: Any, tabular: Make) -> None:
    head = "interaction_id~source_agent_id~started_at~channel\n"
    rows = [f'"c{sign}1"~u1~2025-03-10 10:00~fax\n' for sign in ("\n", '""', "~")]
    file = workspace.write("c.csv", head + "".join(rows))
    unusual = 'options = { delimiter = "~" }'
    workspace.extract(tabular("c.csv", "interaction", unusual)).commit()
    assert workspace.books()["c.csv"] == (3, 0, 3, 0)
    file.unlink()

    corrected = unusual + '\nvalues = { channel = { fax = "other" } }'
    workspace.extract(tabular("c.csv", "interaction", corrected), replay=True)
    assert workspace.books()["c.csv"] == (3, 3, 0, 0)
    assert workspace.rows("SELECT interaction_id, _line FROM landing.interaction ORDER BY 2") == [
        ("c\n1", 2), ('c"1', 4), ("c~1", 5)
    ]  # fmt: skip


def test_a_record_tried_again_takes_the_place_it_had_among_others(workspace: Any, tabular: Make) -> None:
    head = "interaction_id,source_agent_id,started_at,channel\n"
    for number in range(6):  # the last file by name counts, whatever its landing folder is called
        channel = "voice" if number % 2 else "fax"
        workspace.write(f"c{number}.csv", f"{head}c1,u{number},2025-03-10 10:00,{channel}\n")
    corrected = tabular("c*.csv", "interaction", 'values = { channel = { fax = "other" } }')
    workspace.extract(tabular("c*.csv", "interaction")).commit()
    counted = "SELECT source_agent_id, channel FROM landing.interaction"
    assert workspace.rows(counted) == [("u5", "voice")]

    workspace.extract(corrected, replay=True).commit()
    assert workspace.rows(counted) == [("u5", "voice")]
    workspace.extract(corrected)
    assert workspace.rows(counted) == [("u5", "voice")]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_records_of_other_formats_are_tried_again_too(workspace: Any, tabular: Make, kind: str) -> None:
    rows = (
        "('c1','2025-03-10 10:00:00','voice'), ('c2','2025-03-10 10:00:00','fax'), ('c3','2025-03-10 10:00:00','telex')"
    )
    target = workspace.folder / f"c.{kind}"
    kinds = "FORMAT json" if kind == "jsonl" else "FORMAT parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM (VALUES {rows}) AS t(interaction_id, started_at, channel)) TO '{target}' ({kinds})")
    workspace.extract(tabular(f"c.{kind}", "interaction")).commit()
    assert workspace.books()[f"c.{kind}"] == (3, 1, 2, 0)
    lines = set(workspace.reasons())

    workspace.extract(tabular(f"c.{kind}", "interaction", 'values = { channel = { fax = "other" } }'), replay=True)

    assert workspace.books()[f"c.{kind}"] == (3, 2, 1, 0)
    assert set(workspace.reasons()) < lines
    assert workspace.rows("SELECT _line FROM landing.interaction WHERE interaction_id = 'c2'") == [(min(lines),)]


def test_there_must_be_something_to_try_again(workspace: Any, tabular: Make, tmp_path: Path) -> None:
    with pytest.raises(NothingBuiltError, match="empathy build"):
        restore_all(tmp_path / "nowhere")


def test_after_a_rollback_no_other_versions_rejects_are_tried_again(workspace: Any, tabular: Make) -> None:
    head, row = "interaction_id,agent,started_at,channel\n", "u1,2025-03-10 10:00,voice\n"
    demo = 'columns = { source_agent_id = "agent" }\n[privacy]\ndemo = true'
    workspace.write("a.csv", f"{head}c1,{row}c2,u1,2025-03-10 10:00,fax\n")
    config = workspace.config(tabular("*.csv", "interaction", demo))
    first = build(config)
    workspace.write("b.csv", f"{head}c3,{row}")
    second = build(config)
    corrected = workspace.config(tabular("*.csv", "interaction", 'values = { channel = { fax = "other" } }\n' + demo))

    rollback(config.warehouse, first.run_id)
    with pytest.raises(NothingBuiltError, match=f"{first.run_id}.*{second.run_id}.*versions rollback"):
        replay(corrected)

    rollback(config.warehouse, second.run_id)
    assert (replay(corrected).tried, replay(corrected).tried) == (1, 0)


def test_landed_files_can_be_attached_again(workspace: Any, tabular: Make) -> None:
    workspace.write("c.csv", CONTACTS)
    toml = tabular("c.csv", "interaction", MAPPING)
    workspace.extract(toml).commit()
    config = workspace.config(toml)

    attach_landed(config, workspace.con, restore_all(landing_folder(config)), enforce=False)

    assert workspace.books()["c.csv"] == (5, 2, 3, 0)
