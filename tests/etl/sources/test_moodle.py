"""Moodle completion reports: one course a file, local dates, any number of activities, open enrolments."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from etl.sources.moodle import STATE, course_of, day_or_month_first


def test_completed_in_progress_and_assigned(load):
    loaded = load("moodle", "completion-emp101.csv", timezone="Europe/Madrid")
    assert loaded.counts == (7, 4, 2, 1)
    rows = {row["source_agent_id"]: row for row in loaded.rows("training")}
    assert rows["E0001"] == {
        "source_agent_id": "E0001",
        "course_id": "EMP101",
        "attempt": 1,
        "started_at": datetime(2025, 2, 13, 8, 0),
        "completed_at": datetime(2025, 2, 14, 9, 31),
        "status": "completed",
    }
    assert rows["E0002"]["status"] == "in_progress"
    assert rows["E0002"]["started_at"] == datetime(2025, 2, 20, 8, 0)
    assert rows["three@example.com"]["status"] == "assigned"
    assert rows["420"]["status"] == "completed"


def test_times_that_do_not_exist_are_flagged(load):
    loaded = load("moodle", "completion-emp101.csv", timezone="Europe/Madrid")
    flags = dict(loaded.con.execute("SELECT source_agent_id, _time_flag FROM landing.training").fetchall())
    assert flags["E0001"] is None
    assert "completed_at:gap" in flags["420"]


def test_dates_that_cannot_be_read_are_reasons(load):
    said = load("moodle", "completion-emp101.csv", timezone="Europe/Madrid").reasons()
    assert any('Film - Completion date: "soon" is not a date and time' in reason for reason in said[7])
    assert any('completed_at (Course complete): "31/02/25, 10:31"' in reason for reason in said[8])


def test_the_section_may_name_course_and_date_format(load, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text(
        'ID,Name,"ID number","Email address","Course complete"\n1,A,E1,,"02/14/25, 3:05 PM"\n', encoding="utf-8"
    )
    options = {"course": "EMP-1", "date_format": "%m/%d/%y, %I:%M %p"}
    (row,) = load("moodle", export, timezone="UTC", options=options).rows("training")
    assert row["course_id"] == "EMP-1"
    assert row["completed_at"] == datetime(2025, 2, 14, 15, 5)


def test_columns_may_stand_in_any_order_and_semicolons_are_found(load, tmp_path):
    export = tmp_path / "progress.emp7.csv"
    export.write_text("Course complete;Email address;Extra;ID;ID number\n14/02/2025 10:31;a@x.org;?;9;E9\n", "utf-8")
    (row,) = load("moodle", export, timezone="UTC").rows("training")
    assert (row["source_agent_id"], row["course_id"], row["status"]) == ("E9", "EMP7", "completed")


@pytest.mark.parametrize(
    ("name", "course"),
    [
        ("moodle_completion-emp101.csv", "EMP101"),
        ("progress.emp101.csv", "EMP101"),
        ("completion-emp-101.csv.gz", "EMP-101"),
        ("emp101.csv", "EMP101"),
    ],
)
def test_the_course_of_a_file_name(name, course):
    assert course_of(Path(name)) == course


def test_day_or_month_first():
    assert day_or_month_first(["03/04/25, 10:00", "14/02/25, 10:31"]) == "day"
    assert day_or_month_first(["02/14/25, 10:31"]) == "month"
    assert day_or_month_first(["03/04/25, 10:00"]) == "either"
    assert day_or_month_first(["3 April 2025, 10:00 AM"]) == "none"


def test_a_file_of_another_kind_is_refused(load, tmp_path):
    from etl.errors import EmpathyError

    export = tmp_path / "x.csv"
    export.write_text("ID,Abgeschlossen\n1,ja\n", encoding="utf-8")
    with pytest.raises(EmpathyError, match='no column such as "Course complete"'):
        load("moodle", export, timezone="UTC")


def test_a_course_is_begun_with_its_earliest_activity_unless_that_came_after_it(load, tmp_path):
    export = tmp_path / "completion-x.csv"
    export.write_text(
        'ID,Name,"ID number","Email address",A,"A - Completion date",B,"B - Completion date","Course complete"\n'
        '1,A,E1,,Completed,"12/02/25, 10:00",Completed,"11/02/25, 10:00","14/02/25, 10:00"\n'
        '2,B,E2,,Completed,"16/02/25, 10:00",Completed,"15/02/25, 10:00","14/02/25, 10:00"\n',
        encoding="utf-8",
    )
    first, second = load("moodle", export, timezone="UTC").rows("training")
    assert first["started_at"] == datetime(2025, 2, 11, 10)
    assert "started_at" not in second


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("ID;Name;ID-Nummer;E-Mail-Adresse;Film;Film - Abschlussdatum;Kurs abschließen", "14.02.25, 10:31"),
        (
            "ID,Nom,Numéro d'identification,Adresse de courriel,Film,Film - Date d'achèvement,Cours terminé",
            "14/02/2025 10:31",
        ),
        (
            "ID,Nombre,Número de ID,Dirección de correo,Film,Film - Fecha de finalización,Curso finalizado",
            "14/02/25, 10:31",
        ),
        (
            "ID,Nome,Número de identificação,Endereço de e-mail,Film,Film - Data de conclusão,Disciplina concluída",
            "14/02/25 10:31",
        ),
        (
            "ID,Nome,Codice identificativo,Indirizzo email,Film,Film - Data di completamento,Corso completato",
            "14/02/2025, 10:31",
        ),
    ],
)  # fmt: skip
def test_reports_in_other_languages(load, tmp_path, header, date):
    mark = ";" if ";" in header else ","
    export = tmp_path / "completion-emp101.csv"
    lines = [
        header, mark.join(["1", "A", "E1", "", "", f'"{date}"', f'"{date}"']),
        mark.join(["2", "B", "", "B@X.org", "", f'"{date}"', ""]), mark.join(["3", "C", "", "", "", "", ""]), "",
    ]  # fmt: skip
    export.write_text("\n".join(lines), encoding="utf-8")
    assert recognised(export) == "completions of course EMP101"
    loaded = load("moodle", export, timezone="UTC")
    rows = {row["source_agent_id"]: (row["status"], row.get("completed_at")) for row in loaded.rows("training")}
    assert rows == {
        "E1": ("completed", datetime(2025, 2, 14, 10, 31)), "b@x.org": ("in_progress", None), "3": ("assigned", None),
    }  # fmt: skip
    assert loaded.reasons() == {}


def recognised(export: Path) -> str:
    from etl.onboarding.suggest import suggest

    (line,) = suggest(export.parent).lines
    return line.rpartition(": ")[2]


PROGRESS = ""","E-Mail-Adresse","Film","","Quiz","2025-03-01 00:00:00"
"Ada","ada@x.org","Abgeschlossen","2025-02-14 10:31:00","Abgeschlossen (Bestehensgrenze erreicht)","2025-02-15 09:00:00"
"Ben","ben@x.org","Abgeschlossen","2025-02-14 10:31:00","Nicht abgeschlossen","2025-02-20 09:00:00"
"Cem","cem@x.org","Nicht abgeschlossen","","Nicht abgeschlossen",""
"Dan","dan@x.org","Abgeschlossen","2025-02-14 10:31:00","Abgeschlossen (Grenze nicht erreicht)","2025-02-16 09:00:00"
"Eva","eva@x.org","Vielleicht","","Nicht abgeschlossen",""
"Fay","fay@x.org","Abgeschlossen","bald","Nicht abgeschlossen",""
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_progress_report_completes_the_course_with_its_activities(load, tmp_path, encoding):
    export = tmp_path / "progress.emp101.csv"
    export.write_text(PROGRESS, encoding=encoding)
    assert recognised(export) == "progress of course EMP101"
    loaded = load("moodle", export, timezone="UTC")
    rows = {
        row["source_agent_id"][:3]: (row["status"], row.get("started_at"), row.get("completed_at"))
        for row in loaded.rows("training")
    }
    film = datetime(2025, 2, 14, 10, 31)
    assert rows == {
        "ada": ("completed", film, datetime(2025, 2, 15, 9)), "ben": ("in_progress", film, None),
        "cem": ("assigned", None, None), "dan": ("failed", film, datetime(2025, 2, 16, 9)),
    }  # fmt: skip
    said = loaded.reasons()
    assert said[6] == ['Film: "Vielleicht" is no state of an activity']
    assert said[7] == ['Film, time: "bald" is not a time']
    only_film = load("moodle", export, timezone="UTC", options={"activities": ["Film"]})
    assert {row["source_agent_id"][:3]: row["status"] for row in only_film.rows("training")}["ben"] == "completed"
    with pytest.raises(Exception, match=r'no activity "Quizz".* Did you mean "Quiz"'):
        load("moodle", export, timezone="UTC", options={"activities": ["Quizz"]})


@pytest.mark.parametrize(
    ("state", "reached"),
    [
        ("Completed", True), ("Not completed", False), ("Terminé", True), ("Non terminé", False), ("Achevé", True),
        ("Finalizado", True), ("No finalizado", False), ("Concluído", True), ("Não concluído", False),
        ("Completato", True), ("Non completato", False), ("Abgeschlossen (gesetzt von Eva)", True),
    ],
)  # fmt: skip
def test_states_of_activities_in_six_languages(state, reached):
    with duckdb.connect() as con:
        plain = con.execute("select lower(strip_accents(?))", [state]).fetchone()[0]
        assert con.execute("select regexp_matches(?, ?)", [plain, STATE]).fetchone() == (True,)
        assert con.execute("select regexp_extract(?, ?, 1) = ''", [plain, STATE]).fetchone() == (reached,)
