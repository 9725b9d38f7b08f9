"""Properties that exports have in the wild, each with the value that is right."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from etl.sources.format import SourceError
from tests.etl.real_exports import CONTACTS_SOURCE, JOBS, STAFF, Read, contacts, read

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


YES_AND_NO = [
    ("true", "false"), ("WAHR", "FALSCH"), ("vrai", "faux"), ("Sí", "No"), ("oui", "non"), ("SIM", "NÃO"), ("1", "0"),
]  # fmt: skip
HEADS = (CASE.upper(), CASE.lower(), " id " + CASE[2:])


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Cases in every way of writing yes and no, then under every way of writing columns: a source each.

    Of four contacts of a source, ``c0`` to ``c3`` of the first and so on, the first is escalated.
    """
    written = [(CASE, yes, no) for yes, no in YES_AND_NO] + [(head, "true", "false") for head in HEADS]
    files, toml = {"contacts.csv": contacts(14)}, CONTACTS_SOURCE
    for n, (head, yes, no) in enumerate(written):
        rows = (("1", yes, 0, no), ("2", no, 1, no), ("3", yes, 2, yes))
        files[f"case{n}.csv"] = head + "".join(
            case(f"{n}-{number}", escalated, f"c{4 * n + contact}", deleted)
            for number, escalated, contact, deleted in rows
        )
        toml += CASES.replace("sources.cases", f"sources.cases{n}").replace("case*", f"case{n}")
    return read(tmp_path_factory.mktemp("cases"), files, toml)


def escalated(found: Read, source: int) -> list[str]:
    """Of the four contacts of a source, those that are escalated."""
    wanted = ", ".join(f"'c{4 * source + contact}'" for contact in range(4))
    rows = found.rows(f"select interaction_id from core.interaction where escalated and interaction_id in ({wanted})")
    return [contact for (contact,) in rows]


@pytest.mark.parametrize(("yes", "no"), YES_AND_NO)
def test_yes_and_no_are_read_in_every_listed_language(cases: Read, yes: str, no: str) -> None:
    source = YES_AND_NO.index((yes, no))
    assert escalated(cases, source) == [f"c{4 * source}"]
    assert cases.total("escalation_rate")[0] == len(YES_AND_NO) + len(HEADS)
    assert cases.reasons() == []


@pytest.mark.parametrize("head", range(len(HEADS)))
def test_columns_are_found_whatever_their_case(cases: Read, head: int) -> None:
    source = len(YES_AND_NO) + head
    assert escalated(cases, source) == [f"c{4 * source}"]


def test_a_word_nobody_knows_is_refused_and_never_no(tmp_path: Path) -> None:
    cases = CASE + case("1", "tak", "c1", "false") + case("2", "true", "c2", "nie")
    found = read(tmp_path, {"case.csv": cases, "contacts.csv": contacts(7)}, CONTACTS_SOURCE + CASES)
    said = {'IsDeleted: "nie" is not true or false', 'IsEscalated: "tak" is not true or false'}
    assert said <= set(found.reasons())
    assert found.rows("select count(*) from core.escalation") == [(0,)]


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


def test_ids_rounded_by_a_workbook_are_refused_beside_texts(tmp_path: Path) -> None:
    """A word below the ids, or ids of a second system, makes a column of texts; ids stored as text lost nothing."""
    import xlsxwriter

    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Contact ID", "Agent", "Started", "Channel"])
        for line, number in enumerate(("web-1", "430001000000000128", 430001000000000128.0, 1003.0), start=1):
            (sheet.write_string if isinstance(number, str) else sheet.write_number)(line, 0, number)
            sheet.write_row(line, 1, ["E1", dt.datetime(2025, 3, 2 + line, 10), "voice"])
    found = read(tmp_path, {"contacts.xlsx": kept.getvalue()}, IN_WORKBOOK)
    ids = found.rows("select interaction_id from core.interaction order by all")
    assert ids == [("1003",), ("430001000000000128",), ("web-1",)]
    assert [reason.split(" is ", 1)[1][:42] for reason in found.reasons()] == [
        "a number that a spreadsheet has rounded: i"
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
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", handle_s = "Handle" }')
    found = read(tmp_path, {"contacts.csv": "Contact ID,Agent,Started,Channel,Handle\n" + rows}, toml)
    assert found.reasons() == []
    read_as = dict(found.rows("select interaction_id, handle_s from core.interaction"))
    assert {text: read_as[f"c{n}"] for n, (text, _) in enumerate(DURATIONS)} == dict(DURATIONS)


NO_DURATIONS = ["soon", "4:99:", "1:2:3:4", "PT", "4x", "12,34,567"]
TIMES = [
    "2025-03-03 09:39:00", "2025-03-03T09:39:00", "2025-03-03T08:39:00Z", "2025-03-03T09:39:00+01:00", "1740991140",
    "1740991140000", "45719.402083333334",
]  # fmt: skip
NO_TIMES = [
    ("03/04/2025 10:00", "date with slashes"), ("03.04.2025 10:00", "date with dots"),
    ("2025-03-04 10:00 PM", "twelve-hour clock"), ("10:00:00", "time without its day"),
]  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """One contact with each of these times, then one with each of these durations: a source and a file each."""
    started = [(text, "0:04:23") for text in (*TIMES, *(text for text, _ in NO_TIMES))]
    written = started + [("2025-03-03 10:00:00", text) for text in NO_DURATIONS]
    names = [f"s{n}" for n in range(len(written))]
    files = {
        f"{name}.csv": f'id,who,at,by,handle\n{name},E1,{time},voice,"{handle}"\n'
        for name, (time, handle) in zip(names, written, strict=True)
    }
    columns = 'interaction_id = "id", source_agent_id = "who", started_at = "at", channel = "by", handle_s = "handle"'
    return read(tmp_path_factory.mktemp("alone"), files, several("interaction", columns, names, {}))


def reasons_of(found: Read, source: str) -> list[str]:
    """Reasons for which a source's records are refused."""
    return [said for (said,) in found.rows(f"select unnest(reasons) from landing.reject where source = '{source}'")]


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_what_is_no_duration_is_refused(alone: Read, text: str) -> None:
    (reason,) = reasons_of(alone, f"s{len(TIMES) + len(NO_TIMES) + NO_DURATIONS.index(text)}")
    assert "is not a number" in reason


@pytest.mark.parametrize("text", TIMES)
def test_instants_are_read_in_every_way_they_are_saved(alone: Read, text: str) -> None:
    source = f"s{TIMES.index(text)}"
    found = alone.rows(f"select started_at from core.interaction where _source = '{source}'")
    assert found == [(dt.datetime(2025, 3, 3, 8, 39),)]
    assert reasons_of(alone, source) == []


@pytest.mark.parametrize(("text", "hint"), NO_TIMES)
def test_a_time_that_cannot_be_read_says_what_it_looks_like(alone: Read, text: str, hint: str) -> None:
    (reason,) = reasons_of(alone, f"s{len(TIMES) + NO_TIMES.index((text, hint))}")
    assert hint in reason


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


def statement(number: int, verb: str, about: dict[str, str], agent: str = "E1", stored: str = "2025-03-04T09") -> str:
    said = {
        "id": f"s{number}", "actor": {"account": {"name": agent}}, "verb": {"id": f"http://adlnet.gov/verbs/{verb}"},
        "object": about, "timestamp": f"{stored}:00:00Z", "stored": f"{stored}:00:00Z",
    }  # fmt: skip
    return json.dumps(said) + "\n"


@pytest.mark.parametrize("voided_first", [True, False])
def test_a_voided_completion_trains_nobody(tmp_path: Path, voided_first: bool) -> None:
    course = {"objectType": "Activity", "id": "https://lms.example/EMP101"}
    said = [
        statement(1, "completed", course), statement(2, "completed", course, "E2"),
        statement(3, "voided", {"objectType": "StatementRef", "id": "s2"}, stored="2025-03-05T08"),
    ]  # fmt: skip
    files = {"x.jsonl": "".join(reversed(said) if voided_first else said), "contacts.csv": contacts(7)}
    toml = CONTACTS_SOURCE + '[sources.lms]\nformat = "xapi"\npath = "x.jsonl"\n'
    found = read(tmp_path, files, toml)
    assert found.rows("select count(*), count(trained_on) from mart.agent") == [(3, 1)]
    assert found.rows("select kind from landing.duplicate") == [("superseded",)]


WITHHELD = (
    "anonymous", "ANONYMOUS", "Restricted", "sip:anonymous@anonymous.invalid", "0", "0000000000", "Unbekannt", "n/a",
    "(null)", "#N/A", "\\N", "k.A.", "(blank)",
)  # fmt: skip


def test_who_withholds_a_number_is_no_customer_who_comes_back(tmp_path: Path) -> None:
    callers = [*WITHHELD, *WITHHELD, "3312340001", "3312340002", "the desk", "the desk"]
    rows = "".join(
        f"c{n},E1,2025-03-0{3 + n % 4} 1{n % 8}:{n:02}:00,voice,{caller}\n" for n, caller in enumerate(callers)
    )
    late = "z,E1,2025-03-30 10:00:00,voice,3312340003\n"
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", source_customer_id = "ANI" }')
    toml += '[identity]\nnobody = ["The Desk"]\n'
    found = read(tmp_path, {"contacts.csv": "Contact ID,Agent,Started,Channel,ANI\n" + rows + late}, toml)
    assert found.total("fcr_7d") == (2, 2)


def test_an_implausible_share_of_one_customer_is_warned_of(tmp_path: Path) -> None:
    callers = ["switchboard"] * 60 + [f"K{n}" for n in range(100)]
    rows = "".join(f"c{n},E1,2025-03-0{3 + n % 4} 10:{n % 60:02}:00,voice,{who}\n" for n, who in enumerate(callers))
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", source_customer_id = "ANI" }')
    found = read(tmp_path, {"contacts.csv": "Contact ID,Agent,Started,Channel,ANI\n" + rows}, toml)
    assert "customer_share" in found.warned()


NAMES = ("start", "end", "status", "finished", "recorded", "id", "ref", "q1")
IDS = ",".join(f'"{{{{""ImportId"":""{name}""}}}}"' for name in NAMES)
QUALTRICS = (
    "StartDate,EndDate,Status,Finished,RecordedDate,ResponseId,ExternalReference,Q1_CSAT{head}\n"
    "Start Date,End Date,Response Type,Finished,Recorded Date,Response ID,External Data Reference,Satisfied?{head}\n"
    f"{IDS}{{ids}}\n"
)
HISTORY = "Distribution ID,External Data Reference,Status,Sent Date,Finished At\n"
SURVEYS = """
[sources.surveys]
format = "qualtrics"
path = "answers.csv"
timezone = "UTC"
[sources.invitations]
"""
AS_QUALTRICS = 'format = "qualtrics"\npath = "history.csv"\ntimezone = "UTC"\n'
AS_TABULAR = AS_QUALTRICS.replace("qualtrics", "tabular") + (
    'table = "survey_response"\ncolumns = { response_id = "Distribution ID", '
    'interaction_id = "External Data Reference", invited_at = "Sent Date" }\n'
)


def answer(number: int, contact: str, score: int, extra: str = "") -> str:
    moment = f"2025-03-04 0{number}:00:00"
    return f"{moment},{moment},0,1,{moment},R_{number},{contact},{score}{extra}\n"


IN_ONE_SOURCE = SURVEYS.replace('"answers.csv"', '["answers.csv", "history.csv"]').replace(
    "[sources.invitations]\n", ""
)


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("sources", [SURVEYS + AS_QUALTRICS, SURVEYS + AS_TABULAR, IN_ONE_SOURCE])
def test_an_invitation_and_its_answer_are_one_survey(tmp_path: Path, embedded: bool, sources: str) -> None:
    ids = ',"{""ImportId"":""invited""}"'
    head = QUALTRICS.format(head=",invited_at" if embedded else "", ids=ids if embedded else "")
    extra = ",2025-03-03 01:00:00" if embedded else ""
    history = "".join(
        f"D_{n},c{n},{'Survey Finished' if n < 3 else 'Email Sent'},2025-03-03 01:00:00,\n" for n in range(1, 6)
    )
    files = {
        "answers.csv": head + answer(1, "c1", 5, extra) + answer(2, "c2", 2, extra), "history.csv": HISTORY + history,
        "contacts.csv": contacts(14),
    }  # fmt: skip
    found = read(tmp_path, files, CONTACTS_SOURCE + sources)
    assert found.total("survey_response_rate") == (2, 5)
    assert found.total("csat_top2") == (1, 2)


def test_an_invitation_of_a_file_with_answers_stays_unanswered(tmp_path: Path) -> None:
    """A source that tells of both knows which of its surveys were answered, whatever file they stand in."""
    toml = """
[sources.surveys]
format = "tabular"
table = "survey_response"
path = "surveys-*.csv"
timezone = "UTC"
columns = { response_id = "id", interaction_id = "about", invited_at = "sent", answered_at = "done", csat_raw = "csat" }
"""
    head = "id,about,sent,done,csat\n"
    files = {
        "surveys-1.csv": head + "a,c1,2025-03-04 01:00:00,,\nb,c2,2025-03-04 01:00:00,2025-03-04 02:00:00,5\n",
        "surveys-2.csv": head + "d,c1,2025-03-05 01:00:00,2025-03-05 02:00:00,4\n", "contacts.csv": contacts(14),
    }  # fmt: skip
    assert read(tmp_path, files, CONTACTS_SOURCE + toml).total("survey_response_rate") == (2, 3)


def test_who_was_never_reached_was_not_invited(tmp_path: Path) -> None:
    status = ["Email Sent", "Email Bounced", "Opted Out", "Email Failed", "Survey Finished"]
    history = "".join(f"D_{n},c{n},{said},2025-03-03 01:00:00,\n" for n, said in enumerate(status))
    files = {
        "answers.csv": QUALTRICS.format(head="", ids="") + answer(1, "c4", 5),
        "history.csv": HISTORY + history, "contacts.csv": contacts(14),
    }  # fmt: skip
    found = read(tmp_path, files, CONTACTS_SOURCE + SURVEYS + AS_QUALTRICS)
    assert found.total("survey_response_rate") == (1, 2)


BACK = "id,employeeNumber,workEmail,hireDate,originalHireDate,terminationDate,location,lastChanged\n"


def test_who_comes_back_has_left_and_is_not_at_risk_between(tmp_path: Path) -> None:
    """E1 keeps one row that forgets when he left, E2 has a second row; nobody else leaves."""
    staff = BACK + (
        "1,E1,,2025-04-14,2024-01-08,0000-00-00,Lyon,2025-06-01\n"
        "2,E2,,2024-01-08,2024-01-08,2025-03-13,Lyon,2025-06-01\n"
        "3,E3,,2024-01-08,2024-01-08,0000-00-00,Lyon,2025-06-01\n"
        "9,E2,,2025-04-14,2024-01-08,0000-00-00,Lyon,2025-06-02\n"
    )
    jobs = "employeeId,date,department,location\n" + "".join(
        f"{n},{day},A,Lyon\n" for n, day in ((1, "2024-01-08"), (2, "2024-01-08"), (3, "2024-01-08"), (9, "2025-04-14"))
    )
    days = [dt.date(2025, 3, 3) + dt.timedelta(days=n) for n in range(70)]
    gone = (dt.date(2025, 3, 13), dt.date(2025, 4, 14))
    rows = "".join(
        f"{agent}-{day},{agent},{day} 10:00:00,voice\n"
        for day in days for agent in ("E1", "E2", "E3") if agent == "E3" or not gone[0] < day < gone[1]
    )  # fmt: skip
    files = {"employees.csv": staff, "jobs.csv": jobs, "contacts.csv": "Contact ID,Agent,Started,Channel\n" + rows}
    found = read(tmp_path, files, CONTACTS_SOURCE)
    weeks = found.weekly("agent_attrition")
    assert [weeks[week] for week in ("2025-03-03", "2025-03-10", "2025-03-17", "2025-04-07", "2025-04-14")] == [
        (0, 3), (1, 3), (0, 1), (0, 1), (0, 3),
    ]  # fmt: skip
    assert found.rows('select count(*), count(*) filter ("left") from mart.agent_spell') == [(5, 1)]
    assert "work_before_hiring" not in found.warned()


def test_names_that_differ_in_nothing_seen_are_one(tmp_path: Path) -> None:
    jobs = JOBS.replace("2,2024-01-08,Team A,Lyon", "2,2024-01-08,team\u200b a ,LYON")
    rows = contacts(7).replace("Channel\n", "Channel,Queue\n").replace(",voice\n", ",voice,Billing\n", 3)
    rows = rows.replace(",voice\n", ",voice,ＢＩＬＬＩＮＧ\n")
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", queue = "Queue" }')
    found = read(tmp_path, {"jobs.csv": jobs, "contacts.csv": rows}, toml)
    teams = found.rows("select distinct team_id, site from core.place where team_id <> 'unknown' order by 1")
    assert teams == [("Team A", "Lyon"), ("Team B", "Lyon")]
    assert len(found.rows("select distinct queue from core.interaction")) == 1
    assert "site_without_zone" not in found.warned()


def test_a_site_without_a_zone_is_warned_of(tmp_path: Path) -> None:
    jobs = JOBS.replace("3,2024-01-08,Team B,Lyon", "3,2024-01-08,Team B,Lima")
    found = read(tmp_path, {"jobs.csv": jobs, "contacts.csv": contacts(7)}, CONTACTS_SOURCE)
    assert "site_without_zone" in found.warned()


def test_handling_longer_than_the_contact_asks_for_its_unit(tmp_path: Path) -> None:
    head = "Contact ID,Agent,Started,Ended,Channel,Handle\n"
    rows = "".join(f"c{n},E1,2025-03-03 1{n}:00:00,2025-03-03 1{n}:05:00,voice,{240_000 + n}\n" for n in range(9))
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", ended_at = "Ended", handle_s = "Handle" }')
    found = read(tmp_path / "a", {"contacts.csv": head + rows}, toml)
    assert "handle_longer_than_contact" in found.warned()
    found = read(tmp_path / "b", {"contacts.csv": head + rows}, toml + 'options = { duration_unit = "ms" }\n')
    assert "handle_longer_than_contact" not in found.warned()
    assert found.total("aht_seconds") == (9 * 240 + 0.036, 9)


def test_a_report_without_a_leaving_day_says_nothing_of_leaving(tmp_path: Path) -> None:
    staff = STAFF.replace("terminationDate", "remark")
    found = read(tmp_path, {"employees.csv": staff, "contacts.csv": contacts(28)}, CONTACTS_SOURCE)
    assert found.total("agent_attrition") == (None, None)
    assert {"leaving_unknown", "field_coverage"} <= found.warned()


def several(table: str, columns: str, names: Iterable[str], more: Mapping[str, str]) -> str:
    """Sections of sources ``a``, ``b``, ... of one table, each with a file and settings of its own."""
    return "".join(
        f'[sources.{name}]\nformat = "tabular"\ntable = "{table}"\npath = "{name}.csv"\ntimezone = "Europe/Paris"\n'
        f"max_reject_share = 1.0\n{more.get(name, '')}\ncolumns = {{ {columns} }}\n"
        for name in names
    )


def warned_sources(found: Read, check: str) -> set[str]:
    """Sources that a check names."""
    rows = json.loads(found.checks[check].sample)
    return {str(row.get("source") or row.get("_source")) for row in rows}


HANDLED = (
    'interaction_id = "id", source_agent_id = "who", started_at = "at", ended_at = "to", channel = "by", '
    'handle_s = "handle"'
)


def handled(name: str, values: Sequence[str]) -> str:
    """Calls of five minutes, a day each, with these handling times."""
    rows = "".join(
        f"{name}{n},E1,2025-03-{n:02} 10:00:00,2025-03-{n:02} 10:05:00,voice,{said}\n"
        for n, said in enumerate(values, start=3)
    )
    return "id,who,at,to,by,handle\n" + rows


def test_a_dot_before_three_digits_is_warned_of(tmp_path: Path) -> None:
    """Until the source says which it is, or a number of it shows; ``sums`` are what is read."""
    thousands = ("950", "1.230", "2.075")
    written = {"a": thousands, "b": thousands, "c": thousands, "d": ("950", "1.230", "2.5"), "e": ("1.230", "1230")}
    more = {"b": 'options = { decimal = "," }', "c": 'options = { decimal = "." }'}
    files = {f"{name}.csv": handled(name, values) for name, values in written.items()}
    found = read(tmp_path, files, several("interaction", HANDLED, written, more))
    assert warned_sources(found, "decimal_mark") == {"a"}
    sums = dict(found.rows("select _source, sum(handle_s) from core.interaction group by _source"))
    assert sums == pytest.approx({"a": 953.305, "b": 4255, "c": 953.305, "d": 953.73, "e": 1231.23})


def test_a_handling_time_that_cannot_be_in_seconds_asks_about_its_unit(tmp_path: Path) -> None:
    """Days of a workbook and minutes, read as seconds or as what they are; a tenth of a call's length."""
    said = {"a": f"{300 / 86400:.9f}", "b": f"{300 / 86400:.9f}", "c": "5.0", "d": "5.0", "e": "20.5", "f": "300"}
    more = {"b": 'options = { duration_unit = "d" }', "d": 'options = { duration_unit = "min" }'}
    files = {f"{name}.csv": handled(name, [value] * 10) for name, value in said.items()}
    found = read(tmp_path, files, several("interaction", HANDLED, said, more))
    assert warned_sources(found, "handle_unlikely") == {"a", "c", "e"}
    means = dict(found.rows("select _source, avg(handle_s) from core.interaction group by _source"))
    assert {name: means[name] for name in "bdf"} == pytest.approx({"b": 300, "d": 300, "f": 300}, abs=1e-3)


def test_a_scale_that_the_answers_do_not_fit_is_asked_about(tmp_path: Path) -> None:
    """One to three, and one as the best, read as one to five or as what they are; what is off its scale is refused."""
    scores = {"a": "12321", "b": "12321", "c": "11215", "d": "11215", "e": "45539"}
    more = {"b": "constants = { scale_max = 3 }", "d": "constants = { scale_min = 5, scale_max = 1 }"}
    files = {
        f"{name}.csv": "id,about,at,score\n"
        + "".join(f"{name}{n},c{n},2025-03-05 10:00:00,{given[n % 5]}\n" for n in range(40))
        for name, given in scores.items()
    }
    columns = 'response_id = "id", interaction_id = "about", answered_at = "at", csat_raw = "score"'
    toml = CONTACTS_SOURCE + several("survey_response", columns, scores, more)
    found = read(tmp_path, {"contacts.csv": contacts(28), **files}, toml)
    assert warned_sources(found, "survey_scale") == {"a", "c"}
    top = dict(found.rows("select _source, count(*) filter (csat_norm >= 0.75) from core.survey_response group by 1"))
    assert {name: top[name] for name in "bde"} == {"b": 8, "d": 32, "e": 24}
    (reason,) = found.reasons()
    assert "scale_max = 10" in reason


def test_sales_alone_are_no_offers(tmp_path: Path) -> None:
    """All offers accepted, or an offer for each contact: what was offered is not told."""
    drawn = {"a": ("111", 2), "b": ("110", 2), "c": ("110", 1)}
    files = {}
    for name, (sold, every) in drawn.items():
        rows = [line.split(",") for line in contacts(28).splitlines()[1::every]]
        lines = [f"{name}{n},{row[0]},upsell,{row[2]},{sold[n % 3]}\n" for n, row in enumerate(rows)]
        files[f"{name}.csv"] = "id,contact,kind,at,sold\n" + "".join(lines)
    columns = 'offer_id = "id", interaction_id = "contact", kind = "kind", made_at = "at", accepted = "sold"'
    toml = CONTACTS_SOURCE + several("offer", columns, drawn, {})
    found = read(tmp_path, {"contacts.csv": contacts(28), **files}, toml)
    assert warned_sources(found, "offer_one_sided") == {"a", "c"}


def test_words_of_a_list_are_known_in_any_case(tmp_path: Path) -> None:
    offers = "id,contact,kind,at,sold\no1,c1,Cross-Sell,2025-03-03 10:00:00,yes\no2,c2,UPSELL,2025-03-03 10:00:00,no\n"
    toml = """
[sources.offers]
format = "tabular"
table = "offer"
path = "offers.csv"
timezone = "UTC"
columns = { offer_id = "id", interaction_id = "contact", kind = "kind", made_at = "at", accepted = "sold" }
"""
    files = {"contacts.csv": contacts(28).replace("voice", "Voice"), "offers.csv": offers}
    found = read(tmp_path, files, CONTACTS_SOURCE + toml)
    assert found.rows("select kind from core.offer order by kind") == [("cross_sell",), ("upsell",)]
    assert found.rows("select distinct channel from core.interaction") == [("voice",)]


def test_what_stands_for_nothing_is_nothing(tmp_path: Path) -> None:
    """In numbers, flags, agents and dates; the end of time is no day of leaving, and 1970 no time of a contact."""
    said = ("-", "N/A", "NULL", "None", "nan", "#N/A", "\\N", "")
    rows = "".join(f"c{n},{'E1' if n else word},2025-03-0{n + 3} 10:00:00,voice,{word},{word}\n"
                   for n, word in enumerate(said[:5]))  # fmt: skip
    rows += "".join(f"d{n},{word},2025-03-1{n} 10:00:00,voice,{word},{word}\n" for n, word in enumerate(said))
    rows += "e1,E1,2025-03-20 10:00:00,voice,300,Yes\ne2,E2,1970-01-01 00:00:00,voice,300,No\n"
    toml = CONTACTS_SOURCE.replace('Channel" }', 'Channel", handle_s = "Handle", transferred = "Moved" }')
    toml += """max_reject_share = 1.0
[sources.hr]
format = "tabular"
table = "agent"
path = "hr.csv"
timezone = "UTC"
options = { date_format = "%d.%m.%Y" }
columns = { source_agent_id = "no", employee_number = "no", hired_on = "hired", left_on = "left" }
"""
    staff = "no,hired,left\nE1,08.01.2024,31.12.9999\nE2,08.01.2024,01.06.2025\n"
    files = {"contacts.csv": "Contact ID,Agent,Started,Channel,Handle,Moved\n" + rows, "hr.csv": staff}
    found = read(tmp_path, files, toml, staff=False)
    assert found.total("aht_seconds") == (300, 1)
    assert found.total("transfer_rate") == (1, 1)
    assert found.rows("select count(*), count(agent_key) from core.interaction") == [(14, 5)]
    assert found.rows("select count(*), count(left_on) from core.employment") == [(2, 1)]
    assert found.reasons() == ['started_at (Started): "1970-01-01 00:00:00" is not between 1971 and 2099']


FLAT = (
    CONTACTS_SOURCE.replace('path = "contacts.csv"', 'path = "calls.xlsx"\nno_agent = { "Answered" = "No" }').replace(
        'started_at = "Started", channel = "Channel"', 'started_at = ["Date", "Time"], handle_s = "Talk"'
    )
    + """
constants = { channel = "voice" }
[sources.contacts.also.survey_response]
when = { "Rating" = "*" }
[sources.contacts.also.survey_response.columns]
response_id = "Contact ID"
interaction_id = "Contact ID"
answered_at = ["Date", "Time"]
csat_raw = "Rating"
"""
)


def test_a_workbook_of_one_sheet_holds_contacts_and_ratings(tmp_path: Path) -> None:
    sheet = workbook(
        **{
            "Contact ID": ["a", "b", "c"], "Agent": ["E1", "E2", "E1"], "Date": [dt.date(2025, 3, 3)] * 3,
            "Time": [dt.time(9, 39), dt.time(10, 0), dt.time(23, 30)], "Answered": ["Yes", "Yes", "No"],
            "Talk": [dt.time(0, 4, 3), dt.time(0, 1, 0), None], "Rating": [5, 2, None],
        }
    )  # fmt: skip
    found = read(tmp_path, {"calls.xlsx": sheet}, FLAT)
    assert found.rows("select interaction_id, agent_key is not null, started_at from core.interaction order by 1") == [
        ("a", True, dt.datetime(2025, 3, 3, 8, 39)), ("b", True, dt.datetime(2025, 3, 3, 9)),
        ("c", False, dt.datetime(2025, 3, 3, 22, 30)),
    ]  # fmt: skip
    assert found.total("aht_seconds") == (303, 2)
    assert found.total("csat_top2") == (1, 2)


def test_a_report_without_after_contact_work_has_no_handling_time(tmp_path: Path) -> None:
    """A report that changed in the second week: 200 seconds of talk before, talk and 60 of work after it since."""
    head = "Contact_ID,Media_Name,ANI_Dialnum,Agent_No,Start_Date,Start_Time,Agent_Time"
    old = "".join(f"a{n},Call,K{n},E1,03/0{3 + n}/2025,10:00:00,200\n" for n in range(5))
    new = "".join(f"b{n},Call,K{n},E1,03/1{n}/2025,10:00:00,200,60\n" for n in range(5))
    files = {"calls-1.csv": f"{head}\n{old}", "calls-2.csv": f"{head},ACW_Seconds\n{new}"}
    toml = '[sources.calls]\nformat = "nice"\npath = "calls-*.csv"\ntimezone = "Europe/Paris"\n'
    found = read(tmp_path, files, toml)
    assert found.weekly("aht_seconds") == {"2025-03-03": (None, 0), "2025-03-10": (1300, 5)}
    assert "field_coverage" in found.warned()


def test_a_merged_ticket_is_no_contact(tmp_path: Path) -> None:
    tickets = "".join(
        json.dumps(
            {
                "id": number, "created_at": "2025-03-05T11:00:00Z", "updated_at": "2025-03-05T12:00:00Z",
                "status": "closed", "assignee_id": "E1", "requester_id": 7, "tags": tags, "via": {"channel": "email"},
            }
        ) + "\n"
        for number, tags in ((1, []), (2, ["closed_by_merge"]))
    )  # fmt: skip
    toml = '[sources.t]\nformat = "zendesk"\npath = "t.jsonl"\noptions = { tickets_are = "contacts" }\n'
    found = read(tmp_path, {"t.jsonl": tickets}, toml)
    assert found.rows("select interaction_id from core.interaction") == [("1",)]


SPLIT = """
[sources.people]
format = "bamboohr"
path = ["employees.csv", "jobs.csv"]
timezone = "UTC"
columns = { employee_number = "Payroll", role = "Title" }
[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts*.csv"
columns = { interaction_id = "Contact ID", source_agent_id = "Agent", started_at = "Started", channel = "Channel" }
no_agent = { "Answered" = "No" }
[sources.contacts.also.survey_response]
when = { "CSAT" = "*" }
columns = { response_id = "Contact ID", interaction_id = "Contact ID", answered_at = "Started", csat_raw = "CSAT" }
"""


def test_a_column_that_some_files_of_a_source_lack_is_read_from_the_others(tmp_path: Path) -> None:
    """The number of staff stands in one of two reports; ratings, and who answered, in the newer of two exports."""
    newer = [f"d{n},E1,2025-03-10 10:0{n}:00,voice,{n},{('Yes', 'No')[n == 5]}" for n in range(1, 6)]
    files = {
        "employees.csv": STAFF.replace("employeeNumber", "Payroll").replace("jobTitle", "Title"),
        "jobs.csv": JOBS,
        "contacts1.csv": contacts(days=3),
        "contacts2.csv": "\n".join(["Contact ID,Agent,Started,Channel,CSAT,Answered", *newer, ""]),
    }
    found = read(tmp_path, files, SPLIT, staff=False)
    assert found.reasons() == []
    assert found.rows("select count(*), count(role) from core.agent where is_agent") == [(3, 3)]
    assert found.total("csat_top2") == (1, 4)
    assert found.rows("select count(*) from core.interaction where agent_key is null") == [(1,)]


@pytest.mark.parametrize(("wrong", "right"), [("Payrol", "Payroll"), ("CSATT", "CSAT"), ("Answer", "Answered")])
def test_a_column_that_no_file_of_a_source_has_stops_and_is_named(tmp_path: Path, wrong: str, right: str) -> None:
    files = {
        "employees.csv": STAFF.replace("employeeNumber", "Payroll").replace("jobTitle", "Title"),
        "jobs.csv": JOBS,
        "contacts1.csv": "Contact ID,Agent,Started,Channel,CSAT,Answered\nd1,E1,2025-03-10 10:00:00,voice,5,Yes\n",
    }
    with pytest.raises(SourceError, match=f'there is no column "{wrong}".* Did you mean "{right}"'):
        read(tmp_path, files, SPLIT.replace(f'"{right}"', f'"{wrong}"'), staff=False)
