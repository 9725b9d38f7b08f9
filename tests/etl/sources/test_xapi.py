"""xAPI statements: who, which course, what became of it, offset times."""

from __future__ import annotations

from datetime import datetime


def test_statements_become_training_rows(load):
    loaded = load("xapi", "xapi.jsonl")
    assert loaded.counts == (10, 6, 2, 2)
    rows = {(row["source_agent_id"], row["status"]): row for row in loaded.rows("training")}
    assert ("E0001", "assigned") not in rows, "that statement is voided"
    assert rows["E0001", "in_progress"]["started_at"] == datetime(2025, 2, 14, 8)
    done = rows["E0001", "completed"]
    assert done["completed_at"] == datetime(2025, 2, 14, 9, 31)
    assert (done["course_id"], done["score"]) == ("EMP101", 0.92)
    assert rows["agent.two@example.com", "failed"]["score"] == 0.4
    passed = rows["agent.two@example.com", "completed"]
    assert passed["completed_at"] == datetime(2025, 2, 16, 13)
    assert passed["course_id"] == "EMP102", "query and final slash are no part of a course"
    assert ("E0003", "failed") in rows, "completed without success is a failure"
    assert ("E0004", "withdrawn") in rows


def test_statements_that_say_nothing_of_progress_are_left_out_and_counted(load):
    loaded = load("xapi", "xapi.jsonl")
    assert [(reject["line"], reject["status"]) for reject in loaded.rejects] == [(7, "dropped"), (8, "dropped")]


def test_the_section_may_say_where_the_course_stands(load):
    loaded = load("xapi", "xapi.jsonl", options={"course_pattern": "/(courses)/"})
    assert {row["course_id"] for row in loaded.rows("training")} == {"courses"}


def test_every_damaged_statement_is_refused_once(load):
    loaded = load("xapi", "xapi_damaged.jsonl")
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "2025-02-31" in said[2]
    assert "actor is not an object" in said[3]
    assert "course_id (object.id): empty" in said[4]
    assert "status" in said[5]
    assert "score" in said[6]
    assert "completed_at is empty" in said[7]
    assert loaded.counts == (7, 1, 6, 0)


def test_every_completion_of_a_course_is_kept_so_that_the_first_is_known(load, tmp_path):
    lines = [
        '{"id":"a","actor":{"account":{"name":"E1"}},"verb":{"id":"v/completed"},"object":{"id":"c/EMP1"},'
        '"timestamp":"2025-02-01T00:00:00Z"}',
        '{"id":"b","actor":{"account":{"name":"E1"}},"verb":{"id":"v/passed"},"object":{"id":"c/EMP1"},'
        '"timestamp":"2025-09-01T00:00:00Z"}',
    ]
    export = tmp_path / "s.jsonl"
    export.write_text("\n".join(lines), encoding="utf-8")
    loaded = load("xapi", export)
    assert loaded.counts == (2, 2, 0, 0)
    assert [row["completed_at"].month for row in loaded.rows("training")] == [2, 9]


def test_statements_without_an_id_are_told_apart_by_what_they_say(load, tmp_path):
    said = (
        '{"actor":{"account":{"name":"%s"}},"verb":{"id":"v/completed"},"object":{"id":"c/EMP1"},'
        '"timestamp":"2025-02-01T00:00:00Z"}'
    )
    export = tmp_path / "s.jsonl"
    export.write_text("\n".join(said % name for name in ("E1", "E2", "E2", "E3")), encoding="utf-8")
    assert load("xapi", export).counts == (4, 3, 0, 1)


def test_a_course_opened_again_keeps_the_day_on_which_it_was_begun(load, tmp_path):
    verbs = ("initialized", "progressed", "initialized")
    lines = [
        f'{{"id":"{day}","actor":{{"account":{{"name":"E1"}}}},"verb":{{"id":"v/{verb}"}},"object":{{"id":"c/EMP1"}},'
        f'"timestamp":"2025-02-{day}T00:00:00Z"}}'
        for day, verb in zip(("10", "20", "28"), verbs, strict=True)
    ]
    export = tmp_path / "s.jsonl"
    export.write_text("\n".join(lines), encoding="utf-8")
    assert min(row["started_at"].day for row in load("xapi", export).rows("training")) == 10
