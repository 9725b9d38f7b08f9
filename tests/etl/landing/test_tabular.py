"""Any table in: text in all its dialects, Parquet, workbooks, JSON lines; and what is said when a file is not right."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from xlsxwriter import Workbook

from etl.configuration.model import ConfigError
from etl.errors import EmpathyError
from etl.sources.format import SourceError

Make = Callable[..., str]

DAYS = "source_agent_id,day,worked_s,absent\nu-1,2025-03-10,28800,false\nu-2,2025-03-11,27000.5,yes\n"
DAY_ROWS = [("u-1", date(2025, 3, 10), 28800.0, False), ("u-2", date(2025, 3, 11), 27000.5, True)]
SELECT_DAYS = "SELECT source_agent_id, day, worked_s, absent FROM landing.agent_day ORDER BY _line"


def days(workspace: Any, toml: str) -> list[tuple[Any, ...]]:
    workspace.extract(toml)
    return workspace.rows(SELECT_DAYS)


@pytest.mark.parametrize(
    ("content", "extra"),
    [
        (DAYS.encode(), ""),
        (DAYS.replace("\n", "\r\n").encode(), ""),
        (DAYS.replace("\n", "\r").encode(), ""),
        (DAYS.replace("\nu-1", "\r\nu-1").encode(), ""),
        (DAYS.rstrip("\n").encode(), ""),
        (("\n\n" + DAYS + "\n\n").encode(), ""),
        (b"\xef\xbb\xbf" + DAYS.encode(), ""),
        (DAYS.replace(",", ";").encode(), ""),
        (DAYS.replace(",", "\t").encode(), ""),
        (DAYS.replace(",", "|").encode(), 'options = { delimiter = "|" }'),
        (DAYS.encode("utf-16"), 'options = { encoding = "utf-16" }'),
        (DAYS.encode("utf-16"), ""),
        (DAYS.encode("utf-16-le"), ""),
        (DAYS.encode("utf-16-be"), ""),
        (b"\xef\xbb\xbfsep=;\r\n" + DAYS.replace(",", ";").encode(), ""),
        (("Agent days\nas of 2025-03-12\n\n" + DAYS).encode(), "options = { header_row = 4 }"),
        (DAYS.upper().replace("U-", "u-").encode(), ""),
        (DAYS.replace("\n", ",\n").encode(), ""),
        (DAYS.replace("u-1", '"u-1"').replace("2025-03-11", ' "2025-03-11"').replace(' "', '"').encode(), ""),
        (DAYS.replace("u-1", " u-1 ").replace("27000.5", " 27000.5 ").encode(), ""),
        (gzip.compress(DAYS.encode()), ""),
        (gzip.compress(DAYS.encode("utf-16")), ""),
        (DAYS.replace(",", " ~ ").encode(), 'options = { delimiter = "~" }'),
    ],
    ids=(
        "plain",
        "crlf",
        "cr",
        "mixed",
        "no last line end",
        "blank lines",
        "bom",
        "semicolon",
        "tab",
        "bar",
        "utf-16",
        "utf-16 by its first bytes",
        "little-endian utf-16 without a mark",
        "big-endian utf-16 without a mark",
        "a sep= line",
        "lines above the header",
        "a header in capitals",
        "an empty column at the end",
        "quoted",
        "padded",
        "gzip",
        "gzip of utf-16",
        "padded, unusual delimiter",
    ),
)
def test_every_dialect_gives_the_same_rows(workspace: Any, tabular: Make, content: bytes, extra: str) -> None:
    workspace.write("days.csv", content)

    assert days(workspace, tabular("days.csv", "agent_day", extra)) == DAY_ROWS
    assert workspace.books()["days.csv"] == (2, 2, 0, 0)


def test_lines_are_those_of_the_file(workspace: Any, tabular: Make) -> None:
    body = "".join(f"u-{n},2025-03-10,{'x' if n % 7 == 0 else n}\n" for n in range(1, 3000))
    workspace.write("days.csv", "source_agent_id,day,worked_s\n" + body)
    workspace.extract(tabular("days.csv", "agent_day"))

    assert workspace.rows("SELECT count(*) FROM landing.agent_day WHERE source_agent_id <> 'u-' || (_line - 1)") == [
        (0,)
    ]
    assert set(workspace.reasons()) == {n + 1 for n in range(7, 3000, 7)}


def test_line_breaks_inside_fields_are_counted(workspace: Any, tabular: Make) -> None:
    rows = "".join(f'e-{n},u-1,2025-03-10,"v{n}\nsecond\nthird"\n' for n in range(500))
    workspace.write(
        "qa.csv", "evaluation_id,source_agent_id,evaluated_at,form_version\n" + rows + "e-bad,,2025-03-10,v\n"
    )
    workspace.extract(tabular("qa.csv", "qa_evaluation"))

    assert workspace.rows("SELECT min(_line), max(_line) FROM landing.qa_evaluation") == [(2, 2 + 3 * 499)]
    assert list(workspace.reasons()) == [2 + 3 * 500]


def test_mapping_values_constants_and_joined_columns(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "qa.csv", "Eval ID;Last;First;Date;AL;Crit\nq1;Roy;Maya;14/02/25 10:31;0,75;J\nq2;Ito;;15/02/25 08:00;1;N\n"
    )
    toml = tabular(
        "qa.csv",
        "qa_evaluation",
        'columns = { evaluation_id = "Eval ID", source_agent_id = ["Last", "First"], evaluated_at = "Date", '
        'active_listening = "AL", critical_fail = "Crit" }\n'
        'values = { critical_fail = { J = true, N = false } }\nconstants = { form_version = "v2" }\n'
        'options = { delimiter = ";", date_format = "%d/%m/%y %H:%M", decimal = "," }',
        zone="Europe/Madrid",
    )
    workspace.extract(toml)

    assert workspace.rows(
        "SELECT evaluation_id, source_agent_id, evaluated_at, active_listening, critical_fail, form_version "
        "FROM landing.qa_evaluation ORDER BY 1"
    ) == [
        ("q1", "Roy/Maya", datetime(2025, 2, 14, 9, 31), 0.75, True, "v2"),
        ("q2", "Ito/", datetime(2025, 2, 15, 7, 0), 1.0, False, "v2"),
    ]


def test_one_file_can_fill_several_tables(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "contacts.csv",
        "interaction_id,agent,started_at,channel,escalated\nc1,u1,2025-03-10 10:00:00,voice,true\n"
        "c2,u2,2025-03-10 11:00:00,chat,false\nc3,u2,2025-03-10 12:00:00,chat,\n",
    )
    toml = tabular(
        "contacts.csv",
        "interaction",
        'columns = { source_agent_id = "agent" }\n[sources.data.also.escalation]\n'
        'columns = { escalation_id = "interaction_id", interaction_id = "interaction_id", at = "started_at" }\n'
        'constants = { kind = "tier2" }\nwhen = { escalated = true }',
    )
    workspace.extract(toml)

    assert workspace.rows("SELECT count(*) FROM landing.interaction") == [(3,)]
    assert workspace.rows("SELECT escalation_id, kind, _line FROM landing.escalation") == [("c1", "tier2", 2)]
    assert workspace.books()["contacts.csv"] == (3, 3, 0, 0)


def test_parquet_keeps_its_types(workspace: Any, tabular: Make) -> None:
    frame = pl.DataFrame(
        {
            "source_agent_id": ["u-1", "u-2", "u-3"],
            "day": [date(2025, 3, 10), date(2025, 3, 11), None],
            "worked_s": [28800, 27000, 1],
            "absent": [False, True, None],
        }
    )
    frame.write_parquet(workspace.folder / "days.parquet")
    rows = days(workspace, tabular("days.parquet", "agent_day"))

    assert rows == [("u-1", date(2025, 3, 10), 28800.0, False), ("u-2", date(2025, 3, 11), 27000.0, True)]
    assert workspace.reasons() == {3: ["day: empty, but required"]}


def test_a_parquet_value_that_is_no_number_is_empty(workspace: Any, tabular: Make) -> None:
    """Statistics of the file leave it out: the largest is 300, so nothing seems to be above the highest allowed."""
    frame = pl.DataFrame(
        {"source_agent_id": ["u1", "u2", "u3"], "day": [date(2025, 3, 3)] * 3, "worked_s": [300.0, math.nan, 1.5]}
    )
    frame.write_parquet(workspace.folder / "days.parquet")
    workspace.extract(tabular("days.parquet", "agent_day"))
    assert workspace.rows("SELECT worked_s FROM landing.agent_day ORDER BY source_agent_id") == [
        (300.0,), (None,), (1.5,),
    ]  # fmt: skip


def test_parquet_times_with_and_without_zone(workspace: Any, tabular: Make) -> None:
    local = datetime(2025, 7, 1, 12, 0)
    frame = pl.DataFrame(
        {
            "interaction_id": ["c"],
            "channel": ["voice"],
            "started_at": pl.Series([local]).dt.replace_time_zone("America/New_York"),
            "ended_at": [local],
        }
    )
    frame.write_parquet(workspace.folder / "c.parquet")
    workspace.extract(tabular("c.parquet", "interaction", zone="Europe/Madrid"))

    assert workspace.reasons() == {1: ["ended_at is before started_at"]}
    workspace.con.execute("DETACH landing")
    workspace.extract(tabular("c.parquet", "interaction", zone="America/New_York"))
    assert workspace.rows("SELECT started_at, ended_at FROM landing.interaction") == [
        (datetime(2025, 7, 1, 16, 0), datetime(2025, 7, 1, 16, 0))
    ]


@pytest.mark.parametrize("zone", ["Europe/Madrid", "UTC"])
@pytest.mark.parametrize("number", ["BIGINT", "UBIGINT", "DOUBLE"])
def test_parquet_says_the_same_in_its_types_as_in_text(workspace: Any, tabular: Make, zone: str, number: str) -> None:
    never = "9999-12-31 00:00:00"
    times = ["2025-07-01 12:00:00", "2025-10-26 02:30:00", "2025-03-30 02:30:00", never, "1960-01-01 00:00:00", None]
    ends = ["2025-07-01 12:04:00.5", "2025-10-26 02:10:00", "2025-03-30 03:30:00", None, None, "9999-12-31 23:59:59"]
    rows = list(zip(times, ends, [240_000, 1, 0, 2, 3, None], strict=True))
    for name, time, duration in (("typed", "TIMESTAMP", number), ("text", "VARCHAR", "VARCHAR")):
        columns = f"started_at::{time} AS started_at, ended_at::{time} AS ended_at, handle_s::{duration} AS handle_s"
        workspace.con.execute(
            f"COPY (SELECT 'c' || handle_s AS interaction_id, 'voice' AS channel, {columns} FROM "
            f"(VALUES {', '.join('(?, ?, ?)' for _ in rows)}) AS rows(started_at, ended_at, handle_s)) "
            f"TO '{workspace.folder / name}.parquet'",
            [value for row in rows for value in row],
        )
    found = []
    for name in ("typed", "text"):
        workspace.extract(tabular(f"{name}.parquet", "interaction", 'options = { duration_unit = "ms" }', zone=zone))
        rows = workspace.rows(
            "SELECT _line, started_at, ended_at, handle_s, _time_flag FROM landing.interaction ORDER BY 1"
        )
        found.append((rows, workspace.reasons()))
        workspace.con.execute("DETACH landing")
    typed, text = found
    assert typed == text
    assert typed[0][0][3] == 240.0


def test_a_workbook(workspace: Any, tabular: Make) -> None:
    pl.DataFrame(
        {
            "source_agent_id": ["u-1", "u-2"],
            "day": [date(2025, 3, 10), date(2025, 3, 11)],
            "worked_s": [28800.0, 27000.5],
        }
    ).write_excel(workspace.folder / "days.xlsx", worksheet="Days")
    toml = tabular("days.xlsx", "agent_day", 'options = { sheet = "Days" }')

    assert [row[:3] for row in days(workspace, toml)] == [row[:3] for row in DAY_ROWS]
    with pytest.raises(SourceError, match=r'no sheet "Hours".*Days'):
        workspace.extract(toml.replace("Days", "Hours"))


def test_json_lines(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "days.jsonl",
        '{"agent":{"id":"u-1"},"day":"2025-03-10","worked_s":28800,"absent":false}\n\n'
        '{"agent":{"id":"u-2"},"day":"2025-03-11","worked_s":"27000.5","absent":true}\n'
        '{"agent":{"id":7},"day":{"y":2025},"worked_s":true}\n[1]\n{"agent":\n',
    )
    rows = days(workspace, tabular("days.jsonl", "agent_day", 'columns = { source_agent_id = "agent.id" }'))

    assert rows == DAY_ROWS
    assert workspace.books()["days.jsonl"] == (5, 2, 3, 0)
    assert set(workspace.reasons()) == {4, 5, 6}


FAULTS = [
    ("a column that is not there", DAYS, 'columns = { worked_s = "worked" }', ['no column "worked"', "worked_s"]),
    ("a wrong delimiter", DAYS.replace(",", ";"), 'options = { delimiter = "," }', ["semicolon", 'delimiter = ";"']),
    ("an empty file", "", "", ["empty"]),
    ("only blank lines", "\n\n", "", ["empty"]),
    ("a column twice", DAYS.replace("worked_s", "day", 1), "", ['"day" is there 2 times', "columns 2, 3"]),
    ("Latin-1", DAYS.replace("u-2", "Zoë").encode("latin-1"), "", ["line 3", "0xEB", 'encoding = "cp1252"']),
    (
        "UTF-16 said to be Latin-1",
        DAYS.encode("utf-16"),
        'options = { encoding = "latin-1" }',
        ["UTF-16", 'encoding = "utf-16"'],
    ),
    ("a header beyond the end", DAYS, "options = { header_row = 99 }", ["no line 99", "header_row"]),
    ("a gzip cut short", gzip.compress(DAYS.encode())[:-12], "", ["cut short"]),
]


@pytest.mark.parametrize(("content", "extra", "words"), [item[1:] for item in FAULTS], ids=[item[0] for item in FAULTS])
def test_a_file_that_is_not_right_is_named_with_what_to_do(
    workspace: Any, tabular: Make, content: str | bytes, extra: str, words: list[str]
) -> None:
    workspace.write("days.csv", content)

    with pytest.raises(SourceError) as caught:
        workspace.extract(tabular("days.csv", "agent_day", extra))

    message = str(caught.value)
    assert "days.csv" in message
    for word in words:
        assert word in message
    assert not list((workspace.folder / "warehouse").glob("landing/*-*"))


def test_a_truncated_parquet_and_a_false_workbook(workspace: Any, tabular: Make) -> None:
    pl.DataFrame({"source_agent_id": ["u"] * 1000}).write_parquet(workspace.folder / "whole.parquet")
    whole = (workspace.folder / "whole.parquet").read_bytes()
    workspace.write("days.parquet", whole[: len(whole) // 2])
    workspace.write("days.xlsx", b"PK\x03\x04 cut off")

    with pytest.raises(SourceError, match="not a readable Parquet file"):
        workspace.extract(tabular("days.parquet", "agent_day"))
    with pytest.raises(SourceError, match="not a readable workbook"):
        workspace.extract(tabular("days.xlsx", "agent_day"))


MISTAKES = [
    ('path = "dais.csv"', 'no file "dais.csv".*Did you mean "days.csv"'),
    ('path = "days*.tsv"', "no file matches"),
    ('table = "agent_dya"', 'Did you mean "agent_day"'),
    ('columns = { workd_s = "worked_s" }', 'workd_s.*Did you mean "worked_s"'),
    ("constants = { nothing = 1 }", "no such column"),
    ('options = { delimeter = ";" }', 'Did you mean "delimiter"'),
    ('options = { encoding = "latin-99" }', "there is no encoding"),
    ('options = { decimal = ";" }', "neither"),
    ("options = { full_score = 0 }", "write the number that a full score is"),
    ("also = { nowhere = {} }", "no table nowhere"),
]


@pytest.mark.parametrize(("line", "words"), MISTAKES, ids=[item[0] for item in MISTAKES])
def test_a_mistake_in_the_section_is_named(workspace: Any, tabular: Make, line: str, words: str) -> None:
    workspace.write("days.csv", DAYS)
    toml = tabular("days.csv", "agent_day")
    name = line.split(" =")[0]
    kept = [row for row in toml.splitlines() if not row.startswith(f"{name} =")]

    with pytest.raises(ConfigError, match=words):
        workspace.extract("\n".join([*kept, line]))


def test_a_required_column_left_out(workspace: Any, tabular: Make) -> None:
    workspace.write("days.csv", "who,day\nu-1,2025-03-10\n")

    with pytest.raises(ConfigError, match="agent_day needs source_agent_id"):
        workspace.extract(tabular("days.csv", "agent_day"))


def test_single_damaged_lines_may_be_rejected_instead(workspace: Any, tabular: Make) -> None:
    workspace.write("days.csv", DAYS.replace("u-2", "Zoë").encode("latin-1"))
    workspace.extract(tabular("days.csv", "agent_day", 'options = { encoding_errors = "reject" }'))

    assert workspace.books()["days.csv"] == (2, 1, 1, 0)
    assert workspace.reasons() == {3: ["byte 0xEB is not UTF-8"]}


def test_the_second_file_of_a_pattern_is_read_too(workspace: Any, tabular: Make) -> None:
    workspace.write("days-1.csv", DAYS)
    workspace.write("days-2.csv", DAYS.replace("u-", "v-"))
    workspace.extract(tabular("days-*.csv", "agent_day"))

    assert workspace.books() == {"days-1.csv": (2, 2, 0, 0), "days-2.csv": (2, 2, 0, 0)}
    assert workspace.rows("SELECT count(DISTINCT _file_id), count(*) FROM landing.agent_day") == [(2, 4)]


def test_a_field_that_only_late_records_have_is_read(workspace: Any, tabular: Make) -> None:
    rows = [{"source_agent_id": f"u-{n}", "day": "2025-03-10"} for n in range(40)]
    rows[30]["worked_s"] = "60"
    workspace.write("days.jsonl", "\n".join(json.dumps(row) for row in rows))
    workspace.extract(tabular("days.jsonl", "agent_day"))

    assert workspace.rows("SELECT source_agent_id, worked_s FROM landing.agent_day WHERE worked_s > 0") == [
        ("u-30", 60.0)
    ]


def test_names_of_files_may_be_in_capitals(workspace: Any, tabular: Make) -> None:
    rows = [{"source_agent_id": "u-1", "day": "2025-03-10"}, {"source_agent_id": "u-2", "day": "2025-03-10"}]
    workspace.write("DAYS.JSONL", "\n".join(json.dumps(row) for row in rows))
    workspace.write("MORE.JSON.GZ", gzip.compress(json.dumps(rows[:1]).encode()))

    workspace.extract(tabular("DAYS.JSONL", "agent_day"))
    assert workspace.books()["DAYS.JSONL"] == (2, 2, 0, 0)
    workspace.extract(tabular("MORE.JSON.GZ", "agent_day"))
    assert workspace.books()["MORE.JSON.GZ"] == (1, 1, 0, 0)


def test_columns_that_differ_in_capitals_only_are_not_taken_for_each_other(workspace: Any, tabular: Make) -> None:
    workspace.write("days.csv", "Agent,agent,day\nMaya,u-1,2025-03-10\n")

    workspace.extract(tabular("days.csv", "agent_day", 'columns = { source_agent_id = "Agent" }'))
    assert workspace.rows("SELECT source_agent_id FROM landing.agent_day") == [("Maya",)]
    with pytest.raises(SourceError, match='line 1: the columns "Agent" and "agent" differ in capitals only'):
        workspace.extract(tabular("days.csv", "agent_day", 'columns = { source_agent_id = "agent" }'))


def test_the_sheet_that_is_named_is_the_one_looked_at(workspace: Any, tabular: Make) -> None:
    file = workspace.folder / "days.xlsx"
    with Workbook(file) as book:
        pl.DataFrame({"About": ["this workbook"]}).write_excel(book, worksheet="Cover")
        pl.DataFrame({"source_agent_id": ["u-1"], "day": ["2025-03-10"]}).write_excel(book, worksheet="Days")
    workspace.extract(tabular("days.xlsx", "agent_day", 'options = { sheet = "Days" }'))

    assert workspace.rows("SELECT source_agent_id FROM landing.agent_day") == [("u-1",)]


@pytest.mark.parametrize(("written", "reasons"), [("1.5", ["is not a whole number"]), ("2.0", []), ("3", [])])
def test_a_fraction_is_no_whole_number(workspace: Any, tabular: Make, written: str, reasons: list[str]) -> None:
    workspace.write("t.csv", f"source_agent_id,course_id,status,attempt\nu-1,EMP101,assigned,{written}\n")
    workspace.extract(tabular("t.csv", "training"))

    found = [word.split('"')[-1].strip() for word in workspace.reasons().get(2, [])]
    assert found == reasons


ROW_NUMBERS = {"_line": ["7"], "source_agent_id": ["u-1"], "day": ["2025-03-10"]}


@pytest.mark.parametrize("kind", ["csv", "quoted.csv", "nul.csv", "parquet", "xlsx"])
def test_a_column_called_like_our_line_number_does_no_harm(workspace: Any, tabular: Make, kind: str) -> None:
    file = workspace.folder / f"days.{kind}"
    frame = pl.DataFrame(ROW_NUMBERS)
    if kind == "parquet":
        frame.write_parquet(file)
    elif kind == "xlsx":
        frame.write_excel(file)
    else:
        quote = '"' if kind.startswith("quoted") else ""
        nul = "\0" if kind.startswith("nul") else ""
        file.write_text(f"_line,source_agent_id,day\n7,{quote}u-1{quote},2025-03-10\n8,u-2{nul},2025-03-10\n")
    workspace.extract(tabular(file.name, "agent_day"))

    assert workspace.rows("SELECT source_agent_id, _line FROM landing.agent_day ORDER BY 2")[0] == (
        "u-1",
        1 if kind == "parquet" else 2,
    )


def test_a_parquet_column_with_a_reserved_name_is_named(workspace: Any, tabular: Make) -> None:
    frame = pl.DataFrame({"file_row_number": [1], "source_agent_id": ["u-1"], "day": ["2025-03-10"]})
    frame.write_parquet(workspace.folder / "days.parquet")

    with pytest.raises(SourceError, match=r"file_row_number.*export the file without it"):
        workspace.extract(tabular("days.parquet", "agent_day"))


def test_empty_rows_of_a_sheet_are_no_records(workspace: Any, tabular: Make) -> None:
    with Workbook(workspace.folder / "days.xlsx") as book:
        sheet = book.add_worksheet("Days")
        sheet.write_row(0, 0, ["source_agent_id", "day"])
        sheet.write_row(1, 0, ["u-1", "2025-03-10"])
        sheet.write_row(3, 0, ["u-2", "never"])
        sheet.write_row(4, 0, [" ", ""])
    workspace.extract(tabular("days.xlsx", "agent_day"))

    assert workspace.books()["days.xlsx"] == (2, 1, 1, 0)
    assert list(workspace.reasons()) == [4]


def test_nested_values_are_no_text(workspace: Any, tabular: Make) -> None:
    rows = [{"source_agent_id": "u-1", "day": "2025-03-10"}, {"source_agent_id": {"x": 1}, "day": "2025-03-10"}]
    workspace.write("days.jsonl", "\n".join(json.dumps(row) for row in rows))
    workspace.extract(tabular("days.jsonl", "agent_day"))
    assert workspace.reasons() == {2: ["source_agent_id is not a single value"]}

    pl.DataFrame({"who": [{"id": 1}], "day": ["2025-03-10"]}).write_parquet(workspace.folder / "days.parquet")
    with pytest.raises(SourceError, match='column "who" holds several values in one'):
        workspace.extract(tabular("days.parquet", "agent_day", 'columns = { source_agent_id = "who" }'))


def test_the_file_without_the_columns_is_named(workspace: Any, tabular: Make) -> None:
    workspace.write("days-1.csv", DAYS)
    workspace.write("days-2.csv", "<html>Please sign in</html>\n")

    with pytest.raises(EmpathyError, match=r'days-2\.csv has the columns "<html>Please sign in</html>"'):
        workspace.extract(tabular("days-*.csv", "agent_day"))


def test_an_empty_list_of_records_is_a_quiet_day(workspace: Any, tabular: Make) -> None:
    workspace.write("days.json", "[]")
    workspace.extract(tabular("days.json", "agent_day"))

    assert workspace.books()["days.json"] == (0, 0, 0, 0)


def test_a_folder_is_not_a_missing_file(workspace: Any, tabular: Make) -> None:
    workspace.write("exports/days.csv", DAYS)

    with pytest.raises(ConfigError, match=r'"exports" is a folder; name its files, such as "exports/\*\.csv"'):
        workspace.extract(tabular("exports", "agent_day"))


@pytest.mark.parametrize("path", ["days [1].csv", "days [[]1].csv"])
def test_a_file_with_brackets_in_its_name_can_be_named(workspace: Any, tabular: Make, path: str) -> None:
    workspace.write("days [1].csv", DAYS)
    workspace.write("days 1.csv", DAYS)
    workspace.extract(tabular(path, "agent_day"))

    assert list(workspace.books()) == ["days [1].csv"]


def test_a_contact_in_the_hour_that_comes_twice_ends_in_the_second(workspace: Any, tabular: Make) -> None:
    """Clocks are put back from 03:00 to 02:00: 02:50 to 02:10 took twenty minutes, 02:50 to 01:50 never was."""
    workspace.write(
        "c.csv",
        "interaction_id,source_agent_id,started_at,ended_at,channel\n"
        "a,u,2025-10-26 02:50:00,2025-10-26 02:10:00,voice\n"
        "b,u,2025-10-26 02:10:00,2025-10-26 02:50:00,voice\n"
        "c,u,2025-10-26 02:50:00,2025-10-26 01:50:00,voice\n"
        "d,u,2025-10-26 02:50:00,2025-10-26 02:10:00+02:00,voice\n",
    )
    workspace.extract(tabular("c.csv", "interaction", zone="Europe/Madrid"))

    rows = workspace.rows("SELECT interaction_id, started_at, ended_at, _time_flag FROM landing.interaction ORDER BY 1")
    assert rows == [
        ("a", datetime(2025, 10, 26, 0, 50), datetime(2025, 10, 26, 1, 10), "started_at:fold,ended_at:fold"),
        ("b", datetime(2025, 10, 26, 0, 10), datetime(2025, 10, 26, 0, 50), "started_at:fold,ended_at:fold"),
    ]
    assert workspace.reasons() == {4: ["ended_at is before started_at"], 5: ["ended_at is before started_at"]}


SCORES = [(85.0, "85%"), (92.5, "92.5 %"), (0.0, "0%"), (100.0, "100%")]


@pytest.mark.parametrize("full", [1, 5, 100])
@pytest.mark.parametrize("kind", ["text", "Parquet", "percentages", "comma"])
def test_scores_are_read_out_of_their_full_score_and_as_percentages(
    workspace: Any, tabular: Make, full: int, kind: str
) -> None:
    options = [f"full_score = {full}"] if kind != "percentages" else []
    ids = [f"e{n}" for n in range(len(SCORES))]
    if kind == "Parquet":
        table = pl.DataFrame({"evaluation_id": ids, "empathy_score": [score * full / 100 for score, _ in SCORES]})
        table = table.with_columns(source_agent_id=pl.lit("a"), evaluated_at=pl.lit("2026-01-05"))
        table.write_parquet(workspace.folder / "qa.parquet")
    else:
        texts = [percent if kind == "percentages" else str(score * full / 100) for score, percent in SCORES]
        if kind == "comma":
            texts, options = [text.replace(".", ",") for text in texts], [*options, 'decimal = ","']
        lines = [f"{name};a;2026-01-05;{text}" for name, text in zip(ids, texts, strict=True)]
        head = "evaluation_id;source_agent_id;evaluated_at;empathy_score"
        workspace.write("qa.csv", "\n".join([head, *lines]))
    name = "qa.parquet" if kind == "Parquet" else "qa.csv"
    workspace.extract(tabular(name, "qa_evaluation", f"options = {{ {', '.join(options)} }}"))
    rows = workspace.rows("select empathy_score from landing.qa_evaluation order by evaluation_id")
    found = [score for (score,) in rows]
    assert found == pytest.approx([score / 100 for score, _ in SCORES])


def test_a_score_above_the_full_one_is_refused_with_the_option_that_reads_it(workspace: Any, tabular: Make) -> None:
    head = "evaluation_id,source_agent_id,evaluated_at,empathy_score"
    workspace.write("qa.csv", f"{head}\ne1,a,2026-01-05,85\ne2,a,2026-01-05,-1\n")
    workspace.extract(tabular("qa.csv", "qa_evaluation"))
    (above,), (below,) = workspace.reasons().values()
    assert above.endswith("is not between 0 and 1; options = { full_score = 100 } reads scores from 0 to 100")
    assert below.endswith("is not between 0 and 1"), "no full score reads it"
