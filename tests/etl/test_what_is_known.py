"""Of which weeks a KPI is known and why not of the others: in the books, in ``check`` and on the page."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from analysis.words.numbers import Reader
from dashboard.views import coverage as view
from empathy import app
from etl.configuration.kpis import load as load_kpis
from etl.marts.kpi_coverage import known_in_part, without_data
from etl.warehouse.reader import frame
from tests.etl.real_exports import CONTACTS_SOURCE, HEAD, JOBS, STAFF, STAFF_SOURCE, Read, contacts, read

OUTCOMES = """
[sources.esc]
format = "tabular"
table = "escalation"
path = "esc.csv"
timezone = "Europe/Paris"
"""


def escalations(days: range, a_day: int = 1) -> str:
    """So many of the first agent's twenty contacts on each of these days."""
    rows = [
        f"e{day}-{n},c{20 * day + 3 * n},E1,tier2,2025-03-{3 + day:02} 12:00:00" for day in days for n in range(a_day)
    ]
    return "\n".join(["escalation_id,interaction_id,source_agent_id,kind,at", *rows, ""])


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Four weeks of contacts; escalations from the third week on."""
    files = {"contacts.csv": contacts(a_day=20), "esc.csv": escalations(range(14, 28))}
    return read(tmp_path_factory.mktemp("late"), files, CONTACTS_SOURCE + OUTCOMES)


def test_a_kpi_that_is_known_in_part_says_since_when_and_why(late: Read) -> None:
    found = late.kpis["escalation_rate"]
    assert (found.weeks, found.known_weeks, str(found.first_week)) == (4, 2, "2025-03-17")
    assert found.reason == "the escalation export of [sources.esc] begins 2025-03-17 (first row)"
    assert [line for line in known_in_part(tuple(late.kpis.values()), load_kpis()) if line.startswith("Escalations:")]


def test_a_kpi_without_data_says_what_to_export(late: Read) -> None:
    assert late.kpis["csat_top2"].missing == ("survey_response",)
    assert late.kpis["fcr_7d"].missing == ("interaction.source_customer_id",)
    assert late.kpis["text_active_listening"].missing == ("utterance",)
    assert late.kpis["complaints_per_1000"].reason.startswith("no row of escalation counts for it")


def test_kpis_without_data_are_one_line(late: Read) -> None:
    kpis = tuple(late.kpis.values())
    silent = [load_kpis()[kpi.kpi].label for kpi in kpis if not kpi.known_weeks]
    short, long = without_data(kpis, load_kpis()), without_data(kpis, load_kpis(), what_to_do=True)
    assert short == f"KPIs without data: {len(silent)} of {len(kpis)} ({', '.join(silent)})."
    assert "export survey_response (one survey invitation, and its answer when there was one) for Satisfied" in long
    assert "\n" not in short + long


def test_a_gap_inside_an_export_is_written_down(tmp_path: Path) -> None:
    rows = escalations(range(8), 3) + escalations(range(20, 28), 3).partition("\n")[2]
    found = read(tmp_path, {"contacts.csv": contacts(a_day=20), "esc.csv": rows}, CONTACTS_SOURCE + OUTCOMES)
    gaps = found.rows("select source, cast(last_seen as varchar), cast(next_seen as varchar) from meta.coverage_gap")
    assert gaps == [("esc", "2025-03-10", "2025-03-23")]
    assert "coverage_gap" in found.warned()


def test_check_tells_what_a_build_would_find_and_writes_nothing(tmp_path: Path) -> None:
    files = {
        "contacts.csv": contacts(a_day=20), "esc.csv": escalations(range(14, 28)),
        "employees.csv": STAFF, "jobs.csv": JOBS, "empathy.toml": HEAD + STAFF_SOURCE + CONTACTS_SOURCE + OUTCOMES,
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "-c", str(tmp_path / "empathy.toml")])
    said = done.output.replace("\n", " ")
    assert done.exit_code == 0, said
    assert "begins 2025-03-17 (first row)" in said
    assert "1 export of outcomes covers a part of the time" in said
    assert said.count("KPIs without data:") == 1
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_the_page_says_what_is_unknown_and_why(late: Read) -> None:
    reader, catalogue = Reader("en_GB", "EUR"), load_kpis()
    kpis = frame(late.con, "select * from meta.kpi_coverage")
    silent = kpis.filter(pl.col("known_weeks") == 0).height
    assert view.title(kpis).startswith(f"{silent} of {kpis.height} KPIs have no data and ")
    rows = {row["kpis"]: row for row in view.unknown(kpis, catalogue, reader)}
    assert rows["Escalations"]["known"] == "2 of 4 weeks, 17 Mar 2025 to 24 Mar 2025"
    assert rows["Handling time, Long calls"]["known"] == view.NEVER
    assert view.title(kpis.filter(pl.col("known_weeks") == pl.col("weeks"))).startswith("All ")
    assert view.title(kpis.clear()) == "What the exports cover is not recorded in this version"
    spans = frame(late.con, "select * from meta.coverage")
    gaps = pl.DataFrame(
        {
            "relation": ["escalation"], "source": ["esc"], "last_seen": ["2025-03-20"], "next_seen": ["2025-03-25"],
            "contacts": [80],
        }
    )  # fmt: skip
    by_source = {row["source"]: row for row in view.spans(spans, gaps, reader)}
    assert by_source["esc"]["speaks"] == "from 17 Mar 2025 (first row)"
    assert by_source["esc"]["gaps"] == "20 Mar 2025 to 25 Mar 2025, 80 contacts"
    assert by_source["contacts"]["speaks"] == "all the time"


def named(found: Read) -> list[tuple[str, str]]:
    """Names of the configuration that the data do not have."""
    return found.rows("select setting, name from staging.named_in_config where not met order by all")


def test_names_that_never_occur_are_warned_of(tmp_path: Path) -> None:
    rows = "\n".join(
        f"c{n},E{1 + n % 3},2025-03-{3 + n % 20:02} 10:00:00,{('Tel', 'voice')[n % 2]},{('yes', 'no')[n % 2]}"
        for n in range(40)
    )
    toml = (
        CONTACTS_SOURCE
        + """
values = { channel = { "Tel" = "voice", "Fax" = "other" } }
no_agent = { "Answered" = ["no", "missed"] }
[sources.contacts.also.escalation]
when = { "Answered" = ["never"] }
columns = { escalation_id = "Contact ID", interaction_id = "Contact ID", at = "Started" }
constants = { kind = "tier2" }
[sites."Porto"]
timezone = "Europe/Lisbon"
[access]
proxy = ["127.0.0.1"]
hosts = ["pages.example.com"]
[access.groups."leads"]
role = "site_lead"
teams = ["Team A", "Team Z"]
[kpis.escalation_rate]
where = "channel = 'voice' and queue in ('Vente', 'Ventes')"
"""
    )
    head = "Contact ID,Agent,Started,Channel,Answered"
    found = read(tmp_path, {"contacts.csv": f"{head}\n{rows}\n"}, toml)
    assert named(found) == [
        ('access.groups."leads".teams', "Team Z"),
        ("kpis.escalation_rate.where (queue)", "Vente"),
        ("kpis.escalation_rate.where (queue)", "Ventes"),
        ("sites", "Porto"),
        ('sources.contacts.also.escalation.when."Answered"', "never"),
        ('sources.contacts.no_agent."Answered"', "missed"),
        ("sources.contacts.values.channel", "Fax"),
    ]
    assert found.checks["config_name_unseen"].violations == 7
    assert "occur nowhere in the data" in found.checks["config_name_unseen"].sentence


def test_tags_and_fields_of_a_system_that_never_occur_are_warned_of(tmp_path: Path) -> None:
    tickets = "\n".join(
        f'{{"id": {n}, "created_at": "2025-03-0{1 + n}T10:00:00Z", "assignee_id": 7, "tags": ["esc_l2", "vip"], '
        f'"custom_fields": [{{"id": 5, "value": "c{n}"}}], "via": {{"channel": "phone"}}}}'
        for n in range(3)
    )
    toml = CONTACTS_SOURCE + (
        '\n[sources.tickets]\nformat = "zendesk"\npath = "tickets*.jsonl"\n'
        'options = { escalation_tags = { esc_l2 = "tier2", complaint = "complaint" }, contact_field = 6 }\n'
        'columns = { at = "opened_at" }\nmax_reject_share = 1.0\n'
    )
    found = read(tmp_path, {"contacts.csv": contacts(), "tickets.jsonl": tickets}, toml)
    assert named(found) == [
        ("sources.tickets.columns.at", "opened_at"),
        ("sources.tickets.options.contact_field", "6"),
        ("sources.tickets.options.escalation_tags", "complaint"),
    ]
    more = tickets.replace("esc_l2", "complaint").replace('"id": ', '"id": 9')
    again = read(tmp_path / "two", {"contacts.csv": contacts(), "tickets.jsonl": tickets, "tickets2.jsonl": more}, toml)
    assert ("sources.tickets.options.escalation_tags", "complaint") not in named(again)
