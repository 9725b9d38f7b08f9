"""NICE CXone contact detail: the data-download reports (Call Detail and its longer variants), CSV.

Times are local to the business unit and the file does not say which zone that is: give ``timezone``. Durations are
seconds. A contact nobody handled has no ``Agent_No``, or 0, and is loaded without an agent. Which of the columns a
report has depends on the report; missing ones are empty. Without ``ACW_Seconds`` the handling time is unknown: talk
alone would be another measure, and a report that gains the column would make handling seem longer.

| interaction | column | notes |
|---|---|---|
| interaction_id | Contact_ID | |
| source_agent_id | Agent_No | NULL for 0 |
| source_customer_id | ANI_Dialnum | the caller's number, pseudonymised like any id |
| started_at | Start_Date + Start_Time | MM/DD/YYYY and HH:MM:SS unless option `date_format`; zone of the source |
| ended_at | Start_Date + Start_Time + Total_Time | |
| channel | Media_Name | call, chat, email, SMS, social media; anything else is other |
| queue | Skill_Name | |
| reason | Campaign_Name | |
| handle_s | Active_Talk_Time + Hold_Time + Agent_Time + ACW_Seconds | talk and hold, or Agent_Time where talk is not \
given; plus after-contact work |
| parent_id | Master_Contact_ID | when it is another contact |

| escalation | column | notes |
|---|---|---|
| escalation_id | Contact_ID | only with option `escalation_dispositions` |
| interaction_id | Contact_ID | |
| source_agent_id | Agent_No | |
| kind | Disposition_Code | as option `escalation_dispositions` says |
| at | Start_Date + Start_Time + Total_Time | end of the contact; its start where Total_Time is empty |
"""

from __future__ import annotations

from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.plan import Field, Named, Plan, TableMap, column, numeric
from etl.sources.words import folded, kinds_by_word, one_of, unreadable
from etl.sql_text import literal, quoted
from etl.timezones import to_utc_sql

REQUIRED = ("Contact_ID", "Agent_No", "Start_Date", "Start_Time")
OPTIONAL = (
    "Master_Contact_ID", "Media_Name", "ANI_Dialnum", "Skill_Name", "Campaign_Name", "Disposition_Code", "Agent_Time",
    "Active_Talk_Time", "Hold_Time", "ACW_Seconds", "Total_Time",
)  # fmt: skip

DATE_FORMAT = "%m/%d/%Y"

LONGEST = 366 * 86_400
"""A contact that took more seconds is damage."""

CHANNELS = {
    "call": "voice",
    "phone call": "voice",
    "phone": "voice",
    "voice": "voice",
    "inbound call": "voice",
    "voice mail": "voice",
    "voicemail": "voice",
    "chat": "chat",
    "email": "email",
    "e-mail": "email",
    "sms": "message",
    "digital": "message",
    "social": "social",
}
"""Values of Media_Name, in lower case; anything else (Work Item) is ``other``."""

_AGENT = Field("nullif(\"Agent_No\", '0')", "Agent_No")


def _times(date_format: str, zone: str) -> tuple[Field, Field, str]:
    """Start, local, to be read in the source's zone; end, so many seconds later, in UTC; SQL of the start in UTC."""
    said = '"Start_Date" || \' \' || "Start_Time"'
    start_format = f"{date_format} %H:%M:%S"
    begins = to_utc_sql(f"try_strptime({said}, {literal(start_format)})", zone)
    ends = f'try({begins} + to_seconds(try_cast("Total_Time" as double)))'
    return (
        Field(said, "Start_Date + Start_Time", format=start_format),
        Field(ends, "Start_Date + Start_Time + Total_Time", typed=True),
        begins,
    )


def _handle_seconds() -> Field:
    def number(name: str) -> str:
        return f'try_cast("{name}" as double)'

    talk = f"coalesce({number('Active_Talk_Time')} + coalesce({number('Hold_Time')}, 0), {number('Agent_Time')})"
    return Field(
        f"case when {_AGENT.sql} is not null then {talk} + coalesce({number('ACW_Seconds')}, 0) end",
        "Active_Talk_Time + Hold_Time + Agent_Time + ACW_Seconds",
        typed=True,
    )


def plan(context: Context) -> Plan:
    """Return how a contact detail report is read."""
    started, ended, begins = _times(str(context.option("date_format", DATE_FORMAT)), context.timezone)
    tables = [
        TableMap(
            "interaction",
            {
                "interaction_id": column("Contact_ID"),
                "source_agent_id": _AGENT,
                "source_customer_id": column("ANI_Dialnum"),
                "started_at": started,
                "ended_at": ended,
                "channel": folded(context, "channel", quoted("Media_Name"), "Media_Name", CHANNELS, empty="other"),
                "queue": column("Skill_Name"),
                "reason": column("Campaign_Name"),
                **({"handle_s": _handle_seconds()} if "ACW_Seconds" in context.sample.header else {}),
                "parent_id": Field('nullif("Master_Contact_ID", "Contact_ID")', "Master_Contact_ID"),
            },
        )
    ]
    codes = kinds_by_word(context, "escalation_dispositions", ("tier2", "supervisor", "complaint"))
    if codes:
        tables.append(
            TableMap(
                "escalation",
                {
                    "escalation_id": column("Contact_ID"),
                    "interaction_id": column("Contact_ID"),
                    "source_agent_id": _AGENT,
                    "kind": Field('"Disposition_Code"', "Disposition_Code", values=codes),
                    "at": Field(f"coalesce({ended.sql}, {begins})", ended.source, typed=True),
                },
                when=one_of(quoted("Disposition_Code"), codes),
            )
        )
    too_long = f'not coalesce(try_cast("Total_Time" as double) between 0 and {LONGEST}, true)'
    durations = ("Agent_Time", "Active_Talk_Time", "Hold_Time", "ACW_Seconds", "Total_Time")
    return Plan(
        shape(context, REQUIRED, OPTIONAL),
        tuple(tables),
        (
            *numeric(*(column(name) for name in durations)),
            unreadable(quoted("Total_Time"), "Total_Time", too_long, "is not a duration in seconds"),
        ),
        key=('"Contact_ID"',),
        named=tuple(
            Named("options.escalation_dispositions", code, f'"Disposition_Code" = {literal(code)}') for code in codes
        ),
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise the reports by their columns."""
    if set(REQUIRED) <= set(sample.header):
        return Recognition(0.97, "contact details", ("timezone", "options.escalation_dispositions"))
    return None


FORMAT = SourceFormat(
    name="nice",
    label="NICE CXone contact detail reports",
    tables=("interaction", "escalation"),
    plan=plan,
    recognise=recognise,
    columns=(*REQUIRED, *OPTIONAL),
    options={
        "escalation_dispositions": "disposition codes that mean an escalation: a list (all tier2), or "
        '`{ "12" = "supervisor" }`',
        "date_format": "how Start_Date is written, a `strptime` pattern; `%m/%d/%Y` when not given",
        **OPTIONS,
    },
    local_times=True,
)
