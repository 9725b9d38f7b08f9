"""Qualtrics responses: three header rows, the zone they name, previews, quoted line breaks, questions by name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from etl.sources.qualtrics import questions, zone_of

DATA = Path(__file__).parent / "data"


def test_answers_are_read_in_the_zone_of_the_third_header_row(load):
    loaded = load("qualtrics", "qualtrics.csv", timezone="Europe/Madrid")
    first, fold = loaded.rows("survey_response", "response_id")
    assert first["answered_at"] == datetime(2025, 3, 10, 14, 2)
    assert first["invited_at"] == datetime(2025, 3, 10, 13, 0)
    assert (first["csat_raw"], first["felt_heard"], first["nps"]) == (2, 4, 9)
    assert (first["scale_min"], first["scale_max"]) == (1, 5)
    assert (first["interaction_id"], first["source_agent_id"]) == ("k-1", "ag1")
    assert first["comment"].startswith("Kind,\nbut slow")
    assert "someone@example.com" not in first["comment"]
    assert fold["answered_at"] == datetime(2025, 11, 2, 7, 30), "01:30 happened twice: the first is taken, and flagged"
    flags = dict(loaded.con.execute("SELECT response_id, _time_flag FROM landing.survey_response").fetchall())
    assert flags["R_1"] is None
    assert "answered_at:fold" in flags["R_4"]


def test_previews_spam_and_unfinished_are_left_out_and_counted(load):
    loaded = load("qualtrics", "qualtrics.csv")
    assert loaded.counts == (6, 2, 3, 1)
    assert [reject["status"] for reject in loaded.rejects] == ["dropped"] * 3
    assert [reject["reasons"][0].split(":")[0] for reject in loaded.rejects] == ["preview", "unfinished", "spam"]
    kept = load("qualtrics", "qualtrics.csv", options={"unfinished": "keep"})
    assert kept.counts == (6, 3, 2, 1)


def test_the_section_may_name_the_questions_and_their_scale(load):
    loaded = load("qualtrics", "qualtrics.csv", columns={"csat_raw": "Q9_NPS"}, constants={"scale_max": 10})
    (first, *_) = loaded.rows("survey_response", "response_id")
    assert (first["csat_raw"], first["scale_max"]) == (9, 10)


def test_every_damaged_response_is_refused_once(load):
    loaded = load("qualtrics", "qualtrics_damaged.csv")
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert 'csat_raw (Q7): "xxxx xxxx" is not a number' in said[5]
    assert "csat_raw is off its scale" in said[6]
    assert "nps" in said[6]
    assert "response_id (ResponseId): empty" in said[7]
    assert '"42" is not a type of response' in said[8]
    assert "answered_at" in said[10]
    assert loaded.counts == (7, 2, 5, 0), "a time in a daylight-saving gap is loaded, and flagged"


def test_a_file_without_its_header_rows_is_refused(load, tmp_path):
    from etl.errors import EmpathyError

    lines = (DATA / "qualtrics.csv").read_text(encoding="utf-8").splitlines()
    cut = tmp_path / "cut.csv"
    cut.write_text("\n".join([lines[0], *lines[3:]]), encoding="utf-8")
    with pytest.raises(EmpathyError, match="import ids"):
        load("qualtrics", cut)


def test_questions_are_guessed_by_name_then_by_text():
    header = ("ResponseId", "Status", "Q1", "Q2", "Q2_NPS_GROUP", "CSAT", "Q5_TEXT")
    texts = {"Q1": "I felt heard", "Q2": "Would you recommend us?", "CSAT": "Overall?", "Q5_TEXT": "Why?"}
    assert questions(header, texts) == {"csat_raw": "CSAT", "comment": "Q5_TEXT", "felt_heard": "Q1", "nps": "Q2"}


def test_a_zone_that_is_none_is_an_error():
    from etl.sources.format import SourceError

    assert zone_of('{"ImportId":"endDate","timeZone":"Z"}', "f") == "UTC"
    assert zone_of("not json", "f") is None
    with pytest.raises(SourceError, match="Mars"):
        zone_of('{"ImportId":"endDate","timeZone":"Mars/Base"}', "f")


def test_choice_texts_byte_order_mark_and_windows_line_ends(load):
    constants = {"scale_max": 7, "felt_heard_max": 7}
    (row,) = load("qualtrics", "qualtrics_plain.csv", constants=constants).rows("survey_response")
    assert (row["response_id"], row["csat_raw"], row["scale_max"]) == ("R_9", 7, 7)
    assert row["answered_at"] == datetime(2025, 3, 10, 8, 2), "timeZone Z is UTC"
