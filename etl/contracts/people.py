"""Tables of people: agents, their ids, teams, days and training."""

from __future__ import annotations

from etl.contracts.columns import ROW_VERSION, agent_id
from etl.contracts.grammar import Column, Contract, Knowledge, Rule

_TENURE = Rule("left_after_hired", "left_on < hired_on", "left_on is before hired_on")


AGENT = Contract(
    "agent",
    "One employment of an agent as one system knows them; who comes back has another.",
    ("source_agent_id", "hired_on"),
    (
        agent_id(),
        Column("employee_number", "text", "Number in the personnel system; the identity that lasts.", private=True),
        Column("email", "text", "Work e-mail; used to match ids, never published.", private=True, lower_case=True),
        Column("hired_on", "date", "First day of employment."),
        Column("first_hired_on", "date", "First day of the first employment, of somebody who came back."),
        Column(
            "left_on",
            "date",
            "Last day of employment; NULL while employed.",
            needed_for="whether agents leave",
            often_empty=True,
        ),
        Column("leave_type", "text", "Why the agent left.", domain=("voluntary", "involuntary", "other")),
        Column("site", "text", "Site at the time of the export."),
        Column("role", "text", "Job title."),
        Column("employment", "text", "Kind of employment, such as full_time or part_time."),
        ROW_VERSION,
    ),
    (_TENURE,),
    happened_at="timestamp '9999-12-30'",
    identity="own",
    known_by=Knowledge(
        "coalesce(hired_on < {day}, true)",
        {
            "left_on": "case when left_on < {day} then left_on end",
            "leave_type": "case when left_on < {day} then leave_type end",
        },
    ),
)


AGENT_IDENTITY = Contract(
    "agent_identity",
    "One line of a crosswalk: a system's agent id belongs to this employee, for a time or always.",
    ("identity_source", "source_agent_id", "valid_from", "employee_number", "email"),
    (
        Column("identity_source", "text", "The source, by its name in empathy.toml, whose id this is.", required=True),
        agent_id(),
        Column("employee_number", "text", "Employee number the id belongs to.", private=True),
        Column(
            "email", "text", "E-mail it belongs to, where there is no employee number.", private=True, lower_case=True
        ),
        Column("valid_from", "timestamp", "From when the id belonged to this employee; NULL means always."),
        Column("valid_to", "timestamp", "Until when, not included; NULL means still."),
        ROW_VERSION,
    ),
    (
        Rule(
            "names_someone", "employee_number is null and email is null", "neither employee_number nor email is given"
        ),
        Rule("interval", "valid_to <= valid_from", "valid_to is not after valid_from"),
    ),
)


AGENT_TEAM = Contract(
    "agent_team",
    "One spell of an agent in a team, as exported; overlaps, gaps and reversals are repaired when core is built.",
    ("source_agent_id", "valid_from", "team_id", "valid_to", "last_day"),
    (
        agent_id(),
        Column("team_id", "text", "Team, unit or department.", required=True),
        Column("valid_from", "date", "First day in the team.", required=True),
        Column("valid_to", "date", "First day no longer in the team; NULL while open."),
        Column("last_day", "date", "Last day in the team, where the source gives that instead of valid_to."),
        Column("source_supervisor_id", "text", "The supervisor's id in the source; becomes supervisor_key."),
        Column("site", "text", "Site of the team."),
        ROW_VERSION,
    ),
    happened_at="cast(valid_from as timestamp)",
    identity="own",
    known_by=Knowledge(
        "valid_from < {day}",
        {
            "valid_to": "case when valid_to <= {day} then valid_to end",
            "last_day": "case when last_day < {day} then last_day end",
        },
    ),
)


AGENT_DAY = Contract(
    "agent_day",
    "One agent on one local day: the exposure for rates and for survival.",
    ("source_agent_id", "day"),
    (
        agent_id(),
        Column("day", "date", "The day, in the site's local time.", required=True),
        Column("worked_s", "number", "Time worked.", low=0, high=93_600, unit="seconds"),
        Column("absent", "boolean", "Planned to work and did not."),
        ROW_VERSION,
    ),
    happened_at="cast(day as timestamp)",
    identity="own",
    known_by=Knowledge("day < {day}"),
    window_rank=2,
)


TRAINING = Contract(
    "training",
    "One attempt of an agent at a course, or the plan of it.",
    ("source_agent_id", "course_id", "attempt", "status", "started_at", "completed_at"),
    (
        agent_id(),
        Column("course_id", "text", "The course, as in [[programme.courses]].", required=True),
        Column("attempt", "integer", "Number of the attempt, from 1.", low=1, high=1_000, default="1"),
        Column("assigned_at", "timestamp", "When the course was assigned."),
        Column("planned_wave", "text", "Wave in the roll-out plan."),
        Column("planned_on", "date", "Day on which the plan has the agent trained."),
        Column("started_at", "timestamp", "When the agent began."),
        Column("completed_at", "timestamp", "When the agent completed; NULL when not."),
        Column(
            "status",
            "text",
            "State of the attempt.",
            required=True,
            domain=("planned", "assigned", "in_progress", "completed", "failed", "withdrawn"),
        ),
        Column("score", "number", "Result, 0 to 1.", low=0, high=1),
        ROW_VERSION,
    ),
    (
        Rule(
            "completed_has_time",
            "status = 'completed' and completed_at is null",
            "status is completed but completed_at is empty",
        ),
        Rule("completed_after_started", "completed_at < started_at", "completed_at is before started_at"),
    ),
    happened_at="coalesce(completed_at, started_at, assigned_at, cast(planned_on as timestamp))",
    identity="own",
    known_by=Knowledge(
        "coalesce(started_at, assigned_at, completed_at, timestamp '0001-01-01') < {at}",
        {
            "completed_at": "case when completed_at < {at} then completed_at end",
            "status": "case when completed_at >= {at} then 'in_progress' else status end",
        },
    ),
    window_rank=7,
    window_at="completed_at",
)
