"""Write the ``empathy.toml`` of sample exports, as an analyst would by hand."""

from __future__ import annotations

import re
from datetime import date, timedelta

from sample_data.parameters import SKILLS, Parameters
from sample_data.programme import BASE_COURSE, REFRESHER_COURSE, SKILL_COURSES
from sample_data.systems.learning import COURSE_NAMES, MOODLE_ZONE
from sample_data.systems.qualtrics import ZONE
from sample_data.systems.zendesk import CONTACT_FIELD, TAG_COMPLAINT, TAG_SUPERVISOR, TAG_TIER2

DIRTY_REJECT_SHARE = 0.10
"""``max_reject_share`` for exports with bad rows, which are a large share of small files."""

UNITS = {
    "team_waves": "team",
    "randomised": "agent",
    "lowest_performers": "agent",
    "volunteers": "agent",
    "none": "team",
}
"""Level at which training is assigned in each mode."""


def settings(params: Parameters, dirt: bool = False) -> str:
    """Return the text of the configuration.

    Parameters
    ----------
    params : Parameters
        The world the exports come from; the assignment is stated as it was done.
    dirt : bool
        Whether bad rows were added; every source may then have more rejects before a build stops.
    """
    sources = _sources()
    if dirt:
        wider = rf"\1\nmax_reject_share = {DIRTY_REJECT_SHARE}"
        sources = re.sub(r"(^format = .*$)", wider, sources, flags=re.MULTILINE)
    return "\n".join([_project(params), sources, _programme(params), _value(params), _events(params), _privacy()])


def _project(params: Parameters) -> str:
    sites = "\n".join(f'[sites."{site.name}"]\ntimezone = "{site.timezone}"' for site in params.sites)
    return f"""# A simulated contact centre: every number behind these files was drawn by a program.
[project]
name = "Sample contact centre"
warehouse = "warehouse"
locale = "en_GB"
currency = "{params.sites[0].currency}"
ci_level = 0.95
timezone = "{params.sites[0].timezone}"
# The exports end on a day of the past and stay as they are, so pages count from this day and say so.
today = {date.fromisoformat(params.start) + timedelta(weeks=params.weeks)}

{sites}
"""


def _sources() -> str:
    skills = "\n".join(f'{skill} = "{skill.replace("_", " ").capitalize()}"' for skill in SKILLS)
    kinds = {TAG_TIER2: "tier2", TAG_SUPERVISOR: "supervisor", TAG_COMPLAINT: "complaint"}
    tags = ", ".join(f'{tag} = "{kind}"' for tag, kind in kinds.items())
    return f"""[sources.contacts]
format = "amazon_connect"
path = "exports/contacts/*.jsonl"
timezone = "UTC"

[sources.tickets]
format = "zendesk"
path = "exports/tickets/*.jsonl"
timezone = "UTC"
[sources.tickets.options]
tickets_are = "escalations"
contact_field = {CONTACT_FIELD}
escalation_tags = {{ {tags} }}

[sources.surveys]
format = "qualtrics"
path = "exports/qualtrics_csat.csv"
timezone = "{ZONE}"

[sources.survey_invitations]
format = "tabular"
table = "survey_response"
path = "exports/survey_invitations.csv"
timezone = "{ZONE}"
[sources.survey_invitations.columns]
response_id = "Distribution ID"
interaction_id = "External Data Reference"
invited_at = "Sent Date"

[sources.staff]
format = "bamboohr"
path = ["exports/bamboohr_employees.csv", "exports/bamboohr_job_info_history.csv"]
timezone = "UTC"

[sources.moodle]
format = "moodle"
path = "exports/moodle_completion-emp101.csv"
timezone = "{MOODLE_ZONE}"
[sources.moodle.options]
course = "{BASE_COURSE}"
date_format = "%d/%m/%y, %H:%M"

[sources.xapi]
format = "xapi"
path = "exports/xapi_statements.jsonl"
timezone = "UTC"

[sources.training_plan]
format = "tabular"
table = "training"
path = "exports/training_plan.csv"
timezone = "{MOODLE_ZONE}"
[sources.training_plan.columns]
source_agent_id = "Employee number"
course_id = "Course"
assigned_at = "Assigned at"
planned_wave = "Wave"
planned_on = "Planned week"
[sources.training_plan.constants]
status = "planned"

[sources.qa]
format = "tabular"
table = "qa_evaluation"
path = "exports/qa_evaluations.csv"
timezone = "UTC"
[sources.qa.columns]
evaluation_id = "Eval ID"
interaction_id = "Contact"
source_agent_id = "Agent"
source_evaluator_id = "Evaluator"
form_version = "Form"
evaluated_at = "Released"
{skills}
empathy_score = "Empathy score"
critical_fail = "Critical error"
[sources.qa.values]
critical_fail = {{ "yes" = true, "no" = false }}

[sources.offers]
format = "tabular"
table = "offer"
path = "exports/offers.csv"
timezone = "UTC"
[sources.offers.columns]
offer_id = "Offer ID"
interaction_id = "Contact"
source_agent_id = "Agent"
kind = "Type"
made_at = "Made at"
accepted = "Result"
amount = "Amount"
currency = "Currency"
cancelled_at = "Cancelled at"
[sources.offers.values]
kind = {{ "UPS" = "upsell", "XS" = "cross_sell" }}
accepted = {{ "accepted" = true, "declined" = false }}

[sources.customer_events]
format = "tabular"
table = "customer_event"
path = "exports/customer_events.csv"
timezone = "UTC"
[sources.customer_events.columns]
event_id = "Event ID"
source_customer_id = "Customer"
kind = "Event"
at = "At"

[sources.agent_days]
format = "tabular"
table = "agent_day"
path = "exports/agent_days.csv"
[sources.agent_days.columns]
source_agent_id = "Agent"
day = "Day"
worked_s = "Worked seconds"
absent = "Absent"
[sources.agent_days.values]
absent = {{ "1" = true, "0" = false }}

[sources.agent_ids]
format = "tabular"
table = "agent_identity"
path = "exports/agent_ids.csv"
[sources.agent_ids.columns]
identity_source = "System"
source_agent_id = "Id in system"
employee_number = "Employee number"

[sources.calls_spoken]
format = "contact_lens"
path = "exports/contact_lens.jsonl"
timezone = "UTC"

[sources.chats_written]
format = "tabular"
table = "utterance"
path = "exports/chat_turns.csv"
timezone = "UTC"
[sources.chats_written.columns]
interaction_id = "Contact"
turn = "No"
speaker = "Role"
language = "Language"
text = "Text"
[sources.chats_written.values]
speaker = {{ "Agent" = "agent", "Customer" = "customer" }}

[conversations]
read = true

[identity]
match = ["crosswalk", "employee_number", "email"]
"""


def _programme(params: Parameters) -> str:
    courses: list[tuple[str, tuple[str, ...], str]] = [(BASE_COURSE, SKILLS, "treatment = true")]
    courses += [(course, (skill,), "treatment = true") for course, skill in zip(SKILL_COURSES, SKILLS, strict=True)]
    courses.append((REFRESHER_COURSE, SKILLS, "refresher = true"))
    blocks = [
        "[[programme.courses]]\n"
        f'id = "{course}"\nname = "{COURSE_NAMES[course]}"\n'
        f"skills = [{', '.join(chr(34) + skill + chr(34) for skill in taught)}]\n"
        f"{place}\n"
        for course, taught, place in courses
    ]
    mode = params.assignment
    lines = [
        "[programme.assignment]",
        f'mode = "{"unknown" if mode == "none" else mode}"',
        f'unit = "{UNITS[mode]}"',
        "anticipation_weeks = 0",
    ]
    if mode == "lowest_performers":
        rule = f'kpi = "escalation_rate", lookback_weeks = {params.lookback_weeks}, share = {params.chosen_share}'
        lines.append(f"rule = {{ {rule} }}")
    head = '[programme]\nname = "Empathy programme"\ncomplete = "any"\n'
    return "\n".join([head, *blocks, *lines]) + "\n"


def _value(params: Parameters) -> str:
    money = params.money
    trainers = tuple(round(price * params.planned_agents, 2) for price in money.trainer)
    parts = (
        ("seat_per_agent", money.fee, "price list of the training provider", "learning and development"),
        ("off_phone_hours_per_agent", money.hours, "curriculum of the courses", "learning and development"),
        ("loaded_wage_per_hour", money.wage, "pay bands with on-costs", "finance"),
        ("trainers", trainers, "offers for trainers and rooms", "learning and development"),
    )
    entries = (
        ("escalation_rate", tuple(-v for v in reversed(money.escalation)), "contact", "supervisor minutes alone"),
        ("repeat_contact_7d", tuple(-v for v in reversed(money.repeat)), "contact", "one more contact"),
        ("upsell_revenue", money.revenue, "eligible", "margin kept of one unit of revenue"),
        ("agent_attrition", tuple(-v for v in reversed(money.leaver)), "leaver", "replacing one agent"),
        ("aht_seconds", tuple(-v for v in reversed(money.handle_second)), "contact", "one second of handling"),
    )
    costs = [
        f"[value.cost.{part}]\nlow = {a}\nlikely = {b}\nhigh = {c}\n"
        f'source = "{source} (invented)"\nowner = "{owner}"\n'
        for part, (a, b, c), source, owner in parts
    ]
    blocks = [
        f"[value.kpis.{kpi}]\nlow = {a}\nlikely = {b}\nhigh = {c}\nper = \"{per}\"\nnote = \"assumption: {note}\"\n"
        'contains = []\n'
        'source = "figures of the operation (invented)"\nowner = "finance"\n'
        for kpi, (a, b, c), per, note in entries
    ]
    return "\n".join(["[value]\nperiod_months = 12\n", *costs, *blocks])


def _events(params: Parameters) -> str:
    """The ``[[events]]`` of the window."""
    monday = date.fromisoformat(params.start)
    begin = round(params.incident_week * params.weeks)
    first = monday + timedelta(weeks=begin)
    last = monday + timedelta(weeks=begin + params.incident_weeks, days=-1)
    released = monday + timedelta(weeks=round(params.release_week * params.weeks))
    return (
        f'[[events]]\nlabel = "Product incident"\nat = {first}\nuntil = {last}\nkind = "incident"\n\n'
        f'[[events]]\nlabel = "New CRM release"\nat = {released}\nkind = "system"\n'
    )


def _privacy() -> str:
    return """[privacy]
min_group = 5
demo = true
"""
