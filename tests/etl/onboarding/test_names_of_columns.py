"""Names of columns as reports have them: numbers and codes of somebody, units, scales, flags that all say no."""

from __future__ import annotations

from typing import Any

import pytest

from etl.onboarding.guess import guess
from etl.onboarding.writing import ways_of_writing


def guessed(header: dict[str, str | list[str]], name: str = "") -> Any:
    """What is guessed of a table with these columns, each of one value or of several."""
    length = max(len(values) if isinstance(values, list) else 1 for values in header.values())
    rows = [
        {column: values[n] if isinstance(values, list) else values for column, values in header.items()}
        for n in range(length)
    ]
    found = guess(tuple(header), rows, name)
    assert found is not None
    return found, rows


@pytest.mark.parametrize("agent", ["Agenten Nr.", "Agentennummer", "AGENT NO", "Número de agente", "Agent-Kennung"])
@pytest.mark.parametrize("customer", ["Kunden-Nr", "Kundenkennung", "N° client", "Customer code", "Cliente ID"])
def test_numbers_and_codes_of_somebody_are_ids(agent: str, customer: str) -> None:
    found, _ = guessed({"Anruf-ID": "1", agent: "7", "Datum": "2026-01-05 10:00", "Kanal": "chat", customer: "K1"})
    assert found.table == "interaction"
    assert found.columns["source_agent_id"] == agent
    assert found.columns["source_customer_id"] == customer
    assert found.sure


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Talk time (min)", "min"), ("Handle time [ms]", "ms"), ("Dauer in Minuten", "min"), ("handle_time_sec", None)],
)
def test_a_unit_in_a_name_is_taken_and_not_asked_about(name: str, unit: str | None) -> None:
    long = ["4.5", "6", "3.2", "9", "11"] if unit == "min" else ["245000", "360000", "192000", "540000", "66000"]
    seconds = ["245", "360", "192", "540", "660"]
    found, rows = guessed({"call id": "1", "agent": "a", "date": "2026-01-05", name: long if unit else seconds})
    written, asked = ways_of_writing(found, rows)
    assert found.columns["handle_s"] == name
    assert written.get("duration_unit") == unit
    assert "options.duration_unit" not in asked


def test_a_unit_that_the_values_deny_is_asked_about() -> None:
    found, rows = guessed(
        {"call id": "1", "agent": "a", "date": "2026-01-05", "Duration (s)": ["4.5", "6", "3.2", "9", "8"]}
    )
    assert "options.duration_unit" in ways_of_writing(found, rows)[1]


@pytest.mark.parametrize(
    ("name", "answers", "scale", "asked"),
    [
        ("Zufriedenheit (1-5)", "4", None, False),
        ("CSAT (0-10)", "9", ("0", "10"), False),
        ("Customer satisfaction, 1 to 7", "6", ("1", "7"), False),
        ("csat", ["4", "5"], None, False),
        ("csat", ["4", "9"], ("1", "10"), True),
        ("csat", ["0", "1"], ("0", "1"), True),
        ("csat", ["85", "92"], ("0", "100"), True),
    ],
)
def test_the_scale_of_answers_is_read_off_their_name_or_asked_about(
    name: str, answers: str | list[str], scale: tuple[str, str] | None, asked: bool
) -> None:
    found, _ = guessed({"survey id": "s", "call id": "c", "answered at": "2026-01-05", name: answers}, "survey")
    assert (found.table, found.columns["csat_raw"]) == ("survey_response", name)
    assert found.constants == ({"scale_min": scale[0], "scale_max": scale[1]} if scale else {})
    assert bool(found.doubtful) is asked


@pytest.mark.parametrize(
    ("name", "scores", "full", "asked"),
    [
        ("Empathy (%)", ["85", "60"], "100", False),
        ("Empathy (0-10)", ["8.5", "6"], "10", False),
        ("Empathy score", ["85", "60"], "100", True),
        ("Empathy score", ["4.5", "3"], "5", True),
        ("Empathy score", ["0.85", "1"], None, False),
        ("Empathy score", ["85%", "60%"], None, False),
    ],
)
def test_the_full_score_is_read_off_names_and_values_or_asked_about(
    name: str, scores: list[str], full: str | None, asked: bool
) -> None:
    found, rows = guessed({"Evaluation ID": "e", "Agent": "a", "Evaluation date": "2026-01-05", name: scores}, "qa")
    written, questions = ways_of_writing(found, rows)
    assert (found.table, found.columns["empathy_score"]) == ("qa_evaluation", name)
    assert written.get("full_score") == full
    assert ("options.full_score" in questions) is asked


@pytest.mark.parametrize(("no", "yes"), [("Nein", "Ja"), ("non", "Oui"), ("NÃO", "Sim"), ("no", "Sí"), ("0", "1")])
def test_of_a_flag_that_only_says_no_the_word_for_yes_is_of_its_language(no: str, yes: str) -> None:
    found, _ = guessed({"Anruf-ID": "1", "Agent": "a", "Datum": "2026-01-05", "Kanal": "chat", "Escalated": no})
    assert yes in found.also["escalation"]["when"]["Escalated"]


def test_learners_are_known_by_their_address_where_their_name_stands_beside_it() -> None:
    found, _ = guessed(
        {"Learner": ["Doe, Kim", "Roe, Alex"], "Learner Email": ["k@example.com", "a@example.com"], "Course": "E1",
         "Completed on": "2026-01-05"}
    )  # fmt: skip
    assert (found.table, found.columns["source_agent_id"]) == ("training", "Learner Email")
    calls = {"Call #": "1", "Agent": ["Doe, Kim", "Roe, Alex"], "Start time": "2026-01-05 10:00"}
    met, _ = guessed({**calls, "Customer email": "c@example.com"})
    assert met.columns["source_agent_id"] == "Agent", "the address is the customer's"
    told, _ = guessed({**calls, "Customer email": "c@example.com", "Agent email": ["k@example.com", "a@example.com"]})
    assert told.columns["source_agent_id"] == "Agent email"
    by_id, _ = guessed({"Learner": ["k1", "k2"], "Learner Email": "k@example.com", "Course": "E1", "Completed": "2026"})
    assert by_id.columns["source_agent_id"] == "Learner"


@pytest.mark.parametrize("question", ["How likely are you to recommend us? (0-10)", "Würden Sie uns weiterempfehlen?"])
@pytest.mark.parametrize("answered", ["Date Submitted", "Response time", "Submitted at"])
def test_a_question_is_known_by_what_it_asks_and_a_day_whatever_the_order_of_its_words(
    question: str, answered: str
) -> None:
    found, _ = guessed({"Response ID": "1", "Agent": "a", answered: "2026-01-05", question: "9", "Comments": "ok"})
    assert (found.table, found.columns["nps"], found.columns["answered_at"]) == ("survey_response", question, answered)
    assert not found.sure, "a person confirms it"


@pytest.mark.parametrize(
    ("days", "form"),
    [
        (["Mar 2, 2026", "Apr 14, 2026"], "%b %d, %Y"),
        (["2-Mar-26", "14-Apr-26"], "%d-%b-%y"),
        (["2 March 2026 09:30", "14 April 2026 10:00"], "%d %B %Y %H:%M"),
        (["Mar 2, 2026", "14.04.2026"], None),
    ],
)
def test_months_that_are_words_are_read(days: list[str], form: str | None) -> None:
    found, rows = guessed({"Learner": "a", "Course": "E1", "Completion date": days})
    assert ways_of_writing(found, rows)[0].get("date_format") == form


@pytest.mark.parametrize("course", ["Nome do curso", "Nombre del curso", "Course name", "Kursbezeichnung", "Kurs-ID"])
@pytest.mark.parametrize("agent", ["Matricule", "Employee ID", "Work email", "Formando"])
def test_exports_know_agents_as_the_list_of_staff_does_and_courses_by_their_names(course: str, agent: str) -> None:
    found, _ = guessed({agent: "k@example.com" if "mail" in agent else "7", course: "E1", "Data de conclusão": "2026"})
    assert (found.table, found.columns["source_agent_id"]) == ("training", agent)
    assert found.columns.get("course_id") == course


def test_an_address_beside_a_contact_is_not_taken_for_the_agents() -> None:
    found, _ = guessed({"Call ID": "1", "Start time": "2026-01-05 10:00", "Channel": "chat", "Email": "c@example.com"})
    assert (found.table, "source_agent_id" in found.columns) == ("interaction", False)


@pytest.mark.parametrize(
    ("day", "time", "form"),
    [("25/01/2026", "10:25 AM", "%d/%m/%Y %I:%M %p"), ("01/25/2026", "10:25", "%m/%d/%Y %H:%M")],
)
def test_a_day_and_a_time_in_two_columns_are_known_by_their_values(day: str, time: str, form: str) -> None:
    found, rows = guessed({"Call #": "1", "Agent": "a", "Call Date": day, "Call Time": time, "Talk Time": "3:18"})
    assert found.times == ("Call Date", "Call Time")
    assert ways_of_writing(found, rows)[0]["date_format"] == form


@pytest.mark.parametrize(
    ("text", "form"), [("25/01/2026 10.35", "%d/%m/%Y %H.%M"), ("25/01/2026 10h35", "%d/%m/%Y %Hh%M")]
)
def test_times_with_a_dot_or_an_h_are_read(text: str, form: str) -> None:
    found, rows = guessed({"Call #": "1", "Agent": "a", "Start": text, "Queue": "q"})
    assert ways_of_writing(found, rows)[0]["date_format"] == form


def test_hours_worked_in_a_day_are_known_for_what_they_are() -> None:
    worked = ["7,5", "8", "7", "6,5", "8"]
    found, rows = guessed({"Agent": "a", "Jour": "2026-01-05", "Temps travaillé": worked, "Absent": "non"})
    assert (found.table, ways_of_writing(found, rows)[0]["duration_unit"]) == ("agent_day", "h")
