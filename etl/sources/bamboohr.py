"""BambooHR employees and job history: two CSV reports, told apart by their columns.

Put both under one source, so that they share their ids: ``path = ["employees.csv", "job_history.csv"]``. All values are
text and ``0000-00-00`` is no date. How dates are written is a setting of the account: option ``date_format``. A reason
for leaving that is neither voluntary nor involuntary is ``other``; option ``leave_types`` explains yours. The job
history records only when something began; the spells that follow from it are closed when core is built. Of several
exports of an employee the newest ``lastChanged`` counts. Who comes back has another row with a later ``hireDate``, or
keeps the row with ``originalHireDate`` before it: both are employments of one person.

| agent | column | notes |
|---|---|---|
| source_agent_id | id | |
| employee_number | employeeNumber | |
| email | workEmail | lower case |
| hired_on | hireDate | |
| first_hired_on | originalHireDate | of somebody who came back |
| left_on | terminationDate | NULL for 0000-00-00 |
| leave_type | terminationType + terminationReason | the first that is given; voluntary, involuntary or other |
| site | location | |
| role | jobTitle | |
| employment | employmentStatus | |
| row_version | lastChanged | |

| agent_team | column | notes |
|---|---|---|
| source_agent_id | employeeId | |
| team_id | department | option `team_column` |
| valid_from | date | |
| source_supervisor_id | reportsTo | |
| site | location | |
"""

from __future__ import annotations

from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.plan import Field, Plan, TableMap, column
from etl.sources.words import folded, kinds_by_word
from etl.sql_text import literal, quoted

NO_DATE = "0000-00-00"

EMPLOYEE_REQUIRED = ("id", "hireDate")
EMPLOYEE_OPTIONAL = (
    "employeeNumber", "workEmail", "terminationDate", "terminationType", "terminationReason", "location", "jobTitle",
    "employmentStatus", "lastChanged", "originalHireDate",
)  # fmt: skip
JOB_REQUIRED = ("employeeId", "date")
JOB_OPTIONAL = ("department", "division", "location", "jobTitle", "reportsTo")

LEAVE_TYPES = {
    "voluntary": "voluntary",
    "resignation": "voluntary",
    "resignation (voluntary)": "voluntary",
    "termination (voluntary)": "voluntary",
    "retirement": "voluntary",
    "involuntary": "involuntary",
    "termination (involuntary)": "involuntary",
    "dismissal": "involuntary",
    "layoff": "involuntary",
    "redundancy": "involuntary",
    "end of contract": "other",
    "death": "other",
}
"""Reasons for leaving, in lower case; anything else that is not in option ``leave_types`` is ``other``."""


def _date(name: str, formats: str) -> Field:
    return Field(f"nullif({quoted(name)}, {literal(NO_DATE)})", name, format=formats)


def _leave_type(context: Context) -> Field:
    said = 'coalesce("terminationType", "terminationReason")'
    own = kinds_by_word(context, "leave_types", ("voluntary", "involuntary", "other"))
    known = {**LEAVE_TYPES, **{word.lower(): kind for word, kind in own.items()}}
    return folded(context, "leave_type", said, "terminationType + terminationReason", known, empty="")


def plan(context: Context) -> Plan:
    """Return how a file of employees or of job history is read."""
    header = set(context.sample.header)
    formats = str(context.option("date_format", ""))
    if set(JOB_REQUIRED) <= header:
        team_column = str(context.option("team_column", "department"))
        team = TableMap(
            "agent_team",
            {
                "source_agent_id": column("employeeId"),
                "team_id": column(team_column),
                "valid_from": _date("date", formats),
                "source_supervisor_id": column("reportsTo"),
                "site": column("location"),
            },
        )
        key = ("'job'", '"employeeId"', '"date"', quoted(team_column))
        return Plan(shape(context, (*JOB_REQUIRED, team_column), JOB_OPTIONAL), (team,), key=key)
    if "hireDate" not in header:
        raise SourceError(
            f"{context.sample.path}: neither employees (no column hireDate) nor job history (no columns employeeId and "
            "date). Export the reports with the columns of docs/sources.md."
        )
    agent = TableMap(
        "agent",
        {
            "source_agent_id": column("id"),
            "employee_number": column("employeeNumber"),
            "email": column("workEmail"),
            "hired_on": _date("hireDate", formats),
            "first_hired_on": _date("originalHireDate", formats),
            "left_on": _date("terminationDate", formats),
            "leave_type": _leave_type(context),
            "site": column("location"),
            "role": column("jobTitle"),
            "employment": column("employmentStatus"),
            "row_version": column("lastChanged"),
        },
    )
    return Plan(
        shape(context, EMPLOYEE_REQUIRED, EMPLOYEE_OPTIONAL),
        (agent,),
        key=("'employee'", '"id"', '"hireDate"'),
        version='"lastChanged"',
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise either report by its columns."""
    header = set(sample.header)
    if {"employeeId", "date"} <= header and header & {"department", "reportsTo", "jobTitle"}:
        asked = () if "department" in header else ("options.team_column",)
        return Recognition(0.97, "job history", asked, {"team_column": "department"})
    if {"id", "hireDate"} <= header and header & {"employeeNumber", "terminationDate", "workEmail"}:
        return Recognition(0.97, "employees")
    return None


FORMAT = SourceFormat(
    name="bamboohr",
    label="BambooHR employees and job history",
    tables=("agent", "agent_team"),
    plan=plan,
    recognise=recognise,
    columns=(*EMPLOYEE_REQUIRED, *EMPLOYEE_OPTIONAL, *JOB_REQUIRED, *JOB_OPTIONAL),
    options={
        "team_column": "column of the job history that names the team; `department` when not given",
        "leave_types": 'what reasons for leaving mean, such as `{ "Moved away" = "voluntary" }`',
        "date_format": "how dates are written, a `strptime` pattern; ISO 8601 when not given",
        **OPTIONS,
    },
)
