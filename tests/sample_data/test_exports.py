"""The exports: the formats of the real systems, ids that tie, times that are right, bytes that do not change."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from etl.configuration import model as config
from sample_data import exports, settings_file
from sample_data.dirt import KINDS
from sample_data.parameters import ASSIGNMENT_MODES, Parameters
from sample_data.staff import NEVER
from sample_data.systems import qualtrics
from sample_data.world import World, simulate

ROOT = Path(__file__).resolve().parents[2]
LARGEST_COMMITTED_BYTES = 2_000_000


@pytest.fixture(scope="module")
def out(exported: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    exports.write(exported, folder)
    return folder


def _json_lines(folder: Path) -> list[dict]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def contacts(out: Path) -> list[dict]:
    return _json_lines(out / "exports" / "contacts")


@pytest.fixture(scope="module")
def tickets(out: Path) -> list[dict]:
    return _json_lines(out / "exports" / "tickets")


def _digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_contacts_have_the_shape_of_contact_records(exported: World, contacts: list[dict]) -> None:
    assert len(contacts) == exported.contacts.height
    first = contacts[0]
    assert list(first) == [
        "AWSContactTraceRecordFormatVersion",
        "ContactId",
        "InitialContactId",
        "Channel",
        "InitiationMethod",
        "InitiationTimestamp",
        "DisconnectTimestamp",
        "LastUpdateTimestamp",
        "TransferCompletedTimestamp",
        "Agent",
        "Queue",
        "Attributes",
    ]
    assert list(first["Agent"]) == [
        "Username",
        "AgentInteractionDuration",
        "AfterContactWorkDuration",
        "CustomerHoldDuration",
    ]
    assert len({record["ContactId"] for record in contacts}) == len(contacts)
    assert {record["Channel"] for record in contacts} == {"VOICE", "CHAT", "EMAIL"}


def test_contact_records_carry_what_was_drawn(exported: World, contacts: list[dict]) -> None:
    agent = [record["Agent"] for record in contacts]
    handle = [sum(v for k, v in one.items() if k.endswith("Duration")) for one in agent]
    assert handle == exported.contacts["handle"].to_list()
    for key, column in (("hostile", "hostile"), ("eligible", None)):
        said = [record["Attributes"][key] == "true" for record in contacts]
        drawn = exported.contacts[column] if column else exported.contacts["offer_kind"] > 0
        assert said == drawn.to_list()
    transferred = [record["TransferCompletedTimestamp"] is not None for record in contacts]
    assert transferred == exported.contacts["transferred"].to_list()


def test_times_are_utc_of_local_working_hours(exported: World, contacts: list[dict]) -> None:
    zones = [ZoneInfo(site.timezone) for site in exported.params.sites]
    monday = dt.date.fromisoformat(exported.params.start)
    rows = zip(contacts, exported.contacts.select("site", "day", "second").iter_rows(), strict=True)
    for record, (site, day, second) in list(rows)[::17]:
        begin = dt.datetime.fromisoformat(record["InitiationTimestamp"].replace("Z", "+00:00"))
        local = begin.astimezone(zones[site])
        assert local.date() == monday + dt.timedelta(days=day)
        assert (local.hour * 3600 + local.minute * 60 + local.second) == second
        assert 8 <= local.hour <= 21
        end = dt.datetime.fromisoformat(record["DisconnectTimestamp"].replace("Z", "+00:00"))
        assert end > begin


def test_every_escalation_and_complaint_is_one_tagged_ticket(exported: World, tickets: list[dict]) -> None:
    tags = [tag for ticket in tickets for tag in ticket["tags"]]
    drawn = exported.contacts
    assert tags.count("escalated_l2") == (drawn["escalated"] & ~drawn["supervisor"]).sum()
    assert tags.count("escalated_supervisor") == (drawn["escalated"] & drawn["supervisor"]).sum()
    assert tags.count("complaint") == drawn["complained"].sum()
    about = {ticket["custom_fields"][0]["value"] for ticket in tickets if "escalated_l2" in ticket["tags"]}
    expected = drawn.with_row_index("row").filter(pl.col("escalated") & ~pl.col("supervisor"))["row"]
    assert about == {f"c-{row + 1:08d}" for row in expected}
    assert len({ticket["id"] for ticket in tickets}) == len(tickets)


def test_survey_file_has_three_header_rows_and_local_times(exported: World, out: Path) -> None:
    text = (out / "exports" / "qualtrics_csat.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:4] == ["StartDate", "EndDate", "Status", "IPAddress"]
    assert json.loads(rows[2][7])["timeZone"] == "America/Denver"
    assert {len(row) for row in rows} == {len(rows[0])}
    said = [dict(zip(rows[0], row, strict=True)) for row in rows[3:]]
    by_contact = {row["contact_id"]: row for row in said}
    answered = exported.contacts.with_row_index("row").filter(pl.col("answered"))
    assert len(said) >= 0.99 * answered.height, "answers after the end of the window are not exported"
    for number, score in answered.select("row", "score").head(200).iter_rows():
        assert int(by_contact[f"c-{number + 1:08d}"]["Q1_CSAT"]) == score


def test_invitations_and_responses_together_are_the_invited(exported: World, out: Path) -> None:
    silent = pl.read_csv(out / "exports" / "survey_invitations.csv")
    text = (out / "exports" / "qualtrics_csat.csv").read_text()
    said = len(list(csv.reader(io.StringIO(text)))) - 3
    assert silent.height + said == exported.contacts["invited"].sum()


def test_every_agent_id_of_every_system_is_in_the_list(exported: World, out: Path, contacts, tickets) -> None:
    listed = pl.read_csv(out / "exports" / "agent_ids.csv", schema_overrides={"Id in system": pl.String})
    known = {
        system: set(listed.filter(pl.col("System") == system)["Id in system"].to_list())
        for system in listed["System"].unique().to_list()
    }
    assert {record["Agent"]["Username"] for record in contacts} <= known["contacts"]
    assert {str(ticket["assignee_id"]) for ticket in tickets} <= known["tickets"]
    folder = out / "exports"
    assert set(pl.read_csv(folder / "qa_evaluations.csv")["Agent"]) <= known["qa"]
    assert set(pl.read_csv(folder / "agent_days.csv")["Agent"]) <= known["agent_days"]
    assert set(pl.read_csv(folder / "offers.csv")["Agent"]) <= known["offers"]
    employees = pl.read_csv(folder / "bamboohr_employees.csv")
    assert set(listed["Employee number"]) == set(employees["employeeNumber"])
    systems = [known[system] for system in ("contacts", "tickets", "qa", "agent_days")]
    assert len(set.union(*systems)) == sum(map(len, systems)), "no system uses another's ids"


def test_staff_file_says_who_left_and_job_history_where_everybody_was(exported: World, out: Path) -> None:
    staff = exported.centre.staff
    employees = pl.read_csv(out / "exports" / "bamboohr_employees.csv", infer_schema=False)
    gone = employees.filter(pl.col("status") == "Inactive")
    assert gone.height == (staff.left[: staff.count] < exported.params.weeks).sum()
    assert (gone["terminationDate"] > gone["hireDate"]).all()
    assert (employees.filter(pl.col("status") == "Active")["terminationDate"] == "0000-00-00").all()
    jobs = pl.read_csv(out / "exports" / "bamboohr_job_info_history.csv", infer_schema=False)
    assert jobs.select("employeeId", "date").is_unique().all()
    at_week = exported.cells.filter(pl.col("week") == 30)
    day = (dt.date.fromisoformat(exported.params.start) + dt.timedelta(days=30 * 7)).isoformat()
    current = jobs.filter(pl.col("date") <= day).sort("employeeId", "date").group_by("employeeId").last()
    team = dict(zip(current["employeeId"], current["department"], strict=True))
    for agent, number in at_week.select("agent", "team").iter_rows():
        assert team[str(agent + 1001)].endswith(f" {number + 1:02d}")
    assert jobs["reportsTo"].n_unique() > exported.params.teams, "some supervisor changed"


def test_training_files_agree_with_the_programme(exported: World, out: Path) -> None:
    folder = out / "exports"
    programme = exported.centre.programme
    enrolled = (programme.scheduled < NEVER)[: exported.centre.staff.count].sum()
    moodle = pl.read_csv(folder / "moodle_completion-emp101.csv", infer_schema=False)
    assert moodle.height == enrolled
    done = moodle.filter(pl.col("Course complete").is_not_null())
    assert done.height == (exported.trained_week < NEVER).sum()
    assert re.fullmatch(r"\d\d/\d\d/\d\d, \d\d:\d\d", done["Course complete"][0])
    monday = dt.date.fromisoformat(exported.params.start)
    for number, at in done.select("ID number", "Course complete").iter_rows():
        when = dt.datetime.strptime(at, "%d/%m/%y, %H:%M").date()
        week = int(exported.trained_week[int(number[1:]) - 1])
        assert 0 <= (when - monday).days - 7 * week < 7
    statements = [json.loads(line) for line in (folder / "xapi_statements.jsonl").read_text().splitlines()]
    verbs = [statement["verb"]["id"].rsplit("/", 1)[1] for statement in statements]
    assert set(verbs) == {"initialized", "completed", "failed"}
    assert verbs.count("initialized") == verbs.count("completed") + verbs.count("failed")
    assert len({statement["id"] for statement in statements}) == len(statements)
    stored = [statement["stored"] for statement in statements]
    assert stored == sorted(stored)
    plan = pl.read_csv(folder / "training_plan.csv")
    assert plan.height == 6 * enrolled
    assert all(dt.date.fromisoformat(day).weekday() == 0 for day in plan["Planned week"].unique())


def test_no_file_holds_a_name(out: Path) -> None:
    employees = pl.read_csv(out / "exports" / "bamboohr_employees.csv")
    assert set(employees["firstName"]) == {"Agent"}
    assert employees["lastName"].str.contains(r"^A\d{4}$").all()
    assert employees["workEmail"].str.contains(r"^a\d{4}@example\.com$").all()


def test_nothing_is_dated_after_the_exports_were_taken(exported: World, out: Path) -> None:
    end = dt.date.fromisoformat(exported.params.start) + dt.timedelta(days=7 * exported.params.weeks)
    limit = f"{end.isoformat()} 12:00:00"
    folder = out / "exports"
    for name, column in (("customer_events.csv", "At"), ("qa_evaluations.csv", "Released"), ("offers.csv", "Made at")):
        assert pl.read_csv(folder / name, infer_schema=False)[column].max() <= limit  # type: ignore[operator]


@pytest.mark.parametrize("mode", ASSIGNMENT_MODES)
def test_configuration_is_valid_and_tells_how_agents_were_chosen(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "empathy.toml"
    path.write_text(settings_file.settings(Parameters.demo(assignment=mode)))
    loaded = config.load(path)
    assignment = loaded.programme.assignment
    assert assignment.mode == ("unknown" if mode == "none" else mode)
    assert assignment.unit == ("team" if mode in ("team_waves", "none") else "agent")
    assert (assignment.rule is not None) == (mode == "lowest_performers")
    assert loaded.privacy.demo
    assert "EMP150" not in loaded.programme.treatment_courses


def test_configuration_names_files_that_exist(out: Path) -> None:
    loaded = config.load(out / "empathy.toml")
    named = {path for source in loaded.sources.values() for pattern in source.paths for path in out.glob(pattern)}
    written = {path for path in (out / "exports").rglob("*") if path.is_file()}
    assert named == written


def test_same_seed_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    code = (
        "import sys; from sample_data.sample import write_sample\n"
        "write_sample(sys.argv[1], agents=24, weeks=14, seed=9, dirt=True)"
    )
    digests = []
    for threads in ("1", "3"):
        folder = tmp_path / threads
        environment = {**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONHASHSEED": threads, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment, cwd=tmp_path)
        digests.append(_digest(folder))
    assert digests[0] == digests[1]
    assert len(digests[0]) > 20


def test_another_seed_gives_another_world(small: World) -> None:
    other = simulate(Parameters.committed(seed=1))
    assert other.contacts.height != small.contacts.height or not other.contacts.equals(small.contacts)


def test_writing_again_leaves_nothing_of_the_longer_export_before(small: World, tmp_path: Path) -> None:
    longer = simulate(Parameters.committed(weeks=24))
    exports.write(longer, tmp_path, dirt=True)
    exports.write(small, tmp_path)
    again = _digest(tmp_path)
    exports.write(small, tmp_path / "fresh")
    assert again == _digest(tmp_path / "fresh")


def test_committed_exports_are_those_that_the_code_writes(small: World, tmp_path: Path) -> None:
    """Remake them with ``python benchmarks/sample_world.py --committed``."""
    exports.write(small, tmp_path)
    kept = ROOT / "sample_data"
    assert (kept / "empathy.toml").read_bytes() == (tmp_path / "empathy.toml").read_bytes()
    assert _digest(kept / "exports") == _digest(tmp_path / "exports")
    assert sum(path.stat().st_size for path in (kept / "exports").rglob("*")) < LARGEST_COMMITTED_BYTES


def test_no_survey_time_falls_into_the_hour_that_comes_twice(exported: World) -> None:
    said = qualtrics.responses(exported)
    zone = ZoneInfo(qualtrics.ZONE)
    moved = qualtrics._outside_fold(np.array([1730617200, 1730620800, 1730624399, 1730624400, 1730613599]))
    assert moved.tolist() == [1730617200 + 7200, 1730620800 + 7200, 1730624399 + 7200, 1730624400, 1730613599]
    for column in ("invited", "started"):
        for second in said[column].to_list():
            local = dt.datetime.fromtimestamp(second, zone).replace(tzinfo=None)
            assert local.replace(tzinfo=zone, fold=0).utcoffset() == local.replace(tzinfo=zone, fold=1).utcoffset()


def test_page_names_every_file_and_column(out: Path) -> None:
    page = " ".join((ROOT / "docs" / "sample-world.md").read_text(encoding="utf-8").split())
    section = page.split("## The exports")[1].split("## Dirt")[0]
    for path in sorted((out / "exports").glob("*.csv")):
        assert f"`{path.name}`" in section
        about = section.split(f"- **{path.name}**", 1)[1].split("- **", 1)[0]
        with path.open(newline="") as file:
            columns = next(csv.reader(file))
        assert all(re.search(rf"[`, ]{re.escape(name)}[`,]", about) for name in columns), (path.name, columns)


def test_page_lists_every_kind_of_dirt() -> None:
    page = (ROOT / "docs" / "sample-world.md").read_text(encoding="utf-8").split("## Dirt")[1]
    for kind, (source, _, what) in KINDS.items():
        assert re.search(rf"\| `{kind}` \| {source} \| .* \| {re.escape(what)} \|", page)
