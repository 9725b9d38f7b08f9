"""Properties that exports have in the wild, each with the value that is right."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import polars as pl
import pytest

from tests.etl.real_exports import CONTACTS_SOURCE, contacts, read

CASES = """
[sources.cases]
format = "salesforce"
path = "case*.csv"
timezone = "UTC"
options = { complaint_types = ["Complaint"] }
max_reject_share = 1.0
"""
CASE = "Id,OwnerId,IsEscalated,CreatedDate,SystemModstamp,Type,Contact_Id__c,IsDeleted\n"


def case(number: str, escalated: str, contact: str, deleted: str, kind: str = "Problem") -> str:
    moment = "2025-03-05T11:00:00.000Z"
    return f"{number},E1,{escalated},{moment},{moment},{kind},{contact},{deleted}\n"


@pytest.mark.parametrize(
    ("yes", "no"),
    [("true", "false"), ("WAHR", "FALSCH"), ("vrai", "faux"), ("Sí", "No"), ("oui", "non"), ("SIM", "NÃO"), ("1", "0")],
)
def test_yes_and_no_are_read_in_every_listed_language(tmp_path: Path, yes: str, no: str) -> None:
    cases = CASE + case("1", yes, "c1", no) + case("2", no, "c2", no) + case("3", yes, "c4", yes)
    found = read(tmp_path, {"case.csv": cases, "contacts.csv": contacts(14)}, CONTACTS_SOURCE + CASES)
    assert found.total("escalation_rate")[0] == 1
    assert found.rows("select interaction_id from core.interaction where escalated") == [("c1",)]
    assert found.reasons() == []


def test_a_word_nobody_knows_is_refused_and_never_no(tmp_path: Path) -> None:
    cases = CASE + case("1", "tak", "c1", "false") + case("2", "true", "c2", "nie")
    found = read(tmp_path, {"case.csv": cases, "contacts.csv": contacts(7)}, CONTACTS_SOURCE + CASES)
    said = {'IsDeleted: "nie" is not true or false', 'IsEscalated: "tak" is not true or false'}
    assert said <= set(found.reasons())
    assert found.rows("select count(*) from core.escalation") == [(0,)]


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda text: " id " + text[2:]])
def test_columns_are_found_whatever_their_case(tmp_path: Path, change: object) -> None:
    head = change(CASE)  # type: ignore[operator]
    found = read(
        tmp_path, {"case.csv": head + case("1", "true", "c1", "false"), "contacts.csv": contacts(7)},
        CONTACTS_SOURCE + CASES,
    )  # fmt: skip
    assert found.rows("select interaction_id from core.interaction where escalated") == [("c1",)]


def test_ids_of_15_and_18_characters_are_one_case(tmp_path: Path) -> None:
    files = {
        "case-api.csv": CASE + case("500AA000000aaaAAAA", "false", "c3", "false", "Complaint"),
        "case-report.csv": CASE + case("500AA000000aaaA", "0", "c3", "0", "Complaint"),
        "contacts.csv": contacts(7),
    }
    found = read(tmp_path, files, CONTACTS_SOURCE + CASES)
    assert found.total("complaints_per_1000")[0] == 1


def workbook(**columns: list[object]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_excel(buffer)
    return buffer.getvalue()


IN_WORKBOOK = CONTACTS_SOURCE.replace("contacts.csv", "contacts.xlsx") + "max_reject_share = 1.0\n"


def test_ids_rounded_by_a_workbook_are_refused(tmp_path: Path) -> None:
    numbers = [430001000000000128, 430001000000000129, 1003]
    sheet = workbook(
        **{
            "Contact ID": [float(number) for number in numbers], "Agent": ["E1", "E2", "E3"],
            "Started": [dt.datetime(2025, 3, day, 10) for day in (3, 4, 5)], "Channel": ["voice"] * 3,
        }
    )  # fmt: skip
    found = read(tmp_path, {"contacts.xlsx": sheet}, IN_WORKBOOK)
    assert found.rows("select interaction_id from core.interaction") == [("1003",)]
    assert [reason.split(" is ", 1)[1][:46] for reason in found.reasons()] == [
        "a number that a spreadsheet has rounded: it ke"
    ]


def test_ids_rounded_in_a_text_file_are_refused(tmp_path: Path) -> None:
    text = contacts(1, 2).replace("c0,", "4.30001E+17,")
    found = read(tmp_path, {"contacts.csv": text}, CONTACTS_SOURCE + "max_reject_share = 1.0\n")
    assert found.rows("select interaction_id from core.interaction") == [("c1",)]
    assert "rounded" in found.reasons()[0]


DURATIONS = [
    ("263", 263), ("0:04:23", 263), ("00:04:23", 263), ("4:23", 263), ("4m 23s", 263), ("4m23s", 263), ("PT4M23S", 263),
    ("1:00:00", 3600), ("1h 05m", 3900), ("PT1H", 3600), ("90 min", 5400), ("45 sec", 45), ("1,263", 1263),
    ("1899-12-31 00:04:23", 263), ("1900-01-01 01:00:00", 90_000), ("", None),
]  # fmt: skip


def test_durations_are_read_in_every_way_they_are_saved(tmp_path: Path) -> None:
    rows = "".join(f'c{n},E1,2025-03-03 10:{n:02}:00,voice,"{text}"\n' for n, (text, _) in enumerate(DURATIONS))
    toml = CONTACTS_SOURCE.replace("Channel\" }", 'Channel", handle_s = "Handle" }')
    found = read(tmp_path, {"contacts.csv": "Contact ID,Agent,Started,Channel,Handle\n" + rows}, toml)
    assert found.reasons() == []
    read_as = dict(found.rows("select interaction_id, handle_s from core.interaction"))
    assert {text: read_as[f"c{n}"] for n, (text, _) in enumerate(DURATIONS)} == dict(DURATIONS)


@pytest.mark.parametrize("text", ["soon", "4:99:", "1:2:3:4", "PT", "4x", "12,34,567"])
def test_what_is_no_duration_is_refused(tmp_path: Path, text: str) -> None:
    toml = CONTACTS_SOURCE.replace("Channel\" }", 'Channel", handle_s = "Handle" }') + "max_reject_share = 1.0\n"
    rows = f'Contact ID,Agent,Started,Channel,Handle\nc1,E1,2025-03-03 10:00:00,voice,"{text}"\n'
    found = read(tmp_path, {"contacts.csv": rows}, toml)
    assert "is not a number" in found.reasons()[0]


TIMES = [
    "2025-03-03 09:39:00", "2025-03-03T09:39:00", "2025-03-03T08:39:00Z", "2025-03-03T09:39:00+01:00", "1740991140",
    "1740991140000", "45719.402083333334",
]  # fmt: skip


@pytest.mark.parametrize("text", TIMES)
def test_instants_are_read_in_every_way_they_are_saved(tmp_path: Path, text: str) -> None:
    rows = f"Contact ID,Agent,Started,Channel\nc1,E1,{text},voice\n"
    found = read(tmp_path, {"contacts.csv": rows}, CONTACTS_SOURCE)
    assert found.rows("select started_at from core.interaction") == [(dt.datetime(2025, 3, 3, 8, 39),)]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("03/04/2025 10:00", "date with slashes"), ("03.04.2025 10:00", "date with dots"),
        ("2025-03-04 10:00 PM", "twelve-hour clock"), ("10:00:00", "time without its day"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_read_says_what_it_looks_like(tmp_path: Path, text: str, hint: str) -> None:
    rows = f"Contact ID,Agent,Started,Channel\nc1,E1,{text},voice\n"
    found = read(tmp_path, {"contacts.csv": rows}, CONTACTS_SOURCE + "max_reject_share = 1.0\n")
    assert hint in found.reasons()[0]


def test_a_download_again_is_the_newer_one(tmp_path: Path) -> None:
    head = "ID,Name,ID number,Email address,Quiz,Quiz - Completion date,Course complete\n"
    files = {
        "completion-emp101 (1).csv": head + '3,A,E1,e1@example.com,Completed,"14/03/25, 09:00","14/03/25, 09:00"\n',
        "completion-emp101.csv": head + "3,A,E1,e1@example.com,Not completed,,\n",
        "contacts.csv": contacts(21),
    }
    toml = CONTACTS_SOURCE + (
        '[sources.moodle]\nformat = "moodle"\npath = "completion*.csv"\ntimezone = "Europe/Paris"\n'
        'options = { course = "EMP101" }\n'
    )
    found = read(tmp_path, files, toml)
    assert found.rows("select trained_on from mart.agent where trained_on is not null") == [(dt.date(2025, 3, 14),)]
    assert found.rows("select kind, path from landing.duplicate") == [("superseded", "completion-emp101.csv")]


def conversation(talk: int, end: str | None, surveys: list[dict[str, str]]) -> str:
    session = {
        "mediaType": "voice",
        "segments": [{"segmentType": "interact", "segmentStart": "2025-03-04T12:00:00.000Z", "segmentEnd": end}],
        "metrics": [{"name": "tHandle", "value": talk, "emitDate": end}] if end else [],
    }
    agent = {"purpose": "agent", "userId": "E1", "sessions": [session]}
    record = {
        "conversationId": "g6", "conversationStart": "2025-03-04T12:00:00.000Z", "conversationEnd": end,
        "participants": [agent], "surveys": surveys,
    }  # fmt: skip
    return json.dumps({"conversations": [record]})


@pytest.mark.parametrize(("running", "ended"), [("conv-9.json", "conv-10.json"), ("conv-2.json", "conv-1.json")])
def test_the_export_after_a_conversation_ended_supersedes_the_one_before(
    tmp_path: Path, running: str, ended: str
) -> None:
    """Whatever the files are called, and surveys nobody was shown are no invitations."""
    surveys = [
        {"surveyId": f"s{n}", "surveyStatus": status, "surveyCompletedDate": "2025-03-05T00:00:00Z"}
        for n, status in enumerate(("Finished", "OptOut", "Error", "Expired"))
    ]
    files = {running: conversation(0, None, []), ended: conversation(1_440_000, "2025-03-04T12:24:00.000Z", surveys)}
    toml = '[sources.calls]\nformat = "genesys"\npath = "conv-*.json"\ntimezone = "UTC"\n'
    found = read(tmp_path, files, toml)
    assert found.rows("select handle_s from core.interaction") == [(1440.0,)]
    assert found.total("survey_response_rate") == (1, 2)
