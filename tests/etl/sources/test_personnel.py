"""BambooHR and Workday: people, why they left, and their teams over time."""

from __future__ import annotations

from datetime import date, datetime


def test_bamboohr_employees(load):
    loaded = load("bamboohr", "bamboohr_employees.csv")
    assert loaded.counts == (7, 3, 3, 1)
    one, two, three = loaded.rows("agent", "source_agent_id")
    assert one == {
        "source_agent_id": "1",
        "employee_number": "E0001",
        "email": "e0001@example.com",
        "hired_on": date(2022, 5, 2),
        "site": "Madrid",
        "role": "Agent",
        "employment": "Full-Time",
        "row_version": datetime(2025, 3, 1, 8),
    }
    assert (two["left_on"], two["leave_type"]) == (date(2025, 3, 20), "voluntary"), "the newest export counts"
    assert three["leave_type"] == "other", "an unknown reason costs nobody their row"
    said = {line: " | ".join(reasons) for line, reasons in loaded.reasons().items()}
    assert "hired_on (hireDate)" in said[6]
    assert "left_on is before hired_on" in said[7]
    assert "source_agent_id (id): empty" in said[8]


def test_bamboohr_reasons_and_dates_can_be_explained(load):
    options = {"leave_types": {"Moved away": "voluntary"}}
    loaded = load("bamboohr", ["bamboohr_employees.csv", "bamboohr_job_history.csv"], options=options)
    assert loaded.rows("agent", "source_agent_id")[2]["leave_type"] == "voluntary"
    other = load("bamboohr", "bamboohr_employees.csv", options={"date_format": "%d/%m/%Y"})
    (row,) = other.rows("agent")
    assert (row["source_agent_id"], row["hired_on"]) == ("4", date(2022, 5, 2))


def test_bamboohr_job_history(load):
    loaded = load("bamboohr", ["bamboohr_employees.csv", "bamboohr_job_history.csv"])
    spells = loaded.rows("agent_team", "valid_from")
    assert spells == [
        {
            "source_agent_id": "1",
            "team_id": "Retention",
            "valid_from": date(2022, 5, 2),
            "source_supervisor_id": "88",
            "site": "Madrid",
        },
        {
            "source_agent_id": "1",
            "team_id": "Billing",
            "valid_from": date(2025, 3, 10),
            "source_supervisor_id": "90",
            "site": "Madrid",
        },
    ]
    history = next(file for file in loaded.manifest if "job_history" in file["path"])
    assert (history["read"], history["loaded"], history["rejected"], history["duplicate"]) == (5, 2, 2, 1)


def test_bamboohr_teams_may_stand_in_another_column(load):
    loaded = load("bamboohr", "bamboohr_job_history.csv", options={"team_column": "division"})
    assert {row["team_id"] for row in loaded.rows("agent_team")} == {"EMEA"}


def test_workday_workers_are_described_by_their_newest_version(load):
    loaded = load("workday", "workday_worker_history.csv")
    rows = {row["source_agent_id"]: row for row in loaded.rows("agent")}
    assert set(rows) == {"w1", "w2", "w3", "w4"}
    assert (rows["w1"]["left_on"], rows["w1"]["leave_type"]) == (date(2025, 3, 20), "voluntary")
    assert rows["w1"]["employee_number"] == "E0001"
    assert rows["w2"]["leave_type"] == "involuntary"
    assert rows["w3"]["leave_type"] == "voluntary"
    assert rows["w4"]["leave_type"] == "other"
    assert loaded.counts == (8, 5, 2, 1), "both versions of w1 are loaded; the one that came twice is a duplicate"
    said = {reject["line"]: (reject["status"], reject["reasons"][0]) for reject in loaded.rejects}
    assert said[7] == ("dropped", "the hire was rescinded")
    assert "hired_on (hire_date)" in said[8][1]


def test_workday_organisations_are_teams_where_the_pattern_says_so(load):
    loaded = load(
        "workday",
        "workday_worker_position_organization_history.csv",
        options={"organization_pattern": "^SUP_"},
    )
    first, second = loaded.rows("agent_team", "valid_from")
    assert (first["team_id"], first["valid_from"], first["valid_to"]) == (
        "SUP_BILLING",
        date(2022, 5, 2),
        date(2025, 3, 10),
    )
    assert second["team_id"] == "SUP_RETENTION"
    assert "valid_to" not in second
    assert loaded.counts == (5, 2, 3, 0)
    said = {reject["line"]: (reject["status"], reject["reasons"][0]) for reject in loaded.rejects}
    assert said[4][0] == "dropped"
    assert said[5] == ("open", '_fivetran_end: "whenever" is not a date and time')
    assert said[6][0] == "open"
