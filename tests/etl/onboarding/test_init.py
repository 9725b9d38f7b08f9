"""A folder of exports becomes a configuration that loads, says what is there, and marks what nobody can know."""

from __future__ import annotations

import difflib
import gzip
import json
import zipfile
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.configuration.model import Config, load
from etl.errors import EmpathyError
from etl.onboarding.column_names import SPELLING, spelt, words_of
from etl.onboarding.guess import guess
from etl.onboarding.suggest import suggest
from etl.onboarding.vocabulary import SYNONYMS

DATA = Path(__file__).parents[1] / "sources" / "data"


def written(folder: Path, target: Path | None = None) -> tuple[Config, str, tuple[str, ...]]:
    target = target or folder / "empathy.toml"
    suggestion = suggest(folder, relative_to=target.parent)
    target.write_text(suggestion.toml, encoding="utf-8")
    return load(target), suggestion.toml, suggestion.lines


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sample_data import write_sample

    folder = tmp_path_factory.mktemp("world")
    write_sample(folder, agents=16, weeks=12, seed=5)
    return folder


def test_every_export_of_the_sample_world_is_recognised_for_what_it_is(world: Path) -> None:
    from etl.reading.files import find_files

    proposed, _, lines = written(world / "exports", world / "proposed.toml")
    known = load(world / "empathy.toml")
    left = [line.split(":")[1].split()[0] for line in lines if line.startswith("left out")]
    assert left == []
    unread = [line.split(":")[0] for line in lines if line.endswith("not read until [conversations] read = true")]
    assert unread == ["chat_turns", "contact_lens"]

    def by_file(config: Config) -> dict[Path, tuple[str, str | None, dict[str, object]]]:
        found = find_files(config)
        return {
            path: (source.format, source.table, dict(source.columns) if source.format == "tabular" else {})
            for name, source in config.sources.items()
            for path in found.get(name, ())  # none of conversations, while the configuration leaves them off
        }

    of_conversations = ("contact_lens", "utterance")
    expected = {path: found for path, found in by_file(known).items() if not {*found[:2]} & {*of_conversations}}
    (invitations,) = (path for path in expected if path.name == "survey_invitations.csv")
    expected[invitations] = ("qualtrics", None, {})  # a distribution history, which the format reads too
    assert by_file(proposed) == expected


def test_the_proposal_for_the_sample_world_can_be_read(world: Path) -> None:
    from etl.landing.extract import extract

    proposed, _, _ = written(world / "exports", world / "proposed.toml")
    con = duckdb.connect()
    extract(proposed, None, con, enforce=False, folder=world / "landing-of-test")
    rejected = dict(
        con.execute("SELECT source, count(*) FROM landing.reject WHERE status = 'open' GROUP BY source").fetchall()
    )
    assert set(rejected) <= {"offers"}, "offers of a kind the proposal leaves to decide"
    systems = {row[0] for row in con.execute("SELECT DISTINCT identity_source FROM landing.agent_identity").fetchall()}
    assert systems <= set(proposed.sources), "sections are called what the list of ids calls them"
    for table in ("interaction", "survey_response", "escalation", "training", "agent", "agent_team", "qa_evaluation"):
        assert con.execute(f"SELECT count(*) > 0 FROM landing.{table}").fetchone() == (True,), table


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("amazon_connect.jsonl", "amazon_connect"),
        ("genesys.json", "genesys"),
        ("zendesk_tickets.jsonl", "zendesk"),
        ("zendesk_satisfaction_ratings.json", "zendesk"),
        ("salesforce_case.csv", "salesforce"),
        ("salesforce_opportunity_line_item.csv", "salesforce"),
        ("qualtrics.csv", "qualtrics"),
        ("completion-emp101.csv", "moodle"),
        ("xapi.jsonl", "xapi"),
        ("bamboohr_employees.csv", "bamboohr"),
        ("bamboohr_job_history.csv", "bamboohr"),
        ("workday_worker_history.csv", "workday"),
        ("workday_worker_position_organization_history.csv", "workday"),
        ("nice_contact_detail.csv", "nice"),
    ],
)
def test_a_file_is_known_by_its_content_not_its_name(file: str, name: str, tmp_path: Path) -> None:
    (tmp_path / f"download 1{Path(file).suffix}").write_bytes((DATA / file).read_bytes())
    config, _, _ = written(tmp_path)
    (source,) = config.sources.values()
    assert source.format == name


@pytest.mark.parametrize(
    "name",
    ["contact_lens", "transcribe", "genesys_transcripts", "zendesk_comments", "zendesk_conversation_log",
     "twilio_sentences", "vcon"],
)  # fmt: skip
def test_transcripts_of_one_contact_a_file_are_known_and_are_one_source(name: str, tmp_path: Path) -> None:
    document = (Path(__file__).parents[1] / "sources" / "data" / f"{name}.json").read_text(encoding="utf-8")
    (tmp_path / "lens").mkdir()
    for number in range(3):
        (tmp_path / "lens" / f"c-{number}_analysis.json").write_text(document, encoding="utf-8")
    config, _, _ = written(tmp_path)
    (source,) = config.sources.values()
    assert source.format == name
    assert source.paths == ("lens/c-*_analysis.json",)


def test_what_nobody_can_read_off_a_file_is_marked(tmp_path: Path) -> None:
    for file in ("zendesk_tickets.jsonl", "completion-emp101.csv", "amazon_connect.jsonl", "bamboohr_employees.csv"):
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    config, text, _ = written(tmp_path)
    marked = [line for line in text.splitlines() if "DECIDE" in line]
    assert any("contact_field" in line and "Seen: 77" in line for line in marked)
    assert any("escalation_tags" in line and "Seen:" in line for line in marked)
    assert any("timezone" in line for line in marked)
    assert any("how agents were chosen" in line for line in marked)
    assert config.sources["tickets"].options == {
        "tickets_are": "escalations",
        "escalation_tags": {"to_tier2": "tier2"},
        "contact_field": 77,
    }
    assert config.programme.assignment.mode == "unknown"
    assert [course.id for course in config.programme.courses] == ["EMP101"]
    assert '# [sites."Madrid"]' in text


def test_reports_that_share_their_ids_become_one_source(tmp_path: Path) -> None:
    for file in ("bamboohr_employees.csv", "bamboohr_job_history.csv"):
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    config, _, _ = written(tmp_path)
    assert config.sources["staff"].paths == ("bamboohr_employees.csv", "bamboohr_job_history.csv")


def test_systems_of_a_crosswalk_that_are_no_section_are_named(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("System,Id in system,Employee number\nphones,7,E1\nsap,8,E1\n", encoding="utf-8")
    _, text, _ = written(tmp_path)
    assert "no section is called phones, sap" in text


def test_a_series_of_files_becomes_a_pattern_that_matches_no_other(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    for month in ("2025-01", "2025-02", "2025-10"):
        (tmp_path / "calls" / f"ctr-{month}.jsonl").write_bytes((DATA / "amazon_connect.jsonl").read_bytes())
    (tmp_path / "calls" / "learned-2025.jsonl").write_bytes((DATA / "xapi.jsonl").read_bytes())
    config, _, _ = written(tmp_path)
    assert config.sources["contacts"].paths == ("calls/ctr-*.jsonl",)
    assert config.sources["learning"].paths == ("calls/learned-2025.jsonl",)


def test_the_order_of_day_and_month_is_read_off_or_asked_for(tmp_path: Path) -> None:
    head = 'ID,Name,"ID number","Email address","Course complete"\n'
    (tmp_path / "completion-a.csv").write_text(head + '1,A,E1,,"02/14/25, 10:31"\n', encoding="utf-8")
    (tmp_path / "completion-b.csv").write_text(head + '1,A,E1,,"02/03/25, 10:31"\n', encoding="utf-8")
    config, text, _ = written(tmp_path)
    assert config.sources["moodle_a"].options["date_format"][0] == "%m/%d/%y, %H:%M"
    assert config.sources["moodle_b"].options["date_format"][0] == "%d/%m/%y, %H:%M"
    assert text.count("DECIDE: date_format") == 1


def test_what_is_no_export_is_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk", encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.json").write_text('{"conversations": [', encoding="utf-8")
    (tmp_path / ".hidden.csv").write_text("ID,Name\n", encoding="utf-8")
    old = tmp_path / "warehouse"
    old.mkdir()
    (old / "CURRENT.json").write_text("{}", encoding="utf-8")
    (tmp_path / "xapi.jsonl").write_bytes((DATA / "xapi.jsonl").read_bytes())
    config, _, lines = written(tmp_path)
    assert set(config.sources) == {"learning"}
    left_out = [line for line in lines if line.startswith("left out")]
    assert [any(name in line for line in left_out) for name in ("notes.txt", "empty.csv", "broken.json")] == [True] * 3
    assert len(left_out) == 3


def test_a_folder_with_nothing_in_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(EmpathyError, match="no export was recognised"):
        suggest(tmp_path)
    with pytest.raises(EmpathyError, match="there is no such folder"):
        suggest(tmp_path / "nowhere")


def test_an_unknown_table_is_proposed_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "bewertung.csv").write_text(
        "EvalID;AgentNo;Evaluator;Relased;Empathy;Critical\n1;7;R1;2025-01-02;0.5;yes\n", encoding="utf-8"
    )
    config, text, _ = written(tmp_path)
    source = config.sources["bewertung"]
    assert source.table == "qa_evaluation"
    assert source.columns == {
        "evaluation_id": "EvalID",
        "source_agent_id": "AgentNo",
        "source_evaluator_id": "Evaluator",
        "evaluated_at": "Relased",
        "empathy_score": "Empathy",
        "critical_fail": "Critical",
    }
    assert "whether these are the right columns" in text, "one of them is misspelt"


def test_words_are_explained_where_their_meaning_is_plain() -> None:
    found = guess(
        ("Offer ID", "Type", "Made at", "Result"),
        [{"Offer ID": "1", "Type": "UPS", "Made at": "2025-01-01", "Result": "accepted"},
         {"Offer ID": "2", "Type": "XS", "Made at": "2025-01-01", "Result": "maybe"}],
    )  # fmt: skip
    assert found is not None
    assert found.table == "offer"
    assert found.values == {"kind": {"UPS": "upsell"}, "accepted": {"accepted": True}}
    assert found.unexplained == {"kind": ("XS",), "accepted": ("maybe",)}


def test_a_header_about_something_else_is_no_proposal() -> None:
    assert guess(("Colour", "Weight", "Shelf")) is None
    assert guess(()) is None


def test_names_are_compared_as_words() -> None:
    assert words_of("sourceAgentID") == words_of("Source-agent id") == "source agent id"


NAMES = ("Agent", "Date", "Type", 'a "b"', "Ärger#", "x = y", "Offer ID", "Made at")
ANY_NAME = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=25)


@given(
    known=st.sampled_from(sorted({word for words in SYNONYMS.values() for word in words})),
    cut=st.integers(0, 12), put=st.text("aeinrst 1", max_size=3),
)  # fmt: skip
def test_a_spelling_that_letters_rule_out_is_none_that_counts(known: str, cut: int, put: str) -> None:
    said = known[:cut] + put + known[cut + 1 :]
    ratio = difflib.SequenceMatcher(None, said, known).ratio()
    assert spelt(said, known) in ((ratio,) if ratio >= SPELLING else (ratio, 0.0))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.lists(st.sampled_from(NAMES) | ANY_NAME, min_size=1, max_size=6, unique=True),
    value=ANY_NAME,
    name=st.sampled_from(["plain", "sp ace", "[set]", "naïve", "9lives", "a'b"]),
)  # fmt: skip
def test_whatever_the_names_in_a_file_the_proposal_is_valid(
    header: list[str], value: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Names of columns and files are quoted so that the configuration always loads and finds the file again."""
    import csv

    from etl.reading.files import find_files

    folder = tmp_path_factory.mktemp("any")
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, [value] * len(header)])
    try:
        config, _, _ = written(folder)
    except EmpathyError as error:
        if "no export was recognised" in str(error):
            return
        raise
    assert [path.name for paths in find_files(config).values() for path in paths] == [f"{name}.csv"]
    columns = next(iter(config.sources.values())).columns
    assert set(columns.values()) <= {column.strip() for column in header}, json.dumps(header)


def test_exports_of_one_system_are_one_source_whatever_their_names(tmp_path: Path) -> None:
    text = (DATA / "amazon_connect.jsonl").read_bytes()
    for name in ("CTR export Jan (1).jsonl", "ctr_02.jsonl", "ctr_03.jsonl"):
        (tmp_path / name).write_bytes(text)
    (tmp_path / "feb FINAL.jsonl.gz").write_bytes(gzip.compress(text))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ctr_02.jsonl").write_bytes(text)
    config, _, _ = written(tmp_path)
    assert config.sources["contacts"].paths == ("CTR export Jan (1).jsonl", "ctr_*.jsonl", "feb FINAL.jsonl.gz")
    assert config.sources["contacts_2"].paths == ("other/ctr_02.jsonl",)


def test_exports_whose_zones_may_differ_stay_apart_by_name(tmp_path: Path) -> None:
    contacts = "Contact_ID,Agent_No,Start_Date,Start_Time\n1,7,1/2/2025,9:00:00\n"
    days = "Agent,Day,Worked seconds,Absent\nA1,2025-04-03,3600,0\n"
    for place in ("madrid", "manila"):
        for month in (1, 2):
            (tmp_path / f"{place}_calls_{month}.csv").write_text(contacts, encoding="utf-8")
            (tmp_path / f"{place}_days_{month}.csv").write_text(days, encoding="utf-8")
    config, _, _ = written(tmp_path)
    assert sorted(source.paths for source in config.sources.values()) == [
        (f"{place}_{kind}_*.csv",) for place in ("madrid", "manila") for kind in ("calls", "days")
    ]


def test_how_a_text_is_written_is_read_off(tmp_path: Path) -> None:
    head = "Offer ID;Contact;Agent;Type;Made at;Result;Amount;Notiz\n"
    rows = "O1;C1;A1;upsell;31.01.2025 10:15;accepted;1.234,50;größer\nO2;C2;A1;upsell;01.02.2025 09:00;declined;;\n"
    (tmp_path / "Angebote - Kopie.csv").write_bytes((head + rows).encode("cp1252"))
    config, text, _ = written(tmp_path)
    offers = config.sources["angebote"]
    assert offers.options == {"encoding": "cp1252", "decimal": ",", "date_format": "%d.%m.%Y %H:%M"}
    assert "DECIDE: encoding" not in text  # its letters are those of German
    assert "DECIDE: date_format" not in text


@pytest.mark.parametrize(
    ("days", "pattern", "asked"),
    [
        (("03/04/2025", "05/06/2025"), "%d/%m/%Y", True),
        (("03/04/2025", "05/16/2025"), "%m/%d/%Y", False),
        (("13/04/2025", "05/06/2025"), "%d/%m/%Y", False),
        (("2025-04-03", "05/06/2025"), None, False),
    ],
)
def test_local_dates_are_read_off_or_asked_for(
    days: tuple[str, str], pattern: str | None, asked: bool, tmp_path: Path
) -> None:
    rows = "".join(f"A1,{day},3600,0\n" for day in days)
    (tmp_path / "roster.csv").write_text(f"Agent,Day,Worked seconds,Absent\n{rows}", encoding="utf-8")
    config, text, _ = written(tmp_path)
    assert config.sources["roster"].options.get("date_format") == pattern
    assert ("DECIDE: date_format" in text) == asked


def test_thousands_are_no_decimals(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(
        'Agent,Day,Worked seconds,Absent\nA1,2025-04-03,"28,800",0\n', encoding="utf-8"
    )
    assert written(tmp_path)[0].sources["roster"].options == {}


@pytest.mark.parametrize(
    ("values", "decimal", "is_asked"),
    [
        (("950", "1.230", "2.075"), ",", True),
        (("213.482", "97.120"), ".", True),
        (("950", "1.230", "2.5"), None, False),
        (("950", "1230"), None, False),
        (("950", "1.230,5"), ",", False),
    ],
)
def test_a_dot_before_three_digits_is_asked_about(
    tmp_path: Path, values: tuple[str, ...], decimal: str | None, is_asked: bool
) -> None:
    rows = "".join(f"A{n};03.04.2025;{value};0\n" for n, value in enumerate(values))
    (tmp_path / "roster.csv").write_text(f"Agent;Day;Worked seconds;Absent\n{rows}", encoding="utf-8")
    config, text, _ = written(tmp_path)
    assert config.sources["roster"].options.get("decimal") == decimal
    assert ("DECIDE: decimal" in text) == is_asked
    assert ("Seen: 1.230, 2.075" in text) == (values[1:] == ("1.230", "2.075"))


def test_decimal_commas_are_seen_where_a_time_stands_in_two_columns(tmp_path: Path) -> None:
    rows = "".join(f"k{n};E1;0{n}.04.2025;09:15;{n}61,5\n" for n in range(1, 9))
    head = "Konversations-ID;Benutzer;Datum;Uhrzeit;Bearbeitungszeit\n"
    (tmp_path / "calls.csv").write_text(head + rows, encoding="utf-8")
    assert written(tmp_path)[0].sources["calls"].options.get("decimal") == ","


def test_an_encoding_that_gives_odd_letters_is_asked_about(tmp_path: Path) -> None:
    """Polish in its Windows code page is no Windows-1252."""
    text = "Agent;Day;Worked seconds;Absent;Uwagi\nA1;2025-04-03;3600;0;Łódź, większość\n"
    (tmp_path / "roster.csv").write_bytes(text.encode("cp1250"))
    assert "# DECIDE: encoding" in written(tmp_path)[1]


@pytest.mark.parametrize(("days", "is_asked"), [((3, 4), True), ((3, 28), False)])
def test_the_last_rows_tell_whether_day_or_month_comes_first(
    tmp_path: Path, days: tuple[int, int], is_asked: bool
) -> None:
    rows = [f"A{n};{days[n // 30]:02}/04/2025;3600;0" for n in range(60)]
    (tmp_path / "roster.csv").write_text(
        "\n".join(["Agent;Day;Worked seconds;Absent", *rows, "Total;;216000;"]), encoding="utf-8"
    )
    config, text, _ = written(tmp_path)
    assert config.sources["roster"].options["date_format"] == "%d/%m/%Y"
    assert ("DECIDE: date_format" in text) == is_asked


@pytest.mark.parametrize(("other", "pattern"), [("28/03/2025", "%d/%m/%Y"), ("03/28/2025", "%m/%d/%Y"), ("", None)])
def test_the_other_files_of_a_folder_tell_whether_day_or_month_comes_first(
    tmp_path: Path, other: str, pattern: str | None
) -> None:
    (tmp_path / "roster.csv").write_text("Agent;Day;Absent\nA1;03/04/2025;0\n", encoding="utf-8")
    if other:
        (tmp_path / "staff.csv").write_text(f"Employee ID;Hire Date;Site\nA1;{other};X\n", encoding="utf-8")
    config, text, _ = written(tmp_path)
    assert config.sources["roster"].options["date_format"] == (pattern or "%d/%m/%Y")
    assert ("DECIDE: date_format" in text) == (pattern is None)


def test_a_list_of_users_of_a_system_is_a_crosswalk(tmp_path: Path) -> None:
    tickets = "".join(
        json.dumps({"id": n, "created_at": "2025-03-03T10:00:00Z", "assignee_id": 7000 + n % 5, "tags": [],
                    "custom_fields": [], "via": {"channel": "voice"}}) + "\n"
        for n in range(20)
    )  # fmt: skip
    (tmp_path / "tickets.jsonl").write_text(tickets, encoding="utf-8")
    users = "Id,Name,Email,Employee Number\n" + "".join(f"{7000 + n},X,a{n}@corp.example,{n}\n" for n in range(90))
    (tmp_path / "users.csv").write_text(users, encoding="utf-8")
    source = written(tmp_path)[0].sources["users"]
    assert source.table == "agent_identity"
    assert source.columns == {"source_agent_id": "Id", "employee_number": "Employee Number", "email": "Email"}
    assert source.constants == {"identity_source": "tickets"}


@pytest.mark.parametrize(
    ("name", "head", "row", "table"),
    [
        ("encuestas", "Id de encuesta;Id de llamada;Fecha de envío;Fecha de respuesta;Satisfacción", "S1;L1;{0};{0};5",
         "survey_response"),
        ("befragung", "Anruf-ID;Versendet am;Beantwortet am;Bewertung", "L1;{0};{0};5", "survey_response"),
        ("reclamaciones", "Id de reclamación;Id de llamada;Fecha;Tipo", "R1;L1;{0};Reclamación", "escalation"),
        ("Beschwerden", "Beschwerdenummer;Anruf-ID;Datum;Art", "R1;L1;{0};Beschwerde", "escalation"),
        ("réclamations", "Id réclamation;Id appel;Date de création;Type de réclamation", "R1;L1;{0};Plainte",
         "escalation"),
        ("formacion", "Empleado;Curso;Estado;Fecha de finalización", "E1;Empatía;Completado;{0}", "training"),
        ("headcount", "Employee ID;Email - Work;Hire Date;Location;Supervisory Organization", "1;a@b.example;{0};X;T",
         "agent"),
        ("tagesbericht", "Agent;Datum;Anrufe;Bearbeitungszeit;Abwesend", "E1;{0};20;200;Nein", "agent_day"),
        ("valutazioni_qualità", "Id valutazione;Operatore;Data;Valutatore;Ascolto attivo;Punteggio empatia",
         "V1;E1;{0};Q1;1;0.5", "qa_evaluation"),
        ("Qualität", "Bewertungs-ID;Mitarbeiter;Bewertet am;Bewerter;Aktives Zuhören", "V1;E1;{0};Q1;1",
         "qa_evaluation"),
        ("agents", "Agent;Team;Site;Start date;End date", "Agent 1;T;X;{0};{0}", "agent"),
    ],
)  # fmt: skip
def test_tables_are_known_by_their_headers_and_names(
    tmp_path: Path, name: str, head: str, row: str, table: str
) -> None:
    (tmp_path / f"{name}.csv").write_text(f"{head}\n{row.format('2025-03-14')}\n", encoding="utf-8")
    (source,) = written(tmp_path)[0].sources.values()
    assert source.table == table
    assert ("agent_team" in source.also) == (table == "agent")


def test_a_list_of_cases_of_which_some_were_escalated_is_one_of_contacts(tmp_path: Path) -> None:
    rows = "".join(f"000{n},Jo{n % 3},{n % 2},3/{n + 1}/2025 10:0{n % 9} AM,500{n}\n" for n in range(20))
    head = "Case Number,Case Owner,Escalated,Date/Time Opened,Case ID\n"
    (tmp_path / "Cases.csv").write_text(head + rows, encoding="utf-8")
    (source,) = written(tmp_path)[0].sources.values()
    assert source.table == "interaction"
    assert source.also["escalation"].when == {"Escalated": ["1"]}


@pytest.mark.parametrize(
    ("column", "values", "unit"),
    [("Total Handle", "290000", "ms"), ("Handle", "0.00347", "d"), ("Handle", "4.5", "min"), ("Handle", "290", None)],
)
def test_durations_that_cannot_be_seconds_ask_about_their_unit(
    tmp_path: Path, column: str, values: str, unit: str | None
) -> None:
    rows = "".join(f"c{n},Jo,2025-03-{n + 3:02} 10:00:00,voice,{values}\n" for n in range(9))
    head = f"Conversation ID,Users,Date,Media Type,{column}\n"
    (tmp_path / "calls.csv").write_text(head + rows, encoding="utf-8")
    config, text, _ = written(tmp_path)
    assert config.sources["calls"].options.get("duration_unit") == unit
    assert ("DECIDE: duration_unit" in text) == (unit is not None)


def test_work_after_a_call_in_a_column_of_its_own_is_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"c{n},Jo,2025-03-{n + 3:02} 10:00:00,voice,00:04:12,00:00:30\n" for n in range(9))
    head = "CALL ID,AGENT,DATE,CHANNEL,TALK TIME,AFTER CALL WORK TIME\n"
    (tmp_path / "calls.csv").write_text(head + rows, encoding="utf-8")
    assert 'DECIDE: handle_s: "AFTER CALL WORK TIME" is in a column of its own' in written(tmp_path)[1]


def test_ratings_in_words_are_not_taken_for_numbers(tmp_path: Path) -> None:
    rows = "".join(f"{n},Jo,2025-03-{n + 3:02} 10:00:00,Phone,{('Good', 'Bad')[n % 2]}\n" for n in range(9))
    head = "Ticket ID,Assignee name,Ticket created - Timestamp,Ticket channel,Satisfaction rating\n"
    (tmp_path / "explore.csv").write_text(head + rows, encoding="utf-8")
    (source,) = written(tmp_path)[0].sources.values()
    assert source.columns["started_at"] == "Ticket created - Timestamp"
    assert source.also == {}


def test_sales_of_one_kind_promise_no_others(tmp_path: Path) -> None:
    rows = "".join(f"C{n};A{n % 3};2025-03-{n + 3:02} 10:00;{'Yes' if n % 2 else 'No'}\n" for n in range(20))
    (tmp_path / "calls.csv").write_text(f"Call Id;Agent;Start time;Upsell\n{rows}", encoding="utf-8")
    config, _, _ = written(tmp_path)
    given, *missing = suggest(tmp_path).promise
    assert "Upsell conversion" in given
    assert "Cross-sell" not in given
    assert "Offers" not in given, "a flag of what was sold does not say what was offered"
    assert [name for name, kpi in config.kpis.items() if kpi.hidden] == ["offer_rate", "offer_acceptance"]
    assert any(line.startswith("Not yet: export kind of offer") and "Cross-sell conversion" in line for line in missing)
    assert any(line.startswith("No teams") for line in missing)


def test_utf_16_is_read_as_it_says(tmp_path: Path) -> None:
    text = "Agent\tDay\tWorked seconds\tAbsent\nÄnne\t2025-04-03\t3600\t0\n"
    (tmp_path / "roster.txt").write_bytes(text.encode("utf-16"))
    config, written_text, _ = written(tmp_path)
    assert config.sources["roster"].options == {"encoding": "utf-16"}
    assert "DECIDE: encoding" not in written_text


def test_every_sheet_of_a_workbook_is_looked_at(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "QA.xlsx"))
    book.add_worksheet("Cover").write(0, 0, "Report of the quarter")
    sheet = book.add_worksheet("Days")
    for row, values in enumerate((("Agent", "Day", "Worked seconds", "Absent"), ("A1", "2025-04-03", "3600", "0"))):
        sheet.write_row(row, 0, values)
    book.close()
    config, _, lines = written(tmp_path)
    assert config.sources["qa_days"].table == "agent_day"
    assert config.sources["qa_days"].options == {"sheet": "Days"}
    assert not any(line.startswith("left out") for line in lines)


def test_files_of_a_series_that_are_written_differently_are_two_sources(tmp_path: Path) -> None:
    head = "Agent;Day;Worked seconds;Absent;Notiz\n"
    (tmp_path / "roster_1.csv").write_bytes((head + "A1;2025-04-03;3600;0;größer\n").encode("utf-8"))
    (tmp_path / "roster_2.csv").write_bytes((head + "A1;2025-04-04;3600;0;größer\n").encode("cp1252"))
    config, _, _ = written(tmp_path)
    found = {source.paths: source.options.get("encoding") for source in config.sources.values()}
    assert found == {("roster_1.csv",): None, ("roster_2.csv",): "cp1252"}


def test_a_workbook_is_a_table_also_where_its_columns_are_those_of_a_system(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "calls.xlsx"))
    sheet = book.add_worksheet()
    rows = (
        ("Contact_ID", "Agent_No", "Start_Date", "Start_Time", "Channel"),
        ("1", "7", "1/2/2025", "9:00:00", "call"),
    )
    for row, values in enumerate(rows):
        sheet.write_row(row, 0, values)
    book.close()
    assert [source.format for source in written(tmp_path)[0].sources.values()] == ["tabular"]


def test_packed_files_are_named_because_exports_may_be_in_them(tmp_path: Path) -> None:
    (tmp_path / "xapi.jsonl").write_bytes((DATA / "xapi.jsonl").read_bytes())
    with zipfile.ZipFile(tmp_path / "march.zip", "w") as archive:
        archive.write(DATA / "xapi.jsonl", "xapi.jsonl")
    _, _, lines = written(tmp_path)
    assert [line for line in lines if "march.zip" in line and "unpack it" in line]


def test_the_mark_of_a_copy_is_no_part_of_a_course(tmp_path: Path) -> None:
    head = 'ID,Name,"ID number","Email address","Course complete"\n'
    (tmp_path / "completion-emp101 (2).csv").write_text(head + "1,A,E1,,\n", encoding="utf-8")
    config, _, _ = written(tmp_path)
    assert config.sources["moodle_emp101"].options["course"] == "EMP101"


def flat_workbook(file: Path, rows: int = 48) -> None:
    """One sheet of contacts with a rating on the row, a day and a time in two cells, and unanswered calls."""
    book = xlsxwriter.Workbook(str(file))
    sheet = book.add_worksheet("Calls")
    day, time = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "hh:mm:ss"})
    names = ("Call Id", "Agent", "Date", "Time", "Topic", "Answered (Y/N)", "AvgTalkDuration", "Satisfaction rating")
    sheet.write_row(0, 0, names)
    for n in range(rows):
        answered = n % 6 != 0
        sheet.write_row(n + 1, 0, (f"C{n}", f"Agent {n % 11}"))
        sheet.write_number(n + 1, 2, 45719 + n // 50, day)
        sheet.write_number(n + 1, 3, (540 + 7 * (n % 50)) / 1440, time)
        sheet.write_row(n + 1, 4, ("Billing", "Yes" if answered else "No"))
        if answered:
            sheet.write_number(n + 1, 6, (60 + n) / 86400, time)
            sheet.write_number(n + 1, 7, 1 + n % 5)
    book.close()


def test_a_flat_workbook_takes_four_answers_to_the_dashboard(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from dashboard import create_app
    from empathy import app

    flat_workbook(tmp_path / "calls.xlsx", rows=5_000)
    answers = "Europe/Berlin\nEMP101\nteam_waves\n\n"
    done = CliRunner().invoke(app, ["init", str(tmp_path), "--ask"], input=answers)
    assert done.exit_code == 0, done.output
    assert "(4 of 4)" in done.output
    text = (tmp_path / "empathy.toml").read_text(encoding="utf-8")
    assert "DECIDE" not in text.partition("\n")[2]
    (tmp_path / "empathy.toml").write_text(
        text.replace('key_env = "EMPATHY_KEY"', "demo = true").replace("min_group = 10", ""), encoding="utf-8"
    )
    config = load(tmp_path / "empathy.toml")
    assert config.project.timezone == "Europe/Berlin"
    assert [course.id for course in config.programme.courses] == ["EMP101"]
    assert config.programme.assignment.mode == "team_waves"
    done = CliRunner().invoke(app, ["run", "-c", str(tmp_path / "empathy.toml"), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    (file,) = said["files"]
    answered = sum(n % 6 != 0 for n in range(5_000))
    assert (file["read"], file["loaded"], file["rejected"]) == (5_000, 5_000, 0)
    assert said["relations"]["core.interaction"] == 5_000
    assert said["relations"]["core.survey_response"] == answered
    with create_app(tmp_path / "empathy.toml").server.test_client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200


def test_the_zone_of_every_site_is_asked_for(tmp_path: Path) -> None:
    from etl.onboarding.decisions import decisions, settled

    for file in ("bamboohr_employees.csv", "bamboohr_job_history.csv"):
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    text = suggest(tmp_path).toml
    about_sites = [decision for decision in decisions(text) if decision.section.startswith("sites.")]
    assert about_sites
    assert all(decision.key == "timezone" for decision in about_sites)
    answered = settled(text, dict.fromkeys(about_sites, "Asia/Tokyo"))
    assert answered.count('timezone = "Asia/Tokyo"') == len(about_sites)
    (tmp_path / "empathy.toml").write_text(answered, encoding="utf-8")
    assert set(load(tmp_path / "empathy.toml").site_timezones().values()) == {"Asia/Tokyo"}


def test_downloads_of_one_report_are_one_source_and_likely_others_are_asked_about(tmp_path: Path) -> None:
    head = "Contact ID,Agent,Started,Channel"
    rows = [f"c{n},E{n % 3},2025-03-0{1 + n % 9} 10:00:00,voice" for n in range(20)]
    for name, chosen in (("Interactions.csv", rows[:15]), ("Interactions (1).csv", rows[5:])):
        (tmp_path / name).write_text("\n".join([head, *chosen, ""]), encoding="utf-8")
    wider = [f"{row},Q" for row in rows[10:]]
    (tmp_path / "Interactions_april.csv").write_text("\n".join([f"{head},Queue", *wider, ""]), encoding="utf-8")
    config, _, _ = written(tmp_path)
    assert {source.paths for source in config.sources.values()} == {
        ("Interactions (1).csv", "Interactions.csv"), ("Interactions_april.csv",),
    }  # fmt: skip
    assert config.identity.same_contacts == (("interactions", "interactions_april"),)


@pytest.mark.parametrize(
    "header",
    [
        "Kontakt ID,Mitarbeiter,Startzeit,Kanal,Gesprächsdauer,Bewertung",
        "ID contacto,Agente,Fecha de inicio,Canal,Duración,Valoración",
        "ID appel,Conseiller,Date de début,Canal,Durée,Note",
        "ID chamada,Atendente,Início,Canal,Duração,Avaliação",
        "ID chiamata,Operatore,Inizio,Canale,Durata,Valutazione",
    ],
)
def test_headers_in_other_languages_are_known(header: str) -> None:
    names = header.split(",")
    found = guess(names, [dict(zip(names, ("c1", "E1", "2025-03-03 10:00:00", "voice", "0:04:12", "5"), strict=True))])
    assert found is not None
    assert (found.table, list(found.columns.values())[:5]) == ("interaction", names[:5])
    assert found.also["survey_response"]["columns"]["csat_raw"] == names[5]


def test_the_sample_world_asks_ten_questions_and_promises_every_kpi(world: Path) -> None:
    from etl.configuration.kpis import load as load_kpis

    suggestion = suggest(world / "exports")
    assert suggestion.toml.count("# DECIDE:") <= 10
    heard = [kpi.label for kpi in load_kpis().values() if kpi.base == "conversation"]
    others = [kpi.label for kpi in load_kpis().values() if kpi.label not in heard]
    assert suggestion.promise[0] == f"You will get {len(others)} KPIs: {', '.join(others)}."
    assert suggestion.promise[1].startswith("Not yet: set [conversations] read = true for Active listening")
    assert len(suggestion.promise) == 2
