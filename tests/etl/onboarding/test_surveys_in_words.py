"""Surveys as their systems export them: questions for names, a second header, answers in words or stars."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from etl.configuration.model import load
from etl.landing.extract import extract
from etl.onboarding.suggest import suggest

SATISFIED = "How satisfied were you with the service?"
WORDS = ("Very satisfied", "Satisfied", "Neither satisfied nor dissatisfied", "Dissatisfied", "Very dissatisfied")
GERMAN = ("Sehr zufrieden", "Zufrieden", "Teils/teils", "Unzufrieden", "Sehr unzufrieden")
NUMBERED = ("5 - great", "4", "3 stars", "2 (poor)", "1: bad")
STARS = ("★★★★★", "★★★★☆", "★★★☆☆", "★★☆☆☆", "★☆☆☆☆")


@pytest.mark.parametrize("answers", [WORDS, GERMAN, NUMBERED, STARS], ids=["words", "German", "numbered", "stars"])
@pytest.mark.parametrize("second_header", [True, False])
def test_a_survey_goes_from_its_export_to_points(tmp_path: Path, answers: tuple[str, ...], second_header: bool) -> None:
    lines = [f"Respondent ID,Start Date,End Date,Agent,{SATISFIED}"]
    lines += [",,,Open-Ended Response,Response"] * second_header
    for number in range(30):
        start = dt.datetime(2026, 1, 25, 10) + dt.timedelta(hours=number)
        times = f"{start:%m/%d/%Y %I:%M:%S %p},{start + dt.timedelta(minutes=3):%m/%d/%Y %I:%M:%S %p}"
        lines.append(f"{number + 100},{times},u{number % 4},{answers[number % 5]}")
    (tmp_path / "Customer Survey.csv").write_text("\n".join(lines), encoding="utf-8")

    found = suggest(tmp_path)
    (tmp_path / "empathy.toml").write_text(found.toml.replace('key_env = "EMPATHY_KEY"', "demo = true #"), "utf-8")
    with duckdb.connect() as con:
        extract(load(tmp_path / "empathy.toml"), tmp_path / "work", con, lambda _: None, run_id="r")
        points = con.execute(
            "select csat_raw from landing.survey_response order by cast(response_id as integer)"
        ).fetchall()
    assert [point for (point,) in points] == [5 - number % 5 for number in range(30)]
