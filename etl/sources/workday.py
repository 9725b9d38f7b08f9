"""Workday workers and their organisations, effective-dated: ``worker_history`` and
``worker_position_organization_history`` as Fivetran writes them, CSV.

Put both under one source, so that they share their ids. Every version of a worker is a record with the time from which
it held; of the versions of one worker the newest describes the person. A position belongs to many organisations
(company, cost centre, supervisory): option ``organization_pattern`` says which of them are teams; other rows are left
out and counted. Hires that were rescinded are left out and counted too.

| agent | column | notes |
|---|---|---|
| source_agent_id | id | |
| employee_number | worker_code | |
| email | email_address | lower case, where there is such a column |
| hired_on | hire_date | |
| left_on | termination_date + end_employment_date | the first that is given |
| leave_type | termination_involuntary + primary_termination_category | voluntary, involuntary or other; \
only with a date of leaving |
| site | business_site_summary_name | where there is such a column |
| role | business_title | where there is such a column |
| employment | employee_type | where there is such a column |
| row_version | _fivetran_start | |

| agent_team | column | notes |
|---|---|---|
| source_agent_id | worker_id | |
| team_id | organization_id | |
| valid_from | _fivetran_start | its day |
| valid_to | _fivetran_end | the day of the next instant; NULL for the year 9999 |
| site | primary_business_site | |
"""

from __future__ import annotations

from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.plan import Drop, Field, Plan, TableMap, column
from etl.sources.words import FALSE, TRUE, one_of, unknown_truth, unreadable
from etl.sql_text import literal

WORKER_REQUIRED = ("id", "_fivetran_start", "hire_date")
WORKER_OPTIONAL = (
    "worker_code", "email_address", "termination_date", "end_employment_date", "termination_involuntary",
    "primary_termination_category", "business_site_summary_name", "business_title", "employee_type", "hire_rescinded",
)  # fmt: skip
ORGANISATION_REQUIRED = ("worker_id", "organization_id", "_fivetran_start", "_fivetran_end")
ORGANISATION_OPTIONAL = ("position_id", "primary_business_site")

_LEFT = 'coalesce("termination_date", "end_employment_date")'


def plan(context: Context) -> Plan:
    """Return how a file of workers or of their organisations is read."""
    header = set(context.sample.header)
    if {"worker_id", "organization_id"} <= header:
        return _organisations(context)
    if "hire_date" in header:
        return _workers(context)
    raise SourceError(
        f"{context.sample.path}: neither workers (no column hire_date) nor their organisations (no columns worker_id "
        "and organization_id). Export worker_history or worker_position_organization_history."
    )


def _workers(context: Context) -> Plan:
    involuntary = 'lower("termination_involuntary")'
    category = 'lower("primary_termination_category")'
    leave_type = Field(
        f"case when {_LEFT} is null then null "
        f"when {one_of(involuntary, TRUE)} then 'involuntary' when {one_of(involuntary, FALSE)} then 'voluntary' "
        f"when {category} like '%involuntary%' then 'involuntary' when {category} like '%voluntary%' then 'voluntary' "
        "else 'other' end",
        "termination_involuntary + primary_termination_category",
    )
    agent = TableMap(
        "agent",
        {
            "source_agent_id": column("id"),
            "employee_number": column("worker_code"),
            "email": column("email_address"),
            "hired_on": column("hire_date"),
            "left_on": Field(_LEFT, "termination_date + end_employment_date"),
            "leave_type": leave_type,
            "site": column("business_site_summary_name"),
            "role": column("business_title"),
            "employment": column("employee_type"),
            "row_version": column("_fivetran_start"),
        },
    )
    return Plan(
        shape(context, WORKER_REQUIRED, WORKER_OPTIONAL),
        (agent,),
        checks=(unknown_truth("termination_involuntary"), unknown_truth("hire_rescinded")),
        drops=(Drop(one_of('lower("hire_rescinded")', TRUE), "the hire was rescinded"),),
        key=("'worker'", '"id"', '"_fivetran_start"'),
    )


def _organisations(context: Context) -> Plan:
    ends = 'try_cast("_fivetran_end" as timestamp)'
    team = TableMap(
        "agent_team",
        {
            "source_agent_id": column("worker_id"),
            "team_id": column("organization_id"),
            "valid_from": Field('left("_fivetran_start", 10)', "_fivetran_start"),
            "valid_to": Field(
                f"case when year({ends}) < 9999 then cast({ends} + interval 1 millisecond as date) end",
                "_fivetran_end",
                typed=True,
            ),
            "site": column("primary_business_site"),
        },
    )
    pattern = str(context.option("organization_pattern", ""))
    drops = (
        (Drop(f'not regexp_matches("organization_id", {literal(pattern)})', "organisation is not a team"),)
        if pattern
        else ()
    )
    check = unreadable('"_fivetran_end"', "_fivetran_end", f"{ends} is null", "is not a date and time")
    return Plan(
        shape(context, ORGANISATION_REQUIRED, ORGANISATION_OPTIONAL),
        (team,),
        (check,),
        drops,
        key=("'organisation'", '"worker_id"', '"position_id"', '"organization_id"', '"_fivetran_start"'),
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise either history by its columns."""
    header = set(sample.header)
    if set(ORGANISATION_REQUIRED) <= header:
        return Recognition(0.97, "organisations of workers", ("options.organization_pattern",))
    if {"id", "hire_date", "worker_code"} <= header:
        return Recognition(0.95, "workers")
    return None


FORMAT = SourceFormat(
    name="workday",
    label="Workday workers and organisations",
    tables=("agent", "agent_team"),
    plan=plan,
    recognise=recognise,
    columns=(*WORKER_REQUIRED, *WORKER_OPTIONAL, *ORGANISATION_REQUIRED, *ORGANISATION_OPTIONAL),
    options={
        "organization_pattern": "pattern of the organisation ids that are teams; all when not given",
        **OPTIONS,
    },
)
