"""Moodle completion reports: one course a file, local dates, any number of activities, open enrolments."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from etl.sources.moodle import course_of, day_or_month_first


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
    with pytest.raises(EmpathyError, match='no column "Course complete"'):
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
